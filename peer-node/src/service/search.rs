//! Search over everything that was written here, in all conversations or in one.

use std::collections::BTreeMap;

use protocol::ids::ConversationId;

use super::{Error, Message, Service};

/// A longer query is no search.
const MAX_QUERY: usize = 1024;

impl Service {
    /// At most `limit` messages with all words of `query`, the last one as the beginning of a word; what came last
    /// first.
    ///
    /// # Errors
    /// A query without a letter or digit, or a longer one than 1024 bytes; an unknown conversation.
    pub async fn search(
        &self,
        query: &str,
        within: Option<ConversationId>,
        limit: usize,
    ) -> Result<Vec<Message>, Error> {
        let open = self.open().await?;
        let bad = |reason| Err(Error::BadField { field: "q", reason });
        if !query.chars().any(char::is_alphanumeric) {
            return bad("Give a word to search for: at least one letter or digit.");
        }
        if query.len() > MAX_QUERY {
            return bad("The query is longer than 1024 bytes.");
        }
        if let Some(conversation) = within {
            open.row(conversation).await?;
        }
        let items = open.store.search(query, within, limit).await?;
        let mut cursors = BTreeMap::new();
        let mut messages = Vec::with_capacity(items.len());
        for item in items {
            let of = item.conversation;
            if item.mine && !cursors.contains_key(&of) {
                cursors.insert(of, open.store.cursors(of).await?);
            }
            let marks = cursors.get(&of).map(Vec::as_slice).unwrap_or_default();
            messages.push(open.view_message(item, marks));
        }
        Ok(messages)
    }
}
