//! "I have a backup": its file, its passphrase, and the one for this computer.

use axum::{
    Extension,
    extract::{FromRequestParts, Request, State},
};
use axum::{
    body::Body,
    http::request::Parts,
    response::{IntoResponse, Response},
};
use web::{Field, setup::RestorePage};

use super::{super::html, Drafts, FirstRun};
use crate::{
    http::{Door, Error, pages::Visit, upload::Upload},
    service::{self, Passphrase},
};

fn restore_page(run: &FirstRun) -> RestorePage {
    RestorePage {
        page: run.visit.page(),
        passphrase: Field::default(),
        new_passphrase: Field::default(),
        file: Field::default(),
        error: None,
    }
}

/// `GET /setup/restore`
pub(in crate::http::pages) async fn restore(run: FirstRun) -> Response {
    html(&restore_page(&run))
}

/// `POST /setup/restore`
pub(in crate::http::pages) async fn restored(
    State(door): State<Door>,
    Extension(drafts): Extension<Drafts>,
    request: Request,
) -> Response {
    let (mut parts, body) = request.into_parts();
    let run = match first_run(&mut parts, &door, drafts).await {
        Ok(run) => run,
        Err(elsewhere) => return elsewhere,
    };
    let error = match take(&run, &door, &parts, body).await {
        Ok(()) => return run.goes_on("/setup/recovery"),
        Err(error) => error,
    };
    if matches!(error, Error::Csrf | Error::NotSaidToBeParts | Error::Service(service::Error::NotFresh)) {
        return error.into_response();
    }
    let mut page = restore_page(&run);
    let said = Some(error.to_string());
    match &error {
        Error::Service(
            service::Error::ShortPassphrase { .. }
            | service::Error::LongPassphrase { .. }
            | service::Error::WeakPassphrase { .. },
        ) => page.new_passphrase.error = said,
        error => match error.field() {
            Some("passphrase") => page.passphrase.error = said,
            Some("new_passphrase") => page.new_passphrase.error = said,
            Some("file") => page.file.error = said,
            _ => page.error = said,
        },
    }
    (error.status(), html(&page)).into_response()
}

async fn first_run(parts: &mut Parts, door: &Door, drafts: Drafts) -> Result<FirstRun, Response> {
    let visit = Visit::from_request_parts(parts, door).await.map_err(IntoResponse::into_response)?;
    FirstRun::new(visit, door.service.clone(), drafts).await
}

async fn take(run: &FirstRun, door: &Door, parts: &Parts, body: Body) -> Result<(), Error> {
    let vouch = |fields: &std::collections::BTreeMap<String, String>| {
        let given = fields.get("csrf").is_some_and(|given| run.visit.session.vouches(given));
        if given { Ok(()) } else { Err(Error::Csrf) }
    };
    let place = door.service.restore_place();
    let mut upload = Upload::receive(&parts.headers, body, place, vouch).await?;
    let passphrase = Passphrase::new(upload.take("passphrase")?);
    let new = Passphrase::new(upload.take("new_passphrase")?);
    door.service.restore(&new, &passphrase, upload.file()).await?;
    Ok(())
}
