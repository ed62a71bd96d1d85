//! The end of the account: typed by name, so that nobody does it by a slip.

use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use web::{Field, account::DeletePage};

use super::{
    super::{Look, Visit, html},
    leads_away, owner,
};
use crate::{
    http::{Door, Error, csrf::Form},
    service::{self, Passphrase},
};

async fn page(visit: &Visit, door: &Door) -> Result<DeletePage, Error> {
    let (username, directory) = owner(&door.service).await?;
    Ok(DeletePage {
        page: visit.page(),
        username,
        directory,
        name: Field::default(),
        passphrase: Field::default(),
        error: None,
    })
}

/// `GET /account/delete`
pub(in crate::http::pages) async fn delete(
    visit: Visit,
    State(door): State<Door>,
) -> Result<Response, Error> {
    Ok(html(&page(&visit, &door).await?))
}

#[derive(Debug, Deserialize)]
pub(in crate::http::pages) struct Farewell {
    name: String,
    passphrase: Passphrase,
}

/// `POST /account/delete`: other browsers go, too; this one sees the first page of all.
pub(in crate::http::pages) async fn deleted(
    look: Look,
    State(door): State<Door>,
    form: Form<Farewell>,
) -> Result<Response, Error> {
    let Farewell { name, passphrase } = form.fields;
    let visit = Visit { look, session: form.session };
    let mut page = page(&visit, &door).await?;
    if name.trim() != page.username {
        let said = format!("Type your name as it stands here: {}.", page.username);
        page.name = Field::wrong(name, said);
        return Ok((axum::http::StatusCode::UNPROCESSABLE_ENTITY, html(&page)).into_response());
    }
    let Err(error) = door.service.delete_account(&passphrase).await else {
        door.sessions.revoke_others(visit.session.id());
        return Ok(Redirect::to("/").into_response());
    };
    if leads_away(&error) {
        return Err(error.into());
    }
    page.name = Field::new(name);
    match &error {
        service::Error::DirectoryDown => {
            page.error = Some(
                "No answer from the directory, so nothing was deleted. Try again when it is reachable."
                    .to_owned(),
            );
        }
        error if error.field() == Some("passphrase") => page.passphrase.error = Some(error.to_string()),
        error => page.error = Some(error.to_string()),
    }
    Ok((Error::from(error).status(), html(&page)).into_response())
}
