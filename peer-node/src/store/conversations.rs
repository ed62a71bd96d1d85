//! Conversations as people see them: with whom, the newest item, how much is unread.

use protocol::{
    ids::ConversationId,
    node::{Conversation, Person},
    time::WallMs,
    timeline::{Item, Timer},
};
use sea_orm::{ConnectionTrait, Value};
use serde::Deserialize;

use super::{Error, Store, cursors::own_read, people, signed, statement, timeline, write::Transaction};

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
macro_rules! conversations {
    ($only:literal) => {
        concat!(
            "SELECT json_object(
                'id', lower(hex(v.id)), 'created', v.created, 'timer', v.timer, 'person', ",
            people::person!(),
            ", 'last', CASE WHEN i.no IS NULL THEN NULL ELSE ",
            timeline::item!(),
            " END, 'unread', (SELECT COUNT(*) FROM (
                    SELECT 1 FROM chain c CROSS JOIN item i INDEXED BY item_unread
                        ON i.conversation = v.no AND i.chain = c.no AND i.show = 2 AND i.seq > ",
            own_read!(),
            "
                    WHERE c.conversation = v.no LIMIT 100
                ))
             ) AS row
             FROM conversation v
             CROSS JOIN person p ON p.user = v.peer
             LEFT JOIN item i ON i.no = (
                SELECT i.no FROM item i INDEXED BY item_order CROSS JOIN chain c ON c.no = i.chain
                WHERE i.conversation = v.no AND i.show > 0
                ORDER BY i.ord DESC, c.id DESC, i.seq DESC LIMIT 1
             )
             LEFT JOIN chain c ON c.no = i.chain
             WHERE ",
            $only
        )
    };
}

pub(super) const ALL: &str = conversations!("v.peer IS NOT NULL");
const ONE: &str = conversations!("v.id = ?");

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

impl Store {
    /// All conversations, the one with the newest item first.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn conversations(&self) -> Result<Vec<ConversationRow>, Error> {
        let rows = self.all::<Row>(ALL, vec![]).await?;
        let mut rows: Vec<ConversationRow> =
            rows.into_iter().map(Row::conversation).collect::<Result<_, _>>()?;
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
        self.one::<Row>(ONE, vec![id.0.to_vec().into()]).await?.map(Row::conversation).transpose()
    }
}

#[derive(Deserialize)]
struct Row {
    id: ConversationId,
    created: Option<u64>,
    timer: u32,
    person: people::Row,
    last: Option<timeline::Row>,
    unread: u64,
}

impl Row {
    fn conversation(self) -> Result<ConversationRow, Error> {
        let person = self.person.person()?;
        let created = WallMs(self.created.unwrap_or(0));
        Ok(ConversationRow {
            conversation: Conversation { id: self.id, with: person.user, created },
            person,
            last: self.last.map(|row| row.item(self.id)).transpose()?,
            unread: self.unread,
            timer: self.timer,
        })
    }
}
