//! Forgetting: what people read of an item goes from the database and from its file; its name stays, with an empty
//! face, so that nothing brings it back: whatever comes again by sync, after a restore, or late folds into nothing.
//!
//! SQLite overwrites what is deleted (`secure_delete`), and so does the index, but the log beside the file keeps pages as
//! they were until it is cut off. What is forgotten singly goes the same way: `timeline::change`, `vanish`.

use protocol::ids::ConversationId;
use sea_orm::ConnectionTrait;

use super::{
    Error, Store, rows, search, statement,
    timeline::{self, Numbered},
    write::Transaction,
};

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
            tx.number([conversation].into_iter(), std::iter::empty()).await?;
            unindex(tx, conversation).await?;
            let sql = "SELECT COUNT(*) FROM item i INDEXED BY item_order
                       WHERE i.conversation = (SELECT no FROM conversation WHERE id = ?) AND i.show > 0";
            let row = tx.db.query_one_raw(statement(sql, vec![id.clone().into()])).await?;
            cleared = row.map(|row| row.try_get_by_index::<i64>(0)).transpose()?.unwrap_or_default();
            let sql = "UPDATE item SET show = 0, face = x'', ttl = 0, due = NULL
                       WHERE conversation = (SELECT no FROM conversation WHERE id = ?)";
            tx.db.execute_raw(statement(sql, vec![id.clone().into()])).await?;
            let sql = "DELETE FROM passage WHERE chain IN (SELECT no FROM chain WHERE conversation = ?)";
            tx.db.execute_raw(statement(sql, vec![tx.conversation(conversation).into()])).await?;
            let sql = "DELETE FROM draft WHERE conversation = ?";
            tx.db.execute_raw(statement(sql, vec![id.clone().into()])).await?;
            Ok(())
        });
        done.await?;
        // A reader in the middle of its page keeps the log from being cut off; the next time it is.
        writer.checkpoint().await?;
        Ok(cleared.unsigned_abs())
    }
}

/// Takes all words of a conversation out of the index. Of so many it is quicker to note what goes, and to merge the
/// index once, than to take out each where it stands.
async fn unindex(tx: &Transaction<'_>, conversation: ConversationId) -> Result<(), Error> {
    command(tx, "INSERT INTO search (search, rank) VALUES ('secure-delete', 0)").await?;
    let mut after = 0_i64;
    loop {
        let values = vec![tx.conversation(conversation).into(), after.into()];
        let rows: Vec<Numbered> = rows::all(&tx.db, OF_ONE, values).await?;
        if rows.is_empty() {
            break;
        }
        for Numbered { no, item } in rows {
            after = no;
            search::remove(tx, no, &item.item(conversation)?).await?;
        }
    }
    command(tx, "INSERT INTO search (search) VALUES ('optimize')").await?;
    command(tx, "INSERT INTO search (search, rank) VALUES ('secure-delete', 1)").await
}

async fn command(tx: &Transaction<'_>, sql: &'static str) -> Result<(), Error> {
    tx.db.execute_raw(statement(sql, vec![])).await?;
    Ok(())
}

const OF_ONE: &str = concat!(
    "SELECT ",
    timeline::numbered!(),
    " AS row FROM item i CROSS JOIN chain c ON c.no = i.chain
    WHERE i.conversation = ? AND i.no > ? AND i.face <> x'' ORDER BY i.no LIMIT 500"
);
