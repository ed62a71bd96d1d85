//! Clearing and deleting a chat: on this computer alone. The other person keeps theirs, and is not told.

use protocol::ids::ConversationId;

use super::{
    Conversation, Error, Service,
    feed::Change,
    open::{Open, key},
};

/// How far back own messages that wait are counted.
const WAITING_MOST: usize = 1000;

/// What clearing a chat does, or did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cleared {
    /// Messages that were shown.
    pub messages: u64,
    /// Own ones among them that the other does not have yet: their envelopes stay, so they are still delivered.
    pub waiting: u64,
}

impl Service {
    /// Whether a chat was deleted, and nothing came or was begun since.
    ///
    /// # Errors
    /// When the node is not open.
    pub async fn is_deleted(&self, chat: &Conversation) -> Result<bool, Error> {
        Ok(chat.is_out(&self.open().await?.deleted().await?))
    }

    /// How many own messages of a chat the other does not have yet.
    ///
    /// # Errors
    /// When there is no such conversation.
    pub async fn undelivered(&self, of: ConversationId) -> Result<u64, Error> {
        let open = self.open().await?;
        open.row(of).await?;
        open.undelivered(of, WAITING_MOST).await
    }

    /// Forgets all messages of a chat, and its draft. What others send later comes as ever.
    ///
    /// # Errors
    /// When there is no such conversation.
    pub async fn clear_conversation(&self, of: ConversationId) -> Result<Cleared, Error> {
        self.forget(of, false).await
    }

    /// Forgets all messages of a chat and takes it out of the list, until somebody writes in it again.
    ///
    /// # Errors
    /// When there is no such conversation, or it is a request that was not answered.
    pub async fn delete_conversation(&self, of: ConversationId) -> Result<Cleared, Error> {
        self.forget(of, true).await
    }

    async fn forget(&self, of: ConversationId, out_of_the_list: bool) -> Result<Cleared, Error> {
        let open = self.open().await?;
        let row = open.row(of).await?;
        // A request is its first message; it is answered, not cleared.
        if row.person.relation == protocol::node::Relation::Asking {
            return Err(Error::NotAnswered);
        }
        let waiting = open.undelivered(of, WAITING_MOST).await?;
        let messages = open.store.clear(of).await?;
        open.set_deleted(of, out_of_the_list).await?;
        open.unsent().change(of);
        self.tell(Change::Cleared { conversation: of });
        Ok(Cleared { messages, waiting })
    }
}

impl Open {
    async fn set_deleted(&self, of: ConversationId, deleted: bool) -> Result<(), Error> {
        let mut all = self.deleted().await?;
        let name = of.to_string();
        if all.contains(&name) != deleted {
            all.retain(|known| *known != name);
            all.extend(deleted.then_some(name));
            self.store.set_setting(key::DELETED, &all).await?;
        }
        Ok(())
    }

    /// Chats that were deleted; the names of those that somebody wrote in since are among them.
    pub(super) async fn deleted(&self) -> Result<Vec<String>, Error> {
        Ok(self.store.setting(key::DELETED).await?.unwrap_or_default())
    }
}

impl Conversation {
    /// Whether it stands in no list: deleted, and nothing came or was begun since.
    pub(super) fn is_out(&self, deleted: &[String]) -> bool {
        self.last.is_none() && self.draft.is_none() && deleted.contains(&self.id.to_string())
    }
}
