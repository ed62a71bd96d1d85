//! Forgetting: what people read of an item goes from the database and from its file; its name stays, with an empty
//! face, so that nothing brings it back: whatever comes again by sync, after a restore, or late folds into nothing.
//!
//! SQLite overwrites what is deleted (`secure_delete`), but not everything stands in its own pages: the index keeps the
//! words of a deleted row until it is merged, and the log beside the file keeps pages as they were until it is cut off.

use protocol::ids::ConversationId;
use sea_orm::ConnectionTrait;

use super::{Error, Store, statement};

impl Store {
    /// Forgets everything of a conversation: items, their words in the index, the draft. Says how many items were
    /// shown. Envelopes and marks stay: they say nothing, and others sync by them.
    ///
    /// # Errors
    /// A database that cannot be read or written.
    pub async fn clear(&self, conversation: ConversationId) -> Result<u64, Error> {
        let id = conversation.0.to_vec();
        let mut writer = self.0.writer.lock().await;
        let mut cleared = 0;
        let done = writer.transaction(async |tx| {
            let sql = "DELETE FROM search WHERE rowid IN (SELECT i.no FROM item i
                       WHERE i.conversation = (SELECT no FROM conversation WHERE id = ?))";
            tx.db.execute_raw(statement(sql, vec![id.clone().into()])).await?;
            let sql = "SELECT COUNT(*) FROM item i INDEXED BY item_order
                       WHERE i.conversation = (SELECT no FROM conversation WHERE id = ?) AND i.show > 0";
            let row = tx.db.query_one_raw(statement(sql, vec![id.clone().into()])).await?;
            cleared = row.map(|row| row.try_get_by_index::<i64>(0)).transpose()?.unwrap_or_default();
            let sql = "UPDATE item SET show = 0, face = x''
                       WHERE conversation = (SELECT no FROM conversation WHERE id = ?)";
            tx.db.execute_raw(statement(sql, vec![id.clone().into()])).await?;
            let sql = "DELETE FROM draft WHERE conversation = ?";
            tx.db.execute_raw(statement(sql, vec![id.clone().into()])).await?;
            Ok(())
        });
        done.await?;
        drop(writer);
        self.scrub().await?;
        Ok(cleared.unsigned_abs())
    }

    /// Takes what was deleted out of the index and out of the log beside the file.
    pub(super) async fn scrub(&self) -> Result<(), Error> {
        let writer = self.0.writer.lock().await;
        writer.db().execute_raw(statement("INSERT INTO search (search) VALUES ('optimize')", vec![])).await?;
        // A reader in the middle of its page keeps the log from being cut off; the next time it is.
        writer.checkpoint().await
    }
}
