//! Records: what the machine keeps for itself, opaque here.

use std::collections::BTreeMap;

use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, sea_query::OnConflict};

use super::{
    Error, Store,
    entity::record::{ActiveModel, Column, Entity},
    write::{CHUNK, Transaction, insert},
};

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
    /// All records of the machine, by key.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn records(&self) -> Result<Vec<(Vec<u8>, Vec<u8>)>, Error> {
        let rows = Entity::find().order_by_asc(Column::Key).all(&self.0.readers).await?;
        Ok(rows.into_iter().map(|row| (row.key, row.value)).collect())
    }
}
