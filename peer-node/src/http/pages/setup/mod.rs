//! The first run: one question a page. What was answered waits in memory, by session, and never in a page.

mod account;
mod directory;
mod recovery;
mod reset;
mod restore;
mod visibility;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Extension, RequestExt,
    extract::{FromRef, FromRequest, FromRequestParts, Request},
    http::request::Parts,
    response::{IntoResponse, Redirect, Response},
};
use serde::de::DeserializeOwned;
use web::setup::{FoundDirectory, Purpose};

pub(super) use account::{account, confirm, confirmed, enter};
pub(super) use directory::{choose, directory, set_directory, welcome};
pub(super) use recovery::{recovery, recovery_file, recovery_saved};
pub(super) use reset::{reset, reset_or_restore};
pub(super) use restore::{restore, restored};
pub(super) use visibility::{set_visibility, visibility};

use super::{Look, Visit, html, view};
use crate::{
    http::{Door, csrf::Form, session::Session},
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

/// A visit of the first run, with what was answered so far. Only a node without an account has one: whoever comes later
/// is led to the start.
#[derive(Debug)]
pub(super) struct FirstRun {
    visit: Visit,
    service: Service,
    drafts: Drafts,
    draft: Draft,
}

impl FirstRun {
    async fn new(visit: Visit, service: Service, drafts: Drafts) -> Result<Self, Response> {
        match service.stage().await {
            Stage::Fresh => {
                let draft = drafts.of(&visit.session);
                Ok(Self { visit, service, drafts, draft })
            }
            Stage::Locked | Stage::Open => Err(Redirect::to("/").into_response()),
        }
    }

    /// Keeps the answers, and shows a page.
    fn shows(self, page: &impl web::Html) -> Response {
        self.drafts.keep(&self.visit.session, self.draft);
        html(page)
    }

    /// Keeps the answers, and goes on to the next page.
    fn goes_on(self, next: &str) -> Response {
        self.drafts.keep(&self.visit.session, self.draft);
        Redirect::to(next).into_response()
    }
}

impl<S> FromRequestParts<S> for FirstRun
where
    S: Send + Sync,
    Door: FromRef<S>,
    Service: FromRef<S>,
{
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let visit = Visit::from_request_parts(parts, state).await.map_err(IntoResponse::into_response)?;
        let Extension(drafts) =
            Extension::from_request_parts(parts, state).await.map_err(IntoResponse::into_response)?;
        Self::new(visit, Service::from_ref(state), drafts).await
    }
}

/// A form of the first run.
#[derive(Debug)]
pub(super) struct Answer<T> {
    run: FirstRun,
    fields: T,
}

impl<T, S> FromRequest<S> for Answer<T>
where
    T: DeserializeOwned + Send,
    S: Send + Sync,
    Door: FromRef<S>,
    Service: FromRef<S>,
{
    type Rejection = Response;

    async fn from_request(mut request: Request, state: &S) -> Result<Self, Response> {
        let Ok(look) = request.extract_parts_with_state::<Look, S>(state).await;
        let Extension(drafts) = request.extract_parts().await.map_err(IntoResponse::into_response)?;
        let Form { session, fields } = Form::from_request(request, state).await?;
        let visit = Visit { look, session };
        Ok(Self { run: FirstRun::new(visit, Service::from_ref(state), drafts).await?, fields })
    }
}
