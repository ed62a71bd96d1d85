//! How large a request may be and how long its answer may take: for all alike, but for the few that carry a backup.

use std::time::Duration;

use axum::{
    body::Body,
    extract::Request,
    http::{StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http_body_util::Limited;
use tokio::time::timeout;

use super::{Error, error};

/// Larger bodies are refused before they are read.
pub(super) const MAX_BODY: usize = 1 << 20;
/// A request that took longer, its body included, is over. Streams count only until their first byte.
const PATIENCE: Duration = Duration::from_secs(30);

/// Backups are written to disk as they come, so the disk is their bound.
const LARGE: usize = 1 << 36;
/// Millions of messages are encrypted and written twice.
const LONG: Duration = Duration::from_hours(2);
/// Where whole backups come and go.
const BACKUPS: [&str; 3] = ["/setup/restore", "/api/v1/restore", "/api/v1/backup"];

/// The middleware, around the whole router.
pub(super) async fn bounds(request: Request, next: Next) -> Response {
    let (most, patience) =
        if BACKUPS.contains(&request.uri().path()) { (LARGE, LONG) } else { (MAX_BODY, PATIENCE) };
    let length = request.headers().get(header::CONTENT_LENGTH);
    let said = length.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if said.is_some_and(|said| said > most as u64) {
        return error::answer(&request, &Error::TooLarge);
    }
    let request = request.map(|body| Body::new(Limited::new(body, most)));
    match timeout(patience, next.run(request)).await {
        Ok(answer) => answer,
        Err(_) => StatusCode::REQUEST_TIMEOUT.into_response(),
    }
}
