//! Events: a signed header, kept byte for byte, and a body that its hash stands in the header for.

mod body;
mod header;

use std::{fmt, sync::Arc};

use crate::{
    codec::{self, Capped, Decoder, Encoder, Wire, record},
    config::{MAX_BODY, MAX_HEADER},
    error::Violation,
    ids::{ChainId, EventId},
    sign::{Domain, Signature},
};

pub use crate::identity::ChainKey;
pub use body::{Content, Control, EventBody, Genesis, OlmKind, Pair};
pub use header::{Class, Header, NewHeader};

use header::VERSION;

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
        let key = key.signing_key();
        let header = Header {
            version: VERSION,
            chain: ChainId(key.verifying_key().to_bytes()),
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
        #[cfg(feature = "sim")]
        let header_bytes = crate::sim::mutant::header_of_this_node(header_bytes);
        let id = EventId(*blake3::hash(&header_bytes).as_bytes());
        let signature = Domain::EVENT.sign(key, &id.0);
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
        #[cfg(feature = "sim")]
        if crate::sim::mutant::active(crate::sim::Mutant::HeaderReencoded) {
            to.bytes(&codec::to_bytes(&self.0.header));
            self.0.signature.encode(to);
            return self.0.body_bytes.encode(to);
        }
        to.bytes(&self.0.header_bytes);
        self.0.signature.encode(to);
        Capped::encode(&self.0.body_bytes, to);
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

#[cfg(test)]
mod tests;
