//! Unlock, lock, and sign out.

use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use protocol::ids::UserId;
use serde::Deserialize;
use web::{Field, Person, unlock::UnlockPage};

use super::{Look, Visit, html};
use crate::{
    http::{Error, api::Query, csrf::Form},
    service::{self, Kind, Passphrase, Service, Stage},
};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    with: String,
}

/// `GET /unlock`; `?with=recovery` asks for the recovery key.
pub(super) async fn show(
    visit: Visit,
    State(service): State<Service>,
    Query(wanted): Query<Wanted>,
) -> Response {
    match service.stage().await {
        Stage::Locked => html(&unlock_page(&visit, &service, wanted.with == "recovery").await),
        Stage::Fresh | Stage::Open => Redirect::to("/").into_response(),
    }
}

async fn unlock_page(visit: &Visit, service: &Service, recovery: bool) -> UnlockPage {
    // While locked nobody's keys are known, so the avatar has the colour of nobody.
    let who = service.status().await.username.map(|name| Person::new(UserId([0; 32]), name));
    let (secret, new_passphrase) = (Field::default(), Field::default());
    UnlockPage { page: visit.page(), who, recovery, secret, new_passphrase, wait: None }
}

#[derive(Debug, Deserialize)]
pub(super) struct Secrets {
    passphrase: Option<Passphrase>,
    recovery_key: Option<String>,
    new_passphrase: Option<Passphrase>,
}

/// `POST /unlock`, field `passphrase`, or `recovery_key` and `new_passphrase`.
pub(super) async fn unlock(
    look: Look,
    State(service): State<Service>,
    form: Form<Secrets>,
) -> Result<Response, Error> {
    let Secrets { passphrase, recovery_key, new_passphrase } = form.fields;
    let recovery = recovery_key.is_some();
    let error = match (passphrase, recovery_key.as_ref(), new_passphrase) {
        (_, Some(key), Some(new)) => service.unlock_with_recovery(key, &new).await,
        (Some(passphrase), None, _) => service.unlock(&passphrase).await,
        _ => return Err(missing()),
    };
    let Err(error) = error else { return Ok(look.done("/chats")) };
    if look.script || !matches!(error.kind(), Kind::Forbidden | Kind::TooMany | Kind::Invalid) {
        return Err(error.into());
    }
    let visit = Visit { look, session: form.session };
    let mut page = unlock_page(&visit, &service, recovery).await;
    // Fifty-six letters and digits are not typed twice for the sake of one.
    page.secret.value = recovery_key.unwrap_or_default();
    let said = Some(error.to_string());
    match error {
        service::Error::TooManyTries { seconds } => page.wait = Some(seconds),
        _ if recovery && error.field() == Some("passphrase") => page.new_passphrase.error = said,
        _ => page.secret.error = said,
    }
    Ok((Error::from(error).status(), html(&page)).into_response())
}

fn missing() -> Error {
    Error::Field { field: "passphrase".to_owned(), reason: "Type your passphrase.".to_owned() }
}

#[derive(Debug, Deserialize)]
pub(super) struct Nothing {}

/// `POST /lock`
pub(super) async fn lock(
    look: Look,
    State(service): State<Service>,
    _: Form<Nothing>,
) -> Result<Response, Error> {
    service.lock().await?;
    Ok(look.done("/unlock"))
}

/// `POST /sign-out`
pub(super) async fn sign_out(
    look: Look,
    State(service): State<Service>,
    _: Form<Nothing>,
) -> Result<Response, Error> {
    service.sign_out().await?;
    Ok(look.done("/"))
}
