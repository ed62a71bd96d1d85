//! The list of chats, one chat, its history, and what is written into it.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use protocol::{
    ids::{ChainId, ConversationId, MsgId},
    timeline::Key,
};
use serde::Deserialize;
use serde_json::json;
use web::{
    Html as _,
    chat::{Chat, ChatPage},
    message::{self, Message, RowsFragment, place, read_place},
    shell::{ChatsPage, Place as At, Shell},
};

use super::{Look, Visit, html, view};
use crate::{
    http::{
        Error,
        api::{Id, Query},
        csrf::Form,
    },
    service::{self, Conversation, Draft, History, NewMessage, Place, Relation, Service, Stretch},
};

/// Rows of a page.
const PAGE: usize = 40;
/// Rows of each further stretch: few enough to be put in between two frames.
const STRETCH: usize = 20;
/// Rows above the first unread message, so that it is read in its place.
const ABOVE: usize = 12;
/// Rows around a message that was jumped to: it stands in the middle of tall windows, too.
const AROUND: usize = 60;

/// `GET /chats`
pub(super) async fn list(visit: Visit, State(service): State<Service>) -> Result<Response, Error> {
    Ok(html(&ChatsPage { page: visit.page(), shell: view::shell(&service, At::Chats).await? }))
}

/// What the address of a chat may say after `?`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    before: Option<String>,
    after: Option<String>,
    /// A message: the stretch around it.
    at: Option<MsgId>,
    details: Option<String>,
    /// The message to answer; empty: none.
    answer: Option<String>,
}

/// `GET /chats/{conversation}`
pub(super) async fn show(
    visit: Visit,
    State(service): State<Service>,
    Id(id): Id<ConversationId>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Error> {
    let (shell, mut chat) = load(&visit, &service, id, &wanted).await?;
    chat.details_open = wanted.details.is_some();
    Ok(html(&ChatPage { page: visit.page(), shell, chat }))
}

async fn load(
    visit: &Visit,
    service: &Service,
    id: ConversationId,
    wanted: &Wanted,
) -> Result<(Shell, Chat), Error> {
    let shell = view::shell(service, At::Chat(id)).await?;
    let conversation = service.conversation(id).await?;
    let history = match (&wanted.before, wanted.at) {
        (Some(text), _) => service.history(id, Stretch::Before(read(text)?), PAGE).await?,
        (None, Some(message)) => match service.history(id, Stretch::Around(message), AROUND).await {
            // It may be gone since somebody kept the address.
            Err(service::Error::UnknownMessage) => opening(service, &conversation).await?,
            history => history?,
        },
        (None, None) => opening(service, &conversation).await?,
    };
    let mut chat = view::chat_now(service, &conversation, shell.network.directory.name()).await?;
    let reply = match &wanted.answer {
        Some(answer) => answer.parse().ok(),
        None => conversation.draft.as_ref().and_then(|draft| draft.reply),
    };
    chat.answers = view::answers(service, &conversation, reply, &shell.me.person).await;
    let messages: Vec<Message> = history
        .messages
        .iter()
        .map(|item| view::message(item, &shell.me.person, &conversation.person))
        .collect();
    // Of a request everything is new, so nothing needs to be said.
    let counts = conversation.unread > 0 && conversation.person.relation != Relation::Asking;
    let unread = history.first_unread.filter(|_| counts).and_then(|first| {
        let row = messages.iter().find(|message| !message.mine && message.key >= first.0)?;
        Some((row.id, conversation.unread))
    });
    chat.earlier = messages.first().filter(|_| history.older).map(|first| place(&first.key));
    chat.later = messages.last().filter(|_| history.newer).map(|last| place(&last.key));
    chat.first_unread = history.first_unread.map(|first| place(&first.0));
    chat.rows = message::rows(messages, None, unread, &visit.page().when);
    Ok((shell, chat))
}

/// The newest messages, or those around the first unread one if it lies further back.
async fn opening(service: &Service, conversation: &Conversation) -> Result<History, Error> {
    let newest = service.history(conversation.id, Stretch::Newest, PAGE).await?;
    let Some(first) = newest.first_unread.filter(|_| conversation.unread > 0) else { return Ok(newest) };
    if newest.messages.first().is_none_or(|oldest| oldest.place < first) {
        return Ok(newest);
    }
    let above = service.history(conversation.id, Stretch::Before(first), ABOVE).await?;
    let start = Place(Key { ord: 0, chain: ChainId([0; 32]), seq: 0 });
    let from = above.messages.last().map_or(start, |last| last.place);
    let mut below = service.history(conversation.id, Stretch::After(from), PAGE).await?;
    below.messages.splice(0..0, above.messages);
    below.older = above.older;
    below.first_unread = Some(first);
    Ok(below)
}

fn read(text: &str) -> Result<Place, Error> {
    read_place(text).map(Place).ok_or(Error::NoRoute)
}

/// `GET /chats/{conversation}/messages?before=`, `?after=` or `?at=`: rows, and the places to go on from.
pub(super) async fn stretch(
    visit: Visit,
    State(service): State<Service>,
    Id(id): Id<ConversationId>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Error> {
    let (stretch, limit) = match (&wanted.before, &wanted.after, wanted.at) {
        (Some(text), ..) => (Stretch::Before(read(text)?), STRETCH),
        (None, Some(text), _) => (Stretch::After(read(text)?), STRETCH),
        (None, None, Some(message)) => (Stretch::Around(message), AROUND),
        (None, None, None) => (Stretch::Newest, PAGE),
    };
    let status = service.status().await;
    let me = status.me.ok_or(service::Error::Locked)?;
    let me = web::Person::new(me.user, me.username);
    let conversation = service.conversation(id).await?;
    let history = service.history(id, stretch, limit).await?;
    let messages: Vec<Message> =
        history.messages.iter().map(|item| view::message(item, &me, &conversation.person)).collect();
    let before = messages.first().filter(|_| history.older).map(|first| place(&first.key));
    let after = messages.last().filter(|_| history.newer).map(|last| place(&last.key));
    let page = visit.page();
    let rows = message::rows(messages, None, None, &page.when);
    let links = view::chat(&conversation, None).links();
    let html = RowsFragment { page: &page, with: &conversation.person.username, links, rows: &rows }.html();
    Ok(axum::Json(json!({ "html": html, "before": before, "after": after })).into_response())
}

#[derive(Debug, Deserialize)]
pub(super) struct Written {
    text: String,
    id: Option<MsgId>,
    #[serde(default)]
    reply: String,
}

/// `POST /chats/{conversation}/messages`, fields `text`, `reply` and, from the page's script, `id`.
pub(super) async fn send(
    look: Look,
    State(service): State<Service>,
    Id(id): Id<ConversationId>,
    form: Form<Written>,
) -> Result<Response, Error> {
    let Written { text, id: message, reply } = form.fields;
    let new = NewMessage { text: text.trim().to_owned(), id: message, reply: reply.parse().ok() };
    match service.send(id, new).await {
        Ok(_) => {
            // What was sent is no draft any more; a script that sent it keeps its own.
            if !look.script {
                service.set_draft(id, &Draft::default()).await?;
            }
            Ok(look.done(&format!("/chats/{id}")))
        }
        Err(error) if !look.script && error.field() == Some("text") => {
            let visit = Visit { look, session: form.session };
            let (shell, mut chat) = load(&visit, &service, id, &Wanted::default()).await?;
            chat.draft = text;
            chat.error = Some(error.to_string());
            Ok(html(&ChatPage { page: visit.page(), shell, chat }))
        }
        Err(error) => Err(error.into()),
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Seen {
    message: Option<MsgId>,
}

/// `POST /chats/{conversation}/read`, field `message`: everything up to it was seen.
pub(super) async fn read_up_to(
    look: Look,
    State(service): State<Service>,
    Id(id): Id<ConversationId>,
    form: Form<Seen>,
) -> Result<Response, Error> {
    service.mark_read(id, form.fields.message).await?;
    Ok(look.done(&format!("/chats/{id}")))
}

#[derive(Debug, Deserialize)]
pub(super) struct Typing {
    active: String,
}

/// `POST /chats/{conversation}/typing`, field `active`: `yes` or `no`.
pub(super) async fn typing(
    look: Look,
    State(service): State<Service>,
    Id(id): Id<ConversationId>,
    form: Form<Typing>,
) -> Result<Response, Error> {
    service.typing(id, form.fields.active == "yes").await?;
    Ok(look.done(&format!("/chats/{id}")))
}

#[derive(Debug, Deserialize)]
pub(super) struct Drafted {
    text: String,
    #[serde(default)]
    reply: String,
}

/// `POST /chats/{conversation}/draft`, fields `text` and `reply`; both empty remove it.
pub(super) async fn draft(
    look: Look,
    State(service): State<Service>,
    Id(id): Id<ConversationId>,
    form: Form<Drafted>,
) -> Result<Response, Error> {
    let Drafted { text, reply } = form.fields;
    service.set_draft(id, &Draft { text, reply: reply.parse().ok() }).await?;
    Ok(look.done(&format!("/chats/{id}")))
}

#[derive(Debug, Deserialize)]
pub(super) struct Timer {
    seconds: u64,
}

/// `POST /chats/{conversation}/timer`, field `seconds`; 0: messages stay.
pub(super) async fn timer(
    look: Look,
    State(service): State<Service>,
    Id(id): Id<ConversationId>,
    form: Form<Timer>,
) -> Result<Response, Error> {
    service.set_timer(id, form.fields.seconds).await?;
    Ok(look.done(&format!("/chats/{id}?details=1")))
}
