//! Letters: small sealed messages that need no session, for first contact and for beginning again.

mod seal;

use std::fmt;

use crate::{
    address::Address,
    codec::{Decoder, Encoder, Wire, record},
    config::{MAX_ADDRESSES, MAX_LETTER_EVENTS, MAX_OPEN_CHAINS, MAX_REQUEST_TEXT},
    error::Violation,
    event::UnverifiedEvent,
    frame::FrontierEntry,
    identity::Capability,
    ids::MsgId,
};

pub use seal::{Opened, Proof, ProvenBy, id, open, seal};

/// What a letter says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Letter {
    Request(Request),
    Answer(Answer),
    Open(Open),
}

/// "May I write to you?"
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    pub addresses: Vec<Address>,
    /// With it the other may see the asker's presence and addresses.
    pub capability: Capability,
    /// Curve25519: the other opens the Olm session from it.
    pub one_time_key: [u8; 32],
    /// The first message in the asker's chain says the same under this id; it is shown once.
    pub msg_id: MsgId,
    pub text: String,
}

record!(Request { addresses: MAX_ADDRESSES, capability, one_time_key, msg_id, text: MAX_REQUEST_TEXT });

/// "Yes" or "no", to the request with this `msg_id`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub msg_id: MsgId,
    pub verdict: Verdict,
}

record!(Answer { msg_id, verdict });

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    Accept(Accept),
    Decline,
}

/// What comes with a yes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accept {
    pub addresses: Vec<Address>,
    pub capability: Option<Capability>,
    /// The first events of the pair chain, genesis first, as far as they fit.
    pub events: Vec<UnverifiedEvent>,
}

record!(Accept { addresses: MAX_ADDRESSES, capability, events: MAX_LETTER_EVENTS });

/// "Let us begin a new session": after a restore, or when a pair event cannot be opened.
#[derive(Clone, PartialEq, Eq)]
pub struct Open {
    /// Curve25519: the other opens the Olm session from it.
    pub one_time_key: [u8; 32],
    pub addresses: Vec<Address>,
    /// How far the sender can read each content chain of the other; keys above it are needed again.
    pub readable: Vec<FrontierEntry>,
}

record!(Open { one_time_key, addresses: MAX_ADDRESSES, readable: MAX_OPEN_CHAINS });

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Request {{ {} addresses: {:?}, text: {} B }}",
            self.msg_id.short(),
            self.addresses,
            self.text.len()
        )
    }
}

impl fmt::Debug for Open {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Open {{ addresses: {:?}, readable: {:?} }}", self.addresses, self.readable)
    }
}

impl Wire for Letter {
    fn encode(&self, to: &mut Encoder) {
        to.array(2);
        match self {
            Letter::Request(letter) => (to.unsigned(0), letter.encode(to)),
            Letter::Answer(letter) => (to.unsigned(1), letter.encode(to)),
            Letter::Open(letter) => (to.unsigned(2), letter.encode(to)),
        };
    }

    fn decode(from: &mut Decoder<'_>) -> Result<Self, Violation> {
        from.record(2, |from| match from.unsigned()? {
            0 => Request::decode(from).map(Letter::Request),
            1 => Answer::decode(from).map(Letter::Answer),
            2 => Open::decode(from).map(Letter::Open),
            _ => Err(Violation::malformed("an unknown kind of letter")),
        })
    }
}

impl Wire for Verdict {
    fn encode(&self, to: &mut Encoder) {
        match self {
            Verdict::Accept(accept) => accept.encode(to),
            Verdict::Decline => to.null(),
        }
    }

    fn decode(from: &mut Decoder<'_>) -> Result<Self, Violation> {
        Ok(from.optional(Accept::decode)?.map_or(Verdict::Decline, Verdict::Accept))
    }
}

#[cfg(test)]
mod tests;
