//! A known account on a computer without its keys: bring them, or start anew.

use axum::{
    Extension,
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use web::{Field, setup::ResetPage};

use super::{
    super::{Look, Visit, html},
    Draft, Drafts,
    account::go_in,
    fresh,
};
use crate::{
    http::csrf::Form,
    service::{Service, account::Keys},
};

/// With what was typed into it: fifty-six letters and digits are not typed twice for the sake of one.
pub(super) fn reset_page(visit: &Visit, draft: &Draft, typed: Keys) -> ResetPage {
    let (recovery, key) = match typed {
        Keys::Recovery { file, key } => (file, key),
        Keys::Unsaid | Keys::Reset => Default::default(),
    };
    ResetPage {
        page: visit.page(),
        username: draft.username.clone(),
        directory: draft.directory_name().unwrap_or_default(),
        recovery: Field::new(recovery),
        key: Field::new(key),
        tick_error: None,
    }
}

/// `GET /setup/reset`
pub(in crate::http::pages) async fn reset(
    visit: Visit,
    State(service): State<Service>,
    Extension(drafts): Extension<Drafts>,
) -> Result<Response, Response> {
    fresh(&service).await?;
    let draft = drafts.of(&visit.session);
    if draft.passphrase.is_none() {
        return Ok(Redirect::to("/setup/account").into_response());
    }
    Ok(html(&reset_page(&visit, &draft, Keys::Unsaid)))
}

#[derive(Debug, Deserialize)]
pub(in crate::http::pages) struct Restoring {
    go: String,
    #[serde(default)]
    recovery: String,
    #[serde(default)]
    key: String,
    understood: Option<String>,
}

/// `POST /setup/reset`
pub(in crate::http::pages) async fn reset_or_restore(
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
            let mut page = reset_page(&visit, &draft, Keys::Recovery { file: recovery, key });
            page.tick_error = Some("Tick this first: it can\u{2019}t be taken back.".to_owned());
            return Ok(html(&page));
        }
        _ => return Ok(Redirect::to("/setup/account").into_response()),
    };
    Ok(go_in(&visit, &service, &drafts, draft, false, keys).await)
}
