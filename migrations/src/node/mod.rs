//! The encrypted database of a peer node (SQLite only): one file for each step, applied in this order, never changed
//! after a release.

mod m20261121_000001_log;
mod m20261121_000002_timeline;
mod m20261121_000003_people;
mod m20261121_000004_search;
mod m20261121_000005_settings;
mod m20261121_000006_draft_reply;
mod m20261121_000007_search_prefixes;
mod m20261121_000008_disappearing;
mod m20261121_000009_search_forgets;
mod m20261121_000010_passages;
mod m20261121_000011_unread_from;

use sea_orm_migration::prelude::*;

/// Brings the database of a node to this version.
#[derive(Debug)]
pub struct NodeMigrator;

/// One step: its name, by which the database remembers it, and what it runs.
struct Step {
    name: &'static str,
    sql: &'static str,
}

impl MigrationName for Step {
    fn name(&self) -> &str {
        self.name
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(self.sql).await?;
        Ok(())
    }

    // SQLite runs schema changes in transactions, so a crash leaves the old schema or the new one.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

macro_rules! steps {
    ($($file:ident,)*) => {
        vec![$(Box::new(Step { name: stringify!($file), sql: $file::SQL })),*]
    };
}

#[async_trait::async_trait]
impl MigratorTrait for NodeMigrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        steps![
            m20261121_000001_log,
            m20261121_000002_timeline,
            m20261121_000003_people,
            m20261121_000004_search,
            m20261121_000005_settings,
            m20261121_000006_draft_reply,
            m20261121_000007_search_prefixes,
            m20261121_000008_disappearing,
            m20261121_000009_search_forgets,
            m20261121_000010_passages,
            m20261121_000011_unread_from,
        ]
    }
}
