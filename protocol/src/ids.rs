//! Names of things: fixed-size identifiers that cannot be mixed up.

use std::{fmt, str::FromStr};

use data_encoding::HEXLOWER;

/// A text that is not an identifier of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected} lowercase hexadecimal digits")]
pub struct BadId {
    /// How many digits the identifier has.
    pub expected: usize,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $len:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; $len]);

        impl $name {
            /// The bytes, as they stand on the wire.
            pub fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }

            /// The first eight hexadecimal digits, for logs and people.
            pub fn short(&self) -> String {
                HEXLOWER.encode(&self.0[..4])
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&HEXLOWER.encode(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.short())
            }
        }

        impl FromStr for $name {
            type Err = BadId;

            fn from_str(text: &str) -> Result<Self, BadId> {
                let bad = BadId { expected: 2 * $len };
                let bytes = HEXLOWER.decode(text.as_bytes()).map_err(|_| bad.clone())?;
                bytes.try_into().map(Self).map_err(|_| bad)
            }
        }

        impl TryFrom<&[u8]> for $name {
            type Error = BadId;

            fn try_from(bytes: &[u8]) -> Result<Self, BadId> {
                bytes.try_into().map(Self).map_err(|_| BadId { expected: 2 * $len })
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

id!(
    /// A person: the hash of the first entry of their key history.
    UserId, 32
);
id!(
    /// A device: the public half of its Ed25519 link key, proven by every link.
    DeviceId, 32
);
id!(
    /// A chain of events: the public half of its own Ed25519 key.
    ChainId, 32
);
id!(
    /// A conversation; one-to-one and pair conversations derive it from their two ends.
    ConversationId, 32
);
id!(
    /// An event: the BLAKE3 hash of its header.
    EventId, 32
);
id!(
    /// A message as people know it: random, first in every plaintext, the same in a request and in the chain.
    MsgId, 16
);
id!(
    /// A letter: the BLAKE3 hash of the sealed box, cut to 16 bytes.
    LetterId, 16
);
id!(
    /// A store: random, made with the database.
    StoreId, 16
);
id!(
    /// One start of a node: random.
    BootId, 16
);

/// A link of this node, numbered by the driver; never reused within a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(pub u64);

/// A command of this node's user, numbered by the driver, so that the reply finds its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommandId(pub u64);

/// A request for stored events, numbered by the machine, so that the rows find their purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LoadId(pub u64);
