//! Coming in and going out: register or sign in, unlock, lock, the recovery file, sign out, delete.

use std::{fs, io, path::Path, sync::Arc};

use protocol::{
    codec,
    identity::{AccountKey, KeyHistory, Username},
    ids::UserId,
    node::{Carried, NewIdentity, Node},
    seal::Vodozemac,
};
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;
use zeroize::Zeroizing;

use super::{
    DirectoryState, Error, Passphrase, Service, Stage, State, Status, Visibility,
    feed::Change,
    membership::{self, Joined, Membership},
    open::{self, Open, key},
    private,
};
use crate::{
    directory::{Client, SignedIn},
    store::Store,
    vault::{DatabaseKey, RecoveryFile, RecoveryKey, Vault},
};

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

/// What the unlock page shows before anything can be opened.
#[derive(Debug, Serialize, Deserialize)]
struct NameTag {
    username: String,
}

/// A directory that has said yes, before the account is on this computer.
struct Admitted {
    client: Client,
    membership: Membership,
    /// The directory made the account just now, or it has no keys yet.
    is_new: bool,
    /// The keys that the directory has are given up.
    reset: bool,
    visibility: Visibility,
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
            reachable: open.reachable().len() as u64,
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
        let (_, membership) = membership::connect(address, self.0.given.directory_ca.as_deref()).await?;
        Ok(FoundDirectory { url: membership.url, fingerprint: membership.fingerprint })
    }

    /// Registers or signs in, and opens the node. On a computer with a locked account it unlocks that account.
    ///
    /// # Errors
    /// [`Error::NewName`] asks for a confirmation, [`Error::NeedsKeys`] for the recovery file or a reset.
    pub async fn enter(&self, entry: &Entry) -> Result<Entered, Error> {
        let username: Username = entry.username.trim().parse().map_err(Error::username)?;
        let mut state = self.0.state.write().await;
        match *state {
            State::Fresh => {}
            State::Locked if self.name_tag().as_deref() == Some(username.as_str()) => {
                drop(state);
                self.unlock(&entry.passphrase).await.map_err(|error| match error {
                    Error::WrongPassphrase => Error::WrongPair,
                    error => error,
                })?;
                let recovery = self.recovery().await?;
                let user = self.open().await?.user();
                return Ok(Entered { user, username: username.to_string(), created: false, recovery });
            }
            State::Locked | State::Open(_) => return Err(Error::NotFresh),
        }
        self.try_once()?;
        let recovered = match &entry.keys {
            Keys::Recovery { file, key } => Some(recovered(file, key, &username)?),
            Keys::Unsaid | Keys::Reset => None,
        };
        let admitted = match &entry.directory {
            Some(address) => Some(self.admit(entry, &username, address, recovered.as_ref()).await?),
            None => {
                if recovered.is_none() {
                    entry.passphrase.check_new(username.as_str())?;
                }
                None
            }
        };
        let created = recovered.is_none() && admitted.as_ref().is_none_or(|admitted| admitted.is_new);
        match self.settle(&username, &entry.passphrase, recovered, admitted).await {
            Ok((open, recovery)) => {
                self.0.tries.fill();
                let user = open.user();
                *state = State::Open(open);
                drop(state);
                self.tell(Change::Stage(Stage::Open));
                Ok(Entered { user, username: username.to_string(), created, recovery })
            }
            Err(error) => {
                // Nobody has seen this identity yet; half an account would only stand in the way.
                if let Err(error) = wipe(&self.0.dir) {
                    tracing::warn!(%error, "the data folder could not be cleaned");
                }
                Err(error)
            }
        }
    }

    /// Asks the directory whether name and passphrase fit together, and makes an account if that is meant.
    async fn admit(
        &self,
        entry: &Entry,
        username: &Username,
        address: &DirectoryAddress,
        recovered: Option<&(AccountKey, KeyHistory)>,
    ) -> Result<Admitted, Error> {
        let (client, membership) = membership::connect(address, self.0.given.directory_ca.as_deref()).await?;
        let password =
            membership::password(&entry.passphrase, membership.id, username, self.0.given.cost).await?;
        let (signed_in, is_new): (SignedIn, bool) =
            match client.sign_in(username, &password).await.map_err(Into::into) {
                Ok(signed_in) => (signed_in, false),
                Err(Error::NewName) if !entry.confirm_new => {
                    entry.passphrase.check_new(username.as_str())?;
                    return Err(Error::NewName);
                }
                Err(Error::NewName) => {
                    entry.passphrase.check_new(username.as_str())?;
                    (client.register(username, &password).await?, true)
                }
                Err(error) => return Err(error),
            };
        let mut reset = false;
        match (signed_in.user, recovered) {
            (None, _) => {}
            (Some(user), Some((_, history))) if history.user() == user => {}
            (Some(_), Some(_)) => return Err(Error::BadRecovery("it belongs to an identity that was reset")),
            (Some(_), None) if matches!(entry.keys, Keys::Reset) => reset = true,
            (Some(_), None) => {
                // The answer is what counts; a session that stays open there ends by itself.
                let _ = client.sign_out().await;
                return Err(Error::NeedsKeys);
            }
        }
        let is_new = is_new || signed_in.user.is_none();
        Ok(Admitted { client, membership, is_new, reset, visibility: signed_in.visibility.into() })
    }

    /// Makes vault, database and identity, and opens the node over them.
    async fn settle(
        &self,
        username: &Username,
        passphrase: &Passphrase,
        recovered: Option<(AccountKey, KeyHistory)>,
        admitted: Option<Admitted>,
    ) -> Result<(Arc<Open>, Recovery), Error> {
        let (dir, cost, words) = (self.0.dir.clone(), self.0.given.cost, passphrase.clone());
        let (database, recovery_key) = blocking(move || Vault::create(&dir, words.reveal(), cost)).await?;
        let store = self.open_store(&database).await?;
        let clock = self.0.clock;
        let new = NewIdentity { username: username.clone(), account: recovered, carried: Carried::default() };
        let opened =
            Node::create(protocol::config::Config::default(), open::rng(), Vodozemac, clock.wall(), new);
        let file = RecoveryFile {
            username: username.to_string(),
            directory: admitted.as_ref().map(|admitted| admitted.membership.url.clone()),
            account_key: Zeroizing::new(*opened.0.account_key().secret_bytes()),
            history: codec::to_bytes(opened.0.profile().history()),
        };
        let recovery = Recovery {
            file: file.seal(&recovery_key)?,
            key: recovery_key.to_text(),
            file_name: format!("confab-recovery-{username}.txt"),
        };
        store
            .set_setting(key::RECOVERY, &(recovery.key.as_str(), &recovery.file, &recovery.file_name))
            .await?;
        store.set_setting(key::RECOVERY_WAITS, &true).await?;
        let mut settings = super::Settings::default();
        if let Some(admitted) = &admitted {
            settings.visibility = admitted.visibility;
        }
        store.set_setting(key::SETTINGS, &settings).await?;

        let open = Open::start(self, store, opened).await?;
        let named = async {
            if let Some(Admitted { client, membership, reset, .. }) = admitted {
                client.use_device(&open.link_secret);
                // The identity is stored by now: nobody sees keys that could still be lost.
                client.publish(&open.profile, reset).await?;
                let joined = Joined::fresh(client, membership);
                open.store.set_setting(key::DIRECTORY, &Some(&joined.membership)).await?;
                open.use_directory(&self.0.feed, Some(joined)).await?;
            }
            put_name_tag(&self.0.dir, username)
        };
        if let Err(error) = named.await {
            open.close().await;
            return Err(error);
        }
        Ok((open, recovery))
    }

    /// Opens the account of this computer.
    ///
    /// # Errors
    /// A wrong passphrase, too many tries, a data folder that can't be used.
    pub async fn unlock(&self, passphrase: &Passphrase) -> Result<(), Error> {
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
        let signed_out = membership.session.is_none();
        open.use_directory(
            &self.0.feed,
            Some(Joined::resumed(membership.clone(), self.0.given.directory_ca.as_deref())?),
        )
        .await?;
        if signed_out {
            let username = open.profile.username();
            let password =
                membership::password(passphrase, membership.id, username, self.0.given.cost).await?;
            let authority = self.0.given.directory_ca.clone();
            membership::sign_in_when_there(open, &self.0.feed, membership, authority, password);
        }
        Ok(())
    }

    /// Opens the account of this computer with the recovery key, and gives it a new passphrase. The directory
    /// goes on knowing the old one.
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
        self.unlock(new).await
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

/// The account in a recovery file.
fn recovered(file: &str, key: &str, username: &Username) -> Result<(AccountKey, KeyHistory), Error> {
    let file = RecoveryFile::open(file, &key.parse()?)?;
    if file.username != username.as_str() {
        return Err(Error::BadRecovery("it belongs to another name"));
    }
    let history: KeyHistory =
        codec::from_bytes(&file.history).map_err(|_| Error::BadRecovery("its key history is damaged"))?;
    history.verify().map_err(|_| Error::BadRecovery("its key history is damaged"))?;
    let account = AccountKey::from_secret_bytes(*file.account_key);
    if history.newest().account_key != account.public() {
        return Err(Error::BadRecovery("its key is not the newest one of its history"));
    }
    Ok((account, history))
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
        if name.starts_with("confab.db") || name == "name.json" {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, crate::vault::Error> + Send + 'static,
) -> Result<T, Error> {
    spawn_blocking(work).await.map_err(|error| Error::Stopped(error.to_string()))?.map_err(Into::into)
}
