//! Tokens: JWTs by EdDSA, from keys that only this directory has, short-lived; and challenges that are not stored.

use std::{
    collections::HashMap,
    fmt, io,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError, RwLock},
};

use data_encoding::HEXLOWER;
use ed25519_dalek::SigningKey;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode};
use protocol::directory::Hex;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

use crate::{clock::Clock, refusal::Refusal, secrets};

/// How long a token holds.
pub(crate) const TTL_S: u64 = 600;
/// How far clocks may be apart.
const LEEWAY_S: u64 = 30;
const AUDIENCE: &str = "confab-directory";
const TYPE: &str = "confab+jwt";
/// A signing key serves for 90 days, then it verifies for as long.
const ROTATE_MS: u64 = 90 * 24 * 3600 * 1000;
/// The newest signs, both verify.
const KEYS: usize = 2;

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claims {
    pub iss: String,
    pub aud: String,
    /// The account.
    pub sub: String,
    /// The session.
    pub sid: String,
    /// The account's version: a token of an older one is worth nothing.
    pub ver: i64,
    pub iat: u64,
    pub nbf: u64,
    pub exp: u64,
}

/// One key, as the file keeps it.
#[derive(Clone, Serialize, Deserialize)]
struct Stored {
    kid: String,
    seed: String,
    made: u64,
}

impl Drop for Stored {
    fn drop(&mut self) {
        self.seed.zeroize();
    }
}

struct Key {
    kid: String,
    made: u64,
    encoding: EncodingKey,
    decoding: DecodingKey,
}

/// Signs and verifies tokens.
pub(crate) struct Tokens {
    path: PathBuf,
    issuer: String,
    clock: Clock,
    /// Newest first.
    keys: RwLock<Vec<Key>>,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokens(***)")
    }
}

impl Tokens {
    /// Reads the keys in `folder`, or makes the first. `issuer` is the id of this directory.
    pub(crate) fn open(folder: &Path, issuer: &[u8; 32], clock: Clock) -> io::Result<Self> {
        let tokens = Self {
            path: folder.join("token-keys.json"),
            issuer: HEXLOWER.encode(issuer),
            clock,
            keys: RwLock::default(),
        };
        tokens.rotate()?;
        Ok(tokens)
    }

    /// Makes a new signing key when the newest is old; call it now and then.
    pub(crate) fn rotate(&self) -> io::Result<()> {
        let now = self.clock.now();
        let newest = self.keys.read().unwrap_or_else(PoisonError::into_inner).first().map(|key| key.made);
        if newest.is_some_and(|made| now < made.saturating_add(ROTATE_MS)) {
            return Ok(());
        }
        let text = secrets::read_or_make(&self.path, || Zeroizing::new("[]".to_owned()))?;
        let bad = || {
            io::Error::new(
                io::ErrorKind::InvalidData,
                format!("{} is not a list of keys", self.path.display()),
            )
        };
        let mut stored: Vec<Stored> = serde_json::from_str(&text).map_err(|_| bad())?;
        stored.sort_by_key(|key| std::cmp::Reverse(key.made));
        if stored.first().is_none_or(|key| now >= key.made.saturating_add(ROTATE_MS)) {
            let seed: Zeroizing<[u8; 32]> = Zeroizing::new(rand::random());
            let kid = HEXLOWER.encode(&rand::random::<[u8; 8]>());
            stored.insert(0, Stored { kid, seed: HEXLOWER.encode(&*seed), made: now });
            stored.truncate(KEYS);
            let text = Zeroizing::new(serde_json::to_string(&stored).expect("plain data has a JSON form"));
            secrets::write(&self.path, &text)?;
        }
        let keys = stored.iter().map(Key::read).collect::<Option<Vec<_>>>().ok_or_else(bad)?;
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
        Ok(())
    }

    pub(crate) fn issue(&self, account: &str, session: &str, version: i64) -> Result<String, Refusal> {
        let now = self.clock.seconds();
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: AUDIENCE.to_owned(),
            sub: account.to_owned(),
            sid: session.to_owned(),
            ver: version,
            iat: now,
            nbf: now,
            exp: now + TTL_S,
        };
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let key = keys.first().ok_or_else(|| Refusal::internal(&"no signing key"))?;
        let header = Header {
            kid: Some(key.kid.clone()),
            typ: Some(TYPE.to_owned()),
            ..Header::new(Algorithm::EdDSA)
        };
        encode(&header, &claims, &key.encoding).map_err(|error| Refusal::internal(&error))
    }

    /// The claims of a token that holds now. The algorithm, the type, the issuer, the audience and the keys are ours;
    /// nothing of them is taken from the token.
    pub(crate) fn read(&self, token: &str) -> Result<Claims, Refusal> {
        self.read_inner(token).ok_or_else(Refusal::signed_out)
    }

    fn read_inner(&self, token: &str) -> Option<Claims> {
        let header = decode_header(token).ok()?;
        if header.typ.as_deref() != Some(TYPE) || header.alg != Algorithm::EdDSA {
            return None;
        }
        let kid = header.kid?;
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let key = keys.iter().find(|key| key.kid == kid)?;
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_issuer(&[&self.issuer]);
        // Times are compared below: by our clock, and as numbers, since a claim of another type does not decode.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        let claims = decode::<Claims>(token, &key.decoding, &validation).ok()?.claims;
        let now = self.clock.seconds();
        let holds = claims.nbf <= now.saturating_add(LEEWAY_S)
            && now < claims.exp.saturating_add(LEEWAY_S)
            && claims.exp.saturating_sub(claims.nbf) <= TTL_S;
        holds.then_some(claims)
    }
}

impl Key {
    fn read(stored: &Stored) -> Option<Self> {
        let seed = Zeroizing::new(HEXLOWER.decode(stored.seed.as_bytes()).ok()?);
        let seed = Zeroizing::new(<[u8; 32]>::try_from(seed.as_slice()).ok()?);
        let public = SigningKey::from_bytes(&seed).verifying_key().to_bytes();
        // RFC 8410: an Ed25519 private key in PKCS #8 is this prefix and the seed.
        let mut pkcs8 =
            Zeroizing::new(Vec::from(*b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20"));
        pkcs8.extend_from_slice(&*seed);
        Some(Self {
            kid: stored.kid.clone(),
            made: stored.made,
            encoding: EncodingKey::from_ed_der(&pkcs8),
            decoding: DecodingKey::from_ed_der(&public),
        })
    }
}

/// Challenges that carry their own proof: a random number and an end, under a key of this run.
#[derive(Debug)]
pub(crate) struct Challenges {
    key: Zeroizing<[u8; 32]>,
    clock: Clock,
    /// Those that were answered once and may not be again, until they end.
    used: Mutex<HashMap<[u8; 16], u64>>,
}

/// What a challenge is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Proof of work; holds for one name, which is why it needs no record of its use.
    Work,
    /// Renewal of a token.
    Renew,
}

impl Challenges {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { key: Zeroizing::new(rand::random()), clock, used: Mutex::default() }
    }

    pub(crate) fn make(&self, purpose: Purpose) -> Hex<40> {
        let wait_ms = match purpose {
            Purpose::Work => 600_000,
            Purpose::Renew => 60_000,
        };
        let mut bytes = [0; 40];
        bytes[..16].copy_from_slice(&rand::random::<[u8; 16]>());
        bytes[16..24].copy_from_slice(&(self.clock.now() + wait_ms).to_be_bytes());
        let mac = self.mac(purpose, &bytes[..24]);
        bytes[24..].copy_from_slice(&mac);
        Hex(bytes)
    }

    /// Whether this directory made it for this purpose, and it holds.
    pub(crate) fn holds(&self, purpose: Purpose, challenge: &Hex<40>) -> bool {
        let (said, mac) = challenge.0.split_at(24);
        bool::from(self.mac(purpose, said).as_slice().ct_eq(mac)) && self.clock.now() < end(challenge)
    }

    /// Whether this is its first use.
    pub(crate) fn use_up(&self, challenge: &Hex<40>) -> bool {
        let now = self.clock.now();
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.retain(|_, end| *end > now);
        let mut id = [0; 16];
        id.copy_from_slice(&challenge.0[..16]);
        used.insert(id, end(challenge)).is_none()
    }

    fn mac(&self, purpose: Purpose, said: &[u8]) -> [u8; 16] {
        let mut hash = blake3::Hasher::new_keyed(&self.key);
        hash.update(&[purpose as u8]).update(said);
        let mut mac = [0; 16];
        mac.copy_from_slice(&hash.finalize().as_bytes()[..16]);
        mac
    }
}

fn end(challenge: &Hex<40>) -> u64 {
    let mut end = [0; 8];
    end.copy_from_slice(&challenge.0[16..24]);
    u64::from_be_bytes(end)
}
