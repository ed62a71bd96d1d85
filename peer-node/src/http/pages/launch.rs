//! The door to the page: a link's token becomes a session.

use axum::{
    extract::{RawForm, State},
    http::{HeaderMap, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use web::{
    Html as _, Page,
    launch::{LaunchPage, LaunchState},
};

use super::Look;
use crate::http::Door;

/// `GET /launch`: static, for anybody. Its script posts what stands behind the `#`.
pub(super) async fn show(look: Look) -> Html<String> {
    page(&look, LaunchState::Opening)
}

/// `POST /launch`, field `token`.
pub(super) async fn redeem(
    State(door): State<Door>,
    look: Look,
    headers: HeaderMap,
    RawForm(body): RawForm,
) -> Response {
    let token = form_urlencoded::parse(&body).find(|(name, _)| name == "token").map(|(_, token)| token);
    let browser = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let fresh = token.and_then(|token| door.sessions.redeem(&token, &door.hosts, browser, door.clock.wall()));
    match fresh {
        Some(fresh) => ([(header::SET_COOKIE, fresh.set_cookie)], look.done("/")).into_response(),
        None => (StatusCode::FORBIDDEN, page(&look, LaunchState::Refused)).into_response(),
    }
}

fn page(look: &Look, state: LaunchState) -> Html<String> {
    let page = Page::new(look.choices, String::new(), look.when.clone());
    Html(LaunchPage { page, state }.html())
}
