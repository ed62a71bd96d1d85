//! The log: conversations and chains by number, events, and the machine's records.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(SQL).await?;
        Ok(())
    }

    // SQLite runs schema changes in transactions, so a crash leaves the old schema or the new one.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

const SQL: &str = "
CREATE TABLE store (
    one      INTEGER PRIMARY KEY CHECK (one = 1),
    store_id BLOB    NOT NULL,
    rev      INTEGER NOT NULL
) STRICT;

CREATE TABLE conversation (
    no      INTEGER PRIMARY KEY,
    id      BLOB NOT NULL UNIQUE,
    peer    BLOB,     -- the other person; NULL: not a conversation that people see
    created INTEGER
) STRICT;

CREATE TABLE chain (
    no           INTEGER PRIMARY KEY,
    id           BLOB    NOT NULL,
    conversation INTEGER NOT NULL REFERENCES conversation (no),
    UNIQUE (id, conversation)     -- what stands in no chain has the same name everywhere
) STRICT;
CREATE INDEX chain_conversation ON chain (conversation);

CREATE TABLE event (
    no        INTEGER PRIMARY KEY,
    chain     INTEGER NOT NULL REFERENCES chain (no),
    seq       INTEGER NOT NULL,
    header    BLOB    NOT NULL,
    signature BLOB    NOT NULL,
    body      BLOB,     -- NULL: it was taken away later, the header stays
    UNIQUE (chain, seq)
) STRICT;

CREATE TABLE record (
    key   BLOB PRIMARY KEY,
    value BLOB NOT NULL
) STRICT;
";
