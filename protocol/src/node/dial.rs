//! Dialling: whom, and when again.

use std::time::Duration;

use rand_core::Rng;

use crate::{
    address::Address,
    config::MAX_ADDRESSES,
    ids::{DeviceId, UserId},
    seal::Seal,
    time::Now,
};

use super::{Effect, Node, Relation, timers::Timer};

/// How long a driver may take over a `Dial`; then it counts as failed.
const PATIENCE: Duration = Duration::from_secs(60);
/// So many dials begin together, of many; the others follow in steps, so that the first are answered meanwhile and no
/// router on the way is flooded.
const TOGETHER: usize = 16;
const STEP: Duration = Duration::from_millis(50);
/// Further tries fall on whole ticks of our own clock, in milliseconds: those of many people cost few wake-ups.
const TICK: u64 = 250;

/// What is going on towards a device without a link.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dialling {
    /// The last wait; the next is drawn from it.
    wait: Duration,
    /// A `Dial` is with the driver.
    pub(super) under_way: bool,
    /// There was reason to dial again meanwhile: other addresses, perhaps.
    again: bool,
}

impl<S: Seal> Node<S> {
    /// Is a link to this device wanted at all?
    pub(super) fn wants_link(&self, device: DeviceId) -> bool {
        if self.leaving || self.links_by_peer.contains_key(&device) {
            return false;
        }
        match self.relation_at(device) {
            Some(Relation::Contact | Relation::Asked) => true,
            Some(Relation::Declined | Relation::Asking | Relation::DeclinedMe) => {
                self.has_letters_for(device)
            }
            Some(Relation::Blocked) | None => false,
        }
    }

    /// Dials now, if there is reason to and an address.
    pub(super) fn dial(&mut self, device: DeviceId) {
        if !self.wants_link(device) {
            return;
        }
        if let Some(dialling) = self.dials.get_mut(&device).filter(|dialling| dialling.under_way) {
            dialling.again = true;
            return;
        }
        let addresses = self.addresses_of(device).to_vec();
        if addresses.is_empty() {
            return;
        }
        let wait = self.dials.get(&device).map_or(self.config.redial_min, |dialling| dialling.wait);
        self.dials.insert(device, Dialling { wait, under_way: true, again: false });
        self.timers.set(Timer::Dial(device), self.now + PATIENCE);
        self.batch.effect(Effect::Dial { peer: device, addresses });
    }

    fn addresses_of(&self, device: DeviceId) -> &[Address] {
        let someone = self.devices.get(&device).and_then(|user| self.people.get(user));
        someone.map_or(&[], |someone| &someone.addresses)
    }

    pub(super) fn dial_user(&mut self, user: UserId) {
        if let Some(device) = self.device_of(user) {
            self.dial(device);
        }
    }

    pub(super) fn dial_all(&mut self) {
        let all = self.devices.keys().copied();
        let reachable =
            |device: &DeviceId| self.wants_link(*device) && !self.addresses_of(*device).is_empty();
        let wanted: Vec<_> = all.filter(reachable).collect();
        for (place, device) in wanted.into_iter().enumerate() {
            let under_way = self.dials.get(&device).is_some_and(|dialling| dialling.under_way);
            if place < TOGETHER || under_way {
                self.dial_afresh(device);
                continue;
            }
            self.dials.remove(&device);
            let steps = u32::try_from(place / TOGETHER).unwrap_or(u32::MAX);
            self.timers.set(Timer::Dial(device), self.now + STEP.saturating_mul(steps));
        }
    }

    /// Dials now, whatever the waits were until now; one dial at a time.
    fn dial_afresh(&mut self, device: DeviceId) {
        if let Some(dialling) = self.dials.get_mut(&device) {
            dialling.wait = self.config.redial_min;
        }
        self.dial(device);
    }

    pub(super) fn dial_failed(&mut self, device: DeviceId) {
        let dialling = self.dials.get_mut(&device);
        let again = dialling.is_some_and(|dialling| {
            dialling.under_way = false;
            std::mem::take(&mut dialling.again)
        });
        if again { self.dial(device) } else { self.redial_later(device) }
    }

    pub(super) fn dial_is_due(&mut self, device: DeviceId) {
        match self.dials.get_mut(&device) {
            Some(dialling) if dialling.under_way => {
                dialling.under_way = false;
                self.redial_later(device);
            }
            _ => self.dial(device),
        }
    }

    /// Decorrelated jitter: between the least wait and three times the last one.
    pub(super) fn redial_later(&mut self, device: DeviceId) {
        if !self.wants_link(device) {
            return;
        }
        let least = self.config.redial_min;
        let last = self.dials.get(&device).map_or(least, |dialling| dialling.wait);
        let span = u64::try_from((last * 3).saturating_sub(least).as_millis()).unwrap_or(u64::MAX).max(1);
        let wait = least + Duration::from_millis(self.rng.next_u64() % span);
        let wait = wait.min(self.config.redial_max);
        self.dials.insert(device, Dialling { wait, under_way: false, again: false });
        let due = self.now + wait;
        self.timers.set(Timer::Dial(device), Now(due.0.next_multiple_of(TICK)));
    }

    /// The user, the directory or the network says that now is a good time.
    pub(super) fn reach(&mut self, user: UserId, addresses: &[Address]) {
        let Some(someone) = self.people.get_mut(&user) else { return };
        // New ones first; the old ones may still be right.
        let mut all: Vec<_> = addresses.to_vec();
        all.extend(someone.addresses.iter().filter(|known| !addresses.contains(known)).cloned());
        all.truncate(MAX_ADDRESSES);
        self.learn_addresses(user, &all);
        if let Some(device) = self.device_of(user) {
            self.dial_afresh(device);
        }
    }
}
