//! Registering and signing in: one form, whether the account is new, known here, or known to the directory alone.

use std::sync::Arc;

use protocol::{
    codec,
    identity::{AccountKey, KeyHistory, Username},
    ids::UserId,
    node::{Carried, NewIdentity, Node},
    seal::Vodozemac,
};
use zeroize::Zeroizing;

use super::{Recovery, blocking, put_name_tag, wipe};
use crate::{
    directory::{Client, SignedIn},
    service::{
        Error, Passphrase, Service, Settings, Stage, State, Visibility,
        feed::Change,
        membership::{self, Joined, Membership},
        open::{self, Open, key},
    },
    vault::{RecoveryFile, Vault},
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

/// A directory that has said yes, before the account is on this computer.
struct Admitted {
    client: Client,
    membership: Membership,
    /// The directory made the account just now, or it has no keys yet.
    is_new: bool,
    /// The keys that the directory has are given up.
    reset: bool,
    visibility: Visibility,
    /// Of the newest profile that the directory has: that of a new device is above it, whatever the clocks say.
    number: u64,
}

impl Service {
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
        let known = match signed_in.user.filter(|_| recovered.is_some()) {
            // Without an answer the clocks have to do.
            Some(user) => client.look_up(user).await.unwrap_or_default(),
            None => None,
        };
        let number = known.map_or(0, |profile| profile.devices().seq);
        let visibility = signed_in.visibility.into();
        Ok(Admitted { client, membership, is_new, reset, visibility, number })
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
        let number = admitted.as_ref().map_or(0, |admitted| admitted.number);
        let carried = Carried { number, known: Vec::new() };
        let new = NewIdentity { username: username.clone(), account: recovered, carried };
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
        let mut settings = Settings::default();
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
