//! Table `item`.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "item")]
pub(in crate::store) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(in crate::store) no: i64,
    pub(in crate::store) conversation: i64,
    pub(in crate::store) ord: i64,
    pub(in crate::store) chain: i64,
    pub(in crate::store) seq: i64,
    pub(in crate::store) id: Vec<u8>,
    pub(in crate::store) show: i64,
    pub(in crate::store) face: Vec<u8>,
    pub(in crate::store) ttl: i64,
    pub(in crate::store) due: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}
