//! Chains of events: appending to our own, taking in those of others.

use std::collections::{BTreeMap, BTreeSet};

#[cfg(feature = "sim")]
use crate::sim::mutant::{Mutant, active};
use crate::{
    chain::{self, Fit, Head},
    codec::{self, record},
    error::{CloseCode, Violation},
    event::{ChainKey, Class, Event, EventBody, Genesis, NewHeader},
    frame::{Fork, Frame, Reject, RejectReason},
    ids::{ChainId, ConversationId, DeviceId, EventId, LinkId},
    pair::Share,
    seal::Seal,
    sync::Urgency,
    time::WallMs,
    timeline::System,
};

use super::{
    Node, Notice, OpenError, Write,
    records::{ANY, DAMAGED, Record, read},
};

/// One chain, as far as it is stored here.
pub(super) struct Chain {
    pub(super) conversation: ConversationId,
    pub(super) owner: DeviceId,
    pub(super) class: Class,
    pub(super) incarnation: u64,
    // The head.
    pub(super) seq: u64,
    pub(super) id: EventId,
    pub(super) ord: u64,
    /// Everything up to here was opened, or never can be.
    pub(super) opened: u64,
    /// The order of the last event that was opened.
    pub(super) opened_ord: u64,
    /// Its owner said so inside Olm.
    pub(super) bound: bool,
    /// Bytes, while it is not bound.
    pub(super) bytes: u64,
    /// The owner went on from one event in two ways; what is here stays, no more is taken.
    pub(super) forked: bool,
}

record!(Chain {
    conversation,
    owner,
    class,
    incarnation,
    seq,
    id,
    ord,
    opened,
    opened_ord,
    bound,
    bytes,
    forked
});

impl Chain {
    pub(super) fn head(&self) -> Head {
        Head { seq: self.seq, id: self.id, ord: self.ord }
    }
}

/// What writing a chain of our own needs.
pub(super) struct Writer<S: Seal> {
    pub(super) key: ChainKey,
    pub(super) outbound: Option<Outbound<S>>,
    /// By epoch.
    pub(super) kept: BTreeMap<u32, Kept>,
}

impl<S: Seal> Writer<S> {
    pub(super) fn new(secret: [u8; 32]) -> Self {
        Self { key: ChainKey::from_secret_bytes(secret), outbound: None, kept: BTreeMap::new() }
    }
}

/// The Megolm session in use.
pub(super) struct Outbound<S: Seal> {
    pub(super) epoch: u32,
    pub(super) first_seq: u64,
    pub(super) begun: WallMs,
    pub(super) session: S::Outbound,
}

struct StoredOutbound {
    epoch: u32,
    first_seq: u64,
    begun: WallMs,
    session: Vec<u8>,
}

record!(StoredOutbound { epoch, first_seq, begun, session: ANY });

/// A session's key from its first message on, so that a share can be made again.
pub(super) struct Kept {
    pub(super) first_seq: u64,
    /// The last message under it, once there is a newer session.
    pub(super) last_seq: Option<u64>,
    pub(super) retired: Option<WallMs>,
    pub(super) key: Vec<u8>,
    pub(super) side: [u8; 32],
    /// Where in our pair chain it was shared last.
    pub(super) given: Option<u64>,
}

record!(Kept { first_seq, last_seq, retired, key: ANY, side, given });

impl Kept {
    pub(super) fn share(&self, chain: ChainId, epoch: u32) -> Share {
        Share { chain, epoch, first_seq: self.first_seq, key: self.key.clone(), side: self.side }
    }
}

/// What opening a chain of somebody else needs.
pub(super) struct Reader<S: Seal> {
    pub(super) epochs: BTreeMap<u32, Inbound<S>>,
    /// Epochs that will never be opened here.
    pub(super) withheld: BTreeSet<u32>,
    /// Epochs that were asked for, in this run.
    pub(super) asked: BTreeSet<u32>,
}

impl<S: Seal> Default for Reader<S> {
    fn default() -> Self {
        Self { epochs: BTreeMap::new(), withheld: BTreeSet::new(), asked: BTreeSet::new() }
    }
}

/// A Megolm session of somebody else.
pub(super) struct Inbound<S: Seal> {
    pub(super) first_seq: u64,
    pub(super) side: [u8; 32],
    /// Dropped once all under it is opened.
    pub(super) session: Option<S::Inbound>,
}

struct StoredInbound {
    first_seq: u64,
    side: [u8; 32],
    session: Option<Vec<u8>>,
}

record!(StoredInbound { first_seq, side, session: ANY });

impl<S: Seal> Node<S> {
    pub(super) fn save_outbound(&self, chain: ChainId) -> Option<Vec<u8>> {
        let Outbound { epoch, first_seq, begun, session } = self.writers.get(&chain)?.outbound.as_ref()?;
        let session = self.seal.save_outbound(session).to_vec();
        let (epoch, first_seq, begun) = (*epoch, *first_seq, *begun);
        Some(codec::to_bytes(&StoredOutbound { epoch, first_seq, begun, session }))
    }

    pub(super) fn load_outbound(&mut self, chain: ChainId, value: &[u8]) -> Result<(), OpenError> {
        let StoredOutbound { epoch, first_seq, begun, session } = read(value)?;
        let session = self.seal.load_outbound(&session).map_err(|_| DAMAGED)?;
        let writer = self.writers.get_mut(&chain).ok_or(DAMAGED)?;
        writer.outbound = Some(Outbound { epoch, first_seq, begun, session });
        Ok(())
    }

    /// What was opened cannot be opened again: the session forgets before it is stored.
    pub(super) fn save_inbound(&mut self, chain: ChainId, epoch: u32) -> Option<Vec<u8>> {
        let opened = self.chains.get(&chain).map_or(0, |chain| chain.opened);
        let inbound = self.readers.get_mut(&chain)?.epochs.get_mut(&epoch)?;
        let (first_seq, side) = (inbound.first_seq, inbound.side);
        let next = (opened + 1).saturating_sub(first_seq);
        let session = inbound.session.as_mut().map(|session| {
            if next > 0 {
                self.seal.advance(session, u32::try_from(next).unwrap_or(u32::MAX));
            }
            self.seal.save_inbound(session).to_vec()
        });
        Some(codec::to_bytes(&StoredInbound { first_seq, side, session }))
    }

    pub(super) fn load_inbound(&mut self, chain: ChainId, epoch: u32, value: &[u8]) -> Result<(), OpenError> {
        let StoredInbound { first_seq, side, session } = read(value)?;
        let session = session.map(|saved| self.seal.load_inbound(&saved).map_err(|_| DAMAGED)).transpose()?;
        let inbound = Inbound { first_seq, side, session };
        self.readers.entry(chain).or_default().epochs.insert(epoch, inbound);
        Ok(())
    }

    /// A new chain of our own, and its first event.
    pub(super) fn begin_chain(
        &mut self,
        conversation: ConversationId,
        class: Class,
        incarnation: u64,
        previous: Option<ChainId>,
    ) -> (ChainId, Event) {
        let key = ChainKey::generate(&mut self.rng);
        let id = key.chain_id();
        self.writers.insert(id, Writer { key, outbound: None, kept: BTreeMap::new() });
        self.touch(Record::ChainKey(id));
        let owner = self.me.device;
        let none = EventId([0; 32]);
        let chain = Chain {
            conversation,
            owner,
            class,
            incarnation,
            seq: 0,
            id: none,
            ord: 0,
            opened: 0,
            opened_ord: 0,
            bound: true,
            bytes: 0,
            forked: false,
        };
        self.chains.insert(id, chain);
        let urgency = if class == Class::Pair { Urgency::Pair } else { Urgency::Content };
        for link in self.links.values_mut().filter(|link| link.told.contains(&conversation)) {
            link.flow.begin(id, urgency, 1, 0, None);
        }
        let genesis = Genesis { conversation, class, owner, incarnation, previous };
        let event = self.append(id, EventBody::Genesis(genesis)).expect("its key was just put there");
        (id, event)
    }

    /// Signs the next event of a chain of our own; it is written, and sent where its place is next.
    pub(super) fn append(&mut self, id: ChainId, body: EventBody) -> Option<Event> {
        let chain = self.chains.get_mut(&id)?;
        let writer = self.writers.get(&id)?;
        let (deps, top) = match self.talks.get_mut(&chain.conversation) {
            Some(talk) => (std::mem::take(&mut *talk.fresh), talk.top),
            None => (BTreeMap::default(), chain.ord),
        };
        // The greatest ones say most about the order.
        let mut deps: Vec<_> = deps.into_values().collect();
        deps.sort_unstable_by(|a, b| b.cmp(a));
        deps.truncate(crate::config::MAX_DEPS);
        let hlc = chain::stamp(self.wall, top.max(chain.ord));
        let ord = chain::ord(hlc, deps.iter().map(|(ord, _)| *ord).chain([chain.ord]));
        let deps = deps.into_iter().map(|(_, id)| id).collect();
        let new = NewHeader { seq: chain.seq + 1, prev: chain.id, hlc, deps, expires: 0 };
        let event = Event::sign(&writer.key, new, body);
        let conversation = chain.conversation;
        (chain.seq, chain.id, chain.ord) = (event.seq(), event.id(), ord);
        (chain.opened, chain.opened_ord) = (chain.seq, ord);
        self.touch(Record::Chain(id));
        if let Some(talk) = self.talks.get_mut(&conversation) {
            talk.saw(event.id(), ord);
            self.touch(Record::Talk(conversation));
        }
        self.batch.write(Write::Event { conversation, event: event.clone() });
        self.push(conversation, &event);
        Some(event)
    }

    /// Takes in an event that `device` delivered: by `link`, or inside a letter.
    pub(super) fn take_event(
        &mut self,
        device: DeviceId,
        link: Option<LinkId>,
        event: &Event,
    ) -> Result<(), Violation> {
        let id = event.chain();
        if link.and_then(|link| self.links.get(&link)).is_some_and(|link| link.refused.contains(&id)) {
            return Ok(());
        }
        let Some(chain) = self.chains.get(&id) else {
            return self.take_genesis(device, link, event);
        };
        if chain.owner != device && chain.owner != self.me.device {
            return Err(Violation::new(CloseCode::Forbidden, "an event of a chain that is not the peer's"));
        }
        if chain.forked {
            return Ok(());
        }
        if chain.owner == self.me.device && self.is_written(id) {
            self.check_own(link, event);
            return Ok(());
        }
        #[cfg(feature = "sim")]
        if self.makes_a_mistake_with(device, event) {
            return Ok(());
        }
        let Some(chain) = self.chains.get(&id) else { return Ok(()) };
        match chain.head().fit(event) {
            Fit::Known => {
                // It came by a letter before; the peer does not know that it is here.
                if let Some(link) = link.and_then(|link| self.links.get_mut(&link)) {
                    link.grown.insert(id);
                }
                Ok(())
            }
            // A new link compares anew, and begins where this chain ends.
            Fit::Gap => Err(Violation::new(CloseCode::Contradiction, "events of a chain are missing")),
            Fit::Fork => {
                self.forked(id, link, event);
                Ok(())
            }
            Fit::Next => {
                let conversation = chain.conversation;
                let room = chain.bound || chain.bytes < self.config.max_unbound_bytes;
                #[cfg(feature = "sim")]
                let room = room || active(Mutant::UnboundedStaging);
                if !room {
                    self.refuse(link, conversation, event, RejectReason::Unbound);
                    return Ok(());
                }
                self.store(id, device, link, event);
                Ok(())
            }
        }
    }

    /// Two mistakes that the simulator must find: events judged by their clock, pair events opened as they come.
    #[cfg(feature = "sim")]
    fn makes_a_mistake_with(&mut self, device: DeviceId, event: &Event) -> bool {
        let day = 24 * 60 * 60 * 1000;
        if active(Mutant::JudgedByClock) && chain::wall_of(event.header().hlc).0.abs_diff(self.wall.0) > day {
            return true;
        }
        let (id, seq) = (event.chain(), event.seq());
        let Some(EventBody::Pair(body)) = event.body().filter(|_| active(Mutant::OlmOutOfOrder)) else {
            return false;
        };
        let gap = self.chains.get(&id).is_some_and(|chain| chain.head().fit(event) == Fit::Gap);
        if gap {
            self.open_pair_event(device, id, body, seq);
        }
        gap
    }

    /// The first event of a chain that is new here.
    fn take_genesis(
        &mut self,
        device: DeviceId,
        link: Option<LinkId>,
        event: &Event,
    ) -> Result<(), Violation> {
        let Some(EventBody::Genesis(genesis)) = event.body() else {
            return Err(Violation::new(CloseCode::Contradiction, "a chain without its beginning"));
        };
        let Some(user) = self.contact_at(device) else {
            return Err(Violation::new(CloseCode::Forbidden, "events of somebody who is no contact"));
        };
        let Genesis { conversation, class, owner, incarnation, .. } = genesis.clone();
        let shared = match class {
            Class::Content => self.people.get(&user).map(|someone| someone.conversation),
            Class::Pair => Some(self.pair_conversation(device)),
            _ => None,
        };
        if shared != Some(conversation) || (owner != device && owner != self.me.device) {
            return Err(Violation::new(CloseCode::Forbidden, "a chain of a conversation that is not shared"));
        }
        let id = event.chain();
        // One of our own that we don't know was lost here as a whole, by a restore; or the peer made it up.
        let bound = class == Class::Pair && owner == device;
        let said = self.pairs.get(&device).is_some_and(|pair| pair.state.bound.contains_key(&id));
        let known = self.chains_of(device, conversation).iter().filter_map(|id| self.chains.get(id));
        let of_owner = known.filter(|chain| chain.owner == owner);
        let (count, unbound) =
            of_owner.fold((0, 0), |(count, unbound), chain| (count + 1, unbound + usize::from(!chain.bound)));
        // Each life between two restores leaves some of our own, and nobody can bind them any more.
        let most = if owner == device { self.config.max_unbound } else { 4 * self.config.max_unbound };
        #[cfg(feature = "sim")]
        let unbound = if active(Mutant::UnboundedStaging) { 0 } else { unbound };
        if count >= self.config.max_chains || (!bound && !said && unbound >= most) {
            self.refuse(link, conversation, event, RejectReason::TooMany);
            return Ok(());
        }
        let none = EventId([0; 32]);
        let chain = Chain {
            conversation,
            owner,
            class,
            incarnation,
            seq: 0,
            id: none,
            ord: 0,
            opened: 0,
            opened_ord: 0,
            bound,
            bytes: 0,
            forked: false,
        };
        if chain.head().fit(event) != Fit::Next {
            return Err(Violation::new(CloseCode::Contradiction, "a chain without its beginning"));
        }
        self.chains.insert(id, chain);
        match class {
            Class::Pair => {
                self.pair_mut(user, device).state.chains.push(id);
                self.touch(Record::Pair(device));
            }
            _ => {
                if let Some(talk) = self.talks.get_mut(&conversation) {
                    talk.chains.push(id);
                }
            }
        }
        self.store(id, device, link, event);
        if said {
            self.bind(device, id);
        }
        Ok(())
    }

    /// The event is next in its chain: it is written, ordered and, if that is possible, opened.
    fn store(&mut self, id: ChainId, device: DeviceId, link: Option<LinkId>, event: &Event) {
        let Some(chain) = self.chains.get_mut(&id) else { return };
        let conversation = chain.conversation;
        let header = event.header();
        let mut before = vec![chain.ord];
        if let Some(talk) = self.talks.get(&conversation) {
            before.extend(header.deps.iter().filter_map(|dep| talk.ord_of(*dep)));
        }
        let ord = chain::ord(header.hlc, before);
        (chain.seq, chain.id, chain.ord) = (event.seq(), event.id(), ord);
        if !chain.bound {
            chain.bytes += event.wire_len() as u64;
        }
        let (class, opened, mine) = (chain.class, chain.opened, chain.owner == self.me.device);
        self.touch(Record::Chain(id));
        if let Some(talk) = self.talks.get_mut(&conversation) {
            talk.saw(event.id(), ord);
            talk.fresh.insert(id, (ord, event.id()));
            self.touch(Record::Talk(conversation));
        }
        self.batch.write(Write::Event { conversation, event: event.clone() });
        if let Some(link_id) = link
            && let Some(link) = self.links.get_mut(&link_id)
        {
            link.grown.insert(id);
            if mine {
                // The peer gave back what was lost: what it has of this chain is what we have.
                let (seq, after) = (event.seq(), None);
                link.flow.begin(id, Urgency::Content, seq + 1, seq, after);
                self.take_early_mark(link_id, id);
            }
        }
        let day = 24 * 60 * 60 * 1000;
        if !mine
            && chain::wall_of(header.hlc).0 > self.wall.0.saturating_add(day)
            && let Some(user) = self.devices.get(&device)
        {
            self.notice(Notice::ClockWrong { user: *user });
        }
        if opened + 1 != event.seq() {
            return;
        }
        match (class, event.body()) {
            (Class::Pair, body) => {
                if let Some(chain) = self.chains.get_mut(&id) {
                    chain.opened = event.seq();
                }
                if let Some(EventBody::Pair(body)) = body
                    && !mine
                {
                    self.open_pair_event(device, id, body, event.seq());
                }
            }
            _ => {
                self.open_content(id, event);
            }
        }
    }

    /// The owner said inside Olm that this chain is its own.
    pub(super) fn bind(&mut self, device: DeviceId, id: ChainId) {
        let Some(chain) = self.chains.get_mut(&id) else { return };
        if chain.owner != device || chain.class != Class::Content || chain.bound {
            return;
        }
        chain.bound = true;
        // What of it is here already was not acknowledged before.
        if let Some(link) = self.links_by_peer.get(&device).and_then(|link| self.links.get_mut(link))
            && chain.seq > 0
        {
            link.grown.insert(id);
        }
        let (conversation, incarnation) = (chain.conversation, chain.incarnation);
        self.touch(Record::Chain(id));
        let all = self.talks.get(&conversation).map(|talk| talk.chains.as_slice()).unwrap_or_default();
        let older: Vec<_> = all
            .iter()
            .filter_map(|other| self.chains.get(other))
            .filter(|chain| chain.owner == device && chain.bound && chain.incarnation < incarnation)
            .collect();
        // A fork said so already.
        if !older.is_empty() && !older.iter().any(|chain| chain.forked) {
            self.row(conversation, System::PeerRestored);
        }
        self.open_waiting(id);
    }

    /// One number of a chain, two events. If the chain is ours, our data folder was restored or copied; else theirs was.
    fn forked(&mut self, id: ChainId, link: Option<LinkId>, other: &Event) {
        let Some(chain) = self.chains.get(&id) else { return };
        if chain.owner == self.me.device {
            // From here on the peer has another branch of it; neither takes the other's.
            self.own_branch(id);
            return;
        }
        self.chain_forked(id);
        // The proof needs our event with the same number; if it is not the head, it is read first.
        if let Some(link) = link {
            self.prove_fork(link, id, other.clone());
        }
    }

    /// What is here of it stays, and no more is taken.
    pub(super) fn chain_forked(&mut self, id: ChainId) {
        let Some(chain) = self.chains.get_mut(&id) else { return };
        chain.forked = true;
        let owner = chain.owner;
        self.touch(Record::Chain(id));
        let someone = self.devices.get(&owner).and_then(|user| self.people.get(user));
        if let Some(conversation) = someone.map(|someone| someone.conversation) {
            self.row(conversation, System::PeerRestored);
        }
    }

    /// Tells the author, who begins a new incarnation.
    pub(super) fn tell_fork(
        &mut self,
        link: LinkId,
        conversation: ConversationId,
        ours: &Event,
        other: &Event,
    ) {
        if let Some(link) = self.links.get_mut(&link)
            && let Some(fork) = Fork::new(conversation, ours, other)
        {
            link.say(Frame::Fork(fork));
        }
    }

    fn refuse(
        &mut self,
        link: Option<LinkId>,
        conversation: ConversationId,
        event: &Event,
        reason: RejectReason,
    ) {
        if let Some(link) = link.and_then(|link| self.links.get_mut(&link)) {
            link.refused.insert(event.chain());
            link.say(Frame::Reject(Reject { conversation, event: event.id(), reason }));
        }
    }
}
