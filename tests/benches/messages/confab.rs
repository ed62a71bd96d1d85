//! Confab itself: two whole nodes in this process, with their encrypted stores, over a real link on loopback.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use peer_node::{
    clock::Clock,
    link::{self, Limits},
    node::{self, NodeHandle, NodeParts},
    store::{Marks, Options, Store},
    vault::DatabaseKey,
};
use protocol::{
    address::Address,
    body::Body,
    config::Config,
    ids::{ConversationId, MsgId, UserId},
    node::{Carried, Command, NewIdentity, Node, Notice, Reply},
    seal::Vodozemac,
};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use tokio::{net::TcpListener, sync::Semaphore, time::timeout};

use crate::limit::{BODY, Slice};

const PATIENCE: Duration = Duration::from_secs(60);

/// One node with what the bench needs of it.
struct Person {
    node: NodeHandle,
    store: Store,
    user: UserId,
}

/// Two people who know each other.
pub(crate) struct Pair {
    alice: Person,
    bob: Person,
    chat: ConversationId,
    numbers: u128,
}

impl Pair {
    /// From nothing to the first acknowledged message; gives the pair and how long that took.
    pub(crate) async fn meet(folder: &Path) -> Result<(Self, Duration)> {
        let started = Instant::now();
        let (alice, _) = person(&folder.join("alice"), "alice", 1).await?;
        let (bob, address) = person(&folder.join("bob"), "bob", 2).await?;
        let profile = link::who(&address).await?;
        let mut marks = alice.node.notices();
        let mut requests = bob.node.notices();
        let text = "hello".to_owned();
        let ask = Command::Ask { profile, addresses: vec![address], msg_id: MsgId([1; 16]), text };
        let Reply::Written { conversation: chat, id } = alice.node.command(ask).await? else {
            anyhow::bail!("a request is written");
        };
        wait(&mut requests, |notice| matches!(notice, Notice::Person { .. })).await?;
        bob.node.command(Command::Accept { user: alice.user }).await?;
        let pair = Self { alice, bob, chat, numbers: 1 };
        pair.delivered(id, &mut marks).await?;
        Ok((pair, started.elapsed()))
    }

    /// Alice writes for `time`, with at most `window` messages unacknowledged.
    pub(crate) async fn write(&mut self, window: usize, time: Duration) -> Result<Slice> {
        let mut slice = Slice::default();
        let mut marks = self.alice.node.notices();
        let started = Instant::now();
        if window == 1 {
            while started.elapsed() < time {
                let round = Instant::now();
                let id = self.send_one().await?;
                self.delivered(id, &mut marks).await?;
                slice.micros.push(round.elapsed().as_secs_f64() * 1e6);
            }
            return Ok(slice);
        }
        let before = self.numbers;
        let room = Arc::new(Semaphore::new(window));
        let mut last = None;
        let mut first = self.seq_delivered().await?;
        while started.elapsed() < time {
            // A command is answered when it is stored; a permit comes back when it is acknowledged.
            room.acquire().await?.forget();
            let (node, command, id) =
                (self.alice.node.clone(), self.next(), MsgId(self.numbers.to_be_bytes()));
            last = Some(id);
            tokio::spawn(async move { node.command(command).await });
            while room.available_permits() == 0 {
                wait(&mut marks, |notice| matches!(notice, Notice::Marks { .. })).await?;
                let now = self.seq_delivered().await?;
                room.add_permits(usize::try_from(now - first)?);
                first = now;
            }
        }
        if let Some(id) = last {
            self.delivered(id, &mut marks).await?;
        }
        slice.per_second = (self.numbers - before) as f64 / started.elapsed().as_secs_f64();
        Ok(slice)
    }

    fn next(&mut self) -> Command {
        self.numbers += 1;
        let body = Body::text("m".repeat(BODY));
        Command::Send {
            conversation: self.chat,
            msg_id: MsgId(self.numbers.to_be_bytes()),
            target: None,
            body,
        }
    }

    async fn send_one(&mut self) -> Result<MsgId> {
        let command = self.next();
        self.alice.node.command(command).await?;
        Ok(MsgId(self.numbers.to_be_bytes()))
    }

    /// How far the other has opened what Alice wrote.
    async fn seq_delivered(&self) -> Result<u64> {
        let cursors = self.alice.store.cursors(self.chat).await?;
        Ok(cursors
            .iter()
            .filter(|cursor| cursor.reader == self.bob.user)
            .map(|cursor| cursor.delivered)
            .max()
            .unwrap_or(0))
    }

    async fn delivered(&self, id: MsgId, marks: &mut tokio::sync::broadcast::Receiver<Notice>) -> Result<()> {
        let reached = async {
            loop {
                let item = self.alice.store.item(self.chat, id).await?;
                let seq = self.seq_delivered().await?;
                if item.is_some_and(|item| item.key.seq <= seq) {
                    return Ok(());
                }
                wait(marks, |notice| matches!(notice, Notice::Marks { .. })).await?;
            }
        };
        timeout(PATIENCE, reached).await.context("never delivered")?
    }

    /// Ends both nodes.
    pub(crate) async fn part(self) {
        self.alice.node.stop().await;
        self.bob.node.stop().await;
    }
}

async fn wait(
    notices: &mut tokio::sync::broadcast::Receiver<Notice>,
    wanted: impl Fn(&Notice) -> bool,
) -> Result<()> {
    let found = async {
        loop {
            match notices.recv().await {
                Ok(notice) if wanted(&notice) => return Ok(()),
                // Behind: something was missed, so look at the store again.
                Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => return Ok(()),
                Ok(_) => {}
                Err(error) => return Err(error),
            }
        }
    };
    Ok(timeout(PATIENCE, found).await.context("the notice never came")??)
}

async fn person(folder: &Path, name: &str, seed: u64) -> Result<(Person, Address)> {
    std::fs::create_dir_all(folder)?;
    let options = Options { marks: Marks::Folder(folder.join("state")) };
    let store = Store::open_with(folder, &DatabaseKey::generate()?, &options).await?;
    let clock = Clock::start();
    let new = NewIdentity { username: name.parse()?, account: None, carried: Carried::default() };
    let rng = ChaCha20Rng::seed_from_u64(seed);
    let opened = Node::create(Config::default(), rng, Vodozemac, clock.wall(), new);
    let user = opened.0.user();
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address: Address = listener.local_addr()?.to_string().parse()?;
    let link = link::start(opened.0.link_secret(), Some(listener), Limits::default());
    let node = node::start(NodeParts { store: store.clone(), opened, link, directory: None, clock });
    node.command(Command::Announce { addresses: vec![address.clone()] }).await?;
    Ok((Person { node, store, user }, address))
}
