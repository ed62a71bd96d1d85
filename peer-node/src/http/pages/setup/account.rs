//! Name and passphrase: one form for registering and for signing in.

use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use web::{
    Field,
    setup::{AccountPage, ConfirmPage},
};

use super::{super::html, Answer, FirstRun, reset::reset_page};
use crate::service::{self, Passphrase, account::Keys};

fn account_page(run: &FirstRun) -> AccountPage {
    AccountPage {
        page: run.visit.page(),
        purpose: run.draft.purpose(),
        directory: run.draft.directory_name(),
        username: Field::new(run.draft.username.clone()),
        passphrase: Field::default(),
        error: None,
    }
}

/// `GET /setup/account`
pub(in crate::http::pages) async fn account(run: FirstRun) -> Response {
    html(&account_page(&run))
}

#[derive(Debug, Deserialize)]
pub(in crate::http::pages) struct Pair {
    username: String,
    passphrase: Passphrase,
}

/// `POST /setup/account`: one form for registering and for signing in.
pub(in crate::http::pages) async fn enter(Answer { mut run, fields }: Answer<Pair>) -> Response {
    run.draft.username = fields.username.trim().to_owned();
    run.draft.passphrase = Some(fields.passphrase);
    go_in(run, false, Keys::Unsaid).await
}

/// Enters, or shows what stands in the way where it can be mended.
pub(super) async fn go_in(mut run: FirstRun, confirm_new: bool, keys: Keys) -> Response {
    let Some(entry) = run.draft.entry(confirm_new, keys) else {
        return Redirect::to("/setup/account").into_response();
    };
    let Err(error) = run.service.enter(&entry).await else {
        run.draft.passphrase = None;
        run.draft.entered = true;
        return run.goes_on("/setup/recovery");
    };
    let said = Some(error.to_string());
    match error {
        service::Error::NewName => return run.goes_on("/setup/confirm"),
        service::Error::NeedsKeys => return run.goes_on("/setup/reset"),
        service::Error::BadRecovery(_) | service::Error::WrongRecovery => {
            let mut page = reset_page(&run, entry.keys);
            let wrong_key = matches!(error, service::Error::WrongRecovery);
            let field = if wrong_key { &mut page.key } else { &mut page.recovery };
            field.error = said;
            return run.shows(&page);
        }
        _ => {}
    }
    let mut page = account_page(&run);
    match error {
        service::Error::NameTaken | service::Error::BadUsername(_) => page.username.error = said,
        service::Error::ShortPassphrase { .. }
        | service::Error::LongPassphrase { .. }
        | service::Error::WeakPassphrase { .. } => page.passphrase.error = said,
        _ => page.error = said,
    }
    run.draft.passphrase = None;
    run.shows(&page)
}

/// `GET /setup/confirm`
pub(in crate::http::pages) async fn confirm(run: FirstRun) -> Response {
    match (run.draft.directory_name(), &run.draft.passphrase) {
        (Some(directory), Some(_)) => {
            html(&ConfirmPage { page: run.visit.page(), username: run.draft.username, directory })
        }
        _ => Redirect::to("/setup/account").into_response(),
    }
}

#[derive(Debug, Deserialize)]
pub(in crate::http::pages) struct Go {
    go: String,
}

/// `POST /setup/confirm`
pub(in crate::http::pages) async fn confirmed(Answer { run, fields }: Answer<Go>) -> Response {
    if fields.go != "create" {
        return Redirect::to("/setup/account").into_response();
    }
    go_in(run, true, Keys::Unsaid).await
}
