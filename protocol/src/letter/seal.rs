//! Sealing letters and opening them: HPKE (RFC 9180), X25519 with HKDF-SHA256 and ChaCha20-Poly1305.

use hpke::{Deserializable, OpModeR, OpModeS, Serializable, aead, kdf, kem::X25519HkdfSha256};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::{
    codec::{self, Decoder, Encoder, Wire, record},
    config::{MAX_LETTER, PAD_LETTER_TO},
    error::Violation,
    identity::{DeviceRecord, LinkSecret, Profile, SealSecret},
    ids::LetterId,
    sign::{Domain, Signature},
};

use super::Letter;

type Kem = X25519HkdfSha256;
type Aead = aead::ChaCha20Poly1305;
type Kdf = kdf::HkdfSha256;

/// How a sender proves who they are.
#[derive(Debug, Clone, Copy)]
pub enum Proof<'a> {
    /// To a stranger: a signature by the link key.
    LinkKey(&'a LinkSecret),
    /// To a contact: HPKE's Auth mode with the seal key of the sender's own device record. It convinces the
    /// recipient and nobody else.
    SealKey(&'a SealSecret),
}

/// Which proof a letter came with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProvenBy {
    LinkKey,
    SealKey,
}

/// An opened letter: the profile is verified, and the letter comes from its first device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    pub from: Profile,
    pub proven_by: ProvenBy,
    pub letter: Letter,
}

/// The name of a sealed letter.
pub fn id(sealed: &[u8]) -> LetterId {
    let hash = blake3::hash(sealed);
    LetterId(*hash.as_bytes().first_chunk().expect("a hash is longer than the name of a letter"))
}

/// Seals a letter of `from` to the device `to`.
///
/// # Errors
/// It does not fit into [`MAX_LETTER`].
pub fn seal(
    letter: &Letter,
    from: &Profile,
    proof: Proof<'_>,
    to: &DeviceRecord,
    rng: &mut impl CryptoRng,
) -> Result<Vec<u8>, Violation> {
    let said = Said { from: from.clone(), letter: letter.clone() };
    let said = Zeroizing::new(codec::to_bytes(&said));
    let proven = match proof {
        Proof::LinkKey(key) => {
            let signature = key.sign(Domain::LETTER, &signed_part(&to.seal_key, &said));
            Proven::Signed { said, signature }
        }
        Proof::SealKey(key) => {
            let mode = OpModeS::Auth((key.hpke(), public_key(&key.public())?));
            Proven::Sealed { key: key.public(), sealed: hpke_seal(&mode, &to.seal_key, SAID, &said, rng)? }
        }
    };
    let plain = Zeroizing::new(codec::to_padded_bytes(&proven, PAD_LETTER_TO));
    let sealed = hpke_seal(&OpModeS::Base, &to.seal_key, LETTER, &plain, rng)?;
    if sealed.len() > MAX_LETTER { Err(Violation::too_large("a letter is too long")) } else { Ok(sealed) }
}

/// Opens a letter with whichever of one's seal keys it was sealed to.
///
/// # Errors
/// It is sealed to none of them, is not what a letter looks like, or does not prove who sent it.
pub fn open(sealed: &[u8], keys: &[SealSecret]) -> Result<Opened, Violation> {
    if sealed.len() > MAX_LETTER {
        return Err(Violation::too_large("a letter is too long"));
    }
    let opened = keys.iter().find_map(|key| {
        let plain = hpke_open(&OpModeR::Base, key, LETTER, sealed).ok()?;
        Some((key, plain))
    });
    let (key, plain) = opened.ok_or(Violation::forged("a letter that none of our seal keys opens"))?;
    match codec::from_padded_bytes(&plain, PAD_LETTER_TO)? {
        Proven::Signed { said, signature } => {
            let Said { from, letter } = codec::from_bytes(&said)?;
            from.verify()?;
            let signed = signed_part(&key.public(), &said);
            Domain::LETTER.verify(&from.device().device.0, &signed, &signature)?;
            Ok(Opened { from, proven_by: ProvenBy::LinkKey, letter })
        }
        Proven::Sealed { key: sender, sealed } => {
            let said = hpke_open(&OpModeR::Auth(public_key(&sender)?), key, SAID, &sealed)?;
            let Said { from, letter } = codec::from_bytes(&said)?;
            from.verify()?;
            if from.device().seal_key != sender {
                return Err(Violation::forged("a letter under another seal key than its sender's"));
            }
            Ok(Opened { from, proven_by: ProvenBy::SealKey, letter })
        }
    }
}

/// Who says what.
struct Said {
    from: Profile,
    letter: Letter,
}

record!(Said { from, letter });

/// What is in the outer box. The proof stands inside, so that nobody on the way learns who writes.
enum Proven {
    Signed {
        said: Zeroizing<Vec<u8>>,
        signature: Signature,
    },
    /// `key` is the sender's public seal key, `sealed` a second box in Auth mode with what was said.
    Sealed {
        key: [u8; 32],
        sealed: Vec<u8>,
    },
}

impl Wire for Proven {
    fn encode(&self, to: &mut Encoder) {
        to.array(3);
        match self {
            Proven::Signed { said, signature } => {
                to.unsigned(0);
                signature.encode(to);
                to.bytes(said);
            }
            Proven::Sealed { key, sealed } => {
                to.unsigned(1);
                key.encode(to);
                to.bytes(sealed);
            }
        }
    }

    fn decode(from: &mut Decoder<'_>) -> Result<Self, Violation> {
        from.record(3, |from| match from.unsigned()? {
            0 => {
                let signature = Signature::decode(from)?;
                Ok(Proven::Signed { signature, said: Zeroizing::new(from.bytes(MAX_LETTER)?.to_vec()) })
            }
            1 => Ok(Proven::Sealed { key: Wire::decode(from)?, sealed: from.bytes(MAX_LETTER)?.to_vec() }),
            _ => Err(Violation::malformed("an unknown proof of a letter")),
        })
    }
}

/// A signature names the key that the letter is sealed to, so that its reader cannot pass it on as said to others.
fn signed_part(to: &[u8; 32], said: &[u8]) -> Vec<u8> {
    [to, said].concat()
}

/// HPKE's `info` of the outer box.
const LETTER: &[u8] = b"confab/1/letter";
/// HPKE's `info` of the inner box between contacts.
const SAID: &[u8] = b"confab/1/letter-between-contacts";

/// `encapsulated key || ciphertext`.
fn hpke_seal(
    mode: &OpModeS<'_, Kem>,
    to: &[u8; 32],
    info: &[u8],
    plain: &[u8],
    rng: &mut impl CryptoRng,
) -> Result<Vec<u8>, Violation> {
    let to = public_key(to)?;
    let (encapsulated, ciphertext) =
        hpke::single_shot_seal_with_rng::<Aead, Kdf, Kem>(mode, &to, info, plain, b"", rng)
            .map_err(|_| Violation::malformed("a seal key that nothing can be sealed to"))?;
    Ok([encapsulated.to_bytes().as_slice(), &ciphertext].concat())
}

fn hpke_open(
    mode: &OpModeR<'_, Kem>,
    key: &SealSecret,
    info: &[u8],
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Violation> {
    let (encapsulated, ciphertext) =
        sealed.split_at_checked(32).ok_or(Violation::malformed("a sealed box ends early"))?;
    let encapsulated = Deserializable::from_bytes(encapsulated)
        .map_err(|_| Violation::malformed("not an encapsulated key"))?;
    hpke::single_shot_open::<Aead, Kdf, Kem>(mode, &key.hpke(), &encapsulated, info, ciphertext, b"")
        .map(Zeroizing::new)
        .map_err(|_| Violation::forged("a sealed box does not open"))
}

fn public_key(key: &[u8; 32]) -> Result<<Kem as hpke::Kem>::PublicKey, Violation> {
    Deserializable::from_bytes(key).map_err(|_| Violation::malformed("not a seal key"))
}

/// What a dishonest reader can do with a letter: take it out of its box, and seal it to somebody else as it is.
#[cfg(test)]
pub(super) fn passed_on(
    sealed: &[u8],
    key: &SealSecret,
    to: &DeviceRecord,
    rng: &mut impl CryptoRng,
) -> Vec<u8> {
    let plain = hpke_open(&OpModeR::Base, key, LETTER, sealed).unwrap();
    hpke_seal(&OpModeS::Base, &to.seal_key, LETTER, &plain, rng).unwrap()
}
