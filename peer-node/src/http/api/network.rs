//! The network over the API: who is reached and how, why somebody is not, and calling everybody.

use axum::{extract::State, http::StatusCode};
use protocol::ids::UserId;

use super::{Id, Json, May, Read, Write, shapes};
use crate::{
    http::{Error, error::Problem},
    service::Service,
};

/// Who is reached and how, who is not and why, and when it is tried again.
#[utoipa::path(
    get, path = "/api/v1/network", tag = "network",
    responses(
        (status = 200, body = shapes::Network),
        (status = "4XX", content_type = "application/problem+json", body = Problem),
    ),
    security(("token" = ["read"])),
)]
pub(super) async fn show(
    _: May<Read>,
    State(service): State<Service>,
) -> Result<Json<shapes::Network>, Error> {
    service.measure().await?;
    Ok(Json(service.network().await?.into()))
}

/// What happened on connections lately, the newest last. Names and addresses are shortened: it can be shown around.
#[utoipa::path(
    get, path = "/api/v1/network/log", tag = "network",
    responses(
        (status = 200, body = shapes::NetworkLog),
        (status = "4XX", content_type = "application/problem+json", body = Problem),
    ),
    security(("token" = ["read"])),
)]
pub(super) async fn log(
    _: May<Read>,
    State(service): State<Service>,
) -> Result<Json<shapes::NetworkLog>, Error> {
    let lines = service.network_log().await?.into_iter().map(Into::into).collect();
    Ok(Json(shapes::NetworkLog { lines }))
}

/// Look why somebody can or cannot be reached, and call them if they answer. Takes some seconds.
#[utoipa::path(
    post, path = "/api/v1/people/{user}/doctor", tag = "network",
    params(("user" = String, Path, description = "The person: 64 hexadecimal digits")),
    responses(
        (status = 200, body = shapes::Examination),
        (status = "4XX", content_type = "application/problem+json", body = Problem),
    ),
    security(("token" = ["write"])),
)]
pub(super) async fn doctor(
    _: May<Write>,
    State(service): State<Service>,
    Id(user): Id<UserId>,
) -> Result<Json<shapes::Examination>, Error> {
    Ok(Json(service.examine(user).await?.into()))
}

/// Connect to everybody who is online: people are called now, whatever the timers say.
#[utoipa::path(
    post, path = "/api/v1/peers/reach", tag = "network",
    responses(
        (status = 202, body = shapes::Connecting),
        (status = "4XX", content_type = "application/problem+json", body = Problem),
    ),
    security(("token" = ["write"])),
)]
pub(super) async fn reach(
    _: May<Write>,
    State(service): State<Service>,
) -> Result<(StatusCode, Json<shapes::Connecting>), Error> {
    Ok((StatusCode::ACCEPTED, Json(service.connect_all().await?.into())))
}

/// Connect to somebody who is known, at an address where they answer. Waits some seconds for the connection.
#[utoipa::path(
    post, path = "/api/v1/people/{user}/connect", tag = "network", request_body = shapes::At,
    params(("user" = String, Path, description = "The person: 64 hexadecimal digits")),
    responses(
        (status = 200, body = shapes::Connected),
        (status = "4XX", content_type = "application/problem+json", body = Problem),
    ),
    security(("token" = ["write"])),
)]
pub(super) async fn connect(
    _: May<Write>,
    State(service): State<Service>,
    Id(user): Id<UserId>,
    Json(at): Json<shapes::At>,
) -> Result<Json<shapes::Connected>, Error> {
    Ok(Json(shapes::Connected { connected: service.connect_to(user, &at.address).await? }))
}
