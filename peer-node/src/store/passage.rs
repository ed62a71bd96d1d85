//! When own messages got to the other, and when they were read: a line for each move of a mark, not for each message.

use protocol::{node::Cursor, time::WallMs, timeline::Key};
use sea_orm::{ConnectionTrait, Value};

use super::{Error, Store, signed, statement, unsigned, write::Transaction};

/// When a message of one's own got where, by this node's clock; none: not yet, or before that was written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Passed {
    pub delivered: Option<WallMs>,
    pub read: Option<WallMs>,
}

// Only marks of the other person, and only those that moved.
const NOTE: &str = "INSERT OR IGNORE INTO passage (chain, read, seq, after, at)
    WITH mark AS (SELECT ? AS chain, ? AS conversation, ? AS reader, ? AS delivered, ? AS read, ? AS at),
        before AS (SELECT COALESCE(MAX(k.delivered), 0) AS delivered, COALESCE(MAX(k.read), 0) AS read
                   FROM mark m CROSS JOIN cursor k
                       ON k.conversation = m.conversation AND k.reader = m.reader AND k.chain = m.chain)
    SELECT m.chain, 0, m.delivered, b.delivered, m.at FROM mark m CROSS JOIN before b
        WHERE m.delivered > b.delivered AND m.reader = (SELECT peer FROM conversation WHERE no = m.conversation)
    UNION ALL
    SELECT m.chain, 1, m.read, b.read, m.at FROM mark m CROSS JOIN before b
        WHERE m.read > b.read AND m.reader = (SELECT peer FROM conversation WHERE no = m.conversation)";

/// Writes down what a mark covers newly; before the mark itself is written.
pub(super) async fn note(tx: &Transaction<'_>, cursor: &Cursor, at: WallMs) -> Result<(), Error> {
    let values: Vec<Value> = vec![
        tx.chain(cursor.conversation, cursor.chain).into(),
        tx.conversation(cursor.conversation).into(),
        cursor.reader.0.to_vec().into(),
        signed(cursor.delivered).into(),
        signed(cursor.read).into(),
        signed(at.0).into(),
    ];
    tx.db.execute_raw(statement(NOTE, values)).await?;
    Ok(())
}

// The first move that got as far; none of it if an earlier one, of which there is no line, did already.
pub(super) const PASSED: &str = "SELECT
    (SELECT IIF(p.after < ?2, p.at, NULL) FROM passage p
        WHERE p.chain = c.no AND p.read = 0 AND p.seq >= ?2 ORDER BY p.seq LIMIT 1) AS delivered,
    (SELECT IIF(p.after < ?2, p.at, NULL) FROM passage p
        WHERE p.chain = c.no AND p.read = 1 AND p.seq >= ?2 ORDER BY p.seq LIMIT 1) AS read
    FROM chain c WHERE c.id = ?1";

impl Store {
    /// When the message at this place of an own chain got to the other, and when it was read.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn passed(&self, place: &Key) -> Result<Passed, Error> {
        let row = self.row(PASSED, vec![place.chain.0.to_vec().into(), signed(place.seq).into()]).await?;
        let Some(row) = row else { return Ok(Passed::default()) };
        let at = |name: &str| -> Result<_, Error> {
            let at: Option<i64> = row.try_get("", name)?;
            Ok(at.map(|at| WallMs(unsigned(at))))
        };
        Ok(Passed { delivered: at("delivered")?, read: at("read")? })
    }
}
