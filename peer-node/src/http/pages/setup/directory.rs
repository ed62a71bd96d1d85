//! With an account, or without; and at which directory.

use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use web::{
    Field,
    setup::{DirectoryPage, FoundDirectory, WelcomePage},
};

use super::{
    super::{html, view},
    Answer, Draft, FirstRun,
};
use crate::service::account::DirectoryAddress;

/// `GET /setup/welcome`
pub(in crate::http::pages) async fn welcome(run: FirstRun) -> Response {
    html(&WelcomePage { page: run.visit.page() })
}

#[derive(Debug, Deserialize)]
pub(in crate::http::pages) struct Choice {
    choice: String,
}

/// `POST /setup/welcome`
pub(in crate::http::pages) async fn choose(Answer { mut run, fields }: Answer<Choice>) -> Response {
    let choice = fields.choice.as_str();
    let directory = (choice != "without").then(|| run.service.offered_directory()).flatten();
    run.draft = Draft { signs_in: choice == "sign_in", directory, ..Draft::default() };
    run.goes_on(if choice == "without" { "/setup/account" } else { "/setup/directory" })
}

fn directory_page(run: &FirstRun, url: Field) -> DirectoryPage {
    DirectoryPage {
        page: run.visit.page(),
        purpose: run.draft.purpose(),
        url,
        found: run.draft.found.clone(),
    }
}

/// `GET /setup/directory`
pub(in crate::http::pages) async fn directory(run: FirstRun) -> Response {
    let url = run.draft.directory.as_ref().map(|directory| directory.url.clone()).unwrap_or_default();
    html(&directory_page(&run, Field::new(url)))
}

#[derive(Debug, Deserialize)]
pub(in crate::http::pages) struct Address {
    url: String,
    go: Option<String>,
}

/// `POST /setup/directory`: asks who is there first, then goes on.
pub(in crate::http::pages) async fn set_directory(Answer { mut run, fields }: Answer<Address>) -> Response {
    let url = fields.url.trim().to_owned();
    let same = run.draft.directory.as_ref().is_some_and(|directory| directory.url == url);
    if fields.go.as_deref() == Some("next") && same && run.draft.found.is_some() {
        return Redirect::to("/setup/account").into_response();
    }
    let offered = run.service.offered_directory().filter(|offered| offered.url == url);
    let wanted = offered.unwrap_or(DirectoryAddress { url: url.clone(), pin: None });
    let field = match run.service.find_directory(&wanted).await {
        Ok(found) => {
            let name = view::host(&found.url);
            run.draft.directory = Some(DirectoryAddress { url: found.url.clone(), pin: wanted.pin });
            run.draft.found = Some(FoundDirectory { name, fingerprint: found.fingerprint });
            Field::new(found.url)
        }
        Err(error) => {
            run.draft.found = None;
            let said = view::about_directory(&error, &url);
            Field::wrong(url, said)
        }
    };
    let page = directory_page(&run, field);
    run.shows(&page)
}
