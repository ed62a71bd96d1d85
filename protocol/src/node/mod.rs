//! The machine of one node: all its links and conversations. Inputs and time go in, one batch comes out.

mod batch;
mod io;

use rand_chacha::ChaCha20Rng;

use crate::{
    config::Config,
    identity::{AccountKey, KeyHistory, LinkSecret, Profile, Username},
    ids::{DeviceId, UserId},
    seal::Seal,
    time::{Now, WallMs},
};

pub use batch::{Batch, Commit, Conversation, Cursor, KeyState, Person, Relation, Write};
pub use io::{Command, DirectorySaid, Effect, Input, Notice, Preferences, Refusal, Reply};

/// Who a new node shall be.
#[derive(Debug, Clone)]
pub struct NewIdentity {
    pub username: Username,
    /// From the recovery file: a new device of an account that exists. Without it a new account is made.
    pub account: Option<(AccountKey, KeyHistory)>,
}

/// The stored records do not make a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the stored state of the node cannot be read: {0}")]
pub struct OpenError(pub &'static str);

/// The machine of one node.
#[derive(Debug)]
pub struct Node<S: Seal> {
    seal: S,
    account: AccountKey,
    link: LinkSecret,
    profile: Profile,
}

impl<S: Seal> Node<S> {
    /// A node that never was: its first records are in the batch.
    pub fn create(
        _config: Config,
        mut rng: ChaCha20Rng,
        mut seal: S,
        wall: WallMs,
        new: NewIdentity,
    ) -> (Self, Batch) {
        let link = LinkSecret::generate(&mut rng);
        let (account, history) = new.account.unwrap_or_else(|| {
            let account = AccountKey::generate(&mut rng);
            let history = KeyHistory::begin(&account, new.username, wall);
            (account, history)
        });
        let olm = seal.new_account();
        let keys = seal.account_keys(&olm);
        let record = crate::identity::DeviceRecord {
            user: history.user(),
            seq: wall.0,
            device: link.device_id(),
            olm_key: keys.curve,
            signing_key: keys.signing,
            seal_key: crate::identity::SealSecret::generate(&mut rng).public(),
            created: wall,
            not_after: wall,
            capabilities: 0,
        };
        let profile = Profile::issue(&account, history, wall.0, vec![record]);
        (Self { seal, account, link, profile }, Batch::default())
    }

    /// The node whose records these are. `restored`: they come from an old copy of the data folder.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn open(
        _config: Config,
        _rng: ChaCha20Rng,
        _seal: S,
        _now: Now,
        _wall: WallMs,
        _records: Vec<(Vec<u8>, Vec<u8>)>,
        _restored: bool,
    ) -> Result<(Self, Batch), OpenError> {
        Err(OpenError("nothing is written yet"))
    }

    /// Feeds inputs in, gets one batch out.
    pub fn step(&mut self, _now: Now, _wall: WallMs, _inputs: impl IntoIterator<Item = Input>) -> Batch {
        let _ = &mut self.seal;
        Batch::default()
    }

    /// When `step` wants to be called at the latest, with [`Input::Tick`] if nothing else happened.
    pub fn next_timeout(&self) -> Option<Now> {
        None
    }

    pub fn user(&self) -> UserId {
        self.profile.user()
    }

    pub fn device(&self) -> DeviceId {
        self.link.device_id()
    }

    pub fn link_secret(&self) -> &LinkSecret {
        &self.link
    }

    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// For the recovery file.
    pub fn account_key(&self) -> &AccountKey {
        &self.account
    }
}
