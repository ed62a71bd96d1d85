//! The bodies of events, by class: clear for a genesis, sealed for all others.

use std::fmt;

use crate::{
    codec::{self, Decoder, Encoder, Wire, record},
    config::MAX_BODY,
    error::Violation,
    ids::{ChainId, ConversationId, DeviceId},
};

use super::Class;

/// Which of the two kinds of Olm message it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OlmKind {
    /// Opens a session at its receiver.
    PreKey,
    Normal,
}

impl Wire for OlmKind {
    fn encode(&self, to: &mut Encoder) {
        to.unsigned(match self {
            OlmKind::PreKey => 0,
            OlmKind::Normal => 1,
        });
    }

    fn decode(from: &mut Decoder<'_>) -> Result<Self, Violation> {
        match from.unsigned()? {
            0 => Ok(OlmKind::PreKey),
            1 => Ok(OlmKind::Normal),
            _ => Err(Violation::malformed("an unknown kind of Olm message")),
        }
    }
}

/// The first event of a chain, in the clear: what the chain is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Genesis {
    pub conversation: ConversationId,
    /// The class of all the events that follow.
    pub class: Class,
    /// A claim, until the owner binds the chain inside Olm.
    pub owner: DeviceId,
    /// From 1; grows when a restored data folder begins new chains.
    pub incarnation: u64,
    /// The chain that this one takes over from, if its author still knows it.
    pub previous: Option<ChainId>,
}

record!(Genesis { conversation, class, owner, incarnation, previous });

/// A message of a content chain.
#[derive(Clone, PartialEq, Eq)]
pub struct Content {
    /// Which of the chain's Megolm sessions; its index is `seq - first_seq` of the epoch.
    pub epoch: u32,
    pub megolm: Vec<u8>,
}

record!(Content { epoch, megolm: MAX_BODY });

/// A message of a pair chain.
#[derive(Clone, PartialEq, Eq)]
pub struct Pair {
    pub session: [u8; 32],
    pub kind: OlmKind,
    pub olm: Vec<u8>,
}

record!(Pair { session, kind, olm: MAX_BODY });

/// An operation of a control chain.
#[derive(Clone, PartialEq, Eq)]
pub struct Control {
    pub key_epoch: u32,
    pub nonce: [u8; 24],
    pub sealed: Vec<u8>,
}

record!(Control { key_epoch, nonce, sealed: MAX_BODY });

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Content {{ epoch: {}, megolm: {} B }}", self.epoch, self.megolm.len())
    }
}

impl fmt::Debug for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pair {{ kind: {:?}, olm: {} B }}", self.kind, self.olm.len())
    }
}

impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Control {{ key_epoch: {}, sealed: {} B }}", self.key_epoch, self.sealed.len())
    }
}

/// The body of an event, by its class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventBody {
    Genesis(Genesis),
    Content(Content),
    Control(Control),
    Pair(Pair),
    /// Of a class that this version stores and passes on without reading it.
    Later {
        class: Class,
        bytes: Vec<u8>,
    },
}

impl EventBody {
    pub fn class(&self) -> Class {
        match self {
            EventBody::Genesis(_) => Class::Genesis,
            EventBody::Content(_) => Class::Content,
            EventBody::Control(_) => Class::Control,
            EventBody::Pair(_) => Class::Pair,
            EventBody::Later { class, .. } => *class,
        }
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        match self {
            EventBody::Genesis(body) => codec::to_bytes(body),
            EventBody::Content(body) => codec::to_bytes(body),
            EventBody::Control(body) => codec::to_bytes(body),
            EventBody::Pair(body) => codec::to_bytes(body),
            EventBody::Later { bytes, .. } => bytes.clone(),
        }
    }

    pub(super) fn from_bytes(class: Class, bytes: &[u8]) -> Result<Self, Violation> {
        Ok(match class {
            Class::Genesis => EventBody::Genesis(codec::from_bytes(bytes)?),
            Class::Content => EventBody::Content(codec::from_bytes(bytes)?),
            Class::Control => EventBody::Control(codec::from_bytes(bytes)?),
            Class::Pair => EventBody::Pair(codec::from_bytes(bytes)?),
            Class::Checkpoint | Class::Close | Class::Later(_) => {
                EventBody::Later { class, bytes: bytes.to_vec() }
            }
        })
    }
}
