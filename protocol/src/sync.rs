//! What flows over one link: a cursor into the log for each chain, under a window of bytes. Catching up and being live
//! are the same thing: the next event of a chain goes out when the peer has the one before and the window has room.

use std::collections::{BTreeMap, BTreeSet};

#[cfg(feature = "sim")]
use crate::sim::mutant::{Mutant, active};
use crate::{
    event::Event,
    frame::Head,
    ids::{ChainId, LoadId},
};

/// Nothing is loaded for a peer with less room than this: the largest event fits.
const LEAST_ROOM: u64 = 36 << 10;

/// The sending side of a link.
#[derive(Debug, Default)]
pub struct Flow {
    /// Bytes of events that the peer still has room for.
    room: u64,
    under_way: u64,
    chains: BTreeMap<ChainId, Cursor>,
    /// Chains with something to send, those that go first in front.
    ready: BTreeSet<(Urgency, ChainId)>,
    loading: Option<(LoadId, ChainId)>,
}

/// Key material goes before what it opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    Pair,
    Content,
}

#[derive(Debug)]
struct Cursor {
    urgency: Urgency,
    /// The next event to send.
    next: u64,
    /// The last there is to send.
    last: u64,
    /// What the peer says that it has just before `next`.
    after: Option<Head>,
}

/// Stored events that are wanted next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    pub chain: ChainId,
    pub from: u64,
    pub max_bytes: usize,
}

impl Flow {
    /// The peer takes `room` bytes before it gives credit.
    pub fn new(room: u32) -> Self {
        Self { room: room.into(), ..Self::default() }
    }

    /// The peer has everything of `chain` below `next`, the last of it being `after`; there is more up to `last`.
    pub fn begin(&mut self, chain: ChainId, urgency: Urgency, next: u64, last: u64, after: Option<Head>) {
        self.chains.insert(chain, Cursor { urgency, next, last, after });
        self.note(chain);
    }

    /// The peer does not take this chain.
    pub fn end(&mut self, chain: ChainId) {
        if let Some(cursor) = self.chains.remove(&chain) {
            self.ready.remove(&(cursor.urgency, chain));
        }
    }

    /// An event was appended to a chain of ours. True if it shall be sent right now; false if it goes from the log later,
    /// or not over this link.
    pub fn appended(&mut self, event: &Event) -> bool {
        let Some(cursor) = self.chains.get_mut(&event.chain()) else { return false };
        let contiguous = cursor.next == event.seq() && cursor.last < event.seq();
        cursor.last = event.seq();
        let live = contiguous && self.room >= event.wire_len() as u64;
        if live {
            self.sent(event);
        } else {
            self.note(event.chain());
        }
        live
    }

    /// What to load next, if there is anything and the peer has room; then [`Flow::loads`].
    pub fn wants(&self, batch: usize) -> Option<Wanted> {
        if self.loading.is_some() || self.room < LEAST_ROOM {
            return None;
        }
        let (_, chain) = *self.ready.first()?;
        let max_bytes = usize::try_from(self.room).map_or(batch, |room| room.min(batch));
        Some(Wanted { chain, from: self.chains.get(&chain)?.next, max_bytes })
    }

    pub fn loads(&mut self, load: LoadId, chain: ChainId) {
        self.loading = Some((load, chain));
    }

    /// The events that a load brought: which of them to send.
    ///
    /// # Errors
    /// What the peer has as this event of this chain is not what comes before them: nothing of it is sent any more.
    pub fn loaded(&mut self, load: LoadId, events: Vec<Event>) -> Result<Vec<Event>, (ChainId, u64)> {
        let Some((_, chain)) = self.loading.take_if(|(id, _)| *id == load) else { return Ok(Vec::new()) };
        let none = events.is_empty();
        if let (Some(first), Some(cursor)) = (events.first(), self.chains.get_mut(&chain))
            && first.chain() == chain
            && first.seq() > cursor.next
        {
            // A device that was made from a backup has a chain of somebody else only from there on.
            (cursor.next, cursor.after) = (first.seq(), None);
        }
        let mut out = Vec::with_capacity(events.len());
        for event in events {
            let Some(cursor) = self.chains.get_mut(&chain) else { break };
            if event.chain() != chain || event.seq() != cursor.next || event.seq() > cursor.last {
                break;
            }
            if cursor.after.is_some_and(|head| !head.fits(event.header().prev)) {
                self.end(chain);
                return Err((chain, event.seq() - 1));
            }
            cursor.after = None;
            if self.room < event.wire_len() as u64 {
                break;
            }
            self.sent(&event);
            out.push(event);
        }
        if none {
            // The store has nothing there: asking again would spin.
            if let Some(cursor) = self.chains.get_mut(&chain) {
                cursor.last = cursor.next.saturating_sub(1);
            }
        }
        self.note(chain);
        #[cfg(feature = "sim")]
        if active(Mutant::OlmOutOfOrder)
            && self.chains.get(&chain).is_some_and(|c| c.urgency == Urgency::Pair)
        {
            out.reverse();
        }
        Ok(out)
    }

    /// What the peer has of this chain is what we have.
    pub fn is_sure(&self, chain: ChainId) -> bool {
        self.chains.get(&chain).is_some_and(|cursor| cursor.after.is_none())
    }

    /// The peer stored what it had room for.
    pub fn credit(&mut self, bytes: u32) {
        let bytes = u64::from(bytes);
        self.room = self.room.saturating_add(bytes);
        self.under_way = self.under_way.saturating_sub(bytes);
    }

    /// Something was sent that the peer has not given credit for.
    pub fn is_under_way(&self) -> bool {
        self.under_way > 0
    }

    fn sent(&mut self, event: &Event) {
        let bytes = event.wire_len() as u64;
        self.room = self.room.saturating_sub(bytes);
        self.under_way += bytes;
        if let Some(cursor) = self.chains.get_mut(&event.chain()) {
            cursor.next = event.seq() + 1;
        }
        self.note(event.chain());
    }

    fn note(&mut self, chain: ChainId) {
        let Some(cursor) = self.chains.get(&chain) else { return };
        if cursor.next <= cursor.last {
            self.ready.insert((cursor.urgency, chain));
        } else {
            self.ready.remove(&(cursor.urgency, chain));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        event::{ChainKey, Content, EventBody, NewHeader},
        ids::EventId,
        time::Ord64,
    };

    fn event(key: u8, seq: u64) -> Event {
        let key = ChainKey::from_secret_bytes([key; 32]);
        let body = EventBody::Content(Content { epoch: 1, megolm: vec![0; 1000] });
        let header = NewHeader { seq, prev: EventId([1; 32]), hlc: Ord64(seq), deps: Vec::new(), expires: 0 };
        Event::sign(&key, header, body)
    }

    #[test]
    fn a_live_event_goes_out_at_once_and_only_to_a_peer_that_has_the_one_before() {
        let mut flow = Flow::new(256 << 10);
        assert!(!flow.appended(&event(1, 5)), "the peer's frontier is not known yet");
        flow.begin(event(1, 5).chain(), Urgency::Content, 6, 5, None);
        assert!(flow.appended(&event(1, 6)));
        flow.begin(event(2, 2).chain(), Urgency::Content, 2, 3, None);
        assert!(!flow.appended(&event(2, 4)), "2 and 3 come first");
        assert_eq!(flow.wants(1 << 16).map(|wanted| wanted.from), Some(2));
    }

    #[test]
    fn the_window_stops_reading_and_credit_goes_on_where_it_stopped() {
        let room = LEAST_ROOM + 1500;
        let mut flow = Flow::new(u32::try_from(room).unwrap());
        let chain = event(1, 2).chain();
        flow.begin(chain, Urgency::Content, 2, 9, None);
        let wanted = flow.wants(1 << 16).expect("there is room");
        flow.loads(LoadId(1), wanted.chain);
        assert_eq!(flow.wants(1 << 16), None, "one load at a time");
        assert_eq!(flow.loaded(LoadId(9), vec![event(1, 2)]), Ok(vec![]), "another load");
        assert_eq!(flow.loaded(LoadId(1), vec![event(1, 2), event(1, 3)]).map(|sent| sent.len()), Ok(2));
        assert_eq!(flow.wants(1 << 16), None, "no room");
        assert!(!flow.appended(&event(1, 10)));
        assert!(flow.is_under_way());
        flow.credit(u32::try_from(event(1, 2).wire_len() * 2).unwrap());
        assert!(!flow.is_under_way());
        assert_eq!(flow.wants(1 << 16).map(|wanted| wanted.from), Some(4));
    }

    #[test]
    fn key_material_goes_first() {
        let mut flow = Flow::new(256 << 10);
        let (a, b) = (event(1, 2).chain(), event(2, 2).chain());
        flow.begin(a, Urgency::Content, 1, 2, None);
        flow.begin(b, Urgency::Pair, 1, 2, None);
        assert_eq!(flow.wants(1 << 16).map(|wanted| wanted.chain), Some(b));
        flow.end(b);
        assert_eq!(flow.wants(1 << 16).map(|wanted| wanted.chain), Some(a));
    }

    #[test]
    fn a_chain_that_goes_on_from_something_else_is_not_sent() {
        let mut flow = Flow::new(256 << 10);
        let chain = event(1, 2).chain();
        let other = Head::short(EventId([2; 32]));
        flow.begin(chain, Urgency::Content, 2, 3, Some(other));
        flow.loads(LoadId(1), chain);
        assert_eq!(flow.loaded(LoadId(1), vec![event(1, 2)]), Err((chain, 1)));
        assert_eq!(flow.wants(1 << 16), None);
    }
}
