//! Cursors: how far everybody got, and what follows from the user's own: unread.

use std::collections::BTreeMap;

use protocol::{
    ids::{ChainId, ConversationId},
    node::Cursor,
    time::WallMs,
    timeline::Key,
};
use sea_orm::{
    ActiveValue::Set,
    ConnectionTrait,
    sea_query::{Expr, OnConflict},
};

use super::{
    Error, Store,
    entity::cursor::{ActiveModel, Column},
    passage, signed, statement, vanish,
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

// The mark `k` on the chain `c` in the conversation `v`, as a `Cursor` is read.
macro_rules! cursor {
    () => {
        "json_object(
            'conversation', lower(hex(v.id)), 'reader', lower(hex(k.reader)), 'chain', lower(hex(c.id)),
            'delivered', k.delivered, 'read', k.read
        )"
    };
}
pub(super) use cursor;

macro_rules! cursors {
    ($only:literal) => {
        concat!(
            "SELECT ",
            cursor!(),
            " AS row
             FROM conversation v CROSS JOIN cursor k ON k.conversation = v.no CROSS JOIN chain c ON c.no = k.chain
             WHERE ",
            $only,
            " ORDER BY v.no, k.reader, c.id"
        )
    };
}

const OF_ONE: &str = cursors!("v.id = ?");
const EVERYWHERE: &str = cursors!("v.peer IS NOT NULL");

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
    "SELECT json_object('ord', i.ord, 'chain', lower(hex(f.id)), 'seq', i.seq) AS row
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

impl Store {
    /// Everybody's marks in a conversation.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn cursors(&self, conversation: ConversationId) -> Result<Vec<Cursor>, Error> {
        self.all(OF_ONE, vec![conversation.0.to_vec().into()]).await
    }

    /// Everybody's marks in all conversations.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn all_cursors(&self) -> Result<BTreeMap<ConversationId, Vec<Cursor>>, Error> {
        let mut all: BTreeMap<ConversationId, Vec<Cursor>> = BTreeMap::new();
        for cursor in self.all::<Cursor>(EVERYWHERE, vec![]).await? {
            all.entry(cursor.conversation).or_default().push(cursor);
        }
        Ok(all)
    }

    /// Where reading goes on: the first item that the user has not read.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn first_unread(&self, conversation: ConversationId) -> Result<Option<Key>, Error> {
        self.one(FIRST_UNREAD, vec![conversation.0.to_vec().into()]).await
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
