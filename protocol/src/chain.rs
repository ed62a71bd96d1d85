//! Chains: where an event fits, what a frontier says, and the order of events.

use crate::{
    event::Event,
    frame::FrontierEntry,
    ids::EventId,
    time::{Ord64, WallMs},
};

/// The last stored event of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    pub seq: u64,
    pub id: EventId,
    pub ord: u64,
}

/// How an event stands to the stored part of its chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    Next,
    /// Stored already; below the head that is taken for granted, and a fork down there shows in the heads.
    Known,
    /// Events between are missing.
    Gap,
    /// The chain goes on, or went on, in another way here.
    Fork,
}

impl Head {
    /// The head after `event`, whose place in the order is `ord`.
    pub fn of(event: &Event, ord: u64) -> Self {
        Self { seq: event.seq(), id: event.id(), ord }
    }

    pub fn fit(&self, event: &Event) -> Fit {
        if event.seq() > self.seq + 1 {
            Fit::Gap
        } else if event.seq() == self.seq + 1 {
            if event.header().prev == self.id { Fit::Next } else { Fit::Fork }
        } else if event.seq() < self.seq || event.id() == self.id {
            Fit::Known
        } else {
            Fit::Fork
        }
    }

    /// How a peer stands to this chain, by its frontier.
    pub fn compare(&self, theirs: &FrontierEntry) -> Standing {
        if theirs.seq > self.seq {
            Standing::Ahead
        } else if theirs.seq < self.seq {
            Standing::Behind
        } else if theirs.seq == 0 || theirs.head.fits(self.id) {
            Standing::Equal
        } else {
            Standing::Forked
        }
    }
}

/// How a peer stands to a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Equal,
    /// The peer lacks events that are here.
    Behind,
    /// The peer has more.
    Ahead,
    /// Equal length, other events.
    Forked,
}

/// Nothing is ordered at or above this, so that one more always fits.
const TOP: u64 = (1 << 63) - 1;
/// 2200-01-01 as a timestamp: whoever claims to write later than that says nothing about time.
const YEAR_2200: u64 = 7_258_118_400_000 << 16;

/// What an author writes as the time of a new event; `top` is the greatest ord seen in the conversation.
pub fn stamp(wall: WallMs, top: u64) -> Ord64 {
    let wall = wall.0.saturating_mul(1 << 16);
    let wall = if wall >= YEAR_2200 { 0 } else { wall };
    Ord64(wall.max(top.saturating_add(1)).min(TOP))
}

/// The place of an event: after its ancestors, and otherwise where its author says. Our own clock has no part in it.
pub fn ord(hlc: Ord64, before: impl IntoIterator<Item = u64>) -> u64 {
    let claimed = if hlc.0 >= YEAR_2200 { 0 } else { hlc.0 };
    let after = before.into_iter().max().map_or(0, |ord| ord.saturating_add(1));
    claimed.max(after).min(TOP)
}

/// The author's clock behind a timestamp.
pub fn wall_of(hlc: Ord64) -> WallMs {
    WallMs(hlc.0 >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        event::Class,
        event::{ChainKey, Content, EventBody, Genesis, NewHeader},
        frame,
        ids::{ConversationId, DeviceId},
    };

    fn chain() -> (ChainKey, Vec<Event>) {
        let key = ChainKey::from_secret_bytes([7; 32]);
        let genesis = Genesis {
            conversation: ConversationId([1; 32]),
            class: Class::Content,
            owner: DeviceId([2; 32]),
            incarnation: 1,
            previous: None,
        };
        let mut events = vec![next(&key, None, 0, EventBody::Genesis(genesis))];
        for n in 1..4u8 {
            let body = EventBody::Content(Content { epoch: 1, megolm: vec![n] });
            let event = next(&key, events.last(), n.into(), body);
            events.push(event);
        }
        (key, events)
    }

    fn next(key: &ChainKey, before: Option<&Event>, hlc: u64, body: EventBody) -> Event {
        let prev = before.map_or(EventId([0; 32]), Event::id);
        let seq = before.map_or(0, Event::seq) + 1;
        Event::sign(key, NewHeader { seq, prev, hlc: Ord64(hlc), deps: vec![], expires: 0 }, body)
    }

    #[test]
    fn an_event_is_next_known_a_gap_or_a_fork() {
        let (key, events) = chain();
        let head = Head::of(&events[1], 0);
        assert_eq!(head.fit(&events[2]), Fit::Next);
        assert_eq!(head.fit(&events[1]), Fit::Known);
        assert_eq!(head.fit(&events[0]), Fit::Known);
        assert_eq!(head.fit(&events[3]), Fit::Gap);
        let other = || EventBody::Content(Content { epoch: 9, megolm: vec![] });
        let beside = next(&key, Some(&events[0]), 5, other());
        assert_eq!(head.fit(&beside), Fit::Fork);
        assert_eq!(head.fit(&next(&key, Some(&beside), 5, other())), Fit::Fork);
    }

    #[test]
    fn a_frontier_is_compared_by_length_and_then_by_head() {
        let (_, events) = chain();
        let head = Head::of(&events[1], 0);
        let says = |seq, id| {
            let head = frame::Head::short(id);
            FrontierEntry { chain: events[0].chain(), seq, head, clip: None }
        };
        assert_eq!(head.compare(&says(2, events[1].id())), Standing::Equal);
        assert_eq!(head.compare(&says(2, events[0].id())), Standing::Forked);
        assert_eq!(head.compare(&says(1, events[0].id())), Standing::Behind);
        assert_eq!(head.compare(&says(3, events[2].id())), Standing::Ahead);
    }

    #[test]
    fn order_follows_ancestors_and_no_clock_breaks_it() {
        let year_3000 = Ord64(32_503_680_000_000 << 16);
        assert_eq!(ord(Ord64(100), [7, 9]), 100);
        assert_eq!(ord(Ord64(5), [7, 9]), 10);
        assert_eq!(ord(year_3000, [7]), 8);
        assert_eq!(ord(Ord64(u64::MAX), [u64::MAX - 1]), TOP);
        assert_eq!(stamp(WallMs(u64::MAX), 41), Ord64(42));
        assert_eq!(stamp(WallMs(1), 7), Ord64(1 << 16));
        assert_eq!(stamp(WallMs(0), u64::MAX), Ord64(TOP));
    }
}
