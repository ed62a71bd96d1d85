//! Settings of this node: small values by name, kept as JSON.

use sea_orm::ConnectionTrait;
use serde::{Serialize, de::DeserializeOwned};

use super::{Error, Store, statement};

impl Store {
    /// A setting, if it was ever set.
    ///
    /// # Errors
    /// A database that cannot be read, or a value of another shape.
    pub async fn setting<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, Error> {
        let row = self.row("SELECT value FROM setting WHERE key = ?", vec![key.into()]).await?;
        let Some(row) = row else { return Ok(None) };
        let value: String = row.try_get_by_index(0)?;
        serde_json::from_str(&value).map(Some).map_err(|_| Error::Damaged("a setting has another shape"))
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
        let sql = "INSERT INTO setting (key, value) VALUES (?, ?)
                   ON CONFLICT (key) DO UPDATE SET value = excluded.value";
        let writer = self.0.writer.lock().await;
        writer.db().execute_raw(statement(sql, vec![key.into(), value.into()])).await?;
        Ok(())
    }
}
