//! One message: what is known of it, other words for it, and taking it back.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use protocol::ids::{ConversationId, MsgId};
use serde::Deserialize;
use web::{
    Html as _,
    emoji::EmojiFragment,
    info::{Info, InfoFragment, InfoPage},
    shell::Place,
};

use super::{Look, Visit, html, network, view};
use crate::{
    http::{
        Error,
        api::{Ids, Query, messages::Whom},
        csrf::Form,
    },
    service::Service,
};

/// What the address of a message may say after `?`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    fragment: Option<String>,
}

/// `GET /chats/{conversation}/messages/{message}`; with `?fragment=1` for the panel beside the chat.
pub(super) async fn show(
    visit: Visit,
    State(service): State<Service>,
    Ids(of, id): Ids<ConversationId, MsgId>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Error> {
    let shell = view::shell(&service, Place::Chat(of)).await?;
    let info = info(&service, of, id, &shell.me.person).await?;
    let page = visit.page();
    Ok(match wanted.fragment {
        Some(_) => axum::response::Html(InfoFragment { page: &page, info: &info }.html()).into_response(),
        None => html(&InfoPage { page, shell, info }),
    })
}

async fn info(service: &Service, of: ConversationId, id: MsgId, me: &web::Person) -> Result<Info, Error> {
    let conversation = service.conversation(of).await?;
    let info = service.info(of, id).await?;
    Ok(Info {
        with: view::person(&conversation.person),
        received: info.message.received,
        message: view::message(&info.message, me, &conversation.person),
        versions: info.versions,
        delivered: info.passed.delivered,
        read: info.passed.read,
        waits: info.route.filter(|route| route.path.is_none()).as_ref().map(network::away),
        writes: view::chat(&conversation, None).standing.writes(),
        problem: None,
    })
}

#[derive(Debug, Deserialize)]
pub(super) struct Words {
    text: String,
}

/// `POST /chats/{conversation}/messages/{message}/edit`, field `text`.
pub(super) async fn edit(
    look: Look,
    State(service): State<Service>,
    Ids(of, id): Ids<ConversationId, MsgId>,
    form: Form<Words>,
) -> Result<Response, Error> {
    match service.edit(of, id, form.fields.text.trim()).await {
        Ok(_) => Ok(look.done(&format!("/chats/{of}?at={id}"))),
        Err(error) if !look.script && error.field() == Some("text") => {
            let visit = Visit { look, session: form.session };
            let shell = view::shell(&service, Place::Chat(of)).await?;
            let info = info(&service, of, id, &shell.me.person).await?;
            let problem = Some((error.to_string(), form.fields.text));
            Ok(html(&InfoPage { page: visit.page(), shell, info: Info { problem, ..info } }))
        }
        Err(error) => Err(error.into()),
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct React {
    emoji: String,
    /// `yes`, or anything else to take it back.
    on: String,
}

/// `POST /chats/{conversation}/messages/{message}/react`, fields `emoji` and `on`.
pub(super) async fn react(
    look: Look,
    State(service): State<Service>,
    Ids(of, id): Ids<ConversationId, MsgId>,
    form: Form<React>,
) -> Result<Response, Error> {
    service.react(of, id, &form.fields.emoji, form.fields.on == "yes").await?;
    Ok(look.done(&format!("/chats/{of}?at={id}")))
}

#[derive(Debug, Deserialize)]
pub(super) struct Nothing {}

/// `POST /chats/{conversation}/messages/{message}/unread`: from here on it counts as unread. Whoever looked at the chat
/// would read it at once, so the way leads to the list.
pub(super) async fn unread(
    look: Look,
    State(service): State<Service>,
    Ids(of, id): Ids<ConversationId, MsgId>,
    _: Form<Nothing>,
) -> Result<Response, Error> {
    service.mark_unread(of, id).await?;
    Ok(look.done("/chats"))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Named {
    q: String,
}

/// `GET /emoji?q=`: those whose name has all the words, as buttons for the page's picker.
pub(super) async fn emoji(_: Visit, Query(named): Query<Named>) -> Response {
    axum::response::Html(EmojiFragment::find(&named.q).html()).into_response()
}

#[derive(Debug, Deserialize)]
pub(super) struct Whose {
    r#for: Whom,
}

/// `POST /chats/{conversation}/messages/{message}/delete`, field `for`: `me` or `everyone`.
pub(super) async fn delete(
    look: Look,
    State(service): State<Service>,
    Ids(of, id): Ids<ConversationId, MsgId>,
    form: Form<Whose>,
) -> Result<Response, Error> {
    form.fields.r#for.delete(&service, of, id).await?;
    Ok(look.done(&format!("/chats/{of}")))
}
