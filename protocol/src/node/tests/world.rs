//! A small world: nodes, their stores, links that lose nothing until they are cut, a directory that only keeps letters.

use std::{
    collections::{BTreeMap, VecDeque},
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use crate::{
    address::Address,
    body::Body,
    config::Config,
    event::Event,
    frame::{Frame, decode_message, encode_message},
    ids::*,
    node::*,
    seal::Vodozemac,
    time::{Now, WallMs},
    timeline::{self, Content, Item},
};

pub(super) const A: usize = 0;
pub(super) const B: usize = 1;

/// 2026-01-01.
const START: u64 = 1_767_225_600_000;

#[derive(Debug, Clone, Default)]
pub(super) struct Store {
    pub(super) records: BTreeMap<Vec<u8>, Vec<u8>>,
    pub(super) events: BTreeMap<(ChainId, u64), Event>,
    pub(super) items: BTreeMap<(ConversationId, MsgId), Item>,
    pub(super) cursors: BTreeMap<(ConversationId, UserId, ChainId), (u64, u64)>,
    pub(super) people: BTreeMap<UserId, Person>,
    pub(super) commits: usize,
    /// Made from a backup: chains of others may begin in the middle.
    moved: bool,
}

/// What is kept of a node for another machine.
#[derive(Debug, Clone)]
pub(super) struct Backup {
    records: Vec<(Vec<u8>, Vec<u8>)>,
    store: Store,
}

impl Commit for Store {
    type Error = std::convert::Infallible;

    async fn commit(&mut self, writes: Vec<Write>) -> Result<(), Self::Error> {
        self.commits += 1;
        let mut once = std::collections::BTreeSet::new();
        for write in writes {
            match write {
                Write::Event { event, .. } => {
                    let (chain, seq) = (event.chain(), event.seq());
                    let begins = self.moved && self.events.range((chain, 0)..(chain, seq)).next().is_none();
                    assert!(
                        seq == 1 || begins || self.events.contains_key(&(chain, seq - 1)),
                        "a stored chain has no gap"
                    );
                    assert!(self.events.insert((chain, seq), event).is_none(), "an event is stored once");
                }
                Write::Record { key, value } => {
                    assert!(once.insert(key.clone()), "a record is written once per step");
                    match value {
                        Some(value) => drop(self.records.insert(key, value)),
                        None => drop(self.records.remove(&key)),
                    }
                }
                Write::Entry(entry) => {
                    let key = (entry.conversation, entry.target);
                    let item = timeline::apply(self.items.remove(&key), &entry);
                    self.items.insert(key, item);
                }
                Write::Cursor { cursor, .. } => {
                    let key = (cursor.conversation, cursor.reader, cursor.chain);
                    let mark = self.cursors.entry(key).or_default();
                    assert!(cursor.delivered >= mark.0 && cursor.read >= mark.1, "a mark only moves forward");
                    *mark = (cursor.delivered, cursor.read);
                }
                Write::Conversation(_) => {}
                Write::Person(person) => drop(self.people.insert(person.user, person)),
            }
        }
        Ok(())
    }
}

#[derive(Debug)]
pub(super) struct Peer {
    pub(super) node: Option<Node<Vodozemac>>,
    pub(super) store: Store,
    pub(super) queue: VecDeque<Input>,
    pub(super) name: &'static str,
    device: DeviceId,
    pub(super) user: UserId,
    runs: u64,
    pub(super) online: bool,
    /// Knows of the directory, and is up there.
    pub(super) listed: bool,
    pub(super) notices: Vec<Notice>,
    pub(super) replies: BTreeMap<CommandId, Result<Reply, Refusal>>,
    /// Kinds of frames that it sent.
    pub(super) sent: Vec<Frame>,
    pub(super) steps: usize,
    /// Killed and opened again after these steps.
    pub(super) restarts: Vec<usize>,
    pub(super) clock: i64,
    boxed: BTreeMap<LetterId, Vec<u8>>,
}

pub(super) struct World {
    pub(super) peers: Vec<Peer>,
    /// Both ends of a link: (peer, link).
    links: BTreeMap<(usize, LinkId), (usize, LinkId)>,
    next: u64,
    pub(super) now: Now,
    pub(super) directory: bool,
    published: BTreeMap<UserId, crate::identity::Profile>,
    pub(super) config: Config,
}

fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("a store in memory never waits"),
    }
}

fn address(peer: usize) -> Address {
    format!("10.0.0.{}:7401", peer + 1).parse().unwrap()
}

impl World {
    pub(super) fn new() -> Self {
        Self::with(&["alice", "bob"])
    }

    pub(super) fn with(names: &[&'static str]) -> Self {
        let mut world = Self {
            peers: Vec::new(),
            links: BTreeMap::new(),
            next: 1,
            now: Now(0),
            directory: false,
            published: BTreeMap::new(),
            config: Config::default(),
        };
        for name in names {
            world.join(name);
        }
        world
    }

    pub(super) fn join(&mut self, name: &'static str) -> usize {
        let at = self.peers.len();
        let rng = ChaCha20Rng::from_seed([u8::try_from(at).unwrap() + 1; 32]);
        let new = NewIdentity { username: name.parse().unwrap(), account: None, carried: Carried::default() };
        let (node, batch) = Node::create(self.config.clone(), rng, Vodozemac, WallMs(START), new);
        let (device, user) = (node.device(), node.user());
        self.peers.push(Peer {
            node: Some(node),
            store: Store::default(),
            queue: VecDeque::new(),
            name,
            device,
            user,
            runs: 0,
            online: true,
            listed: false,
            notices: Vec::new(),
            replies: BTreeMap::new(),
            sent: Vec::new(),
            steps: 0,
            restarts: Vec::new(),
            clock: 0,
            boxed: BTreeMap::new(),
        });
        self.commit(at, batch);
        self.command(at, Command::Announce { addresses: vec![address(at)] });
        at
    }

    pub(super) fn wall(&self, at: usize) -> WallMs {
        WallMs((START + self.now.0).saturating_add_signed(self.peers[at].clock))
    }

    fn commit(&mut self, at: usize, batch: Batch) {
        let Ok(effects) = ready(batch.commit(&mut self.peers[at].store));
        for effect in effects {
            self.perform(at, effect);
        }
    }

    fn perform(&mut self, at: usize, effect: Effect) {
        match effect {
            Effect::Send { link, frames } => {
                self.peers[at].sent.extend(frames.iter().cloned());
                let Some((to, there)) = self.links.get(&(at, link)).copied() else { return };
                let bytes = encode_message(&frames);
                let frames = decode_message(&bytes).expect("what a node says is well formed");
                self.peers[to].queue.push_back(Input::Received { link: there, frames });
            }
            Effect::Close { link, .. } => self.cut_link(at, link),
            Effect::Dial { peer, addresses } => {
                let to = self.peers.iter().position(|other| other.device == peer && other.node.is_some());
                match to.filter(|to| {
                    self.peers[*to].online && self.peers[at].online && addresses.contains(&address(*to))
                }) {
                    Some(to) => self.connect(at, to),
                    None => self.peers[at].queue.push_back(Input::DialFailed { peer }),
                }
            }
            Effect::Load { load, chain, from, max_bytes } => {
                let mut bytes = 0;
                let rows = self.peers[at].store.events.range((chain, from)..=(chain, u64::MAX));
                let fits = |event: &&Event| {
                    let first = bytes == 0;
                    bytes += event.wire_len();
                    first || bytes <= max_bytes
                };
                let events = rows.map(|(_, event)| event).take_while(fits).cloned().collect();
                self.peers[at].queue.push_back(Input::Loaded { load, events });
            }
            Effect::Post { device, letter, sealed, .. } => {
                assert!(self.directory, "nothing is posted while the directory is down");
                let Some(to) = self.peers.iter_mut().find(|other| other.device == device) else {
                    let refused = DirectorySaid::Refused { letter };
                    return self.peers[at].queue.push_back(Input::Directory(refused));
                };
                to.boxed.insert(letter, sealed.clone());
                if to.listed && to.online && to.node.is_some() {
                    to.queue.push_back(Input::Directory(DirectorySaid::Letter { letter, sealed }));
                }
                self.peers[at].queue.push_back(Input::Directory(DirectorySaid::Posted { letter }));
            }
            Effect::TakeOut { letter } => drop(self.peers[at].boxed.remove(&letter)),
            Effect::Publish { profile } => drop(self.published.insert(profile.user(), profile)),
            Effect::LookUp { user } => {
                if let Some(profile) = self.published.get(&user).cloned() {
                    self.peers[at]
                        .queue
                        .push_back(Input::Directory(DirectorySaid::Profile { user, profile }));
                }
            }
            Effect::Presence { .. } => {}
            Effect::Emit(notice) => self.peers[at].notices.push(notice),
            Effect::Reply { id, result } => drop(self.peers[at].replies.insert(id, result)),
        }
    }

    pub(super) fn connect(&mut self, from: usize, to: usize) {
        let (here, there) = (LinkId(self.next), LinkId(self.next + 1));
        self.next += 2;
        self.links.insert((from, here), (to, there));
        self.links.insert((to, there), (from, here));
        let binding = [7; 32];
        let (dialler, listener) = (self.peers[from].device, self.peers[to].device);
        self.peers[from].queue.push_back(Input::LinkUp {
            link: here,
            peer: listener,
            dialled: true,
            binding,
        });
        self.peers[to].queue.push_back(Input::LinkUp { link: there, peer: dialler, dialled: false, binding });
    }

    fn cut_link(&mut self, at: usize, link: LinkId) {
        if let Some((to, there)) = self.links.remove(&(at, link)) {
            self.links.remove(&(to, there));
            self.peers[to].queue.push_back(Input::LinkDown { link: there });
            self.peers[at].queue.push_back(Input::LinkDown { link });
        }
    }

    /// Cuts every link of this peer; what was under way is lost.
    pub(super) fn cut(&mut self, at: usize) {
        let all: Vec<_> = self.links.keys().filter(|(peer, _)| *peer == at).copied().collect();
        for (peer, link) in all {
            let (other, there) = self.links[&(peer, link)];
            self.peers[at]
                .queue
                .retain(|input| !matches!(input, Input::Received { link: l, .. } if *l == link));
            self.peers[other]
                .queue
                .retain(|input| !matches!(input, Input::Received { link: l, .. } if *l == there));
            self.cut_link(peer, link);
        }
    }

    /// Both ends believe in their links, and nothing crosses any more.
    pub(super) fn lose_links(&mut self, at: usize) {
        self.links.retain(|(a, _), (b, _)| *a != at && *b != at);
    }

    pub(super) fn link_count(&self, at: usize) -> usize {
        self.links.keys().filter(|(peer, _)| *peer == at).count()
    }

    pub(super) fn link_of(&self, at: usize) -> LinkId {
        self.links.keys().find(|(peer, _)| *peer == at).expect("a link").1
    }

    pub(super) fn go_offline(&mut self, at: usize) {
        self.peers[at].online = false;
        self.peers[at].listed = false;
        self.cut(at);
        self.input(at, Input::Directory(DirectorySaid::Down));
    }

    pub(super) fn go_online(&mut self, at: usize) {
        self.peers[at].online = true;
        self.sign_in(at);
        self.command(at, Command::Redial);
    }

    /// Tells a node that the directory is there, with what lies in its box.
    pub(super) fn sign_in(&mut self, at: usize) {
        if self.directory && self.peers[at].online {
            self.peers[at].listed = true;
            self.input(at, Input::Directory(DirectorySaid::Up));
            for (letter, sealed) in self.peers[at].boxed.clone() {
                self.input(at, Input::Directory(DirectorySaid::Letter { letter, sealed }));
            }
        }
    }

    pub(super) fn with_directory(mut self) -> Self {
        self.directory = true;
        for at in 0..self.peers.len() {
            self.sign_in(at);
        }
        self.run();
        self
    }

    pub(super) fn input(&mut self, at: usize, input: Input) {
        self.peers[at].queue.push_back(input);
    }

    pub(super) fn command(&mut self, at: usize, command: Command) -> CommandId {
        let id = CommandId(self.next);
        self.next += 1;
        self.input(at, Input::Command { id, command });
        id
    }

    /// One step of one node with at most `most` inputs. False if there was nothing to do.
    pub(super) fn step(&mut self, at: usize, most: usize) -> bool {
        let (now, wall) = (self.now, self.wall(at));
        let peer = &mut self.peers[at];
        let Some(node) = &mut peer.node else { return false };
        let due = node.next_timeout().is_some_and(|at| at <= now);
        if peer.queue.is_empty() && !due {
            return false;
        }
        let most = most.min(peer.queue.len());
        let inputs: Vec<_> = peer.queue.drain(..most).collect();
        let batch = node.step(now, wall, inputs);
        peer.steps += 1;
        let restart = peer.restarts.contains(&peer.steps);
        self.commit(at, batch);
        if restart {
            self.restart(at);
        }
        true
    }

    /// Lets anything that can come next come next: each link keeps its own order, and nothing else keeps any.
    pub(super) fn run_in_any_order(&mut self, dice: &mut ChaCha20Rng) {
        use rand_core::Rng;
        for _ in 0..100_000 {
            let busy: Vec<_> = (0..self.peers.len()).filter(|at| !self.peers[*at].queue.is_empty()).collect();
            let Some(at) = busy.get(dice.next_u64() as usize % busy.len().max(1)).copied() else { return };
            let queue = &mut self.peers[at].queue;
            let link = |input: &Input| match input {
                Input::LinkUp { link, .. } | Input::LinkDown { link } | Input::Received { link, .. } => {
                    Some(*link)
                }
                _ => None,
            };
            let pick = dice.next_u64() as usize % queue.len();
            let of_link = link(&queue[pick]);
            let first =
                queue.iter().position(|input| link(input) == of_link).expect("the picked one at least");
            let input = queue.remove(first).expect("it is there");
            queue.push_front(input);
            self.step(at, 1);
        }
        panic!("the nodes never come to rest");
    }

    /// Every end of a link has compared with the other.
    pub(super) fn all_live(&self, at: usize) -> bool {
        self.node(at).links.values().all(crate::link::Link::is_live)
    }

    /// Until nobody has anything to say.
    pub(super) fn run(&mut self) {
        for _ in 0..100_000 {
            let mut busy = false;
            for at in 0..self.peers.len() {
                busy |= self.step(at, 16);
            }
            if !busy {
                return;
            }
        }
        panic!("the nodes never come to rest");
    }

    /// Lets time pass, timer by timer.
    pub(super) fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        self.run();
        while let Some(next) = self.next_timeout().filter(|next| *next <= end) {
            self.now = next.max(self.now);
            self.run();
        }
        self.now = end;
        self.run();
    }

    fn next_timeout(&self) -> Option<Now> {
        self.peers.iter().filter_map(|peer| peer.node.as_ref()?.next_timeout()).min()
    }

    /// Kills a node and opens it again from its records.
    pub(super) fn restart(&mut self, at: usize) {
        self.kill(at);
        self.open(at, false);
    }

    pub(super) fn kill(&mut self, at: usize) {
        self.peers[at].node = None;
        self.peers[at].listed = false;
        self.cut(at);
        // A command that was not answered is given again by whoever gave it.
        self.peers[at].queue.retain(|input| matches!(input, Input::Command { .. }));
    }

    pub(super) fn open(&mut self, at: usize, restored: bool) {
        self.peers[at].runs += 1;
        let (now, wall) = (self.now, self.wall(at));
        let peer = &mut self.peers[at];
        let mut seed = [u8::try_from(at).unwrap() + 1; 32];
        seed[..8].copy_from_slice(&peer.runs.to_be_bytes());
        let records = peer.store.records.clone();
        let rng = ChaCha20Rng::from_seed(seed);
        let opened = Node::open(self.config.clone(), rng, Vodozemac, now, wall, records, restored);
        let (node, batch) = opened.expect("its own records");
        self.peers[at].node = Some(node);
        self.commit(at, batch);
        self.sign_in(at);
    }

    /// What `peer-node backup` takes.
    pub(super) fn back_up(&self, at: usize) -> Backup {
        let store = self.peers[at].store.clone();
        Backup { records: store.records.clone().into_iter().collect(), store }
    }

    /// The machine of `at` is gone. A new one has the account key, and what is in the backup if there is one.
    pub(super) fn move_to_new_machine(&mut self, at: usize, backup: Option<&Backup>) {
        let node = self.peers[at].node.take().expect("it runs until now");
        let account = node.account_key().clone();
        let history = node.profile().history().clone();
        self.kill(at);
        self.peers[at].queue.clear();
        let mut store = Store { moved: true, ..Store::default() };
        let mut carried = Carried::default();
        if let Some(backup) = backup {
            carried = Carried::of(&backup.records).expect("its own records");
            let old = backup.store.clone();
            (store.items, store.cursors, store.people) = (old.items, old.cursors, old.people);
            for known in &mut carried.known {
                known.heads().iter().for_each(|head| known.hold(&backup.store.events[head]));
                *known = Known::from_bytes(&known.to_bytes()).expect("its own bytes");
                let conversation = known.conversation();
                for item in store.items.values().filter(|item| item.conversation == conversation && item.mine)
                {
                    let marks = store.cursors.iter().filter(|((_, _, chain), _)| *chain == item.key.chain);
                    if marks.map(|(_, mark)| mark.0).max().unwrap_or(0) < item.key.seq {
                        known.write_again(item);
                    }
                }
            }
        }
        self.peers[at].runs += 1;
        let mut seed = [u8::try_from(at).unwrap() + 1; 32];
        seed[..8].copy_from_slice(&(self.peers[at].runs + 1000).to_be_bytes());
        let username = self.peers[at].name.parse().unwrap();
        let new = NewIdentity { username, account: Some((account, history)), carried };
        let rng = ChaCha20Rng::from_seed(seed);
        let (node, batch) = Node::create(self.config.clone(), rng, Vodozemac, self.wall(at), new);
        let peer = &mut self.peers[at];
        assert_ne!(peer.device, node.device());
        (peer.device, peer.store) = (node.device(), store);
        peer.boxed.clear();
        // As the program does it: what the first batch wants done is done by the first start.
        let Ok(_) = ready(batch.commit(&mut self.peers[at].store));
        drop(node);
        self.open(at, false);
        self.command(at, Command::Announce { addresses: vec![address(at)] });
    }

    // What people do.

    pub(super) fn node(&self, at: usize) -> &Node<Vodozemac> {
        self.peers[at].node.as_ref().expect("it runs")
    }

    pub(super) fn conversation(&self, a: usize, b: usize) -> ConversationId {
        crate::identity::one_to_one(self.peers[a].user, self.peers[b].user)
    }

    pub(super) fn ask(&mut self, from: usize, to: usize, text: &str) -> CommandId {
        let profile = self.node(to).profile().clone();
        let msg_id = self.msg_id();
        let (addresses, text) = (vec![address(to)], text.to_owned());
        self.command(from, Command::Ask { profile, addresses, msg_id, text })
    }

    fn msg_id(&mut self) -> MsgId {
        self.next += 1;
        let mut id = [0; 16];
        id[..8].copy_from_slice(&self.next.to_be_bytes());
        MsgId(id)
    }

    pub(super) fn accept(&mut self, at: usize, who: usize) -> CommandId {
        let user = self.peers[who].user;
        self.command(at, Command::Accept { user })
    }

    pub(super) fn send(&mut self, from: usize, to: usize, text: &str) -> CommandId {
        let (conversation, msg_id) = (self.conversation(from, to), self.msg_id());
        self.command(from, Command::Send { conversation, msg_id, target: None, body: Body::text(text) })
    }

    /// Alice and Bob are in contact and said hello.
    pub(super) fn contacts() -> Self {
        let mut world = Self::new();
        world.ask(A, B, "may I?");
        world.run();
        world.accept(B, A);
        world.run();
        assert_eq!(world.relation(A, B), Some(Relation::Contact));
        assert_eq!(world.relation(B, A), Some(Relation::Contact));
        world
    }

    // What can be seen.

    pub(super) fn relation(&self, at: usize, who: usize) -> Option<Relation> {
        self.peers[at].store.people.get(&self.peers[who].user).map(|person| person.relation)
    }

    pub(super) fn reply(&self, at: usize, id: CommandId) -> Result<Reply, Refusal> {
        self.peers[at].replies.get(&id).expect("an answer").clone()
    }

    /// The texts of a conversation as `at` sees them, in order.
    pub(super) fn texts(&self, at: usize, with: usize) -> Vec<String> {
        self.rows(at, with).into_iter().filter_map(|item| item.text().map(str::to_owned)).collect()
    }

    pub(super) fn rows(&self, at: usize, with: usize) -> Vec<Item> {
        let conversation = self.conversation(at, with);
        let mut items: Vec<_> = self.peers[at]
            .store
            .items
            .values()
            .filter(|item| item.conversation == conversation)
            .cloned()
            .collect();
        items.sort_by_key(|item| item.key);
        items
    }

    pub(super) fn lines(&self, at: usize, with: usize) -> Vec<timeline::System> {
        let rows = self.rows(at, with).into_iter();
        rows.filter_map(|item| if let Content::System(system) = item.content { Some(system) } else { None })
            .collect()
    }

    /// How many of its messages in the newest chain `at` knows to be delivered and read.
    pub(super) fn marks(&self, at: usize, with: usize) -> (u64, u64) {
        let (conversation, reader) = (self.conversation(at, with), self.peers[with].user);
        let all = self.peers[at].store.cursors.iter();
        let marks = all.filter(|((c, r, _), _)| (*c, *r) == (conversation, reader)).map(|(_, mark)| *mark);
        marks.max().unwrap_or_default()
    }

    /// The last message of `with` in the view of `at`: what a page would mark as read.
    pub(super) fn read_all(&mut self, at: usize, with: usize) {
        let conversation = self.conversation(at, with);
        let theirs = self.rows(at, with).into_iter().filter(|item| !item.mine).map(|item| item.key).max();
        if let Some(key) = theirs {
            self.command(at, Command::Read { conversation, chain: key.chain, seq: key.seq });
        }
    }

    /// Both see the same messages in the same order, and know that the other has them.
    pub(super) fn assert_together(&self, expected: &[&str]) {
        assert_eq!(self.texts(A, B), expected, "as Alice sees it");
        assert_eq!(self.texts(B, A), expected, "as Bob sees it");
        let keys = |at, with| {
            let rows = self.rows(at, with).into_iter();
            rows.filter(|item| matches!(item.content, Content::Text { .. }))
                .map(|item| item.key)
                .collect::<Vec<_>>()
        };
        assert_eq!(keys(A, B), keys(B, A));
        for (at, with) in [(A, B), (B, A)] {
            let mine = keys(at, with);
            let last = self.rows(at, with).into_iter().filter(|item| item.mine).map(|item| item.key).max();
            if let Some(last) = last {
                let key = (self.conversation(at, with), self.peers[with].user, last.chain);
                let mark = self.peers[at].store.cursors.get(&key).copied().unwrap_or_default();
                assert!(
                    mark.0 >= last.seq,
                    "{}'s last message was delivered: {mark:?} of {}",
                    self.peers[at].name,
                    last.seq
                );
            }
            assert!(mine.is_sorted());
        }
    }
}
