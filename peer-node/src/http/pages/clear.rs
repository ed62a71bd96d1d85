//! Clearing and deleting a chat: asked once more, with what it means.

use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use protocol::ids::ConversationId;
use serde::Deserialize;
use web::clear::ClearPage;

use super::{Visit, html, view};
use crate::{
    http::{
        Error,
        api::{Id, Query},
        csrf::Form,
    },
    service::Service,
};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    delete: Option<String>,
}

/// `GET /chats/{conversation}/clear`; with `?delete=1` the chat leaves the list, too.
pub(super) async fn show(
    visit: Visit,
    State(service): State<Service>,
    Id(id): Id<ConversationId>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Error> {
    let conversation = service.conversation(id).await?;
    Ok(html(&ClearPage {
        page: visit.page(),
        conversation: id,
        person: view::person(&conversation.person),
        waiting: service.undelivered(id).await?,
        delete: wanted.delete.is_some(),
    }))
}

#[derive(Debug, Deserialize)]
pub(super) struct Forget {
    delete: Option<String>,
}

/// `POST /chats/{conversation}/clear`
pub(super) async fn clear(
    State(service): State<Service>,
    Id(id): Id<ConversationId>,
    form: Form<Forget>,
) -> Result<Response, Error> {
    if form.fields.delete.is_some() {
        service.delete_conversation(id).await?;
        return Ok(Redirect::to("/chats").into_response());
    }
    service.clear_conversation(id).await?;
    Ok(Redirect::to(&format!("/chats/{id}")).into_response())
}
