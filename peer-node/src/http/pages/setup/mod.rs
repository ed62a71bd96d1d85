//! The first run: one question a page. What was answered waits in memory, by session, and never in a page.

mod account;
mod directory;
mod recovery;
mod reset;
mod visibility;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::response::{IntoResponse, Redirect, Response};
use web::setup::{FoundDirectory, Purpose};

pub(super) use account::{account, confirm, confirmed, enter};
pub(super) use directory::{choose, directory, set_directory, welcome};
pub(super) use recovery::{recovery, recovery_file, recovery_saved};
pub(super) use reset::{reset, reset_or_restore};
pub(super) use visibility::{set_visibility, visibility};

use super::view;
use crate::{
    http::session::Session,
    service::{
        Passphrase, Service, Stage,
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

    fn of(&self, session: &Session) -> Draft {
        self.held().get(session.id()).cloned().unwrap_or_default()
    }

    fn keep(&self, session: &Session, draft: Draft) {
        let mut held = self.held();
        if held.len() >= MOST {
            held.clear();
        }
        held.insert(session.id().to_owned(), draft);
    }

    fn forget(&self, session: &Session) {
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
