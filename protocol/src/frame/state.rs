//! Frames about the state of a conversation: marks, refusals, forks, and what is true only now.

use std::fmt;

use crate::identity::ChainKey;
use crate::{
    codec::{Decoder, Encoder, Wire, record},
    config::{MAX_CURSOR, MAX_EPHEMERAL, MAX_FRONTIER},
    error::Violation,
    event::Event,
    ids::{ChainId, ConversationId, EventId},
    sign::{Domain, PublicKey, Signed, Statement},
};

/// How far a reader is: newest wins, per reader's chain. Signed by that chain; what it says is under the side key.
#[derive(Clone, PartialEq, Eq)]
pub struct Cursor {
    pub conversation: ConversationId,
    /// A chain of the reader's device.
    pub chain: ChainId,
    /// Grows with every cursor of this chain.
    pub number: u64,
    /// Which of the reader's side keys.
    pub epoch: u32,
    pub nonce: [u8; 24],
    /// [`Marks`], XChaCha20-Poly1305.
    pub sealed: Vec<u8>,
}

record!(Cursor { conversation, chain, number, epoch, nonce, sealed: MAX_CURSOR });

impl Statement for Cursor {
    const DOMAIN: Domain = Domain::CURSOR;
    // What stands around the sealed part takes 130 bytes at most.
    const LIMIT: usize = MAX_CURSOR + 256;

    fn signer(&self) -> Option<&PublicKey> {
        Some(&self.chain.0)
    }
}

impl Cursor {
    pub fn sign(self, key: &ChainKey) -> Signed<Self> {
        Signed::new(self, key.signing_key())
    }
}

impl fmt::Debug for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { conversation, chain, number, epoch, sealed, .. } = self;
        let (conversation, chain, len) = (conversation.short(), chain.short(), sealed.len());
        write!(f, "Cursor {{ {conversation} by {chain} number {number} epoch {epoch} {len} B }}")
    }
}

/// What a cursor says, inside its seal.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Marks {
    pub marks: Vec<Mark>,
}

record!(Marks { marks: MAX_FRONTIER });

/// How far a reader is on one chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    pub chain: ChainId,
    /// Stored and opened.
    pub delivered: u64,
    /// Seen; 0 if the reader does not tell.
    pub read: u64,
}

record!(Mark { chain, delivered, read });

/// "I will not store this event."
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    pub conversation: ConversationId,
    pub event: EventId,
    pub reason: RejectReason,
}

record!(Reject { conversation, event, reason });

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RejectReason {
    /// Its chain is bound to nobody, and the room for such chains is used up.
    Unbound,
    /// Too many chains or incarnations of one device.
    TooMany,
    /// Its conversation is not one that the sender shares with this peer.
    NotShared,
    /// A reason of a later version.
    Later(u16),
}

impl Wire for RejectReason {
    fn encode(&self, to: &mut Encoder) {
        let number: u16 = match self {
            RejectReason::Unbound => 0,
            RejectReason::TooMany => 1,
            RejectReason::NotShared => 2,
            RejectReason::Later(number) => *number,
        };
        number.encode(to);
    }

    fn decode(from: &mut Decoder<'_>) -> Result<Self, Violation> {
        Ok(match u16::decode(from)? {
            0 => RejectReason::Unbound,
            1 => RejectReason::TooMany,
            2 => RejectReason::NotShared,
            later => RejectReason::Later(later),
        })
    }
}

/// The proof that a chain was continued twice: two events of one chain with one number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fork {
    conversation: ConversationId,
    one: Event,
    other: Event,
}

impl Fork {
    /// Nothing if the two events prove no fork. Their bodies are left out.
    pub fn new(conversation: ConversationId, one: &Event, other: &Event) -> Option<Self> {
        let (one, other) = if one.id() < other.id() { (one, other) } else { (other, one) };
        let fork = one.chain() == other.chain() && one.seq() == other.seq() && one.id() != other.id();
        fork.then(|| Self { conversation, one: one.without_body(), other: other.without_body() })
    }

    pub fn conversation(&self) -> ConversationId {
        self.conversation
    }

    /// The two events, the smaller id first.
    pub fn branches(&self) -> (&Event, &Event) {
        (&self.one, &self.other)
    }
}

impl Wire for Fork {
    fn encode(&self, to: &mut Encoder) {
        to.array(3);
        self.conversation.encode(to);
        self.one.encode(to);
        self.other.encode(to);
    }

    fn decode(from: &mut Decoder<'_>) -> Result<Self, Violation> {
        let (conversation, one, other): (_, Event, Event) =
            from.record(3, |from| Ok((Wire::decode(from)?, Wire::decode(from)?, Wire::decode(from)?)))?;
        Self::new(conversation, &one, &other)
            .filter(|fork| (&fork.one, &fork.other) == (&one, &other))
            .ok_or(Violation::malformed("a proof of a fork that proves none"))
    }
}

/// Something true only now, such as "is writing". Never stored.
#[derive(Clone, PartialEq, Eq)]
pub struct Ephemeral {
    pub conversation: ConversationId,
    /// A chain of the author's device.
    pub chain: ChainId,
    /// Which of the author's side keys.
    pub epoch: u32,
    pub nonce: [u8; 24],
    /// [`EphemeralBody`], XChaCha20-Poly1305.
    pub sealed: Vec<u8>,
}

record!(Ephemeral { conversation, chain, epoch, nonce, sealed: MAX_EPHEMERAL });

impl fmt::Debug for Ephemeral {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { conversation, chain, epoch, sealed, .. } = self;
        let (conversation, chain, len) = (conversation.short(), chain.short(), sealed.len());
        write!(f, "Ephemeral {{ {conversation} by {chain} epoch {epoch} {len} B }}")
    }
}

/// What an EPHEMERAL says, inside its seal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EphemeralBody {
    Typing {
        active: bool,
    },
    /// A kind of a later version.
    Later(u16),
}

impl Wire for EphemeralBody {
    fn encode(&self, to: &mut Encoder) {
        to.array(2);
        match self {
            EphemeralBody::Typing { active } => (to.unsigned(1), to.bool(*active)),
            EphemeralBody::Later(kind) => (kind.encode(to), to.null()),
        };
    }

    fn decode(from: &mut Decoder<'_>) -> Result<Self, Violation> {
        from.record(2, |from| match u16::decode(from)? {
            1 => Ok(EphemeralBody::Typing { active: from.bool()? }),
            later => from.raw().map(|_| EphemeralBody::Later(later)),
        })
    }
}
