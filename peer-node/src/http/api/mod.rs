//! The REST API: its routes, and what every call goes through before a handler sees it.

mod account;
mod alerts;
mod backup;
mod conversations;
pub(super) mod messages;
mod network;
mod node;
mod people;
mod search;
pub mod shapes;

use std::{marker::PhantomData, str::FromStr};

use axum::{
    body::Bytes,
    extract::{FromRef, FromRequest, FromRequestParts, RawPathParams, Request, State},
    http::{header, request::Parts},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use serde::{Serialize, de::DeserializeOwned};
use utoipa::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Door, Error, events, openapi::Document};
use crate::service::tokens::Scope;

/// Every call of the API, with its documentation.
pub(super) fn all() -> OpenApiRouter<Door> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(node::status))
        .routes(routes!(account::enter, account::delete))
        .routes(routes!(account::recovery, account::recovery_saved))
        .routes(routes!(account::sign_out))
        .routes(routes!(account::unlock))
        .routes(routes!(account::lock))
        .routes(routes!(account::change_passphrase))
        .routes(routes!(backup::back_up))
        .routes(routes!(backup::restore))
        .routes(routes!(people::list))
        .routes(routes!(people::show))
        .routes(routes!(people::block))
        .routes(routes!(people::unblock))
        .routes(routes!(people::confirm_keys))
        .routes(routes!(people::requests, people::ask))
        .routes(routes!(people::accept))
        .routes(routes!(people::decline))
        .routes(routes!(people::peers, people::who))
        .routes(routes!(network::reach))
        .routes(routes!(network::show))
        .routes(routes!(network::log))
        .routes(routes!(network::doctor))
        .routes(routes!(network::connect))
        .routes(routes!(conversations::list))
        .routes(routes!(conversations::show, conversations::delete))
        .routes(routes!(conversations::history, conversations::send, conversations::clear))
        .routes(routes!(conversations::draft))
        .routes(routes!(conversations::timer))
        .routes(routes!(messages::show, messages::edit, messages::delete))
        .routes(routes!(messages::react))
        .routes(routes!(conversations::mark_read))
        .routes(routes!(conversations::mark_unread))
        .routes(routes!(conversations::typing))
        .routes(routes!(alerts::mute))
        .routes(routes!(alerts::show, alerts::change))
        .routes(routes!(search::search))
        .routes(routes!(events::follow))
        .routes(routes!(node::settings, node::change_settings))
        .routes(routes!(node::directory))
        .routes(routes!(node::tokens, node::create_token))
        .routes(routes!(node::revoke_token))
        .routes(routes!(node::sessions, account::sign_out_everywhere))
        .routes(routes!(node::revoke_session))
        .routes(routes!(node::launch))
}

pub(super) fn routes(door: &Door) -> OpenApiRouter<Door> {
    // Around matched routes only: unknown addresses are answered without counting.
    all().route_layer(middleware::from_fn_with_state(door.clone(), count))
}

async fn count(State(door): State<Door>, request: Request, next: Next) -> Response {
    match door.calls.take() {
        Ok(()) => next.run(request).await,
        Err(wait) => Error::TooFast { seconds: wait.as_secs() + 1 }.into_response(),
    }
}

/// A scope as a type, so that a handler without one does not compile into something open.
pub trait Needs: Send + Sync + 'static {
    const SCOPE: Scope;
}

macro_rules! scope {
    ($name:ident) => {
        #[derive(Debug, Clone, Copy)]
        pub struct $name;

        impl Needs for $name {
            const SCOPE: Scope = Scope::$name;
        }
    };
}

scope!(Read);
scope!(Write);
scope!(Account);

/// Proof that the caller sent a good token with the scope `S`. First argument of every handler.
#[derive(Debug)]
pub struct May<S> {
    token: String,
    scope: PhantomData<S>,
}

impl<S> May<S> {
    /// Names the token in lists; no secret.
    pub fn token_id(&self) -> &str {
        &self.token
    }
}

impl<S, D> FromRequestParts<D> for May<S>
where
    S: Needs,
    D: Send + Sync,
    Door: FromRef<D>,
{
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &D) -> Result<Self, Error> {
        let door = Door::from_ref(state);
        let given = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let (scheme, word) = given.and_then(|given| given.split_once(' ')).ok_or(Error::NoToken)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(Error::NoToken);
        }
        let token = door.service.tokens().check(word.trim(), door.clock.wall())?.ok_or(Error::BadToken)?;
        if !token.scopes.contains(&S::SCOPE) {
            return Err(Error::Scope(S::SCOPE));
        }
        Ok(Self { token: token.id, scope: PhantomData })
    }
}

/// JSON in, with the field named when it does not fit; JSON out.
#[derive(Debug)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self, Error> {
        let kind = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok())
            .unwrap_or_default();
        if !kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json") {
            return Err(Error::NotSaidToBeJson);
        }
        let body = Bytes::from_request(request, state).await.map_err(|_| Error::TooLarge)?;
        // Serde would take a list of values for an object, too; the field names are part of this API.
        if body.iter().find(|byte| !byte.is_ascii_whitespace()).is_some_and(|first| *first == b'[') {
            return Err(Error::NotJson("expected an object".to_owned()));
        }
        let mut json = serde_json::Deserializer::from_slice(&body);
        let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
            if error.inner().is_data() {
                field_error(&error)
            } else {
                Error::NotJson(error.inner().to_string())
            }
        })?;
        json.end().map_err(|error| Error::NotJson(error.to_string()))?;
        Ok(Self(value))
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

/// The part of the address after `?`, with the parameter named when it does not fit.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        let pairs = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes());
        serde_path_to_error::deserialize(serde_urlencoded::Deserializer::new(pairs))
            .map(Self)
            .map_err(|error| field_error(&error))
    }
}

/// The identifier in the address; the problem names it as the route does.
#[derive(Debug)]
pub struct Id<T>(pub T);

impl<T, S> FromRequestParts<S> for Id<T>
where
    T: FromStr<Err: std::fmt::Display>,
    S: Send + Sync,
{
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let params = RawPathParams::from_request_parts(parts, state).await.map_err(|_| Error::NoRoute)?;
        identifier(params.iter().next()).map(Self)
    }
}

/// The two identifiers in the address, such as a conversation's and a message's.
#[derive(Debug)]
pub struct Ids<A, B>(pub A, pub B);

impl<A, B, S> FromRequestParts<S> for Ids<A, B>
where
    A: FromStr<Err: std::fmt::Display>,
    B: FromStr<Err: std::fmt::Display>,
    S: Send + Sync,
{
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let params = RawPathParams::from_request_parts(parts, state).await.map_err(|_| Error::NoRoute)?;
        let mut params = params.iter();
        Ok(Self(identifier(params.next())?, identifier(params.next())?))
    }
}

fn identifier<T: FromStr<Err: std::fmt::Display>>(param: Option<(&str, &str)>) -> Result<T, Error> {
    let (name, value) = param.ok_or(Error::NoRoute)?;
    value.parse().map_err(|reason: T::Err| Error::Field {
        field: name.to_owned(),
        reason: sentence(&reason.to_string()),
    })
}

/// Serde's complaint as a field and a reason. It knows the path of a bad value; the name of a missing or unknown
/// one stands in its words only.
pub(super) fn field_error<E: std::fmt::Display>(error: &serde_path_to_error::Error<E>) -> Error {
    let said = error.inner().to_string();
    let said = said.split(" at line ").next().unwrap_or_default();
    let named = ["missing field `", "unknown field `", "duplicate field `"]
        .into_iter()
        .find_map(|start| said.strip_prefix(start)?.split('`').next());
    let path = error.path().to_string();
    let field = match (named, path.as_str()) {
        (Some(name), "." | "?") => name.to_owned(),
        (Some(name), path) if path.ends_with(name) => path.to_owned(),
        (Some(name), path) => format!("{path}.{name}"),
        (None, "." | "?") => "body".to_owned(),
        (None, path) => path.to_owned(),
    };
    Error::Field { field, reason: sentence(said) }
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    let end = if text.ends_with('.') { "" } else { "." };
    format!("{first}{}{end}", letters.as_str())
}
