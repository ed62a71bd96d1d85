//! Answers of many rows, brought over as one.
//!
//! SQLite runs on a thread of its own, and each row of an answer would pass to ours by itself, with a switch of threads
//! for it. So a statement selects one column `row`, a JSON object that SQLite makes (<https://www.sqlite.org/json1.html>),
//! and all of them come as one array. Bytes are hexadecimal digits in it.

use data_encoding::HEXLOWER_PERMISSIVE;
use sea_orm::{ConnectionTrait, QueryResult, Value};
use serde::{Deserialize, Deserializer, de};

use super::{Error, statement};

/// All rows of an answer, in their order.
pub(super) async fn all<T: de::DeserializeOwned>(
    db: &impl ConnectionTrait,
    sql: &str,
    values: Vec<Value>,
) -> Result<Vec<T>, Error> {
    // The rows are JSON already: put together as text they are not parsed again.
    let sql = format!("SELECT '[' || coalesce(group_concat(row), '') || ']' FROM ({sql})");
    let row = db.query_one_raw(statement(sql, values)).await?;
    row.map_or_else(|| Ok(Vec::new()), |row| read(&row))
}

/// The first row of an answer.
pub(super) async fn one<T: de::DeserializeOwned>(
    db: &impl ConnectionTrait,
    sql: &str,
    values: Vec<Value>,
) -> Result<Option<T>, Error> {
    let row = db.query_one_raw(statement(sql, values)).await?;
    row.map(|row| read(&row)).transpose()
}

fn read<T: de::DeserializeOwned>(row: &QueryResult) -> Result<T, Error> {
    let json: String = row.try_get_by_index(0)?;
    serde_json::from_str(&json).map_err(|_| Error::Damaged("a row is not whole"))
}

/// Bytes, from `hex(column)`.
pub(super) fn bytes<'de, D: Deserializer<'de>, T: TryFrom<Vec<u8>>>(from: D) -> Result<T, D::Error> {
    let digits = std::borrow::Cow::<'de, str>::deserialize(from)?;
    let bytes = HEXLOWER_PERMISSIVE.decode(digits.as_bytes()).map_err(de::Error::custom)?;
    T::try_from(bytes).map_err(|_| de::Error::custom("not as many bytes as there must be"))
}
