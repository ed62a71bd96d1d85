//! Who somebody is: account key, key history, device records, and the names derived from them.

mod device;
mod history;
mod secrets;
mod username;

#[cfg(test)]
mod tests;

use std::fmt;

use crate::{
    address::Address,
    codec::{Decoder, Encoder, Wire, record},
    config::MAX_ADDRESSES,
    error::Violation,
    ids::{ConversationId, DeviceId, UserId},
    sign::{Domain, PublicKey, Signed, Statement},
    time::WallMs,
};

pub use device::{DeviceList, DeviceRecord};
pub use history::{HistoryEntry, KeyHistory};
pub use secrets::{AccountKey, Capability, ChainKey, LinkSecret, SealSecret};
pub use username::{BadUsername, Username};

/// What a person publishes: who they are, and on which devices.
///
/// Decoding one verifies it, or it was verified before it was written as a record of our own; so a profile in memory is
/// always whole: every signature fits, and all parts speak of one person. Whether it is the person one means is another
/// question; see [`KeyHistory::continues`].
#[derive(Clone, PartialEq, Eq)]
pub struct Profile {
    history: KeyHistory,
    devices: Signed<DeviceList>,
}

impl Wire for Profile {
    fn encode(&self, to: &mut Encoder) {
        to.array(2);
        self.history.encode(to);
        self.devices.encode(to);
    }

    fn decode(from: &mut Decoder<'_>) -> Result<Self, Violation> {
        let profile =
            from.record(2, |from| Ok(Self { history: Wire::decode(from)?, devices: Wire::decode(from)? }))?;
        if !from.is_own() {
            profile.verify()?;
        }
        Ok(profile)
    }
}

impl Profile {
    /// The profile of an account with the devices of `records`. `seq` grows with every profile that an account signs.
    pub fn issue(account: &AccountKey, history: KeyHistory, seq: u64, records: Vec<DeviceRecord>) -> Self {
        let key = account.signing_key();
        let records = records.into_iter().map(|record| Signed::new(record, &key)).collect();
        let devices = Signed::new(DeviceList { user: history.user(), seq, records }, &key);
        Self { history, devices }
    }

    /// Checks every signature, and that all parts speak of one person. Decoding has done it already.
    ///
    /// # Errors
    /// Something does not fit.
    pub fn verify(&self) -> Result<(), Violation> {
        self.history.verify()?;
        self.devices.verify(self.account_key())?;
        self.devices.check(self.user(), self.account_key())
    }

    pub fn history(&self) -> &KeyHistory {
        &self.history
    }

    pub fn devices(&self) -> &DeviceList {
        &self.devices
    }

    pub fn user(&self) -> UserId {
        self.history.user()
    }

    pub fn username(&self) -> &Username {
        &self.history.newest().username
    }

    /// The account key that holds now.
    pub fn account_key(&self) -> &PublicKey {
        &self.history.newest().account_key
    }

    /// The first device; an account has one today.
    pub fn device(&self) -> &DeviceRecord {
        self.devices.records.first().expect("a device list is never empty: decoding and issuing see to it")
    }

    /// The record of one device, if it is one of this account.
    pub fn device_with(&self, id: DeviceId) -> Option<&DeviceRecord> {
        self.devices.records.iter().map(|record| &**record).find(|record| record.device == id)
    }
}

impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let devices: Vec<_> = self.devices.records.iter().map(|record| record.device).collect();
        let (keys, seq) = (self.history.entries().count(), self.devices.seq);
        write!(
            f,
            "Profile {{ {:?} {:?} keys: {keys}, seq: {seq}, {devices:?} }}",
            self.username(),
            self.user()
        )
    }
}

/// Where a device can be reached until its lease ends; after that a hint to dial, never passed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerRecord {
    pub user: UserId,
    pub device: DeviceId,
    pub seq: u64,
    pub addresses: Vec<Address>,
    pub lease: WallMs,
}

record!(PeerRecord { user, device, seq, addresses: MAX_ADDRESSES, lease });

impl Statement for PeerRecord {
    const DOMAIN: Domain = Domain::PEER_RECORD;

    fn signer(&self) -> Option<&PublicKey> {
        Some(&self.device.0)
    }
}

impl PeerRecord {
    pub fn sign(self, link: &LinkSecret) -> Signed<Self> {
        Signed::new(self, &link.signing_key())
    }
}

/// The conversation of two people, the same whoever starts it.
pub fn one_to_one(a: UserId, b: UserId) -> ConversationId {
    ConversationId(derive_sorted("confab/1/one-to-one", a.0, b.0))
}

/// The pair conversation of two devices, which carries key material.
pub fn pair(a: DeviceId, b: DeviceId) -> ConversationId {
    ConversationId(derive_sorted("confab/1/pair", a.0, b.0))
}

fn derive_sorted(domain: &str, a: [u8; 32], b: [u8; 32]) -> [u8; 32] {
    blake3::derive_key(domain, [a.min(b), a.max(b)].as_flattened())
}

/// Rounds of hashing behind a safety number: what an attacker pays for each key tried, too little for people to notice.
const SAFETY_ROUNDS: usize = 5200;

/// Sixty digits, thirty for each person, the same on both screens: equal numbers mean that each holds the other's
/// true account key.
pub fn safety_number(a: (&str, &PublicKey), b: (&str, &PublicKey)) -> String {
    let (a, b) = (half_number(a), half_number(b));
    if a < b { a + &b } else { b + &a }
}

fn half_number((username, account_key): (&str, &PublicKey)) -> String {
    let person = [account_key.as_slice(), username.as_bytes()].concat();
    let mut hash = blake3::derive_key("confab/1/safety-number", &person);
    for _ in 1..SAFETY_ROUNDS {
        hash = blake3::derive_key("confab/1/safety-number", &[hash.as_slice(), account_key].concat());
    }
    let group = |five: &[u8]| {
        let number = five.iter().fold(0u64, |number, byte| number << 8 | u64::from(*byte));
        format!("{:05}", number % 100_000)
    };
    hash[..30].chunks(5).map(group).collect()
}
