//! Table `draft`.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "draft")]
pub(in crate::store) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(in crate::store) conversation: Vec<u8>,
    pub(in crate::store) text: String,
    pub(in crate::store) reply: Option<Vec<u8>>,
}

impl ActiveModelBehavior for ActiveModel {}
