//! The recovery key, and the recovery file that it opens: the account key for the day when the machine is gone.
//!
//! The key is 32 random bytes and a checksum of three, written as fourteen groups of four letters and digits:
//! `7K2M-9QXD-...`. The file is text: a few lines for people, then the account key in an age passphrase file
//! (<https://age-encryption.org/v1>) whose passphrase is the recovery key as it is written down, so that any age
//! program can open it too.

use std::{
    fmt,
    io::{Read, Write},
    iter,
    str::FromStr,
    sync::LazyLock,
};

use age::{armor, secrecy::SecretString};
use data_encoding::{BASE64, Encoding, Specification};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::{Error, random};

/// Crockford's alphabet: no I, L, O, U; what a person types for them is taken as 1, 1, 0.
static ALPHABET: LazyLock<Encoding> = LazyLock::new(|| {
    let mut spec = Specification::new();
    spec.symbols.push_str("0123456789ABCDEFGHJKMNPQRSTVWXYZ");
    spec.translate.from.push_str("abcdefghjkmnpqrstvwxyzIiLlOo");
    spec.translate.to.push_str("ABCDEFGHJKMNPQRSTVWXYZ111100");
    spec.ignore.push_str(" -\r\n\t");
    spec.encoding().expect("32 symbols, and none of them is translated")
});

/// The recovery key is random, so stretching it buys nothing; age's scrypt stays at its smallest useful work.
const WORK_FACTOR: u8 = 10;
/// A file may ask for this much on reading (2^18 blocks are 256 MiB), no more.
const MAX_WORK_FACTOR: u8 = 18;
const CHECKSUM: usize = 3;

/// A random key that its owner writes down at first run. It opens the vault and the recovery file.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct RecoveryKey([u8; 32]);

impl RecoveryKey {
    pub(super) fn generate() -> Result<Self, Error> {
        Ok(Self(random()?))
    }

    pub(super) fn wrapping_key(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(blake3::derive_key("confab/1/vault/recovery-wrap", &self.0))
    }

    /// As people write it down: fourteen groups of four.
    pub fn to_text(&self) -> Zeroizing<String> {
        let mut bytes = Zeroizing::new(self.0.to_vec());
        bytes.extend(checksum(&self.0));
        let run = Zeroizing::new(ALPHABET.encode(&bytes));
        let mut text = Zeroizing::new(String::with_capacity(run.len() + run.len() / 4));
        for (at, symbol) in run.chars().enumerate() {
            if at > 0 && at % 4 == 0 {
                text.push('-');
            }
            text.push(symbol);
        }
        text
    }
}

impl FromStr for RecoveryKey {
    type Err = Error;

    /// Reads what a person typed: any case, with or without the hyphens.
    fn from_str(text: &str) -> Result<Self, Error> {
        let bytes = ALPHABET
            .decode(text.trim().as_bytes())
            .map(Zeroizing::new)
            .map_err(|_| Error::NotARecoveryKey("it has 56 letters and digits, in groups of four"))?;
        let (key, sum) = bytes
            .split_last_chunk::<CHECKSUM>()
            .and_then(|(key, sum)| Some((<[u8; 32]>::try_from(key).ok()?, sum)))
            .ok_or(Error::NotARecoveryKey("it has 56 letters and digits, in groups of four"))?;
        if checksum(&key) != *sum {
            return Err(Error::NotARecoveryKey(
                "a letter or digit is wrong; compare it with what you wrote down",
            ));
        }
        Ok(Self(key))
    }
}

impl fmt::Debug for RecoveryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryKey(***)")
    }
}

fn checksum(key: &[u8; 32]) -> [u8; CHECKSUM] {
    let hash = blake3::derive_key("confab/1/recovery-key/checksum", key);
    hash[..CHECKSUM].try_into().expect("a hash is longer than its checksum")
}

/// What the recovery file holds: enough to be the same person on a new machine.
#[derive(Clone, PartialEq, Eq)]
pub struct RecoveryFile {
    pub username: String,
    /// Which directory knows the name, if one does.
    pub directory: Option<String>,
    /// The Ed25519 seed of the account key.
    pub account_key: Zeroizing<[u8; 32]>,
    /// The key history in its wire encoding.
    pub history: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
struct Inside {
    confab_recovery: u32,
    username: String,
    directory: Option<String>,
    account_key: String,
    history: String,
}

const BEGIN: &str = "-----BEGIN AGE ENCRYPTED FILE-----";
const END: &str = "-----END AGE ENCRYPTED FILE-----";

impl RecoveryFile {
    /// The text of the file.
    ///
    /// # Errors
    /// None in practice; sealing into memory fails only without random numbers.
    pub fn seal(&self, key: &RecoveryKey) -> Result<String, Error> {
        let inside = Zeroizing::new(
            serde_json::to_vec(&Inside {
                confab_recovery: 1,
                username: self.username.clone(),
                directory: self.directory.clone(),
                account_key: BASE64.encode(self.account_key.as_ref()),
                history: BASE64.encode(&self.history),
            })
            .expect("strings always make JSON"),
        );
        let mut recipient = age::scrypt::Recipient::new(passphrase(key));
        recipient.set_work_factor(WORK_FACTOR);
        let sealed = seal_armored(&recipient, &inside).map_err(|_| Error::NoRandomness)?;
        Ok(format!(
            "Confab recovery file of {}\n\n\
             Keep this file. Together with your recovery key it makes you yourself again on a new machine:\n\
             start Confab there, sign in with your name and passphrase, and give it this file and the key.\n\
             Without the key nobody can read it; keep the two in different places.\n\n{sealed}",
            self.username
        ))
    }

    /// Opens the text of a recovery file.
    ///
    /// # Errors
    /// [`Error::NotARecoveryFile`], or [`Error::WrongRecoveryKey`].
    pub fn open(text: &str, key: &RecoveryKey) -> Result<Self, Error> {
        let bad = Error::NotARecoveryFile;
        let start = text.find(BEGIN).ok_or(bad("its sealed part is missing"))?;
        let sealed = &text[start..];
        let end = sealed.find(END).ok_or(bad("its end is missing"))? + END.len();
        let decryptor = age::Decryptor::new(armor::ArmoredReader::new(&sealed.as_bytes()[..end]))
            .map_err(|_| bad("its sealed part is damaged"))?;
        let mut identity = age::scrypt::Identity::new(passphrase(key));
        identity.set_max_work_factor(MAX_WORK_FACTOR);
        let mut inside = Zeroizing::new(Vec::new());
        decryptor
            .decrypt(iter::once(&identity as &dyn age::Identity))
            .map_err(|error| match error {
                age::DecryptError::ExcessiveWork { .. } => bad("it asks for too much work"),
                age::DecryptError::KeyDecryptionFailed
                | age::DecryptError::DecryptionFailed
                | age::DecryptError::NoMatchingKeys => Error::WrongRecoveryKey,
                _ => bad("its sealed part is damaged"),
            })?
            .read_to_end(&mut inside)
            .map_err(|_| bad("its sealed part is damaged"))?;
        let inside: Inside =
            serde_json::from_slice(&inside).map_err(|_| bad("it does not hold an account key"))?;
        if inside.confab_recovery > 1 {
            return Err(bad("it was written by a newer version of Confab; use that version"));
        }
        let account_key = BASE64
            .decode(inside.account_key.as_bytes())
            .ok()
            .map(Zeroizing::new)
            .and_then(|bytes| <[u8; 32]>::try_from(bytes.as_slice()).ok())
            .ok_or(bad("it does not hold an account key"))?;
        let history =
            BASE64.decode(inside.history.as_bytes()).map_err(|_| bad("its key history is damaged"))?;
        Ok(Self {
            username: inside.username,
            directory: inside.directory,
            account_key: Zeroizing::new(account_key),
            history,
        })
    }
}

impl fmt::Debug for RecoveryFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecoveryFile").field("username", &self.username).finish_non_exhaustive()
    }
}

fn passphrase(key: &RecoveryKey) -> SecretString {
    SecretString::from(key.to_text().to_string())
}

fn seal_armored(
    recipient: &age::scrypt::Recipient,
    inside: &[u8],
) -> Result<String, Box<dyn std::error::Error>> {
    let encryptor = age::Encryptor::with_recipients(iter::once(recipient as &dyn age::Recipient))?;
    let armored = armor::ArmoredWriter::wrap_output(Vec::new(), armor::Format::AsciiArmor)?;
    let mut writer = encryptor.wrap_output(armored)?;
    writer.write_all(inside)?;
    Ok(String::from_utf8(writer.finish()?.finish()?)?)
}
