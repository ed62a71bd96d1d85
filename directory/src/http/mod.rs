//! The door: routes, what every answer carries, and the translation of refusals into problems (RFC 9457).

mod accounts;
mod people;
mod presence;
mod problem;
mod read;
pub(crate) mod server;

use std::sync::Arc;

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    http::{HeaderName, HeaderValue, header},
    middleware::{self, Next},
    response::Response,
    routing::{delete, get, post, put},
};
use protocol::directory::MAX_BODY;

use crate::{Directory, limits::network, refusal::Refusal};
use read::From;

/// Every route.
pub(crate) fn router(directory: Arc<Directory>) -> Router {
    Router::new()
        .route("/v1/health", get(accounts::health))
        .route("/v1/identity", get(accounts::identity))
        .route("/v1/register", get(accounts::toll).post(accounts::register))
        .route("/v1/sign-in", post(accounts::sign_in))
        .route("/v1/renew/challenge", post(accounts::renew_challenge))
        .route("/v1/renew", post(accounts::renew))
        .route("/v1/session", delete(accounts::sign_out))
        .route("/v1/sessions", delete(accounts::sign_out_everywhere))
        .route("/v1/password", post(accounts::change_password))
        .route("/v1/password/forgotten", post(accounts::forgotten_password))
        .route("/v1/account", get(accounts::account))
        .route("/v1/account/delete", post(accounts::delete_account))
        .route("/v1/visibility", put(accounts::set_visibility))
        .route("/v1/profile", put(people::publish))
        .route("/v1/people", get(people::listed))
        .route("/v1/people/{username}", get(people::find))
        .route("/v1/users/{user}", get(people::find_user))
        .route("/v1/blocks/{user}", put(people::block).delete(people::unblock))
        .route("/v1/letters", post(people::post_letter))
        .route("/v1/presence", get(presence::upgrade))
        .fallback(problem::no_such_place)
        .method_not_allowed_fallback(problem::no_such_method)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(middleware::from_fn_with_state(directory.clone(), guard))
        .with_state(directory)
}

/// Outermost: the limit for each address, and what every answer carries.
async fn guard(
    State(directory): State<Arc<Directory>>,
    From(from): From,
    request: Request,
    next: Next,
) -> Response {
    let admitted = directory.limits.requests.take(network(from), directory.clock.now());
    let mut answer = match admitted {
        Ok(()) => next.run(request).await,
        Err(wait) => problem::answer(&Refusal::too_many("too many requests from your address", wait)),
    };
    let headers = answer.headers_mut();
    let mut set = |name: HeaderName, value| headers.insert(name, HeaderValue::from_static(value));
    set(header::CACHE_CONTROL, "no-store");
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'");
    set(header::REFERRER_POLICY, "no-referrer");
    if directory.tls.is_some() {
        set(header::STRICT_TRANSPORT_SECURITY, "max-age=63072000");
    }
    answer
}
