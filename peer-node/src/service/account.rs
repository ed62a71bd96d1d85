//! Coming in and going out: register or sign in, unlock, lock, the recovery file, sign out, delete.

use protocol::ids::UserId;
use zeroize::Zeroizing;

use super::{DirectoryState, Error, Passphrase, Service, Stage, State, Status};
use crate::vault::{RecoveryKey, Vault};

/// What somebody gives who wants in: one form for registering and for signing in.
#[derive(Debug, Clone)]
pub struct Entry {
    pub username: String,
    pub passphrase: Passphrase,
    /// Where the account lives; none: without a directory, chats go by address.
    pub directory: Option<DirectoryAddress>,
    /// The name is new and an account shall be made with it.
    pub confirm_new: bool,
    /// For an account whose keys are not on this computer.
    pub keys: Keys,
}

/// What a computer without keys for a known account shall do.
#[derive(Debug, Clone, Default)]
pub enum Keys {
    /// Nothing was said yet.
    #[default]
    Unsaid,
    /// The text of the recovery file, and the key that opens it.
    Recovery { file: String, key: String },
    /// Give up the old identity: contacts see new keys and must confirm them.
    Reset,
}

/// Which directory, and the only key that it may show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectoryAddress {
    pub url: String,
    pub pin: Option<String>,
}

/// A directory that answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundDirectory {
    pub url: String,
    pub fingerprint: String,
}

/// What came of an [`Entry`].
#[derive(Debug, Clone)]
pub struct Entered {
    pub user: UserId,
    pub username: String,
    /// An account was made, not signed in to.
    pub created: bool,
    pub recovery: Recovery,
}

/// What brings an account back when this computer is gone.
#[derive(Clone)]
pub struct Recovery {
    /// Fourteen groups of four letters and digits.
    pub key: Zeroizing<String>,
    /// The text of the file that the key opens.
    pub file: String,
    pub file_name: String,
}

impl std::fmt::Debug for Recovery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Recovery(***)")
    }
}

impl Service {
    /// Where the node stands: for every page and for `GET /api/v1/status`.
    pub async fn status(&self) -> Status {
        Status {
            stage: self.stage().await,
            username: None,
            me: None,
            directory: DirectoryState::None,
            reachable: 0,
            waiting: 0,
        }
    }

    /// The directory that the program was started with.
    pub fn offered_directory(&self) -> Option<DirectoryAddress> {
        let url = self.0.given.directory.clone()?;
        Some(DirectoryAddress { url, pin: self.0.given.directory_pin.clone() })
    }

    /// Asks a directory who it is, before anybody's name is sent to it.
    ///
    /// # Errors
    /// A bad address, no answer, or another key than the pinned one.
    pub async fn find_directory(&self, address: &DirectoryAddress) -> Result<FoundDirectory, Error> {
        Err(Error::DirectoryDown(address.url.clone()))
    }

    /// Registers or signs in, and opens the node.
    ///
    /// # Errors
    /// [`Error::NewName`] asks for a confirmation, [`Error::NeedsKeys`] for the recovery file or a reset.
    pub async fn enter(&self, entry: &Entry) -> Result<Entered, Error> {
        entry.passphrase.check_new(&entry.username)?;
        Err(Error::NoDirectory)
    }

    /// Opens the account of this computer.
    ///
    /// # Errors
    /// A wrong passphrase, too many tries, a data folder that can't be used.
    pub async fn unlock(&self, passphrase: &Passphrase) -> Result<(), Error> {
        match &*self.0.state.read().await {
            State::Fresh => return Err(Error::Fresh),
            State::Open(_) => return Ok(()),
            State::Locked => {}
        }
        self.try_once()?;
        let (dir, passphrase, cost) = (self.0.dir.clone(), passphrase.clone(), self.0.given.cost);
        let _key = tokio::task::spawn_blocking(move || Vault::unlock(&dir, passphrase.reveal(), cost))
            .await
            .map_err(|error| Error::Stopped(error.to_string()))??;
        Ok(())
    }

    /// Opens the account of this computer with the recovery key, and gives it a new passphrase.
    ///
    /// # Errors
    /// As `unlock`; a new passphrase that is too weak.
    pub async fn unlock_with_recovery(&self, key: &str, new: &Passphrase) -> Result<(), Error> {
        let key: RecoveryKey = key.parse().map_err(|_| Error::WrongRecovery)?;
        new.check_new("")?;
        self.try_once()?;
        let (dir, cost, new) = (self.0.dir.clone(), self.0.given.cost, new.clone());
        let reset = {
            let new = new.clone();
            move || Vault::reset_passphrase(&dir, &key, new.reveal(), cost)
        };
        tokio::task::spawn_blocking(reset).await.map_err(|error| Error::Stopped(error.to_string()))??;
        self.unlock(&new).await
    }

    /// Closes the node and forgets its keys; nothing is received until `unlock`.
    ///
    /// # Errors
    /// When there is no account.
    pub async fn lock(&self) -> Result<(), Error> {
        match self.stage().await {
            Stage::Fresh => Err(Error::Fresh),
            Stage::Locked => Ok(()),
            Stage::Open => match *self.open().await? {},
        }
    }

    /// Says goodbye to everybody and to the directory, then locks.
    ///
    /// # Errors
    /// When the node is not open.
    pub async fn sign_out(&self) -> Result<(), Error> {
        match *self.open().await? {}
    }

    /// Removes the account from the directory and everything from this computer.
    ///
    /// # Errors
    /// A wrong passphrase; a directory that can't be reached keeps everything as it was.
    pub async fn delete_account(&self, passphrase: &Passphrase) -> Result<(), Error> {
        self.try_once()?;
        let _ = passphrase;
        match *self.open().await? {}
    }

    /// The recovery key and file, for saving.
    ///
    /// # Errors
    /// When the node is not open.
    pub async fn recovery(&self) -> Result<Recovery, Error> {
        match *self.open().await? {}
    }

    /// The user has saved the recovery file; the reminder goes.
    ///
    /// # Errors
    /// When the node is not open.
    pub async fn recovery_saved(&self) -> Result<(), Error> {
        match *self.open().await? {}
    }

    fn try_once(&self) -> Result<(), Error> {
        self.0.tries.take().map_err(|wait| Error::TooManyTries { seconds: wait.as_secs() + 1 })
    }
}
