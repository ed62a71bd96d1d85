//! A node with a long history, made by the machine itself: every message is encrypted, chained, signed, sent, verified,
//! opened and stored by the programs' own code. Only the calendar is ours, so two years pass in some minutes.
//!
//! What was made is kept in `target/bench-page/<messages>`; remove that folder to make it anew.

use std::{
    collections::{BTreeMap, VecDeque},
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Context, Result, ensure};
use journeys::node::TestNode;
use peer_node::{
    store::{self, Marks, Options, Store},
    vault::{Cost, Vault},
};
use protocol::{
    body::Body,
    config::Config,
    event::Event,
    frame::{decode_message, encode_message},
    ids::{ChainId, CommandId, ConversationId, LinkId, MsgId, UserId},
    node::{Carried, Command, Commit, Effect, Input, NewIdentity, Node, Write},
    seal::Vodozemac,
    time::{Now, WallMs},
};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use serde_json::json;
use tokio::task::JoinHandle;

use crate::{limit::Limit, words::Writer};

/// People with whom the node has chats.
pub(crate) const PEOPLE: usize = 200;
/// The longest chat, with Bob.
pub(crate) const CHAT: u64 = 100_000;
/// Others with long chats; everybody else has a short one.
const TALKATIVE: usize = 8;
const SHORT: u64 = 20;
/// Parts of the two years; in each one everybody is linked to once.
const PARTS: u64 = 24;
const YEARS_MS: u64 = 2 * 365 * 24 * 3_600_000;
/// Writes for one transaction: as many as the node itself gathers under load.
const GATHERED: usize = 2_000;
const NOBODY_LISTENS: &str = "127.0.0.1:9";

/// Where the history is, and what is in it.
pub(crate) struct Filled {
    pub(crate) folder: PathBuf,
    pub(crate) messages: u64,
    /// The long chat with Bob.
    pub(crate) chat: String,
    pub(crate) in_chat: u64,
}

impl Filled {
    pub(crate) fn alice(&self) -> PathBuf {
        self.folder.join("alice")
    }

    pub(crate) fn bob(&self) -> PathBuf {
        self.folder.join("bob")
    }

    pub(crate) fn limit(&self) -> PathBuf {
        self.folder.join("limit.db")
    }

    /// The history of that many messages; made if it is not there.
    pub(crate) async fn get(messages: u64) -> Result<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../target/bench-page/{messages}"));
        let in_chat = CHAT.min(messages * 9 / 10);
        let done = folder.join("chat");
        let chat = match fs::read_to_string(&done) {
            Ok(chat) => chat,
            Err(_) => {
                eprintln!("making {messages} messages in {} ..", folder.display());
                if folder.exists() {
                    fs::remove_dir_all(&folder)?;
                }
                let chat = make(&folder, messages, in_chat).await?;
                fs::write(&done, &chat)?;
                chat
            }
        };
        // A run makes tokens and sessions of its own, and nobody has those of a hundred runs.
        for node in ["alice", "bob", "empty"] {
            for file in ["tokens.json", "sessions.json"] {
                drop(fs::remove_file(folder.join(node).join("data").join(file)));
            }
        }
        Ok(Self { folder, messages, chat, in_chat })
    }
}

/// One machine with its store, and what waits for it.
struct Side {
    node: Node<Vodozemac>,
    disk: Disk,
    queue: VecDeque<Input>,
    link: LinkId,
    commands: u64,
}

/// Gathers writes over several steps, and writes them beside the machines' work. Somebody who is there only to talk keeps
/// no more than the events that may be asked for again.
struct Disk {
    store: Option<Store>,
    events: BTreeMap<(ChainId, u64), Event>,
    gathered: Vec<Write>,
    writing: Option<JoinHandle<Result<(), store::Error>>>,
    /// The newest message of others in each conversation.
    newest: BTreeMap<ConversationId, (ChainId, u64)>,
}

impl Disk {
    fn new(store: Option<Store>) -> Self {
        Self { store, events: BTreeMap::new(), gathered: Vec::new(), writing: None, newest: BTreeMap::new() }
    }

    async fn written(&mut self) -> Result<()> {
        if let Some(writing) = self.writing.take() {
            writing.await??;
        }
        Ok(())
    }

    async fn write(&mut self) -> Result<()> {
        self.written().await?;
        let writes = std::mem::take(&mut self.gathered);
        if let Some(mut store) = self.store.clone() {
            self.writing = Some(tokio::spawn(async move { store.commit(writes).await }));
        }
        Ok(())
    }
}

impl Commit for Disk {
    type Error = anyhow::Error;

    async fn commit(&mut self, writes: Vec<Write>) -> Result<()> {
        for write in &writes {
            match write {
                Write::Entry(entry) if !entry.mine => {
                    self.newest.insert(entry.conversation, (entry.key.chain, entry.key.seq));
                }
                Write::Event { event, .. } if self.store.is_none() => {
                    self.events.insert((event.chain(), event.seq()), event.clone());
                }
                _ => {}
            }
        }
        if self.store.is_some() {
            self.gathered.extend(writes);
            if self.gathered.len() >= GATHERED {
                self.write().await?;
            }
        }
        Ok(())
    }
}

impl Side {
    /// The person whose program made this folder.
    async fn open(folder: &Path, wall: WallMs) -> Result<Self> {
        let passphrase = fs::read_to_string(folder.join("passphrase"))?;
        let key = Vault::unlock(&folder.join("data"), &passphrase, Cost::STANDARD)?;
        let options = Options { marks: Marks::Folder(folder.join("state")) };
        let store = Store::open_with(&folder.join("data"), &key, &options).await?;
        let rng = ChaCha20Rng::from_seed(rand_seed()?);
        let records = store.records().await?;
        let opened = Node::open(Config::default(), rng, Vodozemac, Now(0), wall, records, store.restored())?;
        Self::start(opened, Disk::new(Some(store))).await
    }

    async fn stranger(name: &str, wall: WallMs) -> Result<Self> {
        let new = NewIdentity { username: name.parse()?, account: None, carried: Carried::default() };
        let rng = ChaCha20Rng::from_seed(rand_seed()?);
        let opened = Node::create(Config::default(), rng, Vodozemac, wall, new);
        Self::start(opened, Disk::new(None)).await
    }

    async fn start(opened: (Node<Vodozemac>, protocol::node::Batch), mut disk: Disk) -> Result<Self> {
        let (node, first) = opened;
        first.commit(&mut disk).await?;
        let mut side = Self { node, disk, queue: VecDeque::new(), link: LinkId(0), commands: 0 };
        side.command(Command::Announce { addresses: vec![NOBODY_LISTENS.parse()?] });
        Ok(side)
    }

    fn user(&self) -> UserId {
        self.node.user()
    }

    fn command(&mut self, command: Command) {
        self.commands += 1;
        self.queue.push_back(Input::Command { id: CommandId(self.commands), command });
    }

    /// One step with all that waits; what is said goes to `other`.
    async fn step(&mut self, other: &mut Side, now: Now, wall: WallMs) -> Result<()> {
        let inputs: Vec<Input> = self.queue.drain(..).collect();
        let batch = self.node.step(now, wall, inputs);
        for effect in batch.commit(&mut self.disk).await? {
            match effect {
                Effect::Send { link, frames } if link == self.link => {
                    let frames = decode_message(&encode_message(&frames)).ok().context("well formed")?;
                    other.queue.push_back(Input::Received { link: other.link, frames });
                }
                Effect::Load { load, chain, from, max_bytes } => {
                    let events = self.load(chain, from, max_bytes).await?;
                    self.queue.push_back(Input::Loaded { load, events });
                }
                Effect::Dial { peer, .. } => self.queue.push_back(Input::DialFailed { peer }),
                Effect::Close { link, code } if link == self.link => anyhow::bail!("a link broke: {code:?}"),
                Effect::Reply { result, .. } => drop(result?),
                _ => {}
            }
        }
        Ok(())
    }

    async fn load(&mut self, chain: ChainId, from: u64, max_bytes: usize) -> Result<Vec<Event>> {
        if self.disk.store.is_some() {
            self.disk.write().await?;
            self.disk.written().await?;
        }
        if let Some(store) = &self.disk.store {
            return Ok(store.events(chain, from, max_bytes).await?);
        }
        let mut bytes = 0;
        let rows = self.disk.events.range((chain, from)..=(chain, u64::MAX)).map(|(_, event)| event);
        let fits = |event: &&Event| {
            let first = bytes == 0;
            bytes += event.wire_len();
            first || bytes <= max_bytes
        };
        Ok(rows.take_while(fits).cloned().collect())
    }

    async fn end(mut self) -> Result<()> {
        self.disk.write().await?;
        self.disk.written().await?;
        if let Some(store) = &self.disk.store {
            store.close().await?;
        }
        Ok(())
    }
}

fn rand_seed() -> Result<[u8; 32]> {
    let mut seed = [0; 32];
    std::io::Read::read_exact(&mut fs::File::open("/dev/urandom")?, &mut seed)?;
    Ok(seed)
}

/// Both clocks: the monotone one hardly moves, so that links stay; the calendar takes two years.
#[derive(Clone, Copy)]
struct Time {
    now: Now,
    wall: WallMs,
}

async fn connect(a: &mut Side, b: &mut Side, time: &mut Time, links: &mut u64) -> Result<()> {
    *links += 1;
    (a.link, b.link) = (LinkId(*links), LinkId(*links));
    let binding = [7; 32];
    a.queue.push_back(Input::LinkUp { link: a.link, peer: b.node.device(), dialled: true, binding });
    b.queue.push_back(Input::LinkUp { link: b.link, peer: a.node.device(), dialled: false, binding });
    settle(a, b, time).await
}

async fn part(a: &mut Side, b: &mut Side, time: &mut Time) -> Result<()> {
    for side in [&mut *a, &mut *b] {
        let link = side.link;
        side.queue.push_back(Input::LinkDown { link });
        side.link = LinkId(0);
    }
    settle(a, b, time).await
}

/// Until neither has anything to say.
async fn settle(a: &mut Side, b: &mut Side, time: &mut Time) -> Result<()> {
    for _ in 0..100_000 {
        let due = |side: &Side| side.node.next_timeout().is_some_and(|at| at <= time.now);
        if a.queue.is_empty() && b.queue.is_empty() && !due(a) && !due(b) {
            return Ok(());
        }
        a.step(b, time.now, time.wall).await?;
        b.step(a, time.now, time.wall).await?;
    }
    anyhow::bail!("two nodes never come to rest")
}

async fn make(folder: &Path, messages: u64, in_chat: u64) -> Result<String> {
    let today = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_millis();
    let today = u64::try_from(today)?;
    for name in ["alice", "bob"] {
        let mut node = TestNode::kept(name, &folder.join(name), None).await?;
        let account =
            json!({ "username": name, "passphrase": node.passphrase, "create": true, "directory": null });
        node.api.post("account", account).await?;
        node.program.stop().await?;
    }
    let mut time = Time { now: Now(0), wall: WallMs(today - YEARS_MS) };
    let begun = time.wall.0;
    let mut alice = Side::open(&folder.join("alice"), time.wall).await?;
    let mut others = vec![Side::open(&folder.join("bob"), time.wall).await?];
    for number in 1..PEOPLE {
        others.push(Side::stranger(&format!("person_{number}"), time.wall).await?);
    }
    let mut limit = Limit::create(&folder.join("limit.db"))?;
    let mut links = 0;
    let mut chats = Vec::new();
    for other in &mut others {
        connect(other, &mut alice, &mut time, &mut links).await?;
        let profile = alice.node.profile().clone();
        let addresses = vec![NOBODY_LISTENS.parse()?];
        other.command(Command::Ask { profile, addresses, msg_id: MsgId([1; 16]), text: "hello".to_owned() });
        settle(other, &mut alice, &mut time).await?;
        alice.command(Command::Accept { user: other.user() });
        settle(&mut alice, other, &mut time).await?;
        part(&mut alice, other, &mut time).await?;
        chats.push(protocol::identity::one_to_one(alice.user(), other.user()));
        limit.add(chats.len(), "hello")?;
    }

    let mut writer = Writer::new(7);
    let mut number = 1_u128;
    let short = SHORT * (PEOPLE - 1 - TALKATIVE) as u64;
    let rest = messages.saturating_sub(in_chat + short + PEOPLE as u64);
    let started = Instant::now();
    let (mut written, mut said) = (0, 0);
    for part_no in 0..PARTS {
        for (at, other) in others.iter_mut().enumerate() {
            let all = match at {
                0 => in_chat,
                1..=TALKATIVE => rest / TALKATIVE as u64,
                // A short chat is one talk, at some time.
                _ if at as u64 % PARTS == part_no => SHORT * PARTS,
                _ => 0,
            };
            let count = all * (part_no + 1) / PARTS - all * part_no / PARTS;
            if count == 0 {
                continue;
            }
            let from = begun + part_no * (YEARS_MS / PARTS);
            time.wall = WallMs(from);
            time.now = Now(time.now.0 + 10_000);
            connect(&mut alice, other, &mut time, &mut links).await?;
            let (mut left, mut turn) = (count, false);
            while left > 0 {
                let run = (1 + writer.below(4)).min(left);
                left -= run;
                turn = !turn;
                let side = if turn { &mut *other } else { &mut alice };
                for _ in 0..run {
                    number += 1;
                    let text = writer.message();
                    limit.add(at + 1, &text)?;
                    let (conversation, msg_id) = (chats[at], MsgId(number.to_be_bytes()));
                    side.command(Command::Send {
                        conversation,
                        msg_id,
                        target: None,
                        body: Body::text(text),
                    });
                }
                let gone = (count - left) * (YEARS_MS / PARTS) / count;
                time.wall = WallMs(from + gone);
                if turn {
                    other.step(&mut alice, time.now, time.wall).await?;
                } else {
                    alice.step(other, time.now, time.wall).await?;
                }
                written += run;
                // What was said is heard after some turns: marks and keys go both ways.
                if written % 24 < run {
                    settle(&mut alice, other, &mut time).await?;
                }
                if written - said >= 50_000 {
                    said = written;
                    eprintln!("{written} messages, {:.0} s", started.elapsed().as_secs_f64());
                }
            }
            settle(&mut alice, other, &mut time).await?;
            // All was read but the last of some short chats.
            if !(at > TALKATIVE && at.is_multiple_of(20)) {
                for (side, heard) in [(&mut alice, true), (&mut *other, false)] {
                    let conversation = chats[at];
                    let Some((chain, seq)) = side.disk.newest.get(&conversation).copied() else { continue };
                    ensure!(heard || seq > 0, "both wrote");
                    side.command(Command::Read { conversation, chain, seq });
                }
                settle(&mut alice, other, &mut time).await?;
            }
            part(&mut alice, other, &mut time).await?;
            time.wall = WallMs(from + YEARS_MS / PARTS);
        }
    }
    let bob = others.swap_remove(0);
    alice.end().await?;
    bob.end().await?;
    limit.finish()?;
    eprintln!("{written} messages, {:.0} s, done", started.elapsed().as_secs_f64());
    Ok(chats[0].to_string())
}
