//! Drafts: what was typed into a conversation and not sent yet.

use protocol::ids::ConversationId;
use sea_orm::ConnectionTrait;

use super::{Error, Store, statement};

impl Store {
    /// The draft of a conversation; empty if there is none.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn draft(&self, conversation: ConversationId) -> Result<String, Error> {
        let sql = "SELECT text FROM draft WHERE conversation = ?";
        match self.row(sql, vec![conversation.0.to_vec().into()]).await? {
            Some(row) => Ok(row.try_get_by_index(0)?),
            None => Ok(String::new()),
        }
    }

    /// Keeps a draft; an empty one takes it away.
    ///
    /// # Errors
    /// A database that cannot be written.
    pub async fn set_draft(&self, conversation: ConversationId, text: &str) -> Result<(), Error> {
        let id = conversation.0.to_vec();
        let change = if text.is_empty() {
            statement("DELETE FROM draft WHERE conversation = ?", vec![id.into()])
        } else {
            let sql = "INSERT INTO draft (conversation, text) VALUES (?, ?)
                       ON CONFLICT (conversation) DO UPDATE SET text = excluded.text";
            statement(sql, vec![id.into(), text.into()])
        };
        self.0.writer.lock().await.db().execute_raw(change).await?;
        Ok(())
    }
}
