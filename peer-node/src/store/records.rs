//! Records: what the machine keeps for itself, opaque here.

use std::collections::BTreeMap;

use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, sea_query::OnConflict,
};

use super::{
    Error, Store,
    entity::record::{ActiveModel, Column, Entity},
    statement,
    write::{CHUNK, Transaction, insert},
};

/// A record: its key, its value.
pub type Record = (Vec<u8>, Vec<u8>);

// Some hundred records as one value, so that they pass from SQLite's thread to ours at once (see `rows`): of each the
// lengths of its key and its value in hexadecimal digits, then the two.
const AFTER: &str =
    "SELECT CAST(group_concat(printf('%08x%08x', length(key), length(value)) || key || value, '') AS BLOB)
    FROM (SELECT key, value FROM record WHERE key > ? ORDER BY key LIMIT 400)";

pub(super) async fn write(
    tx: &Transaction<'_>,
    records: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
) -> Result<(), Error> {
    let (mut put, mut gone) = (Vec::new(), Vec::new());
    for (key, value) in records {
        match value {
            Some(value) => put.push(ActiveModel { key: Set(key), value: Set(value) }),
            None => gone.push(key),
        }
    }
    let replace = OnConflict::column(Column::Key).update_column(Column::Value).to_owned();
    insert(&tx.db, put, Some(replace)).await?;
    for gone in gone.chunks(CHUNK) {
        Entity::delete_many().filter(Column::Key.is_in(gone.iter().cloned())).exec(&tx.db).await?;
    }
    Ok(())
}

impl Store {
    /// Records of the machine in the order of their keys, from after a key on: some hundred, none at the end.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn records_after(&self, key: &[u8]) -> Result<Vec<Record>, Error> {
        // Over this connection, as it is the only one that is open at the start.
        let mut writer = self.0.writer.lock().await;
        // It may have broken off: this is how it comes back.
        writer.settle().await?;
        after(writer.db(), key).await
    }

    /// All records of the machine as they are at one moment, by key.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn records(&self) -> Result<Vec<Record>, Error> {
        let mut all: Vec<Record> = Vec::new();
        // Nothing is written meanwhile.
        let mut writer = self.0.writer.lock().await;
        writer.settle().await?;
        loop {
            let last = all.last().map_or(&[][..], |(key, _)| key);
            let piece = after(writer.db(), last).await?;
            if piece.is_empty() {
                return Ok(all);
            }
            all.extend(piece);
        }
    }
}

async fn after(db: &impl ConnectionTrait, key: &[u8]) -> Result<Vec<Record>, Error> {
    let row = db.query_one_raw(statement(AFTER, vec![key.to_vec().into()])).await?;
    let bytes: Option<Vec<u8>> = row.map(|row| row.try_get_by_index(0)).transpose()?.flatten();
    apart(&bytes.unwrap_or_default()).ok_or(Error::Damaged("a record is not whole"))
}

fn apart(mut bytes: &[u8]) -> Option<Vec<Record>> {
    let mut records = Vec::new();
    while !bytes.is_empty() {
        let mut length = || {
            let (digits, rest) = bytes.split_at_checked(8)?;
            bytes = rest;
            usize::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
        };
        let (key, value) = (length()?, length()?);
        let (key, rest) = bytes.split_at_checked(key)?;
        let (value, rest) = rest.split_at_checked(value)?;
        records.push((key.to_vec(), value.to_vec()));
        bytes = rest;
    }
    Some(records)
}
