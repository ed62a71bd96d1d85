//! The account of this computer: unlock, lock, the recovery file, sign out, delete. Coming in the first time is `enter`.

mod enter;

use std::{fs, io, path::Path, sync::Arc};

use protocol::identity::Username;
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;
use zeroize::Zeroizing;

pub use enter::{DirectoryAddress, Entered, Entry, FoundDirectory, Keys};

use super::{
    DirectoryState, Error, Passphrase, Service, Stage, State, Status,
    feed::Change,
    membership::{self, Joined, Membership},
    open::{self, Open, key},
    private,
};
use crate::{
    store::Store,
    vault::{DatabaseKey, RecoveryKey, Vault},
};

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

/// What the unlock page shows before anything can be opened.
#[derive(Debug, Serialize, Deserialize)]
struct NameTag {
    username: String,
}

impl Service {
    /// Where the node stands: for every page and for `GET /api/v1/status`.
    pub async fn status(&self) -> Status {
        let Ok(open) = self.open().await else {
            return Status {
                stage: self.stage().await,
                username: self.name_tag(),
                me: None,
                directory: DirectoryState::None,
                reachable: 0,
                waiting: 0,
            };
        };
        let me = self.me(&open).await;
        Status {
            stage: Stage::Open,
            username: Some(open.profile.username().to_string()),
            me: me.inspect_err(|error| tracing::warn!(%error, "the own row could not be read")).ok(),
            directory: open.joined().map_or(DirectoryState::None, |joined| joined.state()),
            reachable: open.node().linked().len() as u64,
            waiting: open.waiting().await.unwrap_or_default(),
        }
    }

    async fn me(&self, open: &Open) -> Result<super::Me, Error> {
        Ok(super::Me {
            user: open.user(),
            username: open.profile.username().to_string(),
            device: open.profile.device().device,
            visibility: open.settings().await?.visibility,
            addresses: open.addresses.iter().map(ToString::to_string).collect(),
            recovery_waits: open.store.setting(key::RECOVERY_WAITS).await?.unwrap_or_default(),
        })
    }

    /// Opens the account of this computer.
    ///
    /// # Errors
    /// A wrong passphrase, too many tries, a data folder that can't be used.
    pub async fn unlock(&self, passphrase: &Passphrase) -> Result<(), Error> {
        self.unlock_with(passphrase, false).await
    }

    /// `is_new`: the directory does not know this passphrase yet.
    async fn unlock_with(&self, passphrase: &Passphrase, is_new: bool) -> Result<(), Error> {
        let mut state = self.0.state.write().await;
        match *state {
            State::Fresh => return Err(Error::Fresh),
            State::Open(_) => return Ok(()),
            State::Locked => {}
        }
        self.try_once()?;
        let (dir, words, cost) = (self.0.dir.clone(), passphrase.clone(), self.0.given.cost);
        let database = blocking(move || Vault::unlock(&dir, words.reveal(), cost)).await?;
        self.0.tries.fill();
        let store = self.open_store(&database).await?;
        if is_new {
            store.set_setting(key::PASSPHRASE_OWED, &true).await?;
        }
        let opened = open::from_store(&store, self.0.clock).await?;
        let open = Open::start(self, store, opened).await?;
        if let Some(membership) = open.store.setting::<Option<Membership>>(key::DIRECTORY).await?.flatten() {
            self.rejoin(&open, membership, passphrase).await?;
        }
        *state = State::Open(open);
        drop(state);
        self.tell(Change::Stage(Stage::Open));
        Ok(())
    }

    async fn rejoin(
        &self,
        open: &Arc<Open>,
        membership: Membership,
        passphrase: &Passphrase,
    ) -> Result<(), Error> {
        let owed = open.store.setting(key::PASSPHRASE_OWED).await?.unwrap_or_default();
        let signed_out = membership.session.is_none();
        open.use_directory(
            &self.0.feed,
            Some(Joined::resumed(membership.clone(), self.0.given.directory_ca.as_deref())?),
        )
        .await?;
        if signed_out || owed {
            let username = open.profile.username();
            let password =
                membership::password(passphrase, membership.id, username, self.0.given.cost).await?;
            let authority = self.0.given.directory_ca.clone();
            membership::sign_in_when_there(open, &self.0.feed, membership, authority, (password, owed));
        }
        Ok(())
    }

    /// Opens the account of this computer with the recovery key, and gives it a new passphrase. The directory
    /// gets it as soon as it is there, on the word of the account key.
    ///
    /// # Errors
    /// As `unlock`; a new passphrase that is too weak.
    pub async fn unlock_with_recovery(&self, key: &str, new: &Passphrase) -> Result<(), Error> {
        match self.stage().await {
            Stage::Fresh => return Err(Error::Fresh),
            Stage::Open => return Ok(()),
            Stage::Locked => {}
        }
        let key: RecoveryKey = key.parse()?;
        new.check_new(self.name_tag().as_deref().unwrap_or_default())?;
        self.try_once()?;
        let (dir, cost, words) = (self.0.dir.clone(), self.0.given.cost, new.clone());
        blocking(move || Vault::reset_passphrase(&dir, &key, words.reveal(), cost)).await?;
        self.unlock_with(new, true).await
    }

    /// Changes the passphrase here and at the directory; other sessions there end.
    ///
    /// # Errors
    /// A wrong old one, a weak new one, a directory that can't be reached: then both stay as they were.
    pub async fn change_passphrase(&self, old: &Passphrase, new: &Passphrase) -> Result<(), Error> {
        let open = self.open().await?;
        let username = open.profile.username();
        new.check_new(username.as_str())?;
        self.check_passphrase(old).await?;
        if let Some(joined) = open.joined() {
            let (id, cost) = (joined.membership.id, self.0.given.cost);
            let before = membership::password(old, id, username, cost).await?;
            let after = membership::password(new, id, username, cost).await?;
            joined.client.change_password(&before, &after).await?;
            let membership = Membership { session: joined.client.session(), ..joined.membership.clone() };
            open.store.set_setting(key::DIRECTORY, &Some(membership)).await?;
        }
        let (dir, cost, old, new) = (self.0.dir.clone(), self.0.given.cost, old.clone(), new.clone());
        blocking(move || Vault::change_passphrase(&dir, old.reveal(), new.reveal(), cost)).await
    }

    /// Closes the node and forgets its keys; nothing is received until `unlock`.
    ///
    /// # Errors
    /// When there is no account.
    pub async fn lock(&self) -> Result<(), Error> {
        let mut state = self.0.state.write().await;
        match &*state {
            State::Fresh => return Err(Error::Fresh),
            State::Locked => return Ok(()),
            State::Open(open) => open.close().await,
        }
        *state = State::Locked;
        drop(state);
        self.tell(Change::Stage(Stage::Locked));
        Ok(())
    }

    /// Says goodbye to everybody and to the directory, then locks.
    ///
    /// # Errors
    /// When the node is not open. A directory that is away is signed out of as far as this computer can.
    pub async fn sign_out(&self) -> Result<(), Error> {
        let open = self.open().await?;
        if let Some(joined) = open.joined() {
            let membership = Membership { session: None, ..joined.membership.clone() };
            open.store.set_setting(key::DIRECTORY, &Some(membership)).await?;
            joined.stop().await;
            if let Err(error) = joined.client.sign_out().await {
                tracing::info!(%error, "the directory was not told of the sign-out; its session ends by itself");
            }
        }
        self.lock().await
    }

    /// Ends every session at the directory, then locks. Nothing is done unless the directory can be told.
    ///
    /// # Errors
    /// When the node is not open, a directory that can't be reached.
    pub async fn sign_out_everywhere(&self) -> Result<(), Error> {
        let open = self.open().await?;
        if let Some(joined) = open.joined() {
            joined.client.sign_out_everywhere().await?;
            let membership = Membership { session: None, ..joined.membership.clone() };
            open.store.set_setting(key::DIRECTORY, &Some(membership)).await?;
            joined.stop().await;
        }
        self.lock().await
    }

    /// Removes the account from the directory and everything from this computer.
    ///
    /// # Errors
    /// A wrong passphrase; a directory that can't be reached keeps everything as it was.
    pub async fn delete_account(&self, passphrase: &Passphrase) -> Result<(), Error> {
        let open = self.open().await?;
        self.check_passphrase(passphrase).await?;
        if let Some(joined) = open.joined() {
            let (id, username) = (joined.membership.id, open.profile.username());
            let password = membership::password(passphrase, id, username, self.0.given.cost).await?;
            joined.client.delete_account(&password).await?;
        }
        let mut state = self.0.state.write().await;
        open.close().await;
        *state = State::Fresh;
        drop(state);
        wipe(&self.0.dir).map_err(|error| Error::io(&error))?;
        self.tell(Change::Stage(Stage::Fresh));
        Ok(())
    }

    /// The recovery key and file, for saving.
    ///
    /// # Errors
    /// When the node is not open.
    pub async fn recovery(&self) -> Result<Recovery, Error> {
        let open = self.open().await?;
        let kept: Option<(String, String, String)> = open.store.setting(key::RECOVERY).await?;
        let (key, file, file_name) = kept.ok_or(Error::Storage("the recovery file is missing".to_owned()))?;
        Ok(Recovery { key: Zeroizing::new(key), file, file_name })
    }

    /// The user has saved the recovery file; the reminder goes.
    ///
    /// # Errors
    /// When the node is not open.
    pub async fn recovery_saved(&self) -> Result<(), Error> {
        self.open().await?.store.set_setting(key::RECOVERY_WAITS, &false).await?;
        self.tell(Change::Settings);
        Ok(())
    }

    /// The end of the program: goodbyes are said, the database is closed.
    pub async fn close(&self) {
        let mut state = self.0.state.write().await;
        if let State::Open(open) = &*state {
            open.close().await;
            *state = State::Locked;
        }
    }

    pub(super) async fn check_passphrase(&self, passphrase: &Passphrase) -> Result<(), Error> {
        self.try_once()?;
        let (dir, words, cost) = (self.0.dir.clone(), passphrase.clone(), self.0.given.cost);
        blocking(move || Vault::unlock(&dir, words.reveal(), cost)).await?;
        self.0.tries.fill();
        Ok(())
    }

    async fn open_store(&self, key: &DatabaseKey) -> Result<Store, Error> {
        let store = Store::open_with(&self.0.dir, key, &self.0.given.store).await?;
        if let Some(copy) = store.copied() {
            tracing::info!(copy = %copy.display(), "the database was brought to this version; its copy goes back");
        }
        Ok(store)
    }

    fn name_tag(&self) -> Option<String> {
        let bytes = fs::read(self.0.dir.join("name.json")).ok()?;
        Some(serde_json::from_slice::<NameTag>(&bytes).ok()?.username)
    }

    pub(super) fn try_once(&self) -> Result<(), Error> {
        self.0.tries.take().map_err(|wait| Error::TooManyTries { seconds: wait.as_secs() + 1 })
    }
}

/// Keeps the recovery file until it is saved, and after: the database is as secret as the file.
pub(super) async fn keep_recovery(store: &Store, recovery: &Recovery) -> Result<(), Error> {
    let kept = (recovery.key.as_str(), &recovery.file, &recovery.file_name);
    store.set_setting(key::RECOVERY, &kept).await?;
    store.set_setting(key::RECOVERY_WAITS, &true).await?;
    Ok(())
}

/// Leaves the name where the unlock page can read it.
pub(super) fn put_name_tag(dir: &Path, username: &Username) -> Result<(), Error> {
    let tag = NameTag { username: username.to_string() };
    let tag = serde_json::to_vec(&tag).expect("a text always makes JSON");
    private::write(&dir.join("name.json"), &tag).map_err(|error| Error::io(&error))
}

/// Removes the account from the data folder; tokens and sessions belong to the computer and stay.
pub(super) fn wipe(dir: &Path) -> io::Result<()> {
    Vault::destroy(dir).map_err(io::Error::other)?;
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.starts_with("confab.db") || name == "name.json" || is_passing(name) {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

/// Whether a file of the data folder is a backup on its way out or in.
pub(super) fn is_passing(name: &str) -> bool {
    (name.starts_with("backup-") || name.starts_with("restore-"))
        && Path::new(name).extension().is_some_and(|end| end == "confab" || end == "part")
}

pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, crate::vault::Error> + Send + 'static,
) -> Result<T, Error> {
    spawn_blocking(work).await.map_err(|error| Error::Stopped(error.to_string()))?.map_err(Into::into)
}
