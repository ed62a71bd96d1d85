//! When the machine wants to be called again, and for what.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    ids::{DeviceId, LinkId},
    time::Now,
};

use super::letters::LetterKind;

/// What a timer is for; each has one time at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {
    Link(LinkId),
    Dial(DeviceId),
    Letter(DeviceId, LetterKind),
    /// Keys to renew, to forget, to ask for.
    House,
}

#[derive(Debug, Default)]
pub(super) struct Timers {
    by_time: BTreeSet<(Now, Timer)>,
    by_timer: BTreeMap<Timer, Now>,
}

impl Timers {
    pub(super) fn set(&mut self, timer: Timer, at: Now) {
        self.cancel(timer);
        self.by_timer.insert(timer, at);
        self.by_time.insert((at, timer));
    }

    /// Sets it unless it rings before `at` already.
    pub(super) fn set_by(&mut self, timer: Timer, at: Now) {
        if self.by_timer.get(&timer).is_none_or(|set| *set > at) {
            self.set(timer, at);
        }
    }

    pub(super) fn cancel(&mut self, timer: Timer) {
        if let Some(at) = self.by_timer.remove(&timer) {
            self.by_time.remove(&(at, timer));
        }
    }

    /// Takes one timer that is due.
    pub(super) fn pop(&mut self, now: Now) -> Option<Timer> {
        let (at, timer) = *self.by_time.first()?;
        if at > now {
            return None;
        }
        self.cancel(timer);
        Some(timer)
    }

    /// When this timer rings, if it is set.
    pub(super) fn at(&self, timer: Timer) -> Option<Now> {
        self.by_timer.get(&timer).copied()
    }

    pub(super) fn next(&self) -> Option<Now> {
        self.by_time.first().map(|(at, _)| *at)
    }
}
