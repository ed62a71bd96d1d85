//! Frames about the link itself: who is there, in which version, and whether still.

use std::fmt;

use data_encoding::HEXLOWER;

use crate::{
    codec::{Decoder, Encoder, Wire, record},
    config::{MAX_REASON, MAX_VERSIONS},
    error::{CloseCode, Violation},
    identity::Profile,
    ids::{BootId, StoreId},
};

/// The first frame of each side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hello {
    /// Versions of the protocol that this node speaks; the greatest common one holds.
    pub versions: Vec<u16>,
    /// Bits of optional features; what both sides set may be used. None is defined yet.
    pub features: u64,
    pub limits: Limits,
    /// New with every start, so that a peer knows a restart from a broken link.
    pub boot: BootId,
}

record!(Hello { versions: MAX_VERSIONS, features, limits, boot });

/// What a node takes in; it never asks for less than the defaults of version 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one message.
    pub message: u32,
    /// Bytes of events that may be under way before a CREDIT.
    pub window: u32,
}

record!(Limits { message, window });

/// What contacts compare first.
#[derive(Clone, PartialEq, Eq)]
pub struct State {
    /// The sender's newest profile; left out when this peer was given it before.
    pub profile: Option<Profile>,
    pub store: StoreId,
    /// How far the sender had come in the store of the other, in the other's own count.
    pub resume: u64,
    /// Digest over all that the two share.
    pub root: [u8; 16],
}

record!(State { profile, store, resume, root });

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { profile, store, resume, root } = self;
        let root = HEXLOWER.encode(root);
        write!(f, "State {{ profile: {profile:?}, {store:?}, resume: {resume}, root: {root} }}")
    }
}

/// The answer to WHO; nothing if the owner does not allow one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WhoIs {
    pub profile: Option<Profile>,
}

record!(WhoIs { profile });

/// Why the sender goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bye {
    pub code: CloseCode,
    /// For people, without any meaning to programs.
    pub text: String,
    /// Seconds to wait before dialling again.
    pub retry_after: Option<u32>,
}

record!(Bye { code, text: MAX_REASON, retry_after });

impl Wire for CloseCode {
    fn encode(&self, to: &mut Encoder) {
        u16::from(*self).encode(to);
    }

    fn decode(from: &mut Decoder<'_>) -> Result<Self, Violation> {
        u16::decode(from).map(CloseCode::from)
    }
}

/// A question whether the other still lives, and its echo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ping {
    pub nonce: u64,
}

record!(Ping { nonce });

/// More bytes of events may come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Credit {
    pub bytes: u32,
}

record!(Credit { bytes });
