//! The invariants of docs/protocol.md, checked after every step over all nodes at once, as no node could do itself.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    model::Model,
    seal::{content_index, pair_index},
    store::MemoryStore,
};
use crate::{
    event::{Event, EventBody},
    frame::Frame,
    ids::{ChainId, ConversationId, EventId, MsgId, UserId},
    node::Write,
    timeline::{Content, Entry, Item, Key, NO_CHAIN},
};

/// What was seen anywhere so far.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// The one event of each place, with the life of its author that made it.
    events: BTreeMap<(ChainId, u64), EventId>,
    known: BTreeSet<EventId>,
    /// Events that somebody else than their author has stored: what an old folder forgot and nobody else has, never was.
    arrived: BTreeSet<EventId>,
    /// Those that somebody honest has stored: it can show them to an author who forgot them. A liar may keep them to itself,
    /// and what the author then hears is what it would hear if they had never been.
    witnessed: BTreeSet<EventId>,
    /// From which number on somebody was shown, since its folder was last put back, another branch of a chain of its own.
    shown_branches: BTreeMap<(usize, ChainId), u64>,
    /// Who appends to a chain, and in which life.
    authors: BTreeMap<ChainId, (usize, u32)>,
    /// Chains of liars.
    foreign: BTreeSet<ChainId>,
    left_behind: BTreeSet<ChainId>,
    /// Chains that no machine has written.
    forged: BTreeSet<ChainId>,
    /// Which event used an index of a ratchet.
    indexes: BTreeMap<([u8; 32], u64), EventId>,
    ords: BTreeMap<EventId, u64>,
    /// The furthest that somebody ever had a chain on the disk.
    held: BTreeMap<(usize, ChainId), u64>,
    /// Where an item is shown, at each node.
    shown: BTreeMap<(usize, ConversationId, MsgId), Key>,
    /// Events that came to a node that did not write them.
    pub(super) delivered: u64,
    pub(super) delivered_bytes: u64,
}

/// Whose doing is judged.
#[derive(Debug, Clone, Copy)]
pub(super) struct Doer {
    pub(super) who: usize,
    pub(super) life: u32,
    /// Nothing can be held against the chains of somebody who lies.
    pub(super) honest: bool,
    /// An old folder was put back and nothing says so: until a peer tells, it cannot know that it repeats itself.
    pub(super) unaware: bool,
    /// That was so at some time: branches of then may still be around.
    pub(super) was_unaware: bool,
    /// The indexes of the ratchets can be read: the fake seal is in use.
    pub(super) fake_seal: bool,
}

impl Ledger {
    /// A folder was put back: what was shown there before is not any more.
    pub(super) fn forget(&mut self, who: usize) {
        self.shown.retain(|(at, ..), _| *at != who);
        self.shown_branches.retain(|(at, _), _| *at != who);
    }

    /// Somebody is on a new machine: the chains of the one before end wherever each has them.
    pub(super) fn leave_behind(&mut self, who: usize) {
        let theirs = self.authors.iter().filter(|(_, (author, _))| *author == who);
        self.left_behind.extend(theirs.map(|(chain, _)| *chain));
    }

    /// A chain that was forged: nobody is held to it.
    pub(super) fn forged(&mut self, chain: ChainId) {
        self.foreign.insert(chain);
        self.forged.insert(chain);
    }

    /// Looks at what a step has made durable.
    pub(super) fn committed(
        &mut self,
        doer: Doer,
        store: &mut MemoryStore,
        model: &mut Model,
        users: &BTreeMap<UserId, usize>,
    ) -> Vec<String> {
        let mut broken = std::mem::take(&mut store.broken);
        for write in std::mem::take(&mut store.last) {
            match write {
                Write::Event { event, .. } => self.event(doer, &event, &mut broken),
                Write::Entry(entry) => self.entry(doer, &entry, store, model, users, &mut broken),
                Write::Cursor { cursor, .. } => {
                    let Some(reader) = users.get(&cursor.reader).copied() else {
                        broken.push(format!("a mark of nobody: {cursor:?}"));
                        continue;
                    };
                    let held = self.held.get(&(reader, cursor.chain)).copied().unwrap_or(0);
                    if doer.honest && cursor.delivered.max(cursor.read) > held && !self.liar(cursor.chain) {
                        broken.push(format!(
                            "I4: {cursor:?} says more than the {held} that its reader ever stored"
                        ));
                    }
                }
                Write::Record { .. } | Write::Conversation(_) | Write::Person(_) => {}
            }
        }
        broken
    }

    /// Chains that their authors wrote on from a copy without knowing: where the copy and the others part, nobody can
    /// bring them together again.
    pub(super) fn left_behind(&self) -> &BTreeSet<ChainId> {
        &self.left_behind
    }

    pub(super) fn forged_chains(&self) -> &BTreeSet<ChainId> {
        &self.forged
    }

    /// A chain that nobody honest writes.
    fn liar(&self, chain: ChainId) -> bool {
        !self.authors.contains_key(&chain)
    }

    fn event(&mut self, doer: Doer, event: &Event, broken: &mut Vec<String>) {
        let Doer { who, life, honest, unaware, fake_seal, .. } = doer;
        let (chain, seq, id) = (event.chain(), event.seq(), event.id());
        let held = self.held.entry((who, chain)).or_default();
        *held = (*held).max(seq);
        let first = !self.known.contains(&id);
        if !honest && first {
            self.foreign.insert(chain);
        }
        if first && seq == 1 && !self.foreign.contains(&chain) {
            self.authors.entry(chain).or_insert((who, life));
        }
        let Some((author, their_life)) = self.authors.get(&chain).copied() else { return };
        if author == who && unaware && their_life != life {
            self.left_behind.insert(chain);
            // What it writes here counts once it leaves; then `said` judges it.
            return;
        }
        if author != who {
            self.delivered += u64::from(self.arrived.insert(id));
            if honest {
                self.witnessed.insert(id);
            }
            self.delivered_bytes += event.wire_len() as u64;
        }
        let counts = |other: &EventId| *other != id && (author == who || self.arrived.contains(other));
        match self.events.insert((chain, seq), id) {
            Some(other) if counts(&other) => {
                broken.push(format!("I3: {chain:?} has two events {seq}: {other:?}, {id:?}"));
            }
            _ => {}
        }
        self.known.insert(id);
        if first && author == who && their_life != life {
            broken.push(format!(
                "I12: {chain:?} of {author} in life {their_life} got {seq} from {who} in life {life}"
            ));
        }
        let index = match event.body() {
            Some(EventBody::Content(content)) if fake_seal => content_index(&content.megolm),
            Some(EventBody::Pair(pair)) if fake_seal => pair_index(&pair.olm),
            _ => None,
        };
        if let Some(index) = index
            && let Some(other) = self.indexes.insert(index, id)
            && counts(&other)
        {
            broken.push(format!(
                "I10: {other:?} and {id:?} (event {seq} of {chain:?}) share index {}",
                index.1
            ));
        }
    }

    fn entry(
        &mut self,
        doer: Doer,
        entry: &Entry,
        store: &MemoryStore,
        model: &mut Model,
        users: &BTreeMap<UserId, usize>,
        broken: &mut Vec<String>,
    ) {
        let who = doer.who;
        let Some(item) = store.items.get(&(entry.conversation, entry.target)) else {
            broken.push(format!("an entry made no item: {entry:?}"));
            return;
        };
        // A change that came before what it changes has no place of its own.
        if matches!(item.content, Content::System(_) | Content::Unborn) {
            return;
        }
        self.order(doer, entry, store, broken);
        if matches!(item.content, Content::Timer { .. }) {
            if !model.timers.contains(&item.id) && doer.honest {
                broken.push(format!("{:?} at {who} was never set: {item:?}", item.id));
            }
            return;
        }
        let place = (who, entry.conversation, entry.target);
        if let Some(before) = self.shown.insert(place, item.key)
            && before != item.key
            && !born_again(before, item.key)
        {
            broken.push(format!("I7: {:?} moved at {who} from {before:?} to {:?}", entry.target, item.key));
        }
        let author = users.get(&item.author).copied();
        let edits = model.edits.get(&item.id).cloned().unwrap_or_default();
        let redacted = model.redacted.contains(&item.id);
        match model.said.get_mut(&entry.target) {
            Some(said) if Some(said.by) == author && is_what_was_said(item, &said.text, &edits, redacted) => {
                if said.by == who {
                    said.committed = true;
                } else if !said.committed {
                    broken.push(format!("I1: {:?} is at {who}, but not at its author", entry.target));
                }
                if said.to != who && said.by != who {
                    broken.push(format!("{:?} is for {} and came to {who}", entry.target, said.to));
                }
            }
            Some(said) => {
                broken.push(format!("{:?} at {who} is not what {} wrote: {item:?}", entry.target, said.by))
            }
            None if doer.honest => {
                broken.push(format!("{:?} at {who} was never written: {item:?}", entry.target))
            }
            None => {}
        }
    }

    /// I6: `ord` grows along prev and deps, and is the same everywhere.
    fn order(&mut self, doer: Doer, entry: &Entry, store: &MemoryStore, broken: &mut Vec<String>) {
        let Key { ord, chain, seq } = entry.key;
        if self.liar(chain) || !doer.honest {
            return;
        }
        let Some(event) = store.event(chain, seq) else { return };
        match self.ords.insert(event.id(), ord) {
            Some(other) if other != ord => {
                broken.push(format!("I6: {chain:?} {seq} stands at {other} and, for {}, at {ord}", doer.who));
            }
            _ => {}
        }
        for before in event.header().deps.iter().chain([&event.header().prev]) {
            if let Some(earlier) = self.ords.get(before).filter(|earlier| **earlier >= ord) {
                broken.push(format!("I6: {chain:?} {seq} at {ord} is not after {before:?} at {earlier}"));
            }
        }
    }

    /// Looks at what a node has just taken in: once it was shown another branch of a chain of its own, it knows.
    pub(super) fn heard(&mut self, who: usize, store: &MemoryStore, event: &Event) {
        let (chain, seq) = (event.chain(), event.seq());
        if self.authors.get(&chain).is_none_or(|(author, _)| *author != who) {
            return;
        }
        let differs = |at: u64, id: EventId| store.event(chain, at).is_some_and(|ours| ours.id() != id);
        let before = seq - 1;
        let from = match event.header().prev {
            _ if differs(seq, event.id()) => seq,
            prev if differs(before, prev) => before,
            _ => return,
        };
        let known = self.shown_branches.entry((who, chain)).or_insert(from);
        *known = from.min(*known);
    }

    /// Looks at what a node is about to say: nothing may leave that is not durable.
    pub(super) fn said(&self, doer: Doer, store: &MemoryStore, frames: &[Frame]) -> Vec<String> {
        let mut broken = Vec::new();
        for frame in frames {
            match frame {
                Frame::Frontier(frontier) => {
                    for entry in frontier.entries.iter().filter(|entry| entry.seq > 0) {
                        let stored = store.event(entry.chain, entry.seq);
                        if !stored.is_some_and(|event| entry.head.fits(event.id())) {
                            broken.push(format!("I4: {} says it has {entry:?}, and has not", doer.who));
                        }
                    }
                }
                Frame::Events(events) => {
                    for event in &events.events {
                        let place = (event.chain(), event.seq());
                        let other = self.events.get(&place).filter(|id| **id != event.id());
                        let counts = |other: &EventId| !doer.was_unaware || self.witnessed.contains(other);
                        let branch = self.shown_branches.get(&(doer.who, event.chain()));
                        let knows = branch.is_some_and(|from| *from <= event.seq());
                        if doer.honest && (other.is_some_and(counts) || knows) {
                            broken.push(format!("I3: {} sends a second event {place:?}", doer.who));
                        }
                        let stored = store.event(event.chain(), event.seq());
                        if stored.is_none_or(|stored| stored.id() != event.id()) {
                            broken.push(format!(
                                "I1: {} sends {:?} {}, which is not stored",
                                doer.who,
                                event.chain(),
                                event.seq()
                            ));
                        }
                    }
                }
                _ => {}
            }
        }
        broken
    }
}

/// The same message, once more: what stood only in a request got its place, or it was written again after a restore.
fn born_again(before: Key, now: Key) -> bool {
    before.chain == NO_CHAIN || before.chain != now.chain && now > before
}

/// The words are those that were said, or what their author made of them.
fn is_what_was_said(item: &Item, said: &str, edits: &BTreeSet<String>, redacted: bool) -> bool {
    match item.text() {
        Some(text) => text == said || edits.contains(text),
        None => redacted && item.content == Content::Redacted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        event::{ChainKey, Class, Content, Genesis, NewHeader},
        frame::{Frontier, FrontierEntry, FrontierKind, Head},
        ids::DeviceId,
        node::Commit,
        seal::Seal,
        sim::{FakeSeal, dice::node_rng, driver::ready},
        time::Ord64,
    };

    const ROOM: ConversationId = ConversationId([2; 32]);

    fn doer(who: usize, life: u32) -> Doer {
        Doer { who, life, honest: true, unaware: false, was_unaware: false, fake_seal: true }
    }

    fn next(key: &ChainKey, prev: Option<&Event>, body: EventBody) -> Event {
        let (seq, prev) = prev.map_or((1, EventId([0; 32])), |prev| (prev.seq() + 1, prev.id()));
        Event::sign(key, NewHeader { seq, prev, hlc: Ord64(seq), deps: Vec::new(), expires: 0 }, body)
    }

    fn genesis(key: &ChainKey) -> Event {
        let owner = DeviceId([3; 32]);
        let body =
            Genesis { conversation: ROOM, class: Class::Content, owner, incarnation: 1, previous: None };
        next(key, None, EventBody::Genesis(body))
    }

    fn content(megolm: Vec<u8>) -> EventBody {
        EventBody::Content(Content { epoch: 1, megolm })
    }

    /// What is said of these events, each committed in a step of its own.
    fn judged(events: &[(Doer, &Event)]) -> Vec<String> {
        let mut ledger = Ledger::default();
        let mut broken = Vec::new();
        for (doer, event) in events {
            // A store of its own for each, as only the ledger is asked here.
            let mut store = MemoryStore::default();
            assert_eq!(
                ready(store.commit(vec![Write::Event { conversation: ROOM, event: (*event).clone() }])),
                Ok(())
            );
            store.broken.clear();
            broken.extend(ledger.committed(*doer, &mut store, &mut Model::default(), &BTreeMap::new()));
        }
        broken
    }

    #[test]
    fn two_events_of_one_place_are_noticed() {
        let key = ChainKey::from_secret_bytes([1; 32]);
        let first = genesis(&key);
        let (one, other) =
            (next(&key, Some(&first), content(vec![1])), next(&key, Some(&first), content(vec![2])));
        let (me, them) = (doer(0, 0), doer(1, 0));
        assert!(judged(&[(me, &first), (me, &one), (them, &first), (them, &one)]).is_empty());
        // Only what left its author counts: each branch is at somebody else.
        let broken = judged(&[(me, &first), (me, &one), (doer(2, 0), &one), (them, &other)]);
        assert!(broken.iter().any(|line| line.starts_with("I3")), "{broken:?}");
    }

    /// What is said of an author that sends its second branch, after an old folder was put back unnoticed: the first branch is
    /// at somebody who is `honest`, and the author was `shown` it or not.
    fn sends_its_second_branch(honest: bool, shown: bool) -> Vec<String> {
        let key = ChainKey::from_secret_bytes([1; 32]);
        let first = genesis(&key);
        let (one, other) =
            (next(&key, Some(&first), content(vec![1])), next(&key, Some(&first), content(vec![2])));
        let me = doer(0, 1);
        let me = Doer { unaware: true, was_unaware: true, ..me };
        let them = Doer { honest, ..doer(1, 0) };
        let mut ledger = Ledger::default();
        let mut stores = [MemoryStore::default(), MemoryStore::default()];
        for (doer, event) in
            [(doer(0, 0), &first), (doer(0, 0), &one), (them, &first), (them, &one), (me, &other)]
        {
            let store = &mut stores[doer.who];
            if doer.life == 1 {
                // Back to the copy, in which there is only the beginning.
                *store = MemoryStore::default();
                let copy = Write::Event { conversation: ROOM, event: first.clone() };
                assert_eq!(ready(store.commit(vec![copy])), Ok(()));
            }
            let write = Write::Event { conversation: ROOM, event: event.clone() };
            assert_eq!(ready(store.commit(vec![write])), Ok(()));
            let broken = ledger.committed(doer, store, &mut Model::default(), &BTreeMap::new());
            assert_eq!(broken, [""; 0]);
        }
        if shown {
            ledger.heard(0, &stores[0], &one);
        }
        let frame = Frame::Events(crate::frame::Events { conversation: ROOM, events: vec![other] });
        ledger.said(me, &stores[0], &[frame])
    }

    #[test]
    fn a_branch_is_held_against_its_author_if_somebody_honest_has_the_other_or_showed_it() {
        assert_eq!(sends_its_second_branch(true, false).len(), 1);
        assert_eq!(sends_its_second_branch(false, true).len(), 1);
        assert_eq!(sends_its_second_branch(false, false), [""; 0], "nobody could know");
    }

    #[test]
    fn a_second_life_on_an_old_chain_is_noticed() {
        let key = ChainKey::from_secret_bytes([1; 32]);
        let first = genesis(&key);
        let second = next(&key, Some(&first), content(vec![1]));
        let broken = judged(&[(doer(0, 0), &first), (doer(0, 1), &second)]);
        assert!(broken.iter().any(|line| line.starts_with("I12")), "{broken:?}");
    }

    #[test]
    fn an_index_that_is_used_twice_is_noticed() {
        let mut seal = FakeSeal::new(node_rng(1, 0, 0));
        let mut outbound = seal.new_outbound();
        let mut copy = outbound.clone();
        let (one, other) = (seal.encrypt(&mut outbound, b"one"), seal.encrypt(&mut copy, b"other"));
        let key = ChainKey::from_secret_bytes([1; 32]);
        let first = genesis(&key);
        let second = next(&key, Some(&first), content(one));
        let third = next(&key, Some(&second), content(other));
        let me = doer(0, 0);
        let broken = judged(&[(me, &first), (me, &second), (me, &third)]);
        assert!(broken.iter().any(|line| line.starts_with("I10")), "{broken:?}");
    }

    #[test]
    fn a_frontier_beyond_the_disk_is_noticed() {
        let first = genesis(&ChainKey::from_secret_bytes([1; 32]));
        let entry =
            |seq| FrontierEntry { chain: first.chain(), seq, head: Head::short(first.id()), clip: None };
        let said = |entry| {
            Frame::Frontier(Frontier { conversation: ROOM, kind: FrontierKind::Ack, entries: vec![entry] })
        };
        let mut store = MemoryStore::default();
        assert_eq!(
            ready(store.commit(vec![Write::Event { conversation: ROOM, event: first.clone() }])),
            Ok(())
        );
        let ledger = Ledger::default();
        assert!(ledger.said(doer(0, 0), &store, &[said(entry(1))]).is_empty());
        assert_eq!(ledger.said(doer(0, 0), &store, &[said(entry(2))]).len(), 1);
    }
}
