//! The search index takes the words of a forgotten message out at once, wherever in the index they stand: rows that are
//! deleted with their words, securely, instead of by a note that is merged away some day. The node fills it anew.

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
DROP TABLE search;
CREATE VIRTUAL TABLE search USING fts5 (
    text,
    place,     -- the number of the conversation, as a word
    content = '',
    prefix = '1 2',
    tokenize = 'unicode61 remove_diacritics 2'
);
INSERT INTO search (search, rank) VALUES ('secure-delete', 1);
DELETE FROM setting WHERE key = 'search-index';
";
