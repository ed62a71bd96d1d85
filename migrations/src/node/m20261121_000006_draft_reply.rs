//! A draft may answer a message.

pub(super) const SQL: &str = "ALTER TABLE draft ADD COLUMN reply BLOB";
