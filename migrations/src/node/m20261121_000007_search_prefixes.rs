//! The search index keeps the first one and two letters of words, too: while somebody begins to type, a search reads
//! a few rows, not half of the history. The node fills it anew, newest first, as it does for a new folding.

pub(super) const SQL: &str = "
DROP TABLE search;
CREATE VIRTUAL TABLE search USING fts5 (
    text,
    place,     -- the number of the conversation, as a word
    content = '',
    contentless_delete = 1,
    prefix = '1 2',
    tokenize = 'unicode61 remove_diacritics 2'
);
DELETE FROM setting WHERE key = 'search-index';
";
