//! Devices of an account: their public keys, signed by the account key.

use crate::{
    codec::{Decoder, Encoder, Wire, record},
    config::MAX_DEVICES,
    error::Violation,
    ids::{DeviceId, UserId},
    sign::{Domain, PublicKey, Signed, Statement},
    time::WallMs,
};

/// The public keys of one device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceRecord {
    pub user: UserId,
    /// Grows with every record of this device.
    pub seq: u64,
    /// The public link key: every link proves it.
    pub device: DeviceId,
    /// Curve25519, for Olm.
    pub olm_key: [u8; 32],
    /// Ed25519, of the Olm account. It names the account; nothing in these formats is verified by it.
    pub signing_key: PublicKey,
    /// X25519: letters and parcels are sealed to it.
    pub seal_key: [u8; 32],
    pub created: WallMs,
    /// 30 days after `created`. Whoever looks the device up later must not use it; a known contact stays one.
    pub not_after: WallMs,
    /// Bits of what the device can do; none is defined yet.
    pub capabilities: u64,
}

record!(DeviceRecord { user, seq, device, olm_key, signing_key, seal_key, created, not_after, capabilities });

impl Statement for DeviceRecord {
    const DOMAIN: Domain = Domain::DEVICE_RECORD;

    /// The account key, which stands in the key history.
    fn signer(&self) -> Option<&PublicKey> {
        None
    }
}

impl DeviceRecord {
    pub fn is_expired(&self, wall: WallMs) -> bool {
        wall > self.not_after
    }
}

/// All devices of an account; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceList {
    pub user: UserId,
    /// Grows with every list that the account signs.
    pub seq: u64,
    pub records: Vec<Signed<DeviceRecord>>,
}

impl Statement for DeviceList {
    const DOMAIN: Domain = Domain::DEVICE_LIST;

    /// The account key, which stands in the key history.
    fn signer(&self) -> Option<&PublicKey> {
        None
    }
}

impl DeviceList {
    /// Every record is this user's, signed by the account key, and no device stands twice.
    pub(super) fn check(&self, user: UserId, account_key: &PublicKey) -> Result<(), Violation> {
        let foreign = || Violation::forged("a device list or record of another person");
        if self.user != user {
            return Err(foreign());
        }
        for (at, record) in self.records.iter().enumerate() {
            record.verify(account_key)?;
            if record.user != user {
                return Err(foreign());
            }
            if self.records[..at].iter().any(|other| other.device == record.device) {
                return Err(Violation::malformed("a device stands twice in a list"));
            }
        }
        Ok(())
    }
}

/// The fields of a list as they stand on the wire, before the check that there is a device.
struct Fields {
    user: UserId,
    seq: u64,
    records: Vec<Signed<DeviceRecord>>,
}

record!(Fields { user, seq, records: MAX_DEVICES });

impl Wire for DeviceList {
    fn encode(&self, to: &mut Encoder) {
        let Self { user, seq, records } = self.clone();
        Fields { user, seq, records }.encode(to);
    }

    fn decode(from: &mut Decoder<'_>) -> Result<Self, Violation> {
        let Fields { user, seq, records } = Fields::decode(from)?;
        if records.is_empty() {
            return Err(Violation::malformed("a device list without a device"));
        }
        Ok(Self { user, seq, records })
    }
}
