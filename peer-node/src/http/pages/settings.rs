//! Settings: each form saves one thing and comes back.

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use cookie::{Cookie, SameSite};
use serde::Deserialize;
use web::{
    Field,
    choices::Choice,
    settings::{Part, Session, SettingsPage, Token},
    shell::Place,
};

use super::{Look, Visit, alerts, html, view};
use crate::{
    http::{Door, Error, api::Query, csrf::Form},
    service::{
        self, DirectoryState, Passphrase, Relation, Service, SettingsChange, account::DirectoryAddress,
        tokens::Scope,
    },
};

/// How long a browser keeps what it chose, in seconds: a year.
const CHOICE_LIFE: i64 = 365 * 24 * 3600;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    saved: String,
}

/// `GET /settings`
pub(super) async fn show(
    visit: Visit,
    State(door): State<Door>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Error> {
    let mut page = settings_page(&visit, &door).await?;
    page.saved = Part::from_word(&wanted.saved);
    Ok(html(&page))
}

async fn settings_page(visit: &Visit, door: &Door) -> Result<SettingsPage, Error> {
    let service = &door.service;
    let shell = view::shell(service, Place::Settings).await?;
    let settings = service.settings().await?;
    let (url, fingerprint) = match service.status().await.directory {
        DirectoryState::None => (String::new(), None),
        DirectoryState::Up { url, fingerprint } => (url, Some(fingerprint)),
        DirectoryState::Down { url, .. } | DirectoryState::SignedOut { url } => (url, None),
    };
    let tokens = service.tokens().list(door.clock.wall())?;
    let people = service.people().await?;
    Ok(SettingsPage {
        page: visit.page(),
        shell,
        receipts: settings.receipts,
        typing: settings.typing,
        alerts: alerts::view(service.alerts().await?),
        directory: Field::new(url),
        directory_passphrase: Field::default(),
        fingerprint,
        tokens: tokens.iter().map(token).collect(),
        new_token: None,
        token_name: Field::default(),
        blocked: people
            .iter()
            .filter(|person| person.relation == Relation::Blocked)
            .map(view::person)
            .collect(),
        sessions: sessions(visit, door),
        saved: None,
        version: env!("CARGO_PKG_VERSION").to_owned(),
    })
}

/// This browser first, then those that were here last.
fn sessions(visit: &Visit, door: &Door) -> Vec<Session> {
    let mut sessions: Vec<Session> = door
        .sessions
        .list(door.clock.wall())
        .into_iter()
        .map(|listed| Session {
            current: listed.id == visit.session.id(),
            id: listed.id,
            browser: web::browser::words(&listed.browser),
            seen: listed.seen,
        })
        .collect();
    sessions.sort_by_key(|session| (!session.current, std::cmp::Reverse(session.seen)));
    sessions
}

fn token(token: &service::tokens::Token) -> Token {
    Token {
        id: token.id.clone(),
        name: token.name.clone(),
        scopes: token.scopes.iter().map(|scope| scope.word().to_owned()).collect(),
        created: token.created,
    }
}

fn saved(look: &Look, part: Part) -> Response {
    look.done(&format!("/settings?saved={0}#{0}", part.word()))
}

#[derive(Debug, Deserialize)]
pub(super) struct WhoFinds {
    visibility: String,
}

/// `POST /settings/visibility`
pub(super) async fn visibility(
    look: Look,
    State(service): State<Service>,
    form: Form<WhoFinds>,
) -> Result<Response, Error> {
    let wanted = view::wanted_visibility(&form.fields.visibility).ok_or_else(unknown_visibility)?;
    service.change_settings(SettingsChange { visibility: Some(wanted), ..SettingsChange::default() }).await?;
    Ok(saved(&look, Part::Visibility))
}

pub(super) fn unknown_visibility() -> Error {
    Error::Field { field: "visibility".to_owned(), reason: "Choose one of the three.".to_owned() }
}

/// A box that is ticked, or not sent at all.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Switch {
    on: Option<String>,
}

/// `POST /settings/receipts`
pub(super) async fn receipts(
    look: Look,
    State(service): State<Service>,
    form: Form<Switch>,
) -> Result<Response, Error> {
    let receipts = Some(form.fields.on.is_some());
    service.change_settings(SettingsChange { receipts, ..SettingsChange::default() }).await?;
    Ok(saved(&look, Part::Receipts))
}

/// `POST /settings/typing`
pub(super) async fn typing(
    look: Look,
    State(service): State<Service>,
    form: Form<Switch>,
) -> Result<Response, Error> {
    let typing = Some(form.fields.on.is_some());
    service.change_settings(SettingsChange { typing, ..SettingsChange::default() }).await?;
    Ok(saved(&look, Part::Typing))
}

#[derive(Debug, Deserialize)]
pub(super) struct Chosen {
    value: String,
}

/// `POST /settings/browser/{choice}`: a matter of this browser, so it is kept there.
pub(super) async fn choose(
    look: Look,
    axum::extract::Path(name): axum::extract::Path<String>,
    form: Form<Chosen>,
) -> Result<Response, Error> {
    let choice = Choice::named(&name).ok_or(Error::NoRoute)?;
    let word = choice.option(&form.fields.value).ok_or_else(|| Error::Field {
        field: "value".to_owned(),
        reason: "Choose one of what the page offers.".to_owned(),
    })?;
    let cookie = Cookie::build((choice.name, word))
        .same_site(SameSite::Strict)
        .path("/")
        .max_age(cookie::time::Duration::seconds(CHOICE_LIFE));
    let cookie = [(header::SET_COOKIE, cookie.build().to_string())];
    Ok((cookie, saved(&look, Part::Choice(choice.name))).into_response())
}

#[derive(Debug, Deserialize)]
pub(super) struct NewDirectory {
    url: String,
    passphrase: Passphrase,
}

/// `POST /settings/directory`: an empty address leaves the directory.
pub(super) async fn directory(
    look: Look,
    State(door): State<Door>,
    form: Form<NewDirectory>,
) -> Result<Response, Error> {
    let NewDirectory { url, passphrase } = form.fields;
    let wanted = (!url.trim().is_empty()).then(|| DirectoryAddress { url: url.trim().to_owned(), pin: None });
    let error = match door.service.set_directory(wanted, &passphrase).await {
        Ok(()) => return Ok(saved(&look, Part::Directory)),
        Err(error) => error,
    };
    if look.script || matches!(error, service::Error::Locked | service::Error::Fresh) {
        return Err(error.into());
    }
    let visit = Visit { look, session: form.session };
    let mut page = settings_page(&visit, &door).await?;
    let said = Some(view::about_directory(&error, &url));
    page.directory = Field::new(url);
    if error.field() == Some("passphrase") {
        page.directory_passphrase.error = said;
    } else {
        page.directory.error = said;
    }
    Ok(html(&page))
}

#[derive(Debug, Deserialize)]
pub(super) struct NewToken {
    name: String,
    scope: String,
}

/// `POST /settings/tokens`: the answer shows the token, once.
pub(super) async fn create_token(
    look: Look,
    State(door): State<Door>,
    form: Form<NewToken>,
) -> Result<Response, Error> {
    let NewToken { name, scope } = form.fields;
    let upto: Scope = scope.parse()?;
    let scopes: Vec<Scope> = Scope::ALL.into_iter().filter(|scope| *scope <= upto).collect();
    let made = door.service.tokens().create(&name, &scopes, door.clock.wall(), None);
    let visit = Visit { look, session: form.session };
    let mut page = settings_page(&visit, &door).await?;
    match made {
        Ok((_, secret)) => page.new_token = Some(secret.reveal().to_owned()),
        Err(error) if error.field() == Some("name") => {
            page.token_name = Field::wrong(name, error.to_string())
        }
        Err(error) => return Err(error.into()),
    }
    Ok(html(&page))
}

#[derive(Debug, Deserialize)]
pub(super) struct Nothing {}

/// `POST /settings/tokens/{token}/revoke`
pub(super) async fn revoke_token(
    look: Look,
    State(service): State<Service>,
    axum::extract::Path(id): axum::extract::Path<String>,
    _: Form<Nothing>,
) -> Result<Response, Error> {
    service.tokens().revoke(&id)?;
    Ok(saved(&look, Part::Tokens))
}

/// `POST /settings/sessions/{session}/end`: one that is over already is as good.
pub(super) async fn end_session(
    look: Look,
    State(door): State<Door>,
    axum::extract::Path(id): axum::extract::Path<String>,
    _: Form<Nothing>,
) -> Response {
    door.sessions.revoke(&id);
    saved(&look, Part::Sessions)
}

/// `POST /settings/sessions/end-others`: links that were not used yet are worthless, too.
pub(super) async fn end_other_sessions(
    look: Look,
    State(door): State<Door>,
    form: Form<Nothing>,
) -> Response {
    door.sessions.revoke_others(form.session.id());
    saved(&look, Part::Sessions)
}
