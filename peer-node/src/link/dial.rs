//! Dialling: all addresses of a device race with small delays; the first that proves the key wins.

use std::{
    collections::{BTreeSet, VecDeque},
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use futures_util::{StreamExt, future, stream::FuturesUnordered};
use protocol::{address::Address, ids::DeviceId};
use tokio::time::{Instant, sleep, timeout};

use super::{
    failure::{Reason, Tried},
    socket::{self, Socket},
    tcp,
    tls::Identity,
};

/// The next address starts this long after the one before, or at once when that one failed (RFC 8305).
const STAGGER: Duration = Duration::from_millis(250);
/// A record with more addresses than that is not worth the traffic.
const MAX_ATTEMPTS: usize = 16;

enum Candidate {
    Name(Address),
    Socket(Address, SocketAddr),
}

enum Outcome {
    Found(Address, Vec<SocketAddr>),
    Open(Box<Socket>, SocketAddr),
    Failed(Tried),
}

/// Opens one link to `expect`, or to whoever answers if nobody is expected. Every attempt has `each` time.
///
/// # Errors
/// Every attempt with its reason, in the order in which they failed; empty without addresses.
pub(super) async fn race(
    identity: &Identity,
    expect: Option<DeviceId>,
    addresses: &[Address],
    each: Duration,
) -> Result<(Socket, SocketAddr), Vec<Tried>> {
    let mut waiting: VecDeque<Candidate> = addresses.iter().map(candidate).collect();
    let mut seen = BTreeSet::new();
    let mut running = FuturesUnordered::new();
    let mut tried = Vec::new();
    let mut left = MAX_ATTEMPTS;
    loop {
        while let Some(next) = waiting.pop_front() {
            let fresh = match &next {
                Candidate::Name(address) => seen.insert(address.to_string()),
                Candidate::Socket(_, at) => seen.insert(at.to_string()),
            };
            if fresh && left > 0 {
                left -= 1;
                running.push(attempt(identity, expect, next, each));
                break;
            }
        }
        let stagger =
            async { if waiting.is_empty() { future::pending().await } else { sleep(STAGGER).await } };
        tokio::select! {
            outcome = running.next() => match outcome {
                Some(Outcome::Found(address, found)) => {
                    for at in interleaved(&found).into_iter().rev() {
                        waiting.push_front(Candidate::Socket(address.clone(), at));
                    }
                }
                Some(Outcome::Open(socket, at)) => return Ok((*socket, at)),
                Some(Outcome::Failed(attempt)) => tried.push(attempt),
                None => return Err(tried),
            },
            () = stagger => {}
        }
    }
}

fn candidate(address: &Address) -> Candidate {
    match address.host().parse::<IpAddr>() {
        Ok(ip) => Candidate::Socket(address.clone(), SocketAddr::new(ip, address.port())),
        Err(_) => Candidate::Name(address.clone()),
    }
}

/// IPv6 and IPv4 by turns, beginning as the resolver does, so that one broken family costs one delay.
fn interleaved(found: &[SocketAddr]) -> Vec<SocketAddr> {
    let first_is_v6 = found.first().is_some_and(SocketAddr::is_ipv6);
    let (mut a, mut b): (VecDeque<_>, VecDeque<_>) =
        found.iter().copied().partition(|at| at.is_ipv6() == first_is_v6);
    let mut mixed = Vec::with_capacity(found.len());
    while !(a.is_empty() && b.is_empty()) {
        mixed.extend(a.pop_front());
        mixed.extend(b.pop_front());
    }
    mixed
}

async fn attempt(
    identity: &Identity,
    expect: Option<DeviceId>,
    candidate: Candidate,
    each: Duration,
) -> Outcome {
    let began = Instant::now();
    match candidate {
        Candidate::Name(address) => {
            let reason = match timeout(each, look_up(&address)).await {
                Ok(found) if found.is_empty() => Reason::NoSuchName,
                Ok(found) => return Outcome::Found(address, found),
                Err(_) => Reason::TimedOut,
            };
            Outcome::Failed(Tried { address, at: None, reason, took: began.elapsed() })
        }
        Candidate::Socket(address, at) => {
            let open = async { socket::open(tcp::dial(at, identity, expect).await?).await };
            let reason = match timeout(each, open).await {
                Ok(Ok(socket)) => return Outcome::Open(Box::new(socket), at),
                Ok(Err(reason)) => reason,
                Err(_) => Reason::TimedOut,
            };
            Outcome::Failed(Tried { address, at: Some(at), reason, took: began.elapsed() })
        }
    }
}

async fn look_up(address: &Address) -> Vec<SocketAddr> {
    match tokio::net::lookup_host((address.host(), address.port())).await {
        Ok(found) => found.collect(),
        Err(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_families_take_turns() {
        let at = |text: &str| text.parse::<SocketAddr>().unwrap();
        let found = [at("[::1]:1"), at("[::2]:1"), at("1.1.1.1:1"), at("2.2.2.2:1"), at("3.3.3.3:1")];
        let mixed = [at("[::1]:1"), at("1.1.1.1:1"), at("[::2]:1"), at("2.2.2.2:1"), at("3.3.3.3:1")];
        assert_eq!(interleaved(&found), mixed);
    }
}
