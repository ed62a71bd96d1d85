//! The timeline: entries fold into items in the same transaction as their events; pages are read by place.

use std::collections::BTreeMap;

use protocol::{
    body::kind,
    ids::{ConversationId, MsgId},
    time::WallMs,
    timeline::{Content, Entry, Item, Key, Timer, apply},
};
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait, Value, sea_query::OnConflict};
use serde::Deserialize;

use super::{
    Error, Store, conversations,
    entity::item::{ActiveModel, Column, Entity},
    rows, search, signed, statement, vanish,
    write::{CHUNK, Transaction},
};

/// Which part of a conversation is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page {
    Newest,
    /// What stands just before this place.
    Before(Key),
    /// What stands just after this place.
    After(Key),
    /// This item, and what stands on both sides of it.
    Around(MsgId),
}

/// Entries of one batch with the same target.
struct Group<'e> {
    entries: Vec<&'e Entry>,
    /// One of them makes the item, so it is most likely not there yet.
    makes: bool,
}

pub(super) async fn fold(tx: &mut Transaction<'_>, entries: &[Entry]) -> Result<(), Error> {
    let mut places = BTreeMap::new();
    let mut groups: Vec<Group<'_>> = Vec::new();
    for entry in entries {
        let place = *places.entry((entry.conversation, entry.target)).or_insert_with(|| {
            groups.push(Group { entries: Vec::new(), makes: false });
            groups.len() - 1
        });
        groups[place].entries.push(entry);
        groups[place].makes |= entry.target == entry.msg_id;
    }
    let (new, changes): (Vec<_>, Vec<_>) = groups.into_iter().partition(|group| group.makes);
    let mut late = Vec::new();
    for chunk in new.chunks(CHUNK) {
        let items: Vec<Item> = chunk.iter().filter_map(|group| fold_one(None, &group.entries)).collect();
        let there = insert_new(tx, &items).await?;
        // A row for each group, in order: `apply` gives an item for every entry.
        late.extend(there.into_iter().filter_map(|at| chunk.get(at)));
    }
    for group in late.into_iter().chain(&changes) {
        change(tx, &group.entries).await?;
    }
    for entry in entries {
        if let Some(timer) = Timer::of(entry) {
            conversations::set_timer(tx, entry.conversation, timer).await?;
        }
    }
    Ok(())
}

fn fold_one(item: Option<Item>, entries: &[&Entry]) -> Option<Item> {
    entries.iter().fold(item, |item, entry| Some(apply(item, entry)))
}

/// Inserts items that are not there yet, with their search rows; says which ones were there (by their index).
async fn insert_new(tx: &mut Transaction<'_>, items: &[Item]) -> Result<Vec<usize>, Error> {
    if items.is_empty() {
        return Ok(Vec::new());
    }
    let numbers: Vec<i64> = items.iter().map(|_| tx.next_item()).collect();
    let rows: Vec<ActiveModel> = items.iter().zip(&numbers).map(|(item, no)| row(tx, *no, item)).collect();
    let skip = OnConflict::columns([Column::Conversation, Column::Id]).do_nothing().to_owned();
    let added = Entity::insert_many(rows).on_conflict(skip).exec_without_returning(&tx.db).await?;
    let mut there = Vec::new();
    if added < items.len() as u64 {
        let range = vec![numbers[0].into(), numbers[numbers.len() - 1].into()];
        let sql = "SELECT no FROM item WHERE no BETWEEN ? AND ? ORDER BY no";
        let rows = tx.db.query_all_raw(statement(sql, range)).await?;
        let added: Vec<i64> = rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, _>>()?;
        there.extend((0..items.len()).filter(|at| added.binary_search(&numbers[*at]).is_err()));
    }
    let fresh = items.iter().zip(numbers).enumerate().filter(|(at, _)| there.binary_search(at).is_err());
    search::insert(tx, fresh.map(|(_, (item, no))| (no, item))).await?;
    Ok(there)
}

/// Reads the item that the entries change, folds them in, writes it back.
async fn change(tx: &mut Transaction<'_>, entries: &[&Entry]) -> Result<(), Error> {
    let Some(first) = entries.first() else { return Ok(()) };
    let (conversation, id) = (first.conversation, first.target);
    let values = vec![tx.conversation(conversation).into(), id.0.to_vec().into()];
    let Some(Numbered { no, item }) = rows::one(&tx.db, ONE_BY_NUMBER, values).await? else {
        let items: Vec<Item> = fold_one(None, entries).into_iter().collect();
        insert_new(tx, &items).await?;
        return Ok(());
    };
    // It was forgotten: it stays so, and what comes late of it goes, too.
    if item.is_forgotten() {
        let late: Vec<Key> = entries.iter().map(|entry| entry.key).collect();
        return vanish::shed(tx, conversation, &late).await;
    }
    let before = item.item(conversation)?;
    let Some(after) = fold_one(Some(before.clone()), entries) else { return Ok(()) };
    if after == before {
        return Ok(());
    }
    // The fold may have moved it to a chain that the batch named, or left it on its own.
    tx.number(std::iter::empty(), std::iter::once((conversation, after.key.chain))).await?;
    let values: Vec<Value> = vec![
        signed(after.key.ord).into(),
        tx.chain(conversation, after.key.chain).into(),
        signed(after.key.seq).into(),
        show(&after).into(),
        after.face().into(),
        ttl(&after).into(),
        no.into(),
    ];
    let sql = "UPDATE item SET ord = ?, chain = ?, seq = ?, show = ?, face = ?, ttl = ? WHERE no = ?";
    tx.db.execute_raw(statement(sql, values)).await?;
    if after.words() != before.words() {
        search::replace(tx, no, &before, &after).await?;
    }
    if after.is_forgotten() {
        let words = entries.iter().filter(|entry| entry.kind != kind::REDACT).map(|entry| entry.key);
        let gone: Vec<Key> = before.keys().into_iter().chain(words).collect();
        vanish::shed(tx, conversation, &gone).await?;
        tx.forgot();
    }
    Ok(())
}

/// Puts whole items in, as a backup holds them; those that are there stay as they are.
pub(super) async fn put(tx: &mut Transaction<'_>, items: &[Item]) -> Result<(), Error> {
    for chunk in items.chunks(CHUNK) {
        insert_new(tx, chunk).await?;
        for item in chunk {
            if let Content::Timer { seconds } = item.content {
                conversations::set_timer(tx, item.conversation, Timer { key: item.key, seconds }).await?;
            }
        }
    }
    Ok(())
}

fn row(tx: &Transaction<'_>, no: i64, item: &Item) -> ActiveModel {
    ActiveModel {
        no: Set(no),
        conversation: Set(tx.conversation(item.conversation)),
        ord: Set(signed(item.key.ord)),
        chain: Set(tx.chain(item.conversation, item.key.chain)),
        seq: Set(signed(item.key.seq)),
        id: Set(item.id.0.to_vec()),
        show: Set(show(item)),
        face: Set(item.face()),
        ttl: Set(ttl(item)),
        due: Set(item.due.map(|due| signed(due.0))),
    }
}

/// Seconds that it stays; 0: for good.
fn ttl(item: &Item) -> i64 {
    item.ttl_s.map_or(0, i64::from)
}

fn show(item: &Item) -> i64 {
    match (item.is_shown(), item.counts_as_unread() && !item.mine) {
        (false, _) => 0,
        (true, false) => 1,
        (true, true) => 2,
    }
}

// The item `i` with its chain `c`, as `Row` reads it.
macro_rules! item {
    () => {
        "json_object(
            'key', json_object('ord', i.ord, 'chain', lower(hex(c.id)), 'seq', i.seq),
            'id', lower(hex(i.id)), 'face', hex(i.face), 'due', i.due
        )"
    };
}
pub(super) use item;

// The same with its number, as `Numbered` reads it.
macro_rules! numbered {
    () => {
        concat!("json_object('no', i.no, 'item', ", $crate::store::timeline::item!(), ")")
    };
}
pub(super) use numbered;

// And with its conversation `v`, as `Placed` reads it.
macro_rules! placed {
    () => {
        concat!(
            "json_object('no', i.no, 'conversation', lower(hex(v.id)), 'item', ",
            $crate::store::timeline::item!(),
            ")"
        )
    };
}
pub(super) use placed;

const ONE_BY_NUMBER: &str = concat!(
    "SELECT ",
    numbered!(),
    " AS row FROM item i CROSS JOIN chain c ON c.no = i.chain WHERE i.conversation = ? AND i.id = ?"
);

macro_rules! items {
    ($which:literal, $only:literal) => {
        concat!(
            "SELECT ",
            item!(),
            " AS row FROM item i ",
            $which,
            " CROSS JOIN chain c ON c.no = i.chain
            WHERE i.conversation = (SELECT no FROM conversation WHERE id = ?) AND ",
            $only
        )
    };
}

const ONE: &str = items!("", "i.id = ? AND i.face <> x''");
const MANY: &str = items!("", "i.id IN (SELECT unhex(value) FROM json_each(?)) AND i.face <> x''");
// The index gives the rows in order of `ord`; only rows with an equal one are sorted.
pub(super) const NEWEST: &str =
    items!("INDEXED BY item_order", "i.show > 0 ORDER BY i.ord DESC, c.id DESC, i.seq DESC LIMIT ?");
pub(super) const BEFORE: &str = items!(
    "INDEXED BY item_order",
    "i.show > 0 AND i.ord <= ? AND (i.ord, c.id, i.seq) < (?, ?, ?)
    ORDER BY i.ord DESC, c.id DESC, i.seq DESC LIMIT ?"
);
pub(super) const AFTER: &str = items!(
    "INDEXED BY item_order",
    "i.show > 0 AND i.ord >= ? AND (i.ord, c.id, i.seq) > (?, ?, ?)
    ORDER BY i.ord, c.id, i.seq LIMIT ?"
);

/// A row of [`item!`].
#[derive(Deserialize)]
pub(super) struct Row {
    key: Key,
    id: MsgId,
    #[serde(deserialize_with = "rows::bytes")]
    face: Vec<u8>,
    due: Option<u64>,
}

/// A row of [`numbered!`].
#[derive(Deserialize)]
pub(super) struct Numbered {
    pub(super) no: i64,
    pub(super) item: Row,
}

/// A row of [`placed!`].
#[derive(Deserialize)]
pub(super) struct Placed {
    pub(super) no: i64,
    pub(super) conversation: ConversationId,
    pub(super) item: Row,
}

impl Row {
    pub(super) fn item(self, conversation: ConversationId) -> Result<Item, Error> {
        let item = Item::from_face(conversation, self.id, self.key, &self.face)
            .map_err(|_| Error::Damaged("an item is not whole"))?;
        // The column counts: clocks are started without reading faces.
        Ok(Item { due: self.due.map(WallMs), ..item })
    }

    fn is_forgotten(&self) -> bool {
        self.face.is_empty()
    }
}

impl Store {
    /// At most `limit` items of a conversation, oldest first.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn timeline(
        &self,
        conversation: ConversationId,
        page: Page,
        limit: usize,
    ) -> Result<Vec<Item>, Error> {
        let before = async |key, limit| {
            let mut items = self.read(conversation, BEFORE, beside(conversation, key, limit)).await?;
            items.reverse();
            Ok::<_, Error>(items)
        };
        let after = async |key, limit| self.read(conversation, AFTER, beside(conversation, key, limit)).await;
        match page {
            Page::Newest => {
                let values = vec![conversation.0.to_vec().into(), signed(limit as u64).into()];
                let mut items = self.read(conversation, NEWEST, values).await?;
                items.reverse();
                Ok(items)
            }
            Page::Before(key) => before(key, limit).await,
            Page::After(key) => after(key, limit).await,
            Page::Around(id) => {
                let item = self.item(conversation, id).await?.filter(Item::is_shown);
                let Some(item) = item else { return Ok(Vec::new()) };
                let (key, rest) = (item.key, limit.saturating_sub(1));
                let (mut items, after) =
                    tokio::try_join!(before(key, rest.div_ceil(2)), after(key, rest / 2))?;
                items.push(item);
                items.extend(after);
                Ok(items)
            }
        }
    }

    async fn read(
        &self,
        conversation: ConversationId,
        sql: &str,
        values: Vec<Value>,
    ) -> Result<Vec<Item>, Error> {
        self.all::<Row>(sql, values).await?.into_iter().map(|row| row.item(conversation)).collect()
    }

    /// The items with these names, as far as they are here, in no order.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn items(&self, conversation: ConversationId, ids: &[MsgId]) -> Result<Vec<Item>, Error> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let names: Vec<String> = ids.iter().map(|id| format!("\"{id}\"")).collect();
        let values = vec![conversation.0.to_vec().into(), format!("[{}]", names.join(",")).into()];
        self.read(conversation, MANY, values).await
    }

    /// One item, shown or not.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn item(&self, conversation: ConversationId, id: MsgId) -> Result<Option<Item>, Error> {
        let values = vec![conversation.0.to_vec().into(), id.0.to_vec().into()];
        self.one::<Row>(ONE, values).await?.map(|row| row.item(conversation)).transpose()
    }
}

fn beside(conversation: ConversationId, key: Key, limit: usize) -> Vec<Value> {
    let ord = signed(key.ord);
    vec![
        conversation.0.to_vec().into(),
        ord.into(),
        ord.into(),
        key.chain.0.to_vec().into(),
        signed(key.seq).into(),
        signed(limit as u64).into(),
    ]
}
