//! One simulation from its first step to rest, and what came of it.

use super::{
    Script, Trace,
    check::Ledger,
    dice::Dice,
    directory::Directory,
    host::{Host, SimSeal},
    model::Model,
    mutant::Mutant,
    network::{Network, Traffic},
    queue::Queue,
    rest::differences,
    script::{Act, Tamper},
    world::{Happening, World},
};

/// After everything works again, all must agree within this.
pub const CONVERGE_MS: u64 = 60_000;

/// How long it is watched afterwards: nodes that agree have little to say.
const QUIET_MS: u64 = 60_000;

/// Batches with writes and messages that one node may have within that time: keep-alives, and a stored timer or two.
const QUIET_MESSAGES: u64 = 40;

/// What to do beside the script.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    pub mutant: Option<Mutant>,
    /// Keep the trace as text.
    pub tell: bool,
    /// This person's node dies at this write boundary, counted from the start of its life.
    pub die: Option<(usize, u32)>,
}

/// What came of a simulation.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Promises that were broken; empty is good.
    pub broken: Vec<String>,
    pub trace: [u8; 32],
    pub lines: Vec<String>,
    /// Write boundaries that each node passed.
    pub boundaries: Vec<u32>,
    pub virtual_ms: u64,
    /// From the moment when everything worked again until all agreed.
    pub converged_ms: u64,
    pub traffic: Traffic,
    /// Events that came to somebody who did not write them, and their bytes.
    pub delivered: u64,
    pub delivered_bytes: u64,
}

/// Plays a script to its end.
pub fn simulate<S: SimSeal>(script: &Script, options: Options) -> Outcome {
    let mut world = World::<S>::new(script.clone(), options);
    let converged_ms = world.play();
    Outcome {
        trace: world.trace.hash(),
        lines: world.trace.lines().to_vec(),
        boundaries: world.hosts.iter().map(|host| host.boundaries).collect(),
        virtual_ms: world.now(),
        converged_ms,
        traffic: world.net.sent,
        delivered: world.ledger.delivered,
        delivered_bytes: world.ledger.delivered_bytes,
        broken: world.broken,
    }
}

impl<S: SimSeal> World<S> {
    fn new(script: Script, options: Options) -> Self {
        let mut hosts: Vec<_> = script.clocks_ms.iter().map(|clock| Host::new(*clock)).collect();
        for step in &script.steps {
            if let Act::Tamper { who, .. } = step.act {
                hosts[who].honest = false;
            }
        }
        if let Some((who, boundary)) = options.die {
            hosts[who].die_at = Some((boundary, 200));
        }
        Self {
            dice: Dice::new(script.seed, "world"),
            queue: Queue::default(),
            net: Network::default(),
            directory: Directory::open(),
            hosts,
            trace: Trace::new(options.tell),
            ledger: Ledger::default(),
            model: Model::default(),
            mutant: options.mutant,
            fake_seal: S::FAKE,
            broken: Vec::new(),
            script,
        }
    }

    fn play(&mut self) -> u64 {
        for who in 0..self.hosts.len() {
            self.plan_start(who, 0);
        }
        self.queue.plan(1_000, Happening::Act(0));
        let length: u64 = self.script.steps.iter().map(|step| step.after_ms).sum();
        self.run_until(1_500 + length);
        self.everything_works();
        let healed = self.now();
        let converged = self.converge(healed);
        if self.broken.is_empty() {
            self.stay_quiet();
        }
        converged - healed
    }

    fn everything_works(&mut self) {
        let people = self.hosts.len();
        self.note(people, "script", &[], || "everything works again".into());
        for who in 0..people {
            let host = &mut self.hosts[who];
            host.die_at = None;
            host.tamper = host.tamper.filter(|(with, _)| *with != Tamper::Fork);
            host.store.full = false;
            if host.node.is_none() {
                host.start_planned = false;
                self.plan_start(who, 1);
            }
            self.hides(who, false);
        }
        self.directory_up();
        self.heal_network();
    }

    /// Time passes until all agree; the moment when they do.
    fn converge(&mut self, healed: u64) -> u64 {
        let mut step = 250;
        loop {
            self.run_until(self.now() + step);
            if !self.broken.is_empty() {
                return self.now();
            }
            let left =
                differences(&self.hosts, &self.model, self.ledger.left_behind(), self.ledger.forged_chains());
            if left.is_empty() {
                return self.now();
            }
            if self.now() >= healed + CONVERGE_MS {
                self.broken.extend(left);
                return self.now();
            }
            step = 1_000;
        }
    }

    /// A little later nothing has come apart again, and nobody talks without end.
    fn stay_quiet(&mut self) {
        // What the agreement itself set in motion may come to its end first.
        self.run_until(self.now() + 5_000);
        let before = self.net.sent.messages;
        self.run_until(self.now() + QUIET_MS);
        let said = self.net.sent.messages - before;
        let honest = self.hosts.iter().all(|host| host.honest);
        if honest && said > QUIET_MESSAGES * (self.hosts.len() * (self.hosts.len() - 1)) as u64 {
            self.broken.push(format!("{said} messages in a minute in which nothing happened"));
        }
        if self.broken.is_empty() {
            self.broken.extend(differences(
                &self.hosts,
                &self.model,
                self.ledger.left_behind(),
                self.ledger.forged_chains(),
            ));
        }
    }
}
