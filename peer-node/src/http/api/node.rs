//! This node over the API: its state, settings, tokens, sessions of the page.

use axum::{extract::State, http::StatusCode};

use super::{Account, Id, Json, May, Read, shapes};
use crate::{
    http::{Door, Error, error::Problem, session::OPENED},
    service::{self, Service, SettingsChange, account::DirectoryAddress},
};

/// Where the node stands: fresh, locked or open; who it belongs to; its directory.
#[utoipa::path(
    get, path = "/api/v1/status", tag = "node",
    responses(
        (status = 200, body = shapes::Status),
        (status = "4XX", content_type = "application/problem+json", body = Problem),
    ),
    security(("token" = ["read"])),
)]
pub(super) async fn status(
    _: May<Read>,
    State(service): State<Service>,
) -> Result<Json<shapes::Status>, Error> {
    Ok(Json(service.status().await.into()))
}

/// The user's choices.
#[utoipa::path(
    get, path = "/api/v1/settings", tag = "node",
    responses(
        (status = 200, body = shapes::Settings),
        (status = "4XX", content_type = "application/problem+json", body = Problem),
    ),
    security(("token" = ["read"])),
)]
pub(super) async fn settings(
    _: May<Read>,
    State(service): State<Service>,
) -> Result<Json<shapes::Settings>, Error> {
    Ok(Json(service.settings().await?.into()))
}

/// Change some of the choices; what is left out stays.
#[utoipa::path(
    patch, path = "/api/v1/settings", tag = "node", request_body = shapes::SettingsChange,
    responses(
        (status = 200, body = shapes::Settings),
        (status = "4XX", content_type = "application/problem+json", body = Problem),
    ),
    security(("token" = ["account"])),
)]
pub(super) async fn change_settings(
    _: May<Account>,
    State(service): State<Service>,
    Json(change): Json<shapes::SettingsChange>,
) -> Result<Json<shapes::Settings>, Error> {
    let change = SettingsChange {
        visibility: change.visibility.map(Into::into),
        receipts: change.receipts,
        typing: change.typing,
        answer_who: change.answer_who,
    };
    Ok(Json(service.change_settings(change).await?.into()))
}

/// Join a directory with the account of this computer, or leave it.
#[utoipa::path(
    put, path = "/api/v1/directory", tag = "node", request_body = shapes::Join,
    responses(
        (status = 204),
        (status = "4XX", content_type = "application/problem+json", body = Problem),
    ),
    security(("token" = ["account"])),
)]
pub(super) async fn directory(
    _: May<Account>,
    State(service): State<Service>,
    Json(join): Json<shapes::Join>,
) -> Result<StatusCode, Error> {
    let directory = join.url.map(|url| DirectoryAddress { url, pin: join.pin });
    service.set_directory(directory, &join.passphrase).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// All tokens that open something; never the tokens themselves.
#[utoipa::path(
    get, path = "/api/v1/tokens", tag = "node",
    responses(
        (status = 200, body = shapes::Tokens),
        (status = "4XX", content_type = "application/problem+json", body = Problem),
    ),
    security(("token" = ["account"])),
)]
pub(super) async fn tokens(_: May<Account>, State(door): State<Door>) -> Result<Json<shapes::Tokens>, Error> {
    let tokens = door.service.tokens().list(door.clock.wall())?;
    Ok(Json(shapes::Tokens { tokens: tokens.into_iter().map(Into::into).collect() }))
}

/// Make a token. It is shown in this answer and never again.
#[utoipa::path(
    post, path = "/api/v1/tokens", tag = "node", request_body = shapes::NewToken,
    responses(
        (status = 201, body = shapes::MadeToken),
        (status = "4XX", content_type = "application/problem+json", body = Problem),
    ),
    security(("token" = ["account"])),
)]
pub(super) async fn create_token(
    _: May<Account>,
    State(door): State<Door>,
    Json(new): Json<shapes::NewToken>,
) -> Result<(StatusCode, Json<shapes::MadeToken>), Error> {
    let scopes: Vec<service::tokens::Scope> = new.scopes.into_iter().map(Into::into).collect();
    let (token, secret) = door.service.tokens().create(&new.name, &scopes, door.clock.wall(), None)?;
    let made = shapes::MadeToken { token: secret.reveal().to_owned(), about: token.into() };
    Ok((StatusCode::CREATED, Json(made)))
}

/// Revoke a token; its event streams end.
#[utoipa::path(
    delete, path = "/api/v1/tokens/{token}", tag = "node",
    params(("token" = String, Path, description = "The field `id` of a token")),
    responses(
        (status = 204),
        (status = "4XX", content_type = "application/problem+json", body = Problem),
    ),
    security(("token" = ["account"])),
)]
pub(super) async fn revoke_token(
    _: May<Account>,
    State(door): State<Door>,
    Id(token): Id<String>,
) -> Result<StatusCode, Error> {
    door.service.tokens().revoke(&token)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Browsers that have the page open.
#[utoipa::path(
    get, path = "/api/v1/sessions", tag = "node",
    responses(
        (status = 200, body = shapes::Sessions),
        (status = "4XX", content_type = "application/problem+json", body = Problem),
    ),
    security(("token" = ["account"])),
)]
pub(super) async fn sessions(
    _: May<Account>,
    State(door): State<Door>,
) -> Result<Json<shapes::Sessions>, Error> {
    let sessions = door.sessions.list(door.clock.wall());
    Ok(Json(shapes::Sessions { sessions: sessions.into_iter().map(Into::into).collect() }))
}

/// Shut a browser out.
#[utoipa::path(
    delete, path = "/api/v1/sessions/{session}", tag = "node",
    params(("session" = String, Path, description = "The field `id` of a session")),
    responses(
        (status = 204),
        (status = "4XX", content_type = "application/problem+json", body = Problem),
    ),
    security(("token" = ["account"])),
)]
pub(super) async fn revoke_session(
    _: May<Account>,
    State(door): State<Door>,
    Id(session): Id<String>,
) -> Result<StatusCode, Error> {
    if door.sessions.revoke(&session) {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(Error::Missing { field: "session", reason: "There is no such session." })
}

/// A link that opens the page in a browser, once, within a minute.
#[utoipa::path(
    post, path = "/api/v1/launch", tag = "node",
    responses(
        (status = 201, body = shapes::Launch),
        (status = "4XX", content_type = "application/problem+json", body = Problem),
    ),
    security(("token" = ["account"])),
)]
pub(super) async fn launch(
    _: May<Account>,
    State(door): State<Door>,
) -> Result<(StatusCode, Json<shapes::Launch>), Error> {
    let url = door.sessions.launch_url(&door.hosts, door.clock.wall(), Some(OPENED));
    Ok((StatusCode::CREATED, Json(shapes::Launch { url })))
}
