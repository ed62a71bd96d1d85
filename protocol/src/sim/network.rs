//! The simulated network: ordered byte pipes with latency and bandwidth, which can be cut in every unkind way.

use std::collections::{BTreeMap, BTreeSet};

use crate::ids::LinkId;

/// A connection between two nodes, numbered for the whole world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct PipeId(pub u64);

/// Which end of a pipe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Dialler,
    Listener,
}

impl End {
    pub(super) fn other(self) -> Self {
        match self {
            Self::Dialler => Self::Listener,
            Self::Listener => Self::Dialler,
        }
    }
}

/// Who learns at once that a pipe was cut. Who does not goes on writing into the void.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    Both,
    First,
    Second,
    Nobody,
}

/// One side's view of a pipe.
#[derive(Debug, Clone, Copy)]
pub(super) struct Side {
    /// Index of the node; `None` for somebody from outside the script.
    pub(super) who: Option<usize>,
    /// The start of the node that this side belongs to: a restarted node hears nothing of its old links.
    pub(super) boot: u32,
    pub(super) link: LinkId,
    /// The node has not been told that the link is gone.
    open: bool,
    /// When the last byte written so far has left.
    free_at: u64,
    /// Bytes that were written and have not arrived.
    in_flight: usize,
}

impl Side {
    pub(super) fn new(who: Option<usize>, boot: u32, link: LinkId) -> Self {
        Self { who, boot, link, open: true, free_at: 0, in_flight: 0 }
    }
}

#[derive(Debug)]
struct Pipe {
    sides: [Side; 2],
    /// Nothing passes any more, whoever knows it.
    cut: bool,
    latency_ms: u64,
    bytes_per_ms: u64,
}

/// What passed, for the figures of docs/benchmarks.md.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    pub messages: u64,
    pub frames: u64,
    pub bytes: u64,
}

#[derive(Debug, Default)]
pub(super) struct Network {
    pipes: BTreeMap<PipeId, Pipe>,
    made: u64,
    /// Pairs of nodes that cannot reach each other, smaller index first.
    apart: BTreeSet<(usize, usize)>,
    pub(super) sent: Traffic,
}

impl Network {
    pub(super) fn reachable(&self, a: usize, b: usize) -> bool {
        !self.apart.contains(&(a.min(b), a.max(b)))
    }

    /// Splits the nodes: those in `island` and those outside cannot reach each other any more.
    /// Nobody is told; what was in flight is lost. Returns nothing: the pipes are simply dead.
    pub(super) fn part(&mut self, people: usize, island: &BTreeSet<usize>) {
        for a in 0..people {
            for b in a + 1..people {
                if island.contains(&a) != island.contains(&b) {
                    self.apart.insert((a, b));
                }
            }
        }
        let apart = &self.apart;
        for pipe in self.pipes.values_mut() {
            if let [Side { who: Some(a), .. }, Side { who: Some(b), .. }] = pipe.sides
                && apart.contains(&(a.min(b), a.max(b)))
            {
                pipe.cut = true;
            }
        }
    }

    pub(super) fn heal(&mut self) {
        self.apart.clear();
    }

    pub(super) fn open(
        &mut self,
        dialler: Side,
        listener: Side,
        latency_ms: u64,
        bytes_per_ms: u64,
    ) -> PipeId {
        self.made += 1;
        let id = PipeId(self.made);
        let pipe =
            Pipe { sides: [dialler, listener], cut: false, latency_ms, bytes_per_ms: bytes_per_ms.max(1) };
        self.pipes.insert(id, pipe);
        id
    }

    pub(super) fn side(&self, pipe: PipeId, end: End) -> Option<Side> {
        self.pipes.get(&pipe).map(|pipe| pipe.sides[end as usize]).filter(|side| side.open)
    }

    /// When `bytes` written now at `from` arrive; `None`: never.
    pub(super) fn write(
        &mut self,
        now: u64,
        id: PipeId,
        from: End,
        frames: usize,
        bytes: usize,
    ) -> Option<u64> {
        let pipe = self.pipes.get_mut(&id)?;
        let side = &mut pipe.sides[from as usize];
        if !side.open {
            return None;
        }
        self.sent.messages += 1;
        self.sent.frames += frames as u64;
        self.sent.bytes += bytes as u64;
        if pipe.cut {
            return None;
        }
        side.free_at = side.free_at.max(now) + bytes as u64 / pipe.bytes_per_ms;
        side.in_flight += bytes;
        Some(side.free_at + pipe.latency_ms)
    }

    /// The most bytes that one node has under way on one link.
    pub(super) fn in_flight(&self, id: PipeId, from: End) -> usize {
        self.pipes.get(&id).map_or(0, |pipe| pipe.sides[from as usize].in_flight)
    }

    /// Something written at `from` reaches the other end: who gets it there, if the pipe still lives.
    pub(super) fn arrive(&mut self, id: PipeId, from: End, bytes: usize) -> Option<Side> {
        let pipe = self.pipes.get_mut(&id)?;
        let side = &mut pipe.sides[from as usize];
        side.in_flight = side.in_flight.saturating_sub(bytes);
        (!pipe.cut).then_some(pipe.sides[from.other() as usize]).filter(|side| side.open)
    }

    /// The node at `end` is told that the pipe is gone, or said so itself. True the first time.
    pub(super) fn shut(&mut self, id: PipeId, end: End) -> bool {
        let Some(pipe) = self.pipes.get_mut(&id) else { return false };
        let was = std::mem::replace(&mut pipe.sides[end as usize].open, false);
        if pipe.sides.iter().all(|side| !side.open) {
            self.pipes.remove(&id);
        }
        was
    }

    /// When news that the pipe was closed at `from`, behind all that was written there, reach the other end.
    pub(super) fn close_arrives(&self, now: u64, id: PipeId, from: End) -> Option<u64> {
        let pipe = self.pipes.get(&id).filter(|pipe| !pipe.cut)?;
        Some(pipe.sides[from as usize].free_at.max(now) + pipe.latency_ms)
    }

    /// Loses all that is in flight on this pipe, and all that is written from now on.
    pub(super) fn cut(&mut self, id: PipeId) {
        if let Some(pipe) = self.pipes.get_mut(&id) {
            pipe.cut = true;
        }
    }

    /// The pipes between two nodes that still carry something, with the end at which `a` sits.
    pub(super) fn between(&self, a: usize, b: usize) -> Vec<(PipeId, End)> {
        self.pipes
            .iter()
            .filter(|(_, pipe)| !pipe.cut)
            .filter_map(|(id, pipe)| match [pipe.sides[0].who, pipe.sides[1].who] {
                ends if ends == [Some(a), Some(b)] => Some((*id, End::Dialler)),
                ends if ends == [Some(b), Some(a)] => Some((*id, End::Listener)),
                _ => None,
            })
            .collect()
    }

    /// Every pipe that one start of a node holds open, with its end.
    pub(super) fn of(&self, who: usize, boot: u32) -> Vec<(PipeId, End)> {
        let mut found = Vec::new();
        for (id, pipe) in &self.pipes {
            for end in [End::Dialler, End::Listener] {
                let side = pipe.sides[end as usize];
                if side.open && side.who == Some(who) && side.boot == boot {
                    found.push((*id, end));
                }
            }
        }
        found
    }

    /// The pipe behind a link of one start of a node.
    pub(super) fn behind(&self, who: usize, boot: u32, link: LinkId) -> Option<(PipeId, End)> {
        self.of(who, boot).into_iter().find(|(id, end)| self.side(*id, *end).is_some_and(|s| s.link == link))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pipe(net: &mut Network) -> PipeId {
        let side = |who| Side::new(Some(who), 1, LinkId(who as u64));
        net.open(side(0), side(1), 10, 100)
    }

    #[test]
    fn bytes_arrive_in_order_after_bandwidth_and_latency() {
        let mut net = Network::default();
        let id = pipe(&mut net);
        assert_eq!(net.write(0, id, End::Dialler, 1, 1_000), Some(20));
        assert_eq!(net.write(5, id, End::Dialler, 1, 100), Some(21), "behind the first");
        assert_eq!(net.write(5, id, End::Listener, 1, 100), Some(16), "the other way is free");
        assert_eq!(net.in_flight(id, End::Dialler), 1_100);
        assert!(net.arrive(id, End::Dialler, 1_000).is_some());
        assert_eq!(net.in_flight(id, End::Dialler), 100);
    }

    #[test]
    fn a_cut_loses_what_is_in_flight_and_what_comes_after_without_a_word() {
        let mut net = Network::default();
        let id = pipe(&mut net);
        assert!(net.write(0, id, End::Dialler, 1, 10).is_some());
        net.cut(id);
        assert!(net.arrive(id, End::Dialler, 10).is_none());
        assert_eq!(net.write(1, id, End::Dialler, 1, 10), None);
        assert!(net.side(id, End::Dialler).is_some(), "it still believes in its link");
        assert_eq!(net.close_arrives(1, id, End::Dialler), None);
    }

    #[test]
    fn islands_cut_only_what_leads_out_of_them() {
        let mut net = Network::default();
        let id = pipe(&mut net);
        net.part(3, &BTreeSet::from([2]));
        assert!(net.reachable(0, 1) && !net.reachable(2, 0) && !net.reachable(1, 2));
        assert!(net.write(0, id, End::Dialler, 1, 10).is_some());
        net.heal();
        net.part(3, &BTreeSet::from([0]));
        assert_eq!(net.write(0, id, End::Dialler, 1, 10), None);
        net.heal();
        assert!(net.reachable(0, 1));
        assert_eq!(net.write(0, id, End::Dialler, 1, 10), None, "a dead pipe stays dead");
    }
}
