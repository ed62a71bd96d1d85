//! Notifications over the API: what they show, and which chats are muted.

use axum::{extract::State, http::StatusCode};
use protocol::ids::ConversationId;

use super::{Account, Id, Json, May, Read, Write, shapes};
use crate::{
    http::{Error, error::Problem},
    service::{Service, alerts::AlertsChange},
};

/// How the user is told of new messages.
#[utoipa::path(
    get, path = "/api/v1/notifications", tag = "node",
    responses(
        (status = 200, body = shapes::Alerts),
        (status = "4XX", content_type = "application/problem+json", body = Problem),
    ),
    security(("token" = ["read"])),
)]
pub(super) async fn show(
    _: May<Read>,
    State(service): State<Service>,
) -> Result<Json<shapes::Alerts>, Error> {
    Ok(Json(service.alerts().await?.into()))
}

/// Change how the user is told of new messages; what is left out stays.
#[utoipa::path(
    patch, path = "/api/v1/notifications", tag = "node", request_body = shapes::AlertsChange,
    responses(
        (status = 200, body = shapes::Alerts),
        (status = "4XX", content_type = "application/problem+json", body = Problem),
    ),
    security(("token" = ["account"])),
)]
pub(super) async fn change(
    _: May<Account>,
    State(service): State<Service>,
    Json(change): Json<shapes::AlertsChange>,
) -> Result<Json<shapes::Alerts>, Error> {
    let change =
        AlertsChange { show: change.show.map(Into::into), sound: change.sound, desktop: change.desktop };
    Ok(Json(service.change_alerts(change).await?.into()))
}

/// Mute a conversation: no notifications of it, and its unread messages are not counted in the title.
#[utoipa::path(
    put, path = "/api/v1/conversations/{conversation}/mute", tag = "conversations",
    request_body = shapes::Mute,
    params(shapes::InConversation),
    responses(
        (status = 204),
        (status = "4XX", content_type = "application/problem+json", body = Problem),
    ),
    security(("token" = ["write"])),
)]
pub(super) async fn mute(
    _: May<Write>,
    State(service): State<Service>,
    Id(conversation): Id<ConversationId>,
    Json(mute): Json<shapes::Mute>,
) -> Result<StatusCode, Error> {
    service.mute(conversation, mute.muted).await?;
    Ok(StatusCode::NO_CONTENT)
}
