//! Events on a link: those that come are taken in and acknowledged, those that the peer lacks go out within its window.

use std::collections::BTreeMap;

use crate::{
    error::{CloseCode, Violation},
    event::Event,
    frame::{Credit, Events, Frame, Frontier, FrontierEntry, FrontierKind, Range, Want},
    ids::{ConversationId, DeviceId, LinkId, LoadId},
    seal::Seal,
    sync::Wanted,
};

use super::{Effect, Node, loads::Purpose, timers::Timer};

impl<S: Seal> Node<S> {
    /// A new event of ours goes out where its place is next.
    pub(super) fn push(&mut self, conversation: ConversationId, event: &Event) {
        let peer = match self.talks.get(&conversation) {
            Some(talk) => self.device_of(talk.with),
            None => {
                self.pairs.iter().find(|(_, pair)| pair.state.mine == Some(event.chain())).map(|(id, _)| *id)
            }
        };
        let Some(link) = peer.and_then(|peer| self.links_by_peer.get(&peer)).copied() else { return };
        let batch = self.config.batch;
        if let Some(link) = self.links.get_mut(&link)
            && link.told.contains(&conversation)
            && link.flow.appended(event)
        {
            link.send_event(conversation, event.clone(), batch);
        }
    }

    pub(super) fn send_loaded(&mut self, id: LinkId, load: LoadId, events: Vec<Event>) {
        let batch = self.config.batch;
        let Some(link) = self.links.get_mut(&id) else { return };
        match link.flow.loaded(load, events) {
            Ok(events) => {
                let chain = events.first().map(Event::chain);
                for event in events {
                    if let Some(chain) = self.chains.get(&event.chain()) {
                        link.send_event(chain.conversation, event, batch);
                    }
                }
                if let Some(chain) = chain {
                    self.take_early_mark(id, chain);
                }
            }
            Err((chain, seq)) => {
                // The peer says that something else comes before them: it shall show what.
                if let Some(known) = self.chains.get(&chain) {
                    let ranges = vec![Range { chain, from: seq, to: seq }];
                    link.say(Frame::Want(Want { conversation: known.conversation, ranges }));
                }
            }
        }
    }

    pub(super) fn events_came(
        &mut self,
        id: LinkId,
        peer: DeviceId,
        events: Events,
    ) -> Result<(), Violation> {
        for event in events.events {
            let bytes = event.wire_len() as u64;
            let Some(link) = self.links.get_mut(&id) else { return Ok(()) };
            if !link.compared {
                return Err(Violation::new(CloseCode::OutOfTurn, "events before STATE"));
            }
            link.allowance = link
                .allowance
                .checked_sub(bytes)
                .ok_or(Violation::new(CloseCode::Flood, "events beyond the window"))?;
            link.taken = link.taken.saturating_add(u32::try_from(bytes).unwrap_or(u32::MAX));
            self.take_event(peer, Some(id), &event)?;
        }
        Ok(())
    }

    /// The end of a step: acknowledge, give credit, read on, and send what was said.
    pub(super) fn flush_links(&mut self) {
        let ids: Vec<_> = self.links.keys().copied().collect();
        for id in ids {
            self.acknowledge(id);
            let wanted = self.links.get(&id).and_then(|link| link.flow.wants(self.config.batch));
            if let Some(Wanted { chain, from, max_bytes }) = wanted {
                let load = self.load_events(chain, from, max_bytes, Purpose::Send(id));
                if let Some(link) = self.links.get_mut(&id) {
                    link.flow.loads(load, chain);
                }
            }
            let Some(link) = self.links.get_mut(&id) else { continue };
            if link.flow.is_under_way() && link.progress.is_none() {
                link.progress = Some(self.now);
                self.timers.set_by(Timer::Link(id), self.now + self.config.progress);
            }
            for frames in link.take_messages() {
                self.batch.effect(Effect::Send { link: id, frames });
            }
        }
    }

    fn acknowledge(&mut self, id: LinkId) {
        let Some(link) = self.links.get_mut(&id) else { return };
        let (grown, taken) = (std::mem::take(&mut link.grown), std::mem::take(&mut link.taken));
        let mut by_conversation: BTreeMap<ConversationId, Vec<FrontierEntry>> = BTreeMap::new();
        for chain in grown {
            let Some(known) = self.chains.get(&chain).filter(|known| known.bound) else { continue };
            if let Some(entry) = self.frontier_entry(chain) {
                by_conversation.entry(known.conversation).or_default().push(entry);
            }
        }
        let Some(link) = self.links.get_mut(&id) else { return };
        for (conversation, entries) in by_conversation {
            link.say(Frame::Frontier(Frontier { conversation, kind: FrontierKind::Ack, entries }));
        }
        if taken > 0 {
            link.allowance += u64::from(taken);
            link.say(Frame::Credit(Credit { bytes: taken }));
        }
    }
}
