//! Search: words of items, folded so that what people type finds what people wrote.
//!
//! The index holds words, no text: an item is read from the timeline. Hits come newest first, by their number;
//! never by rank, which has to look at every hit of a common word. Han, Kana and other writing without spaces is
//! indexed sign by sign and searched as a phrase. Parts of words inside a word are not found (a trigram index could
//! be added beside this one).

use protocol::{ids::ConversationId, timeline::Item};
use sea_orm::{ConnectionTrait, Value};
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use super::{Error, Store, signed, statement, timeline, write::Transaction};

/// More words than this in a query are not looked at.
const MAX_WORDS: usize = 16;
/// Rows for one statement.
const CHUNK: usize = 100;

pub(super) async fn insert<'i>(
    tx: &Transaction<'_>,
    items: impl Iterator<Item = (i64, &'i Item)>,
) -> Result<(), Error> {
    let mut rows: Vec<Value> = Vec::new();
    let mut count = 0;
    for (no, item) in items {
        let Some(words) = item.content.words() else { continue };
        rows.extend([no.into(), fold(words).into(), place(tx.conversation(item.conversation)).into()]);
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

pub(super) async fn replace(tx: &Transaction<'_>, no: i64, item: &Item) -> Result<(), Error> {
    tx.db.execute_raw(statement("DELETE FROM search WHERE rowid = ?", vec![no.into()])).await?;
    insert(tx, std::iter::once((no, item))).await
}

// A conversation is a word of its own column, so that a rare conversation does not wade through a common word.
fn place(conversation: i64) -> String {
    format!("c{conversation}")
}

const HITS: &str = "SELECT v.id AS in_conversation,
        i.ord AS ord, c.id AS chain, i.seq AS seq, i.id AS id, i.face AS face
    FROM (SELECT rowid AS no FROM search WHERE search MATCH ? ORDER BY rowid DESC LIMIT ?) s
    CROSS JOIN item i ON i.no = s.no
    CROSS JOIN chain c ON c.no = i.chain
    CROSS JOIN conversation v ON v.no = i.conversation
    WHERE i.show > 0
    ORDER BY i.no DESC";

impl Store {
    /// Items with all words of `query`, the last one as the beginning of a word; what came last first. Signs that are
    /// no letters and no digits only part words.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn search(
        &self,
        query: &str,
        within: Option<ConversationId>,
        limit: usize,
    ) -> Result<Vec<Item>, Error> {
        let Some(mut pattern) = pattern(query) else { return Ok(Vec::new()) };
        if let Some(conversation) = within {
            let sql = "SELECT no FROM conversation WHERE id = ?";
            let Some(row) = self.row(sql, vec![conversation.0.to_vec().into()]).await? else {
                return Ok(Vec::new());
            };
            let no: i64 = row.try_get_by_index(0)?;
            pattern = format!("({pattern}) AND place : \"{}\"", place(no));
        }
        let rows = self.rows(HITS, vec![pattern.into(), signed(limit as u64).into()]).await?;
        rows.iter()
            .map(|row| {
                let id: Vec<u8> = row.try_get("", "in_conversation")?;
                let id = ConversationId::try_from(id.as_slice())
                    .map_err(|_| Error::Damaged("a conversation has no name"))?;
                timeline::read(row, id)
            })
            .collect()
    }
}

/// The query in FTS5's own language: only quoted words of letters and digits, so that nothing in it is an operator.
fn pattern(query: &str) -> Option<String> {
    let folded = fold(query);
    let mut words: Vec<String> = Vec::new();
    let mut last_was_sign = false;
    for word in
        folded.split(|c: char| !c.is_alphanumeric() && !is_combining_mark(c)).filter(|word| !word.is_empty())
    {
        let sign = word.chars().all(stands_alone);
        // Signs that followed each other in the query have to follow each other in the text.
        if let Some(phrase) = words.last_mut().filter(|_| sign && last_was_sign) {
            phrase.push(' ');
            phrase.push_str(word);
        } else if words.len() == MAX_WORDS {
            break;
        } else {
            words.push(word.to_owned());
        }
        last_was_sign = sign;
    }
    let last = words.pop()?;
    let mut pattern = String::from("text : (");
    for word in words {
        pattern.push_str(&format!("\"{word}\" AND "));
    }
    pattern.push_str(&format!("\"{last}\" *)"));
    Some(pattern)
}

/// One form for letters that people take for the same: no case, no marks, no ligatures or wide forms, and the
/// letters with strokes that Unicode does not take apart.
pub(super) fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let mut folded = String::with_capacity(text.len());
    for c in text.nfkd().filter(|c| !matches!(c, '\u{300}'..='\u{36f}')).flat_map(char::to_lowercase) {
        match c {
            'ł' => folded.push('l'),
            'ø' => folded.push('o'),
            'đ' | 'ð' => folded.push('d'),
            'ħ' => folded.push('h'),
            'ı' => folded.push('i'),
            'ŧ' => folded.push('t'),
            'ß' => folded.push_str("ss"),
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            'þ' => folded.push_str("th"),
            'ς' => folded.push('σ'),
            c if stands_alone(c) => {
                folded.push(' ');
                folded.push(c);
                folded.push(' ');
            }
            c => folded.push(c),
        }
    }
    // Korean and others were taken apart above.
    folded.nfc().collect()
}

/// Writing without spaces: each sign is a word.
fn stands_alone(c: char) -> bool {
    matches!(c,
        '\u{3041}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}')
}
