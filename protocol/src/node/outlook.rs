//! How it stands with the way to each person: what the timers of dialling know, for whoever wonders why somebody is away.

use crate::{
    address::Address,
    frame::{Frame, Ping},
    ids::{DeviceId, UserId},
    seal::Seal,
    time::Now,
};

use super::{Node, timers::Timer};

/// The way to one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outlook {
    pub user: UserId,
    /// Their device, as their newest profile names it.
    pub device: DeviceId,
    /// Where they were last known to listen; what is tried first comes first.
    pub addresses: Vec<Address>,
    pub next: NextTry,
}

/// When this person is dialled next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextTry {
    /// There is a link already.
    Linked,
    /// The addresses are being tried now.
    UnderWay,
    At(Now),
    /// No address of theirs is known: they dial us, or the directory says where they are.
    NoAddress,
    /// Nothing is to be said to them: they are blocked, or a request is answered.
    Unwanted,
}

impl<S: Seal> Node<S> {
    /// The way to everybody who is known here. Only reads.
    pub fn outlook(&self) -> Vec<Outlook> {
        let people = self.people.iter();
        people
            .map(|(user, someone)| {
                let device = someone.profile.device().device;
                Outlook {
                    user: *user,
                    device,
                    addresses: someone.addresses.clone(),
                    next: self.next_try(device, someone.addresses.is_empty()),
                }
            })
            .collect()
    }

    fn next_try(&self, device: DeviceId, homeless: bool) -> NextTry {
        if self.links_by_peer.contains_key(&device) {
            NextTry::Linked
        } else if !self.wants_link(device) {
            NextTry::Unwanted
        } else if homeless {
            NextTry::NoAddress
        } else if self.dials.get(&device).is_some_and(|dialling| dialling.under_way) {
            NextTry::UnderWay
        } else {
            // Wanted, with an address, and nothing under way: the timer is set, or this very step dials.
            self.timers.at(Timer::Dial(device)).map_or(NextTry::UnderWay, NextTry::At)
        }
    }

    /// Says PING on every link that is ready, so that the link layer sees how long the answers take.
    pub(super) fn measure(&mut self) {
        let nonce = self.now.0;
        for link in self.links.values_mut().filter(|link| link.hello.is_some()) {
            link.say(Frame::Ping(Ping { nonce }));
        }
    }
}
