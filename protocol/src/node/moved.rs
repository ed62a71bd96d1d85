//! New devices of people: ours, made from a backup with the people that it knows; and that of a contact who moved.
//!
//! No ratchet ever moves. The new device begins chains of its own, and a letter *open* to each contact begins a session.
//! Whoever has a recovery file and no backup knows nobody: there the contacts write first. What they write is a *request*,
//! as to any stranger, because that is what they are to a node that knows nobody: an *open* that were taken at its word
//! would let anybody in who claims to be an old friend, and those who had been blocked before as well.

use std::{fmt, time::Duration};

use crate::{
    body::Body,
    codec::{self, record},
    config::MAX_REQUEST_TEXT,
    error::{CloseCode, Violation},
    event::{Class, Event, EventBody, UnverifiedEvent},
    identity::Profile,
    ids::{ChainId, ConversationId, DeviceId, LinkId, MsgId, UserId},
    letter::Letter,
    seal::Seal,
    time::WallMs,
    timeline::{self, Content, Item, System},
};

use super::{
    Conversation, Effect, Node, Notice, OpenError, Relation, Write,
    chains::Chain,
    conversation::{Message, Talk},
    letters::LetterKind,
    loads::Purpose,
    me::{Stored, random},
    people::Someone,
    records::{ANY, Record, read},
    timers::Timer,
};

/// Between two looks for newer keys of somebody for whom something waits: the first wait, and the longest. A directory
/// answers 30 in an hour, all people together.
const SEEK: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(2 * 60 * 60));

/// What a backup takes of a machine's records: people and places, and nothing that must be on one device only.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Carried {
    /// The number of the newest profile of the account: that of a new device is above it.
    pub number: u64,
    pub known: Vec<Known>,
}

/// Somebody that a node knows, as a new device of its user takes them over.
#[derive(Clone, PartialEq, Eq)]
pub struct Known {
    kept: Kept,
    /// Own messages that nobody confirmed; they are written once more.
    unsent: Vec<Message>,
}

/// What of it is in a backup.
#[derive(Clone, PartialEq, Eq)]
struct Kept {
    someone: Someone,
    /// The greatest place in the conversation.
    top: u64,
    theirs: Vec<Place>,
    /// How long messages stay there.
    timer: Option<timeline::Timer>,
}

record!(Kept { someone, top, theirs: ANY; timer });

/// How far a chain of theirs was opened. All up to there is history, and does not come again.
#[derive(Clone, PartialEq, Eq)]
struct Place {
    chain: ChainId,
    owner: DeviceId,
    incarnation: u64,
    seq: u64,
    ord: u64,
    read: u64,
    /// The event there, without its body: what is stored begins with it. A place without it does not count.
    head: Option<UnverifiedEvent>,
}

record!(Place { chain, owner, incarnation, seq, ord, read, head });

impl Carried {
    /// Reads it from the records of a node, which may be running.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn of(records: &[(Vec<u8>, Vec<u8>)]) -> Result<Self, OpenError> {
        let find =
            |record: Record| records.iter().find(|(key, _)| *key == record.key()).map(|(_, value)| value);
        let mut carried = Self::default();
        for (key, value) in records {
            match Record::parse(key) {
                Some(Record::Me) => carried.number = read::<Stored>(value)?.number(),
                Some(Record::Person(_)) => {
                    let someone: Someone = read(value)?;
                    let mut kept = Kept { top: 0, theirs: Vec::new(), timer: None, someone };
                    if let Some(talk) = find(Record::Talk(kept.someone.conversation)) {
                        let talk: Talk = read(talk)?;
                        (kept.top, kept.timer) = (talk.top, talk.timer);
                        for id in &talk.chains {
                            let Some(chain) = find(Record::Chain(*id)) else { continue };
                            let read_to = talk.marks.mine.get(id).map_or(0, |mark| mark.1);
                            kept.theirs.extend(Place::of(*id, &read(chain)?, read_to));
                        }
                        let device = kept.someone.profile.device().device;
                        kept.theirs.retain(|place| place.owner == device);
                    }
                    carried.known.push(Known { kept, unsent: Vec::new() });
                }
                _ => {}
            }
        }
        Ok(carried)
    }
}

impl Place {
    /// Of a chain with events that were not opened yet nothing is known: it comes again as a whole, with its keys.
    fn of(id: ChainId, chain: &Chain, read: u64) -> Option<Self> {
        let whole = chain.class == Class::Content && chain.bound && !chain.forked;
        (whole && chain.opened == chain.seq && chain.seq > 0).then_some(Self {
            chain: id,
            owner: chain.owner,
            incarnation: chain.incarnation,
            seq: chain.seq,
            ord: chain.ord,
            read,
            head: None,
        })
    }
}

impl Known {
    pub fn user(&self) -> UserId {
        self.kept.someone.profile.user()
    }

    pub fn conversation(&self) -> ConversationId {
        self.kept.someone.conversation
    }

    /// How long messages with them stay, if somebody ever set it.
    pub fn timer(&self) -> Option<timeline::Timer> {
        self.kept.timer
    }

    /// Events that belong into the backup: [`Known::hold`] takes them.
    pub fn heads(&self) -> Vec<(ChainId, u64)> {
        self.kept.theirs.iter().map(|place| (place.chain, place.seq)).collect()
    }

    /// One of [`Known::heads`].
    pub fn hold(&mut self, head: &Event) {
        let place = self.kept.theirs.iter_mut().find(|p| (p.chain, p.seq) == (head.chain(), head.seq()));
        if let Some(place) = place {
            let (header, signature) = (head.header_bytes().to_vec(), *head.signature());
            place.head = Some(UnverifiedEvent::from_parts(header, signature, None));
        }
    }

    /// For a backup.
    pub fn to_bytes(&self) -> Vec<u8> {
        codec::to_bytes(&self.kept)
    }

    /// From a backup.
    ///
    /// # Errors
    /// The bytes are none of [`Known::to_bytes`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Violation> {
        Ok(Self { kept: codec::from_bytes(bytes)?, unsent: Vec::new() })
    }

    /// An own message of the history that the other has not confirmed: the chain that it stood in ended with the device
    /// before, so it is written once more, under its id. Whoever has it shows it once.
    pub fn write_again(&mut self, item: &Item) {
        let body = match (&item.content, item.text()) {
            (Content::Text { reply, .. }, Some(text)) => Body::Text { text: text.to_owned(), reply: *reply },
            (Content::Timer { seconds }, _) => Body::Timer { seconds: *seconds },
            _ => return,
        };
        let (kind, data) = (body.kind(), body.to_data());
        let (msg_id, wall, target, ttl_s) = (item.id, item.wall, None, item.ttl_s);
        self.unsent.push(Message { msg_id, kind, data, wall, target, ttl_s });
    }
}

impl fmt::Debug for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (someone, unsent) = (&self.kept.someone, self.unsent.len());
        write!(f, "Known({:?}, {:?}, {unsent} unsent)", someone.profile, someone.relation)
    }
}

impl<S: Seal> Node<S> {
    /// A person of a backup becomes one of this new device.
    pub(super) fn adopt(&mut self, known: Known) {
        let Known { kept: Kept { someone, top, theirs, timer }, unsent } = known;
        let (user, device) = (someone.profile.user(), someone.profile.device().device);
        let (id, relation, asked) = (someone.conversation, someone.relation, someone.asked);
        let created = someone.since;
        self.devices.insert(device, user);
        self.people.insert(user, someone);
        self.changed(user);
        let mut talk = Talk::new(user);
        (talk.top, talk.timer) = (top, timer);
        for place in theirs {
            let Place { chain, owner, incarnation, seq, ord, read, head } = place;
            let Some(Ok(head)) = head.map(UnverifiedEvent::verify) else { continue };
            if (head.chain(), head.seq()) != (chain, seq) {
                continue;
            }
            talk.chains.push(chain);
            talk.marks.mine.insert(chain, (seq, read));
            let known = Chain {
                conversation: id,
                owner,
                class: Class::Content,
                incarnation,
                seq,
                id: head.id(),
                ord,
                opened: seq,
                opened_ord: ord,
                bound: true,
                bytes: 0,
                forked: false,
            };
            self.chains.insert(chain, known);
            self.touch(Record::Chain(chain));
            self.batch.write(Write::Event { conversation: id, event: head });
        }
        self.talks.insert(id, talk);
        self.touch(Record::Talk(id));
        self.batch.write(Write::Conversation(Conversation { id, with: user, created }));
        let first = unsent.iter().find(|message| Some(message.msg_id) == asked);
        let first = first.and_then(|message| Body::from_data(message.kind, &message.data).ok());
        for message in unsent {
            self.write_content(id, message);
        }
        match relation {
            Relation::Contact => self.write_open(user, device),
            Relation::Asked => {
                // The one-time key of the request stayed with the old device.
                let text = if let Some(Body::Text { text, .. }) = first { text } else { String::new() };
                let msg_id = asked.unwrap_or_else(|| MsgId(random(&mut self.rng)));
                self.request(user, device, msg_id, text);
            }
            _ => {}
        }
    }

    /// Somebody we know goes on with another device, which the account key that we pinned has signed. The one before is
    /// none of theirs any more.
    pub(super) fn moved(&mut self, user: UserId, old: DeviceId, new: DeviceId) {
        self.devices.remove(&old);
        self.devices.insert(new, user);
        if self.reachable.remove(&old) {
            self.notice(Notice::Reachable { user, reachable: false });
        }
        self.close_links_to(old, CloseCode::Normal);
        self.dials.remove(&old);
        self.timers.cancel(Timer::Dial(old));
        let request = self.letters.get(&(old, LetterKind::Request)).map(|letter| letter.letter.clone());
        for kind in LetterKind::ALL {
            self.forget_letter(old, kind);
        }
        let Some(someone) = self.people.get(&user) else { return };
        let (conversation, relation) = (someone.conversation, someone.relation);
        if let Some(Letter::Request(request)) = request {
            self.request(user, new, request.msg_id, request.text);
        }
        // The old device has the key of the session; what is written from now on is not for it.
        if let Some(chain) = self.talks.get(&conversation).and_then(|talk| talk.mine)
            && let Some(writer) = self.writers.get_mut(&chain)
        {
            writer.outbound = None;
            self.touch(Record::Outbound(chain));
        }
        if relation == Relation::Contact {
            self.row(conversation, System::NewDevice);
            self.greet(new);
        }
    }

    /// Somebody at the other end of a link shows a profile that makes this very device, which it has proven to be, that of a
    /// contact.
    pub(super) fn shows_itself(&mut self, link: LinkId, profile: &Profile) -> Option<UserId> {
        let peer = self.links.get(&link)?.peer;
        let user = profile.user();
        let contact = self.people.get(&user).is_some_and(|someone| someone.relation == Relation::Contact);
        let fits = contact && profile.device().device == peer && profile.verify().is_ok();
        (fits && self.learn_profile(user, profile) && self.contact_at(peer) == Some(user)).then_some(user)
    }

    /// Contacts whose new device we know of, and who have no session with us there: they may not know us on it.
    pub(super) fn introduce_ourselves(&mut self) {
        let people: Vec<_> = self.people.keys().copied().collect();
        for user in people {
            self.introduce(user);
        }
    }

    pub(super) fn introduce(&mut self, user: UserId) {
        let Some((device, conversation)) = self.is_strange_to(user) else { return };
        let talk = self.talks.get(&conversation);
        let waiting = talk.and_then(|talk| {
            let chain = talk.mine?;
            let delivered = talk.marks.theirs.get(&chain).map_or(0, |mark| mark.0);
            let from = delivered.max(1) + 1;
            (self.chains.get(&chain)?.seq >= from).then_some((chain, from))
        });
        match waiting {
            Some((chain, from)) => {
                self.load_events(chain, from, 1, Purpose::Introduce(user));
            }
            None => {
                let msg_id = MsgId(random(&mut self.rng));
                self.introduce_with(user, device, msg_id, String::new());
            }
        }
    }

    /// The device of a contact who moved there, if nothing is between us yet and nothing is on its way.
    fn is_strange_to(&self, user: UserId) -> Option<(DeviceId, ConversationId)> {
        let someone = self.people.get(&user).filter(|someone| someone.relation == Relation::Contact)?;
        let device = someone.profile.device().device;
        let paired = self.pairs.get(&device).is_some_and(|pair| pair.state.mine.is_some());
        let before = self.pairs.iter().any(|(other, pair)| *other != device && pair.state.user == user);
        let written = LetterKind::ALL.into_iter().any(|kind| self.letters.contains_key(&(device, kind)));
        (before && !paired && !written).then_some((device, someone.conversation))
    }

    /// The first message that waits for them was read: it is what they see of us until they accept.
    pub(super) fn introduced(&mut self, user: UserId, events: &[Event]) {
        let Some((device, _)) = self.is_strange_to(user) else { return };
        let inner = events.first().and_then(|event| match event.body() {
            Some(EventBody::Content(content)) => self.own_message(event.chain(), event.seq(), content),
            _ => None,
        });
        let text = inner.as_ref().and_then(|inner| match Body::from_data(inner.kind, &inner.data) {
            Ok(Body::Text { text, .. }) if text.len() <= MAX_REQUEST_TEXT => Some(text),
            _ => None,
        });
        let msg_id = match (&inner, &text) {
            (Some(inner), Some(_)) => inner.msg_id,
            _ => MsgId(random(&mut self.rng)),
        };
        self.introduce_with(user, device, msg_id, text.unwrap_or_default());
    }

    fn introduce_with(&mut self, user: UserId, device: DeviceId, msg_id: MsgId, text: String) {
        if let Some(someone) = self.people.get_mut(&user) {
            someone.asked = Some(msg_id);
        }
        self.touch(Record::Person(user));
        self.request(user, device, msg_id, text);
        self.dial_user(user);
    }

    /// Something waits for these, and there is no way to them: they may have moved, and the directory may know.
    pub(super) fn seek_all(&mut self) {
        let waits = |talk: &&Talk| {
            let chain = talk.mine.and_then(|id| Some((id, self.chains.get(&id)?.seq)));
            chain.is_some_and(|(id, seq)| seq > talk.marks.theirs.get(&id).map_or(1, |mark| mark.0.max(1)))
        };
        let waiting: Vec<_> = self.talks.values().filter(waits).map(|talk| talk.with).collect();
        for user in waiting {
            self.seek(user);
        }
    }

    pub(super) fn seek(&mut self, user: UserId) {
        let contact = self.people.get(&user).filter(|someone| someone.relation == Relation::Contact);
        let Some(device) = contact.map(|someone| someone.profile.device().device) else { return };
        if !self.directory_up || self.links_by_peer.contains_key(&device) {
            self.sought.remove(&user);
            return;
        }
        let wait = match self.sought.get(&user) {
            Some((at, _)) if self.now < *at => return,
            Some((_, wait)) => (*wait * 2).min(SEEK.1),
            None => SEEK.0,
        };
        self.sought.insert(user, (self.now + wait, wait));
        self.batch.effect(Effect::LookUp { user });
    }

    /// A letter to keys as old as these may find nobody who can open it.
    pub(super) fn are_old(&self, created: WallMs) -> bool {
        self.age(created) > self.config.seal_key_age * 2
    }
}
