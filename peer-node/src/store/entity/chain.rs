//! Table `chain`.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "chain")]
pub(in crate::store) struct Model {
    #[sea_orm(primary_key)]
    pub(in crate::store) no: i64,
    pub(in crate::store) id: Vec<u8>,
    pub(in crate::store) conversation: i64,
}

impl ActiveModelBehavior for ActiveModel {}
