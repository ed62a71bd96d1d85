//! The header of an event: what is hashed and signed.

use crate::{
    codec::{Decoder, Encoder, Wire, record},
    config::{MAX_BODY, MAX_DEPS},
    error::Violation,
    ids::{ChainId, EventId},
    time::Ord64,
};

/// The version of the header that this code writes, and the only one there is.
pub(super) const VERSION: u16 = 1;

/// What a chain or an event is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// The first event of every chain.
    Genesis,
    /// Messages, under Megolm.
    Content,
    /// Membership of a group, under its control key.
    Control,
    /// Key material between two devices, under Olm.
    Pair,
    Checkpoint,
    Close,
    /// A class of a later version: stored and passed on.
    Later(u16),
}

impl From<Class> for u16 {
    fn from(class: Class) -> u16 {
        match class {
            Class::Genesis => 0,
            Class::Content => 1,
            Class::Control => 2,
            Class::Pair => 3,
            Class::Checkpoint => 4,
            Class::Close => 5,
            Class::Later(number) => number,
        }
    }
}

impl From<u16> for Class {
    fn from(number: u16) -> Class {
        match number {
            0 => Class::Genesis,
            1 => Class::Content,
            2 => Class::Control,
            3 => Class::Pair,
            4 => Class::Checkpoint,
            5 => Class::Close,
            later => Class::Later(later),
        }
    }
}

impl Wire for Class {
    fn encode(&self, to: &mut Encoder) {
        u16::from(*self).encode(to);
    }

    fn decode(from: &mut Decoder<'_>) -> Result<Self, Violation> {
        u16::decode(from).map(Class::from)
    }
}

/// What is signed of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    pub version: u16,
    pub chain: ChainId,
    /// From 1, without gaps.
    pub seq: u64,
    /// The event before in the chain; zeros in the first.
    pub prev: EventId,
    /// 48 bits of milliseconds, 16 bits of counter: the author's claim, taken into the order but never believed.
    pub hlc: Ord64,
    /// Newest heads of other chains that the author had seen, ascending by id.
    pub deps: Vec<EventId>,
    pub class: Class,
    /// The day (since 1970) after which the event may be dropped everywhere; 0 is never.
    pub expires: u32,
    pub body_len: u32,
    pub body_hash: [u8; 32],
}

record!(Header { version, chain, seq, prev, hlc, deps: MAX_DEPS, class, expires, body_len, body_hash });

impl Header {
    pub(super) fn check(&self) -> Result<(), Violation> {
        if self.version != VERSION {
            return Err(Violation::malformed("a header of another version"));
        }
        let first = self.seq == 1;
        if self.seq == 0 || first != (self.prev.0 == [0; 32]) || first != (self.class == Class::Genesis) {
            return Err(Violation::malformed("a chain begins with its genesis, and only with it"));
        }
        if !self.deps.is_sorted_by(|a, b| a < b) {
            return Err(Violation::malformed("dependencies out of order"));
        }
        if self.body_len as usize > MAX_BODY {
            return Err(Violation::too_large("the body of an event is too long"));
        }
        Ok(())
    }
}

/// What an author decides about a new event; the rest of the header follows from the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewHeader {
    pub seq: u64,
    pub prev: EventId,
    pub hlc: Ord64,
    /// In any order, at most `MAX_DEPS`.
    pub deps: Vec<EventId>,
    pub expires: u32,
}
