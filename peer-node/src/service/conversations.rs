//! Conversations: the list and one of it.

use protocol::ids::ConversationId;

use super::{Conversation, Error, Service};

impl Service {
    /// All conversations, the newest first; requests are among them, with their relation.
    ///
    /// # Errors
    /// When the node is not open.
    pub async fn conversations(&self) -> Result<Vec<Conversation>, Error> {
        match *self.open().await? {}
    }

    /// # Errors
    /// When there is no such conversation.
    pub async fn conversation(&self, id: ConversationId) -> Result<Conversation, Error> {
        let _ = id;
        match *self.open().await? {}
    }

    /// Keeps what is being written; an empty text removes it.
    ///
    /// # Errors
    /// When there is no such conversation.
    pub async fn set_draft(&self, id: ConversationId, text: &str) -> Result<(), Error> {
        let _ = (id, text);
        match *self.open().await? {}
    }
}
