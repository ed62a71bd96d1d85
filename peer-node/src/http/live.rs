//! The live line of a page: one WebSocket, on which the node says what changed, as fragments ready to be shown.
//!
//! The first message carries the page's token within 3 s, the run and number of the newest change that the page
//! knows, and the chat that is open. From there on every change is told; what fell between is told first.

mod render;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Extension,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures_util::{SinkExt, StreamExt};
use hyper_util::rt::TokioIo;
use protocol::ids::{BootId, ConversationId};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::{
    sync::broadcast::{Receiver, error::RecvError, error::TryRecvError},
    time::{Instant, MissedTickBehavior, interval, interval_at, timeout},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Message as Frame,
        handshake::derive_accept_key,
        protocol::{CloseFrame, Role, WebSocketConfig, frame::coding::CloseCode},
    },
};

use super::{Door, pages::Look, session::Session};
use crate::service::{
    Stage,
    feed::{Missed, Numbered},
};
use render::Teller;

/// Who says nothing for this long is no page of ours.
const FIRST: Duration = Duration::from_secs(3);
/// A browser that takes nothing for this long is gone.
const SLOW: Duration = Duration::from_secs(10);
const PING: Duration = Duration::from_secs(30);
/// Between two looks at the numbers of the network page, while it is open.
const GLANCE: Duration = Duration::from_secs(1);
/// Lines of one session at once: so many tabs are open.
const MOST_LINES: usize = 8;
/// Changes that are told together.
const AT_ONCE: usize = 256;
/// A page says little: who it is, and pongs.
const MAX_MESSAGE: usize = 16 << 10;
const MAX_WAITING: usize = 1 << 20;

type Socket = WebSocketStream<TokioIo<hyper::upgrade::Upgraded>>;

/// How many lines each session has.
#[derive(Debug, Clone, Default)]
pub(super) struct Lines(Arc<Mutex<HashMap<String, usize>>>);

/// One line's place among the session's; given back when dropped.
#[derive(Debug)]
struct Seat {
    lines: Lines,
    session: String,
}

impl Lines {
    fn take(&self, session: &str) -> Option<Seat> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = held.entry(session.to_owned()).or_default();
        if *count >= MOST_LINES {
            return None;
        }
        *count += 1;
        Some(Seat { lines: self.clone(), session: session.to_owned() })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut held = self.lines.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = held.get_mut(&self.session) {
            *count -= 1;
            if *count == 0 {
                held.remove(&self.session);
            }
        }
    }
}

/// `GET /live`
pub(super) async fn line(
    State(door): State<Door>,
    session: Option<Session>,
    look: Look,
    Extension(lines): Extension<Lines>,
    mut request: Request,
) -> Response {
    let Some(accept) = accept_key(request.headers()) else {
        return (
            StatusCode::UPGRADE_REQUIRED,
            [(header::UPGRADE, "websocket")],
            "A WebSocket is spoken here.\n",
        )
            .into_response();
    };
    // A page cannot read a redirect of a socket; refusing is all that can be said.
    let Some(session) = session else { return StatusCode::FORBIDDEN.into_response() };
    let Some(seat) = lines.take(session.id()) else { return StatusCode::TOO_MANY_REQUESTS.into_response() };
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let _seat = seat;
        let Ok(upgraded) = upgrade.await else { return };
        let config = WebSocketConfig::default()
            .max_message_size(Some(MAX_MESSAGE))
            .max_frame_size(Some(MAX_MESSAGE))
            .read_buffer_size(4 << 10)
            .write_buffer_size(0)
            .max_write_buffer_size(MAX_WAITING);
        let socket =
            WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, Some(config)).await;
        let end = Line { door, session, look, socket }.run().await;
        tracing::debug!(?end, "a page's line ended");
    });
    let headers = [(header::CONNECTION, "upgrade"), (header::UPGRADE, "websocket")];
    let mut response = (StatusCode::SWITCHING_PROTOCOLS, headers, Body::empty()).into_response();
    let accept = accept.parse().expect("base64 is a header value");
    response.headers_mut().insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    response
}

/// The answer to the challenge of a proper handshake (RFC 6455, 4.2.1).
fn accept_key(headers: &HeaderMap) -> Option<String> {
    let has = |name: header::HeaderName, wanted: &str| {
        let value = headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        value.split(',').any(|part| part.trim().eq_ignore_ascii_case(wanted))
    };
    let proper = has(header::CONNECTION, "upgrade")
        && has(header::UPGRADE, "websocket")
        && has(header::SEC_WEBSOCKET_VERSION, "13");
    let key = headers.get(header::SEC_WEBSOCKET_KEY).filter(|_| proper)?;
    Some(derive_accept_key(key.as_bytes()))
}

/// What a page says first, and once.
#[derive(Debug, Deserialize)]
struct Hello {
    token: String,
    boot: String,
    seq: u64,
    conversation: Option<ConversationId>,
    /// What else the page shows that changes: `network`, or the id of a person whose doctor is open.
    #[serde(default)]
    watch: Option<String>,
}

/// Why a line ended.
#[derive(Debug)]
enum End {
    /// No hello in time, or not one of a page of this session.
    Stranger,
    /// The browser went away.
    Gone,
    /// The browser takes nothing any more.
    Slow,
    /// The node was locked, or the session is over.
    Over,
    /// The program ends.
    Closing,
}

struct Line {
    door: Door,
    session: Session,
    look: Look,
    socket: Socket,
}

impl Line {
    async fn run(mut self) -> End {
        let end = match self.greet().await {
            Some((hello, missed, live)) => self.tell(&hello, missed, live).await,
            None => End::Stranger,
        };
        let (code, reason) = match end {
            End::Stranger => (CloseCode::Policy, "no token"),
            End::Closing => (CloseCode::Away, "the program ends"),
            End::Gone | End::Slow | End::Over => (CloseCode::Normal, ""),
        };
        let close = CloseFrame { code, reason: reason.into() };
        // It may be gone already; then nobody needs to hear it.
        let _ = timeout(Duration::from_secs(1), self.socket.close(Some(close))).await;
        end
    }

    async fn greet(&mut self) -> Option<(Hello, Missed, Receiver<Numbered>)> {
        let Ok(Some(Ok(Frame::Text(text)))) = timeout(FIRST, self.socket.next()).await else { return None };
        let hello: Hello = serde_json::from_str(&text).ok()?;
        if !self.session.vouches(&hello.token) {
            return None;
        }
        let feed = self.door.service.feed();
        let (missed, live) = match hello.boot.parse::<BootId>() {
            Ok(boot) => feed.watch_since(boot, hello.seq),
            Err(_) => (Missed::TooMuch, feed.watch()),
        };
        Some((hello, missed, live))
    }

    async fn tell(&mut self, hello: &Hello, missed: Missed, mut live: Receiver<Numbered>) -> End {
        let mut revoked = self.door.sessions.revocations();
        let closing = self.door.closing.clone();
        let mut teller =
            Teller::new(self.door.clone(), self.look.clone(), self.session.clone(), hello.conversation);
        let watches_network = hello.watch.as_deref() == Some("network");
        teller.doctor = hello.watch.as_ref().and_then(|id| id.parse().ok());
        if self.door.service.stage().await != Stage::Open {
            return self.over().await;
        }
        let (gap, changes) = match missed {
            Missed::Changes(changes) => (false, changes),
            Missed::TooMuch => (true, Vec::new()),
        };
        let seq = if gap { self.door.service.feed().newest() } else { hello.seq };
        let boot = self.door.service.feed().boot();
        // From here on the page tells of what comes.
        let _looking = self.door.service.looking();
        if let Err(end) =
            self.say(json!({ "op": "ready", "boot": boot.to_string(), "seq": seq, "gap": gap })).await
        {
            return end;
        }
        if let Err(end) = self.pass_on(&mut teller, &changes, false).await {
            return end;
        }
        let mut ping = interval_at(Instant::now() + PING, PING);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut answered = true;
        let mut glance = interval(GLANCE);
        glance.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let ended = tokio::select! {
                change = live.recv() => match change {
                    Ok(first) => {
                        let (changes, missed) = gather(first, &mut live);
                        let told = self.pass_on(&mut teller, &changes, true).await;
                        if missed && told.is_ok() { self.say(json!({ "op": "gap" })).await } else { told }
                    }
                    Err(RecvError::Lagged(_)) => self.say(json!({ "op": "gap" })).await,
                    Err(RecvError::Closed) => Err(End::Closing),
                },
                frame = self.socket.next() => match frame {
                    Some(Ok(Frame::Pong(_))) => {
                        answered = true;
                        Ok(())
                    }
                    Some(Ok(Frame::Close(_)) | Err(_)) | None => Err(End::Gone),
                    Some(Ok(_)) => Ok(()),
                },
                changed = revoked.changed() => {
                    let lives = self.door.sessions.lives(self.session.id(), self.door.clock.wall());
                    if lives && changed.is_ok() { Ok(()) } else { Err(self.over().await) }
                }
                _ = glance.tick(), if watches_network => match teller.routes().await {
                    Some(said) => self.say(said).await,
                    None => Ok(()),
                },
                _ = ping.tick() => {
                    if !std::mem::replace(&mut answered, false) {
                        Err(End::Gone)
                    } else {
                        self.send(Frame::Ping(Default::default())).await
                    }
                }
                () = closing.cancelled() => Err(End::Closing),
            };
            if let Err(end) = ended {
                return end;
            }
        }
    }

    /// Tells changes; the last thing said carries their number, so that nothing is lost when the line breaks between.
    async fn pass_on(&mut self, teller: &mut Teller, changes: &[Numbered], live: bool) -> Result<(), End> {
        let Some(last) = changes.last() else { return Ok(()) };
        let Some(mut said) = teller.tell(changes, live).await else { return Err(self.over().await) };
        match said.last_mut() {
            Some(op) => op["seq"] = last.seq.into(),
            None => said.push(json!({ "op": "seq", "seq": last.seq })),
        }
        for op in said {
            self.say(op).await?;
        }
        Ok(())
    }

    async fn over(&mut self) -> End {
        self.say(json!({ "op": "locked" })).await.err().unwrap_or(End::Over)
    }

    async fn say(&mut self, op: Value) -> Result<(), End> {
        self.send(Frame::text(op.to_string())).await
    }

    async fn send(&mut self, frame: Frame) -> Result<(), End> {
        match timeout(SLOW, self.socket.send(frame)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(End::Gone),
            Err(_) => Err(End::Slow),
        }
    }
}

/// Everything that is there already, and whether some of it was missed.
fn gather(first: Numbered, live: &mut Receiver<Numbered>) -> (Vec<Numbered>, bool) {
    let mut changes = vec![first];
    while changes.len() < AT_ONCE {
        match live.try_recv() {
            Ok(change) => changes.push(change),
            Err(TryRecvError::Lagged(_)) => return (changes, true),
            Err(TryRecvError::Empty | TryRecvError::Closed) => break,
        }
    }
    (changes, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_has_eight_lines_and_gets_them_back() {
        let lines = Lines::default();
        let seats: Vec<Seat> = (0..MOST_LINES).map(|_| lines.take("a").expect("a place")).collect();
        assert!(lines.take("a").is_none());
        assert!(lines.take("b").is_some());
        drop(seats);
        assert!(lines.take("a").is_some());
        assert_eq!(lines.0.lock().expect("held").len(), 0, "nothing is kept of those who left");
    }

    #[test]
    fn only_a_proper_handshake_is_answered() {
        let headers = |pairs: &[(&'static str, &str)]| {
            pairs
                .iter()
                .map(|(name, value)| (header::HeaderName::from_static(name), value.parse().expect("a value")))
                .collect::<HeaderMap>()
        };
        let proper = [
            ("connection", "keep-alive, Upgrade"),
            ("upgrade", "WebSocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ];
        // The example of RFC 6455, 1.3.
        assert_eq!(accept_key(&headers(&proper)).as_deref(), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
        for left_out in 0..proper.len() {
            let mut some = proper.to_vec();
            some.remove(left_out);
            assert_eq!(accept_key(&headers(&some)), None);
        }
    }
}
