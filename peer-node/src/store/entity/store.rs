//! Table `store`.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "store")]
pub(in crate::store) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(in crate::store) one: i64,
    pub(in crate::store) store_id: Vec<u8>,
    pub(in crate::store) rev: i64,
}

impl ActiveModelBehavior for ActiveModel {}
