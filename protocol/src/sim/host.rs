//! One simulated computer: a node, its disk, its clock and the person in front of it.

use std::collections::{BTreeMap, VecDeque};

use rand_chacha::ChaCha20Rng;

use super::{FakeSeal, mutant::Mutant, script::Tamper, store::MemoryStore};
use crate::{
    address::Address,
    identity::Profile,
    ids::{CommandId, DeviceId, LinkId, UserId},
    node::{Command, Input, Node},
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
pub struct Identity {
    pub user: UserId,
    pub device: DeviceId,
    pub profile: Profile,
}

#[derive(Debug)]
pub struct Host<S: SimSeal> {
    /// Nothing while it does not run.
    pub node: Option<Node<S>>,
    pub store: MemoryStore,
    pub identity: Option<Identity>,
    /// Starts so far; things meant for an earlier start are lost.
    pub boot: u32,
    pub started: u64,
    pub clock_ms: i64,
    /// How often an old copy was put back.
    pub life: u32,
    /// Start as somebody whose mark shows that the folder is old.
    pub told_restored: bool,
    /// An old folder was put back and no mark showed it.
    pub unaware: bool,
    pub image: Option<MemoryStore>,
    /// What waits for the next step, and whether one is planned.
    pub inbox: VecDeque<Input>,
    pub running: bool,
    pub wake: Option<u64>,
    /// Steps since time last moved.
    pub spins: u32,
    next_link: u64,
    next_command: u64,
    /// Write boundaries passed, and the one to die at.
    pub boundaries: u32,
    pub die_at: Option<(u32, u64)>,
    /// Commands whose answer is still out; after a crash the person tries again.
    pub asked: BTreeMap<CommandId, Command>,
    pub again: Vec<Command>,
    /// Wanted up or down by the script, not by accident.
    pub start_planned: bool,
    pub tamper: Option<(Tamper, u32)>,
    pub mutant: Option<Mutant>,
    pub honest: bool,
    /// What it sent, for somebody who says things twice.
    pub said_before: Vec<Vec<u8>>,
}

impl<S: SimSeal> Host<S> {
    pub fn new(clock_ms: i64) -> Self {
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
            image: None,
            inbox: VecDeque::new(),
            running: false,
            wake: None,
            spins: 0,
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
    pub fn now(&self, world: u64) -> Now {
        Now(world - self.started)
    }

    pub fn wall(&self, world: u64) -> WallMs {
        let wall = BEGIN_WALL_MS + i64::try_from(world).expect("virtual hours") + self.clock_ms;
        WallMs(u64::try_from(wall).unwrap_or(0))
    }

    pub fn new_link(&mut self) -> LinkId {
        self.next_link += 1;
        LinkId(self.next_link)
    }

    /// Notes that the person waits for the answer to `command`.
    pub fn ask(&mut self, command: Command) -> Input {
        self.next_command += 1;
        let id = CommandId(self.next_command);
        self.asked.insert(id, command.clone());
        Input::Command { id, command }
    }

    /// The process is gone: what was in memory is lost, what the person still waits for is tried again.
    pub fn die(&mut self) {
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
pub fn address(who: usize) -> Address {
    format!("10.0.0.{}:7401", who + 1).parse().expect("a plain IPv4 address and a port")
}

/// Whose address it is.
pub fn listener(address: &Address) -> Option<usize> {
    address.host().strip_prefix("10.0.0.")?.parse::<usize>().ok()?.checked_sub(1)
}
