//! The node: how it stands, and who may use its door: tokens, sessions, links.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Me, mirror, time};
use crate::{
    http::session::Listed,
    service::{self, tokens},
};

mirror!(
    /// `fresh`: no account yet; `locked`: the passphrase is needed, nothing is received.
    Stage = service::Stage { Fresh, Locked, Open }
);

mirror!(
    /// What a token may do.
    Scope = tokens::Scope { Read, Write, Account }
);

#[derive(Debug, Serialize, ToSchema)]
pub struct Status {
    pub stage: Stage,
    /// Of this program.
    #[schema(example = "0.1.0")]
    pub version: &'static str,
    pub username: Option<String>,
    pub me: Option<Me>,
    pub directory: Directory,
    /// People with a live link to this node.
    #[schema(example = "2")]
    pub reachable: String,
    /// Own messages that nobody else holds yet.
    #[schema(example = "0")]
    pub waiting: String,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Directory {
    None,
    Up { url: String, fingerprint: String },
    Down { url: String, why: String },
    SignedOut { url: String },
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Token {
    pub id: String,
    pub name: String,
    pub scopes: Vec<Scope>,
    pub created: String,
    pub expires: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Tokens {
    pub tokens: Vec<Token>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    pub name: String,
    pub scopes: Vec<Scope>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct MadeToken {
    /// Shown once.
    pub token: String,
    #[serde(flatten)]
    pub about: Token,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Session {
    pub id: String,
    pub browser: String,
    pub created: String,
    pub seen: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Sessions {
    pub sessions: Vec<Session>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Launch {
    /// Opens the page once, within a minute.
    pub url: String,
}

impl From<service::Status> for Status {
    fn from(status: service::Status) -> Self {
        Self {
            stage: status.stage.into(),
            version: env!("CARGO_PKG_VERSION"),
            username: status.username,
            me: status.me.map(Into::into),
            directory: status.directory.into(),
            reachable: status.reachable.to_string(),
            waiting: status.waiting.to_string(),
        }
    }
}

impl From<service::DirectoryState> for Directory {
    fn from(state: service::DirectoryState) -> Self {
        match state {
            service::DirectoryState::None => Self::None,
            service::DirectoryState::Up { url, fingerprint } => Self::Up { url, fingerprint },
            service::DirectoryState::Down { url, why } => Self::Down { url, why },
            service::DirectoryState::SignedOut { url } => Self::SignedOut { url },
        }
    }
}

impl From<tokens::Token> for Token {
    fn from(token: tokens::Token) -> Self {
        Self {
            id: token.id,
            name: token.name,
            scopes: token.scopes.into_iter().map(Into::into).collect(),
            created: time(token.created),
            expires: token.expires.map(time),
        }
    }
}

impl From<Listed> for Session {
    fn from(session: Listed) -> Self {
        Self {
            id: session.id,
            browser: session.browser,
            created: time(session.created),
            seen: time(session.seen),
        }
    }
}
