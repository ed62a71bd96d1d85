//! The account at a directory: how it is joined, kept over restarts, watched and left.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use protocol::{
    address::Address,
    directory::Hex,
    identity::{LinkSecret, Username},
    ids::UserId,
    node::{DirectorySaid, Relation},
    time::WallMs,
};
use serde::{Deserialize, Serialize};
use tokio::{sync::mpsc, time::sleep};
use zeroize::Zeroizing;

use super::{
    DirectoryState, Error, Passphrase, Visibility,
    account::DirectoryAddress,
    feed::{Change, Feed},
    open::{Open, key},
};
use crate::{
    directory::{self, Client, Code, Handle, Me, State},
    vault::{Cost, Vault},
};

/// Between two tries to sign in with a directory that is away.
const AGAIN: Duration = Duration::from_secs(15);

/// What is kept of a membership, in the encrypted store.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Membership {
    pub(super) url: String,
    pub(super) pin: Option<String>,
    /// The directory that was joined; another one behind the same address gets nothing.
    pub(super) id: Hex<32>,
    pub(super) fingerprint: String,
    /// None: signed out there.
    pub(super) session: Option<Hex<16>>,
}

/// A directory that is in use.
#[derive(Debug)]
pub(super) struct Joined {
    pub(super) client: Client,
    pub(super) membership: Membership,
    handle: Mutex<Option<Handle>>,
}

/// A directory that answered, before anybody signed in.
pub(super) async fn connect(
    address: &DirectoryAddress,
    authority: Option<&Path>,
) -> Result<(Client, Membership), Error> {
    let url = address.url.trim().trim_end_matches('/').to_owned();
    let pin = address.pin.as_deref().map(pin).transpose()?;
    let client = Client::trusting(&url, pin, None, authority)?;
    let identity = client.identity().await?;
    let membership = Membership {
        url,
        pin: address.pin.clone(),
        id: Hex(identity.id()),
        fingerprint: fingerprint(&identity.tls.unwrap_or(identity.key)),
        session: None,
    };
    Ok((client, membership))
}

/// In groups of four, as people compare it.
fn fingerprint(key: &Hex<32>) -> String {
    let digits = key.to_string();
    let groups: Vec<&str> = (0..digits.len()).step_by(4).map(|at| &digits[at..at + 4]).collect();
    groups.join(" ")
}

/// Reads a fingerprint with or without the gaps.
fn pin(text: &str) -> Result<Hex<32>, Error> {
    let digits: String = text.chars().filter(|c| !c.is_whitespace() && *c != ':').collect();
    digits.to_lowercase().parse().map_err(|_| Error::BadField {
        field: "directory_pin",
        reason: "The fingerprint of a directory has 64 hexadecimal digits.",
    })
}

/// The password that the directory gets: made of the passphrase, and no way back to it.
pub(super) async fn password(
    passphrase: &Passphrase,
    directory: Hex<32>,
    username: &Username,
    cost: Cost,
) -> Result<Zeroizing<String>, Error> {
    let (passphrase, username) = (passphrase.clone(), username.clone());
    let derive =
        move || Vault::directory_password(passphrase.reveal(), &directory.0, username.as_str(), cost);
    tokio::task::spawn_blocking(derive)
        .await
        .map_err(|error| Error::Stopped(error.to_string()))?
        .map_err(Into::into)
}

impl Joined {
    /// Signed in just now.
    pub(super) fn fresh(client: Client, mut membership: Membership) -> Self {
        membership.session = client.session();
        Self { client, membership, handle: Mutex::new(None) }
    }

    /// Goes on with what an earlier run kept; asks nobody yet.
    pub(super) fn resumed(membership: Membership, authority: Option<&Path>) -> Result<Self, Error> {
        let known = membership.pin.as_deref().map(pin).transpose()?;
        let client = Client::trusting(&membership.url, known, Some(membership.id.0), authority)?;
        if let Some(session) = membership.session {
            client.resume(session);
        }
        Ok(Self { client, membership, handle: Mutex::new(None) })
    }

    /// Starts the task that keeps the presence socket; without a session there is nothing to keep.
    pub(super) fn start(
        &self,
        user: UserId,
        link: &LinkSecret,
        addresses: &[Address],
    ) -> Option<mpsc::Receiver<DirectorySaid>> {
        self.client.use_device(link);
        self.membership.session?;
        let me = Me { user, link: link.clone(), addresses: addresses.to_vec() };
        let (handle, said) = directory::run(self.client.clone(), me);
        *self.handle.lock().unwrap_or_else(PoisonError::into_inner) = Some(handle);
        Some(said)
    }

    pub(super) fn handle(&self) -> Option<Handle> {
        self.handle.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) async fn stop(&self) {
        if let Some(handle) = self.handle() {
            handle.stop().await;
        }
    }

    /// Listed people who are online.
    pub(super) fn online(&self) -> Arc<BTreeMap<UserId, String>> {
        self.handle().map(|handle| handle.online().borrow().clone()).unwrap_or_default()
    }

    /// Since when the directory is as it is.
    pub(super) fn since(&self) -> Option<WallMs> {
        Some(self.handle()?.status().borrow().since)
    }

    pub(super) fn state(&self) -> DirectoryState {
        let url = self.membership.url.clone();
        let Some(handle) = self.handle() else { return DirectoryState::SignedOut { url } };
        let state = handle.status().borrow().state.clone();
        match state {
            State::Up => DirectoryState::Up { url, fingerprint: self.membership.fingerprint.clone() },
            State::Connecting => DirectoryState::Down { url, why: "connecting".to_owned() },
            State::Down(why) => DirectoryState::Down { url, why },
            State::Stopped => DirectoryState::Down { url, why: "stopped".to_owned() },
            State::SignedOut => DirectoryState::SignedOut { url },
        }
    }

    /// Tells the feed who comes and goes and how it stands with the directory.
    pub(super) fn watch(self: &Arc<Self>, open: &Arc<Open>, feed: &Feed) {
        let Some(handle) = self.handle() else { return };
        let (joined, open_, feed) = (self.clone(), open.clone(), feed.clone());
        let (mut status, mut online) = (handle.status(), handle.online());
        open.tasks.spawn(async move {
            let mut there: BTreeSet<UserId> = BTreeSet::new();
            loop {
                if status.borrow_and_update().state == State::Up {
                    joined.tell_blocks(&open_).await;
                }
                let now: BTreeSet<UserId> = online.borrow_and_update().keys().copied().collect();
                for &user in now.symmetric_difference(&there) {
                    feed.tell(Change::Presence { user, online: now.contains(&user) });
                }
                there = now;
                tokio::select! {
                    changed = status.changed() => match changed {
                        Ok(()) => feed.tell(Change::Directory),
                        Err(_) => return,
                    },
                    changed = online.changed() => if changed.is_err() { return },
                    () = open_.closing.cancelled() => return,
                }
                if status.borrow().state == State::Stopped {
                    return;
                }
            }
        });
    }

    /// Whom the user blocked gets the answers of an unknown person at the directory, too. It is told when it is
    /// there: at once, or when it comes back.
    pub(super) async fn tell_blocks(&self, open: &Open) {
        let told = async {
            let people = open.store.people().await?;
            let blocked: BTreeSet<UserId> = people
                .iter()
                .filter(|person| person.relation == Relation::Blocked)
                .map(|person| person.user)
                .collect();
            let mut told: BTreeSet<UserId> = open.store.setting(key::BLOCKS_TOLD).await?.unwrap_or_default();
            let changes: Vec<UserId> = blocked.symmetric_difference(&told).copied().collect();
            for user in changes {
                let is_blocked = blocked.contains(&user);
                self.client.set_blocked(user, is_blocked).await?;
                if is_blocked {
                    told.insert(user)
                } else {
                    told.remove(&user)
                };
                open.store.set_setting(key::BLOCKS_TOLD, &told).await?;
            }
            Ok::<_, Error>(())
        };
        if let Err(error) = told.await {
            tracing::debug!(%error, "the directory does not know of all blocks yet");
        }
    }
}

/// Signs in again with a directory that has forgotten the session, as soon as it is there; `owed`: and tells it the
/// passphrase, which is new. The node is open meanwhile: a directory that is away stops nobody from reading and writing.
pub(super) fn sign_in_when_there(
    open: &Arc<Open>,
    feed: &Feed,
    membership: Membership,
    authority: Option<PathBuf>,
    (password, owed): (Zeroizing<String>, bool),
) {
    let (open_, feed) = (open.clone(), feed.clone());
    open.tasks.spawn(async move {
        let username = open_.profile.username().clone();
        loop {
            match sign_in_again(&open_, &membership, authority.as_deref(), &username, (&password, owed)).await
            {
                Ok(joined) => {
                    if let Err(error) = open_.use_directory(&feed, Some(joined)).await {
                        tracing::warn!(%error, "the directory could not be used");
                    }
                    return;
                }
                Err(Error::WrongPair) => return,
                Err(error) => tracing::debug!(%error, "not signed in at the directory yet"),
            }
            tokio::select! {
                () = sleep(AGAIN) => {}
                () = open_.closing.cancelled() => return,
            }
        }
    });
}

async fn sign_in_again(
    open: &Open,
    membership: &Membership,
    authority: Option<&Path>,
    username: &Username,
    (password, owed): (&str, bool),
) -> Result<Joined, Error> {
    let joined = Joined::resumed(membership.clone(), authority)?;
    if owed {
        joined.client.set_password(username, password, &open.account).await?;
        open.store.set_setting(key::PASSPHRASE_OWED, &false).await?;
    } else {
        joined.client.sign_in(username, password).await?;
    }
    joined.client.use_device(&open.link_secret);
    joined.client.publish(&open.profile, false).await?;
    let joined = Joined::fresh(joined.client, joined.membership);
    open.store.set_setting(key::DIRECTORY, &Some(&joined.membership)).await?;
    Ok(joined)
}

impl From<directory::Error> for Error {
    fn from(error: directory::Error) -> Self {
        // The words of the system and of libraries help whoever runs the directory, nobody else.
        let down = |why: &str| {
            tracing::info!(%why, "no answer from the directory");
            Self::DirectoryDown
        };
        match error {
            directory::Error::BadUrl(why) => Self::BadDirectory(why.to_owned()),
            directory::Error::Unreachable(why) => down(&why),
            directory::Error::NotTrusted(why) => Self::DirectoryKey(why),
            directory::Error::Garbled => down("what it says can't be understood"),
            directory::Error::SignedOut => Self::DirectoryRefused("you are signed out there".to_owned()),
            directory::Error::NewName => Self::NewName,
            directory::Error::DontFit => Self::WrongPair,
            directory::Error::Refused(problem) => match (problem.code, problem.field.as_deref()) {
                (Code::NameTaken, _) => Self::NameTaken,
                (Code::TooMany, _) => Self::DirectoryLimit { seconds: problem.retry_after.unwrap_or(60) },
                (Code::Busy | Code::Internal, _) => down(&problem.detail),
                (Code::Invalid, Some("username")) => Self::BadUsername(problem.detail),
                _ => Self::DirectoryRefused(problem.detail),
            },
        }
    }
}

impl From<Visibility> for directory::Visibility {
    fn from(visibility: Visibility) -> Self {
        match visibility {
            Visibility::Everyone => Self::Everyone,
            Visibility::ExactName => Self::ExactName,
            Visibility::Nobody => Self::Nobody,
        }
    }
}

impl From<directory::Visibility> for Visibility {
    fn from(visibility: directory::Visibility) -> Self {
        match visibility {
            directory::Visibility::Everyone => Self::Everyone,
            directory::Visibility::ExactName => Self::ExactName,
            directory::Visibility::Nobody => Self::Nobody,
        }
    }
}
