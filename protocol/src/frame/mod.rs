//! Frames: what two nodes say to each other, and how a message holds them.

mod link;
mod people;
mod state;
mod sync;

use std::fmt;

use crate::{
    codec::{self, Decoder, Encoder, Wire},
    config::{MAX_FRAMES, MAX_MESSAGE},
    error::{CloseCode, Violation},
    event::Event,
    identity::{PeerRecord, Profile},
    sign::Signed,
};

pub use link::{Bye, Credit, Hello, Limits, Ping, State, WhoIs};
pub use people::{LetterTaken, SealedLetter};
pub use state::{Cursor, Ephemeral, EphemeralBody, Fork, Mark, Marks, Reject, RejectReason};
pub use sync::{Events, Frontier, FrontierEntry, FrontierKind, Head, Range, Want};

/// From this number on, frames may be ignored by whoever does not know them; below it they must be known.
const OPTIONAL_FROM: u16 = 128;

macro_rules! frames {
    ($($(#[$doc:meta])* $number:literal $name:ident $(($inner:ty))?,)*) => {
        /// One thing that a node says to another. Decoding verifies all signatures within.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Frame {
            $($(#[$doc])* $name $(($inner))?,)*
            /// An optional frame of a later version.
            Unknown(Unknown),
        }

        impl Frame {
            /// What stands before the frame on the wire.
            pub fn number(&self) -> u16 {
                match self {
                    $(frames!(@pattern $name $(_ $inner)?) => $number,)*
                    Frame::Unknown(unknown) => unknown.number,
                }
            }

            fn payload(&self) -> Vec<u8> {
                match self {
                    $(frames!(@pattern $name $(payload $inner)?) => frames!(@payload $(payload $inner)?),)*
                    Frame::Unknown(unknown) => unknown.payload.clone(),
                }
            }

            fn from_payload(number: u16, payload: &[u8]) -> Result<Self, Violation> {
                match number {
                    $($number => frames!(@decode payload $name $($inner)?),)*
                    OPTIONAL_FROM.. => Unknown::check(number, payload).map(Frame::Unknown),
                    _ => Err(Violation::new(CloseCode::Unsupported, "a frame that must be understood and is not")),
                }
            }
        }
    };
    (@pattern $name:ident) => { Frame::$name };
    (@pattern $name:ident _ $inner:ty) => { Frame::$name(_) };
    (@pattern $name:ident $payload:ident $inner:ty) => { Frame::$name($payload) };
    (@payload) => { codec::to_bytes(&()) };
    (@payload $payload:ident $inner:ty) => { codec::to_bytes($payload) };
    (@decode $payload:ident $name:ident) => { codec::from_bytes($payload).map(|()| Frame::$name) };
    (@decode $payload:ident $name:ident $inner:ty) => { codec::from_bytes($payload).map(Frame::$name) };
}

// Numbers are never given twice. Kept for later: 16 INTEREST, 17 DIGEST, 32 GRAFT, 33 PRUNE, 67 PEERWANT,
// 80 PARCEL_OFFER, 81 PARCEL_ANSWER, 82 PARCEL, 83 CUSTODY, 84 COLLECT, 85 PARCEL_DONE, 97 BLOB_WANT,
// 98 BLOB_DATA, 99 BLOB_HAVE.
frames! {
    /// The first frame of each side, to anybody.
    1 Hello(Hello),
    /// The second, to contacts only.
    2 State(State),
    /// "Who are you?", from somebody who dialled an address.
    3 Who,
    4 WhoIs(WhoIs),
    /// The last frame of a side.
    5 Bye(Bye),
    6 Ping(Ping),
    7 Pong(Ping),
    8 Credit(Credit),
    18 Frontier(Frontier),
    19 Want(Want),
    20 Events(Events),
    48 Cursor(Signed<Cursor>),
    49 Reject(Reject),
    50 Fork(Fork),
    64 Letter(SealedLetter),
    65 LetterTaken(LetterTaken),
    66 PeerRecord(Signed<PeerRecord>),
    96 Ephemeral(Ephemeral),
}

/// An optional frame that this version does not know.
#[derive(Clone, PartialEq, Eq)]
pub struct Unknown {
    number: u16,
    /// Kept as it came.
    payload: Vec<u8>,
}

impl Unknown {
    pub fn number(&self) -> u16 {
        self.number
    }

    /// Whoever sends it must still keep the rules of the format.
    fn check(number: u16, payload: &[u8]) -> Result<Self, Violation> {
        codec::from_bytes::<()>(payload)?;
        Ok(Self { number, payload: payload.to_vec() })
    }
}

impl fmt::Debug for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} B)", self.number, self.payload.len())
    }
}

/// One binary message: the frames one after another, each as its number and a byte string with its payload.
pub fn encode_message(frames: &[Frame]) -> Vec<u8> {
    let mut to = Encoder::default();
    for frame in frames {
        frame.number().encode(&mut to);
        to.bytes(&frame.payload());
    }
    to.into_bytes()
}

/// Reads a message, and verifies every signature in it.
///
/// # Errors
/// What the peer did wrong.
pub fn decode_message(message: &[u8]) -> Result<Vec<Frame>, Violation> {
    if message.len() > MAX_MESSAGE {
        return Err(Violation::too_large("a message is too long"));
    }
    let mut from = Decoder::new(message);
    let mut frames = Vec::new();
    while !from.is_empty() {
        if frames.len() == MAX_FRAMES {
            return Err(Violation::too_large("too many frames in a message"));
        }
        let number = u16::decode(&mut from)?;
        frames.push(Frame::from_payload(number, from.bytes(MAX_MESSAGE)?)?);
    }
    Ok(frames)
}

/// A message in words, one frame a line, for people; also a lone event or profile. It shows no secret and no content.
pub fn describe(bytes: &[u8]) -> String {
    if let Ok(event) = codec::from_bytes::<Event>(bytes) {
        return format!("event {} {:#?}\nbody {:?}\n", event.id(), event.header(), event.body());
    }
    if let Ok(profile) = codec::from_bytes::<Profile>(bytes) {
        return format!("{profile:?}\n");
    }
    match decode_message(bytes) {
        Ok(frames) => frames.iter().map(|frame| format!("{:>3} {frame:?}\n", frame.number())).collect(),
        Err(violation) => format!("not a message: {violation}\n"),
    }
}

#[cfg(test)]
mod tests;
