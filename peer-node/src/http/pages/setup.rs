//! The first run: one question a page. What was answered waits in memory, by session, and never in a page.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Extension,
    extract::State,
    http::header,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use web::{
    Field,
    setup::{
        AccountPage, ConfirmPage, DirectoryPage, FoundDirectory, Purpose, RecoveryPage, ResetPage,
        VisibilityPage, WelcomePage,
    },
};

use super::{Look, Visit, html, settings::unknown_visibility, view};
use crate::{
    http::{Error, csrf::Form},
    service::{
        self, Passphrase, Service, SettingsChange, Stage, Visibility,
        account::{DirectoryAddress, Entry, Keys},
    },
};

/// More first runs at once than there can be sessions; the map is emptied then.
const MOST: usize = 64;

/// The answers so far, by session.
#[derive(Debug, Clone, Default)]
pub(super) struct Drafts(Arc<Mutex<HashMap<String, Draft>>>);

#[derive(Debug, Clone, Default)]
struct Draft {
    signs_in: bool,
    /// None: without one.
    directory: Option<DirectoryAddress>,
    found: Option<FoundDirectory>,
    username: String,
    passphrase: Option<Passphrase>,
    /// The account is made; recovery and visibility are left.
    entered: bool,
}

impl Drafts {
    fn held(&self) -> MutexGuard<'_, HashMap<String, Draft>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn of(&self, session: &crate::http::session::Session) -> Draft {
        self.held().get(session.id()).cloned().unwrap_or_default()
    }

    fn keep(&self, session: &crate::http::session::Session, draft: Draft) {
        let mut held = self.held();
        if held.len() >= MOST {
            held.clear();
        }
        held.insert(session.id().to_owned(), draft);
    }

    fn forget(&self, session: &crate::http::session::Session) {
        self.held().remove(session.id());
    }
}

impl Draft {
    fn purpose(&self) -> Purpose {
        if self.signs_in { Purpose::SignIn } else { Purpose::Create }
    }

    fn directory_name(&self) -> Option<String> {
        self.directory.as_ref().map(|directory| view::host(&directory.url))
    }

    fn entry(&self, confirm_new: bool, keys: Keys) -> Option<Entry> {
        Some(Entry {
            username: self.username.clone(),
            passphrase: self.passphrase.clone()?,
            directory: self.directory.clone(),
            confirm_new,
            keys,
        })
    }
}

/// The pages of the first run are for a node without an account.
async fn fresh(service: &Service) -> Result<(), Response> {
    match service.stage().await {
        Stage::Fresh => Ok(()),
        Stage::Locked | Stage::Open => Err(Redirect::to("/").into_response()),
    }
}

/// `GET /setup/welcome`
pub(super) async fn welcome(visit: Visit, State(service): State<Service>) -> Result<Response, Response> {
    fresh(&service).await?;
    Ok(html(&WelcomePage { page: visit.page() }))
}

#[derive(Debug, Deserialize)]
pub(super) struct Choice {
    choice: String,
}

/// `POST /setup/welcome`
pub(super) async fn choose(
    State(service): State<Service>,
    Extension(drafts): Extension<Drafts>,
    form: Form<Choice>,
) -> Redirect {
    let choice = form.fields.choice.as_str();
    let directory = (choice != "without").then(|| service.offered_directory()).flatten();
    drafts.keep(&form.session, Draft { signs_in: choice == "sign_in", directory, ..Draft::default() });
    Redirect::to(if choice == "without" { "/setup/account" } else { "/setup/directory" })
}

/// `GET /setup/directory`
pub(super) async fn directory(
    visit: Visit,
    State(service): State<Service>,
    Extension(drafts): Extension<Drafts>,
) -> Result<Response, Response> {
    fresh(&service).await?;
    let draft = drafts.of(&visit.session);
    let url = draft.directory.as_ref().map(|directory| directory.url.clone()).unwrap_or_default();
    let (purpose, url) = (draft.purpose(), Field::new(url));
    Ok(html(&DirectoryPage { page: visit.page(), purpose, url, found: draft.found }))
}

#[derive(Debug, Deserialize)]
pub(super) struct Address {
    url: String,
    go: Option<String>,
}

/// `POST /setup/directory`: asks who is there first, then goes on.
pub(super) async fn set_directory(
    look: Look,
    State(service): State<Service>,
    Extension(drafts): Extension<Drafts>,
    form: Form<Address>,
) -> Result<Response, Response> {
    fresh(&service).await?;
    let mut draft = drafts.of(&form.session);
    let url = form.fields.url.trim().to_owned();
    let same = draft.directory.as_ref().is_some_and(|directory| directory.url == url);
    if form.fields.go.as_deref() == Some("next") && same && draft.found.is_some() {
        return Ok(Redirect::to("/setup/account").into_response());
    }
    let offered = service.offered_directory().filter(|offered| offered.url == url);
    let wanted = offered.unwrap_or(DirectoryAddress { url: url.clone(), pin: None });
    let (field, found) = match service.find_directory(&wanted).await {
        Ok(found) => {
            let shown = FoundDirectory { name: view::host(&found.url), fingerprint: found.fingerprint };
            draft.directory = Some(DirectoryAddress { url: found.url.clone(), pin: wanted.pin });
            draft.found = Some(shown.clone());
            (Field::new(found.url), Some(shown))
        }
        Err(error) => {
            draft.found = None;
            let said = view::about_directory(&error, &url);
            (Field::wrong(url, said), None)
        }
    };
    let (page, purpose) = (look.page(&form.session), draft.purpose());
    drafts.keep(&form.session, draft);
    Ok(html(&DirectoryPage { page, purpose, url: field, found }))
}

fn account_page(visit: &Visit, draft: &Draft) -> AccountPage {
    AccountPage {
        page: visit.page(),
        purpose: draft.purpose(),
        directory: draft.directory_name(),
        username: Field::new(draft.username.clone()),
        passphrase: Field::default(),
        error: None,
        suggestions: Vec::new(),
    }
}

/// `GET /setup/account`
pub(super) async fn account(
    visit: Visit,
    State(service): State<Service>,
    Extension(drafts): Extension<Drafts>,
) -> Result<Response, Response> {
    fresh(&service).await?;
    Ok(html(&account_page(&visit, &drafts.of(&visit.session))))
}

#[derive(Debug, Deserialize)]
pub(super) struct Pair {
    username: String,
    passphrase: Passphrase,
}

/// `POST /setup/account`: one form for registering and for signing in.
pub(super) async fn enter(
    look: Look,
    State(service): State<Service>,
    Extension(drafts): Extension<Drafts>,
    form: Form<Pair>,
) -> Result<Response, Response> {
    fresh(&service).await?;
    let mut draft = drafts.of(&form.session);
    draft.username = form.fields.username.trim().to_owned();
    draft.passphrase = Some(form.fields.passphrase);
    let visit = Visit { look, session: form.session };
    Ok(go_in(&visit, &service, &drafts, draft, false, Keys::Unsaid).await)
}

/// Enters, or shows what stands in the way where it can be mended.
async fn go_in(
    visit: &Visit,
    service: &Service,
    drafts: &Drafts,
    mut draft: Draft,
    confirm_new: bool,
    keys: Keys,
) -> Response {
    let Some(entry) = draft.entry(confirm_new, keys) else {
        return Redirect::to("/setup/account").into_response();
    };
    let error = match service.enter(&entry).await {
        Ok(_) => {
            draft.passphrase = None;
            draft.entered = true;
            drafts.keep(&visit.session, draft);
            return Redirect::to("/setup/recovery").into_response();
        }
        Err(error) => error,
    };
    let said = Some(error.to_string());
    match error {
        service::Error::NewName => {
            drafts.keep(&visit.session, draft);
            return Redirect::to("/setup/confirm").into_response();
        }
        service::Error::NeedsKeys => {
            drafts.keep(&visit.session, draft);
            return Redirect::to("/setup/reset").into_response();
        }
        service::Error::BadRecovery(_) | service::Error::WrongRecovery => {
            let mut page = reset_page(visit, &draft);
            let wrong_key = matches!(error, service::Error::WrongRecovery);
            let field = if wrong_key { &mut page.key } else { &mut page.recovery };
            field.error = said;
            drafts.keep(&visit.session, draft);
            return html(&page);
        }
        _ => {}
    }
    let mut page = account_page(visit, &draft);
    match error {
        service::Error::NameTaken { suggestions } => {
            page.username.error = said;
            page.suggestions = suggestions;
        }
        service::Error::BadUsername(_) => page.username.error = said,
        service::Error::ShortPassphrase { .. }
        | service::Error::LongPassphrase { .. }
        | service::Error::WeakPassphrase { .. } => page.passphrase.error = said,
        _ => page.error = said,
    }
    draft.passphrase = None;
    drafts.keep(&visit.session, draft);
    html(&page)
}

/// `GET /setup/confirm`
pub(super) async fn confirm(
    visit: Visit,
    State(service): State<Service>,
    Extension(drafts): Extension<Drafts>,
) -> Result<Response, Response> {
    fresh(&service).await?;
    let draft = drafts.of(&visit.session);
    match (draft.directory_name(), &draft.passphrase) {
        (Some(directory), Some(_)) => {
            Ok(html(&ConfirmPage { page: visit.page(), username: draft.username, directory }))
        }
        _ => Ok(Redirect::to("/setup/account").into_response()),
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Go {
    go: String,
}

/// `POST /setup/confirm`
pub(super) async fn confirmed(
    look: Look,
    State(service): State<Service>,
    Extension(drafts): Extension<Drafts>,
    form: Form<Go>,
) -> Result<Response, Response> {
    fresh(&service).await?;
    if form.fields.go != "create" {
        return Ok(Redirect::to("/setup/account").into_response());
    }
    let draft = drafts.of(&form.session);
    let visit = Visit { look, session: form.session };
    Ok(go_in(&visit, &service, &drafts, draft, true, Keys::Unsaid).await)
}

fn reset_page(visit: &Visit, draft: &Draft) -> ResetPage {
    ResetPage {
        page: visit.page(),
        username: draft.username.clone(),
        directory: draft.directory_name().unwrap_or_default(),
        recovery: Field::default(),
        key: Field::default(),
        tick_error: None,
    }
}

/// `GET /setup/reset`
pub(super) async fn reset(
    visit: Visit,
    State(service): State<Service>,
    Extension(drafts): Extension<Drafts>,
) -> Result<Response, Response> {
    fresh(&service).await?;
    let draft = drafts.of(&visit.session);
    if draft.passphrase.is_none() {
        return Ok(Redirect::to("/setup/account").into_response());
    }
    Ok(html(&reset_page(&visit, &draft)))
}

#[derive(Debug, Deserialize)]
pub(super) struct Restoring {
    go: String,
    #[serde(default)]
    recovery: String,
    #[serde(default)]
    key: String,
    understood: Option<String>,
}

/// `POST /setup/reset`
pub(super) async fn reset_or_restore(
    look: Look,
    State(service): State<Service>,
    Extension(drafts): Extension<Drafts>,
    form: Form<Restoring>,
) -> Result<Response, Response> {
    fresh(&service).await?;
    let draft = drafts.of(&form.session);
    let visit = Visit { look, session: form.session };
    let Restoring { go, recovery, key, understood } = form.fields;
    let keys = match (go.as_str(), understood) {
        ("restore", _) => Keys::Recovery { file: recovery, key },
        ("reset", Some(_)) => Keys::Reset,
        ("reset", None) => {
            let mut page = reset_page(&visit, &draft);
            page.tick_error = Some("Tick this first: it can\u{2019}t be taken back.".to_owned());
            return Ok(html(&page));
        }
        _ => return Ok(Redirect::to("/setup/account").into_response()),
    };
    Ok(go_in(&visit, &service, &drafts, draft, false, keys).await)
}

/// `GET /setup/recovery`, in the first run and later.
pub(super) async fn recovery(
    visit: Visit,
    State(service): State<Service>,
    Extension(drafts): Extension<Drafts>,
) -> Result<Response, Error> {
    Ok(html(&recovery_page(&visit, &service, &drafts, None).await?))
}

async fn recovery_page(
    visit: &Visit,
    service: &Service,
    drafts: &Drafts,
    tick_error: Option<String>,
) -> Result<RecoveryPage, Error> {
    let recovery = service.recovery().await?;
    let me = service.status().await.me.ok_or(service::Error::Locked)?;
    let draft = drafts.of(&visit.session);
    Ok(RecoveryPage {
        page: visit.page(),
        who: web::Person::new(me.user, me.username),
        first_run: draft.entered && draft.directory.is_some(),
        key: recovery.key.to_string(),
        tick_error,
    })
}

/// `GET /setup/recovery/file`
pub(super) async fn recovery_file(_: Visit, State(service): State<Service>) -> Result<Response, Error> {
    let recovery = service.recovery().await?;
    let name: String =
        recovery.file_name.chars().filter(|c| c.is_ascii_alphanumeric() || "._-".contains(*c)).collect();
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    Ok((headers, recovery.file).into_response())
}

#[derive(Debug, Deserialize)]
pub(super) struct Saved {
    go: String,
    saved: Option<String>,
}

/// `POST /setup/recovery`
pub(super) async fn recovery_saved(
    look: Look,
    State(service): State<Service>,
    Extension(drafts): Extension<Drafts>,
    form: Form<Saved>,
) -> Result<Response, Error> {
    if form.fields.go == "next" {
        if form.fields.saved.is_none() {
            let visit = Visit { look, session: form.session };
            let said = "Save it first, then tick this. Or choose Later.".to_owned();
            return Ok(html(&recovery_page(&visit, &service, &drafts, Some(said)).await?));
        }
        service.recovery_saved().await?;
    }
    let draft = drafts.of(&form.session);
    if draft.entered && draft.directory.is_some() {
        return Ok(Redirect::to("/setup/visibility").into_response());
    }
    drafts.forget(&form.session);
    Ok(Redirect::to("/chats").into_response())
}

/// `GET /setup/visibility`
pub(super) async fn visibility(visit: Visit, State(service): State<Service>) -> Result<Response, Error> {
    let chosen = service.settings().await?.visibility;
    visibility_page(&visit, &service, chosen, None).await
}

async fn visibility_page(
    visit: &Visit,
    service: &Service,
    chosen: Visibility,
    error: Option<String>,
) -> Result<Response, Error> {
    let directory = view::network(&service.status().await).directory;
    let directory = directory.name().unwrap_or_default().to_owned();
    Ok(html(&VisibilityPage { page: visit.page(), directory, chosen: view::visibility(chosen), error }))
}

#[derive(Debug, Deserialize)]
pub(super) struct WhoFinds {
    visibility: String,
}

/// `POST /setup/visibility`: the last question.
pub(super) async fn set_visibility(
    look: Look,
    State(service): State<Service>,
    Extension(drafts): Extension<Drafts>,
    form: Form<WhoFinds>,
) -> Result<Response, Error> {
    let wanted = view::wanted_visibility(&form.fields.visibility).ok_or_else(unknown_visibility)?;
    let change = SettingsChange { visibility: Some(wanted), ..SettingsChange::default() };
    match service.change_settings(change).await {
        Ok(_) => {
            drafts.forget(&form.session);
            Ok(Redirect::to("/chats").into_response())
        }
        Err(error) if error.kind() == service::Kind::Unavailable => {
            let visit = Visit { look, session: form.session };
            visibility_page(&visit, &service, wanted, Some(error.to_string())).await
        }
        Err(error) => Err(error.into()),
    }
}
