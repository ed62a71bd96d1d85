//! The simulated world: nodes, network, directory and people, driven by one queue of things that happen.

use super::{
    check::Ledger,
    dice::Dice,
    directory::Directory,
    host::{Host, SimSeal},
    model::Model,
    mutant::Mutant,
    network::{End, Network, PipeId},
    queue::Queue,
    script::Script,
    trace::Trace,
};
use crate::{
    address::Address,
    event::Event,
    ids::{DeviceId, LoadId},
    node::{DirectorySaid, Effect, Input},
};

/// Something that will happen.
#[derive(Debug)]
pub(super) enum Happening {
    /// The next step of the script.
    Act(usize),
    Start {
        who: usize,
    },
    /// The node takes all that waits for it.
    Run {
        who: usize,
        boot: u32,
    },
    Wake {
        who: usize,
        boot: u32,
        at: u64,
    },
    Arrive {
        pipe: PipeId,
        from: End,
        message: Vec<u8>,
    },
    Dial {
        who: usize,
        boot: u32,
        peer: DeviceId,
        addresses: Vec<Address>,
    },
    DialFailed {
        who: usize,
        boot: u32,
        peer: DeviceId,
    },
    Up {
        pipe: PipeId,
        end: End,
        peer: DeviceId,
        binding: [u8; 32],
    },
    Down {
        pipe: PipeId,
        end: End,
    },
    Loaded {
        who: usize,
        boot: u32,
        load: LoadId,
        events: Vec<Event>,
    },
    SignIn {
        who: usize,
        boot: u32,
    },
    ToDirectory {
        who: usize,
        boot: u32,
        asked: Effect,
    },
    FromDirectory {
        who: usize,
        boot: u32,
        said: DirectorySaid,
    },
    DiskFree {
        who: usize,
    },
    Ends {
        who: usize,
        boot: u32,
        down_ms: u64,
    },
    Forked {
        who: usize,
    },
}

pub(super) struct World<S: SimSeal> {
    pub(super) script: Script,
    pub(super) queue: Queue<Happening>,
    pub(super) net: Network,
    pub(super) directory: Directory,
    pub(super) hosts: Vec<Host<S>>,
    pub(super) dice: Dice,
    pub(super) trace: Trace,
    pub(super) ledger: Ledger,
    pub(super) model: Model,
    pub(super) mutant: Option<Mutant>,
    pub(super) fake_seal: bool,
    /// The first broken promises; the simulation ends with them.
    pub(super) broken: Vec<String>,
}

impl<S: SimSeal> std::fmt::Debug for World<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "World(seed {}, at {} ms)", self.script.seed, self.queue.now())
    }
}

impl<S: SimSeal> World<S> {
    pub(super) fn now(&self) -> u64 {
        self.queue.now()
    }

    /// Lets things happen until `until`, or until a promise is broken.
    pub(super) fn run_until(&mut self, until: u64) {
        while self.broken.is_empty() {
            let Some(happening) = self.queue.next(until) else { return };
            self.happen(happening);
        }
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Act(number) => self.act(number),
            Happening::Start { who } => self.start(who),
            Happening::Run { who, boot } if self.hosts[who].boot == boot => self.run(who),
            Happening::Wake { who, boot, at }
                if self.is_running(who, boot) && self.hosts[who].wake == Some(at) =>
            {
                self.hosts[who].wake = None;
                self.feed(who, Input::Tick);
            }
            Happening::Arrive { pipe, from, message } => self.arrive(pipe, from, &message),
            Happening::Dial { who, boot, peer, addresses } => self.dial(who, boot, peer, &addresses),
            Happening::DialFailed { who, boot, peer } if self.is_running(who, boot) => {
                self.feed(who, Input::DialFailed { peer });
            }
            Happening::Up { pipe, end, peer, binding } => {
                if let Some(side) = self.net.side(pipe, end)
                    && let Some(who) = side.who.filter(|who| self.is_running(*who, side.boot))
                {
                    let dialled = end == End::Dialler;
                    self.feed(who, Input::LinkUp { link: side.link, peer, dialled, binding });
                }
            }
            Happening::Down { pipe, end } => self.down(pipe, end),
            Happening::Loaded { who, boot, load, events } if self.is_running(who, boot) => {
                self.feed(who, Input::Loaded { load, events });
            }
            Happening::SignIn { who, boot } if self.is_running(who, boot) && self.directory.up => {
                let device = self.hosts[who].identity.as_ref().expect("a running node has one").device;
                let said = self.directory.sign_in(who, boot, device);
                self.directory_says(said);
            }
            Happening::ToDirectory { who, boot, asked } => self.ask_directory(who, boot, asked),
            Happening::FromDirectory { who, boot, said } if self.is_running(who, boot) => {
                self.feed(who, Input::Directory(said));
            }
            Happening::DiskFree { who } => {
                self.hosts[who].store.full = false;
                if self.hosts[who].node.is_none() {
                    self.plan_start(who, 50);
                }
            }
            Happening::Ends { who, boot, down_ms } if self.is_running(who, boot) => self.crash(who, down_ms),
            Happening::Forked { who } => self.fork_now(who),
            _ => {}
        }
    }

    pub(super) fn is_running(&self, who: usize, boot: u32) -> bool {
        self.hosts[who].boot == boot && self.hosts[who].node.is_some()
    }

    pub(super) fn plan_start(&mut self, who: usize, after_ms: u64) {
        if !std::mem::replace(&mut self.hosts[who].start_planned, true) {
            self.queue.plan(self.queue.now() + after_ms, Happening::Start { who });
        }
    }

    pub(super) fn note(&mut self, who: usize, what: &str, bytes: &[u8], say: impl FnOnce() -> String) {
        self.trace.note(self.queue.now(), who, what, bytes, say);
    }

    pub(super) fn latency(&mut self) -> u64 {
        let (low, high) = self.script.latency_ms;
        self.dice.between(low, high)
    }
}
