//! One simulated computer: a node, its disk, its clock and the person in front of it.

use std::collections::{BTreeMap, VecDeque};

use rand_chacha::ChaCha20Rng;

use super::{FakeSeal, mutant::Mutant, script::Tamper, store::MemoryStore};
use crate::{
    address::Address,
    ids::{CommandId, DeviceId, LinkId, UserId},
    node::{Command, Input, NewIdentity, Node},
    seal::{Seal, Vodozemac},
    time::{Now, WallMs},
};

/// A seal that the simulator can make.
pub trait SimSeal: Seal + Sized {
    /// Its messages show which session and index they used.
    const FAKE: bool;

    fn make(rng: ChaCha20Rng) -> Self;
}

impl SimSeal for FakeSeal {
    const FAKE: bool = true;

    fn make(rng: ChaCha20Rng) -> Self {
        Self::new(rng)
    }
}

impl SimSeal for Vodozemac {
    const FAKE: bool = false;

    fn make(_: ChaCha20Rng) -> Self {
        Self
    }
}

/// 2026-01-01, when every simulation begins.
const BEGIN_WALL_MS: i64 = 1_767_225_600_000;

/// Who somebody is, once the first batch is committed.
#[derive(Debug, Clone)]
pub(super) struct Identity {
    pub(super) user: UserId,
    pub(super) device: DeviceId,
}

pub(super) struct Host<S: SimSeal> {
    /// Nothing while it does not run.
    pub(super) node: Option<Node<S>>,
    pub(super) store: MemoryStore,
    pub(super) identity: Option<Identity>,
    /// Starts so far; things meant for an earlier start are lost.
    pub(super) boot: u32,
    pub(super) started: u64,
    pub(super) clock_ms: i64,
    /// How often an old copy was put back.
    pub(super) life: u32,
    /// Start as somebody whose mark shows that the folder is old.
    pub(super) told_restored: bool,
    /// An old folder was put back and no mark showed it.
    pub(super) unaware: bool,
    pub(super) was_unaware: bool,
    pub(super) image: Option<MemoryStore>,
    /// The next start is one on a new machine, with this.
    pub(super) moving: Option<NewIdentity>,
    /// What waits for the next step, and whether one is planned.
    pub(super) inbox: VecDeque<Input>,
    pub(super) running: bool,
    pub(super) wake: Option<u64>,
    /// Steps within one second of virtual time.
    pub(super) spins: (u64, u32),
    next_link: u64,
    next_command: u64,
    /// Write boundaries passed, and the one to die at.
    pub(super) boundaries: u32,
    pub(super) die_at: Option<(u32, u64)>,
    /// Commands whose answer is still out; after a crash the person tries again.
    pub(super) asked: BTreeMap<CommandId, Command>,
    pub(super) again: Vec<Command>,
    /// Wanted up or down by the script, not by accident.
    pub(super) start_planned: bool,
    pub(super) tamper: Option<(Tamper, u32)>,
    pub(super) mutant: Option<Mutant>,
    pub(super) honest: bool,
    /// What it sent, for somebody who says things twice.
    pub(super) said_before: Vec<Vec<u8>>,
}

impl<S: SimSeal> Host<S> {
    pub(super) fn new(clock_ms: i64) -> Self {
        Self {
            node: None,
            store: MemoryStore::default(),
            identity: None,
            boot: 0,
            started: 0,
            clock_ms,
            life: 0,
            told_restored: false,
            unaware: false,
            was_unaware: false,
            image: None,
            moving: None,
            inbox: VecDeque::new(),
            running: false,
            wake: None,
            spins: (0, 0),
            next_link: 0,
            next_command: 0,
            boundaries: 0,
            die_at: None,
            asked: BTreeMap::new(),
            again: Vec::new(),
            start_planned: false,
            tamper: None,
            mutant: None,
            honest: true,
            said_before: Vec::new(),
        }
    }

    /// Monotone time begins anew with every start, as it does for a process.
    pub(super) fn now(&self, world: u64) -> Now {
        Now(world - self.started)
    }

    pub(super) fn wall(&self, world: u64) -> WallMs {
        let wall = BEGIN_WALL_MS + i64::try_from(world).expect("virtual hours") + self.clock_ms;
        WallMs(u64::try_from(wall).unwrap_or(0))
    }

    pub(super) fn new_link(&mut self) -> LinkId {
        self.next_link += 1;
        LinkId(self.next_link)
    }

    /// Notes that the person waits for the answer to `command`.
    pub(super) fn ask(&mut self, command: Command) -> Input {
        self.next_command += 1;
        let id = CommandId(self.next_command);
        self.asked.insert(id, command.clone());
        Input::Command { id, command }
    }

    /// The process is gone: what was in memory is lost, what the person still waits for is tried again.
    pub(super) fn die(&mut self) {
        self.node = None;
        self.inbox.clear();
        self.running = false;
        self.wake = None;
        self.die_at = None;
        self.again.extend(std::mem::take(&mut self.asked).into_values().filter(worth_repeating));
    }
}

fn worth_repeating(command: &Command) -> bool {
    matches!(
        command,
        Command::Ask { .. }
            | Command::Accept { .. }
            | Command::Decline { .. }
            | Command::Block { .. }
            | Command::Unblock { .. }
            | Command::Send { .. }
    )
}

/// Where the node of a person listens.
pub(super) fn address(who: usize) -> Address {
    format!("10.0.0.{}:7401", who + 1).parse().expect("a plain IPv4 address and a port")
}

/// Whose address it is.
pub(super) fn listener(address: &Address) -> Option<usize> {
    address.host().strip_prefix("10.0.0.")?.parse::<usize>().ok()?.checked_sub(1)
}
