//! People that this node knows.

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
CREATE TABLE person (
    user         BLOB PRIMARY KEY,
    username     TEXT    NOT NULL,
    relation     INTEGER NOT NULL,
    keys         INTEGER NOT NULL,
    account_key  BLOB    NOT NULL,
    since        INTEGER NOT NULL,
    conversation BLOB    NOT NULL,
    replaces     BLOB
) STRICT;
CREATE INDEX person_username ON person (username);
";
