//! Table `event`.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "event")]
pub(in crate::store) struct Model {
    #[sea_orm(primary_key)]
    pub(in crate::store) no: i64,
    pub(in crate::store) chain: i64,
    pub(in crate::store) seq: i64,
    pub(in crate::store) header: Vec<u8>,
    pub(in crate::store) signature: Vec<u8>,
    pub(in crate::store) body: Option<Vec<u8>>,
}

impl ActiveModelBehavior for ActiveModel {}
