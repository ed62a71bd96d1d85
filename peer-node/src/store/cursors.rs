//! Cursors: how far everybody got, and what follows from the user's own: unread.

use std::collections::{BTreeMap, BTreeSet};

use protocol::{
    ids::{ChainId, ConversationId, UserId},
    node::Cursor,
    time::WallMs,
    timeline::Key,
};
use sea_orm::{
    ActiveValue::Set,
    ConnectionTrait, QueryResult,
    sea_query::{Expr, OnConflict},
};

use super::{
    Error, Store, conversations,
    entity::cursor::{ActiveModel, Column},
    passage, signed, statement, timeline, unsigned, vanish,
    write::{Transaction, insert},
};

/// Moves marks forward; each pair says when.
pub(super) async fn advance(tx: &mut Transaction<'_>, cursors: &[(Cursor, WallMs)]) -> Result<(), Error> {
    for (cursor, at) in cursors {
        passage::note(tx, cursor, *at).await?;
    }
    let rows = cursors.iter().map(|(cursor, _)| ActiveModel {
        conversation: Set(tx.conversation(cursor.conversation)),
        reader: Set(cursor.reader.0.to_vec()),
        chain: Set(tx.chain(cursor.conversation, cursor.chain)),
        delivered: Set(signed(cursor.delivered)),
        read: Set(signed(cursor.read)),
    });
    let forward = OnConflict::columns([Column::Conversation, Column::Reader, Column::Chain])
        .value(Column::Delivered, Expr::cust("max(delivered, excluded.delivered)"))
        .value(Column::Read, Expr::cust("max(read, excluded.read)"))
        .to_owned();
    insert(&tx.db, rows.collect(), Some(forward)).await?;
    for (cursor, at) in cursors {
        vanish::marked(tx, cursor, *at).await?;
    }
    Ok(())
}

const ALL: &str = "SELECT k.reader AS reader, c.id AS chain, k.delivered AS delivered, k.read AS read
    FROM cursor k JOIN chain c ON c.no = k.chain
    WHERE k.conversation = (SELECT no FROM conversation WHERE id = ?)
    ORDER BY k.reader, c.id";

macro_rules! with_conversation {
    ($only:literal) => {
        concat!(
            "SELECT v.id AS in_conversation, k.reader AS reader, c.id AS chain,
                    k.delivered AS delivered, k.read AS read
             FROM conversation v CROSS JOIN cursor k ON k.conversation = v.no CROSS JOIN chain c ON c.no = k.chain
             WHERE ",
            $only,
            " ORDER BY v.no, k.reader, c.id"
        )
    };
}

const EVERYWHERE: &str = with_conversation!("v.peer IS NOT NULL");
const SOME: &str = with_conversation!("v.id IN (SELECT unhex(value) FROM json_each(?))");

// How far the user has read the chain `c` of the conversation `v`, or wants it to count. In a conversation of two,
// whoever reads and is not the other person is the user of this node.
macro_rules! own_read {
    () => {
        "min(COALESCE(c.unread_from - 1, 0x7fffffffffffffff), COALESCE((
            SELECT MAX(k.read) FROM cursor k
            WHERE k.conversation = v.no AND k.chain = c.no AND k.reader IS NOT v.peer
        ), -1))"
    };
}
pub(super) use own_read;

// The first unread item of each chain, and of these the first in the order.
pub(super) const FIRST_UNREAD: &str = concat!(
    "SELECT i.ord AS ord, f.id AS chain, i.seq AS seq
    FROM (
        SELECT v.no AS conversation, c.no AS chain, c.id AS id, (
            SELECT MIN(u.seq) FROM item u INDEXED BY item_unread
            WHERE u.conversation = v.no AND u.chain = c.no AND u.show = 2 AND u.seq > ",
    own_read!(),
    "
        ) AS seq
        FROM conversation v CROSS JOIN chain c ON c.conversation = v.no
        WHERE v.id = ?
    ) f
    CROSS JOIN item i INDEXED BY item_unread
        ON i.conversation = f.conversation AND i.chain = f.chain AND i.seq = f.seq AND i.show = 2
    ORDER BY i.ord, f.id, i.seq LIMIT 1"
);

// Of each chain with something to read: its first item at or after a place.
const UNREAD_FROM: &str = "UPDATE chain SET unread_from = (
        SELECT i.seq FROM item i INDEXED BY item_order
        WHERE i.conversation = chain.conversation AND i.ord >= ? AND i.chain = chain.no AND i.show > 0 AND i.show = 2
        ORDER BY i.ord, i.seq LIMIT 1
    )
    WHERE conversation = (SELECT no FROM conversation WHERE id = ?) AND EXISTS (
        SELECT 1 FROM item u INDEXED BY item_unread
        WHERE u.conversation = chain.conversation AND u.chain = chain.no AND u.show = 2
    )";
const SEEN: &str = "UPDATE chain SET unread_from = ?1 + 1
    WHERE id = ?2 AND conversation = (SELECT no FROM conversation WHERE id = ?3) AND unread_from <= ?1";

fn read(row: &QueryResult, conversation: ConversationId) -> Result<Cursor, Error> {
    let reader: Vec<u8> = row.try_get("", "reader")?;
    let chain: Vec<u8> = row.try_get("", "chain")?;
    let damaged = |_| Error::Damaged("a mark has no name");
    Ok(Cursor {
        conversation,
        reader: UserId::try_from(reader.as_slice()).map_err(damaged)?,
        chain: ChainId::try_from(chain.as_slice()).map_err(damaged)?,
        delivered: unsigned(row.try_get("", "delivered")?),
        read: unsigned(row.try_get("", "read")?),
    })
}

fn by_conversation(rows: &[QueryResult]) -> Result<BTreeMap<ConversationId, Vec<Cursor>>, Error> {
    let mut all: BTreeMap<ConversationId, Vec<Cursor>> = BTreeMap::new();
    for row in rows {
        let id: Vec<u8> = row.try_get("", "in_conversation")?;
        let id = ConversationId::try_from(id.as_slice())
            .map_err(|_| Error::Damaged("a conversation has no name"))?;
        all.entry(id).or_default().push(read(row, id)?);
    }
    Ok(all)
}

impl Store {
    /// Everybody's marks in a conversation.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn cursors(&self, conversation: ConversationId) -> Result<Vec<Cursor>, Error> {
        let rows = self.rows(ALL, vec![conversation.0.to_vec().into()]).await?;
        rows.iter().map(|row| read(row, conversation)).collect()
    }

    /// Everybody's marks in all conversations.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn all_cursors(&self) -> Result<BTreeMap<ConversationId, Vec<Cursor>>, Error> {
        by_conversation(&self.rows(EVERYWHERE, vec![]).await?)
    }

    /// Everybody's marks in these conversations.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn cursors_of(
        &self,
        conversations: &BTreeSet<ConversationId>,
    ) -> Result<BTreeMap<ConversationId, Vec<Cursor>>, Error> {
        by_conversation(&self.rows(SOME, vec![conversations::names(conversations)]).await?)
    }

    /// Where reading goes on: the first item that the user has not read.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn first_unread(&self, conversation: ConversationId) -> Result<Option<Key>, Error> {
        let row = self.row(FIRST_UNREAD, vec![conversation.0.to_vec().into()]).await?;
        row.map(|row| timeline::key(&row)).transpose()
    }

    /// From this place on everything counts as unread, whatever was read. Marks, which others see, stay as they are.
    ///
    /// # Errors
    /// A database that cannot be written.
    pub async fn set_unread_from(&self, conversation: ConversationId, from: &Key) -> Result<(), Error> {
        let values = vec![signed(from.ord).into(), conversation.0.to_vec().into()];
        let writer = self.0.writer.lock().await;
        writer.db().execute_raw(statement(UNREAD_FROM, values)).await?;
        Ok(())
    }

    /// What was set by [`Self::set_unread_from`] was seen, up to these numbers. Says whether any of it was set.
    ///
    /// # Errors
    /// A database that cannot be written.
    pub async fn seen(
        &self,
        conversation: ConversationId,
        up_to: &BTreeMap<ChainId, u64>,
    ) -> Result<bool, Error> {
        let mut changed = false;
        let writer = self.0.writer.lock().await;
        for (chain, seq) in up_to {
            let values = vec![signed(*seq).into(), chain.0.to_vec().into(), conversation.0.to_vec().into()];
            changed |= writer.db().execute_raw(statement(SEEN, values)).await?.rows_affected() > 0;
        }
        Ok(changed)
    }
}
