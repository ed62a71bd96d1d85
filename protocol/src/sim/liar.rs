//! Dishonest programs: what they do to the messages that they send, and what strangers say.

use super::{
    host::SimSeal,
    mutant::Mutant,
    script::Tamper,
    world::{Happening, World},
};
use crate::{
    event::{ChainKey, Class, Content, Event, EventBody, Genesis, NewHeader},
    frame::{Events, Frame, Frontier, FrontierEntry, FrontierKind, Head, decode_message, encode_message},
    identity::one_to_one,
    ids::{ChainId, ConversationId, EventId},
    time::Ord64,
};

/// What a liar keeps of its own words, to say them again.
const REMEMBERED: usize = 64;

impl<S: SimSeal> World<S> {
    /// The messages that really go out where `message` should have.
    pub(super) fn tampered(&mut self, who: usize, message: Vec<u8>) -> Vec<Vec<u8>> {
        let host = &mut self.hosts[who];
        if host.honest {
            return vec![message];
        }
        if host.said_before.len() < REMEMBERED {
            host.said_before.push(message.clone());
        }
        let Some((with, times)) = host.tamper else { return vec![message] };
        host.tamper = (times > 1).then_some((with, times - 1));
        match with {
            Tamper::Junk => vec![message, self.junk()],
            Tamper::Replay => {
                let again = self.dice.index(self.hosts[who].said_before.len());
                vec![message, self.hosts[who].said_before[again].clone()]
            }
            Tamper::FrontierLie => vec![self.lying(message)],
            Tamper::BrokenEvent => vec![broken(message)],
            Tamper::StrangeChains => {
                let strange = self.strange_chains(who);
                [vec![message], strange].concat()
            }
            // That needs no forged message: the node itself is made to do it.
            Tamper::Fork => vec![message],
        }
    }

    fn junk(&mut self) -> Vec<u8> {
        let long: [u8; 64] = self.dice.bytes();
        let keep = self.dice.index(long.len());
        long[..keep].to_vec()
    }

    /// Frontiers that claim more, less, or other heads than there are.
    fn lying(&mut self, message: Vec<u8>) -> Vec<u8> {
        let Ok(mut frames) = decode_message(&message) else { return message };
        for frame in &mut frames {
            if let Frame::Frontier(frontier) = frame {
                for entry in &mut frontier.entries {
                    match self.dice.below(4) {
                        0 => entry.seq += 1 + self.dice.below(1_000_000),
                        1 => entry.seq = entry.seq.saturating_sub(1),
                        2 => entry.seq = u64::MAX,
                        _ => entry.head = Head::Whole(EventId(self.dice.bytes())),
                    }
                }
                let strange = FrontierEntry {
                    chain: ChainId(self.dice.bytes()),
                    seq: self.dice.below(100),
                    head: Head::Whole(EventId(self.dice.bytes())),
                    clip: None,
                };
                frontier.entries.push(strange);
            }
        }
        encode_message(&frames)
    }

    /// Well-formed chains of keys that nobody has bound, as many as fit into a few messages.
    fn strange_chains(&mut self, who: usize) -> Vec<Vec<u8>> {
        let Some(me) = self.hosts[who].identity.clone() else { return Vec::new() };
        let mut messages = Vec::new();
        for other in 0..self.hosts.len() {
            let Some(them) = self.hosts[other].identity.clone().filter(|_| other != who) else { continue };
            let conversation = one_to_one(me.user, them.user);
            let owner = if self.dice.percent(75) { me.device } else { them.device };
            let events = (0..6).flat_map(|_| self.strange_chain(conversation, owner)).collect();
            messages.push(encode_message(&[Frame::Events(Events { conversation, events })]));
        }
        messages
    }

    fn strange_chain(&mut self, conversation: ConversationId, owner: crate::ids::DeviceId) -> Vec<Event> {
        let key = ChainKey::from_secret_bytes(self.dice.bytes());
        let genesis = Genesis { conversation, class: Class::Content, owner, incarnation: 1, previous: None };
        self.ledger.forged(key.chain_id());
        let mut head = Event::sign(&key, new(1, EventId([0; 32])), EventBody::Genesis(genesis));
        let mut events = vec![head.clone()];
        for seq in 2..5 {
            let body = EventBody::Content(Content { epoch: 1, megolm: vec![7; 8 << 10] });
            head = Event::sign(&key, new(seq, head.id()), body);
            events.push(head.clone());
        }
        events
    }

    /// What a stranger sends, one message after another.
    pub(super) fn nonsense(&mut self) -> Vec<Vec<u8>> {
        let conversation = self.conversation_of_others();
        let frontier = Frontier { conversation, kind: FrontierKind::Full, entries: Vec::new() };
        match self.dice.below(4) {
            0 => vec![self.junk()],
            1 => vec![encode_message(&[Frame::Who])],
            2 => vec![encode_message(&[Frame::Frontier(frontier)])],
            _ => vec![encode_message(&[Frame::Who, Frame::Who]), self.junk(), vec![0xff; 300 << 10]],
        }
    }

    fn conversation_of_others(&self) -> ConversationId {
        let rooms = self.hosts.iter().flat_map(|host| host.store.conversations.keys());
        rooms.copied().next().unwrap_or(ConversationId([9; 32]))
    }

    /// The liar keeps a copy of its folder, and goes back to it after some more words, without any scruple.
    pub(super) fn fork_later(&mut self, who: usize) {
        self.hosts[who].image = Some(self.hosts[who].store.clone());
        let at = self.now() + self.dice.between(2_000, 20_000);
        self.queue.plan(at, Happening::Forked { who });
    }

    pub(super) fn fork_now(&mut self, who: usize) {
        self.hosts[who].mutant = Some(Mutant::ChainReusedAfterRestore);
        self.restore(who, false, 100);
    }
}

fn new(seq: u64, prev: EventId) -> NewHeader {
    NewHeader { seq, prev, hlc: Ord64(u64::MAX >> 1), deps: Vec::new(), expires: 0 }
}

/// One bit of an event is not as it was signed.
fn broken(mut message: Vec<u8>) -> Vec<u8> {
    let holds_events = decode_message(&message)
        .is_ok_and(|frames| frames.iter().any(|frame| matches!(frame, Frame::Events(_))));
    if holds_events {
        let last = message.len() - 1;
        message[last - last / 3] ^= 1;
    }
    message
}
