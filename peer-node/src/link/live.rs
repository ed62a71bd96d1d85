//! One live link: its task reads, verifies and delivers, writes what waits in one go, and says why it ends.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures_util::{
    SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use protocol::{error::CloseCode, frame::Frame, ids::LinkId};
use tokio::{
    sync::{Semaphore, mpsc},
    time::{sleep, timeout},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Error, Message, Utf8Bytes,
        protocol::{CloseFrame, frame::coding::CloseCode as WireCode},
    },
};
use tokio_util::sync::CancellationToken;

use super::{
    LinkEvent, Room, inbox,
    meter::{Meter, Reading},
    socket::{PER_MESSAGE, Socket},
    stream::{Allowance, AllowanceSpent, BoxDuplex},
};

/// What may wait for one peer before it counts as too slow. Sync by state makes up for what is thrown away.
const MAX_WAITING: usize = 1 << 20;
/// Each waiting message costs this much beside its bytes.
const OVERHEAD: usize = 64;
/// Received messages of one link that the node has not taken yet, in pages: one peer fills no more memory.
const ROOM: usize = 128;
const PAGE: usize = 4 << 10;
/// WebSocket control frames and empty messages from one real message to the next; honest nodes send none.
const MAX_IDLE_FRAMES: u32 = 32;
/// What is left to write before a close gets this long.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// And the close itself this long, for the peer to read it.
const GOODBYE: Duration = Duration::from_secs(1);

type Sink = SplitSink<WebSocketStream<BoxDuplex>, Message>;
type Stream = SplitStream<WebSocketStream<BoxDuplex>>;

/// The node's end of a link: where messages for the peer are left.
#[derive(Debug, Clone)]
pub(super) struct Line {
    out: mpsc::UnboundedSender<Bytes>,
    /// Bounds `out`: bytes and overhead of what is in it.
    waiting: Arc<AtomicUsize>,
    end: Ending,
    meter: Meter,
}

/// Asked for once, with the first reason given.
#[derive(Debug, Clone, Default)]
struct Ending {
    code: Arc<Mutex<Option<CloseCode>>>,
    asked: CancellationToken,
}

impl Line {
    /// Leaves a message for the peer. If too much waits already, the link ends.
    pub(super) fn send(&self, frames: &[Frame]) {
        let message = pack(frames);
        self.meter.sends(frames, message.len());
        let cost = message.len() + OVERHEAD;
        if self.waiting.fetch_add(cost, Ordering::Relaxed) + cost > MAX_WAITING {
            self.close(CloseCode::TooSlow);
        } else if !self.end.asked.is_cancelled() {
            // Without a receiver the link has just ended; its `Down` is on the way.
            let _ = self.out.send(message.into());
        }
    }

    pub(super) fn reading(&self) -> Reading {
        self.meter.reading()
    }

    /// Ends the link after what waits is written, or has had its time.
    pub(super) fn close(&self, code: CloseCode) {
        let mut first = self.end.code.lock().expect("nothing panics while it holds this");
        first.get_or_insert(code);
        drop(first);
        self.end.asked.cancel();
    }
}

/// The other end of a `Line`.
pub(super) struct Waiting {
    out: mpsc::UnboundedReceiver<Bytes>,
    waiting: Arc<AtomicUsize>,
    end: Ending,
    meter: Meter,
}

pub(super) fn line() -> (Line, Waiting) {
    let (sender, out) = mpsc::unbounded_channel();
    let (waiting, end, meter) = (Arc::<AtomicUsize>::default(), Ending::default(), Meter::default());
    let line = Line { out: sender, waiting: waiting.clone(), end: end.clone(), meter: meter.clone() };
    (line, Waiting { out, waiting, end, meter })
}

/// Why a link ended.
enum End {
    /// The peer closed, or the network did.
    Gone,
    /// We close, with this code.
    Close(u16, &'static str),
}

/// The last that is to be said on a link that we close.
pub(super) struct Goodbye {
    sink: Sink,
    stream: Stream,
    code: u16,
    detail: &'static str,
}

/// Runs a link until it ends; `None` if it is not for us to say goodbye.
pub(super) async fn run(
    link: LinkId,
    socket: Socket,
    waiting: Waiting,
    events: &mpsc::Sender<LinkEvent>,
) -> Option<Goodbye> {
    let Socket { ws, allowance, peer, .. } = socket;
    let (mut sink, mut stream) = ws.split();
    let Waiting { mut out, waiting, end: asked, meter } = waiting;
    let end = tokio::select! {
        end = read(link, &mut stream, &allowance, &meter, events) => end,
        end = write(&mut sink, &mut out, &waiting, &asked) => end,
        () = overdue(&asked) => closing(&asked),
    };
    let End::Close(code, detail) = end else { return None };
    tracing::debug!(link = link.0, peer = %peer.short(), code, detail, "closing a link");
    Some(Goodbye { sink, stream, code, detail })
}

impl Goodbye {
    /// Sends the close code and gives the peer a moment to read it: what is unread when a socket is dropped
    /// makes the network forget what was sent last.
    pub(super) async fn say(self) {
        let Self { mut sink, mut stream, code, detail } = self;
        let goodbye = async {
            let frame = CloseFrame { code: WireCode::from(code), reason: Utf8Bytes::from_static(detail) };
            if sink.send(Message::Close(Some(frame))).await.is_ok() {
                // The peer may go on sending; it is thrown away, within its allowance.
                while let Some(Ok(_)) = stream.next().await {}
            }
        };
        let _ = timeout(GOODBYE, goodbye).await;
    }
}

async fn read(
    link: LinkId,
    stream: &mut Stream,
    allowance: &Allowance,
    meter: &Meter,
    events: &mpsc::Sender<LinkEvent>,
) -> End {
    let room = Arc::new(Semaphore::new(ROOM));
    let mut idle = 0;
    loop {
        let bytes = match stream.next().await {
            Some(Ok(Message::Binary(bytes))) => bytes,
            Some(Ok(Message::Text(_))) => return End::Close(1003, "text"),
            Some(Ok(Message::Close(_))) | None => return End::Gone,
            Some(Ok(_)) => Bytes::new(),
            Some(Err(error)) => return broken(&error),
        };
        if bytes.is_empty() {
            idle += 1;
            if idle > MAX_IDLE_FRAMES {
                return End::Close(CloseCode::Flood.into(), "flood");
            }
            continue;
        }
        idle = 0;
        allowance.set(PER_MESSAGE);
        meter.receives(bytes.len());
        let pages = u32::try_from(1 + bytes.len() / PAGE).expect("a message has few pages");
        let room = room.clone().acquire_many_owned(pages).await.expect("never closed");
        let frames = match inbox::open(bytes).await {
            Ok(frames) => frames,
            Err(violation) => return End::Close(violation.code.into(), violation.detail),
        };
        meter.hears(&frames);
        if events.send(LinkEvent::Received { link, frames, room: Room::new(room) }).await.is_err() {
            return End::Close(CloseCode::GoingAway.into(), "going away");
        }
    }
}

/// What a failed read says about the peer.
fn broken(error: &Error) -> End {
    match error {
        Error::Capacity(_) => End::Close(1009, "too big"),
        Error::Protocol(_) | Error::Utf8(_) => End::Close(1002, "not WebSocket"),
        Error::Io(error) if AllowanceSpent::is(error) => End::Close(1009, "too big"),
        _ => End::Gone,
    }
}

async fn write(
    sink: &mut Sink,
    out: &mut mpsc::UnboundedReceiver<Bytes>,
    waiting: &AtomicUsize,
    asked: &Ending,
) -> End {
    loop {
        let first = tokio::select! {
            biased;
            first = out.recv() => first,
            () = asked.asked.cancelled() => None,
        };
        let Some(first) = first else { return closing(asked) };
        // All that waits goes into one flush: flushing each message costs up to nineteen times.
        let mut next = Some(first);
        while let Some(message) = next {
            let cost = message.len() + OVERHEAD;
            if sink.feed(Message::Binary(message)).await.is_err() {
                return End::Gone;
            }
            waiting.fetch_sub(cost, Ordering::Relaxed);
            next = out.try_recv().ok();
        }
        if sink.flush().await.is_err() {
            return End::Gone;
        }
    }
}

/// Waits until somebody asked for the end and the last words had their time.
async fn overdue(asked: &Ending) {
    asked.asked.cancelled().await;
    sleep(LAST_WORDS).await;
}

fn closing(asked: &Ending) -> End {
    let code = asked.code.lock().expect("nothing panics while it holds this").unwrap_or(CloseCode::GoingAway);
    End::Close(code.into(), "")
}

/// A message of a link as bytes.
pub(super) fn pack(frames: &[Frame]) -> Vec<u8> {
    protocol::frame::encode_message(frames)
}
