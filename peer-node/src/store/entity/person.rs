//! Table `person`.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "person")]
pub(in crate::store) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(in crate::store) user: Vec<u8>,
    pub(in crate::store) username: String,
    pub(in crate::store) relation: i64,
    pub(in crate::store) keys: i64,
    pub(in crate::store) account_key: Vec<u8>,
    pub(in crate::store) since: i64,
    pub(in crate::store) conversation: Vec<u8>,
    pub(in crate::store) replaces: Option<Vec<u8>>,
}

impl ActiveModelBehavior for ActiveModel {}
