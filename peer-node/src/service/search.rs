//! Search over everything that was written here, in all conversations or in one.

mod excerpt;

use std::{sync::Arc, time::Duration};

use protocol::ids::ConversationId;
use tokio::time::sleep;

use super::{Error, Message, Service, open::Open};
use crate::store::{self, Words};

pub use crate::store::Peer;
pub use excerpt::Piece;

/// A longer query is no search.
const MAX_QUERY: usize = 1024;
/// Between two steps of making the index anew: half of the disk is for everything else.
const PAUSE: Duration = Duration::from_millis(10);
/// After a step that failed (a full disk) the next one waits.
const AGAIN: Duration = Duration::from_secs(30);

/// What a search found, what came last first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Findings {
    pub hits: Vec<Hit>,
    /// There is more: the number to go on before.
    pub next: Option<u64>,
    /// The index is being made anew and covers this much of the history, in percent; `None`: all of it.
    pub indexed: Option<u8>,
}

/// A message that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    pub message: Message,
    /// With whom the conversation is.
    pub with: Peer,
    /// The part of the text around the first hit, with all hits in it marked.
    pub excerpt: Vec<Piece>,
}

impl Service {
    /// At most `limit` messages with all words of `query`, the last one as the beginning of a word; what came last
    /// first. `before` goes on where an earlier answer ended.
    ///
    /// # Errors
    /// A query without a letter, digit or picture, or a longer one than 1024 bytes; an unknown conversation.
    pub async fn search(
        &self,
        query: &str,
        within: Option<ConversationId>,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Findings, Error> {
        let open = self.open().await?;
        let bad = |reason| Error::BadField { field: "q", reason };
        if query.len() > MAX_QUERY {
            return Err(bad("The query is longer than 1024 bytes."));
        }
        let words = Words::of(query)
            .ok_or_else(|| bad("Give a word to search for: at least one letter, digit or emoji."))?;
        if let Some(conversation) = within {
            open.row(conversation).await?;
        }
        // Read first: what is made while we search is in the answer or said to be missing.
        let indexed = open.store.indexed();
        let found = open.store.search(&words, within, before, limit).await?;
        // A chat is with somebody.
        let hit = |hit: store::Hit| {
            let with = hit.with?;
            let text = hit.item.words().unwrap_or_default();
            let excerpt = excerpt::around(text, &words.marks(text));
            Some(Hit { message: open.view_message(&hit.item, &hit.marks), with, excerpt })
        };
        let hits = found.hits.into_iter().filter_map(hit).collect();
        Ok(Findings { hits, next: found.next, indexed })
    }
}

/// Makes the index anew where an earlier version folded otherwise; ends when it is done, or with the node.
pub(super) async fn keep_index(open: Arc<Open>) {
    loop {
        let wait = match open.store.index_more().await {
            Ok(true) => PAUSE,
            Ok(false) => return,
            Err(error) => {
                tracing::warn!(%error, "the search index could not be made anew; it is tried again");
                AGAIN
            }
        };
        tokio::select! {
            () = sleep(wait) => {}
            () = open.closing.cancelled() => return,
        }
    }
}
