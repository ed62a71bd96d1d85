//! Where the node of a data folder answers: noted there while it runs, for the commands that talk to it.

use std::{
    fs, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::Path,
};

use serde::{Deserialize, Serialize};

use crate::service::private;

const FILE: &str = "running.json";

/// The door of a node that runs. No secret stands in it: who may write the data folder makes a token there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Beacon {
    /// Where this computer reaches the page and the API.
    pub(super) page: SocketAddr,
}

/// Leaves word in the data folder that this process answers at `door`. The caller holds the folder's lock.
///
/// # Errors
/// A folder that can't be written.
pub fn announce(dir: &Path, door: SocketAddr) -> io::Result<()> {
    let text = serde_json::to_vec(&Beacon { page: from_here(door) }).expect("an address makes JSON");
    private::write(&dir.join(FILE), &text)
}

/// Takes the word back at the end.
pub fn withdraw(dir: &Path) {
    // If it stays, the next command finds nobody at the address and says so.
    drop(fs::remove_file(dir.join(FILE)));
}

impl Beacon {
    /// What the folder's node left; one that was killed leaves it behind.
    pub(super) fn of(dir: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(dir.join(FILE)).ok()?).ok()
    }
}

/// A door on all addresses is reached by the loopback one.
fn from_here(door: SocketAddr) -> SocketAddr {
    let ip = match door.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, door.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_lies_there_while_the_node_runs_and_no_longer() {
        let dir = tempfile::tempdir().expect("a folder");
        assert_eq!(Beacon::of(dir.path()), None);
        announce(dir.path(), ([0, 0, 0, 0], 7402).into()).expect("written");
        assert_eq!(Beacon::of(dir.path()), Some(Beacon { page: ([127, 0, 0, 1], 7402).into() }));
        withdraw(dir.path());
        assert_eq!(Beacon::of(dir.path()), None);
    }
}
