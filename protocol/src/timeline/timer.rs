//! How long messages of a conversation stay: a fold of the events that set it, in any order of arrival.

use crate::{
    body::{Body, kind},
    codec::record,
    config::MAX_TIMER_S,
};

use super::{Entry, Key};

/// The timer of a conversation, as it was set last in the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timer {
    /// Where the event stands that set it.
    pub key: Key,
    /// What is written under it disappears after so many; 0: it stays.
    pub seconds: u32,
}

record!(Timer { key, seconds });

impl Timer {
    /// What an entry sets, if it sets one.
    pub fn of(entry: &Entry) -> Option<Self> {
        let sets = entry.kind == kind::TIMER && entry.target == entry.msg_id;
        match Body::from_data(entry.kind, &entry.data) {
            Ok(Body::Timer { seconds }) if sets => Some(Self { key: entry.key, seconds }),
            _ => None,
        }
    }

    /// Of two, the one that counts: what stands last in the order, whatever came first.
    #[must_use]
    pub fn last(self, other: Option<Self>) -> Self {
        other.filter(|other| other.key > self.key).unwrap_or(self)
    }
}

/// The seconds that a message says it stays, as far as they are believed: none at all, or a second to a year.
pub fn lifetime(said: Option<u32>) -> Option<u32> {
    said.filter(|seconds| *seconds > 0).map(|seconds| seconds.min(MAX_TIMER_S))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ids::{ChainId, ConversationId, MsgId, UserId},
        time::WallMs,
    };

    fn set(n: u8, chain: u8, ord: u64, seconds: u32) -> Entry {
        let id = MsgId([n; 16]);
        Entry {
            conversation: ConversationId([1; 32]),
            target: id,
            msg_id: id,
            key: Key { ord, chain: ChainId([chain; 32]), seq: 2 },
            author: UserId([chain; 32]),
            mine: false,
            wall: WallMs(ord),
            received: WallMs(9),
            kind: kind::TIMER,
            data: Body::Timer { seconds }.to_data(),
            ttl_s: None,
        }
    }

    #[test]
    fn what_was_set_last_in_the_order_counts_whatever_comes_first() {
        let set = [set(1, 4, 7, 60), set(2, 5, 9, 3600), set(3, 4, 9, 5), set(4, 4, 8, 0)];
        for start in 0..set.len() {
            for step in [1, 3] {
                let order = (0..set.len()).map(|n| &set[(start + n * step) % set.len()]);
                let folded = order.filter_map(Timer::of).fold(None, |timer, next| Some(next.last(timer)));
                assert_eq!(folded.map(|timer| timer.seconds), Some(3600));
            }
        }
    }

    #[test]
    fn what_names_a_target_or_says_more_than_a_year_sets_nothing() {
        let good = set(1, 4, 7, 60);
        assert!(Timer::of(&Entry { target: MsgId([9; 16]), ..good.clone() }).is_none());
        let data = Body::Timer { seconds: MAX_TIMER_S + 1 }.to_data();
        assert!(Timer::of(&Entry { data, ..good.clone() }).is_none());
        assert!(Timer::of(&Entry { kind: kind::REACT, ..good }).is_none());
    }

    #[test]
    fn a_lifetime_is_a_second_to_a_year() {
        assert_eq!(
            [None, Some(0), Some(7), Some(u32::MAX)].map(lifetime),
            [None, None, Some(7), Some(MAX_TIMER_S)]
        );
    }
}
