//! People over the API: find, ask, answer, block, and see who is there.

use axum::{extract::State, http::StatusCode};
use protocol::ids::UserId;
use serde::Deserialize;

use super::{Id, Json, May, Query, Read, Write, shapes};
use crate::{
    http::{Error, error::Problem},
    service::{
        self, Service,
        people::{Ask, Whom},
    },
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Find {
    #[serde(default)]
    q: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    #[serde(default)]
    state: Option<shapes::PeerState>,
}

/// People who are known here, and people of the directory: those who are listed, and the one whose exact name
/// `q` is. Without `q`, everybody who is listed or known.
#[utoipa::path(
    get, path = "/api/v1/people", tag = "people",
    params(("q" = Option<String>, Query, description = "A part of a name, or a whole one")),
    responses(
        (status = 200, body = shapes::People),
        (status = "4XX", content_type = "application/problem+json", body = Problem),
    ),
    security(("token" = ["read"])),
)]
pub(super) async fn list(
    _: May<Read>,
    State(service): State<Service>,
    Query(find): Query<Find>,
) -> Result<Json<shapes::People>, Error> {
    let found = service.search_people(&find.q).await?;
    Ok(Json(shapes::People {
        people: found.people.into_iter().map(Into::into).collect(),
        directory: found.directory.map(|why| why.to_string()),
    }))
}

/// One person who is known here.
#[utoipa::path(
    get, path = "/api/v1/people/{user}", tag = "people",
    params(("user" = String, Path, description = "The person: 64 hexadecimal digits")),
    responses(
        (status = 200, body = shapes::Person),
        (status = "4XX", content_type = "application/problem+json", body = Problem),
    ),
    security(("token" = ["read"])),
)]
pub(super) async fn show(
    _: May<Read>,
    State(service): State<Service>,
    Id(user): Id<UserId>,
) -> Result<Json<shapes::Person>, Error> {
    Ok(Json(service.person(user).await?.into()))
}

/// Block: nothing of them gets through, and they are not told.
#[utoipa::path(
    post, path = "/api/v1/people/{user}/block", tag = "people",
    params(("user" = String, Path, description = "The person: 64 hexadecimal digits")),
    responses(
        (status = 204),
        (status = "4XX", content_type = "application/problem+json", body = Problem),
    ),
    security(("token" = ["write"])),
)]
pub(super) async fn block(
    _: May<Write>,
    State(service): State<Service>,
    Id(user): Id<UserId>,
) -> Result<StatusCode, Error> {
    service.block(user).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Unblock.
#[utoipa::path(
    post, path = "/api/v1/people/{user}/unblock", tag = "people",
    params(("user" = String, Path, description = "The person: 64 hexadecimal digits")),
    responses(
        (status = 204),
        (status = "4XX", content_type = "application/problem+json", body = Problem),
    ),
    security(("token" = ["write"])),
)]
pub(super) async fn unblock(
    _: May<Write>,
    State(service): State<Service>,
    Id(user): Id<UserId>,
) -> Result<StatusCode, Error> {
    service.unblock(user).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Agree to write to this person's new keys.
#[utoipa::path(
    post, path = "/api/v1/people/{user}/confirm-keys", tag = "people",
    params(("user" = String, Path, description = "The person: 64 hexadecimal digits")),
    responses(
        (status = 204),
        (status = "4XX", content_type = "application/problem+json", body = Problem),
    ),
    security(("token" = ["write"])),
)]
pub(super) async fn confirm_keys(
    _: May<Write>,
    State(service): State<Service>,
    Id(user): Id<UserId>,
) -> Result<StatusCode, Error> {
    service.confirm_keys(user).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Requests without an answer: `asking` me, and `asked` by me.
#[utoipa::path(
    get, path = "/api/v1/requests", tag = "people",
    responses(
        (status = 200, body = shapes::Requests),
        (status = "4XX", content_type = "application/problem+json", body = Problem),
    ),
    security(("token" = ["read"])),
)]
pub(super) async fn requests(
    _: May<Read>,
    State(service): State<Service>,
) -> Result<Json<shapes::Requests>, Error> {
    let requests = service.requests().await?.into_iter().map(Into::into).collect();
    Ok(Json(shapes::Requests { requests }))
}

/// Ask somebody to chat, with a first message. With an address, `user` says who was seen to answer there
/// (`POST /api/v1/peers`); somebody else gets nothing.
#[utoipa::path(
    post, path = "/api/v1/requests", tag = "people", request_body = shapes::Ask,
    responses(
        (status = 201, body = shapes::Asked),
        (status = "4XX", content_type = "application/problem+json", body = Problem),
    ),
    security(("token" = ["write"])),
)]
pub(super) async fn ask(
    _: May<Write>,
    State(service): State<Service>,
    Json(ask): Json<shapes::Ask>,
) -> Result<(StatusCode, Json<shapes::Asked>), Error> {
    let whom = match (ask.username, ask.address, ask.user) {
        (Some(name), None, None) => Whom::Name(name),
        (None, Some(address), Some(user)) => Whom::Address { address, user },
        (None, Some(_), None) => return Err(service::Error::WhoIsMissing.into()),
        _ => return Err(service::Error::NameOrAddress.into()),
    };
    let asked = service.ask(&Ask { whom, text: ask.text, id: ask.id }).await?;
    Ok((StatusCode::CREATED, Json(asked.into())))
}

/// Accept a request; also one that was declined before.
#[utoipa::path(
    post, path = "/api/v1/requests/{user}/accept", tag = "people",
    params(("user" = String, Path, description = "The person: 64 hexadecimal digits")),
    responses(
        (status = 204),
        (status = "4XX", content_type = "application/problem+json", body = Problem),
    ),
    security(("token" = ["write"])),
)]
pub(super) async fn accept(
    _: May<Write>,
    State(service): State<Service>,
    Id(user): Id<UserId>,
) -> Result<StatusCode, Error> {
    service.accept(user).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Decline a request; they are told.
#[utoipa::path(
    post, path = "/api/v1/requests/{user}/decline", tag = "people",
    params(("user" = String, Path, description = "The person: 64 hexadecimal digits")),
    responses(
        (status = 204),
        (status = "4XX", content_type = "application/problem+json", body = Problem),
    ),
    security(("token" = ["write"])),
)]
pub(super) async fn decline(
    _: May<Write>,
    State(service): State<Service>,
    Id(user): Id<UserId>,
) -> Result<StatusCode, Error> {
    service.decline(user).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Who messages were exchanged with (`active`), who has a live link now (`connected`), or both.
#[utoipa::path(
    get, path = "/api/v1/peers", tag = "people",
    params(("state" = Option<shapes::PeerState>, Query)),
    responses(
        (status = 200, body = shapes::People),
        (status = "4XX", content_type = "application/problem+json", body = Problem),
    ),
    security(("token" = ["read"])),
)]
pub(super) async fn peers(
    _: May<Read>,
    State(service): State<Service>,
    Query(which): Query<Which>,
) -> Result<Json<shapes::People>, Error> {
    Ok(Json(service.peers(which.state.map(Into::into)).await?.into()))
}

/// See who answers at an address, before anything is sent to them.
#[utoipa::path(
    post, path = "/api/v1/peers", tag = "people", request_body = shapes::At,
    responses(
        (status = 200, body = shapes::Found),
        (status = "4XX", content_type = "application/problem+json", body = Problem),
    ),
    security(("token" = ["write"])),
)]
pub(super) async fn who(
    _: May<Write>,
    State(service): State<Service>,
    Json(at): Json<shapes::At>,
) -> Result<Json<shapes::Found>, Error> {
    Ok(Json(service.who_is_at(&at.address).await?.into()))
}
