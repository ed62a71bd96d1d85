//! A draft may answer a message.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared("ALTER TABLE draft ADD COLUMN reply BLOB").await?;
        Ok(())
    }

    // SQLite runs schema changes in transactions, so a crash leaves the old schema or the new one.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
