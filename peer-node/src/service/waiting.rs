//! Own messages that nobody else holds yet. Every page and every change that is told asks for their number, so it is
//! counted once for each chat, and again only in chats where something happened.

use std::collections::{BTreeMap, BTreeSet};

use protocol::{
    ids::ConversationId,
    node::{Cursor, Notice},
    timeline::Item,
};

use super::{Error, Progress, open::Open};
use crate::store::{ConversationRow, Page};

/// How far back they are counted.
const MOST: usize = 100;

/// What was counted, and what changed since.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    /// Chats with some.
    counts: BTreeMap<ConversationId, u64>,
    /// Chats to count again.
    changed: BTreeSet<ConversationId>,
    /// All chats were counted once.
    counted: bool,
    /// Goes up with each change: what was counted meanwhile may be old.
    changes: u64,
}

impl Waiting {
    /// Something happened that can change the number.
    pub(super) fn heard(&mut self, notice: &Notice) {
        match notice {
            Notice::Item { conversation, .. }
            | Notice::Marks { conversation }
            | Notice::Conversation { conversation } => self.change(*conversation),
            Notice::Person { .. }
            | Notice::Reachable { .. }
            | Notice::Typing { .. }
            | Notice::ClockWrong { .. } => {}
        }
    }

    pub(super) fn change(&mut self, conversation: ConversationId) {
        self.changes += 1;
        self.changed.insert(conversation);
    }

    /// Nobody knows what happened.
    pub(super) fn forget(&mut self) {
        *self = Self { changes: self.changes + 1, ..Self::default() };
    }

    fn total(&self) -> u64 {
        self.counts.values().sum()
    }

    /// Takes in what was counted, unless something changed since `changes`: then it is counted again next time.
    fn take(&mut self, counted: &BTreeMap<ConversationId, u64>, changes: u64) -> u64 {
        for (conversation, count) in counted {
            if *count == 0 {
                self.counts.remove(conversation);
            } else {
                self.counts.insert(*conversation, *count);
            }
        }
        if self.changes == changes {
            self.counted = true;
            self.changed.clear();
        }
        self.total()
    }
}

impl Open {
    /// Own messages that nobody else holds yet.
    pub(super) async fn waiting(&self) -> Result<u64, Error> {
        let (changes, wanted) = {
            let known = self.unsent();
            if known.counted && known.changed.is_empty() {
                return Ok(known.total());
            }
            (known.changes, known.counted.then(|| known.changed.clone()))
        };
        let wanted = match wanted {
            Some(changed) => changed,
            // Where the other wrote last, or holds what was written last, they hold what was written before.
            None => {
                let marks = self.store.all_cursors().await?;
                let pending = |row: &ConversationRow| {
                    let marks = marks.get(&row.conversation.id).map_or(&[][..], Vec::as_slice);
                    row.last.as_ref().is_some_and(|last| self.is_pending(last, marks))
                };
                let rows = self.store.conversations().await?.into_iter();
                rows.filter(pending).map(|row| row.conversation.id).collect()
            }
        };
        let mut counted = BTreeMap::new();
        for conversation in wanted {
            counted.insert(conversation, self.undelivered(conversation, MOST).await?);
        }
        Ok(self.unsent().take(&counted, changes))
    }

    /// Own messages among the newest `most` of a chat that the other does not hold yet.
    pub(super) async fn undelivered(&self, of: ConversationId, most: usize) -> Result<u64, Error> {
        let items = self.store.timeline(of, Page::Newest, most).await?;
        let cursors: Vec<Cursor> = self.store.cursors(of).await?;
        Ok(items.iter().filter(|item| self.is_pending(item, &cursors)).count() as u64)
    }

    fn is_pending(&self, item: &Item, marks: &[Cursor]) -> bool {
        item.mine && self.view_message(item, marks).progress == Some(Progress::Pending)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: ConversationId = ConversationId([1; 32]);
    const TWO: ConversationId = ConversationId([2; 32]);

    #[test]
    fn a_chat_is_counted_again_after_a_change_and_one_that_changed_meanwhile_once_more() {
        let mut waiting = Waiting::default();
        assert_eq!(waiting.take(&[(ONE, 3), (TWO, 0)].into(), 0), 3);
        assert!(waiting.counted && waiting.changed.is_empty());
        waiting.heard(&Notice::Marks { conversation: ONE });
        waiting.heard(&Notice::Person { user: protocol::ids::UserId([9; 32]) });
        assert_eq!(waiting.changed, [ONE].into());
        let changes = waiting.changes;
        waiting.change(TWO);
        assert_eq!(waiting.take(&[(ONE, 1)].into(), changes), 1);
        assert_eq!(waiting.changed, [ONE, TWO].into(), "what was counted may be old");
        let changes = waiting.changes;
        assert_eq!(waiting.take(&[(ONE, 0), (TWO, 2)].into(), changes), 2);
        assert!(waiting.changed.is_empty());
        waiting.forget();
        assert!(!waiting.counted && waiting.total() == 0);
    }
}
