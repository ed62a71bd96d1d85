//! Signing out everywhere: every browser, every session at the directory, and the tokens if that is wanted.

use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use web::account::SignOutPage;

use super::{
    super::{Visit, html},
    owner,
};
use crate::http::{Door, Error, csrf::Form};

/// `GET /account/sign-out`
pub(in crate::http::pages) async fn sign_out(
    visit: Visit,
    State(door): State<Door>,
) -> Result<Response, Error> {
    let (_, directory) = owner(&door.service).await?;
    let now = door.clock.wall();
    Ok(html(&SignOutPage {
        page: visit.page(),
        directory,
        browsers: door.sessions.list(now).len(),
        tokens: door.service.tokens().list(now)?.into_iter().map(|token| token.name).collect(),
    }))
}

#[derive(Debug, Deserialize)]
pub(in crate::http::pages) struct Leave {
    tokens: Option<String>,
}

/// `POST /account/sign-out`
pub(in crate::http::pages) async fn signed_out(
    State(door): State<Door>,
    form: Form<Leave>,
) -> Result<Response, Error> {
    door.service.sign_out_everywhere().await?;
    if form.fields.tokens.is_some() {
        door.service.tokens().revoke_all()?;
    }
    door.sessions.revoke_all();
    Ok(Redirect::to("/launch").into_response())
}
