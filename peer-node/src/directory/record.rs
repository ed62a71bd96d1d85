//! Where this node can be reached, sealed for whoever holds the capability.

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305,
    aead::{Aead, Payload},
};
use protocol::{
    codec,
    directory::{Blob, Hex, Tag},
    identity::{Capability, PeerRecord},
    ids::UserId,
    sign::Signed,
};

const NONCE: usize = 24;

/// The tag under which presence is given for `capability`.
pub(super) fn tag(capability: &Capability) -> Tag {
    Hex(capability.hash())
}

fn cipher(capability: &Capability) -> XChaCha20Poly1305 {
    let key = blake3::derive_key("confab/1/presence-record", capability.secret_bytes());
    XChaCha20Poly1305::new(&key.into())
}

pub(super) fn seal(record: &Signed<PeerRecord>, capability: &Capability) -> Blob {
    let nonce: [u8; NONCE] = rand::random();
    let bytes = codec::to_bytes(record);
    let payload = Payload { msg: &bytes, aad: &capability.hash() };
    let sealed =
        cipher(capability).encrypt(&nonce.into(), payload).expect("a record is far below the cipher's limit");
    Blob([nonce.as_slice(), &sealed].concat())
}

/// Opens and checks the record of `user`; `None` for anything else.
pub(super) fn open(sealed: &Blob, capability: &Capability, user: UserId) -> Option<PeerRecord> {
    let (nonce, sealed) = sealed.0.split_first_chunk::<NONCE>()?;
    let payload = Payload { msg: sealed, aad: &capability.hash() };
    let bytes = cipher(capability).decrypt(&(*nonce).into(), payload).ok()?;
    read(&Blob(bytes), user)
}

/// Reads a record in the open. Decoding has checked that the device which it names signed it.
pub(super) fn read(record: &Blob, user: UserId) -> Option<PeerRecord> {
    let record: Signed<PeerRecord> = codec::from_bytes(&record.0).ok()?;
    (record.user == user).then(|| (*record).clone())
}

#[cfg(test)]
mod tests {
    use protocol::{identity::LinkSecret, time::WallMs};

    use super::*;

    #[test]
    fn only_the_holder_of_the_capability_opens_a_record_and_only_of_the_right_person() {
        let link = LinkSecret::generate(&mut rand::rng());
        let (mine, other) = (Capability::from_secret_bytes([1; 32]), Capability::from_secret_bytes([2; 32]));
        let user = UserId([3; 32]);
        let record = PeerRecord {
            user,
            device: link.device_id(),
            seq: 1,
            addresses: vec!["127.0.0.1:7401".parse().unwrap()],
            lease: WallMs(1),
        };
        let sealed = seal(&record.clone().sign(&link), &mine);
        assert_eq!(open(&sealed, &mine, user), Some(record));
        assert_eq!(open(&sealed, &other, user), None);
        assert_eq!(open(&sealed, &mine, UserId([4; 32])), None);
    }
}
