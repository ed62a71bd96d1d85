//! Conversations over the API: the list, history, writing, marks.

use axum::{extract::State, http::StatusCode};
use protocol::ids::{ConversationId, MsgId};
use serde::Deserialize;

use super::{Id, Json, May, Query, Read, Write, shapes};
use crate::{
    http::{Error, error::Problem},
    service::{Draft, NewMessage, Place, Service, Stretch},
};

const USUAL: usize = 50;
const MOST: usize = 500;

/// Which stretch of history; at most one of the three places.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    before: Option<String>,
    after: Option<String>,
    around: Option<String>,
    limit: Option<usize>,
}

impl Wanted {
    fn stretch(&self) -> Result<Stretch, Error> {
        let bad = |field: &str, reason: String| Error::Field { field: field.to_owned(), reason };
        let place = |field: &str, text: &str| {
            text.parse::<Place>().map_err(|reason| bad(field, format!("It is no place: {reason}.")))
        };
        match (&self.before, &self.after, &self.around) {
            (None, None, None) => Ok(Stretch::Newest),
            (Some(text), None, None) => Ok(Stretch::Before(place("before", text)?)),
            (None, Some(text), None) => Ok(Stretch::After(place("after", text)?)),
            (None, None, Some(text)) => {
                let id = text
                    .parse::<MsgId>()
                    .map_err(|reason| bad("around", format!("It is no message: {reason}.")))?;
                Ok(Stretch::Around(id))
            }
            _ => Err(bad("before", "Give one of before, after and around.".to_owned())),
        }
    }

    fn limit(&self) -> Result<usize, Error> {
        match self.limit.unwrap_or(USUAL) {
            limit @ 1..=MOST => Ok(limit),
            _ => Err(Error::Field {
                field: "limit".to_owned(),
                reason: format!("The limit is from 1 to {MOST}."),
            }),
        }
    }
}

/// All conversations, the newest first; requests are among them.
#[utoipa::path(
    get, path = "/api/v1/conversations", tag = "conversations",
    responses(
        (status = 200, body = shapes::Conversations),
        (status = "4XX", content_type = "application/problem+json", body = Problem),
    ),
    security(("token" = ["read"])),
)]
pub(super) async fn list(
    _: May<Read>,
    State(service): State<Service>,
) -> Result<Json<shapes::Conversations>, Error> {
    let conversations = service.conversations().await?.into_iter().map(Into::into).collect();
    Ok(Json(shapes::Conversations { conversations }))
}

/// One conversation.
#[utoipa::path(
    get, path = "/api/v1/conversations/{conversation}", tag = "conversations",
    params(shapes::InConversation),
    responses(
        (status = 200, body = shapes::Conversation),
        (status = "4XX", content_type = "application/problem+json", body = Problem),
    ),
    security(("token" = ["read"])),
)]
pub(super) async fn show(
    _: May<Read>,
    State(service): State<Service>,
    Id(id): Id<ConversationId>,
) -> Result<Json<shapes::Conversation>, Error> {
    Ok(Json(service.conversation(id).await?.into()))
}

/// History, oldest first: the newest stretch, or the one `before` or `after` a place, or `around` a message.
///
/// A message keeps its id for ever. Its `key` may change once, when its true place becomes known: the first words to
/// somebody move when both have met. Whoever reads page by page keeps one message for each id.
#[utoipa::path(
    get, path = "/api/v1/conversations/{conversation}/messages", tag = "conversations",
    params(
        shapes::InConversation,
        ("before" = Option<String>, Query, description = "The field `key` of a message"),
        ("after" = Option<String>, Query, description = "The field `key` of a message"),
        ("around" = Option<String>, Query, description = "The id of a message"),
        ("limit" = Option<usize>, Query, description = "1 to 500; 50 if left out"),
    ),
    responses(
        (status = 200, body = shapes::History),
        (status = "4XX", content_type = "application/problem+json", body = Problem),
    ),
    security(("token" = ["read"])),
)]
pub(super) async fn history(
    _: May<Read>,
    State(service): State<Service>,
    Id(id): Id<ConversationId>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<shapes::History>, Error> {
    Ok(Json(service.history(id, wanted.stretch()?, wanted.limit()?).await?.into()))
}

/// Forget all messages of a conversation on this computer, for good; the other keeps theirs and is not told. Own messages
/// that wait (`waiting` says how many) are still delivered.
#[utoipa::path(
    delete, path = "/api/v1/conversations/{conversation}/messages", tag = "conversations",
    params(shapes::InConversation),
    responses(
        (status = 200, body = shapes::Cleared),
        (status = "4XX", content_type = "application/problem+json", body = Problem),
    ),
    security(("token" = ["write"])),
)]
pub(super) async fn clear(
    _: May<Write>,
    State(service): State<Service>,
    Id(id): Id<ConversationId>,
) -> Result<Json<shapes::Cleared>, Error> {
    Ok(Json(service.clear_conversation(id).await?.into()))
}

/// Delete a conversation on this computer: as clearing it, and it leaves the list until somebody writes in it again.
#[utoipa::path(
    delete, path = "/api/v1/conversations/{conversation}", tag = "conversations",
    params(shapes::InConversation),
    responses(
        (status = 200, body = shapes::Cleared),
        (status = "4XX", content_type = "application/problem+json", body = Problem),
    ),
    security(("token" = ["write"])),
)]
pub(super) async fn delete(
    _: May<Write>,
    State(service): State<Service>,
    Id(id): Id<ConversationId>,
) -> Result<Json<shapes::Cleared>, Error> {
    Ok(Json(service.delete_conversation(id).await?.into()))
}

/// Write a message. It is stored on this computer when the answer comes; `state` tells how far it got.
#[utoipa::path(
    post, path = "/api/v1/conversations/{conversation}/messages", tag = "conversations", request_body = shapes::Send,
    params(shapes::InConversation),
    responses(
        (status = 201, body = shapes::Message),
        (status = "4XX", content_type = "application/problem+json", body = Problem),
    ),
    security(("token" = ["write"])),
)]
pub(super) async fn send(
    _: May<Write>,
    State(service): State<Service>,
    Id(id): Id<ConversationId>,
    Json(send): Json<shapes::Send>,
) -> Result<(StatusCode, Json<shapes::Message>), Error> {
    let shapes::Send { text, id: name, reply } = send;
    let message = service.send(id, NewMessage { text, id: name, reply }).await?;
    Ok((StatusCode::CREATED, Json(message.into())))
}

/// Set how long messages of a conversation stay: each disappears `seconds` after it was read, or, where it was written,
/// after the other had it. It holds for both, for what is written from now on; the other's app is asked to do the same.
#[utoipa::path(
    put, path = "/api/v1/conversations/{conversation}/timer", tag = "conversations", request_body = shapes::Timer,
    params(shapes::InConversation),
    responses(
        (status = 200, body = shapes::Conversation),
        (status = "4XX", content_type = "application/problem+json", body = Problem),
    ),
    security(("token" = ["write"])),
)]
pub(super) async fn timer(
    _: May<Write>,
    State(service): State<Service>,
    Id(id): Id<ConversationId>,
    Json(timer): Json<shapes::Timer>,
) -> Result<Json<shapes::Conversation>, Error> {
    Ok(Json(service.set_timer(id, timer.seconds).await?.into()))
}

/// Keep what is being written, for this page or another one; an empty draft takes it away.
#[utoipa::path(
    put, path = "/api/v1/conversations/{conversation}/draft", tag = "conversations", request_body = shapes::Draft,
    params(shapes::InConversation),
    responses(
        (status = 204),
        (status = "4XX", content_type = "application/problem+json", body = Problem),
    ),
    security(("token" = ["write"])),
)]
pub(super) async fn draft(
    _: May<Write>,
    State(service): State<Service>,
    Id(id): Id<ConversationId>,
    Json(draft): Json<shapes::Draft>,
) -> Result<StatusCode, Error> {
    service.set_draft(id, &Draft { text: draft.text, reply: draft.reply }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Mark as read, up to a message or all.
#[utoipa::path(
    post, path = "/api/v1/conversations/{conversation}/read", tag = "conversations", request_body = shapes::Seen,
    params(shapes::InConversation),
    responses(
        (status = 204),
        (status = "4XX", content_type = "application/problem+json", body = Problem),
    ),
    security(("token" = ["write"])),
)]
pub(super) async fn mark_read(
    _: May<Write>,
    State(service): State<Service>,
    Id(id): Id<ConversationId>,
    Json(seen): Json<shapes::Seen>,
) -> Result<StatusCode, Error> {
    service.mark_read(id, seen.message).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Count a message and what follows it as unread again, until it is seen. The other person hears nothing of it.
#[utoipa::path(
    post, path = "/api/v1/conversations/{conversation}/unread", tag = "conversations", request_body = shapes::UnreadFrom,
    params(shapes::InConversation),
    responses(
        (status = 204),
        (status = "4XX", content_type = "application/problem+json", body = Problem),
    ),
    security(("token" = ["write"])),
)]
pub(super) async fn mark_unread(
    _: May<Write>,
    State(service): State<Service>,
    Id(id): Id<ConversationId>,
    Json(from): Json<shapes::UnreadFrom>,
) -> Result<StatusCode, Error> {
    service.mark_unread(id, from.message).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Show that one is writing, if both allow it.
#[utoipa::path(
    post, path = "/api/v1/conversations/{conversation}/typing", tag = "conversations", request_body = shapes::Typing,
    params(shapes::InConversation),
    responses(
        (status = 204),
        (status = "4XX", content_type = "application/problem+json", body = Problem),
    ),
    security(("token" = ["write"])),
)]
pub(super) async fn typing(
    _: May<Write>,
    State(service): State<Service>,
    Id(id): Id<ConversationId>,
    Json(typing): Json<shapes::Typing>,
) -> Result<StatusCode, Error> {
    service.typing(id, typing.active).await?;
    Ok(StatusCode::NO_CONTENT)
}
