//! The peer door: links to other nodes, listened for and dialled; frames in, frames out, nothing decided.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use protocol::{
    address::Address,
    error::CloseCode,
    frame::Frame,
    identity::LinkSecret,
    ids::{DeviceId, LinkId},
};
use tokio::{
    net::TcpListener,
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
    time::timeout,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

mod dial;
mod doors;
mod failure;
mod inbox;
mod listen;
mod live;
mod meter;
mod probe;
mod socket;
mod stream;
mod tcp;
mod tls;
mod who;

use self::{doors::Doors, live::Line, socket::Socket, tls::Identity};
pub use self::{
    doors::Limits,
    failure::{Reason, Tried},
    meter::Reading,
    probe::{Answered, probe},
    who::{Error, who},
};

/// Link events that wait for the node; the readers wait when it is full.
const EVENTS: usize = 256;
/// Dials under way at once; the others wait for their turn.
const DIALS: usize = 64;
/// How long `shutdown` waits for goodbyes.
const SHUTDOWN: Duration = Duration::from_secs(3);

/// What happens on links. For each link: one `Up`, any number of `Received`, one `Down`.
#[derive(Debug)]
pub enum LinkEvent {
    Up {
        link: LinkId,
        /// Proven by TLS.
        peer: DeviceId,
        dialled: bool,
        /// The channel binding: equal at both ends, fresh for every link.
        binding: [u8; 32],
        remote: SocketAddr,
    },
    /// One message, its signatures verified.
    Received {
        link: LinkId,
        frames: Vec<Frame>,
        /// Dropped when the frames are dealt with; until then it holds back the peer.
        room: Room,
    },
    Down {
        link: LinkId,
    },
    /// No address answered as that device.
    DialFailed {
        peer: DeviceId,
        tried: Vec<Tried>,
    },
}

/// A part of the memory that one link may fill.
#[derive(Debug)]
pub struct Room(#[expect(dead_code, reason = "held for its drop")] OwnedSemaphorePermit);

impl Room {
    fn new(permit: OwnedSemaphorePermit) -> Self {
        Self(permit)
    }
}

/// Sends, dials and closes.
#[derive(Debug, Clone)]
pub struct Handle(Arc<Links>);

/// What all tasks of the peer door share.
struct Links {
    identity: Identity,
    limits: Limits,
    doors: Doors,
    next: AtomicU64,
    lines: Mutex<BTreeMap<LinkId, Line>>,
    events: mpsc::Sender<LinkEvent>,
    dials: Semaphore,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl std::fmt::Debug for Links {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Links").field("lines", &self.lines().len()).finish_non_exhaustive()
    }
}

/// Opens the door: answers on `listener`, if there is one, and dials when told to.
pub fn start(
    secret: &LinkSecret,
    listener: Option<TcpListener>,
    limits: Limits,
) -> (Handle, mpsc::Receiver<LinkEvent>) {
    let (events, received) = mpsc::channel(EVENTS);
    let links = Arc::new(Links {
        identity: Identity::new(secret.seed()),
        limits,
        doors: Doors::new(limits),
        next: AtomicU64::new(1),
        lines: Mutex::default(),
        events,
        dials: Semaphore::new(DIALS),
        tasks: TaskTracker::new(),
        stop: CancellationToken::new(),
    });
    if let Some(listener) = listener {
        links.tasks.spawn(listen::listen(links.clone(), listener));
    }
    (Handle(links), received)
}

impl Handle {
    /// Tries all addresses; ends in an `Up` or in a `DialFailed`.
    pub fn dial(&self, peer: DeviceId, addresses: Vec<Address>) {
        let links = self.0.clone();
        self.0.tasks.spawn(async move {
            let race = async {
                let _turn = links.dials.acquire().await.expect("never closed");
                dial::race(&links.identity, Some(peer), &addresses, links.limits.handshake_time).await
            };
            let raced = tokio::select! {
                raced = race => raced,
                () = links.stop.cancelled() => return,
            };
            match raced {
                Ok((socket, remote)) => links.run(socket, remote).await,
                Err(tried) => drop(links.events.send(LinkEvent::DialFailed { peer, tried }).await),
            }
        });
    }

    /// One message. A link whose peer takes too slowly is closed; a link that is gone takes it silently.
    pub fn send(&self, link: LinkId, frames: &[Frame]) {
        if let Some(line) = self.0.line(link) {
            line.send(frames);
        }
    }

    /// What each link carried until now, and how fast its peer answers.
    pub fn readings(&self) -> BTreeMap<LinkId, Reading> {
        self.0.lines().iter().map(|(link, line)| (*link, line.reading())).collect()
    }

    /// Ends a link, after what was sent before is written.
    pub fn close(&self, link: LinkId, code: CloseCode) {
        if let Some(line) = self.0.line(link) {
            line.close(code);
        }
    }

    /// Takes up no new link, ends all links, and waits until they are gone, but not for long.
    pub async fn shutdown(&self) {
        self.0.stop.cancel();
        for line in self.0.lines().values() {
            line.close(CloseCode::GoingAway);
        }
        self.0.tasks.close();
        let _ = timeout(SHUTDOWN, self.0.tasks.wait()).await;
    }
}

impl Links {
    fn lines(&self) -> MutexGuard<'_, BTreeMap<LinkId, Line>> {
        self.lines.lock().expect("nothing panics while it holds this")
    }

    fn line(&self, link: LinkId) -> Option<Line> {
        self.lines().get(&link).cloned()
    }

    /// A socket's whole life as a link.
    async fn run(&self, socket: Socket, remote: SocketAddr) {
        let link = LinkId(self.next.fetch_add(1, Ordering::Relaxed));
        let (line, waiting) = live::line();
        self.lines().insert(link, line.clone());
        if self.stop.is_cancelled() {
            line.close(CloseCode::GoingAway);
        }
        let Socket { peer, dialled, binding, .. } = socket;
        let up = LinkEvent::Up { link, peer, dialled, binding, remote };
        let goodbye = match self.events.send(up).await {
            Ok(()) => live::run(link, socket, waiting, &self.events).await,
            Err(_) => None,
        };
        self.lines().remove(&link);
        let _ = self.events.send(LinkEvent::Down { link }).await;
        if let Some(goodbye) = goodbye {
            goodbye.say().await;
        }
    }
}

#[cfg(test)]
mod tests;
