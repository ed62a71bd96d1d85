//! The vault: who may open this data folder. It wraps the database key by the passphrase and by the recovery key.
//!
//! `vault.json` holds two sealed copies of one random database key. The passphrase goes through argon2id with
//! stored parameters; the recovery key is random itself and needs no stretching. A new passphrase seals the
//! database key again and touches nothing else. All of this takes time and memory on purpose: call it from
//! `spawn_blocking`.

mod folder;
mod recovery;

use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use rand::{TryRng, rngs::SysRng};
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

pub use folder::FolderLock;
pub(crate) use folder::{private_file, sync_folder, write_whole};
pub use recovery::{RecoveryFile, RecoveryKey};

/// What this version writes.
const FORMAT: u32 = 1;
const FILE: &str = "vault.json";
/// Longer ones are a mistake, and hashing them is work for nothing.
const MAX_PASSPHRASE: usize = 1024;

/// Why the vault did not do what was asked; each is a sentence for the person at the screen.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("another Confab already runs on the data folder {0}; stop it first, or use another folder")]
    InUse(PathBuf),
    #[error("the data folder {0} holds no account yet")]
    Missing(PathBuf),
    #[error("the data folder {0} already holds an account")]
    Exists(PathBuf),
    #[error("that passphrase does not open this data folder")]
    WrongPassphrase,
    #[error("that recovery key does not fit")]
    WrongRecoveryKey,
    #[error("the passphrase is empty")]
    EmptyPassphrase,
    #[error("the passphrase is longer than {MAX_PASSPHRASE} bytes")]
    LongPassphrase,
    #[error("this is not a recovery key: {0}")]
    NotARecoveryKey(&'static str),
    #[error("this is not a Confab recovery file: {0}")]
    NotARecoveryFile(&'static str),
    #[error("{path} is damaged ({what}); put back a copy of it, or restore from a backup")]
    Damaged { path: PathBuf, what: &'static str },
    #[error("{0} was written by a newer version of Confab; start that version")]
    Newer(PathBuf),
    #[error("cannot {doing} {path}: {source}")]
    Io { doing: &'static str, path: PathBuf, source: std::io::Error },
    #[error("the operating system gave no random numbers")]
    NoRandomness,
}

/// The key of the database: 32 random bytes that never change and never leave the vault and the database.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct DatabaseKey([u8; 32]);

impl DatabaseKey {
    /// A new random key.
    ///
    /// # Errors
    /// [`Error::NoRandomness`].
    pub fn generate() -> Result<Self, Error> {
        Ok(Self(random()?))
    }

    #[cfg(test)]
    pub(crate) fn for_tests(key: [u8; 32]) -> Self {
        Self(key)
    }

    /// The value of SQLCipher's `key` pragma: `"x'<64 hexadecimal digits>'"`, taken as the key itself.
    pub(crate) fn pragma(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("\"x'{}'\"", data_encoding::HEXLOWER.encode(&self.0)))
    }
}

impl fmt::Debug for DatabaseKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DatabaseKey(***)")
    }
}

/// What one argon2id run costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    pub memory_kib: u32,
    pub passes: u32,
    pub lanes: u32,
}

impl Cost {
    /// 64 MiB, three passes, one lane: above RFC 9106's second choice per pass, about 0.2 s on a small machine.
    pub const STANDARD: Self = Self { memory_kib: 64 * 1024, passes: 3, lanes: 1 };
    /// For tests only: the smallest run that argon2 allows.
    pub const TESTING: Self = Self { memory_kib: 64, passes: 1, lanes: 1 };

    /// A file that asks for less makes guessing cheap; never raised, so that old files can always be opened.
    const FLOOR: Self = Self { memory_kib: 64 * 1024, passes: 3, lanes: 1 };
    /// A file that asks for more than this would only stop the machine.
    const CEILING: Self = Self { memory_kib: 1024 * 1024, passes: 16, lanes: 8 };

    /// `self` is what a file asks for, `ours` what this program writes: tests write less than the floor.
    fn is_fit(self, ours: Self) -> bool {
        let memory = ours.memory_kib.min(Self::FLOOR.memory_kib)..=Self::CEILING.memory_kib;
        let passes = ours.passes.min(Self::FLOOR.passes)..=Self::CEILING.passes;
        memory.contains(&self.memory_kib)
            && passes.contains(&self.passes)
            && (1..=Self::CEILING.lanes).contains(&self.lanes)
    }

    fn hash(self, passphrase: &str, salt: &[u8; 16]) -> Result<Zeroizing<[u8; 32]>, Error> {
        if passphrase.is_empty() {
            return Err(Error::EmptyPassphrase);
        }
        if passphrase.len() > MAX_PASSPHRASE {
            return Err(Error::LongPassphrase);
        }
        // One passphrase, however the keyboard composes its letters (RFC 8265, OpaqueString).
        let passphrase: Zeroizing<String> = Zeroizing::new(passphrase.nfc().collect());
        let params = Params::new(self.memory_kib, self.passes, self.lanes, Some(32))
            .expect("costs are constants, or were held against floor and ceiling");
        let mut key = Zeroizing::new([0; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase.as_bytes(), salt, key.as_mut())
            .expect("lengths of passphrase, salt and output are within argon2's bounds");
        Ok(key)
    }
}

/// The vault of one data folder.
#[derive(Debug)]
pub struct Vault;

#[derive(Serialize, Deserialize)]
struct File {
    format: u32,
    passphrase: ByPassphrase,
    recovery: Sealed,
}

#[derive(Serialize, Deserialize)]
struct ByPassphrase {
    kdf: String,
    #[serde(flatten)]
    cost: Cost,
    #[serde(with = "base64")]
    salt: [u8; 16],
    #[serde(flatten)]
    sealed: Sealed,
}

/// The database key under XChaCha20-Poly1305.
#[derive(Serialize, Deserialize)]
struct Sealed {
    #[serde(with = "base64")]
    nonce: [u8; 24],
    #[serde(with = "base64")]
    sealed: [u8; 48],
}

impl Vault {
    /// Whether `dir` holds an account.
    pub fn exists(dir: &Path) -> bool {
        dir.join(FILE).exists()
    }

    /// Makes the vault of a fresh data folder, with a new database key and a new recovery key.
    ///
    /// # Errors
    /// [`Error::Exists`] if there is one already, a bad passphrase, or a write that failed (then nothing is there).
    pub fn create(dir: &Path, passphrase: &str, cost: Cost) -> Result<(DatabaseKey, RecoveryKey), Error> {
        if Self::exists(dir) {
            return Err(Error::Exists(dir.to_owned()));
        }
        folder::make(dir)?;
        let key = DatabaseKey::generate()?;
        let recovery = RecoveryKey::generate()?;
        let file = File {
            format: FORMAT,
            passphrase: ByPassphrase::seal(&key, passphrase, cost)?,
            recovery: Sealed::seal(&key, &recovery.wrapping_key(), RECOVERY_AAD)?,
        };
        file.write(dir)?;
        Ok((key, recovery))
    }

    /// The database key, by the passphrase. `cost` is what this program writes.
    ///
    /// # Errors
    /// [`Error::WrongPassphrase`], or what is wrong with the file.
    pub fn unlock(dir: &Path, passphrase: &str, cost: Cost) -> Result<DatabaseKey, Error> {
        File::read(dir, cost)?.passphrase.open(passphrase)
    }

    /// The database key, by the recovery key.
    ///
    /// # Errors
    /// [`Error::WrongRecoveryKey`], or what is wrong with the file.
    pub fn unlock_with_recovery(
        dir: &Path,
        recovery: &RecoveryKey,
        cost: Cost,
    ) -> Result<DatabaseKey, Error> {
        let file = File::read(dir, cost)?;
        file.recovery.open(&recovery.wrapping_key(), RECOVERY_AAD).ok_or(Error::WrongRecoveryKey)
    }

    /// Seals the same database key under a new passphrase; the database is not touched.
    ///
    /// # Errors
    /// [`Error::WrongPassphrase`], a bad new passphrase, or a write that failed (then the old one still opens).
    pub fn change_passphrase(dir: &Path, old: &str, new: &str, cost: Cost) -> Result<(), Error> {
        let mut file = File::read(dir, cost)?;
        let key = file.passphrase.open(old)?;
        file.passphrase = ByPassphrase::seal(&key, new, cost)?;
        file.write(dir)
    }

    /// Sets a new passphrase for somebody who forgot the old one.
    ///
    /// # Errors
    /// [`Error::WrongRecoveryKey`], a bad new passphrase, or a write that failed.
    pub fn reset_passphrase(dir: &Path, recovery: &RecoveryKey, new: &str, cost: Cost) -> Result<(), Error> {
        let mut file = File::read(dir, cost)?;
        let key =
            file.recovery.open(&recovery.wrapping_key(), RECOVERY_AAD).ok_or(Error::WrongRecoveryKey)?;
        file.passphrase = ByPassphrase::seal(&key, new, cost)?;
        file.write(dir)
    }

    /// Takes away the passphrase, so that the data can never be opened again; for deleting an account.
    ///
    /// # Errors
    /// A file that could not be removed.
    pub fn destroy(dir: &Path) -> Result<(), Error> {
        let path = dir.join(FILE);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(Error::Io { doing: "remove", path, source: error })
            }
            _ => sync_folder(dir),
        }
    }

    /// Makes the folder if need be, closes it to other users, and takes it for this process until the lock is
    /// dropped or the process ends, however it ends.
    ///
    /// # Errors
    /// [`Error::InUse`] while another process has it; a folder that cannot be made or written.
    pub fn lock_dir(dir: &Path) -> Result<FolderLock, Error> {
        folder::make(dir)?;
        FolderLock::take(dir)
    }

    /// The password that the directory gets. Its salt comes from the directory's identity and the name, so that a
    /// new machine can sign in; it says nothing about what opens the disk, whose salt is random. `cost` is part of
    /// the password, so it is [`Cost::STANDARD`] everywhere but in tests, for ever.
    ///
    /// # Errors
    /// A passphrase that is empty or too long.
    pub fn directory_password(
        passphrase: &str,
        directory_id: &[u8],
        username: &str,
        cost: Cost,
    ) -> Result<Zeroizing<String>, Error> {
        let mut salt = blake3::Hasher::new_derive_key("confab/1/directory-password");
        salt.update(&(directory_id.len() as u64).to_le_bytes());
        salt.update(directory_id);
        salt.update(username.as_bytes());
        let salt: [u8; 16] = salt.finalize().as_bytes()[..16].try_into().expect("a hash has 32 bytes");
        let hash = cost.hash(passphrase, &salt)?;
        Ok(Zeroizing::new(BASE64URL_NOPAD.encode(hash.as_ref())))
    }
}

impl File {
    fn read(dir: &Path, ours: Cost) -> Result<Self, Error> {
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        let path = dir.join(FILE);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(Error::Missing(dir.to_owned()));
            }
            Err(source) => return Err(Error::Io { doing: "read", path, source }),
        };
        let damaged = |what| Error::Damaged { path: path.clone(), what };
        let Format { format } = serde_json::from_slice(&bytes).map_err(|_| damaged("it is not JSON"))?;
        if format > FORMAT {
            return Err(Error::Newer(path));
        }
        let file: Self =
            serde_json::from_slice(&bytes).map_err(|_| damaged("a field is missing or wrong"))?;
        if file.passphrase.kdf != KDF || !file.passphrase.cost.is_fit(ours) {
            return Err(damaged("its passphrase settings are out of bounds"));
        }
        Ok(file)
    }

    fn write(&self, dir: &Path) -> Result<(), Error> {
        let mut text = serde_json::to_vec_pretty(self).expect("numbers and strings always make JSON");
        text.push(b'\n');
        write_whole(&dir.join(FILE), &text)
    }
}

const KDF: &str = "argon2id";
const RECOVERY_AAD: &[u8] = b"confab/1/vault/recovery";

impl ByPassphrase {
    fn seal(key: &DatabaseKey, passphrase: &str, cost: Cost) -> Result<Self, Error> {
        let salt = random()?;
        let wrapping = cost.hash(passphrase, &salt)?;
        let sealed = Sealed::seal(key, &wrapping, &Self::aad(cost, &salt))?;
        Ok(Self { kdf: KDF.to_owned(), cost, salt, sealed })
    }

    fn open(&self, passphrase: &str) -> Result<DatabaseKey, Error> {
        let wrapping = self.cost.hash(passphrase, &self.salt)?;
        self.sealed.open(&wrapping, &Self::aad(self.cost, &self.salt)).ok_or(Error::WrongPassphrase)
    }

    /// The parameters are bound to the box: changing one of them in the file opens nothing.
    fn aad(cost: Cost, salt: &[u8; 16]) -> Vec<u8> {
        let mut aad = b"confab/1/vault/passphrase".to_vec();
        for number in [cost.memory_kib, cost.passes, cost.lanes] {
            aad.extend(number.to_le_bytes());
        }
        aad.extend(salt);
        aad
    }
}

impl Sealed {
    fn seal(key: &DatabaseKey, wrapping: &[u8; 32], aad: &[u8]) -> Result<Self, Error> {
        let nonce = random()?;
        let sealed = XChaCha20Poly1305::new(wrapping.into())
            .encrypt(&XNonce::from(nonce), Payload { msg: &key.0, aad })
            .expect("32 bytes can always be sealed");
        Ok(Self { nonce, sealed: sealed.try_into().expect("a key of 32 bytes and a tag of 16") })
    }

    fn open(&self, wrapping: &[u8; 32], aad: &[u8]) -> Option<DatabaseKey> {
        let opened = XChaCha20Poly1305::new(wrapping.into())
            .decrypt(&XNonce::from(self.nonce), Payload { msg: &self.sealed, aad })
            .ok()
            .map(Zeroizing::new)?;
        opened.as_slice().try_into().ok().map(DatabaseKey)
    }
}

fn random<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    SysRng.try_fill_bytes(&mut bytes).map_err(|_| Error::NoRandomness)?;
    Ok(bytes)
}

/// Fixed-size bytes as base64 in JSON.
mod base64 {
    use super::BASE64;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer, const N: usize>(
        bytes: &[u8; N],
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.serialize_str(&BASE64.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>, const N: usize>(
        from: D,
    ) -> Result<[u8; N], D::Error> {
        let text = String::deserialize(from)?;
        let bytes = BASE64.decode(text.as_bytes()).map_err(D::Error::custom)?;
        bytes.try_into().map_err(|_| D::Error::custom("wrong length"))
    }
}

#[cfg(test)]
mod tests;
