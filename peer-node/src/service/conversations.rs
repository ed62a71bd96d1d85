//! Conversations: the list and one of it.

use protocol::{
    config::MAX_TEXT,
    ids::{ConversationId, MsgId},
    node::Cursor,
};

use super::{Conversation, Draft, Error, Service, open::Open};
use crate::store::ConversationRow;

impl Service {
    /// All conversations, the newest first; requests are among them, with their relation. What was deleted is not, until
    /// somebody writes there again.
    ///
    /// # Errors
    /// When the node is not open.
    pub async fn conversations(&self) -> Result<Vec<Conversation>, Error> {
        let open = self.open().await?;
        let deleted = open.deleted().await?;
        let rows = open.store.conversations().await?;
        // Two questions for all chats, not two for each.
        let mut cursors = open.store.all_cursors().await?;
        let mut drafts = open.store.drafts().await?;
        let conversations = rows.into_iter().map(|row| {
            let id = row.conversation.id;
            let cursors = cursors.remove(&id).unwrap_or_default();
            open.view_conversation(row, &cursors, drafts.remove(&id).unwrap_or_default())
        });
        Ok(conversations.filter(|conversation| !conversation.is_out(&deleted)).collect())
    }

    /// # Errors
    /// When there is no such conversation.
    pub async fn conversation(&self, id: ConversationId) -> Result<Conversation, Error> {
        let open = self.open().await?;
        let row = open.row(id).await?;
        let person = open.view_in_full(row.person.clone());
        let cursors = open.store.cursors(id).await?;
        let draft = open.store.draft(id).await?;
        Ok(Conversation { person, ..open.view_conversation(row, &cursors, draft) })
    }

    /// Keeps what is being written; an empty draft removes it.
    ///
    /// # Errors
    /// When there is no such conversation.
    pub async fn set_draft(&self, id: ConversationId, draft: &Draft) -> Result<(), Error> {
        let open = self.open().await?;
        open.row(id).await?;
        if draft.text.len() > MAX_TEXT {
            return Err(Error::LongText { bytes: draft.text.len(), limit: MAX_TEXT });
        }
        open.store.set_draft(id, draft).await?;
        Ok(())
    }
}

impl Open {
    pub(super) async fn row(&self, id: ConversationId) -> Result<ConversationRow, Error> {
        self.store.conversation(id).await?.ok_or(Error::UnknownConversation)
    }

    fn view_conversation(&self, row: ConversationRow, cursors: &[Cursor], draft: Draft) -> Conversation {
        let id = row.conversation.id;
        Conversation {
            id,
            person: self.view(row.person),
            last: row.last.map(|item| self.view_message(&item, cursors)),
            unread: row.unread,
            draft: (!draft.is_empty()).then_some(draft),
            typing: self.is_typing(id),
            muted: self.muted().contains(&id),
            timer: row.timer,
        }
    }

    pub(super) async fn item(
        &self,
        of: ConversationId,
        id: MsgId,
    ) -> Result<protocol::timeline::Item, Error> {
        match self.store.item(of, id).await? {
            Some(item) if item.is_shown() => Ok(item),
            _ => Err(Error::UnknownMessage),
        }
    }
}
