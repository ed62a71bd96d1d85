//! The recovery key and file: in the first run, and whenever they are asked for.

use axum::{
    Extension,
    extract::State,
    http::header,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use web::setup::RecoveryPage;

use super::{
    super::{Look, Visit, html},
    Drafts,
};
use crate::{
    http::{Error, csrf::Form},
    service::{self, Service},
};

/// `GET /setup/recovery`, in the first run and later.
pub(in crate::http::pages) async fn recovery(
    visit: Visit,
    State(service): State<Service>,
    Extension(drafts): Extension<Drafts>,
) -> Result<Response, Error> {
    Ok(html(&recovery_page(&visit, &service, &drafts, None).await?))
}

async fn recovery_page(
    visit: &Visit,
    service: &Service,
    drafts: &Drafts,
    tick_error: Option<String>,
) -> Result<RecoveryPage, Error> {
    let recovery = service.recovery().await?;
    let me = service.status().await.me.ok_or(service::Error::Locked)?;
    let draft = drafts.of(&visit.session);
    Ok(RecoveryPage {
        page: visit.page(),
        who: web::Person::new(me.user, me.username),
        first_run: draft.entered && draft.directory.is_some(),
        key: recovery.key.to_string(),
        tick_error,
    })
}

/// `GET /setup/recovery/file`
pub(in crate::http::pages) async fn recovery_file(
    _: Visit,
    State(service): State<Service>,
) -> Result<Response, Error> {
    let recovery = service.recovery().await?;
    let name: String =
        recovery.file_name.chars().filter(|c| c.is_ascii_alphanumeric() || "._-".contains(*c)).collect();
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    Ok((headers, recovery.file).into_response())
}

#[derive(Debug, Deserialize)]
pub(in crate::http::pages) struct Saved {
    go: String,
    saved: Option<String>,
}

/// `POST /setup/recovery`
pub(in crate::http::pages) async fn recovery_saved(
    look: Look,
    State(service): State<Service>,
    Extension(drafts): Extension<Drafts>,
    form: Form<Saved>,
) -> Result<Response, Error> {
    if form.fields.go == "next" {
        if form.fields.saved.is_none() {
            let visit = Visit { look, session: form.session };
            let said = "Save it first, then tick this. Or choose Later.".to_owned();
            return Ok(html(&recovery_page(&visit, &service, &drafts, Some(said)).await?));
        }
        service.recovery_saved().await?;
    }
    let draft = drafts.of(&form.session);
    if draft.entered && draft.directory.is_some() {
        return Ok(Redirect::to("/setup/visibility").into_response());
    }
    drafts.forget(&form.session);
    Ok(Redirect::to("/chats").into_response())
}
