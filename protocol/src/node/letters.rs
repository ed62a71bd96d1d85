//! Letters: what waits to be confirmed, and what comes in by a link or through the box.

use crate::{
    body::{Body, kind},
    chain,
    codec::record,
    error::CloseCode,
    frame::{Frame, LetterTaken, SealedLetter, WhoIs},
    identity::Profile,
    ids::{DeviceId, LetterId, LinkId, UserId},
    letter::{self, Accept, Answer, Letter, Open, Opened, Proof, Request, Verdict},
    seal::Seal,
    time::WallMs,
    timeline::{Entry, Key, NO_CHAIN},
};

use super::{
    Effect, Node, Notice, Relation, Write,
    people::TheirRequest,
    records::{ANY, Record},
    timers::Timer,
};

/// At most one letter of a kind is on its way to a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum LetterKind {
    Request,
    Answer,
    Open,
}

impl LetterKind {
    pub(super) const ALL: [Self; 3] = [Self::Request, Self::Answer, Self::Open];

    fn of(letter: &Letter) -> Self {
        match letter {
            Letter::Request(_) => Self::Request,
            Letter::Answer(_) => Self::Answer,
            Letter::Open(_) => Self::Open,
        }
    }

    pub(super) fn number(self) -> u8 {
        match self {
            Self::Request => 1,
            Self::Answer => 2,
            Self::Open => 3,
        }
    }

    pub(super) fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.number() == number)
    }
}

/// A letter of ours that was not answered yet.
pub(super) struct Outstanding {
    pub(super) to: UserId,
    pub(super) letter: Letter,
    pub(super) sealed: Vec<u8>,
    /// The seal key that it is sealed to.
    sealed_to: [u8; 32],
    /// When the directory had it.
    posted: Option<WallMs>,
    /// The other has it, durably; what is missing is the answer.
    taken: bool,
    tries: u32,
}

record!(Outstanding { to, letter, sealed: ANY, sealed_to, posted, taken, tries });

/// How a letter came.
#[derive(Debug, Clone, Copy)]
pub(super) enum Way {
    Link(LinkId, DeviceId),
    Box(LetterId),
}

impl<S: Seal> Node<S> {
    pub(super) fn write_letter(&mut self, to: UserId, device: DeviceId, letter: Letter) {
        let kind = LetterKind::of(&letter);
        let letter = Outstanding {
            to,
            letter,
            sealed: Vec::new(),
            sealed_to: [0; 32],
            posted: None,
            taken: false,
            tries: 0,
        };
        self.letters.insert((device, kind), letter);
        self.touch(Record::Letter(device, kind));
        self.send_letter(device, kind);
    }

    /// We can be reached elsewhere: letters that did not leave yet say so.
    pub(super) fn readdress_letters(&mut self) {
        let here = &self.me.addresses;
        for ((device, kind), outstanding) in &mut self.letters {
            let addresses = match &mut outstanding.letter {
                Letter::Request(Request { addresses, .. })
                | Letter::Open(Open { addresses, .. })
                | Letter::Answer(Answer { verdict: Verdict::Accept(Accept { addresses, .. }), .. }) => {
                    addresses
                }
                Letter::Answer(_) => continue,
            };
            if addresses != here && outstanding.posted.is_none() && !outstanding.taken {
                addresses.clone_from(here);
                outstanding.sealed.clear();
                self.dirty.insert(Record::Letter(*device, *kind));
            }
        }
    }

    pub(super) fn forget_letter(&mut self, device: DeviceId, kind: LetterKind) {
        if self.letters.remove(&(device, kind)).is_some() {
            self.touch(Record::Letter(device, kind));
            self.timers.cancel(Timer::Letter(device, kind));
        }
    }

    pub(super) fn has_letters_for(&self, device: DeviceId) -> bool {
        let waits = |kind| self.letters.get(&(device, kind)).is_some_and(|letter| !letter.taken);
        LetterKind::ALL.into_iter().any(waits)
    }

    /// A way to this device opened, or something about it changed.
    pub(super) fn send_letters(&mut self, device: DeviceId) {
        for kind in LetterKind::ALL {
            self.send_letter(device, kind);
        }
    }

    /// What was taken and not answered is said once more on every link: the other may have been restored to before it.
    pub(super) fn ask_once_more(&mut self, device: DeviceId) {
        for kind in [LetterKind::Request, LetterKind::Open] {
            if let Some(letter) = self.letters.get_mut(&(device, kind)) {
                letter.taken = false;
            }
        }
    }

    /// The directory is there.
    pub(super) fn post_letters(&mut self) {
        let all: Vec<_> = self.letters.keys().copied().collect();
        for (device, kind) in all {
            if self.links_by_peer.contains_key(&device) {
                continue;
            }
            self.send_letter(device, kind);
        }
    }

    /// By the link if there is one, else through the box; again later until it is confirmed.
    pub(super) fn send_letter(&mut self, device: DeviceId, kind: LetterKind) {
        let link = self.ready_link(device);
        self.send_letter_by(device, kind, link, link.is_none());
    }

    pub(super) fn letter_is_due(&mut self, device: DeviceId, kind: LetterKind) {
        if let Some(letter) = self.letters.get_mut(&(device, kind)) {
            letter.tries = letter.tries.saturating_add(1);
            // The link may be dead without our knowing: this time both ways.
            let link = self.ready_link(device);
            self.send_letter_by(device, kind, link, true);
        }
    }

    fn send_letter_by(&mut self, device: DeviceId, kind: LetterKind, link: Option<LinkId>, by_box: bool) {
        let Some(letter) = self.letters.get(&(device, kind)) else { return };
        let blocked = self.relation_at(device) == Some(Relation::Blocked);
        if letter.taken || blocked || self.leaving {
            return;
        }
        let (to, tries) = (letter.to, letter.tries);
        let keys = self.people.get(&to).and_then(|someone| someone.profile.device_with(device));
        if by_box && self.directory_up && keys.is_some_and(|record| self.are_old(record.created)) {
            self.batch.effect(Effect::LookUp { user: to });
        }
        if !self.seal_letter(device, kind) {
            return;
        }
        let Some(letter) = self.letters.get(&(device, kind)) else { return };
        let sealed = letter.sealed.clone();
        // A box keeps a letter for two weeks; half of that later it may well be gone.
        let posted = letter.posted.is_some_and(|when| self.age(when).as_secs() < 7 * 24 * 3600);
        if let Some(link) = link
            && let Some(link) = self.links.get_mut(&link)
        {
            link.say(Frame::Letter(SealedLetter { sealed: sealed.clone() }));
        }
        if by_box && self.directory_up && !posted {
            let id = letter::id(&sealed);
            self.batch.effect(Effect::Post { to, device, letter: id, sealed });
        }
        let wait = self.config.letter_min.saturating_mul(1 << tries.min(12)).min(self.config.letter_max);
        self.timers.set(Timer::Letter(device, kind), self.now + wait);
    }

    /// Seals it to the seal key that the other has now. False if that is not possible.
    fn seal_letter(&mut self, device: DeviceId, kind: LetterKind) -> bool {
        let Some(outstanding) = self.letters.get_mut(&(device, kind)) else { return false };
        let Some(someone) = self.people.get(&outstanding.to) else { return false };
        let Some(record) = someone.profile.device_with(device) else { return false };
        if !outstanding.sealed.is_empty() && outstanding.sealed_to == record.seal_key {
            return true;
        }
        let (_, secret) = self.me.seal_key();
        let proof = match (someone.relation, &outstanding.letter) {
            (Relation::Contact, Letter::Open(_)) => Proof::SealKey(secret),
            _ => Proof::LinkKey(&self.me.link),
        };
        let mut sealed = letter::seal(&outstanding.letter, &self.me.profile, proof, record, &mut self.rng);
        if sealed.is_err()
            && let Letter::Answer(Answer { verdict: Verdict::Accept(accept), .. }) = &mut outstanding.letter
        {
            // The pair events go by the link instead.
            accept.events.clear();
            sealed = letter::seal(&outstanding.letter, &self.me.profile, proof, record, &mut self.rng);
        }
        let Ok(sealed) = sealed else { return false };
        outstanding.sealed = sealed;
        outstanding.sealed_to = record.seal_key;
        outstanding.posted = None;
        self.touch(Record::Letter(device, kind));
        true
    }

    fn letter_named(&self, id: LetterId) -> Option<(DeviceId, LetterKind)> {
        self.letters.iter().find(|(_, letter)| letter::id(&letter.sealed) == id).map(|(key, _)| *key)
    }

    pub(super) fn letter_posted(&mut self, id: LetterId) {
        let Some(key) = self.letter_named(id) else { return };
        let Some(letter) = self.letters.get_mut(&key) else { return };
        letter.posted = Some(self.wall);
        let is_no = matches!(&letter.letter, Letter::Answer(Answer { verdict: Verdict::Decline, .. }));
        self.touch(Record::Letter(key.0, key.1));
        if is_no {
            // Whoever misses it asks again, and is told again.
            self.forget_letter(key.0, key.1);
        }
    }

    /// Their profile may be newer than we know.
    pub(super) fn letter_refused(&mut self, id: LetterId) {
        let Some((device, kind)) = self.letter_named(id) else { return };
        let Some(letter) = self.letters.get(&(device, kind)) else { return };
        self.batch.effect(Effect::LookUp { user: letter.to });
    }

    pub(super) fn letter_taken(&mut self, from: DeviceId, id: LetterId) {
        let Some((device, kind)) = self.letter_named(id) else { return };
        if device != from {
            return;
        }
        if kind == LetterKind::Answer {
            self.forget_letter(device, kind);
        } else if let Some(letter) = self.letters.get_mut(&(device, kind)) {
            letter.taken = true;
            self.touch(Record::Letter(device, kind));
            self.timers.cancel(Timer::Letter(device, kind));
        }
    }

    /// A letter came. It is confirmed once it is stored, or when it never will be; else it stays where it is.
    pub(super) fn letter_came(&mut self, sealed: Vec<u8>, way: Way) {
        if self.read_letter(&sealed, way) {
            self.confirm_letter(letter::id(&sealed), way);
        } else if let Way::Box(id) = way {
            // Hidden, or too much waits already: it is read when that changed.
            if self.deferred.len() < self.config.max_requests {
                self.deferred.insert(id, sealed);
            }
        }
    }

    fn confirm_letter(&mut self, id: LetterId, way: Way) {
        match way {
            Way::Box(letter) => {
                self.deferred.remove(&letter);
                self.batch.effect(Effect::TakeOut { letter });
            }
            Way::Link(link, _) => {
                if let Some(link) = self.links.get_mut(&link) {
                    link.say(Frame::LetterTaken(LetterTaken { letter: id }));
                }
            }
        }
    }

    pub(super) fn read_deferred(&mut self) {
        for (id, sealed) in std::mem::take(&mut self.deferred) {
            self.letter_came(sealed, Way::Box(id));
        }
    }

    /// True if the letter is done with.
    fn read_letter(&mut self, sealed: &[u8], way: Way) -> bool {
        let keys: Vec<_> = self.me.seal_keys.values().rev().cloned().collect();
        let Ok(Opened { from, letter, .. }) = letter::open(sealed, &keys) else {
            return self.unreadable(way);
        };
        let user = from.user();
        if user == self.me.user {
            return true;
        }
        if let Way::Link(_, device) = way
            && device != from.device().device
        {
            return true;
        }
        if let Some(someone) = self.people.get(&user) {
            if someone.relation == Relation::Blocked || !self.learn_profile(user, &from) {
                return true;
            }
            if let Way::Link(link, _) = way {
                self.show_newer(link, user, &from);
            }
        } else if !matches!(letter, Letter::Request(_)) {
            return true;
        }
        let device = from.device().device;
        let done = match letter {
            Letter::Request(request) => self.request_came(user, from, request),
            Letter::Answer(answer) => {
                self.answer_came(user, device, answer);
                true
            }
            Letter::Open(open) => self.open_came(user, device, &open, way),
        };
        self.seal_letters_anew(device);
        done
    }

    /// Nobody has the key of it any more. Whoever is there to hear it is shown the one that we have now, and writes again; what
    /// lies in a box is thrown away.
    fn unreadable(&mut self, way: Way) -> bool {
        let Way::Link(link, device) = way else { return true };
        let shown = match self.relation_at(device) {
            None => self.me.preferences.answer_who,
            Some(relation) => relation != Relation::Blocked,
        };
        let profile = Some(self.me.profile.clone());
        if let Some(link) = self.links.get_mut(&link).filter(|_| shown) {
            link.say(Frame::WhoIs(WhoIs { profile }));
        }
        false
    }

    /// What was sealed to keys that this device has no more is sealed to those that it has now.
    pub(super) fn seal_letters_anew(&mut self, device: DeviceId) {
        let user = self.devices.get(&device).and_then(|user| self.people.get(user));
        let Some(record) = user.and_then(|someone| someone.profile.device_with(device)) else { return };
        let key = record.seal_key;
        for kind in LetterKind::ALL {
            let letter = self.letters.get_mut(&(device, kind));
            if let Some(letter) = letter.filter(|letter| !letter.sealed.is_empty() && letter.sealed_to != key)
            {
                letter.taken = false;
                self.send_letter(device, kind);
            }
        }
    }

    fn request_came(&mut self, user: UserId, from: Profile, request: Request) -> bool {
        let device = from.device().device;
        let before = self.people.get(&user).map(|someone| someone.relation);
        match before {
            None => {
                let asking =
                    self.people.values().filter(|someone| someone.relation == Relation::Asking).count();
                if self.me.preferences.hidden || asking >= self.config.max_requests {
                    return false;
                }
                self.meet(from, Relation::Asking);
            }
            Some(Relation::Contact) => {
                self.asked_by_contact(user, device, &request);
                return true;
            }
            Some(_) => {}
        }
        let Some(someone) = self.people.get_mut(&user) else { return true };
        let conversation = someone.conversation;
        someone.theirs = Some(request.capability);
        let known = someone.request.as_ref().is_some_and(|known| known.msg_id == request.msg_id);
        someone.request = Some(TheirRequest { msg_id: request.msg_id, one_time_key: request.one_time_key });
        self.touch(Record::Person(user));
        self.learn_addresses(user, &request.addresses);
        if !known && !request.text.trim().is_empty() {
            let top = self.talks.get(&conversation).map_or(0, |talk| talk.top);
            let key = Key { ord: chain::stamp(self.wall, top).0, chain: NO_CHAIN, seq: 0 };
            let id = request.msg_id;
            self.batch.write(Write::Entry(Entry {
                conversation,
                target: id,
                msg_id: id,
                key,
                author: user,
                mine: false,
                wall: self.wall,
                received: self.wall,
                kind: kind::TEXT,
                data: Body::text(request.text).to_data(),
                ttl_s: None,
            }));
            self.notice(Notice::Item { conversation, id });
        }
        match before {
            // Both asked: that is a yes. The smaller one counts as the asker, the other opens the session.
            Some(Relation::Asked) if self.me.user < user => {
                if let Some(someone) = self.people.get_mut(&user) {
                    someone.relation = Relation::Contact;
                }
                self.changed(user);
                self.became_contact(user);
            }
            Some(Relation::Asked | Relation::DeclinedMe) => self.answer_yes(user),
            Some(Relation::Declined) => self.answer_no(user),
            _ => self.changed(user),
        }
        true
    }

    /// A contact that asks lost our answer, or more: its device is new or was restored.
    fn asked_by_contact(&mut self, user: UserId, device: DeviceId, request: &Request) {
        let seen =
            self.pairs.get(&device).is_some_and(|pair| pair.state.seen.contains(&request.one_time_key));
        if seen {
            // It was put back to before our answer came. The session that came with it is not made twice; comparing what each
            // has of the other's chains tells the rest.
            if !self.letters.contains_key(&(device, LetterKind::Answer)) {
                self.answer_again(user, device);
            }
            self.send_letter(device, LetterKind::Answer);
            return;
        }
        let crossing = self.letters.contains_key(&(device, LetterKind::Request)) && self.me.user < user;
        if crossing {
            return;
        }
        if let Some(someone) = self.people.get_mut(&user) {
            someone.request =
                Some(TheirRequest { msg_id: request.msg_id, one_time_key: request.one_time_key });
            someone.theirs = Some(request.capability.clone());
        }
        self.touch(Record::Person(user));
        self.learn_addresses(user, &request.addresses);
        self.answer_yes(user);
    }

    fn answer_came(&mut self, user: UserId, device: DeviceId, answer: Answer) {
        let Some(someone) = self.people.get_mut(&user) else { return };
        if someone.asked != Some(answer.msg_id) {
            return;
        }
        match (someone.relation, answer.verdict) {
            (Relation::Asked | Relation::DeclinedMe, Verdict::Decline) => {
                someone.relation = Relation::DeclinedMe;
                self.forget_letter(device, LetterKind::Request);
                self.changed(user);
                self.presence_changed = true;
            }
            // They were a contact of an earlier device of theirs, and a stranger to this one.
            (Relation::Contact, Verdict::Decline)
                if self.letters.contains_key(&(device, LetterKind::Request)) =>
            {
                someone.relation = Relation::DeclinedMe;
                self.forget_letter(device, LetterKind::Request);
                self.changed(user);
                self.close_links_to(device, CloseCode::Normal);
                self.presence_changed = true;
            }
            (Relation::Asked | Relation::DeclinedMe | Relation::Contact, Verdict::Accept(accept)) => {
                let was = someone.relation;
                someone.relation = Relation::Contact;
                if accept.capability.is_some() {
                    someone.theirs = accept.capability;
                }
                self.changed(user);
                self.learn_addresses(user, &accept.addresses);
                self.forget_letter(device, LetterKind::Request);
                for event in accept.events {
                    let taken = event.verify().and_then(|event| self.take_event(device, None, &event));
                    if taken.is_err() {
                        break;
                    }
                }
                if was == Relation::Contact {
                    self.dial_user(user);
                } else {
                    self.became_contact(user);
                }
            }
            _ => {}
        }
    }

    fn open_came(&mut self, user: UserId, device: DeviceId, open: &Open, way: Way) -> bool {
        if self.contact_at(device).is_none() {
            return true;
        }
        self.learn_addresses(user, &open.addresses);
        if self.pairs.get(&device).is_some_and(|pair| pair.state.seen.contains(&open.one_time_key)) {
            return true;
        }
        let ours = self.letters.get(&(device, LetterKind::Open));
        if ours.is_some_and(|ours| ours.tries == 0) && self.me.device < device && matches!(way, Way::Link(..))
        {
            // Ours counts. Should it come to nothing, theirs comes again.
            return false;
        }
        if self.me.device > device {
            self.forget_letter(device, LetterKind::Open);
        }
        self.open_pair(user, device, open.one_time_key, Some(&open.readable));
        self.dial(device);
        true
    }
}
