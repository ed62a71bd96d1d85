//! Opening: connections, the version of the schema, the copy before a change of it, the high-water mark.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use migrations::node::NodeMigrator;
use protocol::ids::StoreId;
use rand::{TryRng, rngs::SysRng};
use sea_orm::{
    ActiveValue::Set,
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, EntityTrait,
    sqlx::{
        ConnectOptions as _,
        sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
    },
};
use sea_orm_migration::MigratorTrait;
use tokio::sync::{Mutex, Notify};

use crate::vault::{DatabaseKey, private_file, sync_folder};

use super::{
    Error, FILE, Inner, Options, Store, entity, mark::Mark, search::Index, statement, unsigned, write::Writer,
};

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Write,
    /// Pages of histories and lists.
    Read,
    /// Searches only: they read the same parts of the index again and again.
    Search,
}

impl Purpose {
    /// How many connections. They take turns, and each has a memory of its own: more than are busy at once only forget.
    fn connections(self) -> u32 {
        match self {
            Self::Write | Self::Search => 1,
            Self::Read => 3,
        }
    }

    /// Each page that is not in memory is decrypted. At most so many KiB for each connection; those of readers are given
    /// back when they were idle for a minute.
    fn memory(self) -> u32 {
        match self {
            Self::Write => 2 << 10,
            Self::Read => 12 << 10,
            // A search of a million messages reads some hundred pages.
            Self::Search => 48 << 10,
        }
    }
}

pub(super) async fn open(dir: &Path, key: &DatabaseKey, options: &Options) -> Result<Store, Error> {
    let path = dir.join(FILE);
    // SQLite gives the files beside it the permissions of this one.
    private_file(&path, false).map_err(|source| file("open the database", &path, source))?;
    let writer = connect(&path, key, Purpose::Write).await.map_err(|error| wrong_key(error, &path))?;
    let opened = prepare(writer.clone(), &path, key, options).await;
    if opened.is_err() {
        // The error that was found says more than one from closing.
        drop(writer.close().await);
    }
    opened
}

async fn prepare(
    writer: DatabaseConnection,
    path: &Path,
    key: &DatabaseKey,
    options: &Options,
) -> Result<Store, Error> {
    let copied = migrate(&writer, path).await?;
    let (store_id, rev) = identity(&writer).await?;
    let (mark, reached) = Mark::open(&options.marks, store_id);
    let restored = reached.is_some_and(|reached| reached > rev);
    if restored {
        tracing::warn!(
            "the data folder is an old copy; this node begins anew where the copy cannot know what came after"
        );
    }
    // A copy goes on above everything the mark has seen, or the next old copy would not be noticed.
    let rev = reached.unwrap_or(0).max(rev);
    let index = Index::open(&writer).await?;
    let readers = connect(path, key, Purpose::Read).await?;
    let searcher = connect(path, key, Purpose::Search).await?;
    let writer = Writer::new(writer, path, key, rev).await?;
    Ok(Store(Arc::new(Inner {
        path: path.to_owned(),
        writer: Mutex::new(writer),
        readers,
        searcher,
        mark,
        store_id,
        rev: AtomicU64::new(rev),
        restored,
        copied,
        index,
        due_changed: Notify::new(),
    })))
}

pub(super) async fn connect(
    path: &Path,
    key: &DatabaseKey,
    purpose: Purpose,
) -> Result<DatabaseConnection, Error> {
    // The options that sea-orm knows about are printed by its spans at TRACE, so the key must not stand in them.
    let mut options = ConnectOptions::new("sqlite::memory:");
    let sqlite = sqlite_options(path, key, purpose);
    let reads = purpose != Purpose::Write;
    options
        .sqlx_logging(false)
        .record_stmt_in_spans(false)
        .max_connections(purpose.connections())
        .test_before_acquire(false)
        .max_lifetime(None::<Duration>)
        .idle_timeout(reads.then_some(Duration::from_secs(60)))
        .acquire_timeout(Duration::from_secs(30))
        .connect_lazy(reads)
        .map_sqlx_sqlite_opts(move |_| sqlite.clone());
    Ok(Database::connect(options).await?)
}

fn sqlite_options(path: &Path, key: &DatabaseKey, purpose: Purpose) -> SqliteConnectOptions {
    // The second pragma has to come before the file is read, too: SQLCipher would tell standard error about a wrong
    // key, beside the sentence that we have for it.
    let key = format!("{}; PRAGMA cipher_log_level = NONE", *key.pragma());
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .pragma("key", key)
        .busy_timeout(Duration::from_secs(5))
        .foreign_keys(true)
        .pragma("temp_store", "memory")
        .pragma("cache_size", format!("-{}", purpose.memory()))
        .disable_statement_logging();
    if purpose != Purpose::Write {
        return options.pragma("query_only", "on");
    }
    options
        .journal_mode(SqliteJournalMode::Wal)
        // NORMAL may lose the last commits on a power cut, and a ratchet with them.
        .synchronous(SqliteSynchronous::Full)
        .pragma("secure_delete", "on")
        // Copying the log back costs two more flushes; 16 MiB of it are read as fast as 4.
        .pragma("wal_autocheckpoint", "4000")
        .pragma("journal_size_limit", "16777216")
}

fn wrong_key(error: Error, path: &Path) -> Error {
    match error {
        Error::Damaged(_) => Error::WrongKey(path.to_owned()),
        other => other,
    }
}

/// Brings the schema to this version. Says where the copy of the one before is, if there was one.
async fn migrate(db: &DatabaseConnection, path: &Path) -> Result<Option<PathBuf>, Error> {
    let known: Vec<String> =
        NodeMigrator::get_migration_files().iter().map(|step| step.name().to_owned()).collect();
    let applied = applied(db).await?;
    if applied.iter().any(|step| !known.contains(step)) {
        return Err(Error::Newer { path: path.to_owned(), copy: earlier_copy(path) });
    }
    let Some(first) = known.iter().find(|step| !applied.contains(step)) else { return Ok(None) };
    let copy = if applied.is_empty() { None } else { Some(keep_copy(db, path, first).await?) };
    NodeMigrator::up(db, None).await?;
    if let Some(copy) = &copy {
        tracing::info!(
            copy = %copy.display(),
            "the database was brought to this version; to go back: stop Confab, remove {FILE}, {FILE}-wal and \
             {FILE}-shm, rename the copy to {FILE}, start the older version"
        );
    }
    Ok(copy)
}

async fn applied(db: &DatabaseConnection) -> Result<Vec<String>, Error> {
    let table = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'seaql_migrations'";
    if db.query_one_raw(statement(table, vec![])).await?.is_none() {
        return Ok(Vec::new());
    }
    let rows =
        db.query_all_raw(statement("SELECT version FROM seaql_migrations ORDER BY version", vec![])).await?;
    rows.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
}

const COPY: &str = "confab.db.before-";

/// A whole copy of the database file as it is now, under the same key.
async fn keep_copy(db: &DatabaseConnection, path: &Path, step: &str) -> Result<PathBuf, Error> {
    // Everything into the one file; nobody else has the folder, and this connection is the only one.
    db.query_one_raw(statement("PRAGMA wal_checkpoint(TRUNCATE)", vec![])).await?;
    let copy = path.with_file_name(format!("{COPY}{step}"));
    let part = path.with_file_name(format!("{COPY}{step}.part"));
    let (from, to, done) = (path.to_owned(), part.clone(), copy.clone());
    let copying = move || -> io::Result<()> {
        let mut target = private_file(&to, true)?;
        io::copy(&mut fs::File::open(&from)?, &mut target)?;
        target.sync_all()?;
        fs::rename(&to, &done)
    };
    let copied =
        tokio::task::spawn_blocking(copying).await.unwrap_or_else(|error| Err(io::Error::other(error)));
    if let Err(source) = copied {
        drop(fs::remove_file(&part));
        return Err(file("copy the database, before bringing it to this version, to", &copy, source));
    }
    if let Some(dir) = copy.parent() {
        sync_folder(dir).map_err(|error| file("sync", dir, io::Error::other(error)))?;
    }
    Ok(copy)
}

fn earlier_copy(path: &Path) -> Option<PathBuf> {
    let mut copies: Vec<PathBuf> = fs::read_dir(path.parent()?)
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(COPY))
                && path.extension().is_none_or(|extension| extension != "part")
        })
        .collect();
    copies.sort();
    copies.pop()
}

/// The id and the revision of the database; a new one gets an id.
async fn identity(db: &DatabaseConnection) -> Result<(StoreId, u64), Error> {
    if let Some(row) = entity::store::Entity::find().one(db).await? {
        let id = StoreId::try_from(row.store_id.as_slice())
            .map_err(|_| Error::Damaged("its name is not whole"))?;
        return Ok((id, unsigned(row.rev)));
    }
    let mut id = StoreId([0; 16]);
    SysRng.try_fill_bytes(&mut id.0).map_err(|_| Error::Disk("no random numbers".to_owned()))?;
    let row = entity::store::ActiveModel { one: Set(1), store_id: Set(id.0.to_vec()), rev: Set(0) };
    entity::store::Entity::insert(row).exec_without_returning(db).await?;
    Ok((id, 0))
}

fn file(doing: &'static str, path: &Path, source: io::Error) -> Error {
    if source.kind() == io::ErrorKind::StorageFull {
        return Error::Full;
    }
    Error::File { doing, path: path.to_owned(), source }
}
