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

use sea_orm_migration::prelude::*;

/// Brings the database of a node to this version.
#[derive(Debug)]
pub struct NodeMigrator;

#[async_trait::async_trait]
impl MigratorTrait for NodeMigrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261121_000001_log::Migration),
            Box::new(m20261121_000002_timeline::Migration),
            Box::new(m20261121_000003_people::Migration),
            Box::new(m20261121_000004_search::Migration),
            Box::new(m20261121_000005_settings::Migration),
            Box::new(m20261121_000006_draft_reply::Migration),
            Box::new(m20261121_000007_search_prefixes::Migration),
            Box::new(m20261121_000008_disappearing::Migration),
            Box::new(m20261121_000009_search_forgets::Migration),
            Box::new(m20261121_000010_passages::Migration),
        ]
    }
}
