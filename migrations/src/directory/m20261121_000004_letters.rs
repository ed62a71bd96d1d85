//! The letter box: sealed letters that wait for a device.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("letter")
            .col(string_len("id", 32))
            .col(string_len("recipient", 32))
            .col(string_len("device", 64))
            .col(string_len("sender", 32))
            .col(blob("sealed"))
            .col(big_integer("created"))
            .primary_key(Index::create().col("recipient").col("id"))
            .foreign_key(
                ForeignKey::create()
                    .name("letter_recipient")
                    .from("letter", "recipient")
                    .to("account", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .foreign_key(
                ForeignKey::create()
                    .name("letter_sender")
                    .from("letter", "sender")
                    .to("account", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned();
        manager.create_table(table).await?;
        // One letter for each pair.
        let pair = Index::create()
            .name("letter_pair")
            .table("letter")
            .col("sender")
            .col("recipient")
            .unique()
            .to_owned();
        manager.create_index(pair).await?;
        let by_age = Index::create().name("letter_created").table("letter").col("created").to_owned();
        manager.create_index(by_age).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("letter").to_owned()).await
    }

    // A crash leaves the old schema or the new one.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
