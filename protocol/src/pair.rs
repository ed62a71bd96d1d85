//! What two devices tell each other under Olm: the plaintext of pair events.

use std::fmt;

use crate::{
    codec::{Decoder, Encoder, Wire, record},
    error::Violation,
    identity::Capability,
    ids::{ChainId, ConversationId, DeviceId},
};

/// Statements in one pair event: a share takes some 300 bytes of the 32 KiB of a body.
pub const MAX_SAID: usize = 64;
/// Bytes of a Megolm session's key, with room for a later version.
const MAX_KEY: usize = 1 << 10;

/// The plaintext of a pair event. What stands outside stands here once more, so that nobody can pass it on as said
/// by another device, to another device or at another place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairPlaintext {
    pub from: DeviceId,
    pub to: DeviceId,
    /// Curve25519 keys of both, as their device records name them.
    pub from_key: [u8; 32],
    pub to_key: [u8; 32],
    pub chain: ChainId,
    pub seq: u64,
    pub said: Vec<Said>,
}

record!(PairPlaintext { from, to, from_key, to_key, chain, seq, said: MAX_SAID });

/// One statement inside Olm.
#[derive(Clone, PartialEq, Eq)]
pub enum Said {
    /// "This content chain is mine, in this conversation."
    Bind {
        chain: ChainId,
        conversation: ConversationId,
    },
    Share(Share),
    /// "With this you see my presence."
    Capability(Capability),
    /// "I cannot open this epoch of your chain."
    Need {
        chain: ChainId,
        epoch: u32,
    },
    /// "And you never will."
    Withheld {
        chain: ChainId,
        epoch: u32,
    },
    /// Of a later version; ignored.
    Later(u16),
}

/// The key of one Megolm session, from its first message on.
#[derive(Clone, PartialEq, Eq)]
pub struct Share {
    pub chain: ChainId,
    pub epoch: u32,
    /// The first event that it opens.
    pub first_seq: u64,
    /// As Megolm exports it (a `SessionKey`).
    pub key: Vec<u8>,
    /// For CURSOR and EPHEMERAL of the same author.
    pub side: [u8; 32],
}

record!(Share { chain, epoch, first_seq, key: MAX_KEY, side });

impl Wire for Said {
    fn encode(&self, to: &mut Encoder) {
        to.array(2);
        match self {
            Said::Bind { chain, conversation } => (to.unsigned(1), (*chain, *conversation).encode(to)),
            Said::Share(share) => (to.unsigned(2), share.encode(to)),
            Said::Capability(capability) => (to.unsigned(3), capability.encode(to)),
            Said::Need { chain, epoch } => (to.unsigned(4), (*chain, *epoch).encode(to)),
            Said::Withheld { chain, epoch } => (to.unsigned(5), (*chain, *epoch).encode(to)),
            Said::Later(kind) => (kind.encode(to), to.null()),
        };
    }

    fn decode(from: &mut Decoder<'_>) -> Result<Self, Violation> {
        from.record(2, |from| {
            Ok(match u16::decode(from)? {
                1 => {
                    let (chain, conversation) = Wire::decode(from)?;
                    Said::Bind { chain, conversation }
                }
                2 => Said::Share(Wire::decode(from)?),
                3 => Said::Capability(Wire::decode(from)?),
                4 => {
                    let (chain, epoch) = Wire::decode(from)?;
                    Said::Need { chain, epoch }
                }
                5 => {
                    let (chain, epoch) = Wire::decode(from)?;
                    Said::Withheld { chain, epoch }
                }
                later => {
                    from.raw()?;
                    Said::Later(later)
                }
            })
        })
    }
}

impl fmt::Debug for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Share({} epoch {})", self.chain.short(), self.epoch)
    }
}

impl fmt::Debug for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Said::Bind { chain, .. } => write!(f, "Bind({})", chain.short()),
            Said::Share(share) => share.fmt(f),
            Said::Capability(_) => f.write_str("Capability"),
            Said::Need { chain, epoch } => write!(f, "Need({} epoch {epoch})", chain.short()),
            Said::Withheld { chain, epoch } => write!(f, "Withheld({} epoch {epoch})", chain.short()),
            Said::Later(kind) => write!(f, "Later({kind})"),
        }
    }
}
