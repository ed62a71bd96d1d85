//! The only place with status codes: problem+json for scripts (RFC 9457), plain words for everything else.

use axum::{
    extract::Request,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use super::pages;
use crate::service::{self, Kind, tokens::Scope};

/// Why a request got no answer of its own.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Service(#[from] service::Error),
    /// The service's error, about the field as this request names it.
    #[error("{error}")]
    Of { error: service::Error, field: &'static str },
    #[error("{reason}")]
    Field { field: String, reason: String },
    #[error("{reason}")]
    Missing { field: &'static str, reason: &'static str },
    #[error("The body is not JSON: {0}.")]
    NotJson(String),
    #[error("Send JSON, with Content-Type: application/json.")]
    NotSaidToBeJson,
    #[error("Send a form, with Content-Type: application/x-www-form-urlencoded.")]
    NotSaidToBeForm,
    #[error("Send the form in parts, with Content-Type: multipart/form-data.")]
    NotSaidToBeParts,
    #[error("The form broke off before its end.")]
    BrokenParts,
    #[error("The form is not of this page, or the page is too old. Load the page again.")]
    Csrf,
    #[error("Another site asked for this, so nothing was done. If you followed a link, go on from here.")]
    OtherSite,
    #[error("The body is larger than 1 MiB.")]
    TooLarge,
    #[error("Send a token: Authorization: Bearer confab_... (peer-node token create makes one).")]
    NoToken,
    #[error("This token is not known here, was revoked, or has expired.")]
    BadToken,
    #[error("This token lacks the scope \"{}\".", .0.word())]
    Scope(Scope),
    #[error("Too many calls. Wait a moment.")]
    TooFast { seconds: u64 },
    #[error("There is nothing at this address.")]
    NoRoute,
    #[error("This address does not take that method.")]
    WrongMethod,
}

impl Error {
    /// The service's error, about another field than it says itself.
    pub(super) fn of(error: service::Error, field: &'static str) -> Self {
        Self::Of { error, field }
    }

    /// Of two passphrases in a request, the rules for new ones are about the new one.
    pub(super) fn of_new_passphrase(error: service::Error, field: &'static str) -> Self {
        match error {
            service::Error::ShortPassphrase { .. }
            | service::Error::LongPassphrase { .. }
            | service::Error::WeakPassphrase { .. } => Self::of(error, field),
            error => error.into(),
        }
    }

    pub fn status(&self) -> StatusCode {
        match self {
            Self::Service(error) | Self::Of { error, .. } => match error.kind() {
                Kind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
                Kind::Missing => StatusCode::NOT_FOUND,
                Kind::Conflict => StatusCode::CONFLICT,
                Kind::Forbidden => StatusCode::FORBIDDEN,
                Kind::TooMany => StatusCode::TOO_MANY_REQUESTS,
                Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
                Kind::Full => StatusCode::INSUFFICIENT_STORAGE,
                Kind::Fault => StatusCode::INTERNAL_SERVER_ERROR,
            },
            Self::Field { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            Self::NotJson(_) | Self::BrokenParts => StatusCode::BAD_REQUEST,
            Self::NotSaidToBeJson | Self::NotSaidToBeForm | Self::NotSaidToBeParts => {
                StatusCode::UNSUPPORTED_MEDIA_TYPE
            }
            Self::Csrf | Self::OtherSite | Self::Scope(_) => StatusCode::FORBIDDEN,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NoToken | Self::BadToken => StatusCode::UNAUTHORIZED,
            Self::TooFast { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::NoRoute | Self::Missing { .. } => StatusCode::NOT_FOUND,
            Self::WrongMethod => StatusCode::METHOD_NOT_ALLOWED,
        }
    }

    /// A word that programs can tell the problem by.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Service(error) | Self::Of { error, .. } => error.code(),
            Self::Field { .. } => "bad_field",
            Self::Missing { .. } => "missing",
            Self::NotJson(_) => "not_json",
            Self::NotSaidToBeJson | Self::NotSaidToBeForm | Self::NotSaidToBeParts => "content_type",
            Self::BrokenParts => "broken_form",
            Self::Csrf => "csrf",
            Self::OtherSite => "other_site",
            Self::TooLarge => "too_large",
            Self::NoToken => "no_token",
            Self::BadToken => "bad_token",
            Self::Scope(_) => "scope",
            Self::TooFast { .. } => "too_fast",
            Self::NoRoute => "no_route",
            Self::WrongMethod => "wrong_method",
        }
    }

    /// The field, parameter or header that it is about.
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::Service(error) => error.field(),
            Self::Field { field, .. } => Some(field),
            Self::Of { field, .. } => Some(field),
            Self::Missing { field, .. } => Some(field),
            Self::NotJson(_) | Self::TooLarge | Self::BrokenParts => Some("body"),
            Self::NotSaidToBeJson | Self::NotSaidToBeForm | Self::NotSaidToBeParts => Some("content-type"),
            Self::Csrf => Some("csrf"),
            Self::OtherSite => Some("origin"),
            Self::NoToken | Self::BadToken | Self::Scope(_) => Some("authorization"),
            Self::TooFast { .. } | Self::NoRoute | Self::WrongMethod => None,
        }
    }

    fn wait(&self) -> Option<u64> {
        match self {
            Self::TooFast { seconds }
            | Self::Service(service::Error::TooManyTries { seconds })
            | Self::Of { error: service::Error::TooManyTries { seconds }, .. } => Some(*seconds),
            _ => None,
        }
    }
}

/// A problem as RFC 9457 writes it, with the field and a code of our own.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Problem {
    /// `urn:confab:problem:` and the code.
    #[serde(rename = "type")]
    #[schema(example = "urn:confab:problem:bad_address")]
    kind: String,
    #[schema(example = "Unprocessable Entity")]
    title: String,
    #[schema(example = 422)]
    status: u16,
    /// One sentence for people.
    detail: String,
    /// A word for programs.
    #[schema(example = "bad_address")]
    code: &'static str,
    /// The field of the request that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "address")]
    field: Option<String>,
}

impl From<&Error> for Problem {
    fn from(error: &Error) -> Self {
        let status = error.status();
        Self {
            kind: format!("urn:confab:problem:{}", error.code()),
            title: status.canonical_reason().unwrap_or_default().to_owned(),
            status: status.as_u16(),
            detail: error.to_string(),
            code: error.code(),
            field: error.field().map(str::to_owned),
        }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        if self.status().is_server_error() {
            tracing::warn!(error = %self, code = self.code(), "a request failed");
        }
        let body = serde_json::to_vec(&Problem::from(&self)).expect("texts and numbers always make JSON");
        let kind = HeaderValue::from_static("application/problem+json");
        let mut response =
            with_wait(&self, (self.status(), [(header::CONTENT_TYPE, kind)], body).into_response());
        // The pages say the same in their own way.
        response.extensions_mut().insert(self);
        response
    }
}

/// Answers in the language of the address: problems to scripts, words to everybody else.
pub(super) fn answer(request: &Request, error: &Error) -> Response {
    if request.uri().path().starts_with("/api/") {
        error.clone().into_response()
    } else {
        with_wait(error, pages::nothing_here(request.headers(), error))
    }
}

fn with_wait(error: &Error, mut response: Response) -> Response {
    if let Some(seconds) = error.wait() {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    if matches!(error, Error::NoToken | Error::BadToken) {
        let value = HeaderValue::from_static("Bearer realm=\"confab\"");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, value);
    }
    response
}
