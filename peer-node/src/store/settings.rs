//! Settings of this node: small values by name, kept as JSON.

use sea_orm::{ActiveValue::Set, EntityTrait, sea_query::OnConflict};
use serde::{Serialize, de::DeserializeOwned};

use super::{
    Error, Store,
    entity::setting::{ActiveModel, Column, Entity},
};

impl Store {
    /// A setting, if it was ever set.
    ///
    /// # Errors
    /// A database that cannot be read, or a value of another shape.
    pub async fn setting<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, Error> {
        let Some(row) = Entity::find_by_id(key).one(&self.0.readers).await? else { return Ok(None) };
        serde_json::from_str(&row.value).map(Some).map_err(|_| Error::Damaged("a setting has another shape"))
    }

    /// Sets a setting; durable when this returns.
    ///
    /// # Errors
    /// A database that cannot be written.
    pub async fn set_setting<T: Serialize + Sync>(&self, key: &str, value: &T) -> Result<(), Error> {
        let value = serde_json::to_string(value).map_err(|_| Error::Damaged("a setting has no JSON"))?;
        self.set_setting_json(key, value).await
    }

    pub(super) async fn set_setting_json(&self, key: &str, value: String) -> Result<(), Error> {
        let row = ActiveModel { key: Set(key.to_owned()), value: Set(value) };
        let newest = OnConflict::column(Column::Key).update_column(Column::Value).to_owned();
        let writer = self.0.writer.lock().await;
        Entity::insert(row).on_conflict(newest).exec_without_returning(writer.db()).await?;
        Ok(())
    }
}
