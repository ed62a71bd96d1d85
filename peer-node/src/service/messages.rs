//! Messages: write, look back, mark as read, show that one is writing.

use protocol::ids::{ConversationId, MsgId};

use super::{Error, History, Message, Service, Stretch};

impl Service {
    /// Writes a message; it is stored here when this returns. The same `id` twice writes once.
    ///
    /// # Errors
    /// An empty or too long text, an unknown conversation, a person who is blocked or whose keys changed.
    pub async fn send(&self, to: ConversationId, text: &str, id: Option<MsgId>) -> Result<Message, Error> {
        let _ = (to, text, id);
        match *self.open().await? {}
    }

    /// At most `limit` messages of a stretch, oldest first.
    ///
    /// # Errors
    /// When there is no such conversation, or not the message that the stretch is around.
    pub async fn history(
        &self,
        of: ConversationId,
        stretch: Stretch,
        limit: usize,
    ) -> Result<History, Error> {
        let _ = (of, stretch, limit);
        match *self.open().await? {}
    }

    /// # Errors
    /// When there is no such message.
    pub async fn message(&self, of: ConversationId, id: MsgId) -> Result<Message, Error> {
        let _ = (of, id);
        match *self.open().await? {}
    }

    /// Everything up to `up_to`, or up to the newest, was seen.
    ///
    /// # Errors
    /// When there is no such conversation or message.
    pub async fn mark_read(&self, of: ConversationId, up_to: Option<MsgId>) -> Result<(), Error> {
        let _ = (of, up_to);
        match *self.open().await? {}
    }

    /// Shows the other that one is writing, if both allow it.
    ///
    /// # Errors
    /// When there is no such conversation.
    pub async fn typing(&self, of: ConversationId, active: bool) -> Result<(), Error> {
        let _ = (of, active);
        match *self.open().await? {}
    }
}
