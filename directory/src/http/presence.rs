//! The presence socket: from HTTP to WebSocket, then one small task for each node.

use std::{collections::HashSet, sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header},
};
use futures_util::{SinkExt, StreamExt};
use hyper::upgrade::{OnUpgrade, Parts, Upgraded};
use hyper_util::rt::TokioIo;
use protocol::{
    codec,
    directory::{Code, DirectorySays, MAX_SAID, NodeSays, Visibility},
    identity::Profile,
    ids::DeviceId,
};
use tokio::time::{Instant, sleep, timeout};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Error, Message, Utf8Bytes,
        handshake::derive_accept_key,
        protocol::{CloseFrame, Role, WebSocketConfig, frame::coding::CloseCode},
    },
};

use super::{
    read::Owner,
    server::{Slot, Stream},
};
use crate::{
    Directory,
    accounts::Who,
    presence::{Guest, Next, Seat, say},
    refusal::Refusal,
    store,
};

/// A message has this long to leave.
const WRITE: Duration = Duration::from_secs(10);
/// Idle sockets are many, so each holds as little as it can; a long message grows what it needs.
const BUFFER: usize = 1 << 10;

type Socket = WebSocketStream<Stream>;

/// Answers 101 and leaves the connection to a task.
pub(super) async fn upgrade(
    State(app): State<Arc<Directory>>,
    Owner { who, account }: Owner,
    mut request: Request,
) -> Result<Response<Body>, Refusal> {
    let key = check(request.method(), request.headers())?;
    let accept = derive_accept_key(key.as_bytes());
    let on_upgrade = request.extensions_mut().remove::<OnUpgrade>();
    let on_upgrade =
        on_upgrade.ok_or_else(|| Refusal::new(Code::Invalid, "this connection can't become a WebSocket"))?;
    let guest = guest(&app, &who, account).await?;
    let slot = request.extensions_mut().remove::<Slot>();
    let tracker = app.tasks.clone();
    tracker.spawn(async move {
        match on_upgrade.await {
            Ok(upgraded) => serve(app, guest, slot, upgraded).await,
            Err(error) => tracing::debug!(%error, "a presence socket did not come about"),
        }
    });
    let accept = HeaderValue::from_str(&accept).map_err(|error| Refusal::internal(&error))?;
    Response::builder()
        .status(StatusCode::SWITCHING_PROTOCOLS)
        .header(header::CONNECTION, "upgrade")
        .header(header::UPGRADE, "websocket")
        .header(header::SEC_WEBSOCKET_ACCEPT, accept)
        .body(Body::empty())
        .map_err(|error| Refusal::internal(&error))
}

/// RFC 6455, section 4.2.1. Answers the client's key.
fn check<'h>(method: &Method, headers: &'h HeaderMap) -> Result<&'h HeaderValue, Refusal> {
    let has = |name, word: &str| {
        headers
            .get_all(name)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .any(|value| value.split(',').any(|part| part.trim().eq_ignore_ascii_case(word)))
    };
    let key = headers.get(header::SEC_WEBSOCKET_KEY);
    let good = method == Method::GET
        && has(header::CONNECTION, "upgrade")
        && has(header::UPGRADE, "websocket")
        && has(header::SEC_WEBSOCKET_VERSION, "13")
        // Nodes send none; a browser has no business here.
        && !headers.contains_key(header::ORIGIN);
    key.filter(|_| good).ok_or_else(|| Refusal::new(Code::Invalid, "this address speaks WebSocket, to nodes"))
}

async fn guest(app: &Directory, who: &Who, account: store::Account) -> Result<Guest, Refusal> {
    let profile = app.store.profile(&who.account).await?;
    let profile = profile.ok_or_else(|| Refusal::new(Code::NotYourDevice, "publish your keys first"))?;
    let profile: Profile =
        codec::from_bytes(&profile).map_err(|_| Refusal::internal(&"a stored profile can't be read"))?;
    Ok(Guest {
        user: profile.user(),
        device: profile.device().device,
        visibility: account.visibility,
        username: account.username,
        blocked: app.store.blocked_by(&who.account).await?.into_iter().collect(),
        account: account.id,
        session: who.session.clone(),
    })
}

/// How a socket ended.
enum End {
    /// It said good-bye, its session ended, or it was refused: others are told at once.
    Gone,
    /// The connection broke: the node has a moment to come back.
    Broke,
}

/// Lives with one socket. What is seldom needed is boxed, so that an idle task is small.
async fn serve(app: Arc<Directory>, guest: Guest, slot: Option<Slot>, upgraded: Upgraded) {
    let Some(mut socket) = Box::pin(open(upgraded)).await else {
        tracing::error!("a connection of an unknown kind");
        return;
    };
    let (account, device) = (guest.account.clone(), guest.device);
    let (visibility, blocked) = (guest.visibility, guest.blocked.clone());
    let seat = app.presence.join(guest);
    // The refusal is logged where it is made.
    if Box::pin(catch_up(&app, &account, visibility, &blocked)).await.is_err() {
        return;
    }
    let end = match Box::pin(bring_letters(&app, &account, device, &mut socket)).await {
        Ok(()) => attend(&app, &account, &mut socket, &seat).await,
        Err(end) => end,
    };
    drop((socket, slot));
    if matches!(end, End::Broke) {
        // A node that comes back in time takes its tags over, and nobody saw it go.
        tokio::select! {
            () = sleep(app.config.limits.grace()) => {}
            () = seat.must_leave() => {}
        }
    }
}

/// What was chosen between the request and the socket's place among the others found nobody there to hold for.
async fn catch_up(
    app: &Directory,
    account: &str,
    visibility: Visibility,
    blocked: &HashSet<String>,
) -> Result<(), Refusal> {
    let now = app.store.account(account).await?.map_or(visibility, |account| account.visibility);
    if now != visibility {
        app.presence.set_visibility(account, now);
    }
    let now: HashSet<String> = app.store.blocked_by(account).await?.into_iter().collect();
    for other in now.symmetric_difference(blocked) {
        app.presence.set_blocked(account, other, now.contains(other));
    }
    Ok(())
}

/// Without hyper's wrapper the socket is a few kilobytes smaller.
async fn open(upgraded: Upgraded) -> Option<Socket> {
    let Parts { io, read_buf, .. } = upgraded.downcast::<TokioIo<Stream>>().ok()?;
    let config = WebSocketConfig::default()
        .read_buffer_size(BUFFER)
        .write_buffer_size(0)
        .max_write_buffer_size(MAX_SAID * 2)
        .max_message_size(Some(MAX_SAID))
        .max_frame_size(Some(MAX_SAID));
    let read = read_buf.to_vec();
    Some(WebSocketStream::from_partially_read(io.into_inner(), read, Role::Server, Some(config)).await)
}

async fn bring_letters(
    app: &Directory,
    account: &str,
    device: DeviceId,
    socket: &mut Socket,
) -> Result<(), End> {
    for store::Letter { letter, sealed } in app.letters_for(account, device).await.map_err(|_| End::Gone)? {
        let says = DirectorySays::Letter { letter, sealed: protocol::directory::Blob(sealed) };
        write(socket, Message::Text(say(&says))).await?;
    }
    Ok(())
}

async fn attend(app: &Directory, account: &str, socket: &mut Socket, seat: &Seat) -> End {
    let lease = sleep(app.config.limits.lease());
    tokio::pin!(lease);
    loop {
        let heard = tokio::select! {
            heard = socket.next() => heard,
            next = seat.next() => match next {
                Next::Say(says) => match Box::pin(write(socket, Message::Text(says))).await {
                    Ok(()) => continue,
                    Err(end) => return end,
                },
                Next::Leave => {
                    let code = if app.stop.is_cancelled() { CloseCode::Away } else { CloseCode::Policy };
                    return Box::pin(close(socket, code)).await;
                }
            },
            () = &mut lease => return End::Gone,
        };
        lease.as_mut().reset(Instant::now() + app.config.limits.lease());
        if let Err(end) = Box::pin(hear(app, account, socket, seat, heard)).await {
            return end;
        }
    }
}

/// One message, or the end.
async fn hear(
    app: &Directory,
    account: &str,
    socket: &mut Socket,
    seat: &Seat,
    heard: Option<Result<Message, Error>>,
) -> Result<(), End> {
    let says: NodeSays = match heard {
        Some(Ok(Message::Text(text))) => match serde_json::from_str(&text) {
            Ok(says) => says,
            Err(_) => return Err(close(socket, CloseCode::Invalid).await),
        },
        Some(Ok(Message::Ping(_) | Message::Pong(_))) => return Ok(()),
        Some(Ok(Message::Close(_))) => {
            let _ = timeout(WRITE, socket.close(None)).await;
            return Err(End::Broke);
        }
        Some(Ok(Message::Binary(_) | Message::Frame(_))) => {
            return Err(close(socket, CloseCode::Unsupported).await);
        }
        Some(Err(Error::Capacity(_))) => return Err(close(socket, CloseCode::Size).await),
        Some(Err(_)) | None => return Err(End::Broke),
    };
    match says {
        NodeSays::Ping => write(socket, Message::Text(pong())).await,
        NodeSays::State(state) => match app.presence.state(seat.id, state) {
            Ok(()) => Ok(()),
            Err(_) => Err(close(socket, CloseCode::Policy).await),
        },
        NodeSays::TakeOut { letter } => app.take_out(account, letter).await.map_err(|_| End::Broke),
        NodeSays::Bye => {
            seat.leave();
            Err(close(socket, CloseCode::Normal).await)
        }
    }
}

fn pong() -> Utf8Bytes {
    say(&DirectorySays::Pong)
}

async fn write(socket: &mut Socket, message: Message) -> Result<(), End> {
    match timeout(WRITE, socket.send(message)).await {
        Ok(Ok(())) => Ok(()),
        _ => Err(End::Broke),
    }
}

async fn close(socket: &mut Socket, code: CloseCode) -> End {
    let frame = CloseFrame { code, reason: "".into() };
    let _ = timeout(WRITE, socket.close(Some(frame))).await;
    End::Gone
}
