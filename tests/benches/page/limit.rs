//! The limit of search: the same words in the same index of a plain SQLite, asked on a thread that does nothing else. No
//! encryption, no page, no excerpt: only the query and the texts that it names.

use std::path::Path;

use anyhow::Result;
use peer_node::store::fold;
use rusqlite::{Connection, params};

const SCHEMA: &str = "
    CREATE TABLE item (no INTEGER PRIMARY KEY, text TEXT NOT NULL);
    CREATE VIRTUAL TABLE search USING fts5 (
        text, place, content = '', contentless_delete = 1, prefix = '1 2', tokenize = 'unicode61 remove_diacritics 2'
    );";
const HITS: &str = "SELECT i.no, i.text
    FROM (SELECT rowid AS no FROM search WHERE search MATCH ?1 ORDER BY rowid DESC LIMIT ?2) s
    CROSS JOIN item i ON i.no = s.no ORDER BY i.no DESC";

pub(crate) struct Limit {
    db: Connection,
    rows: u64,
}

impl Limit {
    pub(crate) fn create(file: &Path) -> Result<Self> {
        let db = Connection::open(file)?;
        // It is made anew when it did not end well.
        db.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;")?;
        db.execute_batch(SCHEMA)?;
        db.execute_batch("BEGIN")?;
        Ok(Self { db, rows: 0 })
    }

    pub(crate) fn open(file: &Path) -> Result<Self> {
        Ok(Self { db: Connection::open(file)?, rows: 0 })
    }

    pub(crate) fn add(&mut self, chat: usize, text: &str) -> Result<()> {
        self.rows += 1;
        let no = self.rows.cast_signed();
        self.db.prepare_cached("INSERT INTO item (no, text) VALUES (?1, ?2)")?.execute(params![no, text])?;
        let sql = "INSERT INTO search (rowid, text, place) VALUES (?1, ?2, ?3)";
        self.db.prepare_cached(sql)?.execute(params![no, fold(text), format!("c{chat}")])?;
        if self.rows.is_multiple_of(1_000) {
            self.db.execute_batch("COMMIT; BEGIN")?;
        }
        Ok(())
    }

    pub(crate) fn finish(self) -> Result<()> {
        self.db.execute_batch("COMMIT; PRAGMA wal_checkpoint(TRUNCATE);")?;
        Ok(())
    }

    /// Asks in FTS5's own language; gives how many rows came.
    pub(crate) fn search(&self, pattern: &str, limit: usize) -> Result<usize> {
        let mut statement = self.db.prepare_cached(HITS)?;
        let mut rows = statement.query(params![pattern, limit.cast_signed()])?;
        let mut count = 0;
        while let Some(row) = rows.next()? {
            std::hint::black_box(row.get::<_, String>(1)?);
            count += 1;
        }
        Ok(count)
    }
}
