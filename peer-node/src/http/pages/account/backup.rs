//! A backup from the page: written while people go on, handed out when it is whole, and not kept for long.

use std::{
    fs,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    Extension,
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use web::{
    Field,
    account::{BackupPage, BackupState},
};

use super::{
    super::{Visit, html},
    owner,
};
use crate::{
    http::{Door, Error, csrf::Form, handout::hand_out, upload::Passing},
    service::{self, Passphrase, keep::Counts},
};

/// How long a backup that nobody fetched lies here.
const KEPT: Duration = Duration::from_hours(1);

/// The one backup that this node writes or keeps for its page.
#[derive(Debug, Clone, Default)]
pub(in crate::http::pages) struct Backups(Arc<Mutex<Job>>);

#[derive(Debug, Clone, Default)]
enum Job {
    #[default]
    None,
    Writing(Arc<Passing>),
    Ready(Arc<Passing>, Counts),
    Failed(service::Error),
}

impl Job {
    fn is_of(&self, file: &Arc<Passing>) -> bool {
        matches!(self, Self::Writing(mine) | Self::Ready(mine, _) if Arc::ptr_eq(mine, file))
    }
}

impl Backups {
    fn held(&self) -> MutexGuard<'_, Job> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn state(&self) -> BackupState {
        let mut job = self.held();
        match &*job {
            Job::None => BackupState::Ask { passphrase: Field::default(), error: None },
            Job::Writing(file) => {
                // It has its name only when it is whole.
                let bytes = fs::metadata(file.0.with_extension("part")).map_or(0, |about| about.len());
                BackupState::Writing { bytes }
            }
            Job::Ready(file, counts) => BackupState::Ready {
                bytes: fs::metadata(&file.0).map_or(0, |about| about.len()),
                people: counts.people,
                messages: counts.items,
            },
            Job::Failed(error) => {
                let said = Some(error.to_string());
                let of_passphrase = error.field() == Some("passphrase");
                *job = Job::None;
                if of_passphrase {
                    BackupState::Ask { passphrase: Field { error: said, ..Field::default() }, error: None }
                } else {
                    BackupState::Ask { passphrase: Field::default(), error: said }
                }
            }
        }
    }
}

/// `GET /account/backup`: asks, or says how far it is.
pub(in crate::http::pages) async fn backup(
    visit: Visit,
    State(door): State<Door>,
    Extension(backups): Extension<Backups>,
) -> Result<Response, Error> {
    owner(&door.service).await?;
    Ok(html(&BackupPage { page: visit.page(), state: backups.state() }))
}

#[derive(Debug, Deserialize)]
pub(in crate::http::pages) struct Start {
    passphrase: Passphrase,
}

/// `POST /account/backup`: begins one, unless one is being written.
pub(in crate::http::pages) async fn start(
    State(door): State<Door>,
    Extension(backups): Extension<Backups>,
    form: Form<Start>,
) -> Result<Response, Error> {
    let (username, _) = owner(&door.service).await?;
    let next = Redirect::to("/account/backup").into_response();
    let passphrase = form.fields.passphrase;
    if let Err(error) = passphrase.check_new(&username) {
        *backups.held() = Job::Failed(error);
        return Ok(next);
    }
    let file = Arc::new(Passing(door.service.backup_place()));
    {
        let mut job = backups.held();
        if matches!(*job, Job::Writing(_)) {
            return Ok(next);
        }
        *job = Job::Writing(file.clone());
    }
    // Its owner is the node: it ends with the file written, or refused; closing drops it.
    tokio::spawn(async move {
        let written = tokio::select! {
            written = door.service.back_up(&passphrase, &file.0) => written,
            () = door.closing.cancelled() => return,
        };
        {
            let mut job = backups.held();
            if !job.is_of(&file) {
                return;
            }
            *job = match written {
                Ok(counts) => Job::Ready(file.clone(), counts),
                Err(error) => Job::Failed(error),
            };
        }
        // From here on only the page holds it: who says that they have it takes it away before this does.
        let file = {
            let held = Arc::downgrade(&file);
            drop(file);
            held
        };
        tokio::select! {
            () = tokio::time::sleep(KEPT) => {}
            () = door.closing.cancelled() => {}
        }
        let mut job = backups.held();
        if file.upgrade().is_some_and(|file| job.is_of(&file)) {
            *job = Job::None;
        }
    });
    Ok(next)
}

/// `GET /account/backup/file`
pub(in crate::http::pages) async fn file(
    _: Visit,
    State(door): State<Door>,
    Extension(backups): Extension<Backups>,
) -> Result<Response, Error> {
    owner(&door.service).await?;
    let ready = match &*backups.held() {
        Job::Ready(file, _) => Some(file.clone()),
        _ => None,
    };
    match ready {
        Some(file) => hand_out(file).await,
        None => Ok(Redirect::to("/account/backup").into_response()),
    }
}

#[derive(Debug, Deserialize)]
pub(in crate::http::pages) struct Nothing {}

/// `POST /account/backup/done`: the copy here goes.
pub(in crate::http::pages) async fn done(
    Extension(backups): Extension<Backups>,
    _: Form<Nothing>,
) -> Redirect {
    let mut job = backups.held();
    if matches!(*job, Job::Ready(..)) {
        *job = Job::None;
    }
    Redirect::to("/settings#data")
}
