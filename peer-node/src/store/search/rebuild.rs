//! The index made anew: when this version folds otherwise than the one that wrote the index, it is emptied and filled
//! from the newest item to the oldest, in transactions so small that writing goes on between them. (Rows of another
//! folding cannot stay meanwhile: to forget a message, its words have to be taken out as they were put in.) How far it
//! got is committed with the rows.

use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicI64, Ordering},
};

use protocol::ids::ConversationId;
use sea_orm::{ConnectionTrait, DatabaseConnection, Value};
use serde::{Deserialize, Serialize};

use super::{insert_words, words::FOLDING};
use crate::store::{Error, Store, rows, statement, timeline};

/// The setting that says how the index stands. It is about this file, so no backup takes it along.
pub(in crate::store) const SETTING: &str = "search-index";
/// A transaction holds at most this many items, and about this many bytes of text: some 10 ms of work.
const ITEMS: i64 = 300;
const BYTES: usize = 128 << 10;

/// How far the index is made.
#[derive(Debug)]
pub(in crate::store) struct Index {
    below: AtomicI64,
    of: AtomicI64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    folding: u32,
    /// Items with a number below this may have no rows; 0: all are made.
    below: i64,
    /// The newest number when it began; later ones came with the new folding.
    of: i64,
}

impl Index {
    /// How the index of this database stands; one of another folding is to be made anew from here on.
    pub(in crate::store) async fn open(db: &DatabaseConnection) -> Result<Self, Error> {
        let sql = "SELECT value FROM setting WHERE key = ?";
        let row = db.query_one_raw(statement(sql, vec![SETTING.into()])).await?;
        let kept = match row {
            Some(row) => serde_json::from_str::<Kept>(&row.try_get_by_index::<String>(0)?).ok(),
            None => None,
        };
        let kept = match kept.filter(|kept| kept.folding == FOLDING) {
            Some(kept) => kept,
            None => {
                let row = db.query_one_raw(statement("SELECT MAX(no) FROM item", vec![])).await?;
                let newest = row.map(|row| row.try_get_by_index::<Option<i64>>(0)).transpose()?.flatten();
                let of = newest.unwrap_or(0);
                let kept = Kept { folding: FOLDING, below: newest.map_or(0, |newest| newest + 1), of };
                db.execute_raw(statement("INSERT INTO search (search) VALUES ('delete-all')", vec![]))
                    .await?;
                keep(db, kept).await?;
                kept
            }
        };
        Ok(Self { below: kept.below.into(), of: kept.of.into() })
    }
}

async fn keep(db: &impl ConnectionTrait, kept: Kept) -> Result<(), Error> {
    let json = serde_json::to_string(&kept).map_err(|_| Error::Damaged("a setting has no JSON"))?;
    let sql = "INSERT INTO setting (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    db.execute_raw(statement(sql, vec![SETTING.into(), json.into()])).await?;
    Ok(())
}

const OLDER: &str = concat!(
    "SELECT json_object('no', i.no, 'place', i.conversation, 'conversation', lower(hex(v.id)), 'item', ",
    timeline::item!(),
    ") AS row
    FROM item i CROSS JOIN chain c ON c.no = i.chain CROSS JOIN conversation v ON v.no = i.conversation
    WHERE i.no < ? AND i.face <> x'' ORDER BY i.no DESC LIMIT ?"
);

#[derive(Deserialize)]
struct Row {
    no: i64,
    place: i64,
    conversation: ConversationId,
    item: timeline::Row,
}

/// What one transaction makes anew.
struct Step {
    /// Number, number of the conversation, text.
    words: Vec<(i64, i64, String)>,
    /// The lowest number of them; 0: there is nothing below.
    from: i64,
}

impl Step {
    fn read(rows: Vec<Row>) -> Result<Self, Error> {
        let there = rows.len() as u64;
        let mut step = Self { words: Vec::with_capacity(rows.len()), from: 0 };
        let mut bytes = 0;
        for row in rows {
            let item = row.item.item(row.conversation)?;
            step.from = row.no;
            if let Some(words) = item.words() {
                bytes += words.len();
                step.words.push((step.from, row.place, words.to_owned()));
            }
            if bytes > BYTES {
                return Ok(step);
            }
        }
        if there < ITEMS.unsigned_abs() || step.from <= 1 {
            step.from = 0;
        }
        Ok(step)
    }
}

impl Store {
    /// How much of the history a search looks through, in percent, while the index is made anew; `None`: all of it.
    pub fn indexed(&self) -> Option<u8> {
        let index = &self.0.index;
        let (below, of) = (index.below.load(Ordering::Acquire), index.of.load(Ordering::Acquire));
        let done = 100 * (of + 1 - below) / of.max(1);
        (below > 0).then(|| u8::try_from(done.clamp(0, 99)).unwrap_or(99))
    }

    /// Makes the rows of some hundred items anew, if any are left; answers whether more are.
    ///
    /// # Errors
    /// A database that cannot be read or written; nothing of this step is done then.
    pub async fn index_more(&self) -> Result<bool, Error> {
        let index = &self.0.index;
        let mut writer = self.0.writer.lock().await;
        let (below, of) = (index.below.load(Ordering::Acquire), index.of.load(Ordering::Acquire));
        if below == 0 {
            return Ok(false);
        }
        let mut from = 0;
        let done = writer.transaction(async |tx| {
            let step = Step::read(rows::all(&tx.db, OLDER, vec![below.into(), ITEMS.into()]).await?)?;
            from = step.from;
            // What was changed meanwhile is in the index already.
            let range: Vec<Value> = vec![from.into(), below.into()];
            let sql = "SELECT id FROM search_docsize WHERE id >= ? AND id < ?";
            let there = tx.db.query_all_raw(statement(sql, range)).await?;
            let there: BTreeSet<i64> =
                there.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, _>>()?;
            let words = step.words.iter().filter(|(no, ..)| !there.contains(no));
            insert_words(tx, words.map(|(no, place, words)| (*no, *place, words.as_str()))).await?;
            keep(&tx.db, Kept { folding: FOLDING, below: from, of }).await
        });
        done.await?;
        index.below.store(from, Ordering::Release);
        Ok(from > 0)
    }
}
