//! The pages: handlers translate between forms and verbs; what they show is made in `web`.

mod account;
mod alerts;
mod chat;
mod clear;
mod launch;
mod message;
pub(super) mod network;
mod people;
mod reference;
mod search;
mod settings;
mod setup;
mod switch;
mod unlock;
pub(super) mod view;

use axum::{
    Extension, Router,
    extract::{FromRef, FromRequestParts, Request, State},
    http::{HeaderMap, header, request::Parts},
    middleware::{self, Next},
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use protocol::time::WallMs;
use web::{Choices, Html as _, Page, When, trouble::TroublePage};

use super::{
    Door, Error, assets, live,
    session::{NoSession, Session, cookie_value},
};
use crate::service::{self, Service, Stage};

/// Every page and form, the static files, and the pages' live line.
pub(super) fn routes(door: &Door) -> Router<Door> {
    Router::new()
        .route("/", get(home))
        .route("/launch", get(launch::show).post(launch::redeem))
        .route("/setup/welcome", get(setup::welcome).post(setup::choose))
        .route("/setup/directory", get(setup::directory).post(setup::set_directory))
        .route("/setup/account", get(setup::account).post(setup::enter))
        .route("/setup/confirm", get(setup::confirm).post(setup::confirmed))
        .route("/setup/reset", get(setup::reset).post(setup::reset_or_restore))
        .route("/setup/recovery", get(setup::recovery).post(setup::recovery_saved))
        .route("/setup/recovery/file", get(setup::recovery_file))
        .route("/setup/visibility", get(setup::visibility).post(setup::set_visibility))
        .route("/setup/restore", get(setup::restore).post(setup::restored))
        .route("/account/passphrase", get(account::passphrase).post(account::change))
        .route("/account/sign-out", get(account::sign_out).post(account::signed_out))
        .route("/account/delete", get(account::delete).post(account::deleted))
        .route("/account/backup", get(account::backup).post(account::start_backup))
        .route("/account/backup/file", get(account::backup_file))
        .route("/account/backup/done", post(account::backup_done))
        .route("/unlock", get(unlock::show).post(unlock::unlock))
        .route("/lock", post(unlock::lock))
        .route("/sign-out", post(unlock::sign_out))
        .route("/chats", get(chat::list))
        .route("/chats/{conversation}", get(chat::show))
        .route("/chats/{conversation}/search", get(search::within))
        .route("/chats/{conversation}/messages", get(chat::stretch).post(chat::send))
        .route("/chats/{conversation}/messages/{message}", get(message::show))
        .route("/chats/{conversation}/messages/{message}/edit", post(message::edit))
        .route("/chats/{conversation}/messages/{message}/delete", post(message::delete))
        .route("/chats/{conversation}/messages/{message}/react", post(message::react))
        .route("/chats/{conversation}/messages/{message}/unread", post(message::unread))
        .route("/emoji", get(message::emoji))
        .route("/chats/{conversation}/clear", get(clear::show).post(clear::clear))
        .route("/chats/{conversation}/read", post(chat::read_up_to))
        .route("/chats/{conversation}/typing", post(chat::typing))
        .route("/chats/{conversation}/draft", post(chat::draft))
        .route("/search", get(search::everywhere))
        .route("/go", get(switch::show))
        .route("/chats/{conversation}/mute", post(alerts::mute))
        .route("/chats/{conversation}/timer", post(chat::timer))
        .route("/people", get(people::show))
        .route("/people/ask", post(people::ask))
        .route("/people/connect", get(people::connect).post(people::connect_now))
        .route("/people/{user}/accept", post(people::accept))
        .route("/people/{user}/decline", post(people::decline))
        .route("/people/{user}/block", post(people::block))
        .route("/people/{user}/unblock", post(people::unblock))
        .route("/people/{user}/confirm-keys", post(people::confirm_keys))
        .route("/network", get(network::show))
        .route("/network/connect", post(network::connect))
        .route("/network/{user}", get(network::doctor))
        .route("/network/{user}/test", post(network::test))
        .route("/settings", get(settings::show))
        .route("/settings/visibility", post(settings::visibility))
        .route("/settings/notifications", post(alerts::change))
        .route("/settings/receipts", post(settings::receipts))
        .route("/settings/typing", post(settings::typing))
        .route("/settings/browser/{choice}", post(settings::choose))
        .route("/settings/directory", post(settings::directory))
        .route("/settings/tokens", post(settings::create_token))
        .route("/settings/tokens/{token}/revoke", post(settings::revoke_token))
        .route("/settings/sessions/{session}/end", post(settings::end_session))
        .route("/settings/sessions/end-others", post(settings::end_other_sessions))
        .route("/api", get(reference::show))
        .route("/live", get(live::line))
        .route("/a/{build}/{name}", get(assets::file))
        .layer(Extension(setup::Drafts::default()))
        .layer(Extension(account::Backups::default()))
        .layer(Extension(live::Lines::default()))
        .route_layer(middleware::from_fn_with_state(door.clone(), in_words))
}

/// To where the node stands.
async fn home(_: Session, State(service): State<Service>) -> Redirect {
    Redirect::to(match service.stage().await {
        Stage::Fresh => "/setup/welcome",
        Stage::Locked => "/unlock",
        Stage::Open => "/chats",
    })
}

/// How the browser of a request wants its answer: looks, time zone, and whether a script asks.
#[derive(Debug, Clone)]
pub(super) struct Look {
    choices: Choices,
    when: When,
    script: bool,
}

impl Look {
    fn new(headers: &HeaderMap, now: WallMs) -> Self {
        let wants = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        Self {
            choices: Choices::read(|name| cookie_value(headers, name)),
            when: When::from_cookie(now, cookie_value(headers, "tz")),
            script: wants.starts_with("application/json"),
        }
    }

    pub(super) fn page(&self, session: &Session) -> Page {
        Page::new(self.choices, session.csrf().to_owned(), self.when.clone())
    }

    /// As [`Look::page`], later: a live line outlives the request that opened it.
    pub(super) fn page_at(&self, session: &Session, now: WallMs) -> Page {
        Page::new(self.choices, session.csrf().to_owned(), When::new(now, self.when.zone.clone()))
    }

    /// A form is done: scripts hear just that, browsers go on to the next page.
    fn done(&self, next: &str) -> Response {
        if self.script {
            axum::http::StatusCode::NO_CONTENT.into_response()
        } else {
            Redirect::to(next).into_response()
        }
    }
}

impl<S> FromRequestParts<S> for Look
where
    S: Send + Sync,
    Door: FromRef<S>,
{
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        Ok(Self::new(&parts.headers, Door::from_ref(state).clock.wall()))
    }
}

/// A look at a page: session and looks in one.
#[derive(Debug)]
pub(super) struct Visit {
    look: Look,
    session: Session,
}

impl Visit {
    pub(super) fn page(&self) -> Page {
        self.look.page(&self.session)
    }
}

impl<S> FromRequestParts<S> for Visit
where
    S: Send + Sync,
    Door: FromRef<S>,
{
    type Rejection = NoSession;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, NoSession> {
        let Ok(look) = Look::from_request_parts(parts, state).await;
        let session = <Session as FromRequestParts<S>>::from_request_parts(parts, state).await?;
        Ok(Self { look, session })
    }
}

fn html(page: &impl web::Html) -> Response {
    Html(page.html()).into_response()
}

/// Handlers refuse with [`Error`]; scripts of a page get it as it is, people get a page.
async fn in_words(State(door): State<Door>, request: Request, next: Next) -> Response {
    let look = Look::new(request.headers(), door.clock.wall());
    let response = next.run(request).await;
    match response.extensions().get::<Error>() {
        Some(error) if !look.script => trouble(&look, error),
        _ => response,
    }
}

/// The answer to somebody who asked for an address that is not there, or in the wrong way.
pub(super) fn nothing_here(headers: &HeaderMap, error: &Error) -> Response {
    trouble(&Look::new(headers, WallMs(0)), error)
}

fn trouble(look: &Look, error: &Error) -> Response {
    match error {
        Error::Service(service::Error::Fresh) => return Redirect::to("/setup/welcome").into_response(),
        Error::Service(service::Error::Locked) => return Redirect::to("/unlock").into_response(),
        _ => {}
    }
    let title = match error {
        Error::NoRoute => "There is no such page",
        Error::Service(service::Error::UnknownConversation) => "There is no such chat",
        Error::Csrf => "This page is too old",
        Error::OtherSite => "Not from here",
        _ if error.status().is_server_error() => "That did not work",
        _ => "That is not possible",
    };
    let text = match error {
        Error::Service(service::Error::UnknownConversation) => {
            "The address may be mistyped, or the chat was deleted.".to_owned()
        }
        _ => error.to_string(),
    };
    let page = TroublePage {
        page: Page::new(look.choices, String::new(), look.when.clone()),
        title: title.to_owned(),
        text,
        action: Some(("/".to_owned(), "Go to your chats".to_owned())),
    };
    (error.status(), Html(page.html())).into_response()
}
