//! Reading requests: where they come from, whose token they carry, what stands in the body.

use std::{net::IpAddr, sync::Arc};

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Request},
    http::{StatusCode, header, request::Parts},
};
use protocol::directory::{Code, MAX_BODY};
use serde::de::DeserializeOwned;

use super::server::Peer;
use crate::{Directory, accounts::Who, refusal::Refusal, store};

/// The address that a request comes from, for limits; never logged, never stored.
pub(super) struct From(pub(super) IpAddr);

impl FromRequestParts<Arc<Directory>> for From {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, directory: &Arc<Directory>) -> Result<Self, Refusal> {
        let Peer(peer) = parts.extensions.get().ok_or_else(|| Refusal::internal(&"no peer address"))?;
        if directory.config.behind_proxy && peer.is_loopback() {
            // The last entry is the one that the proxy itself wrote; those before it are anybody's word.
            let forwarded = parts.headers.get_all("x-forwarded-for").iter().next_back();
            let last =
                forwarded.and_then(|value| value.to_str().ok()?.rsplit(',').next()?.trim().parse().ok());
            if let Some(last) = last {
                return Ok(Self(last));
            }
        }
        Ok(Self(*peer))
    }
}

fn bearer(parts: &Parts) -> Result<&str, Refusal> {
    let header = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = header.and_then(|header| header.strip_prefix("Bearer "));
    token.ok_or_else(Refusal::signed_out)
}

/// For reading: a token that holds.
pub(super) struct Reader(pub(super) Who);

impl FromRequestParts<Arc<Directory>> for Reader {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, directory: &Arc<Directory>) -> Result<Self, Refusal> {
        directory.who(bearer(parts)?).map(Self)
    }
}

/// For changing something: a token that holds, of a session that runs.
pub(super) struct Owner {
    pub(super) who: Who,
    pub(super) account: store::Account,
}

impl FromRequestParts<Arc<Directory>> for Owner {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, directory: &Arc<Directory>) -> Result<Self, Refusal> {
        let (who, account) = directory.who_surely(bearer(parts)?).await?;
        directory
            .limits
            .changes
            .take(who.account.clone(), directory.clock.now())
            .map_err(|wait| Refusal::too_many("too many changes; wait a moment", wait))?;
        Ok(Self { who, account })
    }
}

/// A body of JSON. What is wrong with it is said with the field's name.
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Arc<Directory>> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &Arc<Directory>) -> Result<Self, Refusal> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let kind = kind.and_then(|kind| kind.split(';').next()).map(str::trim);
        if !kind.is_some_and(|kind| kind.eq_ignore_ascii_case("application/json")) {
            return Err(Refusal::new(
                Code::Invalid,
                "the body must be JSON (Content-Type: application/json)",
            ));
        }
        let bytes = Bytes::from_request(request, state).await.map_err(|error| {
            if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
                Refusal::new(Code::TooLarge, format!("a request has at most {MAX_BODY} bytes"))
            } else {
                Refusal::new(Code::Invalid, "the body could not be read")
            }
        })?;
        let mut reader = serde_json::Deserializer::from_slice(&bytes);
        let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| bad_json(&error))?;
        reader.end().map_err(|_| Refusal::new(Code::Invalid, "something follows the JSON"))?;
        Ok(Self(value))
    }
}

fn bad_json(error: &serde_path_to_error::Error<serde_json::Error>) -> Refusal {
    let reason = error.inner().to_string();
    if !error.inner().is_data() {
        return Refusal::new(Code::Invalid, format!("the body is not JSON: {reason}"));
    }
    let path = error.path().to_string();
    if let Some(name) = reason.strip_prefix("missing field `").and_then(|rest| rest.split('`').next()) {
        let field = if path == "." { name.to_owned() } else { format!("{path}.{name}") };
        return Refusal::invalid(field, "this field is missing");
    }
    // The reason may repeat what stands in the field, which may be a password: not into an answer that gets logged.
    let expected = reason.rsplit_once("expected ").map_or("something else", |(_, expected)| expected);
    let expected = expected.split(" at line ").next().unwrap_or(expected);
    match path.as_str() {
        "." => Refusal::new(Code::Invalid, format!("the body is not as it must be: expected {expected}")),
        _ => Refusal::invalid(path, format!("expected {expected}")),
    }
}
