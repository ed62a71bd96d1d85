//! Events: a signed header, kept byte for byte, and a body that its hash stands in the header for.

use std::{fmt, sync::Arc};

use crate::{
    codec::{self, Capped, Decoder, Encoder, Wire, record},
    config::{MAX_BODY, MAX_DEPS, MAX_HEADER},
    error::Violation,
    ids::{ChainId, ConversationId, DeviceId, EventId},
    sign::{Domain, Signature},
    time::Ord64,
};

pub use crate::identity::ChainKey;

/// The version of the header that this code writes, and the only one there is.
const VERSION: u16 = 1;

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
    fn check(&self) -> Result<(), Violation> {
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

    fn to_bytes(&self) -> Vec<u8> {
        match self {
            EventBody::Genesis(body) => codec::to_bytes(body),
            EventBody::Content(body) => codec::to_bytes(body),
            EventBody::Control(body) => codec::to_bytes(body),
            EventBody::Pair(body) => codec::to_bytes(body),
            EventBody::Later { bytes, .. } => bytes.clone(),
        }
    }

    fn from_bytes(class: Class, bytes: &[u8]) -> Result<Self, Violation> {
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

/// An event as it came: nothing of it may be believed yet.
#[derive(Clone, PartialEq, Eq)]
pub struct UnverifiedEvent {
    header: Vec<u8>,
    signature: Signature,
    body: Option<Vec<u8>>,
}

record!(UnverifiedEvent { header: MAX_HEADER, signature, body: MAX_BODY });

impl UnverifiedEvent {
    /// From the three parts that an [`Event`] gives out.
    pub fn from_parts(header: Vec<u8>, signature: Signature, body: Option<Vec<u8>>) -> Self {
        Self { header, signature, body }
    }

    /// Checks form, hash and signature: the only way to an event of somebody else.
    ///
    /// # Errors
    /// What does not fit.
    pub fn verify(self) -> Result<Event, Violation> {
        let event = self.parse()?;
        Domain::EVENT.verify(&event.header().chain.0, &event.id().0, event.signature())?;
        Ok(event)
    }

    /// An event that was verified before this node stored it, from its own encrypted store: the signature is not
    /// checked again.
    ///
    /// # Errors
    /// The store is damaged.
    pub fn from_own_store(self) -> Result<Event, Violation> {
        self.parse()
    }

    fn parse(self) -> Result<Event, Violation> {
        let Self { header: header_bytes, signature, body: body_bytes } = self;
        let header: Header = codec::from_bytes(&header_bytes)?;
        header.check()?;
        let body = match &body_bytes {
            None => None,
            Some(bytes) => {
                if bytes.len() != header.body_len as usize
                    || *blake3::hash(bytes).as_bytes() != header.body_hash
                {
                    return Err(Violation::forged("the body of an event is not the one that was signed"));
                }
                Some(EventBody::from_bytes(header.class, bytes)?)
            }
        };
        let id = EventId(*blake3::hash(&header_bytes).as_bytes());
        Ok(Event(Arc::new(Parts { id, header, header_bytes, signature, body, body_bytes })))
    }
}

impl fmt::Debug for UnverifiedEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let body = self.body.as_ref().map_or(0, Vec::len);
        write!(f, "UnverifiedEvent {{ header: {} B, body: {body} B }}", self.header.len())
    }
}

/// An event whose form, hash and signature were checked. Cheap to clone.
#[derive(Clone)]
pub struct Event(Arc<Parts>);

struct Parts {
    id: EventId,
    header: Header,
    header_bytes: Vec<u8>,
    signature: Signature,
    body: Option<EventBody>,
    body_bytes: Option<Vec<u8>>,
}

impl Event {
    /// A new event of one's own chain.
    pub fn sign(key: &ChainKey, new: NewHeader, body: EventBody) -> Event {
        let NewHeader { seq, prev, hlc, mut deps, expires } = new;
        deps.sort_unstable();
        deps.dedup();
        let body_bytes = body.to_bytes();
        let header = Header {
            version: VERSION,
            chain: key.chain_id(),
            seq,
            prev,
            hlc,
            deps,
            class: body.class(),
            expires,
            body_len: u32::try_from(body_bytes.len()).unwrap_or(u32::MAX),
            body_hash: *blake3::hash(&body_bytes).as_bytes(),
        };
        debug_assert_eq!(header.check(), Ok(()), "an event of our own keeps the rules");
        let header_bytes = codec::to_bytes(&header);
        let id = EventId(*blake3::hash(&header_bytes).as_bytes());
        let signature = key.sign(Domain::EVENT, &id.0);
        let (body, body_bytes) = (Some(body), Some(body_bytes));
        Event(Arc::new(Parts { id, header, header_bytes, signature, body, body_bytes }))
    }

    pub fn id(&self) -> EventId {
        self.0.id
    }

    pub fn header(&self) -> &Header {
        &self.0.header
    }

    pub fn chain(&self) -> ChainId {
        self.0.header.chain
    }

    pub fn seq(&self) -> u64 {
        self.0.header.seq
    }

    /// What is hashed and signed, byte for byte.
    pub fn header_bytes(&self) -> &[u8] {
        &self.0.header_bytes
    }

    pub fn signature(&self) -> &Signature {
        &self.0.signature
    }

    /// Nothing once the body was dropped: the header alone keeps the chain whole.
    pub fn body(&self) -> Option<&EventBody> {
        self.0.body.as_ref()
    }

    pub fn body_bytes(&self) -> Option<&[u8]> {
        self.0.body_bytes.as_deref()
    }

    /// The same event as it goes to somebody who has yet to verify it.
    pub fn to_unverified(&self) -> UnverifiedEvent {
        UnverifiedEvent {
            header: self.0.header_bytes.clone(),
            signature: self.0.signature,
            body: self.0.body_bytes.clone(),
        }
    }

    /// The header and its signature alone: enough to keep the chain whole, and to prove a fork.
    #[must_use]
    pub fn without_body(&self) -> Self {
        let Parts { id, ref header, ref header_bytes, signature, .. } = *self.0;
        let (header, header_bytes) = (header.clone(), header_bytes.clone());
        Self(Arc::new(Parts { id, header, header_bytes, signature, body: None, body_bytes: None }))
    }

    /// Bytes that it takes within a frame, to the byte or a few more.
    pub fn wire_len(&self) -> usize {
        self.0.header_bytes.len() + self.0.body_bytes.as_ref().map_or(0, Vec::len) + 64 + 10
    }
}

/// Decoding verifies: no frame ever holds an event that was not checked.
impl Wire for Event {
    fn encode(&self, to: &mut Encoder) {
        to.array(3);
        to.bytes(&self.0.header_bytes);
        self.0.signature.encode(to);
        self.0.body_bytes.encode(to);
    }

    fn decode(from: &mut Decoder<'_>) -> Result<Self, Violation> {
        UnverifiedEvent::decode(from)?.verify()
    }
}

impl PartialEq for Event {
    fn eq(&self, other: &Self) -> bool {
        let same =
            |a: &Parts, b: &Parts| (a.id, a.signature, &a.body_bytes) == (b.id, b.signature, &b.body_bytes);
        same(&self.0, &other.0)
    }
}

impl Eq for Event {}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Header { chain, seq, class, .. } = self.header();
        write!(f, "Event {{ {} seq {seq} {class:?} {} }}", chain.short(), self.id().short())
    }
}
