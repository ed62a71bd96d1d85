//! What the engine lets everybody look at: the links, what came of dialling, and what happened lately.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use protocol::{
    address::Address,
    error::CloseCode,
    ids::{DeviceId, LinkId, UserId},
    time::WallMs,
};

use crate::link::{Reading, Tried};

/// Devices whose last failed dial is remembered.
const REMEMBERED: usize = 256;
/// Lines of the log: some hours of an ordinary day.
const LINES: usize = 500;

/// A live link, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkInfo {
    pub link: LinkId,
    pub device: DeviceId,
    /// `None` for somebody who is not known here.
    pub user: Option<UserId>,
    pub remote: SocketAddr,
    /// This node dialled.
    pub dialled: bool,
    pub since: WallMs,
    /// Bytes of messages that it carried.
    pub sent: u64,
    pub received: u64,
    /// None until the first PING is answered.
    pub round_trip: Option<Duration>,
}

/// The last dial of a device that led nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedDial {
    pub at: WallMs,
    pub tried: Vec<Tried>,
}

/// The way to one person, as the machine sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    pub user: UserId,
    pub device: DeviceId,
    /// Where they were last known to listen.
    pub addresses: Vec<Address>,
    pub next: Next,
    pub failed: Option<FailedDial>,
}

/// When somebody is dialled next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    Linked,
    UnderWay,
    At(WallMs),
    /// No address is known.
    NoAddress,
    /// Nothing is to be said to them.
    Unwanted,
}

/// One thing that happened on the way to somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    pub at: WallMs,
    pub device: DeviceId,
    /// `None` for somebody who is not known here.
    pub user: Option<UserId>,
    pub what: Happened,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happened {
    Dial {
        addresses: Vec<Address>,
    },
    Failed {
        tried: Vec<Tried>,
    },
    Up {
        remote: SocketAddr,
        dialled: bool,
    },
    /// This node ends a link.
    Closed {
        code: CloseCode,
    },
    Down,
}

/// Shared by the engine and by whoever looks. Clones are one board.
#[derive(Debug, Clone, Default)]
pub(super) struct Board(Arc<Mutex<OnBoard>>);

#[derive(Debug, Default)]
pub(super) struct OnBoard {
    pub(super) links: BTreeMap<LinkId, LinkInfo>,
    failed: BTreeMap<DeviceId, FailedDial>,
    log: VecDeque<Logged>,
}

impl Board {
    pub(super) fn lock(&self) -> MutexGuard<'_, OnBoard> {
        self.0.lock().expect("nothing panics while it holds this")
    }

    /// The links, with what their meters show.
    pub(super) fn links(&self, readings: &BTreeMap<LinkId, Reading>) -> Vec<LinkInfo> {
        let board = self.lock();
        let read = |info: &LinkInfo| {
            let reading = readings.get(&info.link).copied().unwrap_or_default();
            let Reading { sent, received, round_trip } = reading;
            LinkInfo { sent, received, round_trip, ..info.clone() }
        };
        board.links.values().map(read).collect()
    }

    /// The people at the other ends of the links.
    pub(super) fn linked(&self) -> BTreeSet<UserId> {
        self.lock().links.values().filter_map(|info| info.user).collect()
    }

    pub(super) fn is_linked(&self, user: UserId) -> bool {
        self.lock().links.values().any(|info| info.user == Some(user))
    }

    /// What happened lately, the oldest first.
    pub(super) fn log(&self) -> Vec<Logged> {
        self.lock().log.iter().cloned().collect()
    }
}

impl OnBoard {
    pub(super) fn put(&mut self, line: Logged) {
        if self.log.len() == LINES {
            self.log.pop_front();
        }
        self.log.push_back(line);
    }

    pub(super) fn up(&mut self, info: LinkInfo) {
        self.failed.remove(&info.device);
        self.links.insert(info.link, info);
    }

    pub(super) fn failed(&mut self, device: DeviceId, dial: FailedDial) {
        if self.failed.len() >= REMEMBERED {
            self.failed.pop_first();
        }
        self.failed.insert(device, dial);
    }

    pub(super) fn last_failure(&self, device: DeviceId) -> Option<FailedDial> {
        self.failed.get(&device).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_keeps_its_newest_lines() {
        let board = Board::default();
        for n in 0..LINES as u64 + 3 {
            let line = Logged { at: WallMs(n), device: DeviceId([1; 32]), user: None, what: Happened::Down };
            board.lock().put(line);
        }
        let log = board.log();
        assert_eq!((log.len(), log[0].at, log[LINES - 1].at), (LINES, WallMs(3), WallMs(LINES as u64 + 2)));
    }
}
