//! Name and passphrase: one form for registering and for signing in.

use axum::{
    Extension,
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use web::{
    Field,
    setup::{AccountPage, ConfirmPage},
};

use super::{
    super::{Look, Visit, html},
    Draft, Drafts, fresh,
    reset::reset_page,
};
use crate::{
    http::csrf::Form,
    service::{self, Passphrase, Service, account::Keys},
};

fn account_page(visit: &Visit, draft: &Draft) -> AccountPage {
    AccountPage {
        page: visit.page(),
        purpose: draft.purpose(),
        directory: draft.directory_name(),
        username: Field::new(draft.username.clone()),
        passphrase: Field::default(),
        error: None,
    }
}

/// `GET /setup/account`
pub(in crate::http::pages) async fn account(
    visit: Visit,
    State(service): State<Service>,
    Extension(drafts): Extension<Drafts>,
) -> Result<Response, Response> {
    fresh(&service).await?;
    Ok(html(&account_page(&visit, &drafts.of(&visit.session))))
}

#[derive(Debug, Deserialize)]
pub(in crate::http::pages) struct Pair {
    username: String,
    passphrase: Passphrase,
}

/// `POST /setup/account`: one form for registering and for signing in.
pub(in crate::http::pages) async fn enter(
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
pub(super) async fn go_in(
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
            let mut page = reset_page(visit, &draft, entry.keys);
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
        service::Error::NameTaken | service::Error::BadUsername(_) => page.username.error = said,
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
pub(in crate::http::pages) async fn confirm(
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
pub(in crate::http::pages) struct Go {
    go: String,
}

/// `POST /setup/confirm`
pub(in crate::http::pages) async fn confirmed(
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
