//! Drivers that do not wait for their disk: two of the mutants.

use super::{driver::ready, host::SimSeal, store::MemoryStore, world::World};
use crate::{
    frame::Frame,
    node::{Batch, Effect},
};

impl<S: SimSeal> World<S> {
    /// Carries the effects out, and only then writes.
    pub(super) fn send_before_commit(&mut self, who: usize, batch: Batch) {
        let boot = self.hosts[who].boot;
        let mut later = self.hosts[who].store.clone();
        let Ok(effects) = ready(batch.commit(&mut later)) else {
            self.crash(who, 500);
            return;
        };
        self.perform_all(who, effects, true);
        if self.is_running(who, boot) && !self.boundary(who) {
            self.hosts[who].store = later;
            self.durable(who);
        }
    }

    /// Says what it has stored before the disk has it; all else in the right order. `before` is the disk without the
    /// writes. True if the node died of it.
    pub(super) fn acks_first(&mut self, who: usize, before: MemoryStore, effects: Vec<Effect>) -> bool {
        let boot = self.hosts[who].boot;
        let later = std::mem::replace(&mut self.hosts[who].store, before);
        let (acks, others): (Vec<_>, Vec<_>) = effects.into_iter().partition(is_ack);
        self.perform_all(who, acks, true);
        if !self.is_running(who, boot) || self.boundary(who) {
            return true;
        }
        self.hosts[who].store = later;
        self.durable(who);
        self.perform_all(who, others, true);
        !self.is_running(who, boot)
    }
}

fn is_ack(effect: &Effect) -> bool {
    let ack = |frame: &Frame| {
        matches!(frame, Frame::Frontier(_) | Frame::Cursor(_) | Frame::LetterTaken(_) | Frame::Credit(_))
    };
    match effect {
        Effect::Send { frames, .. } => frames.iter().all(ack),
        Effect::TakeOut { .. } => true,
        _ => false,
    }
}
