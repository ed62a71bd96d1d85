//! A store that lives in memory: takes whole batches or nothing, and notices every write that no store may be given.

use std::collections::BTreeMap;

use crate::{
    event::Event,
    ids::{ChainId, ConversationId, MsgId, UserId},
    node::{Commit, Conversation, Cursor, Person, Write},
    timeline::{self, Item},
};

/// What a node has on its disk. A clone is a copy of the data folder.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore {
    pub records: BTreeMap<Vec<u8>, Vec<u8>>,
    pub chains: BTreeMap<ChainId, Vec<Event>>,
    /// Which conversation a chain belongs to.
    pub rooms: BTreeMap<ChainId, ConversationId>,
    pub items: BTreeMap<(ConversationId, MsgId), Item>,
    pub cursors: BTreeMap<(ConversationId, UserId, ChainId), Cursor>,
    pub conversations: BTreeMap<ConversationId, Conversation>,
    pub people: BTreeMap<UserId, Person>,
    pub commits: u64,
    /// The disk takes nothing more.
    pub full: bool,
    /// What the last commit wrote, for the checks.
    pub last: Vec<Write>,
    /// Made from a backup: a chain of somebody else may begin in its middle.
    pub moved: bool,
    /// Writes that break an invariant of the log.
    pub broken: Vec<String>,
}

/// The disk is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the disk is full")]
pub struct DiskFull;

impl MemoryStore {
    pub fn records(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        self.records.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
    }

    /// Events of a chain from `from` on, up to `max_bytes` in all but at least one.
    pub fn load(&self, chain: ChainId, from: u64, max_bytes: usize) -> Vec<Event> {
        let events = self.chains.get(&chain).map(Vec::as_slice).unwrap_or_default();
        let first = events.partition_point(|event| event.seq() < from);
        let mut bytes = 0;
        let fits = events[first..].iter().take_while(|event| {
            let before = bytes;
            bytes += event.wire_len();
            before == 0 || bytes <= max_bytes
        });
        fits.cloned().collect()
    }

    /// How far a chain is stored.
    pub fn head(&self, chain: ChainId) -> Option<&Event> {
        self.chains.get(&chain)?.last()
    }

    pub fn event(&self, chain: ChainId, seq: u64) -> Option<&Event> {
        let events = self.chains.get(&chain)?;
        let at = events.binary_search_by_key(&seq, Event::seq).ok()?;
        events.get(at)
    }

    /// The items of a conversation in their order.
    pub fn timeline(&self, conversation: ConversationId) -> Vec<&Item> {
        let mut items: Vec<_> =
            self.items.values().filter(|item| item.conversation == conversation).collect();
        items.sort_by_key(|item| item.key);
        items
    }

    /// Bytes of all that is stored for the log and the machine.
    pub fn bytes(&self) -> usize {
        let records: usize = self.records.iter().map(|(key, value)| key.len() + value.len()).sum();
        records + self.chains.values().flatten().map(Event::wire_len).sum::<usize>()
    }

    fn apply(&mut self, write: Write) {
        match write {
            Write::Event { conversation, event } => self.append(conversation, event),
            Write::Record { key, value: Some(value) } => {
                self.records.insert(key, value);
            }
            Write::Record { key, value: None } => {
                self.records.remove(&key);
            }
            Write::Entry(entry) => {
                let id = (entry.conversation, entry.target);
                let item = timeline::apply(self.items.remove(&id), &entry);
                self.items.insert(id, item);
            }
            Write::Cursor { cursor, .. } => self.mark(cursor),
            Write::Conversation(conversation) => {
                self.conversations.insert(conversation.id, conversation);
            }
            Write::Person(person) => {
                self.people.insert(person.user, person);
            }
        }
    }

    /// I2: a stored chain is a contiguous, hash-linked interval.
    fn append(&mut self, conversation: ConversationId, event: Event) {
        let (chain, header) = (event.chain(), event.header());
        let room = *self.rooms.entry(chain).or_insert(conversation);
        let events = self.chains.entry(chain).or_default();
        let linked = match events.last() {
            None => header.seq == 1 || self.moved,
            Some(head) => header.seq == head.seq() + 1 && header.prev == head.id(),
        };
        if !linked || room != conversation {
            let (head, seq) = (events.len(), header.seq);
            self.broken
                .push(format!("I2: {chain:?} ends at {head} and was given {seq}, which does not follow"));
        }
        events.push(event);
    }

    /// I8: states only go forward.
    fn mark(&mut self, cursor: Cursor) {
        let id = (cursor.conversation, cursor.reader, cursor.chain);
        if let Some(old) = self.cursors.insert(id, cursor)
            && (cursor.delivered < old.delivered || cursor.read < old.read)
        {
            self.broken.push(format!("I8: a mark went back from {old:?} to {cursor:?}"));
        }
    }
}

impl Commit for MemoryStore {
    type Error = DiskFull;

    async fn commit(&mut self, writes: Vec<Write>) -> Result<(), DiskFull> {
        if self.full {
            return Err(DiskFull);
        }
        self.last.clone_from(&writes);
        self.commits += 1;
        for write in writes {
            self.apply(write);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        event::{ChainKey, Class, Content, EventBody, Genesis, NewHeader},
        ids::{DeviceId, EventId},
        sim::driver::ready,
        time::Ord64,
    };

    fn chain() -> Vec<Write> {
        let (key, conversation) = (ChainKey::from_secret_bytes([1; 32]), ConversationId([2; 32]));
        let genesis = Genesis {
            conversation,
            class: Class::Content,
            owner: DeviceId([3; 32]),
            incarnation: 1,
            previous: None,
        };
        let mut bodies = vec![EventBody::Genesis(genesis)];
        bodies.extend((0..3).map(|n| EventBody::Content(Content { epoch: 1, megolm: vec![n; 10] })));
        let mut prev = EventId([0; 32]);
        let events = bodies.into_iter().zip(1..).map(|(body, seq)| {
            let header = NewHeader { seq, prev, hlc: Ord64(seq), deps: Vec::new(), expires: 0 };
            let event = Event::sign(&key, header, body);
            prev = event.id();
            Write::Event { conversation, event }
        });
        events.collect()
    }

    #[test]
    fn a_gap_in_a_chain_is_noticed() {
        let (mut whole, mut gap) = (MemoryStore::default(), MemoryStore::default());
        let mut writes = chain();
        assert_eq!(ready(whole.commit(writes.clone())), Ok(()));
        assert!(whole.broken.is_empty());
        writes.remove(2);
        assert_eq!(ready(gap.commit(writes)), Ok(()));
        assert_eq!(gap.broken.len(), 1, "{:?}", gap.broken);
    }

    #[test]
    fn a_full_disk_takes_nothing_of_a_batch() {
        let mut store = MemoryStore { full: true, ..MemoryStore::default() };
        assert_eq!(ready(store.commit(chain())), Err(DiskFull));
        assert!(store.chains.is_empty() && store.last.is_empty());
    }
}
