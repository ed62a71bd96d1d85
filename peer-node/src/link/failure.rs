//! Why a link did not come about, in plain words for the person who wonders.

use std::{io, net::SocketAddr, time::Duration};

use protocol::{address::Address, ids::DeviceId};

use super::{stream::AllowanceSpent, tls};

/// Why one attempt at one address failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    #[error("no machine has that name")]
    NoSuchName,
    #[error("nobody listens there")]
    NobodyListens,
    #[error("the network has no way there")]
    Unreachable,
    #[error("no answer in time")]
    TimedOut,
    #[error("the other side hung up")]
    HungUp,
    #[error("the other side has no room for another link")]
    Busy,
    #[error("what answers there is not a Confab node")]
    NotConfab,
    #[error("another device answers there ({})", .0.short())]
    OtherDevice(DeviceId),
    #[error("this computer cannot connect: {0}")]
    Local(io::ErrorKind),
}

impl Reason {
    /// A failure of the network.
    pub(super) fn io(error: &io::Error) -> Self {
        use io::ErrorKind as Kind;
        match error.kind() {
            _ if AllowanceSpent::is(error) => Self::NotConfab,
            Kind::ConnectionRefused => Self::NobodyListens,
            Kind::HostUnreachable | Kind::NetworkUnreachable | Kind::NetworkDown => Self::Unreachable,
            Kind::TimedOut => Self::TimedOut,
            Kind::ConnectionReset
            | Kind::ConnectionAborted
            | Kind::BrokenPipe
            | Kind::UnexpectedEof
            | Kind::NotConnected => Self::HungUp,
            Kind::InvalidData => Self::NotConfab,
            kind => Self::Local(kind),
        }
    }

    /// A failure of the network or of the handshake over it.
    pub(super) fn handshake(error: &io::Error) -> Self {
        match tls::other_device(error) {
            Some(device) => Self::OtherDevice(device),
            None => Self::io(error),
        }
    }
}

/// One attempt of a dial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    pub address: Address,
    /// What the name stood for, if it came to a connection.
    pub at: Option<SocketAddr>,
    pub reason: Reason,
    /// How long it took to fail.
    pub took: Duration,
}
