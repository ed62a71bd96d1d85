//! Signatures: each over a domain string and bytes that are kept as they came.

use std::{fmt, ops::Deref};

use ed25519_dalek::{Signer, SigningKey, VerifyingKey};

use crate::{
    codec::{self, Decoder, Encoder, Wire, transparent},
    config::MAX_STATEMENT,
    error::Violation,
};

/// A public Ed25519 key.
pub type PublicKey = [u8; 32];

/// An Ed25519 signature.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Signature(pub [u8; 64]);

transparent!(Signature);

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signature(..)")
    }
}

/// What a signature is for. One key may sign in several domains; what it signs in one means nothing in another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Domain(&'static str);

macro_rules! domains {
    ($($(#[$doc:meta])* $name:ident = $domain:literal;)*) => {
        impl Domain {
            $($(#[$doc])* pub const $name: Self = Self($domain);)*

            /// All of them: no two are equal.
            pub const ALL: &[Self] = &[$(Self::$name),*];
        }
    };
}

domains! {
    /// An event's id, by its chain key.
    EVENT = "confab/1/event";
    /// An entry of a key history, by its account key and by the one before.
    KEY_HISTORY = "confab/1/key-history";
    /// A device record, by the account key.
    DEVICE_RECORD = "confab/1/device-record";
    /// A device list, by the account key.
    DEVICE_LIST = "confab/1/device-list";
    /// Where a device can be reached, by its link key.
    PEER_RECORD = "confab/1/peer-record";
    /// A letter to a stranger, by the link key of its sender.
    LETTER = "confab/1/letter";
    /// Marks of a reader, by the key of the reader's chain.
    CURSOR = "confab/1/cursor";
    /// A directory's challenge, by the link key of the device that answers.
    DIRECTORY_CHALLENGE = "confab/1/directory-challenge";
    /// A new password at a directory, by the account key: the old one is forgotten.
    DIRECTORY_PASSWORD = "confab/1/directory-password";
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Domain {
    /// The signed bytes: the domain, a zero byte, the message. No domain holds a zero, so no two agree.
    fn message(self, message: &[u8]) -> Vec<u8> {
        [self.0.as_bytes(), &[0], message].concat()
    }

    pub(crate) fn sign(self, key: &SigningKey, message: &[u8]) -> Signature {
        Signature(key.sign(&self.message(message)).to_bytes())
    }

    /// Strict: no weak keys, no second spelling of a signature.
    ///
    /// # Errors
    /// The signature is not by `key`, over `message`, in this domain.
    pub fn verify(self, key: &PublicKey, message: &[u8], signature: &Signature) -> Result<(), Violation> {
        let forged = || Violation::forged("a signature does not fit");
        let key = VerifyingKey::from_bytes(key).map_err(|_| forged())?;
        let signature = ed25519_dalek::Signature::from_bytes(&signature.0);
        key.verify_strict(&self.message(message), &signature).map_err(|_| forged())
    }
}

/// Something that is signed, with the domain it is signed in.
pub trait Statement: Wire {
    const DOMAIN: Domain;

    /// How many bytes it may take.
    const LIMIT: usize = MAX_STATEMENT;

    /// The key that must have signed, where the statement itself says which: then decoding verifies.
    fn signer(&self) -> Option<&PublicKey>;
}

/// A statement with its signature. Its bytes are kept as they came, so that fields of later versions stay signed.
#[derive(Clone, PartialEq, Eq)]
pub struct Signed<T> {
    bytes: Vec<u8>,
    value: T,
    signature: Signature,
}

impl<T: Statement> Signed<T> {
    pub(crate) fn new(value: T, key: &SigningKey) -> Self {
        let bytes = codec::to_bytes(&value);
        let signature = T::DOMAIN.sign(key, &bytes);
        Self { bytes, value, signature }
    }

    /// # Errors
    /// The signature is not by `key`.
    pub fn verify(&self, key: &PublicKey) -> Result<(), Violation> {
        T::DOMAIN.verify(key, &self.bytes, &self.signature)
    }
}

impl<T> Signed<T> {
    /// What is signed, byte for byte.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl<T> Deref for Signed<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: fmt::Debug> fmt::Debug for Signed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Signed").field(&self.value).finish()
    }
}

impl<T: Statement> Wire for Signed<T> {
    fn encode(&self, to: &mut Encoder) {
        to.array(2);
        to.bytes(&self.bytes);
        self.signature.encode(to);
    }

    fn decode(from: &mut Decoder<'_>) -> Result<Self, Violation> {
        let signed = from.record(2, |from| {
            let bytes = from.bytes(T::LIMIT)?.to_vec();
            Ok(Self { value: from.inside::<T>(&bytes)?, bytes, signature: Wire::decode(from)? })
        })?;
        if !from.is_own()
            && let Some(key) = signed.value.signer()
        {
            signed.verify(key)?;
        }
        Ok(signed)
    }
}
