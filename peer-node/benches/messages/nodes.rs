//! Two whole nodes: encrypted stores on the disk, links with device keys, the real ratchets.

use std::time::{Duration, Instant};

use futures_util::stream::{FuturesUnordered, StreamExt};
use peer_node::{
    clock::Clock,
    link::{self, Limits},
    node::{self, NodeHandle, NodeParts},
    store::Store,
    vault::DatabaseKey,
};
use protocol::{
    address::Address,
    body::Body,
    config::Config,
    ids::{ConversationId, MsgId, UserId},
    node::{Command, NewIdentity, Node, Notice, Preferences, Relation, Reply},
    seal::Vodozemac,
};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use tempfile::TempDir;
use tokio::{net::TcpListener, runtime::Runtime, sync::broadcast};

use crate::{BYTES, Figures, data_dir, percentile};

pub(crate) struct Nodes {
    runtime: Runtime,
    alice: One,
    bob: One,
    conversation: ConversationId,
}

struct One {
    node: NodeHandle,
    store: Store,
    user: UserId,
    address: Address,
    _dir: TempDir,
}

impl One {
    async fn start(name: &str) -> Self {
        let dir = tempfile::tempdir_in(data_dir()).expect("a folder");
        let key = DatabaseKey::generate().expect("randomness");
        let store = Store::open(dir.path(), &key).await.expect("a store");
        let clock = Clock::start();
        let rng = ChaCha20Rng::from_seed(rand::random());
        let new = NewIdentity { username: name.parse().expect("a name"), account: None };
        let opened = Node::create(Config::default(), rng, Vodozemac, clock.wall(), new);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address: Address = listener.local_addr().expect("bound").to_string().parse().expect("an address");
        let user = opened.0.user();
        let link = link::start(opened.0.link_secret(), Some(listener), Limits::default());
        let parts = NodeParts { store: store.clone(), opened, link, directory: None, clock };
        let node = node::start(parts);
        node.command(Command::Announce { addresses: vec![address.clone()] }).await.expect("announced");
        let open = Preferences { receipts: true, typing: true, answer_who: true, hidden: false };
        node.command(Command::Prefer(open)).await.expect("preferred");
        Self { node, store, user, address, _dir: dir }
    }

    /// Waits until somebody stands so to this node.
    async fn relation(&self, wanted: Relation) -> protocol::node::Person {
        let mut notices = self.node.notices();
        loop {
            let people = self.store.people().await.expect("a store that can be read");
            if let Some(person) = people.into_iter().find(|person| person.relation == wanted) {
                return person;
            }
            notices.recv().await.expect("the node runs");
        }
    }
}

impl Nodes {
    pub(crate) fn start() -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let (alice, bob, conversation) = runtime.block_on(async {
            let (alice, bob) = (One::start("alice").await, One::start("bob").await);
            let ask = Command::Ask {
                profile: link::who(&bob.address).await.expect("bob answers"),
                addresses: vec![bob.address.clone()],
                msg_id: MsgId(rand::random()),
                text: "may I?".to_owned(),
            };
            alice.node.command(ask).await.expect("asked");
            let asker = bob.relation(Relation::Asking).await.user;
            bob.node.command(Command::Accept { user: asker }).await.expect("accepted");
            let conversation = alice.relation(Relation::Contact).await.conversation;
            (alice, bob, conversation)
        });
        Self { runtime, alice, bob, conversation }
    }

    /// Alice writes; a message counts when Bob's word that he has it is stored at Alice.
    pub(crate) fn run(&self, window: usize, time: Duration) -> Figures {
        self.runtime.block_on(async {
            if window == 1 { self.one_by_one(time).await } else { self.many(window, time).await }
        })
    }

    pub(crate) fn stop(self) {
        self.runtime.block_on(async {
            self.alice.node.stop().await;
            self.bob.node.stop().await;
        });
    }

    async fn write(&self) -> MsgId {
        let body = Body::Text { text: "x".repeat(BYTES) };
        let command = Command::Send { conversation: self.conversation, msg_id: MsgId(rand::random()), body };
        match self.alice.node.command(command).await {
            Ok(Reply::Written { id, .. }) => id,
            other => panic!("not written: {other:?}"),
        }
    }

    /// How many of Alice's messages Bob has.
    async fn delivered(&self) -> u64 {
        let cursors = self.alice.store.cursors(self.conversation).await.expect("a store that can be read");
        let me = self.alice.user;
        cursors.iter().filter(|cursor| cursor.reader != me).map(|cursor| cursor.delivered).max().unwrap_or(0)
    }

    async fn seq(&self, message: MsgId) -> u64 {
        let item = self.alice.store.item(self.conversation, message).await;
        item.expect("a store that can be read").expect("it was written").key.seq
    }

    async fn one_by_one(&self, time: Duration) -> Figures {
        let mut notices = self.alice.node.notices();
        let mut times = Vec::new();
        let start = Instant::now();
        while start.elapsed() < time {
            let began = Instant::now();
            self.write().await;
            self.marks(&mut notices).await;
            times.push(began.elapsed().as_secs_f64() * 1e6);
        }
        let rate = times.len() as f64 / start.elapsed().as_secs_f64();
        Figures { rate, p50: percentile(&mut times, 50), p99: percentile(&mut times, 99) }
    }

    async fn many(&self, window: usize, time: Duration) -> Figures {
        let mut notices = self.alice.node.notices();
        let base = self.delivered().await;
        let start = Instant::now();
        let mut writing = FuturesUnordered::new();
        let (mut begun, mut acked, mut last) = (0, 0, None);
        loop {
            let stop = start.elapsed() > time;
            while !stop && begun - acked < window {
                writing.push(self.write());
                begun += 1;
            }
            if stop && writing.is_empty() {
                break;
            }
            tokio::select! {
                Some(id) = writing.next() => last = Some(id),
                () = self.marks(&mut notices) => {
                    acked = usize::try_from(self.delivered().await - base).expect("a small number");
                }
            }
        }
        let last = self.seq(last.expect("something was written")).await;
        while self.delivered().await < last {
            self.marks(&mut notices).await;
        }
        let rate = begun as f64 / start.elapsed().as_secs_f64();
        Figures { rate, p50: f64::NAN, p99: f64::NAN }
    }

    /// Waits until marks of the conversation have moved.
    async fn marks(&self, notices: &mut broadcast::Receiver<Notice>) {
        loop {
            match notices.recv().await {
                Ok(Notice::Marks { .. }) | Err(broadcast::error::RecvError::Lagged(_)) => return,
                Ok(_) => {}
                Err(broadcast::error::RecvError::Closed) => panic!("the node has stopped"),
            }
        }
    }
}
