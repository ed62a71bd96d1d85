//! Backups over the API: written here first, whole, then handed out; and taken in by a node that has no account yet.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    extract::{Request, State},
    http::StatusCode,
    response::Response,
};

use super::{Account, Json, May, shapes};
use crate::{
    http::{
        Error,
        error::Problem,
        handout::hand_out,
        upload::{Passing, Upload},
    },
    service::{Passphrase, Service},
};

/// Everything in one encrypted file, with a passphrase of its own: account, people, history. `POST /api/v1/restore` and
/// `peer-node restore` read it.
#[utoipa::path(
    post,
    path = "/api/v1/backup",
    tag = "account",
    request_body = shapes::Secret,
    responses(
        (status = 200, content_type = "application/octet-stream", body = Vec<u8>),
        (status = "4XX", content_type = "application/problem+json", body = Problem),
    ),
    security(("token" = ["account"])),
)]
pub(super) async fn back_up(
    _: May<Account>,
    State(service): State<Service>,
    Json(secret): Json<shapes::Secret>,
) -> Result<Response, Error> {
    let written = Arc::new(Passing(service.backup_place()));
    service.back_up(&secret.passphrase, &written.0).await?;
    hand_out(written).await
}

/// Go on from a backup, on a node that has no account yet: a form of parts with `passphrase` (of the backup),
/// `new_passphrase` (for this computer), and `file`. When it fails the node stays as it was.
#[utoipa::path(
    post,
    path = "/api/v1/restore",
    tag = "account",
    request_body(content = shapes::Restore, content_type = "multipart/form-data"),
    responses(
        (status = 201, body = shapes::Restored),
        (status = "4XX", content_type = "application/problem+json", body = Problem),
    ),
    security(("token" = ["account"])),
)]
pub(super) async fn restore(
    _: May<Account>,
    State(service): State<Service>,
    request: Request,
) -> Result<(StatusCode, Json<shapes::Restored>), Error> {
    let (parts, body) = request.into_parts();
    let any = |_: &BTreeMap<String, String>| Ok(());
    let mut upload = Upload::receive(&parts.headers, body, service.restore_place(), any).await?;
    let passphrase = Passphrase::new(upload.take("passphrase")?);
    let new = Passphrase::new(upload.take("new_passphrase")?);
    let restored = service.restore(&new, &passphrase, upload.file()).await;
    let restored = restored.map_err(|error| Error::of_new_passphrase(error, "new_passphrase"))?;
    Ok((StatusCode::CREATED, Json(restored.into())))
}
