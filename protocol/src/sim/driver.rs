//! The simulated driver: feeds a node, commits what it answers, and carries the effects out, with a place to die between
//! any two of these.

use std::{
    collections::BTreeMap,
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
};

use super::{
    check::Doer,
    dice::node_rng,
    directory::Said,
    host::{Identity, SimSeal, address},
    mutant::{self, Mutant, Ways},
    world::{Happening, World},
};
use crate::{
    config::Config,
    event::Event,
    frame::Frame,
    ids::{CommandId, UserId},
    node::{Batch, Carried, Command, Effect, Input, NewIdentity, Node, Notice, Refusal, Reply, Write},
};

/// A node that steps more often than this in a second of virtual time never comes to rest.
const MOST_SPINS: u32 = 900;

impl<S: SimSeal> World<S> {
    /// What the driver does at its start: create or open, commit, announce, sign in.
    pub(super) fn start(&mut self, who: usize) {
        self.hosts[who].start_planned = false;
        if self.hosts[who].node.is_some() || self.hosts[who].store.full {
            return;
        }
        let (seed, world) = (self.script.seed, self.queue.now());
        let host = &mut self.hosts[who];
        host.boot += 1;
        host.started = world;
        let rng = node_rng(seed, who, 2 * host.boot);
        let seal = S::make(node_rng(seed, who, 2 * host.boot + 1));
        let (now, wall, restored) = (host.now(world), host.wall(world), host.told_restored);
        let records = host.store.records();
        let moving = host.moving.clone();
        let ways = self.ways(who);
        let opened = mutant::with(ways, || {
            if records.is_empty() {
                let username = format!("person_{who}").parse().expect("a username");
                let first = NewIdentity { username, account: None, carried: Carried::default() };
                // It may die before it has stored what it is.
                let new = moving.unwrap_or(first);
                Ok(Node::create(Config::default(), rng, seal, wall, new))
            } else {
                Node::open(Config::default(), rng, seal, now, wall, records, restored)
            }
        });
        let (node, batch) = match opened {
            Ok(opened) => opened,
            Err(error) => {
                self.broken.push(format!("{who} cannot be opened: {error:?}"));
                return;
            }
        };
        let boot = self.hosts[who].boot;
        self.note(who, "starts", &[], || format!("for the {boot}. time, restored: {restored}"));
        self.hosts[who].node = Some(node);
        self.commit(who, batch);
        let host = &mut self.hosts[who];
        let Some(node) = &host.node else { return };
        host.told_restored = false;
        let identity = Identity { user: node.user(), device: node.device() };
        host.identity = Some(identity);
        let announce = host.ask(Command::Announce { addresses: vec![address(who)] });
        self.feed(who, announce);
        for command in std::mem::take(&mut self.hosts[who].again) {
            if self.is_done(who, &command) {
                self.stands(who, &command);
                continue;
            }
            let again = self.hosts[who].ask(command);
            self.feed(who, again);
        }
        let latency = self.latency();
        self.queue.plan(world + 2 * latency, Happening::SignIn { who, boot });
    }

    /// A message whose id is in the store was written; whoever repeats a command looks there first.
    fn is_done(&self, who: usize, command: &Command) -> bool {
        let (Command::Send { msg_id, .. } | Command::Ask { msg_id, .. }) = command else { return false };
        self.hosts[who].store.items.keys().any(|(_, item)| item == msg_id)
    }

    /// Queues an input; what comes in within a moment is taken in one step, as the engine does.
    pub(super) fn feed(&mut self, who: usize, input: Input) {
        let at = self.queue.now() + self.dice.below(3);
        let host = &mut self.hosts[who];
        if host.node.is_none() {
            return;
        }
        host.inbox.push_back(input);
        if !std::mem::replace(&mut host.running, true) {
            self.queue.plan(at, Happening::Run { who, boot: host.boot });
        }
    }

    pub(super) fn run(&mut self, who: usize) {
        let (world, ways) = (self.queue.now(), self.ways(who));
        let host = &mut self.hosts[who];
        let (now, wall) = (host.now(world), host.wall(world));
        let Some(node) = &mut host.node else { return };
        host.running = false;
        let second = world / 1_000;
        host.spins = if host.spins.0 == second { (second, host.spins.1 + 1) } else { (second, 1) };
        let many = host.inbox.len().min(256);
        let inputs: Vec<_> = host.inbox.drain(..many).collect();
        if !host.inbox.is_empty() {
            host.running = true;
            self.queue.plan(world, Happening::Run { who, boot: host.boot });
        }
        if host.spins.1 > MOST_SPINS {
            self.broken.push(format!("{who} never comes to rest at {world}: {inputs:?}"));
            return;
        }
        if let Some(Input::Command { command, .. }) =
            inputs.iter().find(|i| matches!(i, Input::Command { .. }))
        {
            self.trace.note(world, who, "wants", &[], || format!("{command:?}"));
        }
        let heard: Vec<_> = inputs.iter().flat_map(events_in).cloned().collect();
        let batch = mutant::with(ways, || node.step(now, wall, inputs));
        self.commit(who, batch);
        for event in heard {
            self.ledger.heard(who, &self.hosts[who].store, &event);
        }
    }

    /// One way for every batch: boundary, commit, checks, boundary, effects with a boundary after each.
    fn commit(&mut self, who: usize, batch: Batch) {
        let boot = self.hosts[who].boot;
        let writes = !batch.is_read_only();
        let mutant = self.ways(who).mutant;
        if mutant == Some(Mutant::SendBeforeCommit) && writes {
            self.send_before_commit(who, batch);
        } else {
            if writes && self.boundary(who) {
                return;
            }
            let early = mutant == Some(Mutant::AckBeforeCommit);
            let before = early.then(|| self.hosts[who].store.clone());
            let Ok(effects) = ready(batch.commit(&mut self.hosts[who].store)) else {
                self.disk_was_full(who);
                return;
            };
            if let Some(before) = before.filter(|_| writes) {
                if self.acks_first(who, before, effects) {
                    return;
                }
            } else {
                self.durable(who);
                if writes && self.boundary(who) {
                    return;
                }
                self.perform_all(who, effects, writes);
            }
        }
        if self.is_running(who, boot) {
            self.plan_wake(who);
        }
    }

    pub(super) fn perform_all(&mut self, who: usize, effects: Vec<Effect>, writes: bool) {
        let boot = self.hosts[who].boot;
        for effect in effects {
            self.perform(who, effect);
            if !self.is_running(who, boot) || writes && self.boundary(who) {
                return;
            }
        }
    }

    fn plan_wake(&mut self, who: usize) {
        let host = &mut self.hosts[who];
        let Some(at) = host.node.as_ref().and_then(Node::next_timeout) else {
            host.wake = None;
            return;
        };
        let at = host.started.saturating_add(at.0).max(self.queue.now());
        if host.wake != Some(at) {
            host.wake = Some(at);
            self.queue.plan(at, Happening::Wake { who, boot: host.boot, at });
        }
    }

    /// Checks what has just become durable.
    pub(super) fn durable(&mut self, who: usize) {
        let doer = self.doer(who);
        let users = self.users();
        let host = &mut self.hosts[who];
        for write in &host.store.last {
            let bytes = digest(write);
            self.trace.note(self.queue.now(), who, "writes", &bytes, || describe(write));
        }
        let broken = self.ledger.committed(doer, &mut host.store, &mut self.model, &users);
        if doer.honest {
            self.broken.extend(broken);
        }
    }

    pub(super) fn ways(&self, who: usize) -> Ways {
        Ways { mutant: self.mutant.or(self.hosts[who].mutant), later: self.script.later.contains(&who) }
    }

    pub(super) fn doer(&self, who: usize) -> Doer {
        let host = &self.hosts[who];
        Doer {
            who,
            life: host.life,
            honest: host.honest,
            unaware: host.unaware,
            was_unaware: host.was_unaware,
            fake_seal: self.fake_seal,
        }
    }

    fn users(&self) -> BTreeMap<UserId, usize> {
        let known = self.hosts.iter().enumerate();
        known.filter_map(|(who, host)| Some((host.identity.as_ref()?.user, who))).collect()
    }

    /// A place where the machine may die. True if it does.
    pub(super) fn boundary(&mut self, who: usize) -> bool {
        let host = &mut self.hosts[who];
        host.boundaries += 1;
        match host.die_at {
            Some((at, down_ms)) if host.boundaries >= at => {
                self.crash(who, down_ms);
                true
            }
            _ => false,
        }
    }

    /// The process is gone at once; its peers notice now or, if the machine died with it, much later.
    pub(super) fn crash(&mut self, who: usize, down_ms: u64) {
        if self.hosts[who].node.is_none() {
            return;
        }
        self.note(who, "dies", &[], || format!("for {down_ms} ms"));
        let silent = self.dice.percent(30);
        let (world, boot) = (self.queue.now(), self.hosts[who].boot);
        for (pipe, end) in self.net.of(who, boot) {
            if let Some(at) = self.net.close_arrives(world, pipe, end).filter(|_| !silent) {
                self.queue.plan(at, Happening::Down { pipe, end: end.other() });
            } else {
                self.net.cut(pipe);
            }
            self.net.shut(pipe, end);
        }
        self.hosts[who].die();
        if !silent {
            let said = self.directory.sign_out(who);
            self.directory_says(said);
        }
        self.plan_start(who, down_ms.max(1));
    }

    /// The engine's answer to a failed commit: drop the machine, start again when there is room.
    fn disk_was_full(&mut self, who: usize) {
        self.note(who, "disk full", &[], String::new);
        self.crash(who, 500);
    }

    pub(super) fn directory_says(&mut self, said: Said) {
        for (who, said) in said {
            let boot = self.hosts[who].boot;
            // One stream for each node, so nothing may overtake: the same delay for all.
            let at = self.queue.now() + self.script.latency_ms.1;
            self.queue.plan(at, Happening::FromDirectory { who, boot, said });
        }
    }

    pub(super) fn ask_directory(&mut self, who: usize, boot: u32, asked: Effect) {
        if !self.directory.is_signed_in(who, boot) {
            return;
        }
        let said = match asked {
            Effect::Post { to, device, letter, sealed } => {
                self.directory.post(who, to, device, letter, sealed)
            }
            Effect::TakeOut { letter } => {
                let device = self.hosts[who].identity.as_ref().expect("it signed in with it").device;
                self.directory.take_out(device, letter);
                Said::new()
            }
            Effect::Publish { profile } => {
                self.directory.publish(who, profile);
                Said::new()
            }
            Effect::LookUp { user } => self.directory.look_up(who, user),
            Effect::Presence { give, watch } => {
                self.directory.presence(who, vec![address(who)], &give, &watch)
            }
            _ => Said::new(),
        };
        self.directory_says(said);
    }

    fn perform(&mut self, who: usize, effect: Effect) {
        let (world, boot) = (self.queue.now(), self.hosts[who].boot);
        match effect {
            Effect::Send { link, frames } => self.send(who, link, &frames),
            Effect::Close { link, code } => {
                self.note(who, "closes", &link.0.to_le_bytes(), || format!("{link:?} {code}"));
                if let Some((pipe, end)) = self.net.behind(who, boot, link) {
                    self.close(pipe, end);
                }
            }
            Effect::Dial { peer, addresses } => {
                let latency = self.latency();
                self.note(who, "dials", &peer.0, || format!("{peer:?} at {addresses:?}"));
                self.queue.plan(world + latency, Happening::Dial { who, boot, peer, addresses });
            }
            Effect::Load { load, chain, from, max_bytes } => {
                let events = self.hosts[who].store.load(chain, from, max_bytes);
                let at = world + self.dice.below(4);
                self.queue.plan(at, Happening::Loaded { who, boot, load, events });
            }
            Effect::Emit(notice) => self.emit(who, &notice),
            Effect::Reply { id, result } => {
                self.note(who, "answers", &id.0.to_le_bytes(), || format!("{id:?} {result:?}"));
                self.answer(who, id, &result);
            }
            asked => {
                self.note(who, "asks the directory", &[], || format!("{asked:?}"));
                self.queue
                    .plan(world + self.script.latency_ms.1, Happening::ToDirectory { who, boot, asked });
            }
        }
    }

    fn emit(&mut self, who: usize, notice: &Notice) {
        self.note(who, "shows", &[], || format!("{notice:?}"));
        let store = &self.hosts[who].store;
        if let Notice::Item { conversation, id } = notice
            && !store.items.contains_key(&(*conversation, *id))
        {
            self.broken.push(format!("I1: {who} shows {id:?}, which is not stored"));
        }
    }

    fn answer(&mut self, who: usize, id: CommandId, result: &Result<Reply, Refusal>) {
        let Some(command) = self.hosts[who].asked.remove(&id) else {
            self.broken.push(format!("{who} answers {id:?}, which nobody asked, or twice"));
            return;
        };
        // A change is no item; it stands in the one that it names.
        let target = if let Command::Send { target, .. } = &command { *target } else { None };
        if let Ok(Reply::Written { conversation, id }) = result
            && !self.hosts[who].store.items.contains_key(&(*conversation, target.unwrap_or(*id)))
        {
            self.broken.push(format!("I1: {who} says that {id:?} is stored, and it is not"));
        }
        if result.is_ok() {
            self.stands(who, &command);
        }
    }
}

/// The events that came by a link.
fn events_in(input: &Input) -> impl Iterator<Item = &Event> {
    let frames = if let Input::Received { frames, .. } = input { frames.as_slice() } else { &[] };
    frames
        .iter()
        .flat_map(|frame| if let Frame::Events(events) = frame { events.events.as_slice() } else { &[] })
}

/// Runs a future that never waits.
pub(super) fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("the store in memory answers at once"),
    }
}

/// The bytes of a write that a trace must depend on.
fn digest(write: &Write) -> Vec<u8> {
    match write {
        Write::Event { event, .. } => event.id().0.to_vec(),
        Write::Record { key, value } => [key.as_slice(), value.as_deref().unwrap_or_default()].concat(),
        other => format!("{other:?}").into_bytes(),
    }
}

fn describe(write: &Write) -> String {
    match write {
        Write::Event { event, .. } => {
            format!("event {:?} {} {:?} {:?}", event.chain(), event.seq(), event.id(), event.body())
        }
        Write::Record { key, value } => {
            format!("record {} of {} B", key.escape_ascii(), value.as_ref().map_or(0, Vec::len))
        }
        other => format!("{other:?}"),
    }
}
