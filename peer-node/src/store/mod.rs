//! The encrypted store: what this node knows, in one SQLCipher database that only this room reads and writes.
//!
//! One connection writes, in whole batches; a few read, one of them searches. Nothing here grows with the length of a
//! history: pages are read by their place in the order, unread counts and the newest item are looked up in an index.

mod check;
mod clear;
mod conversations;
mod cursors;
mod drafts;
mod entity;
mod error;
mod export;
mod log;
mod mark;
mod open;
mod passage;
mod people;
mod records;
mod rows;
mod search;
mod settings;
mod timeline;
mod vanish;
mod write;

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use protocol::ids::StoreId;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, QueryResult, Statement, Value};
use serde::de::DeserializeOwned;
use tokio::sync::{Mutex, Notify};

use crate::vault::DatabaseKey;

pub use check::Checked;
pub use conversations::{ConversationRow, UNREAD_MOST};
pub use drafts::Draft;
pub use error::Error;
pub use export::Exported;
pub use mark::Marks;
pub use passage::Passed;
pub use records::Record;
pub use search::{Hit, Hits, Peer, Words, fold};
pub use timeline::Page;

use write::Writer;

/// The database file within the data folder.
pub(crate) const FILE: &str = "confab.db";

/// How a store is opened.
#[derive(Debug, Clone, Default)]
pub struct Options {
    pub marks: Marks,
}

/// The store of one node. Cheap to clone; every clone is the same database.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    path: PathBuf,
    writer: Mutex<Writer>,
    readers: DatabaseConnection,
    searcher: DatabaseConnection,
    mark: mark::Mark,
    store_id: StoreId,
    rev: AtomicU64,
    restored: bool,
    copied: Option<PathBuf>,
    index: search::Index,
    /// Rings when a message may go earlier than was known.
    due_changed: Notify,
}

impl Store {
    /// Opens the database of the data folder, or makes it; [`Options`] are the default ones.
    ///
    /// # Errors
    /// See [`Store::open_with`].
    pub async fn open(dir: &Path, key: &DatabaseKey) -> Result<Self, Error> {
        Self::open_with(dir, key, &Options::default()).await
    }

    /// Opens the database of the data folder, or makes it. Brings an older one to this version, after copying it.
    /// The caller holds the folder's lock.
    ///
    /// # Errors
    /// Another key, a damaged file, a newer version, a disk that is full or cannot be written.
    pub async fn open_with(dir: &Path, key: &DatabaseKey, options: &Options) -> Result<Self, Error> {
        open::open(dir, key, options).await
    }

    /// Made with the database; a copy of the file has the same.
    pub fn store_id(&self) -> StoreId {
        self.0.store_id
    }

    /// How many batches were committed.
    pub fn rev(&self) -> u64 {
        self.0.rev.load(Ordering::Acquire)
    }

    /// This file is an old copy: the same database once got further. It stays so until the first commit after it.
    pub fn restored(&self) -> bool {
        self.0.restored
    }

    /// Where the database of the version before was kept when it was opened by this one.
    pub fn copied(&self) -> Option<&Path> {
        self.0.copied.as_deref()
    }

    /// Where the database is.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// Writes everything into the database file proper and lets go of it; later calls fail.
    ///
    /// # Errors
    /// A disk that failed. What was committed stays committed.
    pub async fn close(&self) -> Result<(), Error> {
        let writer = self.0.writer.lock().await;
        self.0.readers.close_by_ref().await?;
        self.0.searcher.close_by_ref().await?;
        let checkpoint = writer.checkpoint().await;
        writer.close().await?;
        let mark = self.0.mark.clone();
        // The thread that writes the mark cannot panic with the lock held; a join error only says that we end.
        drop(tokio::task::spawn_blocking(move || mark.close()).await);
        checkpoint
    }

    async fn all<T: DeserializeOwned>(&self, sql: &str, values: Vec<Value>) -> Result<Vec<T>, Error> {
        rows::all(&self.0.readers, sql, values).await
    }

    async fn one<T: DeserializeOwned>(&self, sql: &str, values: Vec<Value>) -> Result<Option<T>, Error> {
        rows::one(&self.0.readers, sql, values).await
    }

    async fn row(&self, sql: &'static str, values: Vec<Value>) -> Result<Option<QueryResult>, Error> {
        Ok(self.0.readers.query_one_raw(statement(sql, values)).await?)
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("path", &self.0.path).field("rev", &self.rev()).finish_non_exhaustive()
    }
}

fn statement(sql: impl Into<String>, values: Vec<Value>) -> Statement {
    Statement::from_sql_and_values(DbBackend::Sqlite, sql.into(), values)
}

/// SQLite's integers are signed; every number that is stored here stays far below 2^63.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

#[cfg(test)]
mod tests;
