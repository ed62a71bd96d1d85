//! The task that keeps the presence socket: it says where this node is, hears who comes and goes, and takes letters in.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use futures_util::{SinkExt, StreamExt};
use protocol::{
    address::Address,
    codec,
    directory::{Blob, DirectorySays, Give, LEASE_MS, MAX_SAID, MAX_TAGS, NodeSays, Tag},
    identity::{Capability, LinkSecret, PeerRecord, Profile},
    ids::{DeviceId, LetterId, UserId},
    node::DirectorySaid,
    sign::Signed,
    time::WallMs,
};
use tokio::{
    sync::{Notify, mpsc, watch},
    task::JoinHandle,
    time::{Instant, MissedTickBehavior, interval, sleep, timeout},
};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{Message, client::IntoClientRequest, protocol::WebSocketConfig},
};

use super::{
    Client, Error, errands, record,
    roll::{By, Roll},
    transport::Io,
};

/// A third of the lease: two pings may be lost.
const PING: Duration = Duration::from_millis(LEASE_MS / 3);
const SILENCE: Duration = Duration::from_millis(LEASE_MS);
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// A good-bye has this long.
const FAREWELL: Duration = Duration::from_secs(1);
/// A peer record is a hint to dial after this.
const RECORD_MS: u64 = 24 * 3600 * 1000;
/// What the machine has not taken in yet.
const QUEUE: usize = 256;

type Socket = WebSocketStream<Box<dyn Io>>;

/// Who this node is, for its peer record.
#[derive(Debug, Clone)]
pub struct Me {
    pub user: UserId,
    pub link: LinkSecret,
    /// Where others can dial this node; [`Handle::announce`] changes it.
    pub addresses: Vec<Address>,
}

/// Whether the directory is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    pub state: State,
    /// Since when.
    pub since: WallMs,
}

/// How it stands with the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    Connecting,
    Up,
    /// With the reason, in words; the task goes on trying.
    Down(String),
    /// The session has ended: somebody must sign in.
    SignedOut,
    /// [`Handle::stop`] was called.
    Stopped,
}

/// What the node wants of the directory: only the newest of each, so that nothing grows while it is away.
#[derive(Default)]
pub(super) struct Wants {
    pub(super) posts: BTreeMap<LetterId, (UserId, DeviceId, Vec<u8>)>,
    pub(super) publish: Option<Profile>,
    pub(super) look_ups: BTreeSet<UserId>,
    taken_out: BTreeSet<LetterId>,
    give: Vec<Capability>,
    watch: Vec<(UserId, Capability)>,
    addresses: Vec<Address>,
    state_changed: bool,
    stop: bool,
}

/// What the tasks and the handle share.
pub(super) struct Shared {
    wants: Mutex<Wants>,
    /// For the socket's task.
    socket: Notify,
    /// For the task that runs errands over HTTP.
    pub(super) errands: Notify,
    pub(super) status: watch::Sender<Status>,
    online: watch::Sender<Arc<BTreeMap<UserId, String>>>,
    /// Everybody who is seen as online, listed or not.
    present: Mutex<BTreeSet<UserId>>,
}

impl Shared {
    pub(super) fn wants(&self) -> MutexGuard<'_, Wants> {
        self.wants.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn present(&self) -> MutexGuard<'_, BTreeSet<UserId>> {
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn becomes(&self, state: State) {
        self.status.send_if_modified(|status| {
            let news = status.state != state;
            if news {
                *status = Status { state, since: wall() };
            }
            news
        });
    }
}

/// Gives the tasks work; never waits. Clones are the same handle.
#[derive(Clone)]
pub struct Handle {
    shared: Arc<Shared>,
    task: Arc<Mutex<Option<JoinHandle<()>>>>,
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("directory::Handle")
    }
}

impl Handle {
    /// Puts a letter into the box of a device of `to`; answered by `DirectorySaid::Posted` or `Refused`.
    pub fn post(&self, to: UserId, device: DeviceId, letter: LetterId, sealed: Vec<u8>) {
        self.shared.wants().posts.insert(letter, (to, device, sealed));
        self.shared.errands.notify_one();
    }

    /// Deletes a letter from our box.
    pub fn take_out(&self, letter: LetterId) {
        self.shared.wants().taken_out.insert(letter);
        self.shared.socket.notify_one();
    }

    pub fn publish(&self, profile: Profile) {
        self.shared.wants().publish = Some(profile);
        self.shared.errands.notify_one();
    }

    /// Asks for somebody's newest profile; answered by `DirectorySaid::Profile` if the directory has one to give.
    pub fn look_up(&self, user: UserId) {
        self.shared.wants().look_ups.insert(user);
        self.shared.errands.notify_one();
    }

    /// The whole new state: under which capabilities our presence is given, and whose we watch.
    pub fn presence(&self, give: Vec<Capability>, watch: Vec<(UserId, Capability)>) {
        let mut wants = self.shared.wants();
        (wants.give, wants.watch, wants.state_changed) = (give, watch, true);
        drop(wants);
        self.shared.socket.notify_one();
    }

    /// Where others can dial this node from now on.
    pub fn announce(&self, addresses: Vec<Address>) {
        let mut wants = self.shared.wants();
        (wants.addresses, wants.state_changed) = (addresses, true);
        drop(wants);
        self.shared.socket.notify_one();
    }

    /// Whether the directory is there.
    pub fn status(&self) -> watch::Receiver<Status> {
        self.shared.status.subscribe()
    }

    /// The listed people who are online, by their user; empty while the directory is away.
    pub fn online(&self) -> watch::Receiver<Arc<BTreeMap<UserId, String>>> {
        self.shared.online.subscribe()
    }

    /// Whether the directory says that this person is online.
    pub fn is_present(&self, user: UserId) -> bool {
        self.shared.present().contains(&user)
    }

    /// Says good-bye, so that others see it at once, and waits until it is said (a second at most).
    pub async fn stop(&self) {
        self.shared.wants().stop = true;
        self.shared.socket.notify_one();
        self.shared.errands.notify_one();
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task {
            let _ = task.await;
        }
    }
}

/// Starts the tasks. They end with [`Handle::stop`], when the session ends, or when nobody listens any more.
pub fn run(client: Client, me: Me) -> (Handle, mpsc::Receiver<DirectorySaid>) {
    client.use_device(&me.link);
    let (said, listener) = mpsc::channel(QUEUE);
    let wants = Wants { addresses: me.addresses.clone(), ..Wants::default() };
    let shared = Arc::new(Shared {
        wants: Mutex::new(wants),
        socket: Notify::new(),
        errands: Notify::new(),
        status: watch::Sender::new(Status { state: State::Connecting, since: wall() }),
        online: watch::Sender::default(),
        present: Mutex::default(),
    });
    let errands = tokio::spawn(errands::run(client.clone(), shared.clone(), said.clone()));
    let keeper = Keeper { client, me, shared: shared.clone(), said };
    let task = tokio::spawn(async move {
        keeper.keep().await;
        errands.abort();
        let _ = errands.await;
    });
    (Handle { shared, task: Arc::new(Mutex::new(Some(task))) }, listener)
}

/// Why the socket is left.
enum End {
    Stop,
    SignedOut,
    Lost(String),
}

impl From<Error> for End {
    fn from(error: Error) -> Self {
        match error {
            Error::SignedOut => Self::SignedOut,
            error => Self::Lost(error.to_string()),
        }
    }
}

struct Keeper {
    client: Client,
    me: Me,
    shared: Arc<Shared>,
    said: mpsc::Sender<DirectorySaid>,
}

impl Keeper {
    async fn keep(self) {
        let mut wait = FIRST_WAIT;
        loop {
            let began = Instant::now();
            let (end, was_up) = match self.connect().await {
                Ok(socket) => {
                    self.shared.becomes(State::Up);
                    self.shared.errands.notify_one();
                    (self.serve(socket).await, true)
                }
                Err(end) => (end, false),
            };
            self.shared.present().clear();
            self.shared.online.send_if_modified(|online| {
                let news = !online.is_empty();
                *online = Arc::default();
                news
            });
            if was_up && self.said.send(DirectorySaid::Down).await.is_err() {
                return;
            }
            match end {
                End::Stop => return self.shared.becomes(State::Stopped),
                End::SignedOut => return self.shared.becomes(State::SignedOut),
                End::Lost(reason) => {
                    tracing::info!(reason, "the directory is away");
                    self.shared.becomes(State::Down(reason));
                }
            }
            // Decorrelated jitter: a directory that comes back is not met by everybody at once.
            wait = if was_up && began.elapsed() > LONGEST_WAIT { FIRST_WAIT } else { wait * 3 }
                .min(LONGEST_WAIT);
            let pause = rand::random_range(FIRST_WAIT..=wait.max(FIRST_WAIT));
            tokio::select! {
                () = sleep(pause) => {}
                () = self.stopped() => return self.shared.becomes(State::Stopped),
                () = self.said.closed() => return,
            }
        }
    }

    /// Ends when the node wants to stop, whatever else is wanted.
    async fn stopped(&self) {
        while !self.shared.wants().stop {
            self.shared.socket.notified().await;
        }
    }

    async fn connect(&self) -> Result<Socket, End> {
        let open = async {
            let token = self.client.token().await?;
            let (opened, endpoint) = self.client.http().open().await?;
            let broken = |error: tokio_tungstenite::tungstenite::Error| match error {
                tokio_tungstenite::tungstenite::Error::Http(answer) if answer.status().as_u16() == 401 => {
                    Error::SignedOut
                }
                error => Error::Unreachable(error.to_string()),
            };
            let mut request = endpoint.ws_url("/v1/presence").into_client_request().map_err(broken)?;
            let token = format!("Bearer {token}").parse().map_err(|_| Error::Garbled)?;
            request.headers_mut().insert("authorization", token);
            let config = WebSocketConfig::default()
                .read_buffer_size(16 << 10)
                .max_message_size(Some(MAX_SAID))
                .max_frame_size(Some(MAX_SAID))
                .max_write_buffer_size(1 << 20);
            let (socket, _) =
                client_async_with_config(request, opened.io, Some(config)).await.map_err(broken)?;
            Ok::<_, Error>(socket)
        };
        tokio::select! {
            opened = timeout(SILENCE, open) => match opened {
                Ok(Ok(socket)) => Ok(socket),
                // A token from before a change of the password; whether the session still runs, a renewal tells.
                Ok(Err(Error::SignedOut)) => match self.client.renew().await {
                    Ok(_) => Err(End::Lost("the token was outdated".to_owned())),
                    Err(error) => Err(error.into()),
                },
                Ok(Err(error)) => Err(error.into()),
                Err(_) => Err(End::Lost("it does not answer".to_owned())),
            },
            () = self.stopped() => Err(End::Stop),
            () = self.said.closed() => Err(End::Stop),
        }
    }

    /// Lives with one socket until it ends.
    async fn serve(&self, socket: Socket) -> End {
        let (mut out, mut from) = socket.split();
        let mut roll = Roll::default();
        let mut watched = BTreeMap::new();
        self.shared.wants().state_changed = true;
        if self.said.send(DirectorySaid::Up).await.is_err() {
            return End::Stop;
        }
        self.shared.socket.notify_one();
        let mut ping = interval(PING);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let silence = sleep(SILENCE);
        tokio::pin!(silence);
        loop {
            let said = tokio::select! {
                heard = from.next() => {
                    let text = match heard {
                        Some(Ok(Message::Text(text))) => text,
                        Some(Ok(Message::Close(_))) | None => return End::Lost("it closed the connection".to_owned()),
                        Some(Ok(_)) => continue,
                        Some(Err(error)) => return End::Lost(error.to_string()),
                    };
                    silence.as_mut().reset(Instant::now() + SILENCE);
                    // What a newer directory says besides is not for us.
                    let Ok(says) = serde_json::from_str(&text) else { continue };
                    let Some(news) = self.hear(says, &watched, &mut roll) else { continue };
                    if let DirectorySaid::Presence { user, online, .. } = news {
                        let mut present = self.shared.present();
                        if online { present.insert(user) } else { present.remove(&user) };
                    }
                    if self.said.send(news).await.is_err() {
                        return End::Stop;
                    }
                    continue;
                }
                () = &mut silence => return End::Lost("it fell silent".to_owned()),
                () = self.said.closed() => vec![NodeSays::Bye],
                _ = ping.tick() => vec![NodeSays::Ping],
                () = self.shared.socket.notified() => self.changes(&mut watched),
            };
            let last = said.contains(&NodeSays::Bye);
            for says in said {
                let text = serde_json::to_string(&says).expect("plain data has a JSON form");
                let sent =
                    timeout(if last { FAREWELL } else { SILENCE }, out.send(Message::text(text))).await;
                match sent {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => return if last { End::Stop } else { End::Lost(error.to_string()) },
                    Err(_) => return if last { End::Stop } else { End::Lost("it does not read".to_owned()) },
                }
            }
            if last {
                // The directory closes when it has told the others.
                let _ = timeout(FAREWELL, async { while let Some(Ok(_)) = from.next().await {} }).await;
                return End::Stop;
            }
        }
    }

    /// What is to be said now.
    fn changes(&self, watched: &mut BTreeMap<Tag, (UserId, Capability)>) -> Vec<NodeSays> {
        let mut wants = self.shared.wants();
        if wants.stop {
            return vec![NodeSays::Bye];
        }
        let mut said: Vec<_> = std::mem::take(&mut wants.taken_out)
            .into_iter()
            .map(|letter| NodeSays::TakeOut { letter })
            .collect();
        if std::mem::take(&mut wants.state_changed) {
            let record = self.record(wants.addresses.clone());
            let give = wants.give.iter().take(MAX_TAGS);
            let give = give.map(|capability| Give {
                tag: record::tag(capability),
                record: record::seal(&record, capability),
            });
            let give = give.collect();
            *watched = wants
                .watch
                .iter()
                .take(MAX_TAGS)
                .map(|(user, capability)| (record::tag(capability), (*user, capability.clone())))
                .collect();
            said.push(NodeSays::State(protocol::directory::State {
                give,
                open: Some(Blob(codec::to_bytes(&record))),
                watch: watched.keys().copied().collect(),
                watch_listed: true,
            }));
        }
        said
    }

    fn record(&self, addresses: Vec<Address>) -> Signed<PeerRecord> {
        let now = wall().0;
        let Me { user, link, .. } = &self.me;
        PeerRecord {
            user: *user,
            device: link.device_id(),
            seq: now,
            addresses,
            lease: WallMs(now + RECORD_MS),
        }
        .sign(link)
    }

    fn hear(
        &self,
        says: DirectorySays,
        watched: &BTreeMap<Tag, (UserId, Capability)>,
        roll: &mut Roll,
    ) -> Option<DirectorySaid> {
        match says {
            DirectorySays::Pong => None,
            DirectorySays::Letter { letter, sealed } => {
                Some(DirectorySaid::Letter { letter, sealed: sealed.0 })
            }
            DirectorySays::Presence { tag, record } => {
                let (user, capability) = watched.get(&tag)?;
                let addresses = match record {
                    Some(sealed) => Some(record::open(&sealed, capability, *user)?.addresses),
                    None => None,
                };
                roll.says(By::Tag, *user, addresses)
            }
            DirectorySays::Listed { username, user, online, record } => {
                if user == self.me.user {
                    return None;
                }
                self.shared.online.send_if_modified(|people| {
                    let people = Arc::make_mut(people);
                    match online {
                        true => people.insert(user, username.clone()).as_ref() != Some(&username),
                        false => people.remove(&user).is_some(),
                    }
                });
                let addresses =
                    record.and_then(|record| record::read(&record, user)).map(|record| record.addresses);
                roll.says(By::List, user, online.then(|| addresses.unwrap_or_default()))
            }
        }
    }
}

fn wall() -> WallMs {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    WallMs(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
