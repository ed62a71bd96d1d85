//! Secret keys: they vanish from memory when dropped, print nothing, and leave only through `secret_bytes`.

use std::{fmt, sync::OnceLock};

use ed25519_dalek::SigningKey;
use hpke::{Deserializable, Kem, Serializable, kem::X25519HkdfSha256};
use rand_core::CryptoRng;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::{
    ids::{ChainId, DeviceId},
    sign::{Domain, PublicKey, Signature},
};

macro_rules! secret {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name(Zeroizing<[u8; 32]>);

        impl $name {
            pub fn generate(rng: &mut impl CryptoRng) -> Self {
                let mut bytes = Zeroizing::new([0; 32]);
                rng.fill_bytes(&mut *bytes);
                Self(bytes)
            }

            /// What `secret_bytes` gave, from the encrypted store or the recovery file.
            pub fn from_secret_bytes(bytes: [u8; 32]) -> Self {
                Self(Zeroizing::new(bytes))
            }

            /// The secret itself, for the encrypted store; never for the wire or a log.
            pub fn secret_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.0.ct_eq(&*other.0).into()
            }
        }

        impl Eq for $name {}

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    };
}

macro_rules! signs {
    ($name:ident) => {
        impl $name {
            pub(crate) fn signing_key(&self) -> SigningKey {
                SigningKey::from_bytes(&self.0)
            }

            /// The public half.
            pub fn public(&self) -> PublicKey {
                self.signing_key().verifying_key().to_bytes()
            }

            pub fn sign(&self, domain: Domain, message: &[u8]) -> Signature {
                domain.sign(&self.signing_key(), message)
            }
        }
    };
}

secret! {
    /// The account key: signs the key history and the device records, nothing else. In the recovery file.
    AccountKey
}
signs!(AccountKey);

secret! {
    /// The link key of a device: TLS proves it, and it signs peer records, letters to strangers and the
    /// directory's challenges, each in its own domain.
    LinkSecret
}
signs!(LinkSecret);

impl LinkSecret {
    pub fn device_id(&self) -> DeviceId {
        DeviceId(self.public())
    }

    /// The Ed25519 seed, for the TLS stack.
    pub fn seed(&self) -> &[u8; 32] {
        self.secret_bytes()
    }
}

/// The key of one chain: fresh for each conversation, device, incarnation and class.
///
/// It signs every event of ours, so from the first one on both halves are kept ready: making them anew costs as much as a
/// signature. Not before: a node that starts has hundreds of chains, and writes in one.
#[derive(Clone)]
pub struct ChainKey {
    seed: Zeroizing<[u8; 32]>,
    key: OnceLock<SigningKey>,
}

impl ChainKey {
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        rng.fill_bytes(&mut *bytes);
        Self::from_secret_bytes(*bytes)
    }

    /// What `secret_bytes` gave, from the encrypted store.
    pub fn from_secret_bytes(bytes: [u8; 32]) -> Self {
        Self { seed: Zeroizing::new(bytes), key: OnceLock::new() }
    }

    /// The secret itself, for the encrypted store; never for the wire or a log.
    pub fn secret_bytes(&self) -> &[u8; 32] {
        &self.seed
    }

    pub(crate) fn signing_key(&self) -> &SigningKey {
        self.key.get_or_init(|| SigningKey::from_bytes(&self.seed))
    }

    pub fn chain_id(&self) -> ChainId {
        ChainId(self.signing_key().verifying_key().to_bytes())
    }

    pub fn sign(&self, domain: Domain, message: &[u8]) -> Signature {
        domain.sign(self.signing_key(), message)
    }
}

impl fmt::Debug for ChainKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChainKey(..)")
    }
}

secret! {
    /// The private half of a seal key (X25519): opens letters and parcels. New every week, kept for three.
    SealSecret
}

impl SealSecret {
    /// The public half, as it stands in the device record.
    pub fn public(&self) -> [u8; 32] {
        X25519HkdfSha256::sk_to_pk(&self.hpke()).to_bytes().into()
    }

    pub(crate) fn hpke(&self) -> <X25519HkdfSha256 as Kem>::PrivateKey {
        Deserializable::from_bytes(self.secret_bytes()).expect("any 32 bytes are an X25519 key")
    }
}

secret! {
    /// Given to one contact: who shows it gets presence and addresses.
    Capability
}

impl Capability {
    /// What the directory stores of it.
    pub fn hash(&self) -> [u8; 32] {
        blake3::derive_key("confab/1/capability", self.secret_bytes())
    }
}
