//! Conversations as people see them: with whom, the newest item, how much is unread.

use std::collections::{BTreeMap, BTreeSet};

use protocol::{
    ids::{ConversationId, UserId},
    node::{Conversation, Person},
    time::WallMs,
    timeline::{Item, Timer},
};
use sea_orm::{ConnectionTrait, QueryResult, Value};

use super::{
    Error, Store, cursors::own_read, people, signed, statement, timeline, unsigned, write::Transaction,
};

/// Counting unread items stops here: a page says "99+".
pub const UNREAD_MOST: u64 = 100;

/// One row of the list of conversations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConversationRow {
    pub conversation: Conversation,
    pub person: Person,
    /// The newest item that is shown.
    pub last: Option<Item>,
    /// At most [`UNREAD_MOST`].
    pub unread: u64,
    /// Messages disappear after so many seconds; 0: they stay.
    pub timer: u32,
}

pub(super) async fn write(tx: &Transaction<'_>, conversations: &[Conversation]) -> Result<(), Error> {
    for conversation in conversations {
        let values = vec![
            conversation.with.0.to_vec().into(),
            signed(conversation.created.0).into(),
            tx.conversation(conversation.id).into(),
        ];
        tx.db
            .execute_raw(statement("UPDATE conversation SET peer = ?, created = ? WHERE no = ?", values))
            .await?;
    }
    Ok(())
}

// Per conversation: one look at the end of the order index, and at most 100 steps in the unread index.
macro_rules! rows {
    ($only:literal) => {
        concat!(
            "SELECT v.id AS in_conversation, v.created AS created,
                    p.user AS user, p.username AS username, p.relation AS relation, p.keys AS keys,
                    p.account_key AS account_key, p.since AS since, p.conversation AS conversation,
                    p.replaces AS replaces,
                    l.no AS last, l.ord AS ord, lc.id AS chain, l.seq AS seq, l.id AS id, l.face AS face, l.due AS due,
                    v.timer AS timer,
                    (SELECT COUNT(*) FROM (
                        SELECT 1 FROM chain c CROSS JOIN item i INDEXED BY item_unread
                            ON i.conversation = v.no AND i.chain = c.no AND i.show = 2 AND i.seq > ",
            own_read!(),
            "
                        WHERE c.conversation = v.no LIMIT 100
                    )) AS unread
             FROM conversation v
             CROSS JOIN person p ON p.user = v.peer
             LEFT JOIN item l ON l.no = (
                SELECT i.no FROM item i INDEXED BY item_order CROSS JOIN chain c ON c.no = i.chain
                WHERE i.conversation = v.no AND i.show > 0
                ORDER BY i.ord DESC, c.id DESC, i.seq DESC LIMIT 1
             )
             LEFT JOIN chain lc ON lc.no = l.chain
             WHERE ",
            $only
        )
    };
}

pub(super) const ALL: &str = rows!("v.peer IS NOT NULL");
const ONE: &str = rows!("v.id = ?");

/// Takes in what set the timer of a conversation: what stands last in the order counts.
pub(super) async fn set_timer(
    tx: &Transaction<'_>,
    conversation: ConversationId,
    timer: Timer,
) -> Result<(), Error> {
    let Timer { key, seconds } = timer;
    let place: [Value; 3] = [signed(key.ord).into(), key.chain.0.to_vec().into(), signed(key.seq).into()];
    let sql = "UPDATE conversation SET timer = ?, timer_ord = ?, timer_chain = ?, timer_seq = ?
               WHERE no = ? AND (timer_ord, timer_chain, timer_seq) < (?, ?, ?)";
    let values = std::iter::once(i64::from(seconds).into()).chain(place.clone());
    let values = values.chain([tx.conversation(conversation).into()]).chain(place).collect();
    tx.db.execute_raw(statement(sql, values)).await?;
    Ok(())
}

/// Names for `json_each`.
pub(super) fn names(conversations: &BTreeSet<ConversationId>) -> Value {
    let names: Vec<String> = conversations.iter().map(|id| format!("\"{id}\"")).collect();
    format!("[{}]", names.join(",")).into()
}

const WITH: &str = "SELECT v.id AS in_conversation,
        p.user AS user, p.username AS username, p.relation AS relation, p.keys AS keys,
        p.account_key AS account_key, p.since AS since, p.conversation AS conversation, p.replaces AS replaces
    FROM conversation v CROSS JOIN person p ON p.user = v.peer
    WHERE v.id IN (SELECT unhex(value) FROM json_each(?))";

impl Store {
    /// With whom these conversations are.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn people_in(
        &self,
        conversations: &BTreeSet<ConversationId>,
    ) -> Result<BTreeMap<ConversationId, Person>, Error> {
        let rows = self.rows(WITH, vec![names(conversations)]).await?;
        let person = |row| {
            let id: Vec<u8> = QueryResult::try_get(row, "", "in_conversation")?;
            let id = ConversationId::try_from(id.as_slice())
                .map_err(|_| Error::Damaged("a conversation has no name"))?;
            Ok((id, people::read(row)?))
        };
        rows.iter().map(person).collect()
    }

    /// All conversations, the one with the newest item first.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn conversations(&self) -> Result<Vec<ConversationRow>, Error> {
        let rows = self.rows(ALL, vec![]).await?;
        let mut rows: Vec<ConversationRow> = rows.iter().map(read).collect::<Result<_, _>>()?;
        rows.sort_by_key(|row| {
            let newest = row.last.as_ref().map_or(row.conversation.created, |item| item.received);
            (std::cmp::Reverse(newest), row.conversation.id)
        });
        Ok(rows)
    }

    /// One conversation.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn conversation(&self, id: ConversationId) -> Result<Option<ConversationRow>, Error> {
        self.row(ONE, vec![id.0.to_vec().into()]).await?.as_ref().map(read).transpose()
    }
}

fn read(row: &QueryResult) -> Result<ConversationRow, Error> {
    let person = people::read(row)?;
    let id: Vec<u8> = row.try_get("", "in_conversation")?;
    let id =
        ConversationId::try_from(id.as_slice()).map_err(|_| Error::Damaged("a conversation has no name"))?;
    let with: UserId = person.user;
    let created: Option<i64> = row.try_get("", "created")?;
    let conversation = Conversation { id, with, created: WallMs(unsigned(created.unwrap_or(0))) };
    let last = match row.try_get::<Option<i64>>("", "last")? {
        Some(_) => Some(timeline::read(row, id)?),
        None => None,
    };
    let unread = unsigned(row.try_get("", "unread")?);
    let timer = u32::try_from(row.try_get::<i64>("", "timer")?).unwrap_or(0);
    Ok(ConversationRow { conversation, person, last, unread, timer })
}
