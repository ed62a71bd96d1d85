//! Virtual time: what happens next, in an order that depends on nothing but the script.

use std::{
    cmp::{Ordering, Reverse},
    collections::BinaryHeap,
};

/// Things that will happen, by time; of two at the same time, the one that was planned first comes first.
#[derive(Debug)]
pub(super) struct Queue<T> {
    heap: BinaryHeap<Reverse<Planned<T>>>,
    planned: u64,
    now: u64,
}

#[derive(Debug)]
struct Planned<T> {
    at: u64,
    order: u64,
    what: T,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self { heap: BinaryHeap::new(), planned: 0, now: 0 }
    }
}

impl<T> Queue<T> {
    /// Milliseconds since the simulation began.
    pub(super) fn now(&self) -> u64 {
        self.now
    }

    /// Plans `what` for the moment `at`; a moment that has passed means now.
    pub(super) fn plan(&mut self, at: u64, what: T) {
        self.planned += 1;
        self.heap.push(Reverse(Planned { at: at.max(self.now), order: self.planned, what }));
    }

    /// The next thing not later than `until`, with time moved to it; else time moves to `until`.
    pub(super) fn next(&mut self, until: u64) -> Option<T> {
        if self.heap.peek().is_some_and(|Reverse(next)| next.at <= until) {
            let Reverse(next) = self.heap.pop()?;
            self.now = next.at;
            return Some(next.what);
        }
        self.now = self.now.max(until);
        None
    }
}

impl<T> PartialEq for Planned<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<T> Eq for Planned<T> {}

impl<T> PartialOrd for Planned<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Planned<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}
