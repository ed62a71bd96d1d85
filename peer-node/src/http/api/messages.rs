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
    params(shapes::InMessage),
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
    params(shapes::InMessage),
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
    params(shapes::InMessage),
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

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Whose {
    r#for: Whom,
}

/// Whose copy of a message goes; the page's form says it likewise.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::http) enum Whom {
    Me,
    Everyone,
}

impl Whom {
    pub(in crate::http) async fn delete(
        self,
        service: &Service,
        of: ConversationId,
        id: MsgId,
    ) -> Result<(), Error> {
        match self {
            Self::Me => service.hide(of, id).await?,
            Self::Everyone => service.redact(of, id).await?,
        }
        Ok(())
    }
}

/// Delete a message: `for=me` forgets it on this computer alone; `for=everyone`, of one's own messages, asks every node
/// that has it to forget it, too. A changed program may keep it.
#[utoipa::path(
    delete, path = "/api/v1/conversations/{conversation}/messages/{message}", tag = "conversations",
    params(
        shapes::InMessage,
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
    whose.r#for.delete(&service, of, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
