//! Refusals as problems.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use protocol::directory::{Code, Problem};

use crate::refusal::Refusal;

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        answer(&self)
    }
}

pub(super) fn answer(refusal: &Refusal) -> Response {
    let status = match refusal.code {
        Code::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        Code::DontFit | Code::SignedOut => StatusCode::UNAUTHORIZED,
        Code::NotYourDevice | Code::ProofWanted => StatusCode::FORBIDDEN,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::NameTaken | Code::LetterWaiting | Code::BoxFull | Code::StaleKeys | Code::ResetWanted => {
            StatusCode::CONFLICT
        }
        Code::TooMany => StatusCode::TOO_MANY_REQUESTS,
        Code::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Code::Busy => StatusCode::SERVICE_UNAVAILABLE,
        Code::Internal | Code::Other => StatusCode::INTERNAL_SERVER_ERROR,
    };
    with_status(status, refusal)
}

pub(super) fn with_status(status: StatusCode, refusal: &Refusal) -> Response {
    let problem = Problem {
        kind: "about:blank".to_owned(),
        title: status.canonical_reason().unwrap_or_default().to_owned(),
        status: status.as_u16(),
        detail: refusal.detail.clone().into_owned(),
        code: refusal.code,
        field: refusal.field.clone().map(Into::into),
        retry_after: refusal.retry_after,
    };
    let mut answer = (status, Json(problem)).into_response();
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    if let Some(seconds) = refusal.retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if refusal.code == Code::SignedOut {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    answer
}

pub(super) async fn no_such_place() -> Response {
    with_status(StatusCode::NOT_FOUND, &Refusal::new(Code::NotFound, "there is no such address here"))
}

pub(super) async fn no_such_method() -> Response {
    with_status(
        StatusCode::METHOD_NOT_ALLOWED,
        &Refusal::new(Code::Invalid, "this address knows other methods"),
    )
}
