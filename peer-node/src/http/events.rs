//! The event stream for scripts (server-sent events): resumable by `Last-Event-ID`.

use std::{convert::Infallible, time::Duration};

use axum::{
    extract::State,
    http::HeaderMap,
    response::{
        Sse,
        sse::{Event, KeepAlive},
    },
};
use futures_util::{Stream, StreamExt, stream};
use protocol::ids::BootId;
use serde_json::{Value, json};
use tokio::sync::broadcast::{Receiver, error::RecvError};

use super::{
    Door,
    api::{May, Read, shapes},
};
use crate::service::{
    Service,
    feed::{Change, Missed, Numbered},
};

/// Comments keep proxies and clients from believing that the stream is dead.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Everything that changes, as it changes. Events are `message`, `marks`, `conversation`, `person`, `presence`,
/// `typing`, `clock_wrong`, `stage`, `directory`, `settings`, `doctor`; `look_again` says that too much was missed to tell
/// one by one. A `message` event carries the message as `GET .../messages` gives it.
#[utoipa::path(
    get,
    path = "/api/v1/events",
    tag = "events",
    params(("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that was seen")),
    responses(
        (status = 200, content_type = "text/event-stream", body = String, description = "A stream that does not end"),
        (status = "4XX", content_type = "application/problem+json", body = super::error::Problem),
    ),
    security(("token" = ["read"])),
)]
pub async fn follow(
    may: May<Read>,
    State(door): State<Door>,
    headers: HeaderMap,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let feed = door.service.feed();
    let seen = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let (missed, live) = match seen.map(parse) {
        None => (Vec::new(), feed.watch()),
        Some(place) => match place.map(|(boot, seq)| feed.watch_since(boot, seq)) {
            Some((Missed::Changes(changes), live)) => (changes.into_iter().map(Told::Change).collect(), live),
            Some((Missed::TooMuch, live)) => (vec![Told::LookAgain(feed.newest())], live),
            None => {
                let live = feed.watch();
                (vec![Told::LookAgain(feed.newest())], live)
            }
        },
    };
    let (boot, closing) = (feed.boot(), door.closing.clone());
    let events = stream::iter(missed)
        .chain(live_changes(live, door.clone(), may.token_id().to_owned()))
        .then(move |told| event(door.service.clone(), boot, told))
        .map(Ok)
        .take_until(closing.cancelled_owned());
    Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
}

#[derive(Debug)]
enum Told {
    Change(Numbered),
    /// With the number from which it goes on.
    LookAgain(u64),
}

/// Ends when the token is revoked.
fn live_changes(live: Receiver<Numbered>, door: Door, token: String) -> impl Stream<Item = Told> {
    stream::unfold((live, door, token), |(mut live, door, token)| async move {
        let told = match live.recv().await {
            Ok(change) => Told::Change(change),
            Err(RecvError::Lagged(_)) => {
                live = door.service.feed().watch();
                Told::LookAgain(door.service.feed().newest())
            }
            Err(RecvError::Closed) => return None,
        };
        let tokens = door.service.tokens().list(door.clock.wall()).ok()?;
        tokens.iter().any(|known| known.id == token).then_some((told, (live, door, token)))
    })
}

fn parse(id: &str) -> Option<(BootId, u64)> {
    let (boot, seq) = id.split_once('-')?;
    Some((boot.parse().ok()?, seq.parse().ok()?))
}

async fn event(service: Service, boot: BootId, told: Told) -> Event {
    let (seq, name, data) = match told {
        Told::LookAgain(seq) => (seq, "look_again", json!({})),
        Told::Change(Numbered { seq, change }) => {
            let (name, data) = describe(&service, change).await;
            (seq, name, data)
        }
    };
    Event::default().id(format!("{boot}-{seq}")).event(name).data(data.to_string())
}

async fn describe(service: &Service, change: Change) -> (&'static str, Value) {
    match change {
        Change::Message { conversation, id } => {
            let message = service.message(conversation, id).await.ok().map(shapes::Message::from);
            ("message", json!({ "conversation": conversation, "id": id, "message": message }))
        }
        Change::Marks { conversation } => ("marks", json!({ "conversation": conversation })),
        Change::Conversation { conversation } => ("conversation", json!({ "conversation": conversation })),
        Change::Cleared { conversation } => ("cleared", json!({ "conversation": conversation })),
        Change::Person { user } => {
            let person = service.person(user).await.ok().map(shapes::Person::from);
            ("person", json!({ "user": user, "person": person }))
        }
        Change::Presence { user, online } => ("presence", json!({ "user": user, "online": online })),
        Change::Typing { conversation, user, active } => {
            ("typing", json!({ "conversation": conversation, "user": user, "active": active }))
        }
        Change::ClockWrong { user } => ("clock_wrong", json!({ "user": user })),
        Change::Stage(stage) => ("stage", json!({ "stage": shapes::Stage::from(stage) })),
        Change::Directory => {
            ("directory", json!({ "directory": shapes::Directory::from(service.status().await.directory) }))
        }
        Change::Settings => ("settings", json!({})),
        Change::Examined { user } => ("doctor", json!({ "user": user })),
        Change::Everything => ("look_again", json!({})),
    }
}
