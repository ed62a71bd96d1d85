//! Keys: the newest profile of an account, and every user that its name ever stood for.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let keys = Table::create()
            .table("profile")
            .col(string_len("account", 32).primary_key())
            .col(blob("profile"))
            .col(big_integer("published"))
            .foreign_key(
                ForeignKey::create()
                    .name("profile_account")
                    .from("profile", "account")
                    .to("account", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned();
        manager.create_table(keys).await?;
        // A reset gives an account another user; contacts who know the old one must find the new one.
        let users = Table::create()
            .table("known_user")
            .col(string_len("user_id", 64).primary_key())
            .col(string_len("account", 32))
            .col(big_integer("since"))
            .foreign_key(
                ForeignKey::create()
                    .name("known_user_account")
                    .from("known_user", "account")
                    .to("account", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned();
        manager.create_table(users).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("known_user").to_owned()).await?;
        manager.drop_table(Table::drop().table("profile").to_owned()).await
    }

    // A crash leaves the old schema or the new one.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
