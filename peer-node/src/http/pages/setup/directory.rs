//! With an account, or without; and at which directory.

use axum::{
    Extension,
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use web::{
    Field,
    setup::{DirectoryPage, FoundDirectory, WelcomePage},
};

use super::{
    super::{Look, Visit, html, view},
    Draft, Drafts, fresh,
};
use crate::{
    http::csrf::Form,
    service::{Service, account::DirectoryAddress},
};

/// `GET /setup/welcome`
pub(in crate::http::pages) async fn welcome(
    visit: Visit,
    State(service): State<Service>,
) -> Result<Response, Response> {
    fresh(&service).await?;
    Ok(html(&WelcomePage { page: visit.page() }))
}

#[derive(Debug, Deserialize)]
pub(in crate::http::pages) struct Choice {
    choice: String,
}

/// `POST /setup/welcome`
pub(in crate::http::pages) async fn choose(
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
pub(in crate::http::pages) async fn directory(
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
pub(in crate::http::pages) struct Address {
    url: String,
    go: Option<String>,
}

/// `POST /setup/directory`: asks who is there first, then goes on.
pub(in crate::http::pages) async fn set_directory(
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
