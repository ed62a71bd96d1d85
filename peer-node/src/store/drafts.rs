//! Drafts: what was typed into a conversation and not sent yet.

use std::collections::BTreeMap;

use protocol::ids::{ConversationId, MsgId};
use sea_orm::{ActiveValue::Set, EntityTrait, sea_query::OnConflict};

use super::{
    Error, Store,
    entity::draft::{ActiveModel, Column, Entity},
};

/// What is being written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Draft {
    pub text: String,
    /// The message that it answers.
    pub reply: Option<MsgId>,
}

impl Draft {
    /// There is nothing to keep.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty() && self.reply.is_none()
    }
}

fn read(text: String, reply: Option<Vec<u8>>) -> Draft {
    Draft { text, reply: reply.and_then(|id| MsgId::try_from(id.as_slice()).ok()) }
}

impl Store {
    /// The draft of a conversation; empty if there is none.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn draft(&self, conversation: ConversationId) -> Result<Draft, Error> {
        let row = Entity::find_by_id(conversation.0.to_vec()).one(&self.0.readers).await?;
        Ok(row.map_or_else(Draft::default, |row| read(row.text, row.reply)))
    }

    /// The drafts of all conversations that have one.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn drafts(&self) -> Result<BTreeMap<ConversationId, Draft>, Error> {
        let rows = Entity::find().all(&self.0.readers).await?;
        let drafts = rows.into_iter().map(|row| {
            let id = ConversationId::try_from(row.conversation.as_slice())
                .map_err(|_| Error::Damaged("a conversation has no name"))?;
            Ok((id, read(row.text, row.reply)))
        });
        drafts.collect()
    }

    /// Keeps a draft; an empty one takes it away.
    ///
    /// # Errors
    /// A database that cannot be written.
    pub async fn set_draft(&self, conversation: ConversationId, draft: &Draft) -> Result<(), Error> {
        let id = conversation.0.to_vec();
        let writer = self.0.writer.lock().await;
        if draft.is_empty() {
            Entity::delete_by_id(id).exec(writer.db()).await?;
        } else {
            let row = ActiveModel {
                conversation: Set(id),
                text: Set(draft.text.clone()),
                reply: Set(draft.reply.map(|id| id.0.to_vec())),
            };
            let newest = OnConflict::column(Column::Conversation)
                .update_columns([Column::Text, Column::Reply])
                .to_owned();
            Entity::insert(row).on_conflict(newest).exec_without_returning(writer.db()).await?;
        }
        Ok(())
    }
}
