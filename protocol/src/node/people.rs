//! The people that this node knows, and where it stands with each: ask, accept, decline, block.

use crate::{
    address::Address,
    body::Body,
    codec::{Decoder, Encoder, Wire, record},
    config::{MAX_ADDRESSES, MAX_REQUEST_TEXT},
    error::{CloseCode, Violation},
    identity::{Capability, Profile, one_to_one},
    ids::{ConversationId, DeviceId, MsgId, UserId},
    letter::{Accept, Answer, Letter, Request, Verdict},
    pair::Said,
    seal::Seal,
    time::WallMs,
    timeline::System,
};

use super::{
    Effect, KeyState, Node, Notice, Person, Refusal, Relation, Reply, Write, conversation::Message,
    letters::LetterKind, records::Record, timers::Timer,
};

/// Bytes of pair events that an answer brings along: with the profile they stay below the size of a letter.
const ANSWER_EVENTS: usize = 4 << 10;

/// Somebody this node knows.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Someone {
    /// As newly as it is known; its account key is the pinned one.
    pub(super) profile: Profile,
    pub(super) relation: Relation,
    pub(super) keys: KeyState,
    pub(super) since: WallMs,
    pub(super) conversation: ConversationId,
    pub(super) replaces: Option<UserId>,
    /// What the relation was before they were blocked.
    pub(super) before_block: Option<Relation>,
    /// With it they see our presence.
    pub(super) mine: Capability,
    /// With it we see theirs.
    pub(super) theirs: Option<Capability>,
    /// Where they were last known to listen.
    pub(super) addresses: Vec<Address>,
    /// Their request.
    pub(super) request: Option<TheirRequest>,
    /// The message of our own request.
    pub(super) asked: Option<MsgId>,
}

record!(Someone {
    profile,
    relation,
    keys,
    since,
    conversation,
    replaces,
    before_block,
    mine,
    theirs,
    addresses: MAX_ADDRESSES,
    request,
    asked,
});

/// What an answer to a request needs.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct TheirRequest {
    pub(super) msg_id: MsgId,
    pub(super) one_time_key: [u8; 32],
}

record!(TheirRequest { msg_id, one_time_key });

impl Wire for Relation {
    fn encode(&self, to: &mut Encoder) {
        to.unsigned(match self {
            Relation::Asked => 0,
            Relation::Asking => 1,
            Relation::Contact => 2,
            Relation::DeclinedMe => 3,
            Relation::Declined => 4,
            Relation::Blocked => 5,
        });
    }

    fn decode(from: &mut Decoder<'_>) -> Result<Self, Violation> {
        Ok(match from.unsigned()? {
            0 => Relation::Asked,
            1 => Relation::Asking,
            2 => Relation::Contact,
            3 => Relation::DeclinedMe,
            4 => Relation::Declined,
            5 => Relation::Blocked,
            _ => return Err(Violation::malformed("an unknown relation")),
        })
    }
}

impl Wire for KeyState {
    fn encode(&self, to: &mut Encoder) {
        to.bool(*self == KeyState::Changed);
    }

    fn decode(from: &mut Decoder<'_>) -> Result<Self, Violation> {
        Ok(if from.bool()? { KeyState::Changed } else { KeyState::Pinned })
    }
}

impl<S: Seal> Node<S> {
    /// The contact behind a device, if it is one.
    pub(super) fn contact_at(&self, device: DeviceId) -> Option<UserId> {
        let user = *self.devices.get(&device)?;
        (self.people.get(&user)?.relation == Relation::Contact).then_some(user)
    }

    pub(super) fn relation_at(&self, device: DeviceId) -> Option<Relation> {
        Some(self.people.get(self.devices.get(&device)?)?.relation)
    }

    pub(super) fn device_of(&self, user: UserId) -> Option<DeviceId> {
        Some(self.people.get(&user)?.profile.device().device)
    }

    /// Something about this person changed: record, row and notice follow at the end of the step.
    pub(super) fn changed(&mut self, user: UserId) {
        self.touch(Record::Person(user));
        self.changed_people.insert(user);
    }

    pub(super) fn write_people(&mut self) {
        for user in std::mem::take(&mut self.changed_people) {
            let Some(someone) = self.people.get(&user) else { continue };
            self.batch.write(Write::Person(Person {
                user,
                username: someone.profile.username().to_string(),
                relation: someone.relation,
                keys: someone.keys,
                account_key: *someone.profile.account_key(),
                since: someone.since,
                conversation: someone.conversation,
                replaces: someone.replaces,
            }));
            self.notice(Notice::Person { user });
        }
    }

    /// Somebody new, with an empty conversation.
    pub(super) fn meet(&mut self, profile: Profile, relation: Relation) -> UserId {
        let user = profile.user();
        let conversation = one_to_one(self.me.user, user);
        let replaces = self.same_name(&profile);
        self.devices.insert(profile.device().device, user);
        let someone = Someone {
            keys: if replaces.is_some() && relation == Relation::Asking {
                KeyState::Changed
            } else {
                KeyState::Pinned
            },
            profile,
            relation,
            since: self.wall,
            conversation,
            replaces,
            before_block: None,
            mine: Capability::generate(&mut self.rng),
            theirs: None,
            addresses: Vec::new(),
            request: None,
            asked: None,
        };
        self.people.insert(user, someone);
        self.changed(user);
        self.begin_talk(conversation, user);
        if let Some(old) = replaces {
            self.keys_changed(old);
            self.row(conversation, System::KeysChanged);
        }
        user
    }

    /// The person we knew by this name until now: their account was made anew.
    fn same_name(&self, profile: &Profile) -> Option<UserId> {
        let user = profile.user();
        let known = self.people.iter().filter(|(other, someone)| {
            **other != user && someone.profile.username() == profile.username() && someone.asked_or_contact()
        });
        known.max_by_key(|(_, someone)| someone.since).map(|(other, _)| *other)
    }

    fn keys_changed(&mut self, user: UserId) {
        if let Some(someone) = self.people.get_mut(&user)
            && someone.keys != KeyState::Changed
        {
            someone.keys = KeyState::Changed;
            let conversation = someone.conversation;
            self.changed(user);
            self.row(conversation, System::KeysChanged);
        }
    }

    /// Takes a verified profile of somebody we know, if it is newer and goes on from the pinned keys. False if it contradicts
    /// them.
    pub(super) fn learn_profile(&mut self, user: UserId, profile: &Profile) -> bool {
        let Some(someone) = self.people.get_mut(&user) else { return false };
        let known = &someone.profile;
        if profile == known {
            return true;
        }
        if !profile.history().continues(known.history()) {
            // An older profile is no contradiction, only old.
            return known.history().continues(profile.history());
        }
        if profile.devices().seq <= known.devices().seq {
            return true;
        }
        let (old, new) = (known.device().device, profile.device().device);
        someone.profile = profile.clone();
        if old != new {
            self.moved(user, old, new);
        }
        self.changed(user);
        true
    }

    pub(super) fn learn_addresses(&mut self, user: UserId, addresses: &[Address]) {
        let Some(someone) = self.people.get_mut(&user) else { return };
        if addresses.is_empty() || someone.addresses == addresses {
            return;
        }
        someone.addresses = addresses.iter().take(MAX_ADDRESSES).cloned().collect();
        self.touch(Record::Person(user));
    }

    /// What the directory has of somebody we know.
    pub(super) fn profile_looked_up(&mut self, user: UserId, profile: &Profile) {
        if user == self.me.user {
            self.told_of_ourselves(profile);
        }
        if profile.verify().is_err() || !self.people.contains_key(&user) {
            return;
        }
        if profile.user() == user {
            let known = self.people.get(&user).map(|someone| someone.profile.devices().seq);
            self.learn_profile(user, profile);
            let now = self.people.get(&user).map(|someone| someone.profile.devices().seq);
            let Some(device) = self.device_of(user).filter(|_| known != now) else { return };
            // What a box refused may be taken for the newer keys; else its timer tries again.
            self.send_letters(device);
            self.introduce(user);
        } else if self.people.get(&user).is_some_and(|known| known.profile.username() == profile.username()) {
            self.keys_changed(user);
        }
    }

    pub(super) fn ask(
        &mut self,
        profile: Profile,
        addresses: &[Address],
        msg_id: MsgId,
        text: String,
    ) -> Result<Reply, Refusal> {
        profile.verify().map_err(|violation| Refusal::BadProfile(violation.detail))?;
        let user = profile.user();
        if user == self.me.user {
            return Err(Refusal::Yourself);
        }
        check_text(&text, MAX_REQUEST_TEXT)?;
        let body = Body::text(text.clone());
        if let Some(someone) = self.people.get(&user) {
            let (relation, conversation) = (someone.relation, someone.conversation);
            if relation == Relation::Blocked {
                return Err(Refusal::Blocked);
            }
            self.learn_profile(user, &profile);
            self.learn_addresses(user, addresses);
            if matches!(relation, Relation::Asking | Relation::Declined) {
                self.accept(user)?;
            }
            self.dial_user(user);
            return self.send(conversation, msg_id, None, &body);
        }
        if profile.device().is_expired(self.wall) {
            return Err(Refusal::BadProfile("it has expired; its owner must come online once"));
        }
        let waiting = self.people.values().filter(|someone| someone.relation == Relation::Asked).count();
        if waiting >= self.config.max_asked {
            return Err(Refusal::TooManyRequests);
        }
        let device = profile.device().device;
        self.meet(profile, Relation::Asked);
        self.learn_addresses(user, addresses);
        let conversation = one_to_one(self.me.user, user);
        let (kind, data) = (body.kind(), body.to_data());
        self.write_content(
            conversation,
            Message { msg_id, kind, data, wall: self.wall, target: None, ttl_s: None },
        );
        if let Some(someone) = self.people.get_mut(&user) {
            someone.asked = Some(msg_id);
        }
        self.request(user, device, msg_id, text);
        self.presence_changed = true;
        self.dial_user(user);
        Ok(Reply::Written { conversation, id: msg_id })
    }

    /// The letter of our request, with a one-time key of its own.
    pub(super) fn request(&mut self, user: UserId, device: DeviceId, msg_id: MsgId, text: String) {
        let Some(someone) = self.people.get(&user) else { return };
        let capability = someone.mine.clone();
        let one_time_key = self.seal.new_one_time_key(&mut self.me.olm);
        self.touch(Record::Olm);
        let addresses = self.me.addresses.clone();
        let request = Request { addresses, capability, one_time_key, msg_id, text };
        self.write_letter(user, device, Letter::Request(request));
    }

    pub(super) fn accept(&mut self, user: UserId) -> Result<Reply, Refusal> {
        let someone = self.people.get(&user).ok_or(Refusal::UnknownPerson)?;
        match someone.relation {
            Relation::Contact => return Ok(Reply::Done),
            Relation::Blocked => return Err(Refusal::Blocked),
            Relation::Asking | Relation::Declined if someone.request.is_some() => {}
            _ => return Err(Refusal::NoRequest),
        }
        self.answer_yes(user);
        Ok(Reply::Done)
    }

    /// Opens the pair from their one-time key, and answers.
    pub(super) fn answer_yes(&mut self, user: UserId) {
        let Some(someone) = self.people.get_mut(&user) else { return };
        let Some(request) = &someone.request else { return };
        let (msg_id, one_time_key) = (request.msg_id, request.one_time_key);
        let capability = Some(someone.mine.clone());
        let device = someone.profile.device().device;
        someone.relation = Relation::Contact;
        self.changed(user);
        self.forget_letter(device, LetterKind::Request);
        let events = self.open_pair(user, device, one_time_key, None);
        let mut bytes = 0;
        let events = events
            .iter()
            .map(|event| event.to_unverified())
            .zip(&events)
            .take(crate::config::MAX_LETTER_EVENTS)
            .take_while(|(_, event)| {
                bytes += event.wire_len();
                bytes <= ANSWER_EVENTS
            })
            .map(|(unverified, _)| unverified)
            .collect();
        let addresses = self.me.addresses.clone();
        let verdict = Verdict::Accept(Accept { addresses, capability, events });
        self.write_letter(user, device, Letter::Answer(Answer { msg_id, verdict }));
        self.became_contact(user);
    }

    /// From now on this person's device is let in.
    pub(super) fn became_contact(&mut self, user: UserId) {
        self.presence_changed = true;
        let Some(device) = self.device_of(user) else { return };
        self.greet(device);
        self.dial_user(user);
    }

    pub(super) fn decline(&mut self, user: UserId) -> Result<Reply, Refusal> {
        let someone = self.people.get_mut(&user).ok_or(Refusal::UnknownPerson)?;
        match someone.relation {
            Relation::Asking => {}
            Relation::Declined => return Ok(Reply::Done),
            Relation::Blocked => return Err(Refusal::Blocked),
            _ => return Err(Refusal::NoRequest),
        }
        someone.relation = Relation::Declined;
        self.changed(user);
        self.answer_no(user);
        Ok(Reply::Done)
    }

    pub(super) fn answer_no(&mut self, user: UserId) {
        let Some(someone) = self.people.get(&user) else { return };
        let Some(request) = &someone.request else { return };
        let answer = Answer { msg_id: request.msg_id, verdict: Verdict::Decline };
        let device = someone.profile.device().device;
        self.write_letter(user, device, Letter::Answer(answer));
        self.dial_user(user);
    }

    pub(super) fn block(&mut self, user: UserId) -> Result<Reply, Refusal> {
        let someone = self.people.get_mut(&user).ok_or(Refusal::UnknownPerson)?;
        if someone.relation == Relation::Blocked {
            return Ok(Reply::Done);
        }
        someone.before_block = Some(someone.relation);
        someone.relation = Relation::Blocked;
        // Whoever was let see our presence is let no more, under any name.
        someone.mine = Capability::generate(&mut self.rng);
        let device = someone.profile.device().device;
        self.changed(user);
        self.presence_changed = true;
        // Our own request stays, and the wish for a session, and neither is sent while they are blocked.
        self.forget_letter(device, LetterKind::Answer);
        self.timers.cancel(Timer::Dial(device));
        self.close_links_to(device, CloseCode::Normal);
        Ok(Reply::Done)
    }

    pub(super) fn unblock(&mut self, user: UserId) -> Result<Reply, Refusal> {
        let someone = self.people.get_mut(&user).ok_or(Refusal::UnknownPerson)?;
        if someone.relation != Relation::Blocked {
            return Ok(Reply::Done);
        }
        let before = someone.before_block.take().unwrap_or(Relation::Declined);
        someone.relation = before;
        let device = someone.profile.device().device;
        let mine = someone.mine.clone();
        self.changed(user);
        self.presence_changed = true;
        if before == Relation::Contact {
            self.say_pair(device, vec![Said::Capability(mine)]);
        }
        self.send_letters(device);
        self.dial_user(user);
        Ok(Reply::Done)
    }

    pub(super) fn confirm_keys(&mut self, user: UserId) -> Result<Reply, Refusal> {
        let someone = self.people.get_mut(&user).ok_or(Refusal::UnknownPerson)?;
        if someone.keys == KeyState::Changed {
            someone.keys = KeyState::Pinned;
            self.changed(user);
        }
        Ok(Reply::Done)
    }

    /// The whole presence state, if it changed and somebody is there to take it.
    pub(super) fn tell_presence(&mut self) {
        if !std::mem::take(&mut self.presence_changed) || !self.directory_up {
            return;
        }
        let shown =
            |someone: &&Someone| someone.asked_or_contact() && someone.relation != Relation::DeclinedMe;
        let silent = self.me.preferences.hidden || self.leaving;
        let give = match silent {
            true => Vec::new(),
            false => self.people.values().filter(shown).map(|someone| someone.mine.clone()).collect(),
        };
        let watch = self.people.iter().filter(|(_, someone)| someone.relation == Relation::Contact);
        let watch = watch.filter_map(|(user, someone)| Some((*user, someone.theirs.clone()?))).collect();
        self.batch.effect(Effect::Presence { give, watch });
    }
}

impl Someone {
    /// The relation, or what it would be if they were not blocked.
    pub(super) fn relation_unblocked(&self) -> Relation {
        self.before_block.unwrap_or(self.relation)
    }

    /// We wanted to write to them, and they did not refuse for good.
    fn asked_or_contact(&self) -> bool {
        matches!(self.relation, Relation::Asked | Relation::Contact | Relation::DeclinedMe)
    }
}

pub(super) fn check_text(text: &str, limit: usize) -> Result<(), Refusal> {
    if text.trim().is_empty() {
        return Err(Refusal::Empty);
    }
    let bytes = text.len();
    if bytes > limit { Err(Refusal::TooLong { bytes, limit }) } else { Ok(()) }
}
