//! A backup over the API: written here first, whole, then handed out.

use std::{io, path::PathBuf};

use axum::{
    body::{Body, Bytes},
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use futures_util::stream;
use tokio::{fs::File, io::AsyncReadExt};

use super::{Account, Json, May, shapes};
use crate::{
    http::{Error, error::Problem},
    service::{self, Service},
};

const CHUNK: usize = 64 << 10;

/// Removes the file in the end, whoever hung up.
#[derive(Debug)]
struct Written(PathBuf);

impl Drop for Written {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Everything in one encrypted file, with a passphrase of its own: account, people, history. `peer-node restore`
/// reads it.
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
    let written = Written(service.backup_place());
    service.back_up(&secret.passphrase, &written.0).await?;
    let gone = |error: io::Error| service::Error::Storage(error.to_string());
    let file = File::open(&written.0).await.map_err(gone)?;
    let length = file.metadata().await.map_err(gone)?.len();
    let chunks = stream::try_unfold((file, written), |(mut file, written)| async move {
        let mut chunk = vec![0; CHUNK];
        let read = file.read(&mut chunk).await?;
        chunk.truncate(read);
        Ok::<_, io::Error>((read > 0).then(|| (Bytes::from(chunk), (file, written))))
    });
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_LENGTH, length.to_string()),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"confab-backup.age\"".to_owned()),
    ];
    Ok((headers, Body::from_stream(chunks)).into_response())
}
