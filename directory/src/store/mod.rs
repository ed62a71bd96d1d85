//! The store: what a directory remembers over restarts. Other rooms see rows of its own types, never sea-orm's.

mod accounts;
mod entity;
mod keys;
mod letters;

use std::{path::Path, time::Duration};

use migrations::directory::DirectoryMigrator;
use sea_orm::{
    ConnectOptions, Database, DatabaseConnection, DatabaseTransaction, DbErr, RuntimeErr, SqlErr,
    SqliteTransactionMode, TransactionOptions, TransactionTrait,
    sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous},
};
use sea_orm_migration::MigratorTrait;

pub(crate) use accounts::{Account, NewAccount, Taken};
pub(crate) use keys::{Person, Published};
pub(crate) use letters::{Letter, NewLetter, Put};

/// The database: one connection that writes, some that read.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    write: DatabaseConnection,
    read: DatabaseConnection,
}

/// A store that cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("the database can't be opened: {0}")]
    Database(#[from] DbErr),
    #[error("the database was made by a newer version of this program (step {0}); run that version")]
    Newer(String),
}

impl Store {
    /// Opens the database in `folder`, or at `url` (PostgreSQL), and brings it to this version.
    pub(crate) async fn open(folder: &Path, url: Option<&str>) -> Result<Self, OpenError> {
        let store = match url {
            Some(url) => {
                let mut options = ConnectOptions::new(url);
                options.max_connections(8).sqlx_logging(false);
                let both = Database::connect(options).await?;
                Self { write: both.clone(), read: both }
            }
            None => {
                let write = sqlite(folder, 1).await?;
                Self { read: sqlite(folder, 4).await?, write }
            }
        };
        store.migrate().await?;
        Ok(store)
    }

    async fn migrate(&self) -> Result<(), OpenError> {
        DirectoryMigrator::up(&self.write, None).await.map_err(|error| match &error {
            // The only error of this kind: the database names a step that this program has not.
            DbErr::Custom(text) if text.contains("Migration file of version") => {
                let step = text.split('\'').nth(1).unwrap_or("unknown");
                OpenError::Newer(step.to_owned())
            }
            _ => error.into(),
        })
    }

    /// Answers when the database does.
    pub(crate) async fn ping(&self) -> Result<(), DbErr> {
        self.read.ping().await
    }

    pub(crate) async fn close(&self) {
        for database in [&self.read, &self.write] {
            if let Err(error) = database.clone().close().await {
                tracing::warn!(%error, "the database did not close well");
            }
        }
    }

    async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        self.write.begin_with_options(options).await
    }
}

async fn sqlite(folder: &Path, connections: u32) -> Result<DatabaseConnection, DbErr> {
    let path = folder.join("directory.db");
    let mut options = ConnectOptions::new("sqlite:");
    options.max_connections(connections).sqlx_logging(false).map_sqlx_sqlite_opts(move |options| {
        options
            .filename(&path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(5))
            .foreign_keys(true)
            .pragma("temp_store", "memory")
            .pragma("secure_delete", "on")
    });
    Database::connect(options).await
}

fn is_unique(error: &DbErr) -> bool {
    matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_)))
}

/// A row that does not hold what this program wrote.
fn broken(what: &str) -> DbErr {
    DbErr::Query(RuntimeErr::Internal(format!("a stored {what} can't be read")))
}

fn stored_ms(ms: u64) -> i64 {
    i64::try_from(ms).unwrap_or(i64::MAX)
}
