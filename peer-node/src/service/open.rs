//! A node that is unlocked: its store, its machine, its links and its directory; what it says goes to the feed.

use std::{
    collections::{BTreeMap, BTreeSet},
    iter,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
    time::Duration,
};

use protocol::{
    address::Address,
    config::Config,
    identity::{AccountKey, LinkSecret, Profile},
    ids::{ConversationId, UserId},
    node::{Batch, Command, Node, Notice, Preferences, Refusal, Reply},
    seal::Vodozemac,
    time::WallMs,
};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use tokio::{
    net::TcpListener,
    sync::{broadcast::error::RecvError, mpsc},
    time::{Instant, sleep},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    Error, Inner, Service, Settings, Visibility,
    feed::{Change, Feed},
    membership::{Joined, Membership},
    network::Examination,
    search, vanish,
    waiting::Waiting,
};
use crate::{
    clock::Clock,
    node::{self, NodeHandle, NodeParts, Stopped},
    store::{Record, Store},
};

/// "Is writing" that nobody repeats is over after this.
const TYPING: Duration = Duration::from_secs(10);
/// After the machine broke off (a full disk), before it is opened again from the store: the first wait, the longest.
const RESTART: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// Names of what is kept as settings in the store.
pub(super) mod key {
    pub(in crate::service) const SETTINGS: &str = "settings";
    pub(in crate::service) const DIRECTORY: &str = "directory";
    pub(in crate::service) const RECOVERY: &str = "recovery";
    pub(in crate::service) const RECOVERY_WAITS: &str = "recovery-waits";
    pub(in crate::service) const BLOCKS_TOLD: &str = "blocks-told";
    /// The directory has not heard of the passphrase yet.
    pub(in crate::service) const PASSPHRASE_OWED: &str = "passphrase-owed";
    pub(in crate::service) const SEEN: &str = "seen";
    pub(in crate::service) const ALERTS: &str = "alerts";
    pub(in crate::service) const MUTED: &str = "muted";
    /// Chats that were deleted.
    pub(in crate::service) const DELETED: &str = "deleted-chats";
}

/// Everything that lives only while the node is unlocked.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) store: Store,
    pub(super) profile: Profile,
    pub(super) link_secret: LinkSecret,
    pub(super) account: AccountKey,
    pub(super) addresses: Vec<Address>,
    node: RwLock<NodeHandle>,
    joined: RwLock<Option<Arc<Joined>>>,
    typing: Mutex<BTreeMap<ConversationId, Instant>>,
    seen: Mutex<BTreeMap<UserId, WallMs>>,
    /// Conversations of which no notifications are wanted.
    muted: Mutex<BTreeSet<ConversationId>>,
    /// Own messages that nobody else holds yet.
    unsent: Mutex<Waiting>,
    /// Whose clock is a day or more away from ours, as their messages show.
    clocks_wrong: Mutex<BTreeSet<UserId>>,
    /// Held while somebody's ways are looked at.
    pub(super) examining: tokio::sync::Mutex<()>,
    /// What the last look at each person found.
    pub(super) examinations: Mutex<BTreeMap<UserId, Examination>>,
    /// Safety numbers cost a few thousand hashes each.
    pub(super) safety: Mutex<BTreeMap<[u8; 32], String>>,
    pub(super) closing: CancellationToken,
    pub(super) tasks: TaskTracker,
}

/// A machine that is about to be started.
pub(super) type Opened = (Node<Vodozemac>, Batch);

/// A fresh source of randomness for a machine.
pub(super) fn rng() -> ChaCha20Rng {
    ChaCha20Rng::from_seed(rand::random())
}

impl Open {
    /// Starts the machine over its store, with what the user chose. Returns when its first batch is committed.
    pub(super) async fn start(service: &Service, store: Store, opened: Opened) -> Result<Arc<Self>, Error> {
        let inner = &service.0;
        let (profile, link_secret) = (opened.0.profile().clone(), opened.0.link_secret().clone());
        let account = opened.0.account_key().clone();
        let listener = inner.take_listener().await?;
        let addresses = inner.announced().await;
        // Before anybody can look, and before anything is shown, what came due meanwhile is gone.
        vanish::catch_up(&store, inner.clock).await?;
        // An index that is made anew was emptied: the newest messages are found from the first moment, older ones follow.
        store.index_more().await?;
        let node = launch(inner, &store, opened, Some(listener));
        let seen = store.setting(key::SEEN).await?.unwrap_or_default();
        let muted = store.setting(key::MUTED).await?.unwrap_or_default();
        let open = Arc::new(Self {
            store,
            profile,
            link_secret,
            account,
            addresses,
            node: RwLock::new(node),
            joined: RwLock::new(None),
            typing: Mutex::default(),
            seen: Mutex::new(seen),
            muted: Mutex::new(muted),
            unsent: Mutex::default(),
            clocks_wrong: Mutex::default(),
            examining: tokio::sync::Mutex::default(),
            examinations: Mutex::default(),
            safety: Mutex::default(),
            closing: CancellationToken::new(),
            tasks: TaskTracker::new(),
        });
        open.listen(&inner.feed, inner.clock);
        service.listen_for_the_bell(&open);
        open.greet().await?;
        open.tasks.spawn(supervise(open.clone(), inner.clone()));
        open.tasks.spawn(search::keep_index(open.clone()));
        open.tasks.spawn(vanish::keep_time(open.clone(), inner.feed.clone(), inner.clock));
        Ok(open)
    }

    /// What the machine must be told at every start.
    async fn greet(&self) -> Result<(), Error> {
        self.command(Command::Announce { addresses: self.addresses.clone() }).await?;
        self.command(Command::Prefer(self.settings().await?.into())).await?;
        Ok(())
    }

    pub(super) fn node(&self) -> NodeHandle {
        self.node.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn joined(&self) -> Option<Arc<Joined>> {
        self.joined.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn user(&self) -> UserId {
        self.profile.user()
    }

    pub(super) async fn command(&self, command: Command) -> Result<Reply, Error> {
        let node = self.node();
        match node.command(command).await {
            Ok(reply) => Ok(reply),
            Err(node::Error::Refused(refusal)) => Err(refusal.into()),
            Err(node::Error::Stopped) => match node.stopped().await {
                Stopped::Failed(why) if why.contains("disk is full") => Err(Error::DiskFull),
                Stopped::Failed(why) => Err(Error::Stopped(why)),
                Stopped::Asked => Err(Error::Locked),
            },
        }
    }

    pub(super) async fn settings(&self) -> Result<Settings, Error> {
        Ok(self.store.setting(key::SETTINGS).await?.unwrap_or_default())
    }

    /// Joins a directory from now on, or none.
    pub(super) async fn use_directory(
        self: &Arc<Self>,
        feed: &Feed,
        joined: Option<Joined>,
    ) -> Result<(), Error> {
        let before = self.joined();
        let (joined, said) = match joined {
            Some(joined) => {
                let said = joined.start(self.profile.user(), &self.link_secret, &self.addresses);
                (Some(Arc::new(joined)), said)
            }
            None => (None, None),
        };
        *self.joined.write().unwrap_or_else(PoisonError::into_inner) = joined.clone();
        if let Some(before) = before {
            before.stop().await;
        }
        let node = self.node();
        let directory = joined.as_ref().and_then(|joined| joined.handle()).zip(said);
        node.use_directory(directory).await.map_err(|_| Error::Stopped("it has ended".to_owned()))?;
        if let Some(joined) = joined {
            joined.watch(self, feed);
        }
        feed.tell(Change::Directory);
        Ok(())
    }

    /// Says goodbye, ends the machine, and closes the store.
    pub(super) async fn close(&self) {
        self.closing.cancel();
        // The machine's end says goodbye to the directory, too.
        self.node().stop().await;
        if let Some(joined) = self.joined() {
            joined.stop().await;
        }
        self.tasks.close();
        self.tasks.wait().await;
        if let Err(error) = self.store.close().await {
            tracing::warn!(%error, "the database was not closed in order; the next start repairs it");
        }
    }

    pub(super) fn is_typing(&self, conversation: ConversationId) -> bool {
        lock(&self.typing).get(&conversation).is_some_and(|since| since.elapsed() < TYPING)
    }

    pub(super) fn last_seen(&self, user: UserId) -> Option<WallMs> {
        lock(&self.seen).get(&user).copied()
    }

    pub(super) fn muted(&self) -> MutexGuard<'_, BTreeSet<ConversationId>> {
        lock(&self.muted)
    }

    pub(super) fn unsent(&self) -> MutexGuard<'_, Waiting> {
        lock(&self.unsent)
    }

    /// Whether this person's clock and ours are a day or more apart.
    pub(super) fn clock_is_wrong(&self, user: UserId) -> bool {
        lock(&self.clocks_wrong).contains(&user)
    }

    /// Passes on what the machine says.
    fn listen(self: &Arc<Self>, feed: &Feed, clock: Clock) {
        let (open, feed) = (self.clone(), feed.clone());
        let mut notices = self.node().notices();
        self.tasks.spawn(async move {
            loop {
                let notice = tokio::select! {
                    notice = notices.recv() => notice,
                    () = open.closing.cancelled() => return,
                };
                match notice {
                    Ok(notice) => feed.tell(open.take(notice, clock).await),
                    Err(RecvError::Lagged(_)) => {
                        open.unsent().forget();
                        feed.tell(Change::Everything);
                    }
                    Err(RecvError::Closed) => return,
                }
            }
        });
    }

    async fn take(&self, notice: Notice, clock: Clock) -> Change {
        self.unsent().heard(&notice);
        match notice {
            Notice::Item { conversation, id } => Change::Message { conversation, id },
            Notice::Marks { conversation } => Change::Marks { conversation },
            Notice::Conversation { conversation } => Change::Conversation { conversation },
            Notice::Person { user } => Change::Person { user },
            Notice::Reachable { user, reachable } => {
                let seen = {
                    let mut seen = lock(&self.seen);
                    seen.insert(user, clock.wall());
                    seen.clone()
                };
                if let Err(error) = self.store.set_setting(key::SEEN, &seen).await {
                    tracing::warn!(%error, "when somebody was last seen could not be kept");
                }
                Change::Presence { user, online: reachable }
            }
            Notice::Typing { conversation, user, active } => {
                let mut typing = lock(&self.typing);
                if active {
                    typing.insert(conversation, Instant::now());
                } else {
                    typing.remove(&conversation);
                }
                Change::Typing { conversation, user, active }
            }
            Notice::ClockWrong { user } => {
                lock(&self.clocks_wrong).insert(user);
                Change::ClockWrong { user }
            }
        }
    }
}

/// Opens a machine from what its store holds.
pub(super) async fn from_store(store: &Store, clock: Clock) -> Result<Opened, Error> {
    // One thread reads and decrypts records while another one takes them in.
    let (pieces, mut come) = mpsc::channel::<Vec<Record>>(2);
    let (restored, now, wall) = (store.restored(), clock.now(), clock.wall());
    let opening = tokio::task::spawn_blocking(move || {
        let records = iter::from_fn(|| come.blocking_recv()).flatten();
        Node::open(Config::default(), rng(), Vodozemac, now, wall, records, restored)
    });
    let mut last = Vec::new();
    loop {
        let piece = store.records_after(&last).await?;
        let Some((key, _)) = piece.last() else { break };
        last.clone_from(key);
        // Whoever takes them in has found them damaged, and says so.
        if pieces.send(piece).await.is_err() {
            break;
        }
    }
    drop(pieces);
    let opened = opening.await.map_err(|error| Error::Storage(error.to_string()))?;
    opened.map_err(|error| Error::Storage(error.to_string()))
}

fn launch(inner: &Inner, store: &Store, opened: Opened, listener: Option<TcpListener>) -> NodeHandle {
    let link = node::open_door(opened.0.link_secret(), listener, inner.given.links);
    node::start(NodeParts { store: store.clone(), opened, link, directory: None, clock: inner.clock })
}

/// Opens the machine again from the store when it broke off: nothing that was answered for is lost by that.
async fn supervise(open: Arc<Open>, inner: Arc<Inner>) {
    let mut wait = RESTART.0;
    loop {
        let node = open.node();
        let stopped = tokio::select! {
            stopped = node.stopped() => stopped,
            () = open.closing.cancelled() => return,
        };
        let Stopped::Failed(why) = stopped else { return };
        tracing::error!(why, "the node broke off; it is opened again");
        inner.feed.tell(Change::Directory);
        let began = Instant::now();
        loop {
            tokio::select! {
                () = sleep(wait) => {}
                () = open.closing.cancelled() => return,
            }
            wait = (wait * 2).min(RESTART.1);
            match restart(&open, &inner).await {
                Ok(()) => break,
                Err(error) => tracing::warn!(%error, "the node could not be opened again yet"),
            }
        }
        if began.elapsed() > RESTART.1 {
            wait = RESTART.0;
        }
        inner.feed.tell(Change::Everything);
    }
}

async fn restart(open: &Arc<Open>, inner: &Arc<Inner>) -> Result<(), Error> {
    let opened = from_store(&open.store, inner.clock).await?;
    let listener = inner.take_listener().await?;
    let node = launch(inner, &open.store, opened, Some(listener));
    *open.node.write().unwrap_or_else(PoisonError::into_inner) = node;
    open.listen(&inner.feed, inner.clock);
    open.unsent().forget();
    open.greet().await?;
    if let Some(membership) = open.store.setting::<Option<Membership>>(key::DIRECTORY).await?.flatten() {
        open.use_directory(
            &inner.feed,
            Some(Joined::resumed(membership, inner.given.directory_ca.as_deref())?),
        )
        .await?;
    }
    Ok(())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl From<Settings> for Preferences {
    fn from(settings: Settings) -> Self {
        Self {
            receipts: settings.receipts,
            typing: settings.typing,
            answer_who: settings.answer_who,
            hidden: settings.visibility == Visibility::Nobody,
        }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::UnknownConversation => Self::UnknownConversation,
            Refusal::UnknownPerson => Self::UnknownPerson,
            Refusal::Yourself => Self::Yourself,
            Refusal::NoRequest => Self::NoRequest,
            Refusal::NotAnswered => Self::NotAnswered,
            Refusal::Blocked => Self::Blocked,
            Refusal::KeysChanged => Self::KeysChanged,
            Refusal::TooLong { bytes, limit } => Self::LongText { bytes, limit },
            Refusal::LongTimer { .. } => Self::bad_timer(),
            Refusal::Empty => Self::EmptyText,
            Refusal::BadProfile(why) => Self::BadProfile(why),
            Refusal::TooManyRequests => Self::TooManyRequests,
        }
    }
}
