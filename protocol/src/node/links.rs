//! Links: who is at the other end, what may be said there, and the two logs brought together.

use std::collections::BTreeMap;

use crate::{
    chain::Standing,
    config::MAX_MESSAGE,
    error::{CloseCode, Violation},
    event::{Class, Event},
    frame::{
        Bye, Credit, Events, Fork, Frame, Frontier, FrontierEntry, FrontierKind, Head, Hello, Limits, Ping,
        Range, State, Want, WhoIs,
    },
    identity::{PeerRecord, Profile},
    ids::{ChainId, ConversationId, DeviceId, LinkId, LoadId, UserId},
    link::{Due, Link, new_one_stays},
    seal::Seal,
    sync::{Urgency, Wanted},
    time::WallMs,
};

use super::{Effect, Node, Notice, Relation, letters::Way, loads::Purpose, timers::Timer};

/// The only version there is.
const VERSION: u16 = 1;
/// For how long an address record of ours says that we are there.
const LEASE_MS: u64 = 24 * 60 * 60 * 1000;

impl<S: Seal> Node<S> {
    pub(super) fn link_up(&mut self, id: LinkId, peer: DeviceId, dialled: bool) {
        if let Some(dialling) = self.dials.get_mut(&peer) {
            dialling.under_way = false;
        }
        let refused =
            self.leaving || self.relation_at(peer) == Some(Relation::Blocked) || peer == self.me.device;
        if refused {
            self.batch.effect(Effect::Close { link: id, code: CloseCode::Normal });
            return;
        }
        let window = if self.me.preferences.hidden { 0 } else { self.config.window };
        let mut link = Link::new(peer, dialled, self.now, window);
        link.say(Frame::Hello(Hello {
            versions: vec![VERSION],
            features: 0,
            limits: Limits { message: u32::try_from(MAX_MESSAGE).unwrap_or(u32::MAX), window },
            boot: self.me.boot,
        }));
        self.links.insert(id, link);
        self.links_by_peer.entry(peer).or_insert(id);
        self.timers.set(Timer::Link(id), self.now + self.config.handshake);
        self.timers.cancel(Timer::Dial(peer));
    }

    pub(super) fn link_down(&mut self, id: LinkId) {
        let Some(link) = self.links.remove(&id) else { return };
        self.timers.cancel(Timer::Link(id));
        let peer = link.peer;
        if self.links_by_peer.get(&peer) == Some(&id) {
            self.links_by_peer.remove(&peer);
            if let Some((other, _)) = self.links.iter().find(|(_, other)| other.peer == peer) {
                self.links_by_peer.insert(peer, *other);
            }
        }
        self.reach_changed.insert(peer);
        if !self.links_by_peer.contains_key(&peer) {
            if link.compared && !link.broken {
                // It worked: the next wait is a short one.
                self.dials.remove(&peer);
            }
            self.redial_later(peer);
        }
    }

    pub(super) fn close(&mut self, id: LinkId, code: CloseCode) {
        if let Some(link) = self.links.get_mut(&id) {
            // What was said in this step may still be heard: a BYE, an answer.
            for frames in link.take_messages() {
                self.batch.effect(Effect::Send { link: id, frames });
            }
            self.batch.effect(Effect::Close { link: id, code });
            self.link_down(id);
        }
    }

    pub(super) fn close_links_to(&mut self, device: DeviceId, code: CloseCode) {
        let all: Vec<_> =
            self.links.iter().filter(|(_, link)| link.peer == device).map(|(id, _)| *id).collect();
        for id in all {
            self.close(id, code);
        }
    }

    /// The link to this device, once it said HELLO.
    pub(super) fn ready_link(&self, device: DeviceId) -> Option<LinkId> {
        let id = *self.links_by_peer.get(&device)?;
        self.links.get(&id)?.hello.as_ref().map(|_| id)
    }

    pub(super) fn received(&mut self, id: LinkId, frames: Vec<Frame>) {
        for frame in frames {
            // An earlier frame may have closed it.
            let Some(link) = self.links.get_mut(&id) else { return };
            link.heard = self.now;
            link.pinged = false;
            if let Err(violation) = self.frame(id, frame) {
                if let Some(link) = self.links.get_mut(&id) {
                    link.broken = true;
                }
                self.close(id, violation.code);
            }
        }
    }

    fn frame(&mut self, id: LinkId, frame: Frame) -> Result<(), Violation> {
        self.count_strange(id, matches!(frame, Frame::Letter(_)))?;
        let Some(link) = self.links.get_mut(&id) else { return Ok(()) };
        let peer = link.peer;
        match (&link.hello, frame) {
            (None, Frame::Hello(hello)) => return self.hello(id, hello),
            (Some(_), Frame::Hello(_)) => {
                return Err(Violation::new(CloseCode::OutOfTurn, "a second HELLO"));
            }
            (_, Frame::Bye(bye)) => self.bye(id, &bye),
            (None, _) => return Err(Violation::new(CloseCode::OutOfTurn, "something before HELLO")),
            (_, Frame::Ping(ping)) => link.say(Frame::Pong(ping)),
            (_, Frame::Pong(_) | Frame::Unknown(_)) => {}
            (_, Frame::WhoIs(who)) => {
                if let Some(profile) = who.profile {
                    self.told_of_ourselves(&profile);
                    self.peer_is(peer, &profile);
                }
            }
            (_, Frame::Who) => {
                let profile = self.me.preferences.answer_who.then(|| self.me.profile.clone());
                link.say(Frame::WhoIs(WhoIs { profile }));
            }
            (_, Frame::Letter(letter)) => self.letter_came(letter.sealed, Way::Link(id, peer)),
            (_, Frame::LetterTaken(taken)) => self.letter_taken(peer, taken.letter),
            (_, frame) => match self.contact_at(peer) {
                Some(user) => return self.contact_frame(id, peer, user, frame),
                // They may take us for a contact before we know; what they are counts when it is so.
                None => self.early_frame(id, frame),
            },
        }
        Ok(())
    }

    /// Whoever is no contact has little to say.
    fn count_strange(&mut self, id: LinkId, is_letter: bool) -> Result<(), Violation> {
        let Some(peer) = self.links.get(&id).map(|link| link.peer) else { return Ok(()) };
        if self.contact_at(peer).is_some() {
            return Ok(());
        }
        let Some(link) = self.links.get_mut(&id) else { return Ok(()) };
        link.strange_frames += 1;
        link.strange_letters += u32::from(is_letter);
        if link.strange_letters > self.config.max_letters
            || link.strange_frames > self.config.max_strange_frames
        {
            return Err(Violation::new(CloseCode::Flood, "too much of a stranger"));
        }
        Ok(())
    }

    fn early_frame(&mut self, id: LinkId, frame: Frame) {
        if let (Frame::State(state), Some(link)) = (frame, self.links.get_mut(&id)) {
            link.early_state = Some(Box::new(state));
        }
    }

    fn contact_frame(
        &mut self,
        id: LinkId,
        peer: DeviceId,
        user: UserId,
        frame: Frame,
    ) -> Result<(), Violation> {
        match frame {
            Frame::State(state) => self.state_came(id, user, &state)?,
            Frame::Credit(Credit { bytes }) => {
                if let Some(link) = self.links.get_mut(&id) {
                    link.flow.credit(bytes);
                    link.progress = link.flow.is_under_way().then_some(self.now);
                }
            }
            Frame::Frontier(frontier) => self.frontier_came(id, peer, user, &frontier)?,
            Frame::Want(want) => self.wanted(id, peer, user, &want)?,
            Frame::Events(events) => self.events_came(id, peer, events)?,
            Frame::Cursor(cursor) => self.cursor_came(peer, &cursor),
            Frame::Ephemeral(ephemeral) => self.ephemeral_came(peer, &ephemeral),
            Frame::Reject(reject) => {
                // It does not say which chain; whatever is not acknowledged is tried on the next link.
                let _ = reject;
            }
            Frame::Fork(fork) => self.fork_came(&fork),
            Frame::PeerRecord(record) if record.user == user && record.device == peer => {
                self.learn_addresses(user, &record.addresses);
            }
            _ => {}
        }
        Ok(())
    }

    fn hello(&mut self, id: LinkId, hello: Hello) -> Result<(), Violation> {
        if !hello.versions.contains(&VERSION) {
            return Err(Violation::new(CloseCode::Unsupported, "no common version"));
        }
        let Some(link) = self.links.get_mut(&id) else { return Ok(()) };
        link.flow = crate::sync::Flow::new(hello.limits.window);
        link.hello = Some(hello);
        let peer = link.peer;
        if let Some(stays) = self.double(id, peer) {
            let goes = if stays == id { self.links_by_peer.insert(peer, id) } else { Some(id) };
            if let Some(goes) = goes.filter(|goes| *goes != stays) {
                self.close(goes, CloseCode::Duplicate);
            }
            if stays != id {
                return Ok(());
            }
        }
        self.greet(peer);
        self.ask_once_more(peer);
        self.send_letters(peer);
        Ok(())
    }

    /// With two links to one device: the one that stays.
    fn double(&self, id: LinkId, peer: DeviceId) -> Option<LinkId> {
        let current = *self.links_by_peer.get(&peer)?;
        if current == id {
            // The other one, if there is one, is decided on when it says HELLO.
            return None;
        }
        let (old, new) = (self.links.get(&current)?, self.links.get(&id)?);
        let boots = |link: &Link| link.hello.as_ref().map(|hello| hello.boot);
        let restarted = boots(old).is_some_and(|boot| Some(boot) != boots(new));
        Some(if new_one_stays(old, new, self.me.device, restarted, &self.config) { id } else { current })
    }

    /// Tells a contact who we are now, once per link.
    pub(super) fn greet(&mut self, device: DeviceId) {
        let Some(id) = self.ready_link(device) else { return };
        let Some(user) = self.contact_at(device) else { return };
        let profile = self.me.profile.clone();
        let store = self.me.store;
        let Some(link) = self.links.get_mut(&id) else { return };
        if link.greeted.is_none() {
            link.greeted = Some(self.now);
            self.timers.set_by(Timer::Link(id), self.now + self.config.progress);
            link.say(Frame::State(State { profile: Some(profile), store, resume: 0, root: [0; 16] }));
        }
        if let Some(state) = link.early_state.take()
            && let Err(violation) = self.state_came(id, user, &state)
        {
            self.close(id, violation.code);
        }
    }

    /// Our profile changed: whoever is linked hears it at once.
    pub(super) fn tell_state(&mut self) {
        let linked: Vec<_> = self.links_by_peer.keys().copied().collect();
        for device in linked {
            if let Some(link) = self.links_by_peer.get(&device).and_then(|id| self.links.get_mut(id))
                && link.greeted.is_some()
            {
                link.greeted = None;
                self.greet(device);
            }
        }
    }

    fn state_came(&mut self, id: LinkId, user: UserId, state: &State) -> Result<(), Violation> {
        if let Some(profile) = &state.profile {
            profile.verify()?;
            if profile.user() != user || !self.learn_profile(user, profile) {
                return Err(Violation::new(CloseCode::Contradiction, "another person's profile"));
            }
            self.show_newer(id, user, profile);
            if let Some(device) = self.device_of(user) {
                self.seal_letters_anew(device);
            }
        }
        let Some(link) = self.links.get_mut(&id) else { return Ok(()) };
        if link.compared {
            return Ok(());
        }
        link.compared = true;
        let peer = link.peer;
        self.reach_changed.insert(peer);
        self.tell_addresses(id);
        let pair = self.pair_conversation(peer);
        let talk = self.people.get(&user).map(|someone| someone.conversation);
        for conversation in [Some(pair), talk].into_iter().flatten() {
            let frontier = self.frontier(peer, conversation);
            if let Some(link) = self.links.get_mut(&id) {
                link.say(Frame::Frontier(frontier));
            }
        }
        self.owe_marks(id);
        Ok(())
    }

    /// The peer shows its own profile: what we wrote to it was sealed to keys that it has no more.
    fn peer_is(&mut self, peer: DeviceId, profile: &Profile) {
        let user = profile.user();
        let is_peer =
            self.devices.get(&peer) == Some(&user) && self.relation_at(peer) != Some(Relation::Blocked);
        if is_peer && profile.verify().is_ok() && self.learn_profile(user, profile) {
            self.seal_letters_anew(peer);
        }
    }

    /// Somebody comes with an older profile than they had: they were put back to an old copy and don't know it. Their own
    /// signature tells them.
    pub(super) fn show_newer(&mut self, id: LinkId, user: UserId, shown: &Profile) {
        let Some(known) = self.people.get(&user).map(|someone| &someone.profile) else { return };
        // Two lives from one copy may even give one number twice.
        let unknown = known.devices().seq >= shown.devices().seq && known != shown;
        let forgotten = unknown && known.device().device == shown.device().device;
        let profile = Some(known.clone());
        if let Some(link) = self.links.get_mut(&id).filter(|_| forgotten) {
            link.say(Frame::WhoIs(WhoIs { profile }));
        }
    }

    fn tell_addresses(&mut self, id: LinkId) {
        if self.me.addresses.is_empty() || self.me.preferences.hidden {
            return;
        }
        let record = PeerRecord {
            user: self.me.user,
            device: self.me.device,
            seq: self.wall.0,
            addresses: self.me.addresses.clone(),
            lease: WallMs(self.wall.0.saturating_add(LEASE_MS)),
        };
        if let Some(link) = self.links.get_mut(&id) {
            link.say(Frame::PeerRecord(record.sign(&self.me.link)));
        }
    }

    pub(super) fn tell_addresses_to_all(&mut self) {
        let live: Vec<_> = self.links.iter().filter(|(_, link)| link.is_live()).map(|(id, _)| *id).collect();
        for id in live {
            self.tell_addresses(id);
        }
    }

    pub(super) fn chains_of(&self, peer: DeviceId, conversation: ConversationId) -> &[ChainId] {
        match self.talks.get(&conversation) {
            Some(talk) => &talk.chains,
            None => self.pairs.get(&peer).map(|pair| pair.state.chains.as_slice()).unwrap_or_default(),
        }
    }

    /// All that we have of a conversation.
    fn frontier(&self, peer: DeviceId, conversation: ConversationId) -> Frontier {
        let entries = self.chains_of(peer, conversation).iter().filter_map(|id| self.frontier_entry(*id));
        Frontier { conversation, kind: FrontierKind::Full, entries: entries.collect() }
    }

    fn frontier_entry(&self, id: ChainId) -> Option<FrontierEntry> {
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

    fn frontier_came(
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
    fn wanted(&mut self, id: LinkId, peer: DeviceId, user: UserId, want: &Want) -> Result<(), Violation> {
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

    fn events_came(&mut self, id: LinkId, peer: DeviceId, events: Events) -> Result<(), Violation> {
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

    fn fork_came(&mut self, fork: &Fork) {
        // Two events under our own signature: one of them was written by what we were copied from, or copied to.
        let (one, _) = fork.branches();
        let here = self.chains.get(&one.chain());
        if here.is_some_and(|chain| chain.owner == self.me.device && chain.seq >= one.seq()) {
            self.own_branch(one.chain());
        } else {
            self.discovered_restore(one.chain());
        }
    }

    fn bye(&mut self, id: LinkId, bye: &Bye) {
        let Some(peer) = self.links.get(&id).map(|link| link.peer) else { return };
        self.close(id, CloseCode::Normal);
        if let Some(seconds) = bye.retry_after {
            let wait = std::time::Duration::from_secs(seconds.into()).min(self.config.redial_max);
            self.timers.set(Timer::Dial(peer), self.now + wait);
        }
    }

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

    /// Tells the user who came and who went: what is true at the end of the step, if it is news.
    pub(super) fn tell_reachable(&mut self) {
        for peer in std::mem::take(&mut self.reach_changed) {
            let link = self.links_by_peer.get(&peer).and_then(|link| self.links.get(link));
            let reachable = link.is_some_and(|link| {
                link.is_live() && link.hello.as_ref().is_some_and(|hello| hello.limits.window > 0)
            });
            let news = if reachable { self.reachable.insert(peer) } else { self.reachable.remove(&peer) };
            if news && let Some(user) = self.devices.get(&peer) {
                self.notice(Notice::Reachable { user: *user, reachable });
            }
        }
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

    /// A link's timer rang: is it alive?
    pub(super) fn link_is_due(&mut self, id: LinkId) {
        let Some(link) = self.links.get_mut(&id) else { return };
        let is_contact = self
            .devices
            .get(&link.peer)
            .and_then(|user| self.people.get(user))
            .is_some_and(|someone| someone.relation == Relation::Contact);
        match link.due(self.now, &self.config, is_contact) {
            Due::Later(at) => self.timers.set(Timer::Link(id), at),
            Due::Ping => {
                link.pinged = true;
                link.say(Frame::Ping(Ping { nonce: self.now.0 }));
                let at = link.heard + self.config.dead;
                self.timers.set(Timer::Link(id), at);
            }
            Due::Dead => {
                link.broken = true;
                self.close(id, CloseCode::Timeout);
            }
            Due::Stranger => self.close(id, CloseCode::Normal),
        }
    }

    /// Says BYE on every link, and takes up no new one.
    pub(super) fn goodbye(&mut self) {
        self.leaving = true;
        self.presence_changed = true;
        let all: Vec<_> = self.links.keys().copied().collect();
        for id in all {
            if let Some(link) = self.links.get_mut(&id) {
                let bye = Bye { code: CloseCode::GoingAway, text: String::new(), retry_after: None };
                link.say(Frame::Bye(bye));
            }
            self.close(id, CloseCode::GoingAway);
        }
    }
}
