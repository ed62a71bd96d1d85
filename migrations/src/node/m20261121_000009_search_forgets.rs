//! The search index takes the words of a forgotten message out at once, wherever in the index they stand: rows that are
//! deleted with their words, securely, instead of by a note that is merged away some day. The node fills it anew.

pub(super) const SQL: &str = "
DROP TABLE search;
CREATE VIRTUAL TABLE search USING fts5 (
    text,
    place,     -- the number of the conversation, as a word
    content = '',
    prefix = '1 2',
    tokenize = 'unicode61 remove_diacritics 2'
);
INSERT INTO search (search, rank) VALUES ('secure-delete', 1);
DELETE FROM setting WHERE key = 'search-index';
";
