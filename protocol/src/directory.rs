//! What nodes and directories say to each other: request and response types over HTTP (JSON), and the presence socket.
//!
//! Identifiers are hexadecimal, bytes are base64 (RFC 4648, section 5, no padding), times are milliseconds since 1970.
//! Profiles, peer records and letters go as bytes: the directory checks signatures of the first and carries the rest.

use std::fmt;

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{
    ids::{DeviceId, LetterId, UserId},
    time::WallMs,
};

/// The largest body of a request, in bytes.
pub const MAX_BODY: usize = 64 << 10;
/// The largest sealed letter, in bytes.
pub const MAX_LETTER: usize = 8 << 10;
/// The largest sealed peer record, in bytes.
pub const MAX_RECORD: usize = 2 << 10;
/// The largest message on a presence socket, in bytes.
pub const MAX_SAID: usize = 64 << 10;
/// How many presence tags one person may give, and how many watch.
pub const MAX_TAGS: usize = 1024;
/// A presence socket that says nothing for so long is dead.
pub const LEASE_MS: u64 = 45_000;

/// Bytes that travel as base64. `Debug` tells only how many.
#[derive(Clone, PartialEq, Eq)]
pub struct Blob(pub Vec<u8>);

impl fmt::Debug for Blob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Blob({} bytes)", self.0.len())
    }
}

impl Serialize for Blob {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&BASE64URL_NOPAD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes());
        bytes.map(Self).map_err(|_| de::Error::custom("expected base64url without padding"))
    }
}

/// A fixed number of bytes that travel as lowercase hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hex<const N: usize>(pub [u8; N]);

impl<const N: usize> fmt::Display for Hex<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl<const N: usize> fmt::Debug for Hex<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hex({}..)", HEXLOWER.encode(&self.0[..N.min(4)]))
    }
}

impl<const N: usize> std::str::FromStr for Hex<N> {
    type Err = crate::ids::BadId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || crate::ids::BadId { expected: 2 * N };
        let bytes = HEXLOWER.decode(text.as_bytes()).map_err(|_| bad())?;
        bytes.try_into().map(Self).map_err(|_| bad())
    }
}

impl<const N: usize> Serialize for Hex<N> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de, const N: usize> Deserialize<'de> for Hex<N> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(de::Error::custom)
    }
}

/// Who finds a person in this directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Visibility {
    /// Listed, with presence, for everybody who is signed in.
    Everyone,
    /// Found by people who know the exact name.
    #[default]
    ExactName,
    /// Nothing is answered, no letter is taken.
    Nobody,
}

/// Why a request was refused (RFC 9457).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    #[serde(rename = "type")]
    pub kind: String,
    pub title: String,
    pub status: u16,
    /// One sentence for a person.
    pub detail: String,
    /// What happened, for programs; these words stay as they are.
    pub code: Code,
    /// The field of the request that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Seconds to wait before another try.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
}

/// The reasons that programs tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Code {
    /// A field is missing or not of the right form.
    Invalid,
    /// Name and passphrase don't fit together, whether or not the name exists.
    DontFit,
    /// The token is missing, expired, or its session has ended.
    SignedOut,
    /// The account has other keys by now, or this device is not one of its devices.
    NotYourDevice,
    /// The name belongs to an account.
    NameTaken,
    /// A proof of work is wanted, or the one given is wrong or too old.
    ProofWanted,
    /// No such person; or nobody that you may see.
    NotFound,
    /// A letter of yours waits for this person already.
    LetterWaiting,
    /// The box of this person is full.
    BoxFull,
    /// The keys are older than those the directory has, or fork from them.
    StaleKeys,
    /// The keys replace others without their signature, and the request did not say that this is meant.
    ResetWanted,
    TooMany,
    TooLarge,
    Busy,
    Internal,
    /// A reason that this version does not know.
    #[serde(other)]
    Other,
}

/// `GET /v1/identity`: who this directory is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Ed25519, public. Its hash is the directory's id.
    pub key: Hex<32>,
    /// BLAKE3 of the SubjectPublicKeyInfo of the TLS certificate; none over plain HTTP.
    pub tls: Option<Hex<32>>,
    /// By `key` over the hash: another directory cannot claim this identity over its own TLS key.
    pub proof: Hex<64>,
    pub version: String,
}

impl Identity {
    /// The statement of the directory that holds `key` and serves TLS with the certificate of `tls`.
    pub fn state(key: &SigningKey, tls: Option<Hex<32>>, version: &str) -> Self {
        let proof = Hex(key.sign(&identity_statement(tls)).to_bytes());
        Self { key: Hex(key.verifying_key().to_bytes()), tls, proof, version: version.to_owned() }
    }

    /// Whether this identity is proven for a connection whose certificate has the hash `tls`.
    pub fn is_proven_for(&self, tls: Option<Hex<32>>) -> bool {
        let signature = Signature::from_bytes(&self.proof.0);
        self.tls == tls
            && VerifyingKey::from_bytes(&self.key.0)
                .is_ok_and(|key| key.verify_strict(&identity_statement(tls), &signature).is_ok())
    }

    /// The hash of the identity key: the directory's id, and the salt of the passwords that it gets.
    pub fn id(&self) -> [u8; 32] {
        blake3::derive_key("confab/1/directory-id", &self.key.0)
    }
}

/// What the identity key signs: a domain and a zero byte, as everywhere, then the hash.
fn identity_statement(tls: Option<Hex<32>>) -> Vec<u8> {
    let tls = tls.map_or([0; 32], |hash| hash.0);
    [b"confab/1/directory-identity\0".as_slice(), &tls].concat()
}

/// `GET /v1/health`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// Always "ok".
    pub status: String,
}

/// `GET /v1/register`: what a registration must bring.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Toll {
    /// None where no work is asked.
    pub work: Option<Work>,
}

/// A proof of work: find a nonce for which argon2id(password = nonce, little endian | name, salt = challenge) starts with `bits` zero bits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    /// Opaque; given back with the nonce. Good for ten minutes.
    pub challenge: Hex<40>,
    /// Memory of one try in KiB; one pass, one lane.
    pub memory_kib: u32,
    pub bits: u32,
}

/// The answer to [`Work`]. It holds for one name, so it cannot buy a second account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    pub challenge: Hex<40>,
    pub nonce: u64,
}

/// The text that is hashed for a proof.
pub fn work_input(username: &str, nonce: u64) -> Vec<u8> {
    [nonce.to_le_bytes().as_slice(), username.as_bytes()].concat()
}

/// `POST /v1/register`: makes an account, or only tells whether the name is free.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Register {
    pub username: String,
    /// Needed to create; what the node derives from the passphrase, never the passphrase.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// False asks whether the name is free: 200 with `free`. True makes the account: 201 with a session.
    #[serde(default)]
    pub create: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<Proof>,
}

impl fmt::Debug for Register {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Register").field("create", &self.create).finish_non_exhaustive()
    }
}

/// The answer to `Register { create: false }`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Free {
    pub free: bool,
}

/// `POST /v1/sign-in`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignIn {
    pub username: String,
    pub password: String,
}

impl fmt::Debug for SignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SignIn(***)")
    }
}

/// A session, as registering, signing in and renewing answer it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// JWT; goes into `Authorization: Bearer`.
    pub token: String,
    /// Names the session in a renewal; not a secret.
    pub session: Hex<16>,
    /// How long the token holds.
    pub expires_in_s: u64,
    pub visibility: Visibility,
    /// The user whose keys the account has; none before the first publication.
    pub user: Option<UserId>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("session", &self.session).finish_non_exhaustive()
    }
}

/// `POST /v1/renew/challenge` answers this; it holds for a minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Challenge {
    pub challenge: Hex<40>,
}

/// `POST /v1/renew`: a new token for a session that has not ended, on the word of the device key alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Renew {
    pub session: Hex<16>,
    pub device: DeviceId,
    pub challenge: Hex<40>,
    /// By the device's link key over [`renew_statement`], in the domain of directory challenges.
    pub signature: Hex<64>,
}

/// What the device key signs to renew a token. The directory's id is in it, so another directory cannot pass it on.
pub fn renew_statement(directory: &[u8; 32], session: &Hex<16>, challenge: &Hex<40>) -> Vec<u8> {
    [b"renew\0".as_slice(), directory, &session.0, &challenge.0].concat()
}

/// What a device of `profile` signs to publish it: profiles are public, so the bytes alone prove nothing.
pub fn publish_statement(directory: &[u8; 32], session: &Hex<16>, profile: &[u8]) -> Vec<u8> {
    [b"publish\0".as_slice(), directory, &session.0, blake3::hash(profile).as_bytes()].concat()
}

/// `POST /v1/password`. (`DELETE /v1/session` ends this session, `DELETE /v1/sessions` all; they have no body.)
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangePassword {
    pub old: String,
    pub new: String,
}

impl fmt::Debug for ChangePassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChangePassword(***)")
    }
}

/// `POST /v1/password/forgotten`: a new password on the word of the account key that the directory has for the name. All
/// sessions end, and the answer is a new one. The challenge is one of `POST /v1/renew/challenge`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForgottenPassword {
    pub username: String,
    pub new: String,
    pub challenge: Hex<40>,
    /// By the account key over [`password_statement`], in the domain of directory passwords.
    pub signature: Hex<64>,
}

impl fmt::Debug for ForgottenPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ForgottenPassword(***)")
    }
}

/// What the account key signs to set a password: for this directory and name, once.
pub fn password_statement(directory: &[u8; 32], username: &str, new: &str, challenge: &Hex<40>) -> Vec<u8> {
    let password = blake3::derive_key("confab/1/directory-password", new.as_bytes());
    [directory.as_slice(), &challenge.0, &password, username.as_bytes()].concat()
}

/// `POST /v1/account/delete`: the password once more, since this cannot be taken back.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteAccount {
    pub password: String,
}

impl fmt::Debug for DeleteAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeleteAccount(***)")
    }
}

/// `PUT /v1/visibility`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetVisibility {
    pub visibility: Visibility,
}

/// `PUT /v1/profile`: the key history and the device list of this account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Publish {
    /// CBOR of `identity::Profile`.
    pub profile: Blob,
    /// The device that publishes, one of the profile.
    pub device: DeviceId,
    /// By the device's link key over [`publish_statement`], in the domain of directory challenges.
    pub signature: Hex<64>,
    /// The new history does not follow from the one the directory has: every contact will be told and must confirm.
    #[serde(default)]
    pub reset: bool,
}

/// `GET /v1/people/{username}`, `GET /v1/users/{user}`: somebody's newest keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    pub username: String,
    pub user: UserId,
    /// CBOR of `identity::Profile`; check it, the directory is not believed.
    pub profile: Blob,
    /// How often this name got keys that do not follow from those before.
    pub resets: u32,
}

/// `GET /v1/people?q=`: people who chose to be listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    pub people: Vec<ListedPerson>,
    /// There are more than these.
    pub more: bool,
}

/// One of the listed people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedPerson {
    pub username: String,
    pub user: UserId,
    pub online: bool,
}

/// `POST /v1/letters`: into the letter box of a device. The same letter twice is one letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostLetter {
    pub to: UserId,
    pub device: DeviceId,
    pub letter: LetterId,
    pub sealed: Blob,
}

/// `GET /v1/account`. (`PUT` and `DELETE /v1/blocks/{user}` have no body.)
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    pub username: String,
    pub user: Option<UserId>,
    pub visibility: Visibility,
    pub created: WallMs,
    pub resets: u32,
}

/// The hash of a capability, under which presence is given and watched.
pub type Tag = Hex<32>;

/// What a node says on the presence socket (`GET /v1/presence`, WebSocket, JSON text). Each message renews the lease.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "say")]
pub enum NodeSays {
    /// The whole new state.
    State(State),
    /// I stored this letter, or refuse it for good: delete it.
    TakeOut { letter: LetterId },
    /// I am still here.
    Ping,
    /// I am going: tell the others now.
    Bye,
}

/// What a node gives and watches.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// Each tag with the peer record, sealed for whoever holds the capability.
    pub give: Vec<Give>,
    /// The peer record in the open, for people who are listed; kept to oneself by the directory for everybody else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<Blob>,
    /// Tags of others.
    pub watch: Vec<Tag>,
    /// Be told when listed people come and go.
    #[serde(default)]
    pub watch_listed: bool,
}

/// Presence for the one who holds the capability behind `tag`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Give {
    pub tag: Tag,
    pub record: Blob,
}

/// What the directory says on the presence socket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "say")]
pub enum DirectorySays {
    /// The answer to a ping.
    Pong,
    /// Somebody whom this node watches; with a record while online.
    Presence { tag: Tag, record: Option<Blob> },
    /// A listed person came, with their record in the open, or went.
    Listed { username: String, user: UserId, online: bool, record: Option<Blob> },
    /// A letter waits in the box.
    Letter { letter: LetterId, sealed: Blob },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_on_the_presence_socket_reads_as_written_down() {
        let said = serde_json::to_string(&NodeSays::TakeOut { letter: LetterId([7; 16]) }).unwrap();
        assert_eq!(said, r#"{"say":"take-out","letter":"07070707070707070707070707070707"}"#);
        let said: NodeSays = serde_json::from_str(
            r#"{"say":"state","give":[{"tag":"0101010101010101010101010101010101010101010101010101010101010101","record":"_w"}],"watch":[]}"#,
        )
        .unwrap();
        let NodeSays::State(state) = said else { panic!("not a state: {said:?}") };
        assert_eq!(state.give, [Give { tag: Hex([1; 32]), record: Blob(vec![255]) }]);
        assert!(!state.watch_listed);
    }

    #[test]
    fn an_identity_holds_only_for_the_certificate_it_names() {
        let key = SigningKey::from_bytes(&[3; 32]);
        let mut identity = Identity::state(&key, Some(Hex([1; 32])), "0");
        assert!(identity.is_proven_for(Some(Hex([1; 32]))));
        assert!(!identity.is_proven_for(None));
        identity.tls = Some(Hex([2; 32]));
        assert!(!identity.is_proven_for(Some(Hex([2; 32]))), "somebody else's certificate");
    }

    #[test]
    fn passwords_and_tokens_are_not_shown() {
        let shown = format!(
            "{:?} {:?} {:?} {:?}",
            SignIn { username: "alice".into(), password: "hunter22222".into() },
            ChangePassword { old: "hunter22222".into(), new: "hunter22222".into() },
            ForgottenPassword {
                username: "alice".into(),
                new: "hunter22222".into(),
                challenge: Hex([0; 40]),
                signature: Hex([0; 64]),
            },
            Session {
                token: "hunter22222".into(),
                session: Hex([0; 16]),
                expires_in_s: 1,
                visibility: Visibility::Nobody,
                user: None
            },
        );
        assert!(!shown.contains("hunter"), "{shown}");
    }

    #[test]
    fn an_unknown_code_of_a_newer_directory_is_read() {
        assert_eq!(serde_json::from_str::<Code>("\"out-of-tea\"").unwrap(), Code::Other);
    }
}
