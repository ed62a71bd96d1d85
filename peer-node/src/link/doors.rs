//! Who may stand at the listener: how many at once, and how many from one network address.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use tokio_util::sync::CancellationToken;

/// What a listener allows, and how long handshakes may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections that have not proven a key yet.
    pub handshakes: usize,
    /// The same from one IPv4 address or one IPv6 /64. Tests and containers share addresses: raise it there.
    pub handshakes_per_address: usize,
    /// For TCP, TLS and WebSocket together, of those who dial us and of each attempt of ours.
    pub handshake_time: Duration,
    /// Links that others dialled.
    pub links: usize,
    pub links_per_address: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            handshakes: 64,
            handshakes_per_address: 4,
            handshake_time: Duration::from_secs(5),
            links: 1024,
            links_per_address: 64,
        }
    }
}

/// Counts who is here.
#[derive(Debug, Clone)]
pub(super) struct Doors {
    limits: Limits,
    here: Arc<Mutex<Here>>,
}

#[derive(Debug, Default)]
struct Here {
    next: u64,
    /// By age: the oldest first.
    handshakes: BTreeMap<u64, (Network, CancellationToken)>,
    links: BTreeMap<Network, usize>,
    links_in_all: usize,
}

/// What one stranger can easily have all of: an IPv4 address, an IPv6 /64.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Network(IpAddr);

impl Network {
    fn of(ip: IpAddr) -> Self {
        match ip.to_canonical() {
            IpAddr::V6(ip) => Self(Ipv6Addr::from(u128::from(ip) & (u128::MAX << 64)).into()),
            ip => Self(ip),
        }
    }
}

impl Doors {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, here: Arc::default() }
    }

    /// Lets a connection begin its handshake. Where that makes one too many, the oldest must go: an honest
    /// handshake takes a few round trips, so what is old is slow on purpose, and new ones still come in.
    pub(super) fn knock(&self, ip: IpAddr) -> Knock {
        let network = Network::of(ip);
        let evicted = CancellationToken::new();
        let mut here = self.lock();
        let same = |(_, (other, _)): &(&u64, &(Network, CancellationToken))| *other == network;
        let oldest = if here.handshakes.iter().filter(same).count() >= self.limits.handshakes_per_address {
            here.handshakes.iter().find(same).map(|(number, _)| *number)
        } else if here.handshakes.len() >= self.limits.handshakes {
            here.handshakes.keys().next().copied()
        } else {
            None
        };
        if let Some((_, out)) = oldest.and_then(|number| here.handshakes.remove(&number)) {
            out.cancel();
        }
        let number = here.next;
        here.next += 1;
        here.handshakes.insert(number, (network, evicted.clone()));
        Knock { doors: self.clone(), number, evicted }
    }

    /// A place for a whole link, or none.
    pub(super) fn enter(&self, ip: IpAddr) -> Option<Place> {
        let network = Network::of(ip);
        let mut here = self.lock();
        let same = here.links.get(&network).copied().unwrap_or(0);
        if here.links_in_all >= self.limits.links || same >= self.limits.links_per_address {
            return None;
        }
        here.links_in_all += 1;
        here.links.insert(network, same + 1);
        Some(Place { doors: self.clone(), network })
    }

    fn lock(&self) -> MutexGuard<'_, Here> {
        self.here.lock().expect("nothing panics while it holds this")
    }
}

/// One handshake; dropped when it is over.
#[derive(Debug)]
pub(super) struct Knock {
    doors: Doors,
    number: u64,
    evicted: CancellationToken,
}

impl Knock {
    /// Waits until somebody newer needs the place.
    pub(super) async fn evicted(&self) {
        self.evicted.cancelled().await;
    }
}

impl Drop for Knock {
    fn drop(&mut self) {
        self.doors.lock().handshakes.remove(&self.number);
    }
}

/// One link's place; dropped with the link.
#[derive(Debug)]
pub(super) struct Place {
    doors: Doors,
    network: Network,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut here = self.doors.lock();
        here.links_in_all -= 1;
        let left = here.links.get(&self.network).map_or(0, |count| count - 1);
        if left == 0 {
            here.links.remove(&self.network);
        } else {
            here.links.insert(self.network, left);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn doors() -> Doors {
        Doors::new(Limits {
            handshakes: 3,
            handshakes_per_address: 2,
            links: 3,
            links_per_address: 2,
            ..Limits::default()
        })
    }

    #[test]
    fn the_oldest_handshake_of_an_address_makes_room_for_the_next() {
        let doors = doors();
        let first = doors.knock(ip("192.0.2.1"));
        let second = doors.knock(ip("::ffff:192.0.2.1"));
        let other = doors.knock(ip("192.0.2.2"));
        let third = doors.knock(ip("192.0.2.1"));
        assert!(first.evicted.is_cancelled());
        assert!(!second.evicted.is_cancelled() && !other.evicted.is_cancelled());
        let fourth = doors.knock(ip("192.0.2.3"));
        assert!(second.evicted.is_cancelled(), "the oldest of all, when the whole house is full");
        assert!(!third.evicted.is_cancelled() && !fourth.evicted.is_cancelled());
    }

    #[test]
    fn a_finished_handshake_leaves_its_place() {
        let doors = doors();
        let first = doors.knock(ip("192.0.2.1"));
        drop(doors.knock(ip("192.0.2.1")));
        let _third = doors.knock(ip("192.0.2.1"));
        assert!(!first.evicted.is_cancelled());
    }

    #[test]
    fn links_are_counted_in_all_and_by_network() {
        let doors = doors();
        let one = doors.enter(ip("2001:db8::1"));
        let _two = doors.enter(ip("2001:db8::2")).unwrap();
        assert!(doors.enter(ip("2001:db8::3")).is_none(), "one /64 is one network");
        let _three = doors.enter(ip("2001:db8:0:1::1")).unwrap();
        assert!(doors.enter(ip("192.0.2.9")).is_none());
        drop(one);
        assert!(doors.enter(ip("192.0.2.9")).is_some());
    }
}
