//! The timeline: one row for each thing that people see, and how far everybody has read.

pub(super) const SQL: &str = "
CREATE TABLE item (
    no           INTEGER PRIMARY KEY,
    conversation INTEGER NOT NULL REFERENCES conversation (no),
    ord          INTEGER NOT NULL,
    chain        INTEGER NOT NULL REFERENCES chain (no),
    seq          INTEGER NOT NULL,
    id           BLOB    NOT NULL,
    show         INTEGER NOT NULL,     -- 0 not yet, 1 shown, 2 shown and counts as unread until read
    face         BLOB    NOT NULL,     -- the rest of the item, encoded
    UNIQUE (conversation, id)
) STRICT;
CREATE INDEX item_order ON item (conversation, ord) WHERE show > 0;
CREATE INDEX item_unread ON item (conversation, chain, seq) WHERE show = 2;

CREATE TABLE cursor (
    conversation INTEGER NOT NULL REFERENCES conversation (no),
    reader       BLOB    NOT NULL,
    chain        INTEGER NOT NULL REFERENCES chain (no),
    delivered    INTEGER NOT NULL,
    read         INTEGER NOT NULL,
    PRIMARY KEY (conversation, reader, chain)
) STRICT, WITHOUT ROWID;
";
