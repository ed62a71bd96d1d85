//! The machine of one node: all its links and conversations. Inputs and time go in, one batch comes out.
//!
//! A message's way through it: `Command::Send` -> `conversation` encrypts it -> `chains` signs it as the next event of its
//! chain -> `flow` sends it where its place is next -> the other's `flow` -> its `chains` finds it contiguous -> its
//! `conversation` opens it -> an entry of the timeline; its `receipts` tell how far it came.

mod batch;
mod chains;
mod comparing;
mod conversation;
mod dial;
mod flow;
mod io;
mod letters;
mod links;
mod liveness;
mod loads;
mod me;
mod moved;
mod outlook;
mod pair;
mod people;
mod receipts;
mod records;
mod restore;
mod timers;

#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    time::Duration,
};

use rand_chacha::ChaCha20Rng;

use crate::{
    config::Config,
    identity::{AccountKey, KeyHistory, LinkSecret, Profile, Username},
    ids::{ChainId, ConversationId, DeviceId, LetterId, LinkId, LoadId, UserId},
    link::Link,
    seal::Seal,
    time::{Now, WallMs},
};

pub use batch::{Batch, Commit, Conversation, Cursor, KeyState, Person, Relation, Write};
pub use io::{Command, DirectorySaid, Effect, Input, Notice, Preferences, Refusal, Reply};
pub use moved::{Carried, Known};
pub use outlook::{NextTry, Outlook};

use chains::{Chain, Reader, Writer};
use conversation::Talk;
use letters::{LetterKind, Outstanding, Way};
use me::Me;
use pair::Pair;
use people::Someone;
use records::Record;
use timers::{Timer, Timers};

/// Between two looks at what grows old: keys, records, waits for a key.
const HOUSE: Duration = Duration::from_secs(60);

/// Who a new node shall be.
#[derive(Debug, Clone)]
pub struct NewIdentity {
    pub username: Username,
    /// From the recovery file: a new device of an account that exists. Without it a new account is made.
    pub account: Option<(AccountKey, KeyHistory)>,
    /// From a backup.
    pub carried: Carried,
}

/// The stored records do not make a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the stored state of the node cannot be read: {0}")]
pub struct OpenError(pub &'static str);

/// The machine of one node.
pub struct Node<S: Seal> {
    config: Config,
    rng: ChaCha20Rng,
    seal: S,
    // Of the step that is being made.
    now: Now,
    wall: WallMs,
    batch: Batch,
    /// Records that changed.
    dirty: BTreeSet<Record>,
    changed_people: BTreeSet<UserId>,
    /// Our own marks that moved.
    moved: BTreeSet<(ConversationId, ChainId)>,
    presence_changed: bool,
    /// Devices whose links came or went.
    reach_changed: BTreeSet<DeviceId>,
    items: Vec<Notice>,
    notices: BTreeSet<Notice>,

    // What is stored.
    me: Me<S>,
    people: BTreeMap<UserId, Someone>,
    pairs: BTreeMap<DeviceId, Pair<S>>,
    talks: BTreeMap<ConversationId, Talk>,
    chains: BTreeMap<ChainId, Chain>,
    writers: BTreeMap<ChainId, Writer<S>>,
    readers: BTreeMap<ChainId, Reader<S>>,
    letters: BTreeMap<(DeviceId, LetterKind), Outstanding>,

    // What lasts as long as this run.
    devices: BTreeMap<DeviceId, UserId>,
    links: BTreeMap<LinkId, Link>,
    /// The one link that counts.
    links_by_peer: BTreeMap<DeviceId, LinkId>,
    /// Those that the user was told of as being reachable.
    reachable: BTreeSet<DeviceId>,
    dials: BTreeMap<DeviceId, dial::Dialling>,
    loads: BTreeMap<LoadId, loads::Purpose>,
    next_load: u64,
    /// Chains that are being opened from the log.
    opening: BTreeSet<ChainId>,
    /// Chains with events whose key is not here.
    waiting: BTreeSet<ChainId>,
    /// Letters that stay in the box until we take something in.
    deferred: BTreeMap<LetterId, Vec<u8>>,
    /// Whose newer keys were looked for: when to look again, and the wait until then.
    sought: BTreeMap<UserId, (Now, Duration)>,
    directory_up: bool,
    leaving: bool,
    timers: Timers,
}

impl<S: Seal> fmt::Debug for Node<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Node({:?}, {} people, {} links)", self.me, self.people.len(), self.links.len())
    }
}

impl<S: Seal> Node<S> {
    /// A node that never was: its first records are in the batch.
    pub fn create(
        config: Config,
        mut rng: ChaCha20Rng,
        mut seal: S,
        wall: WallMs,
        mut new: NewIdentity,
    ) -> (Self, Batch) {
        let known = std::mem::take(&mut new.carried.known);
        let me = Me::create(&config, &mut rng, &mut seal, wall, new);
        let mut node = Self::empty(config, rng, seal, me, wall);
        for record in [Record::Me, Record::Olm, Record::SealKeys] {
            node.touch(record);
        }
        for known in known {
            node.adopt(known);
        }
        let batch = node.finish();
        (node, batch)
    }

    /// The node whose records these are, in the order of their keys. `restored`: they come from an old copy of the data
    /// folder.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn open(
        config: Config,
        mut rng: ChaCha20Rng,
        seal: S,
        now: Now,
        wall: WallMs,
        records: impl IntoIterator<Item = (Vec<u8>, Vec<u8>)>,
        restored: bool,
    ) -> Result<(Self, Batch), OpenError> {
        let mut records = records.into_iter();
        // These come first.
        let own: Vec<_> = records.by_ref().take(Me::<S>::RECORDS).collect();
        let me = Me::open(&mut rng, &seal, &own)?;
        let mut node = Self::empty(config, rng, seal, me, wall);
        node.now = now;
        let mut last = Vec::new();
        for (key, value) in records {
            debug_assert!(last < key, "in the order of their keys");
            node.load(&key, &value)?;
            last = key;
        }
        let waiting = node.chains.iter().filter(|(_, chain)| chain.opened < chain.seq).map(|(id, _)| *id);
        node.waiting = waiting.collect();
        let letters: Vec<_> = node.letters.keys().copied().collect();
        for (device, kind) in letters {
            node.timers.set(Timer::Letter(device, kind), now + node.config.letter_min);
        }
        node.resume_rewrites();
        if restored {
            node.begin_incarnation();
        }
        for chain in node.waiting.clone() {
            node.open_waiting(chain);
        }
        node.keep_house();
        node.dial_all();
        let batch = node.finish();
        Ok((node, batch))
    }

    fn empty(config: Config, rng: ChaCha20Rng, seal: S, me: Me<S>, wall: WallMs) -> Self {
        let mut timers = Timers::default();
        timers.set(Timer::House, Now::default() + HOUSE);
        Self {
            config,
            rng,
            seal,
            now: Now::default(),
            wall,
            batch: Batch::default(),
            dirty: BTreeSet::new(),
            changed_people: BTreeSet::new(),
            moved: BTreeSet::new(),
            presence_changed: true,
            reach_changed: BTreeSet::new(),
            items: Vec::new(),
            notices: BTreeSet::new(),
            me,
            people: BTreeMap::new(),
            pairs: BTreeMap::new(),
            talks: BTreeMap::new(),
            chains: BTreeMap::new(),
            writers: BTreeMap::new(),
            readers: BTreeMap::new(),
            letters: BTreeMap::new(),
            devices: BTreeMap::new(),
            links: BTreeMap::new(),
            links_by_peer: BTreeMap::new(),
            reachable: BTreeSet::new(),
            dials: BTreeMap::new(),
            loads: BTreeMap::new(),
            next_load: 0,
            opening: BTreeSet::new(),
            waiting: BTreeSet::new(),
            deferred: BTreeMap::new(),
            sought: BTreeMap::new(),
            directory_up: false,
            leaving: false,
            timers,
        }
    }

    /// Feeds inputs in, gets one batch out. Never waits, never reads a clock, never rolls dice of its own.
    pub fn step(&mut self, now: Now, wall: WallMs, inputs: impl IntoIterator<Item = Input>) -> Batch {
        self.now = now;
        self.wall = wall;
        for input in inputs {
            self.input(input);
        }
        while let Some(timer) = self.timers.pop(now) {
            match timer {
                Timer::Link(link) => self.link_is_due(link),
                Timer::Dial(device) => self.dial_is_due(device),
                Timer::Letter(device, kind) => self.letter_is_due(device, kind),
                Timer::House => self.keep_house(),
            }
        }
        self.finish()
    }

    /// When `step` wants to be called at the latest, with [`Input::Tick`] if nothing else happened.
    pub fn next_timeout(&self) -> Option<Now> {
        self.timers.next()
    }

    fn input(&mut self, input: Input) {
        match input {
            Input::LinkUp { link, peer, dialled, binding: _ } => self.link_up(link, peer, dialled),
            Input::LinkDown { link } => self.link_down(link),
            Input::Received { link, frames } => self.received(link, frames),
            Input::DialFailed { peer } => self.dial_failed(peer),
            Input::Loaded { load, events } => self.loaded(load, events),
            Input::Command { id, command } => {
                let result = self.command(command);
                self.batch.effect(Effect::Reply { id, result });
            }
            Input::Directory(said) => self.directory_said(said),
            Input::Tick => {}
        }
    }

    fn command(&mut self, command: Command) -> Result<Reply, Refusal> {
        match command {
            Command::Ask { profile, addresses, msg_id, text } => {
                return self.ask(profile, &addresses, msg_id, text);
            }
            Command::Accept { user } => return self.accept(user),
            Command::Decline { user } => return self.decline(user),
            Command::Block { user } => return self.block(user),
            Command::Unblock { user } => return self.unblock(user),
            Command::Send { conversation, msg_id, target, body } => {
                return self.send(conversation, msg_id, target, &body);
            }
            Command::Hide { conversation, id } => return self.hide(conversation, id),
            Command::Read { conversation, chain, seq } => return self.read(conversation, chain, seq),
            Command::Typing { conversation, active } => return self.typing(conversation, active),
            Command::ConfirmKeys { user } => return self.confirm_keys(user),
            Command::Prefer(preferences) => self.prefer(preferences),
            Command::Announce { addresses } => self.announce(addresses),
            Command::Reach { user, addresses } => {
                if !self.people.contains_key(&user) {
                    return Err(Refusal::UnknownPerson);
                }
                self.reach(user, &addresses);
            }
            Command::Redial => self.dial_all(),
            Command::Measure => self.measure(),
            Command::Goodbye => self.goodbye(),
        }
        Ok(Reply::Done)
    }

    fn directory_said(&mut self, said: DirectorySaid) {
        match said {
            DirectorySaid::Up => {
                self.directory_up = true;
                self.presence_changed = true;
                self.publish();
                self.post_letters();
                self.seek_all();
            }
            DirectorySaid::Down => self.directory_up = false,
            DirectorySaid::Letter { letter, sealed } => self.letter_came(sealed, Way::Box(letter)),
            DirectorySaid::Posted { letter } => self.letter_posted(letter),
            DirectorySaid::Refused { letter } => self.letter_refused(letter),
            DirectorySaid::Presence { user, online, addresses } => {
                if online {
                    self.reach(user, &addresses);
                }
            }
            DirectorySaid::Profile { user, profile } => self.profile_looked_up(user, &profile),
        }
    }

    fn prefer(&mut self, preferences: Preferences) {
        let before = std::mem::replace(&mut self.me.preferences, preferences);
        if before == preferences {
            return;
        }
        self.touch(Record::Me);
        if before.hidden != preferences.hidden {
            self.presence_changed = true;
            // What the other may send was agreed when the link began.
            let all: Vec<_> = self.links.keys().copied().collect();
            for link in all {
                self.close(link, crate::error::CloseCode::Normal);
            }
            self.dial_all();
            if !preferences.hidden {
                self.read_deferred();
            }
        }
        if before.receipts != preferences.receipts {
            let all: Vec<_> = self.links.keys().copied().collect();
            for link in all {
                self.owe_marks(link);
            }
        }
    }

    fn announce(&mut self, addresses: Vec<crate::address::Address>) {
        let mut addresses = addresses;
        addresses.truncate(crate::config::MAX_ADDRESSES);
        if self.me.addresses != addresses {
            self.me.addresses = addresses;
            self.touch(Record::Me);
            self.readdress_letters();
            self.tell_addresses_to_all();
        }
    }

    /// What time alone brings: keys to renew and to forget, keys to ask for.
    fn keep_house(&mut self) {
        self.timers.set(Timer::House, self.now + HOUSE);
        self.renew_seal_key();
        self.forget_keys();
        self.ask_for_keys();
        self.introduce_ourselves();
        self.seek_all();
    }

    /// How old something is by the wall clock; nothing is older than it can be told.
    fn age(&self, since: WallMs) -> Duration {
        Duration::from_millis(self.wall.0.saturating_sub(since.0))
    }

    fn notice(&mut self, notice: Notice) {
        match notice {
            Notice::Item { .. } => self.items.push(notice),
            _ => {
                self.notices.insert(notice);
            }
        }
    }

    /// The end of a step: everything that changed is written once, and everything said goes out after it.
    fn finish(&mut self) -> Batch {
        self.write_marks();
        self.tell_marks();
        self.flush_links();
        self.tell_reachable();
        self.write_people();
        self.tell_presence();
        self.write_records();
        for notice in std::mem::take(&mut self.items).into_iter().chain(std::mem::take(&mut self.notices)) {
            self.batch.effect(Effect::Emit(notice));
        }
        std::mem::take(&mut self.batch)
    }

    pub fn user(&self) -> UserId {
        self.me.user
    }

    pub fn device(&self) -> DeviceId {
        self.me.device
    }

    /// Whose device this is, as far as it is known here.
    pub fn person_at(&self, device: DeviceId) -> Option<UserId> {
        self.devices.get(&device).copied()
    }

    pub fn link_secret(&self) -> &LinkSecret {
        &self.me.link
    }

    pub fn profile(&self) -> &Profile {
        &self.me.profile
    }

    /// For the recovery file.
    pub fn account_key(&self) -> &AccountKey {
        &self.me.account
    }
}
