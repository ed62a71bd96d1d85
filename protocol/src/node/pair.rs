//! Pair chains: key material between two devices, under Olm, strictly in order.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    codec::{self, record},
    config::PAD_TO,
    error::CloseCode,
    event::{Class, Event, EventBody, OlmKind, Pair as PairBody},
    frame::{FrontierEntry, Head},
    identity,
    ids::{ChainId, ConversationId, DeviceId, LinkId, UserId},
    letter::{Letter, Open},
    pair::{MAX_SAID, PairPlaintext, Said, Share},
    seal::{PairMessage, Seal, SecretBytes},
    time::{Now, WallMs},
};

use super::{
    Node, Relation,
    chains::Inbound,
    letters::LetterKind,
    records::{ANY, Map, Record},
};

/// One-time keys of the other that are remembered, so that an old letter opens nothing anew.
const MAX_SEEN: usize = 64;
const HOUR: Duration = Duration::from_secs(60 * 60);
/// Olm sessions with one device: the one in use, and those that something may still come under.
const MAX_SESSIONS: usize = 4;

/// All that this node has with another device.
pub(super) struct Pair<S: Seal> {
    pub(super) state: State,
    pub(super) sessions: BTreeMap<[u8; 32], S::Pair>,
    /// How many sessions we opened for the other since when; of this run.
    pub(super) opens: (Now, u32),
}

/// What of it is one record; each session has its own.
pub(super) struct State {
    pub(super) user: UserId,
    /// The chain of ours that is written now.
    pub(super) mine: Option<ChainId>,
    /// The incarnation of our newest chain.
    pub(super) begun: u64,
    /// All chains, of both.
    pub(super) chains: Vec<ChainId>,
    /// The session that we write with.
    pub(super) writing: Option<[u8; 32]>,
    /// Sessions in the order in which they came.
    pub(super) sessions: Vec<[u8; 32]>,
    /// When we last asked for a new session.
    pub(super) reset: Option<WallMs>,
    pub(super) seen: Vec<[u8; 32]>,
    /// Content chains that the other bound, some of them before they came.
    pub(super) bound: Map<ChainId, ConversationId>,
}

record!(State { user, mine, begun, chains: ANY, writing, sessions: ANY, reset, seen: ANY, bound });

impl<S: Seal> Node<S> {
    pub(super) fn pair_conversation(&self, device: DeviceId) -> ConversationId {
        identity::pair(self.me.device, device)
    }

    pub(super) fn pair_mut(&mut self, user: UserId, device: DeviceId) -> &mut Pair<S> {
        self.pairs.entry(device).or_insert_with(|| Pair {
            state: State {
                user,
                mine: None,
                begun: 0,
                chains: Vec::new(),
                writing: None,
                sessions: Vec::new(),
                reset: None,
                seen: Vec::new(),
                bound: Map::default(),
            },
            sessions: BTreeMap::new(),
            opens: (Now(0), 0),
        })
    }

    /// Opens a session from the other's one-time key, and tells all keys in a new pair chain. `readable`: what the other
    /// says that it can open already. Gives the chain's first events.
    pub(super) fn open_pair(
        &mut self,
        user: UserId,
        device: DeviceId,
        one_time_key: [u8; 32],
        readable: Option<&[FrontierEntry]>,
    ) -> Vec<Event> {
        let Some(curve) =
            self.people.get(&user).and_then(|s| s.profile.device_with(device)).map(|r| r.olm_key)
        else {
            return Vec::new();
        };
        let (now, most) = (self.now, self.config.max_opens);
        let pair = self.pair_mut(user, device);
        if pair.opens.0 + HOUR <= now {
            pair.opens = (now, 0);
        }
        pair.opens.1 += 1;
        if pair.opens.1 > most {
            return Vec::new();
        }
        pair.state.seen.push(one_time_key);
        if pair.state.seen.len() > MAX_SEEN {
            pair.state.seen.remove(0);
        }
        self.touch(Record::Pair(device));
        let Ok(session) = self.seal.pair_outbound(&self.me.olm, curve, one_time_key) else {
            self.reset_pair(device);
            return Vec::new();
        };
        let id = self.keep_session(device, session);
        self.start_pair(device, id, readable)
    }

    fn keep_session(&mut self, device: DeviceId, session: S::Pair) -> [u8; 32] {
        let id = self.seal.pair_id(&session);
        let Some(pair) = self.pairs.get_mut(&device) else { return id };
        pair.state.sessions.retain(|known| *known != id);
        pair.state.sessions.push(id);
        pair.sessions.insert(id, session);
        let too_many = pair.state.sessions.len() > MAX_SESSIONS;
        let old = too_many.then(|| pair.state.sessions.remove(0));
        if let Some(old) = old {
            pair.sessions.remove(&old);
            self.touch(Record::Session(device, old));
        }
        self.touch(Record::Session(device, id));
        self.touch(Record::Pair(device));
        id
    }

    /// A new pair chain of ours on this session: all bindings, and every key that the other may need.
    fn start_pair(
        &mut self,
        device: DeviceId,
        session: [u8; 32],
        readable: Option<&[FrontierEntry]>,
    ) -> Vec<Event> {
        let Some(pair) = self.pairs.get_mut(&device) else { return Vec::new() };
        let incarnation = self.me.incarnation;
        let (user, previous) = (pair.state.user, pair.state.mine);
        pair.state.begun = incarnation.max(pair.state.begun + 1);
        pair.state.writing = Some(session);
        let begun = pair.state.begun;
        let conversation = self.pair_conversation(device);
        let (chain, genesis) = self.begin_chain(conversation, Class::Pair, begun, previous);
        if let Some(pair) = self.pairs.get_mut(&device) {
            pair.state.mine = Some(chain);
            pair.state.chains.push(chain);
        }
        self.touch(Record::Pair(device));
        let Some(someone) = self.people.get(&user) else { return vec![genesis] };
        let (talk, capability) = (someone.conversation, someone.mine.clone());
        if let Some(chain) = self.ensure_chain(talk) {
            self.ensure_session(chain);
        }
        let mut said = Vec::new();
        for chain in self.my_chains(talk) {
            said.push(Said::Bind { chain, conversation: talk });
        }
        said.push(Said::Capability(capability));
        for chain in self.my_chains(talk) {
            let known = readable.and_then(|all| all.iter().find(|entry| entry.chain == chain));
            let from = known.map_or(0, |entry| entry.seq);
            said.extend(self.forgotten(chain, from));
            said.extend(self.shares_above(chain, from).into_iter().map(Said::Share));
        }
        let mut events = vec![genesis];
        events.extend(self.say_pair(device, said));
        events
    }

    /// Keys of the sessions that open anything above `seq`; and the newest one, for its side key.
    fn shares_above(&mut self, chain: ChainId, seq: u64) -> Vec<Share> {
        let Some(writer) = self.writers.get_mut(&chain) else { return Vec::new() };
        let newest = writer.kept.keys().next_back().copied();
        let mut shares = Vec::new();
        for (epoch, kept) in &mut writer.kept {
            kept.given = None;
            if kept.last_seq.is_none_or(|last| last > seq) || Some(*epoch) == newest {
                shares.push(kept.share(chain, *epoch));
            }
        }
        shares
    }

    /// Sessions of a chain whose keys were forgotten, if somebody who has it up to `seq` may wait for them: one word for
    /// each now, not one question for each later.
    fn forgotten(&self, chain: ChainId, seq: u64) -> Vec<Said> {
        let first = self.writers.get(&chain).and_then(|writer| writer.kept.first_key_value());
        let Some((first, _)) = first.filter(|(_, kept)| kept.first_seq > seq + 1) else { return Vec::new() };
        (1..*first).map(|epoch| Said::Withheld { chain, epoch }).collect()
    }

    /// Puts statements into our pair chain; without a session they are said when there is one.
    pub(super) fn say_pair(&mut self, device: DeviceId, said: Vec<Said>) -> Vec<Event> {
        let mut events = Vec::new();
        let mut said = said.into_iter().peekable();
        while said.peek().is_some() {
            let some: Vec<_> = said.by_ref().take(MAX_SAID).collect();
            let Some(event) = self.append_pair(device, some) else { break };
            events.push(event);
        }
        events
    }

    fn append_pair(&mut self, device: DeviceId, said: Vec<Said>) -> Option<Event> {
        let pair = self.pairs.get_mut(&device)?;
        let (chain, session) = (pair.state.mine?, pair.state.writing?);
        let record = self.people.get(&pair.state.user)?.profile.device_with(device)?;
        let seq = self.chains.get(&chain)?.seq + 1;
        let inside = PairPlaintext {
            from: self.me.device,
            to: device,
            from_key: self.me.profile.device().olm_key,
            to_key: record.olm_key,
            chain,
            seq,
            said,
        };
        let plain = SecretBytes::new(codec::to_padded_bytes(&inside, PAD_TO));
        let written = pair.sessions.get_mut(&session).map(|session| self.seal.pair_encrypt(session, &plain));
        let Some(Ok(olm)) = written else {
            self.reset_pair(device);
            return None;
        };
        let kind = if olm.kind == 0 { OlmKind::PreKey } else { OlmKind::Normal };
        self.touch(Record::Session(device, session));
        let event = self.append(chain, EventBody::Pair(PairBody { session, kind, olm: olm.bytes }))?;
        for said in inside.said {
            if let Said::Share(share) = said
                && let Some(kept) =
                    self.writers.get_mut(&share.chain).and_then(|w| w.kept.get_mut(&share.epoch))
            {
                kept.given = Some(seq);
                self.touch(Record::Kept(share.chain, share.epoch));
            }
        }
        Some(event)
    }

    /// Opens the next event of the other's pair chain. What cannot be opened is passed over, and a new session asked for.
    pub(super) fn open_pair_event(&mut self, device: DeviceId, chain: ChainId, body: &PairBody, seq: u64) {
        match self.open_olm(device, chain, body, seq) {
            Some(said) => {
                for said in said {
                    self.hear(device, said);
                }
            }
            None => {
                let newest = self.pairs.get(&device).and_then(|pair| {
                    let theirs =
                        |chain: &&ChainId| self.chains.get(*chain).is_some_and(|c| c.owner == device);
                    pair.state
                        .chains
                        .iter()
                        .filter(theirs)
                        .max_by_key(|chain| self.chains[*chain].incarnation)
                });
                if newest == Some(&chain) {
                    self.reset_pair(device);
                }
            }
        }
    }

    fn open_olm(&mut self, device: DeviceId, chain: ChainId, body: &PairBody, seq: u64) -> Option<Vec<Said>> {
        let user = self.pairs.get(&device)?.state.user;
        let curve = self.people.get(&user)?.profile.device_with(device)?.olm_key;
        let kind = match body.kind {
            OlmKind::PreKey => 0,
            OlmKind::Normal => 1,
        };
        let message = PairMessage { kind, bytes: body.olm.clone() };
        let known = self.pairs.get_mut(&device)?.sessions.get_mut(&body.session);
        let (plain, is_new) = match known {
            Some(session) => {
                let plain = self.seal.pair_decrypt(session, &message).ok()?;
                self.touch(Record::Session(device, body.session));
                (plain, false)
            }
            None => {
                let (session, plain) = self.seal.pair_inbound(&mut self.me.olm, curve, &message).ok()?;
                self.touch(Record::Olm);
                if self.keep_session(device, session) != body.session {
                    return None;
                }
                (plain, true)
            }
        };
        let inside: PairPlaintext = codec::from_padded_bytes(&plain, PAD_TO).ok()?;
        let mine = self.me.profile.device().olm_key;
        let ends = (inside.from, inside.to, inside.from_key, inside.to_key);
        if ends != (device, self.me.device, curve, mine) || (inside.chain, inside.seq) != (chain, seq) {
            return None;
        }
        if is_new {
            // The other took our one-time key up: whatever letter brought it there is answered.
            self.forget_letter(device, LetterKind::Open);
            self.start_pair(device, body.session, None);
        }
        // Whoever writes under a session has our answer.
        self.forget_letter(device, LetterKind::Answer);
        Some(inside.said)
    }

    fn hear(&mut self, device: DeviceId, said: Said) {
        let Some(pair) = self.pairs.get_mut(&device) else { return };
        let user = pair.state.user;
        match said {
            Said::Bind { chain, conversation } => {
                let shared =
                    self.people.get(&user).is_some_and(|someone| someone.conversation == conversation);
                if shared && pair.state.bound.len() < self.config.max_chains {
                    pair.state.bound.insert(chain, conversation);
                    self.touch(Record::Pair(device));
                    self.bind(device, chain);
                    let link = self.links_by_peer.get(&device).copied();
                    let refused =
                        |id: &LinkId| self.links.get(id).is_some_and(|l| l.refused.contains(&chain));
                    if let Some(link) = link.filter(refused) {
                        // There was no room for it as long as nobody answered for it. A new link compares anew.
                        self.close(link, CloseCode::Normal);
                    }
                }
            }
            Said::Share(share) => {
                if pair.state.bound.contains_key(&share.chain) {
                    self.take_share(share);
                }
            }
            Said::Capability(capability) => {
                if let Some(someone) = self.people.get_mut(&user) {
                    someone.theirs = Some(capability);
                    self.presence_changed = true;
                    self.touch(Record::Person(user));
                }
            }
            Said::Need { chain, epoch } => self.give(device, user, chain, epoch),
            Said::Withheld { chain, epoch } => {
                if pair.state.bound.contains_key(&chain) {
                    let reader = self.readers.entry(chain).or_default();
                    // What is here already opens what it opens, whatever became of it at its author.
                    if reader.epochs.get(&epoch).is_none_or(|known| known.session.is_none()) {
                        reader.withheld.insert(epoch);
                        self.open_waiting(chain);
                    }
                }
            }
            Said::Later(_) => {}
        }
    }

    /// A share may come again, for what could not be opened; it never replaces what opens more.
    fn take_share(&mut self, share: Share) {
        let Share { chain, epoch, first_seq, key, side } = share;
        let reader = self.readers.entry(chain).or_default();
        let opened = self.chains.get(&chain).map_or(0, |chain| chain.opened);
        if reader.epochs.get(&epoch).is_some_and(|known| known.session.is_some() || known.first_seq <= opened)
        {
            return;
        }
        let Ok(session) = self.seal.new_inbound(&key) else { return };
        reader.withheld.remove(&epoch);
        reader.epochs.insert(epoch, Inbound { first_seq, side, session: Some(session) });
        self.touch(Record::Inbound(chain, epoch));
        self.open_waiting(chain);
    }

    /// Answers a key request: only what this very device may read.
    fn give(&mut self, device: DeviceId, user: UserId, chain: ChainId, epoch: u32) {
        let shared = self.people.get(&user).is_some_and(|someone| {
            someone.relation == Relation::Contact
                && self.chains.get(&chain).is_some_and(|chain| chain.conversation == someone.conversation)
        });
        if !shared {
            return;
        }
        let kept = self.writers.get(&chain).and_then(|writer| writer.kept.get(&epoch));
        let said = match kept {
            Some(kept) => vec![Said::Share(kept.share(chain, epoch))],
            None => {
                let mut said = self.forgotten(chain, 0);
                if !said.contains(&Said::Withheld { chain, epoch }) {
                    said.push(Said::Withheld { chain, epoch });
                }
                said
            }
        };
        self.say_pair(device, said);
    }

    /// Asks for a new session by letter: something of the other's cannot be opened, or ours is lost.
    pub(super) fn reset_pair(&mut self, device: DeviceId) {
        let Some(pair) = self.pairs.get_mut(&device) else { return };
        let user = pair.state.user;
        let lately = pair.state.reset.is_some_and(|last| {
            self.wall.0.abs_diff(last.0)
                < u64::try_from(self.config.reset_every.as_millis()).unwrap_or(u64::MAX)
        });
        if lately || self.letters.contains_key(&(device, LetterKind::Open)) {
            return;
        }
        pair.state.reset = Some(self.wall);
        self.touch(Record::Pair(device));
        self.write_open(user, device);
    }

    pub(super) fn write_open(&mut self, user: UserId, device: DeviceId) {
        let Some(someone) = self.people.get(&user) else { return };
        let talk = self.talks.get(&someone.conversation);
        let theirs = talk.into_iter().flat_map(|talk| &talk.chains).filter_map(|id| {
            let chain = self.chains.get(id).filter(|chain| chain.owner == device)?;
            Some(FrontierEntry { chain: *id, seq: chain.opened, head: Head::short(chain.id), clip: None })
        });
        let readable = theirs.take(crate::config::MAX_OPEN_CHAINS).collect();
        let one_time_key = self.seal.new_one_time_key(&mut self.me.olm);
        self.touch(Record::Olm);
        let addresses = self.me.addresses.clone();
        self.write_letter(user, device, Letter::Open(Open { one_time_key, addresses, readable }));
    }
}
