//! Accounts: a name, what verifies its password, and who finds it.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("account")
            .col(string_len("id", 32).primary_key())
            .col(string_len_uniq("username", 24))
            // Equal for names that look alike, so that only one of them is given out.
            .col(string_len_uniq("skeleton", 72))
            .col(string_len("password", 255))
            .col(small_integer("visibility"))
            // Grows when every token of the account must stop to hold.
            .col(big_integer("version"))
            .col(big_integer("created"))
            .col(string_len_null("user_id", 64))
            .col(integer("resets"))
            .to_owned();
        manager.create_table(table).await?;
        let by_visibility = Index::create()
            .name("account_visibility")
            .table("account")
            .col("visibility")
            .col("username")
            .to_owned();
        manager.create_index(by_visibility).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("account").to_owned()).await
    }

    // A crash leaves the old schema or the new one.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
