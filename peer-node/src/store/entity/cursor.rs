//! Table `cursor`.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "cursor")]
pub(in crate::store) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(in crate::store) conversation: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(in crate::store) reader: Vec<u8>,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(in crate::store) chain: i64,
    pub(in crate::store) delivered: i64,
    pub(in crate::store) read: i64,
}

impl ActiveModelBehavior for ActiveModel {}
