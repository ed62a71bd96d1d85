//! Coming in and going out over the API.

use axum::{extract::State, http::StatusCode};

use super::{Account, Json, May, shapes};
use crate::{
    http::{Door, Error, error::Problem},
    service::{
        self, Service,
        account::{DirectoryAddress, Entry, Keys},
    },
};

/// Register or sign in: a new name makes an account, a known one must match. 409 `new_name` asks for
/// `create`, 409 `needs_keys` for the recovery file or `reset`.
#[utoipa::path(
    post, path = "/api/v1/account", tag = "account", request_body = shapes::Enter,
    responses(
        (status = 201, body = shapes::Entered),
        (status = "4XX", content_type = "application/problem+json", body = Problem),
    ),
    security(("token" = ["account"])),
)]
pub(super) async fn enter(
    _: May<Account>,
    State(service): State<Service>,
    Json(enter): Json<shapes::Enter>,
) -> Result<(StatusCode, Json<shapes::Entered>), Error> {
    let directory = match enter.directory {
        None => service.offered_directory(),
        Some(None) => None,
        Some(Some(url)) => Some(DirectoryAddress { url, pin: enter.directory_pin }),
    };
    let keys = match (enter.recovery, enter.reset) {
        (Some(file), _) => Keys::Recovery {
            file,
            key: enter.recovery_key.ok_or_else(|| Error::Field {
                field: "recovery_key".to_owned(),
                reason: "The recovery file needs the recovery key that opens it.".to_owned(),
            })?,
        },
        (None, true) => Keys::Reset,
        (None, false) => Keys::Unsaid,
    };
    let entry = Entry {
        username: enter.username,
        passphrase: enter.passphrase,
        directory,
        confirm_new: enter.create,
        keys,
    };
    Ok((StatusCode::CREATED, Json(service.enter(&entry).await?.into())))
}

/// Delete the account: at the directory, and everything on this computer.
#[utoipa::path(
    delete, path = "/api/v1/account", tag = "account", request_body = shapes::Secret,
    responses(
        (status = 204),
        (status = "4XX", content_type = "application/problem+json", body = Problem),
    ),
    security(("token" = ["account"])),
)]
pub(super) async fn delete(
    _: May<Account>,
    State(service): State<Service>,
    Json(secret): Json<shapes::Secret>,
) -> Result<StatusCode, Error> {
    service.delete_account(&secret.passphrase).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The recovery key and file.
#[utoipa::path(
    get, path = "/api/v1/account/recovery", tag = "account",
    responses(
        (status = 200, body = shapes::Recovery),
        (status = "4XX", content_type = "application/problem+json", body = Problem),
    ),
    security(("token" = ["account"])),
)]
pub(super) async fn recovery(
    _: May<Account>,
    State(service): State<Service>,
) -> Result<Json<shapes::Recovery>, Error> {
    Ok(Json(service.recovery().await?.into()))
}

/// The recovery file was saved; the reminder goes.
#[utoipa::path(
    post, path = "/api/v1/account/recovery", tag = "account",
    responses(
        (status = 204),
        (status = "4XX", content_type = "application/problem+json", body = Problem),
    ),
    security(("token" = ["account"])),
)]
pub(super) async fn recovery_saved(
    _: May<Account>,
    State(service): State<Service>,
) -> Result<StatusCode, Error> {
    service.recovery_saved().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sign out: others are told, and the node locks.
#[utoipa::path(
    delete, path = "/api/v1/session", tag = "account",
    responses(
        (status = 204),
        (status = "4XX", content_type = "application/problem+json", body = Problem),
    ),
    security(("token" = ["account"])),
)]
pub(super) async fn sign_out(_: May<Account>, State(service): State<Service>) -> Result<StatusCode, Error> {
    service.sign_out().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sign out everywhere: every browser, every session at the directory; the node locks. Tokens stay.
#[utoipa::path(
    delete, path = "/api/v1/sessions", tag = "account",
    responses(
        (status = 204),
        (status = "4XX", content_type = "application/problem+json", body = Problem),
    ),
    security(("token" = ["account"])),
)]
pub(super) async fn sign_out_everywhere(
    _: May<Account>,
    State(door): State<Door>,
) -> Result<StatusCode, Error> {
    door.service.sign_out_everywhere().await?;
    door.sessions.revoke_all();
    Ok(StatusCode::NO_CONTENT)
}

/// Unlock with the passphrase; or with the recovery key, and then the passphrase is the new one.
#[utoipa::path(
    post, path = "/api/v1/unlock", tag = "account", request_body = shapes::Unlock,
    responses(
        (status = 204),
        (status = "4XX", content_type = "application/problem+json", body = Problem),
    ),
    security(("token" = ["account"])),
)]
pub(super) async fn unlock(
    _: May<Account>,
    State(service): State<Service>,
    Json(unlock): Json<shapes::Unlock>,
) -> Result<StatusCode, Error> {
    match unlock.recovery_key {
        Some(key) => service.unlock_with_recovery(&key, &unlock.passphrase).await?,
        None => service.unlock(&unlock.passphrase).await?,
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Lock: keys are forgotten, nothing is received until `unlock`.
#[utoipa::path(
    post, path = "/api/v1/lock", tag = "account",
    responses(
        (status = 204),
        (status = "4XX", content_type = "application/problem+json", body = Problem),
    ),
    security(("token" = ["account"])),
)]
pub(super) async fn lock(_: May<Account>, State(service): State<Service>) -> Result<StatusCode, Error> {
    service.lock().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Change the passphrase, here and at the directory.
#[utoipa::path(
    post, path = "/api/v1/account/passphrase", tag = "account", request_body = shapes::NewPassphrase,
    responses(
        (status = 204),
        (status = "4XX", content_type = "application/problem+json", body = Problem),
    ),
    security(("token" = ["account"])),
)]
pub(super) async fn change_passphrase(
    _: May<Account>,
    State(service): State<Service>,
    Json(change): Json<shapes::NewPassphrase>,
) -> Result<StatusCode, Error> {
    service.change_passphrase(&change.old, &change.new).await.map_err(|error| match error {
        service::Error::WrongPassphrase | service::Error::TooManyTries { .. } => Error::of(error, "old"),
        error => Error::of_new_passphrase(error, "new"),
    })?;
    Ok(StatusCode::NO_CONTENT)
}
