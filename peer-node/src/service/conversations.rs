//! Conversations: the list and one of it.

use protocol::{
    config::MAX_TEXT,
    ids::{ConversationId, MsgId},
    node::Cursor,
};

use super::{Conversation, Draft, Error, Progress, Service, open::Open};
use crate::store::{ConversationRow, Page};

/// How far back own messages that wait are counted.
const WAITING_MOST: usize = 100;

impl Service {
    /// All conversations, the newest first; requests are among them, with their relation. What was deleted is not, until
    /// somebody writes there again.
    ///
    /// # Errors
    /// When the node is not open.
    pub async fn conversations(&self) -> Result<Vec<Conversation>, Error> {
        let open = self.open().await?;
        let deleted = open.deleted().await?;
        let mut conversations = Vec::new();
        for row in open.store.conversations().await? {
            let conversation = open.view_conversation(row).await?;
            if !conversation.is_out(&deleted) {
                conversations.push(conversation);
            }
        }
        Ok(conversations)
    }

    /// # Errors
    /// When there is no such conversation.
    pub async fn conversation(&self, id: ConversationId) -> Result<Conversation, Error> {
        let open = self.open().await?;
        let row = open.row(id).await?;
        let person = open.view_in_full(row.person.clone());
        Ok(Conversation { person, ..open.view_conversation(row).await? })
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

    async fn view_conversation(&self, row: ConversationRow) -> Result<Conversation, Error> {
        let id = row.conversation.id;
        let last = match row.last {
            Some(item) => {
                let cursors = if item.mine { self.store.cursors(id).await? } else { Vec::new() };
                Some(self.view_message(&item, &cursors))
            }
            None => None,
        };
        let draft = self.store.draft(id).await?;
        Ok(Conversation {
            id,
            person: self.view(row.person),
            last,
            unread: row.unread,
            draft: (!draft.is_empty()).then_some(draft),
            typing: self.is_typing(id),
            muted: self.muted().contains(&id),
            timer: row.timer,
        })
    }

    /// Own messages that nobody else holds yet.
    pub(super) async fn waiting(&self) -> Result<u64, Error> {
        let mut waiting = 0;
        for row in self.store.conversations().await? {
            let id = row.conversation.id;
            if row.last.as_ref().is_none_or(|last| !last.mine) {
                continue;
            }
            let cursors: Vec<Cursor> = self.store.cursors(id).await?;
            let items = self.store.timeline(id, Page::Newest, WAITING_MOST).await?;
            let pending = items
                .into_iter()
                .filter(|item| item.mine)
                .filter(|item| self.view_message(item, &cursors).progress == Some(Progress::Pending));
            waiting += pending.count() as u64;
        }
        Ok(waiting)
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
