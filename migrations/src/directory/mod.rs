//! The database of a directory (SQLite, and PostgreSQL when that is outgrown): one file for each step, applied in this
//! order, never changed after a release. Identifiers are text in hexadecimal, times are milliseconds since 1970.

mod m20261121_000001_accounts;
mod m20261121_000002_sessions;
mod m20261121_000003_keys;
mod m20261121_000004_letters;
mod m20261121_000005_blocks;

use sea_orm_migration::prelude::*;

/// Brings the database of a directory to this version.
#[derive(Debug)]
pub struct DirectoryMigrator;

#[async_trait::async_trait]
impl MigratorTrait for DirectoryMigrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261121_000001_accounts::Migration),
            Box::new(m20261121_000002_sessions::Migration),
            Box::new(m20261121_000003_keys::Migration),
            Box::new(m20261121_000004_letters::Migration),
            Box::new(m20261121_000005_blocks::Migration),
        ]
    }
}
