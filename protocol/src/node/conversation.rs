//! Conversations of two people: writing messages, and opening those that came.

use std::collections::VecDeque;

use crate::{
    body::{Body, Inner},
    chain,
    codec::record,
    config::{MAX_TEXT, MAX_TIMER_S},
    event::{Class, Content, Event, EventBody},
    ids::{ChainId, ConversationId, EventId, MsgId, UserId},
    pair::{Said, Share},
    seal::Seal,
    time::WallMs,
    timeline::{Entry, HIDE, Key, LOCAL_KINDS, NO_CHAIN, System, Timer, lifetime},
};

use super::{
    Conversation, KeyState, Node, Notice, Refusal, Relation, Reply, Write,
    chains::{Chain, Kept, Outbound},
    loads::Purpose,
    me::random,
    people::check_text,
    receipts::MyMarks,
    records::{ANY, Map, Record},
};

/// Events whose place in the order is remembered, beside the heads: what an author may name as seen.
const RECENT: usize = 64;
/// Side keys of somebody else that are kept after their session is done.
const SIDE_KEYS: usize = 4;

/// A conversation with one other person.
pub(super) struct Talk {
    pub(super) with: UserId,
    /// The greatest ord seen.
    pub(super) top: u64,
    /// The content chain that we write.
    pub(super) mine: Option<ChainId>,
    /// All chains, of both.
    pub(super) chains: Vec<ChainId>,
    /// Heads of other chains that moved since our last event.
    pub(super) fresh: Map<ChainId, (u64, EventId)>,
    pub(super) marks: MyMarks,
    /// Lines of the house so far.
    rows: u64,
    recent: Recent,
    /// Chains from before a restore that are being written once more: the next event, and the last.
    pub(super) rewrites: Map<ChainId, (u64, u64)>,
    /// How long messages stay, as somebody set it last.
    pub(super) timer: Option<Timer>,
}

record!(Talk { with, top, mine, chains: ANY, fresh, marks, rows, recent, rewrites; timer });

/// The newest events; not stored: whoever tells the truth about time is above all of them anyway.
#[derive(Default)]
struct Recent(VecDeque<(EventId, u64)>);

impl crate::codec::Wire for Recent {
    fn encode(&self, to: &mut crate::codec::Encoder) {
        to.null();
    }

    fn decode(from: &mut crate::codec::Decoder<'_>) -> Result<Self, crate::error::Violation> {
        from.raw().map(|_| Self::default())
    }
}

impl Talk {
    pub(super) fn new(with: UserId) -> Self {
        Self {
            with,
            top: 0,
            mine: None,
            chains: Vec::new(),
            fresh: Map::default(),
            marks: MyMarks::default(),
            rows: 0,
            recent: Recent::default(),
            rewrites: Map::default(),
            timer: None,
        }
    }

    pub(super) fn saw(&mut self, id: EventId, ord: u64) {
        self.top = self.top.max(ord);
        if self.recent.0.len() == RECENT {
            self.recent.0.pop_front();
        }
        self.recent.0.push_back((id, ord));
    }

    pub(super) fn ord_of(&self, id: EventId) -> Option<u64> {
        self.recent.0.iter().rev().find(|(known, _)| *known == id).map(|(_, ord)| *ord)
    }
}

/// A message on its way into a chain.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) msg_id: MsgId,
    pub(super) kind: u16,
    pub(super) data: Vec<u8>,
    pub(super) wall: WallMs,
    /// The message that it changes.
    pub(super) target: Option<MsgId>,
    /// Seconds that it stays.
    pub(super) ttl_s: Option<u32>,
}

impl<S: Seal> Node<S> {
    pub(super) fn begin_talk(&mut self, id: ConversationId, with: UserId) {
        self.talks.insert(id, Talk::new(with));
        self.touch(Record::Talk(id));
        self.batch.write(Write::Conversation(Conversation { id, with, created: self.wall }));
        self.notice(Notice::Conversation { conversation: id });
    }

    /// Our content chains of a conversation, the oldest first.
    pub(super) fn my_chains(&self, conversation: ConversationId) -> Vec<ChainId> {
        let all = self.talks.get(&conversation).map(|talk| talk.chains.as_slice()).unwrap_or_default();
        let mine = |id: &&ChainId| {
            self.chains.get(*id).is_some_and(|chain| chain.owner == self.me.device && chain.bound)
        };
        all.iter().filter(mine).copied().collect()
    }

    pub(super) fn ensure_chain(&mut self, conversation: ConversationId) -> Option<ChainId> {
        if let Some(chain) = self.talks.get(&conversation)?.mine {
            return Some(chain);
        }
        let previous = self.my_chains(conversation).last().copied();
        let (chain, _) = self.begin_chain(conversation, Class::Content, self.me.incarnation, previous);
        let talk = self.talks.get_mut(&conversation)?;
        talk.mine = Some(chain);
        talk.chains.push(chain);
        let with = talk.with;
        if let Some(device) = self.device_of(with) {
            self.say_pair(device, vec![Said::Bind { chain, conversation }]);
        }
        Some(chain)
    }

    pub(super) fn send(
        &mut self,
        conversation: ConversationId,
        msg_id: MsgId,
        target: Option<MsgId>,
        body: &Body,
    ) -> Result<Reply, Refusal> {
        let talk = self.talks.get(&conversation).ok_or(Refusal::UnknownConversation)?;
        let someone = self.people.get(&talk.with).ok_or(Refusal::UnknownPerson)?;
        match (someone.relation, someone.keys) {
            (Relation::Blocked, _) => return Err(Refusal::Blocked),
            (Relation::Asking | Relation::Declined, _) => return Err(Refusal::NotAnswered),
            (_, KeyState::Changed) => return Err(Refusal::KeysChanged),
            (Relation::Asked | Relation::DeclinedMe | Relation::Contact, KeyState::Pinned) => {}
        }
        match body {
            Body::Text { text, .. } | Body::Edit { text } => check_text(text, MAX_TEXT)?,
            Body::Timer { seconds } if *seconds > MAX_TIMER_S => {
                return Err(Refusal::LongTimer { seconds: *seconds, limit: MAX_TIMER_S });
            }
            Body::Redact | Body::React { .. } | Body::Timer { .. } => {}
            Body::Unknown { data, .. } if data.len() > MAX_TEXT => {
                return Err(Refusal::TooLong { bytes: data.len(), limit: MAX_TEXT });
            }
            Body::Unknown { .. } => {}
        }
        let (kind, data) = (body.kind(), body.to_data());
        let (with, wall) = (talk.with, self.wall);
        // A change goes with what it changes. Who changes the timer is seen for good.
        let stays = target.is_some() || matches!(body, Body::Timer { .. });
        let ttl_s = talk.timer.and_then(|timer| lifetime(Some(timer.seconds))).filter(|_| !stays);
        self.write_content(conversation, Message { msg_id, kind, data, wall, target, ttl_s });
        self.seek(with);
        Ok(Reply::Written { conversation, id: msg_id })
    }

    /// Encrypts a message into our chain, and shows it.
    pub(super) fn write_content(&mut self, conversation: ConversationId, message: Message) {
        let Some(id) = self.ensure_chain(conversation) else { return };
        self.rotate_if_due(conversation, id);
        let Message { msg_id, kind, data, wall, target, ttl_s } = message;
        let Some(chain) = self.chains.get(&id) else { return };
        let seq = chain.seq + 1;
        let inner = Inner {
            msg_id,
            kind,
            conversation,
            sender: self.me.device,
            seq,
            wall,
            target,
            thread: None,
            ttl_s,
            data,
        };
        let plain = inner.to_bytes();
        let Some(outbound) = self.writers.get_mut(&id).and_then(|writer| writer.outbound.as_mut()) else {
            return;
        };
        let megolm = self.seal.encrypt(&mut outbound.session, &plain);
        let epoch = outbound.epoch;
        self.touch(Record::Outbound(id));
        if self.append(id, EventBody::Content(Content { epoch, megolm })).is_some() {
            let ord = self.chains.get(&id).map_or(0, |chain| chain.ord);
            self.show(id, seq, ord, inner);
        }
    }

    /// A new Megolm session after so many messages or so long; its key goes to the other first.
    fn rotate_if_due(&mut self, conversation: ConversationId, id: ChainId) {
        let Some(next) = self.chains.get(&id).map(|chain| chain.seq + 1) else { return };
        let outbound = self.writers.get(&id).and_then(|writer| writer.outbound.as_ref());
        if let Some(outbound) = outbound {
            let used = next - outbound.first_seq;
            if used < self.config.rotate_messages && self.age(outbound.begun) < self.config.rotate_age {
                return;
            }
        }
        let Some(share) = self.new_session(id) else { return };
        let with = self.talks.get(&conversation).map(|talk| talk.with);
        if let Some(device) = with.and_then(|with| self.device_of(with)) {
            self.say_pair(device, vec![Said::Share(share)]);
        }
    }

    /// The other can open nothing of ours, our marks among it, before there is a session.
    pub(super) fn ensure_session(&mut self, id: ChainId) {
        if self.writers.get(&id).is_some_and(|writer| writer.outbound.is_none()) {
            self.new_session(id);
        }
    }

    fn new_session(&mut self, id: ChainId) -> Option<Share> {
        let first_seq = self.chains.get(&id)?.seq + 1;
        let session = self.seal.new_outbound();
        let key = self.seal.outbound_key(&session).to_vec();
        let side = random(&mut self.rng);
        let wall = self.wall;
        let kept = Kept { first_seq, last_seq: None, retired: None, key, side, given: None };
        let writer = self.writers.get_mut(&id)?;
        let epoch = writer.kept.last_entry().map_or(1, |mut last| {
            last.get_mut().last_seq = Some(first_seq - 1);
            last.get_mut().retired = Some(wall);
            self.dirty.insert(Record::Kept(id, *last.key()));
            last.key() + 1
        });
        let share = kept.share(id, epoch);
        writer.kept.insert(epoch, kept);
        writer.outbound = Some(Outbound { epoch, first_seq, begun: wall, session });
        self.touch(Record::Outbound(id));
        self.touch(Record::Kept(id, epoch));
        Some(share)
    }

    /// A message was opened, or written: it goes into the timeline.
    fn show(&mut self, id: ChainId, seq: u64, ord: u64, inner: Inner) {
        let Some(chain) = self.chains.get(&id) else { return };
        let mine = chain.owner == self.me.device;
        let conversation = chain.conversation;
        let Some(talk) = self.talks.get(&conversation) else { return };
        let author = if mine { self.me.user } else { talk.with };
        // What is for the house alone cannot come from outside.
        let foreign = inner.kind >= LOCAL_KINDS;
        let (kind, data) = if foreign { (LOCAL_KINDS - 1, Vec::new()) } else { (inner.kind, inner.data) };
        let target = inner.target.unwrap_or(inner.msg_id);
        let key = Key { ord, chain: id, seq };
        let (wall, received) = (inner.wall, self.wall);
        let (msg_id, ttl_s) = (inner.msg_id, lifetime(inner.ttl_s));
        let entry =
            Entry { conversation, target, msg_id, key, author, mine, wall, received, kind, data, ttl_s };
        if let Some(timer) = Timer::of(&entry)
            && let Some(talk) = self.talks.get_mut(&conversation)
        {
            talk.timer = Some(timer.last(talk.timer));
            self.touch(Record::Talk(conversation));
        }
        self.batch.write(Write::Entry(entry));
        self.notice(Notice::Item { conversation, id: target });
    }

    /// Forgets what a message says, here alone.
    pub(super) fn hide(&mut self, conversation: ConversationId, id: MsgId) -> Result<Reply, Refusal> {
        let talk = self.talks.get_mut(&conversation).ok_or(Refusal::UnknownConversation)?;
        talk.rows += 1;
        let key = Key { ord: talk.top, chain: NO_CHAIN, seq: talk.rows };
        self.touch(Record::Talk(conversation));
        let msg_id = MsgId(random(&mut self.rng));
        self.batch.write(Write::Entry(Entry {
            conversation,
            target: id,
            msg_id,
            key,
            author: self.me.user,
            mine: true,
            wall: self.wall,
            received: self.wall,
            kind: HIDE,
            data: Vec::new(),
            ttl_s: None,
        }));
        self.notice(Notice::Item { conversation, id });
        Ok(Reply::Done)
    }

    /// A line of the house, after everything seen so far.
    pub(super) fn row(&mut self, conversation: ConversationId, system: System) {
        let Some(talk) = self.talks.get_mut(&conversation) else { return };
        talk.rows += 1;
        let key = Key { ord: talk.top + 1, chain: NO_CHAIN, seq: talk.rows };
        let author = talk.with;
        self.touch(Record::Talk(conversation));
        let id = MsgId(random(&mut self.rng));
        self.batch.write(Write::Entry(Entry {
            conversation,
            target: id,
            msg_id: id,
            key,
            author,
            mine: false,
            wall: self.wall,
            received: self.wall,
            kind: system.kind(),
            data: Vec::new(),
            ttl_s: None,
        }));
        self.notice(Notice::Item { conversation, id });
    }

    /// Opens an event of a content chain, if it is the next and its key is here. False if it has to wait.
    pub(super) fn open_content(&mut self, id: ChainId, event: &Event) -> bool {
        let Some(chain) = self.chains.get(&id) else { return false };
        let (seq, mine) = (event.seq(), chain.owner == self.me.device);
        if seq != chain.opened + 1 || !chain.bound {
            return false;
        }
        let ord = if seq == chain.seq { chain.ord } else { self.ord_after(chain, event) };
        if let Some(EventBody::Content(content)) = event.body() {
            let opening = match mine {
                true => self.own_message(id, seq, content).into(),
                false => self.open_theirs(id, seq, content),
            };
            match opening {
                Opening::Waits => {
                    self.waiting.insert(id);
                    return false;
                }
                Opening::Never => {}
                Opening::Opened(inner) => self.show(id, seq, ord, *inner),
            }
        }
        let Some(chain) = self.chains.get_mut(&id) else { return false };
        (chain.opened, chain.opened_ord) = (seq, ord);
        let conversation = chain.conversation;
        if chain.opened == chain.seq {
            self.waiting.remove(&id);
        }
        self.touch(Record::Chain(id));
        if !mine {
            self.delivered(conversation, id, seq);
        }
        true
    }

    /// The order of an event that is opened later than it was stored.
    fn ord_after(&self, chain: &Chain, event: &Event) -> u64 {
        let talk = self.talks.get(&chain.conversation);
        let deps = event.header().deps.iter().filter_map(|dep| talk?.ord_of(*dep));
        chain::ord(event.header().hlc, deps.chain([chain.opened_ord]))
    }

    fn open_theirs(&mut self, id: ChainId, seq: u64, content: &Content) -> Opening {
        let Some(reader) = self.readers.get_mut(&id) else { return Opening::Waits };
        let epoch = content.epoch;
        if reader.withheld.contains(&epoch) {
            return Opening::Never;
        }
        let Some(inbound) = reader.epochs.get_mut(&epoch) else { return Opening::Waits };
        let first_seq = inbound.first_seq;
        let Some(session) = &mut inbound.session else { return Opening::Never };
        let opened = self.seal.decrypt(session, &content.megolm);
        self.dirty.insert(Record::Inbound(id, epoch));
        // A chain goes on to its next session for good.
        for (older, inbound) in reader.epochs.range_mut(..epoch) {
            if inbound.session.take().is_some() {
                self.dirty.insert(Record::Inbound(id, *older));
            }
        }
        while reader.epochs.len() > SIDE_KEYS
            && let Some(first) = reader.epochs.first_entry()
            && first.get().session.is_none()
        {
            self.dirty.insert(Record::Inbound(id, *first.key()));
            first.remove();
        }
        match opened {
            Ok(opened) if Some(u64::from(opened.index)) == seq.checked_sub(first_seq) => {
                self.inside(id, seq, &opened.plaintext).into()
            }
            _ => Opening::Never,
        }
    }

    /// A message of our own that was stored without being shown: a peer gave it back.
    pub(super) fn own_message(&mut self, id: ChainId, seq: u64, content: &Content) -> Option<Inner> {
        let kept = self.writers.get(&id)?.kept.get(&content.epoch)?;
        let mut session = self.seal.new_inbound(&kept.key).ok()?;
        let opened = self.seal.decrypt(&mut session, &content.megolm).ok()?;
        self.inside(id, seq, &opened.plaintext)
    }

    /// What stands inside must agree with what stands outside.
    fn inside(&self, id: ChainId, seq: u64, plaintext: &[u8]) -> Option<Inner> {
        let chain = self.chains.get(&id)?;
        let inner = Inner::from_bytes(plaintext).ok()?;
        let agrees = (inner.conversation, inner.sender, inner.seq) == (chain.conversation, chain.owner, seq);
        agrees.then_some(inner)
    }

    /// Opens what waits in a chain, if anything does: it is read from the log.
    pub(super) fn open_waiting(&mut self, id: ChainId) {
        let Some(chain) = self.chains.get(&id) else { return };
        if chain.bound && chain.opened < chain.seq && self.opening.insert(id) {
            let from = chain.opened + 1;
            self.load_events(id, from, self.config.batch, Purpose::Open(id));
        }
    }

    pub(super) fn opened_from_log(&mut self, id: ChainId, events: &[Event]) {
        self.opening.remove(&id);
        let all = events.iter().all(|event| self.open_content(id, event));
        if all && !events.is_empty() {
            self.open_waiting(id);
        }
    }

    /// Asks for the keys of what still waits although all that the other said was heard.
    pub(super) fn ask_for_keys(&mut self) {
        let waiting: Vec<_> = self.waiting.iter().copied().collect();
        for id in waiting {
            let Some(chain) = self.chains.get(&id) else { continue };
            if chain.opened == chain.seq {
                self.waiting.remove(&id);
            } else if self.links_by_peer.contains_key(&chain.owner) {
                self.load_events(id, chain.opened + 1, 1, Purpose::Ask(id));
            }
        }
    }

    pub(super) fn ask_for_key(&mut self, id: ChainId, events: &[Event]) {
        let Some(chain) = self.chains.get(&id) else { return };
        let owner = chain.owner;
        let Some(event) = events.first().filter(|event| event.seq() == chain.opened + 1) else { return };
        let Some(EventBody::Content(Content { epoch, .. })) = event.body() else { return };
        let reader = self.readers.entry(id).or_default();
        if !reader.epochs.contains_key(epoch) && reader.asked.insert(*epoch) {
            self.say_pair(owner, vec![Said::Need { chain: id, epoch: *epoch }]);
        }
    }

    /// Own keys that nobody may ask for any more.
    pub(super) fn forget_keys(&mut self) {
        let (wall, keep) = (self.wall, self.config.keep_keys);
        let keep = u64::try_from(keep.as_millis()).unwrap_or(u64::MAX);
        for (id, writer) in &mut self.writers {
            let talk = self.chains.get(id).and_then(|chain| self.talks.get(&chain.conversation));
            let delivered = talk.and_then(|talk| talk.marks.theirs.get(id)).map_or(0, |mark| mark.0);
            writer.kept.retain(|epoch, kept| {
                // As long as nobody has it, it is what accepting a request later needs.
                let had = kept.given.is_some() || kept.last_seq.is_some_and(|last| last <= delivered);
                let old = had && kept.retired.is_some_and(|retired| wall.0.saturating_sub(retired.0) > keep);
                if old {
                    self.dirty.insert(Record::Kept(*id, *epoch));
                }
                !old
            });
        }
    }
}

/// What became of an event.
enum Opening {
    Opened(Box<Inner>),
    /// Its key may still come.
    Waits,
    Never,
}

impl From<Option<Inner>> for Opening {
    fn from(inner: Option<Inner>) -> Self {
        inner.map_or(Opening::Never, |inner| Opening::Opened(Box::new(inner)))
    }
}
