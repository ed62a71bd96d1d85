//! Messages that disappear: their clocks are started by marks, and when the time has come they are forgotten, from every
//! page of the file.
//!
//! A clock is a column, so it outlives whatever happens to the program. The next one is the first row of an index.

use protocol::{
    ids::{ConversationId, MsgId},
    node::Cursor,
    time::WallMs,
    timeline::Key,
};
use sea_orm::{ConnectionTrait, Value};

use super::{
    Error, Store, rows, search, signed, statement,
    timeline::{self, Placed},
    unsigned,
    write::Transaction,
};

/// A computer that says it is earlier has no time yet: no version of Confab is that old (2026-01-01).
const NO_TIME_YET: WallMs = WallMs(1_767_225_600_000);
/// Items for one transaction.
const PIECE: i64 = 200;

/// A mark moved: starts the clocks of what it newly covers, and drops what waited for it.
///
/// At an author the clock starts when the other has the message, at its reader when it was read; marks on a chain are
/// those of its reader.
pub(super) async fn marked(tx: &mut Transaction<'_>, cursor: &Cursor, at: WallMs) -> Result<(), Error> {
    let chain = tx.chain(cursor.conversation, cursor.chain);
    if at >= NO_TIME_YET {
        let sql = "UPDATE item INDEXED BY item_timed SET due = ? + ttl * 1000
                   WHERE chain = ? AND ttl > 0 AND due IS NULL AND show > 0 AND seq <= CASE
                       WHEN (SELECT peer FROM conversation WHERE no = ?) = ? THEN ? ELSE ? END";
        let values: Vec<Value> = vec![
            signed(at.0).into(),
            chain.into(),
            tx.conversation(cursor.conversation).into(),
            cursor.reader.0.to_vec().into(),
            signed(cursor.delivered).into(),
            signed(cursor.read).into(),
        ];
        if tx.db.execute_raw(statement(sql, values)).await?.rows_affected() > 0 {
            tx.started();
        }
    }
    let values: Vec<Value> = vec![chain.into(), signed(cursor.delivered).into()];
    let sql = "UPDATE event SET body = NULL WHERE (chain, seq) IN (SELECT chain, seq FROM shed WHERE chain = ? AND seq <= ?)";
    if tx.db.execute_raw(statement(sql, values.clone())).await?.rows_affected() > 0 {
        tx.forgot();
    }
    tx.db.execute_raw(statement("DELETE FROM shed WHERE chain = ? AND seq <= ?", values)).await?;
    Ok(())
}

/// Drops the bodies of these events: their chain needs the headers alone. Where the reader of the chain does not have one
/// yet, it is dropped as soon as they do: what waits is never lost.
pub(super) async fn shed(
    tx: &mut Transaction<'_>,
    conversation: ConversationId,
    events: &[Key],
) -> Result<(), Error> {
    tx.number(std::iter::empty(), events.iter().map(|key| (conversation, key.chain))).await?;
    for key in events {
        let (chain, seq) = (tx.chain(conversation, key.chain), signed(key.seq));
        // Marks on a chain are those of its reader, whoever of the two that is.
        let sql = "UPDATE event SET body = NULL WHERE chain = ? AND seq = ? AND body IS NOT NULL
                   AND EXISTS (SELECT 1 FROM cursor k WHERE k.chain = ? AND k.delivered >= ?
                               AND k.conversation = (SELECT conversation FROM chain WHERE no = ?))";
        let values: Vec<Value> = vec![chain.into(), seq.into(), chain.into(), seq.into(), chain.into()];
        if tx.db.execute_raw(statement(sql, values)).await?.rows_affected() > 0 {
            tx.forgot();
            continue;
        }
        let sql = "INSERT OR IGNORE INTO shed (chain, seq)
                   SELECT chain, seq FROM event WHERE chain = ? AND seq = ? AND body IS NOT NULL";
        tx.db.execute_raw(statement(sql, vec![chain.into(), seq.into()])).await?;
    }
    Ok(())
}

const DUE: &str = concat!(
    "SELECT ",
    timeline::placed!(),
    " AS row
    FROM item i INDEXED BY item_due CROSS JOIN chain c ON c.no = i.chain
        CROSS JOIN conversation v ON v.no = i.conversation
    WHERE i.due <= ? ORDER BY i.due LIMIT ?"
);

impl Store {
    /// When the next message disappears.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn next_due(&self) -> Result<Option<WallMs>, Error> {
        let row = self.row("SELECT due FROM item WHERE due IS NOT NULL ORDER BY due LIMIT 1", vec![]).await?;
        Ok(row.map(|row| row.try_get_by_index(0)).transpose()?.map(|due| WallMs(unsigned(due))))
    }

    /// Returns when a clock was started since the last time.
    pub async fn due_changed(&self) {
        self.0.due_changed.notified().await;
    }

    /// Forgets the messages whose time has come by `now`: faces, words in the index, drafts that answer them, bodies of
    /// their events. Says which.
    ///
    /// # Errors
    /// A database that cannot be read or written; what was forgotten before that stays so.
    pub async fn vanish(&self, now: WallMs) -> Result<Vec<(ConversationId, MsgId)>, Error> {
        let mut gone = Vec::new();
        loop {
            let mut writer = self.0.writer.lock().await;
            let mut piece = Vec::new();
            let done = writer.transaction(async |tx| {
                let rows: Vec<Placed> =
                    rows::all(&tx.db, DUE, vec![signed(now.0).into(), PIECE.into()]).await?;
                for Placed { no, conversation, item } in rows {
                    let item = item.item(conversation)?;
                    tx.number([conversation].into_iter(), std::iter::empty()).await?;
                    search::remove(tx, no, &item).await?;
                    let sql = "UPDATE item SET show = 0, face = x'', ttl = 0, due = NULL WHERE no = ?";
                    tx.db.execute_raw(statement(sql, vec![no.into()])).await?;
                    let sql = "UPDATE draft SET reply = NULL WHERE conversation = ? AND reply = ?";
                    let answers = vec![conversation.0.to_vec().into(), item.id.0.to_vec().into()];
                    tx.db.execute_raw(statement(sql, answers)).await?;
                    shed(tx, conversation, &item.keys()).await?;
                    piece.push((conversation, item.id));
                }
                Ok(())
            });
            done.await?;
            if piece.is_empty() {
                break;
            }
            gone.append(&mut piece);
        }
        if !gone.is_empty() {
            self.0.writer.lock().await.checkpoint().await?;
        }
        Ok(gone)
    }

    /// The calendar was put back: nothing that runs stays longer from here than it was to stay at all. A computer that
    /// has no time yet changes nothing.
    ///
    /// # Errors
    /// A database that cannot be written.
    pub async fn clock_was_put_back(&self, now: WallMs) -> Result<(), Error> {
        if now < NO_TIME_YET {
            return Ok(());
        }
        let now = signed(now.0);
        let sql = "UPDATE item SET due = ? + ttl * 1000 WHERE due > ? AND due > ? + ttl * 1000";
        let mut writer = self.0.writer.lock().await;
        let values = vec![now.into(), now.into(), now.into()];
        let done = writer.transaction(async |tx| {
            tx.db.execute_raw(statement(sql, values)).await?;
            Ok(())
        });
        done.await?;
        self.0.due_changed.notify_one();
        Ok(())
    }
}
