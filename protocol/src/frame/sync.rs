//! Frames that bring two logs together: what is there, what is missing, the events.

use std::fmt;

use crate::{
    codec::{Decoder, Encoder, Wire, record},
    config::{MAX_EVENTS, MAX_FRONTIER, MAX_RANGES},
    error::Violation,
    event::Event,
    ids::{ChainId, ConversationId, EventId},
};

/// How far the sender has the chains of a conversation, durably.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frontier {
    pub conversation: ConversationId,
    pub kind: FrontierKind,
    pub entries: Vec<FrontierEntry>,
}

record!(Frontier { conversation, kind, entries: MAX_FRONTIER });

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrontierKind {
    /// All chains that the sender has: a chain that is not there is not there.
    Full,
    /// Chains that changed since the last one.
    Delta,
    /// "I have this; ask if you want it."
    Lazy,
    /// "I stored what you sent."
    Ack,
}

impl Wire for FrontierKind {
    fn encode(&self, to: &mut Encoder) {
        to.unsigned(match self {
            FrontierKind::Full => 0,
            FrontierKind::Delta => 1,
            FrontierKind::Lazy => 2,
            FrontierKind::Ack => 3,
        });
    }

    fn decode(from: &mut Decoder<'_>) -> Result<Self, Violation> {
        Ok(match from.unsigned()? {
            0 => FrontierKind::Full,
            1 => FrontierKind::Delta,
            2 => FrontierKind::Lazy,
            3 => FrontierKind::Ack,
            _ => return Err(Violation::malformed("an unknown kind of frontier")),
        })
    }
}

/// How far a chain goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrontierEntry {
    pub chain: ChainId,
    /// The last event; 0 if there is none.
    pub seq: u64,
    pub head: Head,
    /// The sender refuses to store anything above this.
    pub clip: Option<u64>,
}

record!(FrontierEntry { chain, seq, head, clip });

/// The id of a chain's last event, or enough of it: a sequence number alone would hide a fork.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Head {
    Whole(EventId),
    Short([u8; 8]),
}

impl Head {
    pub fn short(id: EventId) -> Self {
        Head::Short(*id.0.first_chunk().expect("an id is longer than a short head"))
    }

    /// Whether an event with this id may be meant.
    pub fn fits(&self, id: EventId) -> bool {
        #[cfg(feature = "sim")]
        if crate::sim::mutant::active(crate::sim::Mutant::FrontierWithoutHash) {
            return true;
        }
        match self {
            Head::Whole(whole) => *whole == id,
            Head::Short(short) => id.0.starts_with(short),
        }
    }
}

impl Wire for Head {
    fn encode(&self, to: &mut Encoder) {
        match self {
            Head::Whole(id) => id.encode(to),
            Head::Short(short) => short.encode(to),
        }
    }

    fn decode(from: &mut Decoder<'_>) -> Result<Self, Violation> {
        let bytes = from.bytes(32)?;
        if let Ok(whole) = bytes.try_into() {
            Ok(Head::Whole(EventId(whole)))
        } else if let Ok(short) = bytes.try_into() {
            Ok(Head::Short(short))
        } else {
            Err(Violation::malformed("a head has 8 or 32 bytes"))
        }
    }
}

impl fmt::Debug for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Head::Whole(id) => write!(f, "{}", id.short()),
            Head::Short(short) => write!(f, "{}..", data_encoding::HEXLOWER.encode(short)),
        }
    }
}

/// "Send me these."
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Want {
    pub conversation: ConversationId,
    pub ranges: Vec<Range>,
}

record!(Want { conversation, ranges: MAX_RANGES });

/// Events of a chain, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    pub chain: ChainId,
    pub from: u64,
    pub to: u64,
}

impl Wire for Range {
    fn encode(&self, to: &mut Encoder) {
        to.array(3);
        self.chain.encode(to);
        self.from.encode(to);
        self.to.encode(to);
    }

    fn decode(from: &mut Decoder<'_>) -> Result<Self, Violation> {
        let range = from.record(3, |from| {
            Ok(Self { chain: Wire::decode(from)?, from: Wire::decode(from)?, to: Wire::decode(from)? })
        })?;
        if range.from == 0 || range.to < range.from {
            return Err(Violation::malformed("a range of events begins at 1 and does not run backwards"));
        }
        Ok(range)
    }
}

/// Events, each chain in order. Decoding verified them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Events {
    pub conversation: ConversationId,
    pub events: Vec<Event>,
}

record!(Events { conversation, events: MAX_EVENTS });
