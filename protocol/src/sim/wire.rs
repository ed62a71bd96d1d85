//! The simulated driver's links: frames to bytes, bytes through the network, bytes to frames, and all the ways to end.

use super::{
    host::{SimSeal, address, listener},
    mutant,
    network::{End, PipeId, Side, Told},
    world::{Happening, World},
};
use crate::{
    address::Address,
    frame::{Frame, decode_message, encode_message},
    ids::{DeviceId, LinkId},
    node::Input,
};

/// Events that one side may have under way before the other gave credit, and some frames around them.
const MOST_IN_FLIGHT: usize = (256 << 10) + (64 << 10);

/// How long a dial into nothing takes to fail.
const DIAL_TIMEOUT_MS: u64 = 5_000;

impl<S: SimSeal> World<S> {
    pub(super) fn send(&mut self, who: usize, link: LinkId, frames: &[Frame]) {
        let doer = self.doer(who);
        if doer.honest {
            let broken = self.ledger.said(doer, &self.hosts[who].store, frames);
            self.broken.extend(broken);
        }
        let message = mutant::with(self.ways(who), || encode_message(frames));
        self.note(who, "sends", &message, || format!("{link:?} {frames:?}"));
        let boot = self.hosts[who].boot;
        let Some((pipe, end)) = self.net.behind(who, boot, link) else { return };
        for message in self.tampered(who, message) {
            self.write(pipe, end, frames.len(), message);
        }
        if doer.honest && self.net.in_flight(pipe, end) > MOST_IN_FLIGHT {
            self.broken
                .push(format!("{who} has {} bytes under way on one link", self.net.in_flight(pipe, end)));
        }
    }

    pub(super) fn write(&mut self, pipe: PipeId, end: End, frames: usize, message: Vec<u8>) {
        if let Some(at) = self.net.write(self.now(), pipe, end, frames, message.len()) {
            self.queue.plan(at, Happening::Arrive { pipe, from: end, message });
        }
    }

    pub(super) fn arrive(&mut self, pipe: PipeId, from: End, message: &[u8]) {
        let Some(side) = self.net.arrive(pipe, from, message.len()) else { return };
        let Some(who) = side.who.filter(|who| self.is_running(*who, side.boot)) else { return };
        match decode_message(message) {
            Ok(frames) => self.feed(who, Input::Received { link: side.link, frames }),
            Err(violation) => {
                self.note(who, "refuses", message, || violation.to_string());
                if self.sender_is_honest(pipe, from) {
                    self.broken.push(format!("{who} cannot read what an honest node sent: {violation}"));
                }
                self.close(pipe, from.other());
            }
        }
    }

    fn sender_is_honest(&self, pipe: PipeId, from: End) -> bool {
        let sender = self.net.side(pipe, from).and_then(|side| side.who);
        sender.is_some_and(|who| self.hosts[who].honest)
    }

    /// A node ends a link: what it wrote before still arrives.
    pub(super) fn close(&mut self, pipe: PipeId, end: End) {
        if let Some(at) = self.net.close_arrives(self.now(), pipe, end) {
            self.queue.plan(at, Happening::Down { pipe, end: end.other() });
        }
        self.down(pipe, end);
    }

    /// One side learns that its link is gone.
    pub(super) fn down(&mut self, pipe: PipeId, end: End) {
        let Some(side) = self.net.side(pipe, end) else { return };
        self.net.shut(pipe, end);
        if let Some(who) = side.who.filter(|who| self.is_running(*who, side.boot)) {
            self.feed(who, Input::LinkDown { link: side.link });
        }
    }

    pub(super) fn dial(&mut self, who: usize, boot: u32, peer: DeviceId, addresses: &[Address]) {
        if !self.is_running(who, boot) {
            return;
        }
        let now = self.now();
        let answers = |other: &usize| {
            let host = self.hosts.get(*other);
            *other != who
                && self.net.reachable(who, *other)
                && host.is_some_and(|host| {
                    host.node.is_some() && host.identity.as_ref().is_some_and(|id| id.device == peer)
                })
        };
        match addresses.iter().filter_map(listener).find(answers) {
            Some(other) => self.connect(who, other),
            None => {
                let wait = if self.dice.percent(60) { 20 } else { DIAL_TIMEOUT_MS };
                self.queue.plan(now + wait, Happening::DialFailed { who, boot, peer });
            }
        }
    }

    /// A new link between two nodes that run.
    pub(super) fn connect(&mut self, dialler: usize, listener: usize) {
        let latency = self.latency().max(1);
        let binding = self.dice.bytes();
        let side = |host: &mut super::host::Host<S>, who| Side::new(Some(who), host.boot, host.new_link());
        let (from, to) = (side(&mut self.hosts[dialler], dialler), side(&mut self.hosts[listener], listener));
        let device =
            |who: usize| self.hosts[who].identity.as_ref().expect("a node that was dialled has one").device;
        let (dialling, listening) = (device(dialler), device(listener));
        let pipe = self.net.open(from, to, latency, self.script.bytes_per_ms);
        let now = self.now();
        self.queue.plan(now + latency, Happening::Up { pipe, end: End::Dialler, peer: listening, binding });
        self.queue
            .plan(now + 2 * latency, Happening::Up { pipe, end: End::Listener, peer: dialling, binding });
    }

    /// Loses all that is in flight between two people; `told` learn of it at once.
    pub(super) fn cut(&mut self, a: usize, b: usize, told: Told) {
        let now = self.now();
        for (pipe, end) in self.net.between(a, b) {
            self.net.cut(pipe);
            let tell: &[End] = match told {
                Told::Both => &[end, end.other()],
                Told::First => &[end],
                Told::Second => &[end.other()],
                Told::Nobody => &[],
            };
            for end in tell {
                self.queue.plan(now, Happening::Down { pipe, end: *end });
            }
        }
    }

    /// Somebody from nowhere connects with a key of their own and says something.
    pub(super) fn stranger(&mut self, to: usize) {
        if self.hosts[to].node.is_none() {
            return;
        }
        let (binding, peer) = (self.dice.bytes(), DeviceId(self.dice.bytes()));
        let host = &mut self.hosts[to];
        let side = Side::new(Some(to), host.boot, host.new_link());
        let pipe = self.net.open(Side::new(None, 0, LinkId(0)), side, 5, 1_000);
        self.queue.plan(self.now(), Happening::Up { pipe, end: End::Listener, peer, binding });
        for message in self.nonsense() {
            self.write(pipe, End::Dialler, 1, message);
        }
    }

    /// Where a person can be dialled, as a user would type it.
    pub(super) fn typed_address(&self, who: usize) -> Vec<Address> {
        vec![address(who)]
    }
}
