//! Blocks: whom an account gives the answers that a stranger to its name gets.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("block")
            .col(string_len("owner", 32))
            .col(string_len("blocked", 32))
            .primary_key(Index::create().col("owner").col("blocked"))
            .foreign_key(
                ForeignKey::create()
                    .name("block_owner")
                    .from("block", "owner")
                    .to("account", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .foreign_key(
                ForeignKey::create()
                    .name("block_blocked")
                    .from("block", "blocked")
                    .to("account", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned();
        manager.create_table(table).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("block").to_owned()).await
    }

    // A crash leaves the old schema or the new one.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
