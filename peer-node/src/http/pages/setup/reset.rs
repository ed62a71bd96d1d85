//! A known account on a computer without its keys: bring them, or start anew.

use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use web::{Field, setup::ResetPage};

use super::{super::html, Answer, FirstRun, account::go_in};
use crate::service::account::Keys;

/// With what was typed into it: fifty-six letters and digits are not typed twice for the sake of one.
pub(super) fn reset_page(run: &FirstRun, typed: Keys) -> ResetPage {
    let (recovery, key) = match typed {
        Keys::Recovery { file, key } => (file, key),
        Keys::Unsaid | Keys::Reset => Default::default(),
    };
    ResetPage {
        page: run.visit.page(),
        username: run.draft.username.clone(),
        directory: run.draft.directory_name().unwrap_or_default(),
        recovery: Field::new(recovery),
        key: Field::new(key),
        tick_error: None,
    }
}

/// `GET /setup/reset`
pub(in crate::http::pages) async fn reset(run: FirstRun) -> Response {
    if run.draft.passphrase.is_none() {
        return Redirect::to("/setup/account").into_response();
    }
    html(&reset_page(&run, Keys::Unsaid))
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
pub(in crate::http::pages) async fn reset_or_restore(Answer { run, fields }: Answer<Restoring>) -> Response {
    let Restoring { go, recovery, key, understood } = fields;
    let keys = match (go.as_str(), understood) {
        ("restore", _) => Keys::Recovery { file: recovery, key },
        ("reset", Some(_)) => Keys::Reset,
        ("reset", None) => {
            let mut page = reset_page(&run, Keys::Recovery { file: recovery, key });
            page.tick_error = Some("Tick this first: it can\u{2019}t be taken back.".to_owned());
            return html(&page);
        }
        _ => return Redirect::to("/setup/account").into_response(),
    };
    go_in(run, false, keys).await
}
