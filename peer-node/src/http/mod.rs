//! The local door: the page and the REST API, for this computer only. This file is the route table.

pub mod api;
pub mod csrf;
pub mod error;
pub mod events;
pub mod guard;
pub mod openapi;
mod assets;
mod bounds;
mod handout;
mod live;
mod pages;
mod serve;
pub mod session;
mod upload;

use std::sync::Arc;

use axum::{
    Router,
    extract::{FromRef, Request},
    http::StatusCode,
    middleware,
    response::Response,
    routing::get,
};
use tokio_util::sync::CancellationToken;

pub use error::Error;
pub use serve::serve;

use crate::{
    clock::Clock,
    service::{Bucket, Service},
};
use guard::Hosts;
use session::Sessions;

/// What every handler can ask for.
#[derive(Debug, Clone)]
pub struct Door {
    pub service: Service,
    pub sessions: Sessions,
    pub hosts: Hosts,
    pub clock: Clock,
    /// Calls of the API, all tokens together.
    pub calls: Arc<Bucket>,
    /// Set at the end: streams and sockets close by themselves.
    pub closing: CancellationToken,
}

impl FromRef<Door> for Service {
    fn from_ref(door: &Door) -> Self {
        door.service.clone()
    }
}

/// Every address of this door.
pub fn router(door: Door) -> Router {
    let hosts = door.hosts.clone();
    let (api, document) = api::routes(&door).split_for_parts();
    let api = api.route("/api/v1/openapi.json", get(async move || openapi::json(document.clone())));
    Router::new()
        .route("/health", get(health))
        .merge(api)
        .merge(pages::routes(&door))
        .fallback(nowhere)
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn(bounds::bounds))
        // Outermost, so that it judges requests that have no route, too.
        .layer(middleware::from_fn_with_state(hosts, guard::guard))
        .with_state(door)
}

/// Says that the process answers, and nothing else: it is the one address that needs no token.
async fn health() -> StatusCode {
    StatusCode::NO_CONTENT
}

async fn nowhere(request: Request) -> Response {
    error::answer(&request, &Error::NoRoute)
}

async fn wrong_method(request: Request) -> Response {
    error::answer(&request, &Error::WrongMethod)
}

#[cfg(test)]
mod tests;
