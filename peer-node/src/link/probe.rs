//! Does this device answer at this address? Tried for a person who wonders, with a key that is thrown away.

use std::{net::SocketAddr, time::Duration};

use protocol::{address::Address, ids::DeviceId};
use tokio::time::Instant;

use super::{dial, doors::Limits, failure::Tried, tls::Identity};

/// A device that answered where it was looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answered {
    /// What the name stood for.
    pub at: SocketAddr,
    /// Names, connection and proof of the key together.
    pub took: Duration,
}

/// Tries one address. Whoever answers there learns nothing about who asks.
///
/// # Errors
/// Every attempt with its reason.
pub async fn probe(address: &Address, expect: DeviceId) -> Result<Answered, Vec<Tried>> {
    let began = Instant::now();
    let throwaway = Identity::new(&rand::random());
    let addresses = std::slice::from_ref(address);
    let (mut socket, at) =
        dial::race(&throwaway, Some(expect), addresses, Limits::default().handshake_time).await?;
    let took = began.elapsed();
    // It was only to see whether somebody is there; a peer that is gone needs no goodbye.
    let _ = socket.ws.close(None).await;
    Ok(Answered { at, took })
}
