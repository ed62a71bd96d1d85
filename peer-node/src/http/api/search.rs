//! Search over the API.

use axum::extract::State;
use protocol::ids::ConversationId;
use serde::Deserialize;

use super::{Json, May, Query, Read, shapes};
use crate::{
    http::{Error, error::Problem},
    service::Service,
};

const USUAL: usize = 50;
const MOST: usize = 200;

/// What is searched for, and where.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    q: String,
    conversation: Option<ConversationId>,
    before: Option<String>,
    limit: Option<usize>,
}

/// Search all messages on this computer: those with all words of `q`, the last one as the beginning of a word;
/// what came last first. Each has an excerpt with the hits marked. Chats that were declined are searched only by name.
#[utoipa::path(
    get, path = "/api/v1/search", tag = "conversations",
    params(
        ("q" = String, Query, description = "Words; at least one letter, digit or emoji, at most 1024 bytes"),
        ("conversation" = Option<String>, Query, description = "In this conversation only"),
        ("before" = Option<String>, Query, description = "Go on where an answer ended: its `next`"),
        ("limit" = Option<usize>, Query, description = "1 to 200; 50 if left out"),
    ),
    responses(
        (status = 200, body = shapes::Hits),
        (status = "4XX", content_type = "application/problem+json", body = Problem),
    ),
    security(("token" = ["read"])),
)]
pub(super) async fn search(
    _: May<Read>,
    State(service): State<Service>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<shapes::Hits>, Error> {
    let limit = wanted.limit.unwrap_or(USUAL);
    if !(1..=MOST).contains(&limit) {
        let reason = format!("The limit is from 1 to {MOST}.");
        return Err(Error::Field { field: "limit".to_owned(), reason });
    }
    let before = wanted.before.map(|text| {
        let reason = "Take it from the field \"next\" of an answer.".to_owned();
        text.parse().map_err(|_| Error::Field { field: "before".to_owned(), reason })
    });
    let findings = service.search(&wanted.q, wanted.conversation, before.transpose()?, limit).await?;
    Ok(Json(findings.into()))
}
