//! Stored events that the machine asked for, and why.

use crate::{
    event::Event,
    ids::{ChainId, LinkId, LoadId, UserId},
    seal::Seal,
};

use super::{Effect, Node};

/// Why events are read from the log.
#[derive(Debug)]
pub(super) enum Purpose {
    /// A peer lacks them.
    Send(LinkId),
    /// Their key came.
    Open(ChainId),
    /// Their key did not come: which one is it?
    Ask(ChainId),
    /// The first of them and this one prove a fork, if they differ.
    Fork(LinkId, Event),
    /// They may be lost on a branch that nobody else has: written again into a new chain, up to this number.
    Rewrite(ChainId, u64),
    /// The first message that waits for a contact who has a new device.
    Introduce(UserId),
}

impl<S: Seal> Node<S> {
    pub(super) fn load_events(
        &mut self,
        chain: ChainId,
        from: u64,
        max_bytes: usize,
        purpose: Purpose,
    ) -> LoadId {
        let load = LoadId(self.next_load);
        self.next_load += 1;
        self.loads.insert(load, purpose);
        self.batch.effect(Effect::Load { load, chain, from, max_bytes });
        load
    }

    pub(super) fn loaded(&mut self, load: LoadId, events: Vec<Event>) {
        match self.loads.remove(&load) {
            None => {}
            Some(Purpose::Send(link)) => self.send_loaded(link, load, events),
            Some(Purpose::Open(chain)) => self.opened_from_log(chain, &events),
            Some(Purpose::Ask(chain)) => self.ask_for_key(chain, &events),
            Some(Purpose::Fork(link, other)) => {
                let conversation = self.chains.get(&other.chain()).map(|chain| chain.conversation);
                if let (Some(ours), Some(conversation)) = (events.first(), conversation)
                    && ours.seq() == other.seq()
                    && ours.id() != other.id()
                {
                    self.tell_fork(link, conversation, ours, &other);
                    if self.is_written(other.chain()) {
                        self.own_branch(other.chain());
                    }
                }
            }
            Some(Purpose::Introduce(user)) => self.introduced(user, &events),
            Some(Purpose::Rewrite(chain, last)) => self.rewrite(chain, last, &events),
        }
    }

    pub(super) fn prove_fork(&mut self, link: LinkId, chain: ChainId, other: Event) {
        let from = other.seq();
        self.load_events(chain, from, 1, Purpose::Fork(link, other));
    }
}
