//! Backups: one encrypted file with everything that makes a person themselves again on a new machine.
//!
//! Inside is the account key, the people with their profiles and the keys pinned for them, conversations, marks, history and settings.
//! There are no ratchets and no device key: a restored node is a new device, because a ratchet that runs twice gives
//! itself away. The file is an age passphrase file (<https://age-encryption.org/v1>); its plaintext is
//!
//! ```text
//! "confab backup 1\n"
//! records: kind (1 byte), length (4 bytes, little endian), that many bytes
//!   1 account   JSON    2 person JSON    3 conversation JSON    4 mark JSON    5 setting JSON
//!   6 item      conversation[32] id[16] ord[8] chain[32] seq[8] face (the item's own encoding), numbers big endian
//!   7 known     a person as the machine knows them (`protocol::node::Known`), so that a new device can write to them
//!   8 number    of the account's newest profile, 8 bytes, big endian: that of a new device is above it
//!   255 end     JSON: how many records of each kind stood before it
//! zeros up to a multiple of 1 MiB
//! ```
//!
//! Nothing is compressed, and the size only tells megabytes. A file is read twice: once to its end, so that every
//! byte is proven and every record understood, and only then for use.

mod format;

use std::{
    collections::BTreeMap,
    fmt,
    fs::{self, File},
    io::{self, BufReader, BufWriter, Read, Seek},
    iter,
    path::{Path, PathBuf},
};

use age::secrecy::SecretString;
use protocol::{
    ids::ChainId,
    node::{Carried, Known},
    timeline::Item,
};
use tokio::{runtime::Handle, task::spawn_blocking};
use unicode_normalization::UnicodeNormalization;

use crate::{
    store::{self, Exported, Store},
    vault::{self, RecoveryFile, private_file},
};

pub use format::Counts;
use format::{Reader, Record, Recorder};

/// Items for one transaction.
const PIECE: usize = 500;

/// Why a backup was not made or not taken; each is a sentence for the person at the screen.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("that passphrase does not open this backup")]
    WrongPassphrase,
    #[error("the passphrase of a backup must not be empty")]
    EmptyPassphrase,
    #[error("{0} is not a Confab backup")]
    NotABackup(PathBuf),
    #[error("the backup {0} is damaged or cut short; nothing of it was taken")]
    Damaged(PathBuf),
    #[error("the backup {0} was written by a newer version of Confab; use that version")]
    Newer(PathBuf),
    #[error("the backup {0} asks for more work than a backup of Confab ever does; nothing of it was taken")]
    TooMuchWork(PathBuf),
    #[error("Confab was stopped before the backup was done")]
    Stopped,
    #[error("the disk is full; no backup was written")]
    Full,
    #[error("cannot {doing} {path}: {source}")]
    File { doing: &'static str, path: PathBuf, source: io::Error },
    #[error("what the node knows of its people cannot be read: {0}")]
    Records(&'static str),
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// How hard guessing the passphrase of a backup is made: scrypt with N = 2^this, 8 blocks of 128 bytes each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Work(u8);

impl Work {
    /// 128 MiB, about half a second: a backup leaves the house.
    pub const STANDARD: Self = Self(17);
    /// For tests only.
    pub const TESTING: Self = Self(4);
    /// 256 MiB: a file that asks for more would only stop the machine.
    const CEILING: Self = Self(18);
}

/// Writes a backup of everything in `store`, as it is while this runs. The file is there whole, or not at all.
///
/// # Errors
/// An empty passphrase, a store that cannot be read, a file that cannot be written.
pub async fn write(
    store: &Store,
    account: &RecoveryFile,
    passphrase: &str,
    work: Work,
    path: &Path,
) -> Result<Counts, Error> {
    let passphrase = secret(passphrase)?;
    let (store, account, path) = (store.clone(), account.clone(), path.to_owned());
    let runtime = Handle::current();
    blocking(move || {
        let part = path.with_extension("part");
        let written = write_file(&runtime, &store, &account, passphrase, work, &part);
        let done = written.and_then(|counts| {
            fs::rename(&part, &path).map_err(|source| file("write", &path, source))?;
            Ok(counts)
        });
        if done.is_err() {
            drop(fs::remove_file(&part));
        } else if let Some(dir) = path.parent().filter(|dir| !dir.as_os_str().is_empty()) {
            // The backup is there in any case; a folder that cannot be synced only loses it in a power cut.
            drop(vault::sync_folder(dir));
        }
        done
    })
    .await
}

fn write_file(
    runtime: &Handle,
    store: &Store,
    account: &RecoveryFile,
    passphrase: SecretString,
    work: Work,
    path: &Path,
) -> Result<Counts, Error> {
    let failed = |source| file("write", path, source);
    let mut recipient = age::scrypt::Recipient::new(passphrase);
    recipient.set_work_factor(work.0);
    let encryptor = age::Encryptor::with_recipients(iter::once(&recipient as &dyn age::Recipient))
        .map_err(|error| failed(io::Error::other(error)))?;
    let target = BufWriter::new(private_file(path, true).map_err(failed)?);
    let mut to = Recorder::new(encryptor.wrap_output(target).map_err(failed)?).map_err(failed)?;

    to.write(Record::Account(account.clone())).map_err(failed)?;
    // First, so that a node which goes on meanwhile has more history in the file than its people are said to have sent.
    let records = runtime.block_on(store.records())?;
    let Carried { number, known } = Carried::of(&records).map_err(|error| Error::Records(error.0))?;
    to.write(Record::Number(number)).map_err(failed)?;
    for mut known in known {
        for (chain, seq) in known.heads() {
            runtime.block_on(store.events(chain, seq, 1))?.iter().for_each(|head| known.hold(head));
        }
        to.write(Record::Known(Box::new(known))).map_err(failed)?;
    }
    let export = runtime.block_on(store.export())?;
    let people = export.people.into_iter().map(Record::Person);
    let conversations = export.conversations.into_iter().map(Record::Conversation);
    let cursors = export.cursors.into_iter().map(Record::Cursor);
    let settings = export.settings.into_iter().map(|(key, value)| Record::Setting(key, value));
    for record in people.chain(conversations).chain(cursors).chain(settings) {
        to.write(record).map_err(failed)?;
    }
    let mut after = 0;
    while let Some((next, items)) = runtime.block_on(store.export_items(after, PIECE))? {
        for item in items {
            to.write(Record::Item(item)).map_err(failed)?;
        }
        after = next;
    }
    let (encrypted, counts) = to.finish().map_err(failed)?;
    let target = encrypted.finish().map_err(failed)?;
    let target = target.into_inner().map_err(|error| failed(error.into_error()))?;
    target.sync_all().map_err(failed)?;
    Ok(counts)
}

/// A backup that was read to its end and found whole.
pub struct Backup {
    file: File,
    path: PathBuf,
    passphrase: SecretString,
    account: RecoveryFile,
    counts: Counts,
}

impl Backup {
    /// Reads the whole file, and believes nothing of it before that.
    ///
    /// # Errors
    /// Another passphrase, or what is wrong with the file.
    pub async fn open(path: &Path, passphrase: &str) -> Result<Self, Error> {
        let (path, passphrase) = (path.to_owned(), secret(passphrase)?);
        blocking(move || {
            let file = File::open(&path).map_err(|source| self::file("read", &path, source))?;
            let mut account = None;
            let mut reader = decrypt(&file, &path, &passphrase)?;
            while let Some(record) = reader.next().map_err(|error| error.at(&path))? {
                if let Record::Account(found) = record {
                    account = Some(found);
                }
            }
            let counts = reader.finish().map_err(|error| error.at(&path))?;
            let account = account.ok_or_else(|| Error::Damaged(path.clone()))?;
            Ok(Self { file, path, passphrase, account, counts })
        })
        .await
    }

    /// Whose it is.
    pub fn account(&self) -> &RecoveryFile {
        &self.account
    }

    /// What it holds.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Puts everything into `store`, which is a new one. If this fails the store holds a part: throw it away.
    ///
    /// # Errors
    /// A store that cannot be written, a file that changed since it was opened.
    pub async fn restore(self, store: &Store) -> Result<(RecoveryFile, Carried), Error> {
        let (store, runtime) = (store.clone(), Handle::current());
        blocking(move || {
            let Self { file, path, passphrase, account, counts } = self;
            let mut reader = decrypt(&file, &path, &passphrase)?;
            let mut piece = Exported::default();
            let mut carried = Carried::default();
            let mut confirmed: BTreeMap<ChainId, u64> = BTreeMap::new();
            while let Some(record) = reader.next().map_err(|error| error.at(&path))? {
                match record {
                    Record::Account(_) => {}
                    Record::Person(person) => piece.people.push(person),
                    Record::Conversation(conversation) => piece.conversations.push(conversation),
                    Record::Cursor(cursor) => {
                        let delivered = confirmed.entry(cursor.chain).or_default();
                        *delivered = cursor.delivered.max(*delivered);
                        piece.cursors.push(cursor);
                    }
                    Record::Number(number) => carried.number = number,
                    Record::Known(known) => {
                        piece.timers.extend(known.timer().map(|timer| (known.conversation(), timer)));
                        carried.known.push(*known);
                    }
                    Record::Setting(key, value) => piece.settings.push((key, value)),
                    Record::Item(item) => {
                        let delivered = confirmed.get(&item.key.chain).is_some_and(|to| item.key.seq <= *to);
                        if item.mine && !delivered {
                            write_again(&mut carried.known, &item);
                        }
                        piece.items.push(item);
                    }
                }
                if piece.items.len() == PIECE {
                    runtime.block_on(store.import(std::mem::take(&mut piece)))?;
                }
            }
            if reader.finish().map_err(|error| error.at(&path))? != counts {
                return Err(Error::Damaged(path));
            }
            runtime.block_on(store.import(piece))?;
            Ok((account, carried))
        })
        .await
    }
}

fn write_again(people: &mut [Known], item: &Item) {
    if let Some(known) = people.iter_mut().find(|known| known.conversation() == item.conversation) {
        known.write_again(item);
    }
}

impl fmt::Debug for Backup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backup")
            .field("path", &self.path)
            .field("counts", &self.counts)
            .finish_non_exhaustive()
    }
}

fn decrypt<'f>(
    mut file: &'f File,
    path: &Path,
    passphrase: &SecretString,
) -> Result<Reader<impl Read + use<'f>>, Error> {
    file.rewind().map_err(|source| self::file("read", path, source))?;
    let decryptor = match age::Decryptor::new_buffered(BufReader::new(file)) {
        Ok(decryptor) if decryptor.is_scrypt() => decryptor,
        _ => return Err(Error::NotABackup(path.to_owned())),
    };
    let mut identity = age::scrypt::Identity::new(passphrase.clone());
    identity.set_max_work_factor(Work::CEILING.0);
    let plain =
        decryptor.decrypt(iter::once(&identity as &dyn age::Identity)).map_err(|error| match error {
            age::DecryptError::ExcessiveWork { .. } => Error::TooMuchWork(path.to_owned()),
            age::DecryptError::KeyDecryptionFailed
            | age::DecryptError::DecryptionFailed
            | age::DecryptError::NoMatchingKeys => Error::WrongPassphrase,
            _ => Error::Damaged(path.to_owned()),
        })?;
    Reader::new(plain).map_err(|error| error.at(path))
}

fn secret(passphrase: &str) -> Result<SecretString, Error> {
    if passphrase.is_empty() {
        return Err(Error::EmptyPassphrase);
    }
    // One passphrase, however the keyboard composes its letters.
    Ok(SecretString::from(passphrase.nfc().collect::<String>()))
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    match spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(Error::Stopped),
        },
    }
}

fn file(doing: &'static str, path: &Path, source: io::Error) -> Error {
    if source.kind() == io::ErrorKind::StorageFull {
        return Error::Full;
    }
    Error::File { doing, path: path.to_owned(), source }
}

#[cfg(test)]
mod tests;
