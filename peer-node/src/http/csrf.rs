//! Forms of our own pages: read only when they carry the token of the session that sends them.

use axum::{
    body::Bytes,
    extract::{FromRef, FromRequest, FromRequestParts, Request},
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use serde::de::DeserializeOwned;

use super::{Door, Error, api::field_error, session::Session};

/// A form that this session's page sent. The token is in the field `csrf`, or in the header `x-csrf` of a script
/// of the page. Refused forms answer as [`Error`]; without a session the launch page is the answer.
#[derive(Debug)]
pub struct Form<T> {
    pub session: Session,
    pub fields: T,
}

impl<T, S> FromRequest<S> for Form<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
    Door: FromRef<S>,
{
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let session = <Session as FromRequestParts<S>>::from_request_parts(&mut parts, state)
            .await
            .map_err(IntoResponse::into_response)?;
        if !is_form(&parts.headers) {
            return Err(Error::NotSaidToBeForm.into_response());
        }
        let given = parts.headers.get("x-csrf").and_then(|value| value.to_str().ok()).map(str::to_owned);
        let body = Bytes::from_request(Request::from_parts(parts, body), state)
            .await
            .map_err(|_| Error::TooLarge.into_response())?;
        let field = form_urlencoded::parse(&body)
            .find(|(name, _)| name == "csrf")
            .map(|(_, value)| value.into_owned());
        if !given.or(field).is_some_and(|given| session.vouches(&given)) {
            return Err(Error::Csrf.into_response());
        }
        let form = serde_urlencoded::Deserializer::new(form_urlencoded::parse(&body));
        let fields =
            serde_path_to_error::deserialize(form).map_err(|error| field_error(&error).into_response())?;
        Ok(Self { session, fields })
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}
