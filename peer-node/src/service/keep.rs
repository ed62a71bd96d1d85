//! Backups: everything in one encrypted file, and back from it on a new machine.

use std::path::{Path, PathBuf};

use protocol::{
    codec,
    config::Config,
    identity::{AccountKey, KeyHistory, Username},
    node::{NewIdentity, Node},
    seal::Vodozemac,
};
use zeroize::Zeroizing;

use super::{
    Error, Passphrase, Service, State,
    account::{Recovery, blocking, is_passing, keep_recovery, put_name_tag, wipe},
    membership::Membership,
    open::{self, key},
};
use crate::{
    backup::{self, Backup, Work},
    clock::Clock,
    store::{Marks, Options, Store},
    vault::{Cost, RecoveryFile, Vault},
};

pub use crate::backup::Counts;

/// What came back from a backup.
#[derive(Debug, Clone)]
pub struct Restored {
    pub username: String,
    pub counts: Counts,
    pub recovery: Recovery,
}

impl Service {
    /// Writes a backup of the open node to `path`, sealed with a passphrase of its own.
    ///
    /// # Errors
    /// When the node is not open, a weak passphrase, a file that can't be written.
    pub async fn back_up(&self, passphrase: &Passphrase, path: &Path) -> Result<Counts, Error> {
        let open = self.open().await?;
        write(&open.store, passphrase, path).await
    }

    /// Where a backup can be written before it is handed out: in the data folder, which only its owner reads.
    pub fn backup_place(&self) -> PathBuf {
        self.passing("backup")
    }

    /// Where a backup that comes in is kept until it was read.
    pub fn restore_place(&self) -> PathBuf {
        self.passing("restore")
    }

    fn passing(&self, what: &str) -> PathBuf {
        let name = data_encoding::HEXLOWER.encode(&rand::random::<[u8; 8]>());
        self.0.dir.join(format!("{what}-{name}.confab"))
    }

    /// Removes what a run that was killed left of backups on their way.
    pub(super) fn sweep(dir: &Path) {
        for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
            if entry.file_name().to_str().is_some_and(is_passing)
                && let Err(error) = std::fs::remove_file(entry.path())
            {
                tracing::info!(%error, "a backup that was on its way could not be removed");
            }
        }
    }

    /// Makes the account of a backup the one of this node, which has none yet, and opens it.
    ///
    /// # Errors
    /// A node that has an account, a wrong passphrase, a weak new one, a damaged file; then everything stays as it was.
    pub async fn restore(
        &self,
        account: &Passphrase,
        passphrase: &Passphrase,
        path: &Path,
    ) -> Result<Restored, Error> {
        let mut state = self.0.state.write().await;
        if !matches!(*state, State::Fresh) {
            return Err(Error::NotFresh);
        }
        self.try_once()?;
        let backup = Backup::open(path, passphrase.reveal()).await.map_err(of_a_file)?;
        let restored = restore_whole(&self.0.dir, account, backup, self.0.given.cost).await?;
        self.0.tries.fill();
        *state = State::Locked;
        drop(state);
        self.unlock(account).await?;
        Ok(restored)
    }
}

/// Writes a backup of a data folder that no node runs on.
///
/// # Errors
/// A folder in use, a wrong passphrase, a file that can't be written.
pub async fn back_up_folder(
    dir: &Path,
    account: &Passphrase,
    passphrase: &Passphrase,
    path: &Path,
) -> Result<Counts, Error> {
    let _lock = Vault::lock_dir(dir)?;
    let (folder, words) = (dir.to_owned(), account.clone());
    let database = blocking(move || Vault::unlock(&folder, words.reveal(), Cost::STANDARD)).await?;
    // Only a node that runs moves its mark.
    let store = Store::open_with(dir, &database, &Options { marks: Marks::Nowhere }).await?;
    let written = write(&store, passphrase, path).await;
    store.close().await?;
    written
}

async fn write(store: &Store, passphrase: &Passphrase, path: &Path) -> Result<Counts, Error> {
    let (key, file, _): (String, String, String) = store
        .setting(key::RECOVERY)
        .await?
        .ok_or(Error::Storage("the recovery file is missing".to_owned()))?;
    let account = RecoveryFile::open(&file, &key.parse()?)?;
    passphrase.check_new(&account.username)?;
    Ok(backup::write(store, &account, passphrase.reveal(), Work::STANDARD, path).await?)
}

/// Makes the account of a backup the one of a data folder that has none yet: a new device of the same person.
///
/// # Errors
/// A folder that has an account or is in use, a wrong passphrase, a damaged file; then the folder stays as it was.
pub async fn restore_folder(
    dir: &Path,
    account: &Passphrase,
    passphrase: &Passphrase,
    path: &Path,
) -> Result<Restored, Error> {
    let _lock = Vault::lock_dir(dir)?;
    if Vault::exists(dir) {
        return Err(Error::NotFresh);
    }
    let backup = Backup::open(path, passphrase.reveal()).await?;
    restore_whole(dir, account, backup, Cost::STANDARD).await
}

/// All of it, or nothing: a folder where it failed is as it was.
async fn restore_whole(
    dir: &Path,
    account: &Passphrase,
    backup: Backup,
    cost: Cost,
) -> Result<Restored, Error> {
    account.check_new(&backup.account().username)?;
    let restored = restore(dir, account, backup, cost).await;
    if restored.is_err()
        && let Err(error) = wipe(dir)
    {
        tracing::warn!(%error, "the data folder could not be cleaned");
    }
    restored
}

async fn restore(dir: &Path, passphrase: &Passphrase, backup: Backup, cost: Cost) -> Result<Restored, Error> {
    let (folder, words) = (dir.to_owned(), passphrase.clone());
    let (database, recovery_key) = blocking(move || Vault::create(&folder, words.reveal(), cost)).await?;
    let mut store = Store::open_with(dir, &database, &Options { marks: Marks::Nowhere }).await?;
    let counts = backup.counts();
    let (file, carried) = backup.restore(&store).await?;
    let username: Username = file.username.parse().map_err(Error::username)?;
    let damaged = |_| Error::BadRecovery("the account in it is damaged");
    let history: KeyHistory = codec::from_bytes(&file.history).map_err(damaged)?;
    history.verify().map_err(damaged)?;
    let account = AccountKey::from_secret_bytes(*file.account_key);

    let new = NewIdentity { username: username.clone(), account: Some((account, history)), carried };
    let wall = Clock::start().wall();
    let (_, batch) = Node::create(Config::default(), open::rng(), Vodozemac, wall, new);
    // What it wants done is done at the first start, which finds the same state.
    drop(batch.commit(&mut store).await?);

    // A session belongs to a device, and this is another one: it signs in when it is unlocked.
    if let Some(membership) = store.setting::<Option<Membership>>(key::DIRECTORY).await?.flatten() {
        store.set_setting(key::DIRECTORY, &Some(Membership { session: None, ..membership })).await?;
        // The passphrase here may be another one than the directory has.
        store.set_setting(key::PASSPHRASE_OWED, &true).await?;
    }
    let recovery = Recovery {
        file: file.seal(&recovery_key)?,
        key: Zeroizing::new(recovery_key.to_text().to_string()),
        file_name: format!("confab-recovery-{username}.txt"),
    };
    keep_recovery(&store, &recovery).await?;
    put_name_tag(dir, &username)?;
    store.close().await?;
    Ok(Restored { username: username.to_string(), counts, recovery })
}

/// The same for a file that came in: it has no name here that says anything to people.
fn of_a_file(error: backup::Error) -> Error {
    match error {
        backup::Error::NotABackup(_) | backup::Error::TooMuchWork(_) => {
            Error::BadBackup("That file is not a backup of Confab.")
        }
        backup::Error::Damaged(_) => {
            Error::BadBackup("The backup is damaged or cut short; nothing of it was taken.")
        }
        backup::Error::Newer(_) => Error::BadBackup(
            "The backup was written by a newer version of Confab. Use that version here, too.",
        ),
        error => error.into(),
    }
}

impl From<backup::Error> for Error {
    fn from(error: backup::Error) -> Self {
        match error {
            backup::Error::WrongPassphrase | backup::Error::EmptyPassphrase => Self::WrongPassphrase,
            backup::Error::Full => Self::DiskFull,
            backup::Error::Newer(_) => Self::NewerData(super::error::sentence(&error.to_string())),
            backup::Error::Store(error) => error.into(),
            error => Self::Backup(super::error::sentence(&error.to_string())),
        }
    }
}
