//! Drafts: what was typed into a conversation and not sent yet.

use protocol::ids::ConversationId;
use sea_orm::{ActiveValue::Set, EntityTrait, sea_query::OnConflict};

use super::{
    Error, Store,
    entity::draft::{ActiveModel, Column, Entity},
};

impl Store {
    /// The draft of a conversation; empty if there is none.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn draft(&self, conversation: ConversationId) -> Result<String, Error> {
        let row = Entity::find_by_id(conversation.0.to_vec()).one(&self.0.readers).await?;
        Ok(row.map(|row| row.text).unwrap_or_default())
    }

    /// Keeps a draft; an empty one takes it away.
    ///
    /// # Errors
    /// A database that cannot be written.
    pub async fn set_draft(&self, conversation: ConversationId, text: &str) -> Result<(), Error> {
        let id = conversation.0.to_vec();
        let writer = self.0.writer.lock().await;
        if text.is_empty() {
            Entity::delete_by_id(id).exec(writer.db()).await?;
        } else {
            let row = ActiveModel { conversation: Set(id), text: Set(text.to_owned()) };
            let newest = OnConflict::column(Column::Conversation).update_column(Column::Text).to_owned();
            Entity::insert(row).on_conflict(newest).exec_without_returning(writer.db()).await?;
        }
        Ok(())
    }
}
