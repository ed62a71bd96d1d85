//! The two logs of a link set against each other: what each has, and what it lacks.

use std::collections::BTreeMap;

use crate::{
    chain::Standing,
    error::{CloseCode, Violation},
    event::Class,
    frame::{Fork, Frame, Frontier, FrontierEntry, FrontierKind, Head, Range, Want},
    ids::{ChainId, ConversationId, DeviceId, LinkId, UserId},
    seal::Seal,
    sync::Urgency,
};

use super::Node;

impl<S: Seal> Node<S> {
    pub(super) fn chains_of(&self, peer: DeviceId, conversation: ConversationId) -> &[ChainId] {
        match self.talks.get(&conversation) {
            Some(talk) => &talk.chains,
            None => self.pairs.get(&peer).map(|pair| pair.state.chains.as_slice()).unwrap_or_default(),
        }
    }

    /// All that we have of a conversation.
    pub(super) fn frontier(&self, peer: DeviceId, conversation: ConversationId) -> Frontier {
        // Chains of a device that the other had before are nobody's to go on with.
        let ends = [self.me.device, peer];
        let between = |id: &&ChainId| self.chains.get(*id).is_some_and(|chain| ends.contains(&chain.owner));
        let all = self.chains_of(peer, conversation).iter().filter(between);
        let entries = all.filter_map(|id| self.frontier_entry(*id));
        Frontier { conversation, kind: FrontierKind::Full, entries: entries.collect() }
    }

    pub(super) fn frontier_entry(&self, id: ChainId) -> Option<FrontierEntry> {
        let chain = self.chains.get(&id)?;
        Some(FrontierEntry { chain: id, seq: chain.seq, head: Head::short(chain.id), clip: None })
    }

    fn shares_with(
        &self,
        peer: DeviceId,
        user: UserId,
        conversation: ConversationId,
    ) -> Result<(), Violation> {
        let talk = self.people.get(&user).map(|someone| someone.conversation);
        if talk == Some(conversation) || self.pair_conversation(peer) == conversation {
            return Ok(());
        }
        Err(Violation::new(CloseCode::Forbidden, "a conversation that is not shared"))
    }

    pub(super) fn frontier_came(
        &mut self,
        id: LinkId,
        peer: DeviceId,
        user: UserId,
        frontier: &Frontier,
    ) -> Result<(), Violation> {
        let conversation = frontier.conversation;
        self.shares_with(peer, user, conversation)?;
        let said: BTreeMap<_, _> = frontier.entries.iter().map(|entry| (entry.chain, entry)).collect();
        match frontier.kind {
            FrontierKind::Full => self.compare(id, peer, conversation, &said),
            FrontierKind::Delta | FrontierKind::Ack => {
                for (chain, entry) in said {
                    let mine = self
                        .chains
                        .get(&chain)
                        .is_some_and(|known| known.owner == self.me.device && known.seq >= entry.seq);
                    if let Some(link) = self.links.get_mut(&id).filter(|_| mine) {
                        let has = link.has.entry(chain).or_default();
                        let more = entry.seq > *has;
                        *has = entry.seq.max(*has);
                        if more && conversation == self.pair_conversation(peer) {
                            // It has a newer key for our marks, and may have let go of the older one.
                            self.owe_marks(id);
                        }
                    }
                }
            }
            FrontierKind::Lazy => {}
        }
        Ok(())
    }

    /// Sets the two logs against each other: what the peer lacks of ours begins to flow; what it has of ours and we have
    /// not was lost here.
    fn compare(
        &mut self,
        id: LinkId,
        peer: DeviceId,
        conversation: ConversationId,
        said: &BTreeMap<ChainId, &FrontierEntry>,
    ) {
        let ours = self.chains_of(peer, conversation).to_vec();
        let nothing = |chain| FrontierEntry { chain, seq: 0, head: Head::Short([0; 8]), clip: None };
        let mut lost = Vec::new();
        let mut forked = None;
        for chain_id in ours {
            let Some(chain) = self.chains.get(&chain_id) else { continue };
            let theirs = said.get(&chain_id).map_or_else(|| nothing(chain_id), |entry| **entry);
            #[cfg(feature = "sim")]
            let theirs = self.as_remembered(theirs, conversation);
            let standing = chain.head().compare(&theirs);
            if chain.owner != self.me.device {
                if standing == Standing::Forked && !chain.forked {
                    forked = Some(chain_id);
                }
                continue;
            }
            let (mut last, class) = (chain.seq, chain.class);
            if chain.forked {
                // What was confirmed before the branches parted may still be missing at a peer that was restored.
                let marks = self.talks.get(&conversation).map(|talk| &talk.marks.theirs);
                last = marks.and_then(|marks| marks.get(&chain_id)).map_or(0, |mark| mark.0);
                if theirs.seq >= last {
                    continue;
                }
            }
            match standing {
                Standing::Equal | Standing::Behind => {
                    let urgency = if class == Class::Pair { Urgency::Pair } else { Urgency::Content };
                    if let Some(link) = self.links.get_mut(&id) {
                        let unsure = theirs.seq > 0 && standing == Standing::Behind;
                        let after = unsure.then_some(theirs.head);
                        link.flow.begin(chain_id, urgency, theirs.seq + 1, last, after);
                        link.has.insert(chain_id, theirs.seq);
                    }
                }
                // Anybody can say so; our own signature under an event that we don't know is the proof.
                Standing::Ahead => lost.push(Range { chain: chain_id, from: last + 1, to: theirs.seq }),
                Standing::Forked => lost.push(Range { chain: chain_id, from: last, to: last }),
            }
        }
        // The peer's own ones come by themselves. One of ours would be lost here as a whole.
        let unknown = said.values().filter(|entry| entry.seq > 0 && !self.chains.contains_key(&entry.chain));
        lost.extend(unknown.map(|entry| Range { chain: entry.chain, from: 1, to: entry.seq }));
        if let Some(link) = self.links.get_mut(&id) {
            link.told.insert(conversation);
            for ranges in lost.chunks(crate::config::MAX_RANGES) {
                link.say(Frame::Want(Want { conversation, ranges: ranges.to_vec() }));
            }
        }
        if let Some(chain) = forked {
            self.chain_forked(chain);
        }
    }

    /// A mistake that the simulator must find: what the peer once had, it has.
    #[cfg(feature = "sim")]
    fn as_remembered(&self, said: FrontierEntry, conversation: ConversationId) -> FrontierEntry {
        let marks = self.talks.get(&conversation).map(|talk| &talk.marks.theirs);
        let once = marks.and_then(|marks| marks.get(&said.chain)).map_or(0, |mark| mark.0);
        let chain = self.chains.get(&said.chain).filter(|chain| chain.seq == once && said.seq < once);
        match chain.filter(|_| crate::sim::mutant::active(crate::sim::Mutant::SkipByRememberedState)) {
            Some(chain) => FrontierEntry { seq: once, head: Head::short(chain.id), ..said },
            None => said,
        }
    }

    /// The peer lost events that we have; or found a hole.
    pub(super) fn wanted(
        &mut self,
        id: LinkId,
        peer: DeviceId,
        user: UserId,
        want: &Want,
    ) -> Result<(), Violation> {
        self.shares_with(peer, user, want.conversation)?;
        for range in &want.ranges {
            let Some(chain) = self.chains.get(&range.chain) else { continue };
            if chain.conversation != want.conversation {
                return Err(Violation::new(CloseCode::Forbidden, "a range of another conversation"));
            }
            let last = range.to.min(chain.seq);
            // Our own chains flow by themselves; what is wanted there was lost on the way and comes again.
            if chain.owner == peer && range.from <= last {
                let urgency = if chain.class == Class::Pair { Urgency::Pair } else { Urgency::Content };
                if let Some(link) = self.links.get_mut(&id) {
                    link.flow.begin(range.chain, urgency, range.from, last, None);
                }
            }
        }
        Ok(())
    }

    pub(super) fn fork_came(&mut self, fork: &Fork) {
        // Two events under our own signature: one of them was written by what we were copied from, or copied to.
        let (one, _) = fork.branches();
        let here = self.chains.get(&one.chain());
        if here.is_some_and(|chain| chain.owner == self.me.device && chain.seq >= one.seq()) {
            self.own_branch(one.chain());
        } else {
            self.discovered_restore(one.chain());
        }
    }
}
