//! The search index: words of items, by the item's number; it holds no text that could be read back.

pub(super) const SQL: &str = "
CREATE VIRTUAL TABLE search USING fts5 (
    text,
    place,     -- the number of the conversation, as a word
    content = '',
    contentless_delete = 1,
    tokenize = 'unicode61 remove_diacritics 2'
);
";
