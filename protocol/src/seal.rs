//! The ratchets behind one small trait: Olm for pair chains, Megolm for content.
//!
//! Two implementations: [`Vodozemac`], the real one, and the simulator's fake. The real one draws its randomness from
//! the system (vodozemac offers no other way), so runs with it are not equal byte for byte; runs with the fake are.

use std::{cell::LazyCell, fmt};

use data_encoding::BASE64_NOPAD;
use serde::{Serialize, de::DeserializeOwned};
use vodozemac::{
    Curve25519PublicKey,
    megolm::{
        ExportedSessionKey, GroupSession, GroupSessionPickle, InboundGroupSession, MegolmMessage,
        SessionConfig as MegolmConfig, SessionKey,
    },
    olm::{Account, AccountPickle, OlmMessage, Session, SessionConfig as OlmConfig, SessionPickle},
};
use zeroize::Zeroizing;

/// Bytes that hold key material; wiped when dropped.
pub type SecretBytes = Zeroizing<Vec<u8>>;

/// Public halves of a device's Olm account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountKeys {
    /// Curve25519: who the device is inside Olm.
    pub curve: [u8; 32],
    /// Ed25519: the device's signing key.
    pub signing: [u8; 32],
}

/// An Olm message: `kind` is 0 for the first messages of a session (they name the one-time key), 1 afterwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairMessage {
    pub kind: u8,
    pub bytes: Vec<u8>,
}

/// A content message that was opened.
#[derive(Clone, PartialEq, Eq)]
pub struct Opened {
    /// Its place in the session: must equal `seq - first_seq` of its event.
    pub index: u32,
    pub plaintext: Vec<u8>,
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Opened(index {}, {} bytes)", self.index, self.plaintext.len())
    }
}

/// Why a ratchet did not do what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    #[error("the message cannot be opened with this session")]
    CannotOpen,
    #[error("the session's key for this message is gone")]
    TooOld,
    #[error("the one-time key is unknown here")]
    UnknownOneTimeKey,
    #[error("a key or a message is malformed")]
    Malformed,
}

/// End-to-end encryption as the machine needs it. Every state is a value that the machine holds and stores; a state that
/// changed must be stored in the same batch as what it produced.
pub trait Seal: fmt::Debug + Send {
    /// The long-term Olm keys of a device and its unanswered one-time keys.
    type Account: Send;
    /// One Olm session; its messages must be opened strictly in order.
    type Pair: Send;
    /// A Megolm session that this device writes with.
    type Outbound: Send;
    /// A Megolm session that somebody else writes with.
    type Inbound: Send;

    fn new_account(&mut self) -> Self::Account;
    fn account_keys(&self, account: &Self::Account) -> AccountKeys;
    /// Signs as the device (Ed25519). The caller puts a domain string first.
    fn sign(&self, account: &Self::Account, message: &[u8]) -> [u8; 64];
    /// Makes a one-time key; the private half stays in the account until a session uses it up.
    fn new_one_time_key(&mut self, account: &mut Self::Account) -> [u8; 32];

    /// Opens a session to the holder of `curve`, who gave out `one_time_key`.
    ///
    /// # Errors
    /// [`SealError::Malformed`] if a key is no good.
    fn pair_outbound(
        &mut self,
        account: &Self::Account,
        curve: [u8; 32],
        one_time_key: [u8; 32],
    ) -> Result<Self::Pair, SealError>;
    /// Opens the other end of a session from its first message and that message with it. `curve` comes from the signed
    /// record of the sender, never from the message.
    ///
    /// # Errors
    /// [`SealError::UnknownOneTimeKey`] if the key was used up or never ours; else the message is no good.
    fn pair_inbound(
        &mut self,
        account: &mut Self::Account,
        curve: [u8; 32],
        message: &PairMessage,
    ) -> Result<(Self::Pair, SecretBytes), SealError>;
    /// The same at both ends.
    fn pair_id(&self, pair: &Self::Pair) -> [u8; 32];
    /// # Errors
    /// [`SealError::Malformed`] if the session cannot be used any more.
    fn pair_encrypt(&mut self, pair: &mut Self::Pair, plaintext: &[u8]) -> Result<PairMessage, SealError>;
    /// # Errors
    /// [`SealError::CannotOpen`]; the session is then unchanged.
    fn pair_decrypt(
        &mut self,
        pair: &mut Self::Pair,
        message: &PairMessage,
    ) -> Result<SecretBytes, SealError>;

    fn new_outbound(&mut self) -> Self::Outbound;
    /// The index of the next message.
    fn outbound_index(&self, outbound: &Self::Outbound) -> u32;
    /// What a reader needs to open everything from the next message on.
    fn outbound_key(&self, outbound: &Self::Outbound) -> SecretBytes;
    fn encrypt(&mut self, outbound: &mut Self::Outbound, plaintext: &[u8]) -> Vec<u8>;

    /// # Errors
    /// [`SealError::Malformed`] if that is no session key.
    fn new_inbound(&mut self, key: &[u8]) -> Result<Self::Inbound, SealError>;
    /// Opens a message, in any order.
    ///
    /// # Errors
    /// [`SealError::TooOld`] below the first known index; else the message is no good.
    fn decrypt(&mut self, inbound: &mut Self::Inbound, message: &[u8]) -> Result<Opened, SealError>;
    /// Forgets what opens messages before `index`.
    fn advance(&mut self, inbound: &mut Self::Inbound, index: u32);

    fn save_account(&self, account: &Self::Account) -> SecretBytes;
    fn save_pair(&self, pair: &Self::Pair) -> SecretBytes;
    fn save_outbound(&self, outbound: &Self::Outbound) -> SecretBytes;
    fn save_inbound(&self, inbound: &Self::Inbound) -> SecretBytes;
    /// # Errors
    /// [`SealError::Malformed`], likewise for the three below.
    fn load_account(&self, saved: &[u8]) -> Result<Self::Account, SealError>;
    #[expect(clippy::missing_errors_doc, reason = "said above")]
    fn load_pair(&self, saved: &[u8]) -> Result<Self::Pair, SealError>;
    #[expect(clippy::missing_errors_doc, reason = "said above")]
    fn load_outbound(&self, saved: &[u8]) -> Result<Self::Outbound, SealError>;
    #[expect(clippy::missing_errors_doc, reason = "said above")]
    fn load_inbound(&self, saved: &[u8]) -> Result<Self::Inbound, SealError>;
}

/// The real ratchets.
#[derive(Debug, Clone, Copy, Default)]
pub struct Vodozemac;

/// A session is read when it is loaded, and set up when it is used: its keys are calculated then, and of two hundred
/// people most say nothing today.
pub type Lazy<T> = LazyCell<T, Box<dyn FnOnce() -> T + Send>>;

fn lazy<T>(set_up: impl FnOnce() -> T + Send + 'static) -> Lazy<T> {
    LazyCell::new(Box::new(set_up))
}

impl Seal for Vodozemac {
    type Account = Account;
    type Pair = Lazy<Session>;
    type Outbound = Lazy<GroupSession>;
    type Inbound = Lazy<InboundGroupSession>;

    fn new_account(&mut self) -> Account {
        Account::new()
    }

    fn account_keys(&self, account: &Account) -> AccountKeys {
        AccountKeys { curve: account.curve25519_key().to_bytes(), signing: *account.ed25519_key().as_bytes() }
    }

    fn sign(&self, account: &Account, message: &[u8]) -> [u8; 64] {
        account.sign(message).to_bytes()
    }

    fn new_one_time_key(&mut self, account: &mut Account) -> [u8; 32] {
        let made = account.generate_one_time_keys(1);
        account.mark_keys_as_published();
        made.created.first().expect("one key was asked for").to_bytes()
    }

    fn pair_outbound(
        &mut self,
        account: &Account,
        curve: [u8; 32],
        one_time_key: [u8; 32],
    ) -> Result<Lazy<Session>, SealError> {
        let curve = Curve25519PublicKey::from_bytes(curve);
        let one_time_key = Curve25519PublicKey::from_bytes(one_time_key);
        account
            .create_outbound_session(OlmConfig::version_1(), curve, one_time_key)
            .map(|session| lazy(|| session))
            .map_err(|_| SealError::Malformed)
    }

    fn pair_inbound(
        &mut self,
        account: &mut Account,
        curve: [u8; 32],
        message: &PairMessage,
    ) -> Result<(Lazy<Session>, SecretBytes), SealError> {
        use vodozemac::olm::SessionCreationError as E;
        let OlmMessage::PreKey(message) = olm_message(message)? else {
            return Err(SealError::CannotOpen);
        };
        let curve = Curve25519PublicKey::from_bytes(curve);
        match account.create_inbound_session(OlmConfig::version_1(), curve, &message) {
            Ok(made) => Ok((lazy(|| made.session), Zeroizing::new(made.plaintext))),
            Err(E::MissingOneTimeKey(_)) => Err(SealError::UnknownOneTimeKey),
            Err(_) => Err(SealError::CannotOpen),
        }
    }

    fn pair_id(&self, pair: &Lazy<Session>) -> [u8; 32] {
        let id = BASE64_NOPAD.decode(pair.session_id().as_bytes()).expect("vodozemac writes unpadded base64");
        id.try_into().expect("a session id is a SHA-256 hash")
    }

    fn pair_encrypt(&mut self, pair: &mut Lazy<Session>, plaintext: &[u8]) -> Result<PairMessage, SealError> {
        let (kind, bytes) = pair.encrypt(plaintext).map_err(|_| SealError::Malformed)?.to_parts();
        Ok(PairMessage { kind: u8::from(kind != 0), bytes })
    }

    fn pair_decrypt(
        &mut self,
        pair: &mut Lazy<Session>,
        message: &PairMessage,
    ) -> Result<SecretBytes, SealError> {
        let message = olm_message(message)?;
        pair.decrypt(&message).map(Zeroizing::new).map_err(|_| SealError::CannotOpen)
    }

    fn new_outbound(&mut self) -> Lazy<GroupSession> {
        let session = GroupSession::new(MegolmConfig::version_1());
        lazy(|| session)
    }

    fn outbound_index(&self, outbound: &Lazy<GroupSession>) -> u32 {
        outbound.message_index()
    }

    fn outbound_key(&self, outbound: &Lazy<GroupSession>) -> SecretBytes {
        Zeroizing::new(outbound.session_key().to_bytes())
    }

    fn encrypt(&mut self, outbound: &mut Lazy<GroupSession>, plaintext: &[u8]) -> Vec<u8> {
        outbound.encrypt(plaintext).to_bytes()
    }

    fn new_inbound(&mut self, key: &[u8]) -> Result<Lazy<InboundGroupSession>, SealError> {
        let key = SessionKey::from_bytes(key).map_err(|_| SealError::Malformed)?;
        let session = InboundGroupSession::new(&key, MegolmConfig::version_1());
        Ok(lazy(|| session))
    }

    fn decrypt(
        &mut self,
        inbound: &mut Lazy<InboundGroupSession>,
        message: &[u8],
    ) -> Result<Opened, SealError> {
        use vodozemac::megolm::DecryptionError as E;
        let message = MegolmMessage::from_bytes(message).map_err(|_| SealError::Malformed)?;
        match inbound.decrypt(&message) {
            Ok(opened) => Ok(Opened { index: opened.message_index, plaintext: opened.plaintext }),
            Err(E::UnknownMessageIndex(..)) => Err(SealError::TooOld),
            Err(_) => Err(SealError::CannotOpen),
        }
    }

    fn advance(&mut self, inbound: &mut Lazy<InboundGroupSession>, index: u32) {
        inbound.advance_to(index);
    }

    fn save_account(&self, account: &Account) -> SecretBytes {
        pickled(&account.pickle())
    }

    fn save_pair(&self, pair: &Lazy<Session>) -> SecretBytes {
        pickled(&pair.pickle())
    }

    fn save_outbound(&self, outbound: &Lazy<GroupSession>) -> SecretBytes {
        pickled(&outbound.pickle())
    }

    /// The exported form is a sixth of the pickle; that the creator signed the key was checked when it came.
    fn save_inbound(&self, inbound: &Lazy<InboundGroupSession>) -> SecretBytes {
        Zeroizing::new(inbound.export_at_first_known_index().to_bytes())
    }

    fn load_account(&self, saved: &[u8]) -> Result<Account, SealError> {
        unpickled::<AccountPickle>(saved).map(Account::from_pickle)
    }

    fn load_pair(&self, saved: &[u8]) -> Result<Lazy<Session>, SealError> {
        unpickled::<SessionPickle>(saved).map(|pickle| lazy(|| Session::from_pickle(pickle)))
    }

    fn load_outbound(&self, saved: &[u8]) -> Result<Lazy<GroupSession>, SealError> {
        unpickled::<GroupSessionPickle>(saved).map(|pickle| lazy(|| GroupSession::from_pickle(pickle)))
    }

    fn load_inbound(&self, saved: &[u8]) -> Result<Lazy<InboundGroupSession>, SealError> {
        let key = ExportedSessionKey::from_bytes(saved).map_err(|_| SealError::Malformed)?;
        Ok(lazy(move || InboundGroupSession::import(&key, MegolmConfig::version_1())))
    }
}

fn olm_message(message: &PairMessage) -> Result<OlmMessage, SealError> {
    OlmMessage::from_parts(message.kind.into(), &message.bytes).map_err(|_| SealError::Malformed)
}

/// vodozemac's own pickle encryption is deterministic; the plain pickle lies inside the encrypted database instead.
fn pickled(pickle: &impl Serialize) -> SecretBytes {
    Zeroizing::new(serde_json::to_vec(pickle).expect("a pickle is plain data"))
}

fn unpickled<T: DeserializeOwned>(saved: &[u8]) -> Result<T, SealError> {
    serde_json::from_slice(saved).map_err(|_| SealError::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two accounts with a session between them, and the first message that made it.
    fn pair() -> (Lazy<Session>, Lazy<Session>) {
        let mut seal = Vodozemac;
        let (asker, mut other) = (seal.new_account(), seal.new_account());
        let key = seal.new_one_time_key(&mut other);
        let curve = seal.account_keys(&other).curve;
        let mut out = seal.pair_outbound(&asker, curve, key).expect("good keys");
        let first = seal.pair_encrypt(&mut out, b"first").expect("a fresh session");
        let curve = seal.account_keys(&asker).curve;
        let (inside, plain) = seal.pair_inbound(&mut other, curve, &first).expect("our own key");
        assert_eq!(*plain, b"first");
        assert_eq!(seal.pair_id(&out), seal.pair_id(&inside));
        assert_eq!(seal.pair_inbound(&mut other, curve, &first).err(), Some(SealError::UnknownOneTimeKey));
        (out, inside)
    }

    #[test]
    fn a_pair_session_survives_being_saved_between_messages() {
        let mut seal = Vodozemac;
        let (mut a, mut b) = pair();
        for turn in 0u8..6 {
            let message = seal.pair_encrypt(&mut b, &[turn]).expect("in use");
            assert_eq!(*seal.pair_decrypt(&mut a, &message).expect("in order"), [turn]);
            a = seal.load_pair(&seal.save_pair(&a)).expect("just saved");
            b = seal.load_pair(&seal.save_pair(&b)).expect("just saved");
            std::mem::swap(&mut a, &mut b);
        }
    }

    #[test]
    fn content_opens_in_any_order_until_its_keys_are_forgotten() {
        let mut seal = Vodozemac;
        let mut outbound = seal.new_outbound();
        let key = seal.outbound_key(&outbound);
        let messages: Vec<_> = (0u8..4).map(|n| seal.encrypt(&mut outbound, &[n])).collect();
        let mut inbound = seal.new_inbound(&key).expect("a session key");
        for n in [3usize, 0, 2, 1] {
            let opened = seal.decrypt(&mut inbound, &messages[n]).expect("any order");
            assert_eq!((opened.index as usize, opened.plaintext), (n, vec![n as u8]));
        }
        seal.advance(&mut inbound, 2);
        let mut inbound = seal.load_inbound(&seal.save_inbound(&inbound)).expect("just saved");
        assert_eq!(seal.decrypt(&mut inbound, &messages[1]), Err(SealError::TooOld));
        assert_eq!(seal.decrypt(&mut inbound, &messages[3]).expect("later than 2").index, 3);
    }

    #[test]
    fn a_saved_outbound_session_goes_on_at_the_same_index() {
        let mut seal = Vodozemac;
        let mut outbound = seal.new_outbound();
        let key = seal.outbound_key(&outbound);
        seal.encrypt(&mut outbound, b"0");
        let mut outbound = seal.load_outbound(&seal.save_outbound(&outbound)).expect("just saved");
        assert_eq!(seal.outbound_index(&outbound), 1);
        let message = seal.encrypt(&mut outbound, b"1");
        let mut inbound = seal.new_inbound(&key).expect("a session key");
        assert_eq!(seal.decrypt(&mut inbound, &message).expect("the next one").index, 1);
    }

    #[test]
    fn junk_is_an_error() {
        let mut seal = Vodozemac;
        let (mut a, _) = pair();
        assert!(seal.new_inbound(&[0; 40]).is_err());
        assert!(seal.load_account(b"{}").is_err());
        assert!(seal.load_pair(b"{}").is_err());
        assert!(seal.load_outbound(b"{}").is_err());
        assert!(seal.load_inbound(&[1; 164]).is_err());
        let junk = PairMessage { kind: 1, bytes: vec![7; 90] };
        assert!(seal.pair_decrypt(&mut a, &junk).is_err());
        let mut account = seal.new_account();
        assert!(seal.pair_inbound(&mut account, [9; 32], &PairMessage { kind: 0, bytes: vec![] }).is_err());
        assert!(seal.pair_outbound(&account, [0; 32], [0; 32]).is_err());
    }
}
