//! The static files of the pages. Their folder's name changes with them, so browsers may keep them for ever.

use axum::{
    extract::Path,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use web::assets;

use super::Error;

/// `GET /a/{build}/{name}`
pub(super) async fn file(Path((build, name)): Path<(String, String)>) -> Response {
    let here = assets::base().strip_prefix("/a/") == Some(build.as_str());
    let Some(file) = assets::find(&name).filter(|_| here) else {
        return (StatusCode::NOT_FOUND, format!("{}\n", Error::NoRoute)).into_response();
    };
    let headers = [
        (header::CONTENT_TYPE, file.content_type),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    (headers, file.bytes).into_response()
}
