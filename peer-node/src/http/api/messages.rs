//! One message over the API: look, change, take back.

use axum::{extract::State, http::StatusCode};
use protocol::ids::{ConversationId, MsgId};
use serde::Deserialize;

use super::{Ids, Json, May, Query, Read, Write, shapes};
use crate::{
    http::{Error, error::Problem},
    service::Service,
};

/// One message, with all that is known of it.
#[utoipa::path(
    get, path = "/api/v1/conversations/{conversation}/messages/{message}", tag = "conversations",
    params(
        ("conversation" = String, Path, description = "The conversation: 64 hexadecimal digits"),
        ("message" = String, Path, description = "The message: 32 hexadecimal digits"),
    ),
    responses(
        (status = 200, body = shapes::MessageInfo),
        (status = "4XX", content_type = "application/problem+json", body = Problem),
    ),
    security(("token" = ["read"])),
)]
pub(super) async fn show(
    _: May<Read>,
    State(service): State<Service>,
    Ids(of, id): Ids<ConversationId, MsgId>,
) -> Result<Json<shapes::MessageInfo>, Error> {
    Ok(Json(service.info(of, id).await?.into()))
}

/// Put other words in the place of those of a message of one's own. Everybody sees that it was edited.
#[utoipa::path(
    patch, path = "/api/v1/conversations/{conversation}/messages/{message}", tag = "conversations",
    request_body = shapes::Edit,
    params(
        ("conversation" = String, Path, description = "The conversation: 64 hexadecimal digits"),
        ("message" = String, Path, description = "The message: 32 hexadecimal digits"),
    ),
    responses(
        (status = 200, body = shapes::Message),
        (status = "4XX", content_type = "application/problem+json", body = Problem),
    ),
    security(("token" = ["write"])),
)]
pub(super) async fn edit(
    _: May<Write>,
    State(service): State<Service>,
    Ids(of, id): Ids<ConversationId, MsgId>,
    Json(edit): Json<shapes::Edit>,
) -> Result<Json<shapes::Message>, Error> {
    Ok(Json(service.edit(of, id, &edit.text).await?.into()))
}

/// Say with an emoji what one thinks of a message, or take that back.
#[utoipa::path(
    put, path = "/api/v1/conversations/{conversation}/messages/{message}/reactions", tag = "conversations",
    request_body = shapes::React,
    params(
        ("conversation" = String, Path, description = "The conversation: 64 hexadecimal digits"),
        ("message" = String, Path, description = "The message: 32 hexadecimal digits"),
    ),
    responses(
        (status = 200, body = shapes::Message),
        (status = "4XX", content_type = "application/problem+json", body = Problem),
    ),
    security(("token" = ["write"])),
)]
pub(super) async fn react(
    _: May<Write>,
    State(service): State<Service>,
    Ids(of, id): Ids<ConversationId, MsgId>,
    Json(react): Json<shapes::React>,
) -> Result<Json<shapes::Message>, Error> {
    Ok(Json(service.react(of, id, &react.emoji, react.on).await?.into()))
}

/// Whose copy of a message goes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Whose {
    r#for: Whom,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Whom {
    Me,
    Everyone,
}

/// Delete a message: `for=me` forgets it on this computer alone; `for=everyone`, of one's own messages, asks every node
/// that has it to forget it, too. A changed program may keep it.
#[utoipa::path(
    delete, path = "/api/v1/conversations/{conversation}/messages/{message}", tag = "conversations",
    params(
        ("conversation" = String, Path, description = "The conversation: 64 hexadecimal digits"),
        ("message" = String, Path, description = "The message: 32 hexadecimal digits"),
        ("for" = String, Query, description = "`me` or `everyone`"),
    ),
    responses(
        (status = 204),
        (status = "4XX", content_type = "application/problem+json", body = Problem),
    ),
    security(("token" = ["write"])),
)]
pub(super) async fn delete(
    _: May<Write>,
    State(service): State<Service>,
    Ids(of, id): Ids<ConversationId, MsgId>,
    Query(whose): Query<Whose>,
) -> Result<StatusCode, Error> {
    match whose.r#for {
        Whom::Me => service.hide(of, id).await?,
        Whom::Everyone => service.redact(of, id).await?,
    }
    Ok(StatusCode::NO_CONTENT)
}
