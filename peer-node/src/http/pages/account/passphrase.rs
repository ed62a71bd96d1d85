//! A new passphrase, here and at the directory.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use web::{Field, account::PassphrasePage};

use super::{
    super::{Look, Visit, html},
    leads_away, owner,
};
use crate::{
    http::{Door, Error, csrf::Form},
    service::{self, Passphrase},
};

async fn page(visit: &Visit, door: &Door) -> Result<PassphrasePage, Error> {
    let (username, directory) = owner(&door.service).await?;
    Ok(PassphrasePage {
        page: visit.page(),
        username,
        directory,
        old: Field::default(),
        new: Field::default(),
        error: None,
        others: door.sessions.list(door.clock.wall()).len().saturating_sub(1),
        changed: false,
    })
}

/// `GET /account/passphrase`
pub(in crate::http::pages) async fn passphrase(
    visit: Visit,
    State(door): State<Door>,
) -> Result<Response, Error> {
    Ok(html(&page(&visit, &door).await?))
}

#[derive(Debug, Deserialize)]
pub(in crate::http::pages) struct Change {
    old: Passphrase,
    new: Passphrase,
    others: Option<String>,
}

/// `POST /account/passphrase`: whoever knew the old one may have a browser open, so the others are signed out unless
/// the tick is taken away.
pub(in crate::http::pages) async fn change(
    look: Look,
    State(door): State<Door>,
    form: Form<Change>,
) -> Result<Response, Error> {
    let Change { old, new, others } = form.fields;
    let changed = door.service.change_passphrase(&old, &new).await;
    let visit = Visit { look, session: form.session };
    let mut page = match &changed {
        Err(error) if leads_away(error) => return Err(error.clone().into()),
        _ => page(&visit, &door).await?,
    };
    let Err(error) = changed else {
        if others.is_some() {
            door.sessions.revoke_others(visit.session.id());
        }
        page.changed = true;
        return Ok(html(&page));
    };
    let said = Some(error.to_string());
    match error {
        service::Error::WrongPassphrase | service::Error::TooManyTries { .. } => page.old.error = said,
        service::Error::ShortPassphrase { .. }
        | service::Error::LongPassphrase { .. }
        | service::Error::WeakPassphrase { .. } => page.new.error = said,
        service::Error::DirectoryDown => {
            page.error = Some(
                "No answer from the directory, so the passphrase stays as it was everywhere.".to_owned(),
            );
        }
        _ => page.error = said,
    }
    Ok((Error::from(error).status(), html(&page)).into_response())
}
