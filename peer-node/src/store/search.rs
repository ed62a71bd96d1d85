//! Search: words of items, folded so that what people type finds what people wrote.
//!
//! The index holds words, no text: an item is read from the timeline. Hits come newest first, by their number;
//! never by rank, which has to look at every hit of a common word. One and two letters are looked up as such (the index
//! keeps them as prefixes): nobody waits for a search that has just begun. Han, Kana and other writing without spaces is
//! indexed sign by sign and searched as a phrase; so are pictures. Parts of words inside a word are not found (a
//! trigram index could be added beside this one).

mod rebuild;
mod words;

use protocol::{
    ids::{ConversationId, UserId},
    node::{Cursor, Relation},
    timeline::Item,
};
use sea_orm::{ConnectionTrait, Value};
use serde::Deserialize;

use super::{Error, Store, cursors, people, rows, signed, statement, timeline, unsigned, write::Transaction};

pub(super) use rebuild::{Index, SETTING};
pub use words::{Words, fold};

/// Rows for one statement.
const CHUNK: usize = 100;

/// What a search found, what came last first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hits {
    pub hits: Vec<Hit>,
    /// There are more: the number to go on before.
    pub next: Option<u64>,
}

/// An item that was found, and what is needed to show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    pub item: Item,
    /// With whom its conversation is.
    pub with: Option<Peer>,
    /// The marks on its chain, if it could be one's own: they say how far it came.
    pub marks: Vec<Cursor>,
}

/// The other one of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    pub user: UserId,
    pub username: String,
}

pub(super) async fn insert<'i>(
    tx: &Transaction<'_>,
    items: impl Iterator<Item = (i64, &'i Item)>,
) -> Result<(), Error> {
    let items = items.filter_map(|(no, item)| Some((no, tx.conversation(item.conversation), item.words()?)));
    insert_words(tx, items).await
}

/// Rows of an item's number, the number of its conversation, and its text.
async fn insert_words<'i>(
    tx: &Transaction<'_>,
    items: impl Iterator<Item = (i64, i64, &'i str)>,
) -> Result<(), Error> {
    let mut rows: Vec<Value> = Vec::new();
    let mut count = 0;
    for (no, conversation, words) in items {
        rows.extend([no.into(), fold(words).into(), place(conversation).into()]);
        count += 1;
        if count == CHUNK {
            insert_rows(tx, std::mem::take(&mut rows), count).await?;
            count = 0;
        }
    }
    insert_rows(tx, rows, count).await
}

async fn insert_rows(tx: &Transaction<'_>, values: Vec<Value>, count: usize) -> Result<(), Error> {
    if count == 0 {
        return Ok(());
    }
    let sql =
        format!("INSERT INTO search (rowid, text, place) VALUES (?,?,?){}", ",(?,?,?)".repeat(count - 1));
    tx.db.execute_raw(statement(sql, values)).await?;
    Ok(())
}

/// Puts the words of an item in the place of those that it had.
pub(super) async fn replace(tx: &Transaction<'_>, no: i64, before: &Item, after: &Item) -> Result<(), Error> {
    remove(tx, no, before).await?;
    insert(tx, std::iter::once((no, after))).await
}

/// Takes the words of an item out of the index, from every page of it: the index is told them, as it keeps none that it
/// could read back, and deletes them where they stand (`secure-delete`, <https://www.sqlite.org/fts5.html>).
pub(super) async fn remove(tx: &Transaction<'_>, no: i64, item: &Item) -> Result<(), Error> {
    let Some(words) = item.words() else { return Ok(()) };
    // While the index is made anew not every item is in it; a row that is not there must not be taken out.
    let there = "SELECT 1 FROM search_docsize WHERE id = ?";
    if tx.db.query_one_raw(statement(there, vec![no.into()])).await?.is_some() {
        let sql = "INSERT INTO search (search, rowid, text, place) VALUES ('delete', ?, ?, ?)";
        let values = vec![no.into(), fold(words).into(), place(tx.conversation(item.conversation)).into()];
        tx.db.execute_raw(statement(sql, values)).await?;
    }
    Ok(())
}

// A conversation is a word of its own column, so that a rare conversation does not wade through a common word.
fn place(conversation: i64) -> String {
    format!("c{conversation}")
}

pub(super) const HITS: &str = concat!(
    "SELECT json_object(
        'no', s.no, 'show', i.show, 'conversation', lower(hex(v.id)),
        'user', lower(nullif(hex(p.user), '')), 'username', p.username, 'relation', p.relation,
        'marks', CASE WHEN i.show = 1 THEN (
            SELECT json_group_array(",
    cursors::cursor!(),
    ") FROM cursor k WHERE k.conversation = v.no AND k.chain = c.no
        ) END, 'item', ",
    timeline::item!(),
    ") AS row
    FROM (SELECT rowid AS no FROM search WHERE search MATCH ? AND rowid < ? ORDER BY rowid DESC LIMIT ?) s
    CROSS JOIN item i ON i.no = s.no
    CROSS JOIN chain c ON c.no = i.chain
    CROSS JOIN conversation v ON v.no = i.conversation
    LEFT JOIN person p ON p.user = v.peer
    ORDER BY i.no DESC"
);

#[derive(Deserialize)]
struct Row {
    no: i64,
    show: i64,
    conversation: ConversationId,
    user: Option<UserId>,
    username: Option<String>,
    relation: Option<i64>,
    marks: Option<Vec<Cursor>>,
    item: timeline::Row,
}

impl Row {
    /// Nothing if the item is not shown, or if its chat was declined and is not the one to search `within`.
    fn hit(self, within: bool) -> Result<Option<Hit>, Error> {
        let declined = self.relation.and_then(people::relation) == Some(Relation::Declined);
        if self.show == 0 || (declined && !within) {
            return Ok(None);
        }
        Ok(Some(Hit {
            item: self.item.item(self.conversation)?,
            with: self.user.zip(self.username).map(|(user, username)| Peer { user, username }),
            marks: self.marks.unwrap_or_default(),
        }))
    }
}

impl Store {
    /// At most `limit` items with all words, what came last first; `before` goes on where an earlier answer ended.
    /// Chats that were declined stand in no list, so they are searched only when they are asked for.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn search(
        &self,
        words: &Words,
        within: Option<ConversationId>,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Hits, Error> {
        let mut found = Hits { hits: Vec::new(), next: None };
        let mut pattern = words.pattern();
        if let Some(conversation) = within {
            let sql = "SELECT no FROM conversation WHERE id = ?";
            let Some(row) = self.row(sql, vec![conversation.0.to_vec().into()]).await? else {
                return Ok(found);
            };
            let no: i64 = row.try_get_by_index(0)?;
            pattern = format!("({pattern}) AND place : \"{}\"", place(no));
        }
        let mut before = signed(before.unwrap_or(u64::MAX));
        loop {
            // One more than asked for tells whether there is more.
            let values: Vec<Value> =
                vec![pattern.clone().into(), before.into(), signed(limit as u64 + 1).into()];
            let rows: Vec<Row> = rows::all(&self.0.searcher, HITS, values).await?;
            let last = rows.len() <= limit;
            for row in rows {
                let no = row.no;
                if let Some(hit) = row.hit(within.is_some())? {
                    if found.hits.len() == limit {
                        found.next = Some(unsigned(before));
                        return Ok(found);
                    }
                    found.hits.push(hit);
                }
                before = no;
            }
            if last {
                return Ok(found);
            }
        }
    }
}
