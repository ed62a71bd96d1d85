//! What the engine needs of a store: commits in order, and reads beside them.

use std::{fmt, future::Future};

use protocol::{event::Event, ids::ChainId, node::Commit};

use crate::store::{self, Store};

/// The store; in tests also one that fails at a chosen commit.
pub trait Disk: Commit<Error: fmt::Display + Send> + Clone + Send + Sync + 'static {
    /// Stored events of `chain` from seq `from` on, up to `max_bytes` in all but at least one.
    fn events(
        &self,
        chain: ChainId,
        from: u64,
        max_bytes: usize,
    ) -> impl Future<Output = Result<Vec<Event>, Self::Error>> + Send;
}

impl Disk for Store {
    async fn events(&self, chain: ChainId, from: u64, max_bytes: usize) -> Result<Vec<Event>, store::Error> {
        self.events(chain, from, max_bytes).await
    }
}
