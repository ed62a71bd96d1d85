//! A backup that was written here, handed out piece by piece.

use std::{io, sync::Arc};

use axum::{
    body::{Body, Bytes},
    http::header,
    response::{IntoResponse, Response},
};
use futures_util::stream;
use tokio::{fs::File, io::AsyncReadExt};

use super::{Error, upload::Passing};
use crate::service;

const CHUNK: usize = 64 << 10;

/// Streams the file; it stays until the last who holds it lets go.
pub(super) async fn hand_out(file: Arc<Passing>) -> Result<Response, Error> {
    let gone = |error: io::Error| service::Error::Storage(error.to_string());
    let open = File::open(&file.0).await.map_err(gone)?;
    let length = open.metadata().await.map_err(gone)?.len();
    let chunks = stream::try_unfold((open, file), |(mut open, file)| async move {
        let mut chunk = vec![0; CHUNK];
        let read = open.read(&mut chunk).await?;
        chunk.truncate(read);
        Ok::<_, io::Error>((read > 0).then(|| (Bytes::from(chunk), (open, file))))
    });
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_LENGTH, length.to_string()),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"confab-backup.age\"".to_owned()),
    ];
    Ok((headers, Body::from_stream(chunks)).into_response())
}
