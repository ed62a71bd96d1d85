//! The last question of the first run: who can find this person.

use axum::{
    Extension,
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use web::setup::VisibilityPage;

use super::{
    super::{Look, Visit, html, settings::unknown_visibility, view},
    Drafts,
};
use crate::{
    http::{Error, csrf::Form},
    service::{self, Service, SettingsChange, Visibility},
};

/// `GET /setup/visibility`
pub(in crate::http::pages) async fn visibility(
    visit: Visit,
    State(service): State<Service>,
) -> Result<Response, Error> {
    let chosen = service.settings().await?.visibility;
    visibility_page(&visit, &service, chosen, None).await
}

async fn visibility_page(
    visit: &Visit,
    service: &Service,
    chosen: Visibility,
    error: Option<String>,
) -> Result<Response, Error> {
    let directory = view::network(&service.status().await).directory;
    let directory = directory.name().unwrap_or_default().to_owned();
    Ok(html(&VisibilityPage { page: visit.page(), directory, chosen: view::visibility(chosen), error }))
}

#[derive(Debug, Deserialize)]
pub(in crate::http::pages) struct WhoFinds {
    visibility: String,
}

/// `POST /setup/visibility`: the last question.
pub(in crate::http::pages) async fn set_visibility(
    look: Look,
    State(service): State<Service>,
    Extension(drafts): Extension<Drafts>,
    form: Form<WhoFinds>,
) -> Result<Response, Error> {
    let wanted = view::wanted_visibility(&form.fields.visibility).ok_or_else(unknown_visibility)?;
    let change = SettingsChange { visibility: Some(wanted), ..SettingsChange::default() };
    match service.change_settings(change).await {
        Ok(_) => {
            drafts.forget(&form.session);
            Ok(Redirect::to("/chats").into_response())
        }
        Err(error) if error.kind() == service::Kind::Unavailable => {
            let visit = Visit { look, session: form.session };
            visibility_page(&visit, &service, wanted, Some(error.to_string())).await
        }
        Err(error) => Err(error.into()),
    }
}
