//! Who this node is: its keys, the profile that it publishes, and what its user prefers.

use std::fmt;

use rand_chacha::ChaCha20Rng;

use crate::{
    address::Address,
    codec::{Decoder, Encoder, Wire, record},
    config::{Config, MAX_ADDRESSES},
    error::Violation,
    identity::{AccountKey, DeviceRecord, KeyHistory, LinkSecret, Profile, SealSecret},
    ids::{BootId, DeviceId, StoreId, UserId},
    seal::Seal,
    time::WallMs,
};

use super::{
    Effect, NewIdentity, Node, OpenError, Preferences,
    records::{DAMAGED, Map, Record, read},
};

/// This node's own identity.
pub(super) struct Me<S: Seal> {
    pub(super) account: AccountKey,
    pub(super) link: LinkSecret,
    pub(super) user: UserId,
    pub(super) device: DeviceId,
    pub(super) profile: Profile,
    pub(super) olm: S::Account,
    /// By when they were made; the newest stands in the profile.
    pub(super) seal_keys: Map<WallMs, SealSecret>,
    pub(super) store: StoreId,
    pub(super) boot: BootId,
    /// Grows when the data folder was restored; every chain says under which it was begun.
    pub(super) incarnation: u64,
    pub(super) preferences: Preferences,
    pub(super) addresses: Vec<Address>,
    /// The number of a profile of ours that somebody showed us: the next one is above it.
    pub(super) seen: u64,
}

/// What of it is one record.
pub(super) struct Stored {
    account: [u8; 32],
    link: [u8; 32],
    profile: Profile,
    store: StoreId,
    incarnation: u64,
    preferences: Preferences,
    addresses: Vec<Address>,
}

record!(Stored { account, link, profile, store, incarnation, preferences, addresses: MAX_ADDRESSES });

impl Stored {
    /// The number of the profile.
    pub(super) fn number(&self) -> u64 {
        self.profile.devices().seq.max(self.profile.device().seq)
    }
}

impl Wire for Preferences {
    fn encode(&self, to: &mut Encoder) {
        let Self { receipts, typing, answer_who, hidden } = self;
        to.array(4);
        for choice in [receipts, typing, answer_who, hidden] {
            to.bool(*choice);
        }
    }

    fn decode(from: &mut Decoder<'_>) -> Result<Self, Violation> {
        from.record(4, |from| {
            let (receipts, typing) = (from.bool()?, from.bool()?);
            Ok(Self { receipts, typing, answer_who: from.bool()?, hidden: from.bool()? })
        })
    }
}

impl Default for Preferences {
    fn default() -> Self {
        Self { receipts: true, typing: true, answer_who: true, hidden: false }
    }
}

impl Wire for SealSecret {
    fn encode(&self, to: &mut Encoder) {
        self.secret_bytes().encode(to);
    }

    fn decode(from: &mut Decoder<'_>) -> Result<Self, Violation> {
        Wire::decode(from).map(Self::from_secret_bytes)
    }
}

impl<S: Seal> Me<S> {
    pub(super) fn create(
        config: &Config,
        rng: &mut ChaCha20Rng,
        seal: &mut S,
        wall: WallMs,
        new: NewIdentity,
    ) -> Self {
        let (account, history) = new.account.unwrap_or_else(|| {
            let account = AccountKey::generate(rng);
            let history = KeyHistory::begin(&account, new.username, wall);
            (account, history)
        });
        let (link, olm, secret) = (LinkSecret::generate(rng), seal.new_account(), SealSecret::generate(rng));
        let ids = (history.user(), link.device_id());
        let record = device_record(config, seal, &olm, &secret, ids, wall, new.carried.number);
        let mut seal_keys = Map::default();
        seal_keys.insert(wall, secret);
        Self {
            user: history.user(),
            device: link.device_id(),
            profile: Profile::issue(&account, history, record.seq, vec![record]),
            account,
            link,
            olm,
            seal_keys,
            store: StoreId(random(rng)),
            boot: BootId(random(rng)),
            incarnation: 1,
            preferences: Preferences::default(),
            addresses: Vec::new(),
            seen: 0,
        }
    }

    /// How many records it has.
    pub(super) const RECORDS: usize = 3;

    pub(super) fn open(
        rng: &mut ChaCha20Rng,
        seal: &S,
        records: &[(Vec<u8>, Vec<u8>)],
    ) -> Result<Self, OpenError> {
        let find = |record: Record| {
            let found = records.iter().find(|(key, _)| *key == record.key());
            found.map(|(_, value)| value.as_slice()).ok_or(OpenError("the node's own keys are missing"))
        };
        let Stored { account, link, profile, store, incarnation, preferences, addresses } =
            read(find(Record::Me)?)?;
        let link = LinkSecret::from_secret_bytes(link);
        let seal_keys: Map<WallMs, SealSecret> = read(find(Record::SealKeys)?)?;
        if seal_keys.is_empty() {
            return Err(DAMAGED);
        }
        Ok(Self {
            account: AccountKey::from_secret_bytes(account),
            user: profile.user(),
            device: link.device_id(),
            link,
            profile,
            olm: seal.load_account(find(Record::Olm)?).map_err(|_| DAMAGED)?,
            seal_keys,
            store,
            boot: BootId(random(rng)),
            incarnation,
            preferences,
            addresses,
            seen: 0,
        })
    }

    pub(super) fn stored(&self) -> Stored {
        Stored {
            account: *self.account.secret_bytes(),
            link: *self.link.secret_bytes(),
            profile: self.profile.clone(),
            store: self.store,
            incarnation: self.incarnation,
            preferences: self.preferences,
            addresses: self.addresses.clone(),
        }
    }

    /// The newest seal key.
    pub(super) fn seal_key(&self) -> (WallMs, &SealSecret) {
        let (made, secret) = self.seal_keys.last_key_value().expect("the first one is made with the node");
        (*made, secret)
    }
}

fn device_record<S: Seal>(
    config: &Config,
    seal: &S,
    olm: &S::Account,
    secret: &SealSecret,
    (user, device): (UserId, DeviceId),
    wall: WallMs,
    seq_before: u64,
) -> DeviceRecord {
    let keys = seal.account_keys(olm);
    let valid = u64::try_from(config.record_valid.as_millis()).unwrap_or(u64::MAX);
    DeviceRecord {
        user,
        // Time as the number: what a restored data folder signs is newer than what it forgot.
        seq: wall.0.max(seq_before + 1),
        device,
        olm_key: keys.curve,
        signing_key: keys.signing,
        seal_key: secret.public(),
        created: wall,
        not_after: WallMs(wall.0.saturating_add(valid)),
        capabilities: 0,
    }
}

pub(super) fn random<const N: usize>(rng: &mut ChaCha20Rng) -> [u8; N] {
    use rand_core::Rng as _;
    let mut bytes = [0; N];
    rng.fill_bytes(&mut bytes);
    bytes
}

impl<S: Seal> fmt::Debug for Me<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Me({} on {})", self.profile.username(), self.device.short())
    }
}

impl<S: Seal> Node<S> {
    /// Signs the profile anew, and tells everybody who must know.
    pub(super) fn renew_profile(&mut self) {
        let me = &mut self.me;
        let before = me.profile.device().seq.max(me.profile.devices().seq).max(me.seen);
        let (_, secret) = me.seal_keys.last_key_value().expect("the first one is made with the node");
        let ids = (me.user, me.device);
        let record = device_record(&self.config, &self.seal, &me.olm, secret, ids, self.wall, before);
        me.profile = Profile::issue(&me.account, me.profile.history().clone(), record.seq, vec![record]);
        self.touch(Record::Me);
        self.publish();
        self.tell_state();
    }

    pub(super) fn publish(&mut self) {
        if self.directory_up {
            self.batch.effect(Effect::Publish { profile: self.me.profile.clone() });
        }
    }

    /// A new seal key every week; letters in boxes still come under the old ones for a while.
    pub(super) fn renew_seal_key(&mut self) {
        let (made, _) = self.me.seal_key();
        if self.age(made) >= self.config.seal_key_age {
            self.new_seal_key();
            self.renew_profile();
        }
        let kept = self.config.seal_keys_kept;
        let (newest, _) = self.me.seal_key();
        let old: Vec<_> = self
            .me
            .seal_keys
            .keys()
            .filter(|made| **made != newest && self.age(**made) >= kept)
            .copied()
            .collect();
        for made in old {
            self.me.seal_keys.remove(&made);
            self.touch(Record::SealKeys);
        }
    }

    pub(super) fn new_seal_key(&mut self) {
        let secret = SealSecret::generate(&mut self.rng);
        let (newest, _) = self.me.seal_key();
        // Later than all others in the map even if the clock went back, so that it is the newest one.
        let made = WallMs(self.wall.0.max(newest.0 + 1));
        self.me.seal_keys.insert(made, secret);
        self.touch(Record::SealKeys);
    }
}
