//! What a search found.

use serde::Serialize;
use utoipa::ToSchema;

use super::Message;
use crate::service::search;

/// What a search found; what came last stands first.
#[derive(Debug, Serialize, ToSchema)]
pub struct Hits {
    pub messages: Vec<Hit>,
    /// There are more: give this as `before`.
    #[schema(example = "48120")]
    pub next: Option<String>,
    /// The search index is being made anew and covers this much of the history, in percent; null: all of it.
    #[schema(example = 82)]
    pub indexed: Option<u8>,
}

/// A message that was found.
#[derive(Debug, Serialize, ToSchema)]
pub struct Hit {
    #[serde(flatten)]
    pub message: Message,
    /// The name of the person whom the conversation is with.
    pub with: String,
    /// The text around the first hit, in pieces; the pieces together are the excerpt.
    pub excerpt: Vec<Piece>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Piece {
    pub text: String,
    /// What was searched for.
    pub hit: bool,
}

impl From<search::Findings> for Hits {
    fn from(findings: search::Findings) -> Self {
        Self {
            messages: findings.hits.into_iter().map(Into::into).collect(),
            next: findings.next.map(|next| next.to_string()),
            indexed: findings.indexed,
        }
    }
}

impl From<search::Hit> for Hit {
    fn from(hit: search::Hit) -> Self {
        let piece = |search::Piece { text, hit }| Piece { text, hit };
        Self {
            message: hit.message.into(),
            with: hit.with.username,
            excerpt: hit.excerpt.into_iter().map(piece).collect(),
        }
    }
}
