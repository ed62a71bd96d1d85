//! Links: who is at the other end, and what may be said there.

use crate::{
    config::MAX_MESSAGE,
    error::{CloseCode, Violation},
    frame::{Credit, Frame, Hello, Limits, State, WhoIs},
    identity::{PeerRecord, Profile},
    ids::{DeviceId, LinkId, UserId},
    link::{Link, new_one_stays},
    seal::Seal,
    time::WallMs,
};

use super::{Effect, Node, Relation, letters::Way, timers::Timer};

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
                None => return self.early_frame(id, frame),
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

    fn early_frame(&mut self, id: LinkId, frame: Frame) -> Result<(), Violation> {
        let Frame::State(state) = frame else { return Ok(()) };
        if let Some(user) = state.profile.as_ref().and_then(|profile| self.shows_itself(id, profile)) {
            return self.state_came(id, user, &state);
        }
        if let Some(link) = self.links.get_mut(&id) {
            link.early_state = Some(Box::new(state));
        }
        Ok(())
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
}
