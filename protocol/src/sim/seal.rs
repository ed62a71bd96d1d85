//! The simulator's seal: no secrecy, no cost, the same bytes for the same seed, and as strict as the real ratchets are.
//!
//! Where vodozemac only may lose something (Olm out of order), this one does; where it must fail (a key that is gone, a
//! ratchet that was put back to an old state, another session's message), this one fails too.

use std::collections::BTreeSet;

use ed25519_dalek::{Signer, SigningKey};
use rand_chacha::{ChaCha20Rng, rand_core::Rng};
use zeroize::Zeroizing;

use crate::seal::{AccountKeys, Opened, PairMessage, Seal, SealError, SecretBytes};

type Id = [u8; 32];
type Turn = [u8; 8];

/// About what a real Megolm message carries beside its plaintext: index, MAC, signature, padding.
const CONTENT_TAG: usize = 48;

/// Deterministic ratchets; draws its randomness from the generator that it was made with.
#[derive(Debug)]
pub struct FakeSeal {
    rng: ChaCha20Rng,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FakeAccount {
    curve: Id,
    signing: Id,
    one_time: BTreeSet<Id>,
}

/// One end of a session. Each change of direction draws a new `turn`, as Olm draws a new ratchet key: an end that was
/// put back to an old state cannot follow any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FakePair {
    id: Id,
    /// What the first messages carry until the other end has answered; none at the end that was asked.
    opening: Option<[Id; 3]>,
    my_turn: Turn,
    /// The turn of the other that `my_turn` answers.
    answers: Turn,
    sent: u64,
    their_turn: Turn,
    received: u64,
    /// The next message begins a new turn.
    turning: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FakeOutbound {
    session: Id,
    index: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FakeInbound {
    session: Id,
    first: u32,
}

impl FakeSeal {
    pub fn new(rng: ChaCha20Rng) -> Self {
        Self { rng }
    }

    fn draw<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.rng.fill_bytes(&mut bytes);
        bytes
    }
}

/// The session and index of a content message: no two events may share them.
pub(super) fn content_index(message: &[u8]) -> Option<(Id, u64)> {
    let mut from = Reader(message);
    Some((from.take()?, u64::from(u32::from_be_bytes(from.take()?))))
}

/// The session with the turn, and the place in it, of a pair message: no two events may share them.
pub(super) fn pair_index(message: &[u8]) -> Option<(Id, u64)> {
    let mut from = Reader(message);
    let (id, turn): (Id, Turn) = (from.take()?, from.take()?);
    let _answers: Turn = from.take()?;
    let count = u64::from_be_bytes(from.take()?);
    Some((hash(&[&id, &turn]), count))
}

impl Seal for FakeSeal {
    type Account = FakeAccount;
    type Pair = FakePair;
    type Outbound = FakeOutbound;
    type Inbound = FakeInbound;

    fn new_account(&mut self) -> FakeAccount {
        FakeAccount { curve: self.draw(), signing: self.draw(), one_time: BTreeSet::new() }
    }

    fn account_keys(&self, account: &FakeAccount) -> AccountKeys {
        let signing = SigningKey::from_bytes(&account.signing).verifying_key().to_bytes();
        AccountKeys { curve: account.curve, signing }
    }

    fn sign(&self, account: &FakeAccount, message: &[u8]) -> [u8; 64] {
        SigningKey::from_bytes(&account.signing).sign(message).to_bytes()
    }

    fn new_one_time_key(&mut self, account: &mut FakeAccount) -> [u8; 32] {
        let key = self.draw();
        account.one_time.insert(key);
        key
    }

    fn pair_outbound(
        &mut self,
        account: &FakeAccount,
        curve: Id,
        one_time: Id,
    ) -> Result<FakePair, SealError> {
        let base = self.draw();
        let id = hash(&[&account.curve, &curve, &one_time, &base]);
        Ok(FakePair {
            id,
            opening: Some([account.curve, one_time, base]),
            my_turn: self.draw(),
            answers: [0; 8],
            sent: 0,
            their_turn: [0; 8],
            received: 0,
            turning: false,
        })
    }

    fn pair_inbound(
        &mut self,
        account: &mut FakeAccount,
        curve: Id,
        message: &PairMessage,
    ) -> Result<(FakePair, SecretBytes), SealError> {
        let (head, rest) = PairHead::read(message)?;
        let Some([sender, one_time, base]) = head.opening else { return Err(SealError::CannotOpen) };
        if sender != curve || hash(&[&curve, &account.curve, &one_time, &base]) != head.id {
            return Err(SealError::CannotOpen);
        }
        if !account.one_time.contains(&one_time) {
            return Err(SealError::UnknownOneTimeKey);
        }
        let mut pair = FakePair {
            id: head.id,
            opening: None,
            my_turn: [0; 8],
            answers: [0; 8],
            sent: 0,
            their_turn: [0; 8],
            received: 0,
            turning: true,
        };
        let plaintext = open_pair(&mut pair, &head, rest)?;
        account.one_time.remove(&one_time);
        Ok((pair, plaintext))
    }

    fn pair_id(&self, pair: &FakePair) -> [u8; 32] {
        pair.id
    }

    fn pair_encrypt(&mut self, pair: &mut FakePair, plaintext: &[u8]) -> Result<PairMessage, SealError> {
        if pair.turning {
            pair.turning = false;
            pair.my_turn = self.draw();
            pair.answers = pair.their_turn;
            pair.sent = 0;
        }
        let mut bytes = [pair.id.as_slice(), &pair.my_turn, &pair.answers, &pair.sent.to_be_bytes()].concat();
        bytes.extend(pair.opening.iter().flatten().flatten());
        let tag = hash(&[&bytes, plaintext]);
        bytes.extend(&tag[..8]);
        bytes.extend(plaintext);
        pair.sent += 1;
        Ok(PairMessage { kind: u8::from(pair.opening.is_none()), bytes })
    }

    fn pair_decrypt(&mut self, pair: &mut FakePair, message: &PairMessage) -> Result<SecretBytes, SealError> {
        let (head, rest) = PairHead::read(message)?;
        open_pair(pair, &head, rest)
    }

    fn new_outbound(&mut self) -> FakeOutbound {
        FakeOutbound { session: self.draw(), index: 0 }
    }

    fn outbound_index(&self, outbound: &FakeOutbound) -> u32 {
        outbound.index
    }

    fn outbound_key(&self, outbound: &FakeOutbound) -> SecretBytes {
        Zeroizing::new([outbound.session.as_slice(), &outbound.index.to_be_bytes()].concat())
    }

    fn encrypt(&mut self, outbound: &mut FakeOutbound, plaintext: &[u8]) -> Vec<u8> {
        let mut bytes = [outbound.session.as_slice(), &outbound.index.to_be_bytes()].concat();
        let tag = content_tag(&bytes, plaintext);
        bytes.extend(tag);
        bytes.extend(plaintext);
        outbound.index += 1;
        bytes
    }

    fn new_inbound(&mut self, key: &[u8]) -> Result<FakeInbound, SealError> {
        self.load_inbound(key)
    }

    fn decrypt(&mut self, inbound: &mut FakeInbound, message: &[u8]) -> Result<Opened, SealError> {
        let mut from = Reader(message);
        let session: Id = from.take().ok_or(SealError::Malformed)?;
        let index = u32::from_be_bytes(from.take().ok_or(SealError::Malformed)?);
        let tag: [u8; CONTENT_TAG] = from.take().ok_or(SealError::Malformed)?;
        if session != inbound.session || content_tag(&message[..36], from.0) != tag {
            return Err(SealError::CannotOpen);
        }
        if index < inbound.first {
            return Err(SealError::TooOld);
        }
        Ok(Opened { index, plaintext: from.0.to_vec() })
    }

    fn advance(&mut self, inbound: &mut FakeInbound, index: u32) {
        inbound.first = inbound.first.max(index);
    }

    fn save_account(&self, account: &FakeAccount) -> SecretBytes {
        let mut bytes = [account.curve, account.signing].concat();
        bytes.extend(account.one_time.iter().flatten());
        Zeroizing::new(bytes)
    }

    fn save_pair(&self, pair: &FakePair) -> SecretBytes {
        let mut bytes = [pair.id.as_slice(), &pair.my_turn, &pair.answers, &pair.their_turn].concat();
        bytes.extend(pair.sent.to_be_bytes());
        bytes.extend(pair.received.to_be_bytes());
        bytes.push(u8::from(pair.turning));
        bytes.extend(pair.opening.iter().flatten().flatten());
        Zeroizing::new(bytes)
    }

    fn save_outbound(&self, outbound: &FakeOutbound) -> SecretBytes {
        self.outbound_key(outbound)
    }

    fn save_inbound(&self, inbound: &FakeInbound) -> SecretBytes {
        Zeroizing::new([inbound.session.as_slice(), &inbound.first.to_be_bytes()].concat())
    }

    fn load_account(&self, saved: &[u8]) -> Result<FakeAccount, SealError> {
        let mut from = Reader(saved);
        let load = |from: &mut Reader<'_>| {
            let (curve, signing) = (from.take()?, from.take()?);
            let one_time = std::iter::from_fn(|| from.take()).collect();
            Some(FakeAccount { curve, signing, one_time })
        };
        load(&mut from).filter(|_| from.0.is_empty()).ok_or(SealError::Malformed)
    }

    fn load_pair(&self, saved: &[u8]) -> Result<FakePair, SealError> {
        let load = |from: &mut Reader<'_>| {
            Some(FakePair {
                id: from.take()?,
                my_turn: from.take()?,
                answers: from.take()?,
                their_turn: from.take()?,
                sent: u64::from_be_bytes(from.take()?),
                received: u64::from_be_bytes(from.take()?),
                turning: from.take()? == [1],
                opening: from.opening(),
            })
        };
        load(&mut Reader(saved)).ok_or(SealError::Malformed)
    }

    fn load_outbound(&self, saved: &[u8]) -> Result<FakeOutbound, SealError> {
        self.load_inbound(saved).map(|key| FakeOutbound { session: key.session, index: key.first })
    }

    fn load_inbound(&self, saved: &[u8]) -> Result<FakeInbound, SealError> {
        let (session, first) = saved.split_first_chunk().ok_or(SealError::Malformed)?;
        let first = first.try_into().map_err(|_| SealError::Malformed)?;
        Ok(FakeInbound { session: *session, first: u32::from_be_bytes(first) })
    }
}

/// What stands in front of the plaintext of a pair message.
struct PairHead {
    id: Id,
    turn: Turn,
    answers: Turn,
    count: u64,
    opening: Option<[Id; 3]>,
}

impl PairHead {
    /// The head, and the plaintext once its tag has been checked.
    fn read(message: &PairMessage) -> Result<(Self, &[u8]), SealError> {
        let mut from = Reader(&message.bytes);
        let read = |from: &mut Reader<'_>| {
            let (id, turn, answers) = (from.take()?, from.take()?, from.take()?);
            let count = u64::from_be_bytes(from.take()?);
            let opening = if message.kind == 0 { Some(from.opening()?) } else { None };
            Some(Self { id, turn, answers, count, opening })
        };
        let head = read(&mut from).ok_or(SealError::Malformed)?;
        let signed = &message.bytes[..message.bytes.len() - from.0.len()];
        let tag: [u8; 8] = from.take().ok_or(SealError::Malformed)?;
        if hash(&[signed, from.0])[..8] != tag {
            return Err(SealError::CannotOpen);
        }
        Ok((head, from.0))
    }
}

/// In order only: what is skipped is lost, what was opened once does not open again.
fn open_pair(pair: &mut FakePair, head: &PairHead, plaintext: &[u8]) -> Result<SecretBytes, SealError> {
    if head.id != pair.id {
        return Err(SealError::CannotOpen);
    }
    let known = head.turn == pair.their_turn;
    if known && head.count < pair.received || !known && head.answers != pair.my_turn {
        return Err(SealError::CannotOpen);
    }
    if !known {
        pair.their_turn = head.turn;
        pair.turning = true;
    }
    pair.received = head.count + 1;
    pair.opening = None;
    Ok(Zeroizing::new(plaintext.to_vec()))
}

fn hash(parts: &[&[u8]]) -> Id {
    let mut hash = blake3::Hasher::new_derive_key("confab/1/fake-seal");
    for part in parts {
        hash.update(part);
    }
    *hash.finalize().as_bytes()
}

fn content_tag(head: &[u8], plaintext: &[u8]) -> [u8; CONTENT_TAG] {
    let mut tag = [0; CONTENT_TAG];
    tag[..32].copy_from_slice(&hash(&[head, plaintext]));
    tag
}

/// Takes fixed lengths off the front.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    fn opening(&mut self) -> Option<[Id; 3]> {
        Some([self.take()?, self.take()?, self.take()?])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::dice::node_rng;

    fn pair() -> (FakeSeal, FakePair, FakePair) {
        let mut seal = FakeSeal::new(node_rng(1, 0, 0));
        let (asker, mut other) = (seal.new_account(), seal.new_account());
        let key = seal.new_one_time_key(&mut other);
        let mut out = seal.pair_outbound(&asker, other.curve, key).expect("any keys");
        let first = seal.pair_encrypt(&mut out, b"first").expect("always");
        let (inside, _) = seal.pair_inbound(&mut other, asker.curve, &first).expect("our own key");
        let again = seal.pair_inbound(&mut other, asker.curve, &first).map(|_| ());
        assert_eq!(again, Err(SealError::UnknownOneTimeKey));
        (seal, out, inside)
    }

    #[test]
    fn a_pair_message_that_was_skipped_is_lost() {
        let (mut seal, mut a, mut b) = pair();
        let messages: Vec<_> = (0..3u8).map(|n| seal.pair_encrypt(&mut b, &[n]).expect("always")).collect();
        assert_eq!(*seal.pair_decrypt(&mut a, &messages[1]).expect("the newest"), [1]);
        assert_eq!(seal.pair_decrypt(&mut a, &messages[0]), Err(SealError::CannotOpen));
        assert_eq!(seal.pair_decrypt(&mut a, &messages[1]), Err(SealError::CannotOpen));
        assert_eq!(*seal.pair_decrypt(&mut a, &messages[2]).expect("in order"), [2]);
    }

    #[test]
    fn a_pair_that_was_put_back_cannot_follow() {
        let (mut seal, mut a, mut b) = pair();
        let old = seal.load_pair(&seal.save_pair(&a)).expect("just saved");
        assert_eq!(old, a);
        for _ in 0..2 {
            let message = seal.pair_encrypt(&mut b, b"there").expect("always");
            seal.pair_decrypt(&mut a, &message).expect("in order");
            let message = seal.pair_encrypt(&mut a, b"and back").expect("always");
            seal.pair_decrypt(&mut b, &message).expect("in order");
        }
        let mut a = old;
        let message = seal.pair_encrypt(&mut b, b"new turn").expect("always");
        assert_eq!(seal.pair_decrypt(&mut a, &message), Err(SealError::CannotOpen));
        let message = seal.pair_encrypt(&mut a, b"old turn").expect("always");
        assert_eq!(seal.pair_decrypt(&mut b, &message), Err(SealError::CannotOpen));
    }

    #[test]
    fn content_opens_in_any_order_but_not_with_another_session_or_below_the_first_key() {
        let mut seal = FakeSeal::new(node_rng(1, 0, 0));
        let (mut out, mut foreign) = (seal.new_outbound(), seal.new_outbound());
        let early = seal.encrypt(&mut out, b"early");
        let key = seal.outbound_key(&out);
        let late: Vec<_> = (0..2u8).map(|n| seal.encrypt(&mut out, &[n])).collect();
        let mut inbound = seal.new_inbound(&key).expect("a key");
        assert_eq!(seal.decrypt(&mut inbound, &early), Err(SealError::TooOld));
        assert_eq!(seal.decrypt(&mut inbound, &late[1]).expect("any order").index, 2);
        assert_eq!(seal.decrypt(&mut inbound, &late[0]).expect("any order").index, 1);
        let other = seal.encrypt(&mut foreign, b"x");
        assert_eq!(seal.decrypt(&mut inbound, &other), Err(SealError::CannotOpen));
        assert_eq!(content_index(&late[0]).map(|(_, index)| index), Some(1));
    }
}
