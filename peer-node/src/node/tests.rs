//! Whole nodes in one process: real links on 127.0.0.1, real stores in temporary folders, no directory.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use protocol::{
    address::Address,
    body::Body,
    config::Config,
    event::Event,
    ids::{ChainId, ConversationId, MsgId, UserId},
    node::{Carried, Commit, NewIdentity, Preferences, Relation, Write},
    timeline::{Content, Item},
};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;
use tempfile::TempDir;
use tokio::{net::TcpListener, time::timeout};

use super::*;
use crate::{
    link::{Limits, who},
    store::{self, Page, Store},
    vault::DatabaseKey,
};

/// Nothing here takes long; a test that waits this long has failed.
const PATIENCE: Duration = Duration::from_secs(60);
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// A store that fails when its commits are used up.
#[derive(Debug, Clone)]
struct Rationed {
    store: Store,
    commits_left: Arc<AtomicUsize>,
}

#[derive(Debug, thiserror::Error)]
enum NoMore {
    #[error("the ration of commits is used up")]
    UsedUp,
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Commit for Rationed {
    type Error = NoMore;

    async fn commit(&mut self, writes: Vec<Write>) -> Result<(), NoMore> {
        let take = |left: usize| left.checked_sub(1);
        self.commits_left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, take)
            .map_err(|_| NoMore::UsedUp)?;
        Ok(self.store.commit(writes).await?)
    }
}

impl Disk for Rationed {
    async fn events(&self, chain: ChainId, from: u64, max_bytes: usize) -> Result<Vec<Event>, NoMore> {
        Ok(self.store.events(chain, from, max_bytes).await?)
    }
}

/// A person's computer: what outlives a restart.
struct Home {
    name: &'static str,
    dir: TempDir,
    key: DatabaseKey,
}

/// A running node.
struct Running {
    node: NodeHandle,
    user: UserId,
    store: Store,
    commits_left: Arc<AtomicUsize>,
    address: Address,
}

impl Home {
    fn new(name: &'static str) -> Self {
        Self { name, dir: TempDir::new().unwrap(), key: DatabaseKey::generate().unwrap() }
    }

    async fn start(&self) -> Running {
        let store = Store::open(self.dir.path(), &self.key).await.unwrap();
        let commits_left = Arc::new(AtomicUsize::new(usize::MAX));
        let clock = Clock::start();
        let rng = ChaCha20Rng::from_seed(rand::random());
        let seal = Vodozemac;
        let records = store.records().await.unwrap();
        let opened = if records.is_empty() {
            let new = NewIdentity {
                username: self.name.parse().unwrap(),
                account: None,
                carried: Carried::default(),
            };
            Node::create(Config::default(), rng, seal, clock.wall(), new)
        } else {
            Node::open(Config::default(), rng, seal, clock.now(), clock.wall(), records, store.restored())
                .unwrap()
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address: Address = listener.local_addr().unwrap().to_string().parse().unwrap();
        let user = opened.0.user();
        let link = link::start(opened.0.link_secret(), Some(listener), Limits::default());
        let disk = Rationed { store: store.clone(), commits_left: commits_left.clone() };
        let node = start(NodeParts { store: disk, opened, link, directory: None, clock });
        node.command(Command::Announce { addresses: vec![address.clone()] }).await.unwrap();
        let open = Preferences { receipts: true, typing: true, answer_who: true, hidden: false };
        node.command(Command::Prefer(open)).await.unwrap();
        Running { node, user, store, commits_left, address }
    }
}

impl Running {
    async fn stop(self) {
        assert_eq!(self.node.stop().await, Stopped::Asked);
        self.store.close().await.unwrap();
    }

    /// Waits until what is wanted is there; looks again with every notice, and soon without one: the board of links
    /// follows the sockets, and a socket may end a moment after the notice that its peer has left.
    async fn until<T>(&self, what: &str, mut look: impl AsyncFnMut(&Store) -> Option<T>) -> T {
        let mut notices = self.node.notices();
        let wait = async {
            loop {
                if let Some(found) = look(&self.store).await {
                    return found;
                }
                let notice = timeout(LOOK_AGAIN, notices.recv()).await;
                if let Ok(Err(broadcast::error::RecvError::Closed)) = notice {
                    panic!("the node has stopped");
                }
            }
        };
        timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("waited in vain until {what}"))
    }

    async fn relation(&self, wanted: Relation) -> (UserId, ConversationId) {
        self.until("the relation is there", async |store| {
            let people = store.people().await.unwrap();
            let person = people.into_iter().find(|person| person.relation == wanted)?;
            Some((person.user, person.conversation))
        })
        .await
    }

    async fn send(&self, conversation: ConversationId, text: &str) {
        let body = Body::text(text);
        let command = Command::Send { conversation, msg_id: MsgId(rand::random()), target: None, body };
        let reply = self.node.command(command).await.unwrap();
        assert!(matches!(reply, Reply::Written { .. }));
    }

    async fn texts(&self, conversation: ConversationId, count: usize) -> Vec<String> {
        self.until("all messages are there", async |store| {
            let texts = all_texts(store, conversation).await;
            (texts.len() >= count).then_some(texts)
        })
        .await
    }
}

async fn all_texts(store: &Store, conversation: ConversationId) -> Vec<String> {
    let text = |item: Item| match item.content {
        Content::Text { text, .. } => text,
        other => panic!("no text: {other:?}"),
    };
    store.timeline(conversation, Page::Newest, 10_000).await.unwrap().into_iter().map(text).collect()
}

/// Alice looks who answers at Bob's address, asks, and Bob accepts.
async fn acquainted(alice: &Running, bob: &Running) -> ConversationId {
    let profile = who(&bob.address).await.unwrap();
    let ask = Command::Ask {
        profile,
        addresses: vec![bob.address.clone()],
        msg_id: MsgId(rand::random()),
        text: "hello, may I?".to_owned(),
    };
    alice.node.command(ask).await.unwrap();
    let (user, _) = bob.relation(Relation::Asking).await;
    bob.node.command(Command::Accept { user }).await.unwrap();
    let (_, at_alice) = alice.relation(Relation::Contact).await;
    let (_, at_bob) = bob.relation(Relation::Contact).await;
    assert_eq!(at_alice, at_bob);
    at_alice
}

#[tokio::test(flavor = "multi_thread")]
async fn links_are_shown_with_the_person_at_their_other_end() {
    let (alice, bob) = (Home::new("alice"), Home::new("bob"));
    let (a, b) = (alice.start().await, bob.start().await);
    acquainted(&a, &b).await;
    for (me, other) in [(&a, &b), (&b, &a)] {
        let user = other.user;
        me.until("the other's link has a name", async |_| {
            me.node.links().iter().find(|info| info.user == Some(user)).cloned()
        })
        .await;
    }
    a.stop().await;
    b.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_meet_by_address_and_everything_arrives_once_although_one_restarts() {
    const EACH: usize = 1_000;
    let (alice, bob) = (Home::new("alice"), Home::new("bob"));
    let (a, mut b) = (alice.start().await, bob.start().await);
    let conversation = acquainted(&a, &b).await;
    for n in 0..EACH {
        a.send(conversation, &format!("from alice {n}")).await;
        b.send(conversation, &format!("from bob {n}")).await;
        if n == EACH / 2 {
            b.stop().await;
            b = bob.start().await;
            let reach = Command::Reach {
                user: b.relation(Relation::Contact).await.0,
                addresses: vec![a.address.clone()],
            };
            b.node.command(reach).await.unwrap();
        }
    }
    for end in [&a, &b] {
        let texts = end.texts(conversation, 2 * EACH + 1).await;
        assert_eq!(texts.len(), 2 * EACH + 1);
        for who in ["alice", "bob"] {
            let prefix = format!("from {who} ");
            let numbers: Vec<usize> =
                texts.iter().filter_map(|text| text.strip_prefix(&prefix)?.parse().ok()).collect();
            assert_eq!(numbers, (0..EACH).collect::<Vec<_>>(), "{who}'s, in order and once");
        }
    }
    a.stop().await;
    b.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_fails_stops_the_node_and_nothing_uncommitted_is_seen() {
    let (alice, bob) = (Home::new("alice"), Home::new("bob"));
    let (a, b) = (alice.start().await, bob.start().await);
    let conversation = acquainted(&a, &b).await;
    a.send(conversation, "kept").await;
    b.texts(conversation, 2).await;
    a.commits_left.store(0, Ordering::SeqCst);
    let body = Body::text("lost");
    let command = Command::Send { conversation, msg_id: MsgId(rand::random()), target: None, body };
    assert_eq!(a.node.command(command).await, Err(Error::Stopped));
    assert_eq!(a.node.stopped().await, Stopped::Failed("the ration of commits is used up".to_owned()));
    assert_eq!(a.node.command(Command::Redial).await, Err(Error::Stopped));
    // Bob sees the end, and not the message.
    b.until("the link is gone", async |_| b.node.links().is_empty().then_some(())).await;
    assert_eq!(all_texts(&b.store, conversation).await, ["hello, may I?", "kept"]);
    a.store.close().await.unwrap();
    // From the store it goes on as if the lost command had never been.
    let a = alice.start().await;
    assert_eq!(all_texts(&a.store, conversation).await, ["hello, may I?", "kept"]);
    a.send(conversation, "again").await;
    assert_eq!(b.texts(conversation, 3).await[2], "again");
    a.stop().await;
    b.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_stops_says_goodbye_at_once() {
    let (alice, bob) = (Home::new("alice"), Home::new("bob"));
    let (a, b) = (alice.start().await, bob.start().await);
    acquainted(&a, &b).await;
    b.until("the link is there", async |_| (!b.node.links().is_empty()).then_some(())).await;
    let gone = b.until("the link is gone", async |_| b.node.links().is_empty().then_some(()));
    let (_, gone) = tokio::join!(a.stop(), timeout(Duration::from_secs(1), gone));
    gone.expect("within a second");
    b.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_does_not_want_to_be_known_does_not_answer() {
    let bob = Home::new("bob");
    let b = bob.start().await;
    let shy = Preferences { receipts: true, typing: true, answer_who: false, hidden: false };
    b.node.command(Command::Prefer(shy)).await.unwrap();
    assert_eq!(who(&b.address).await, Err(link::Error::Silent));
    b.stop().await;
}
