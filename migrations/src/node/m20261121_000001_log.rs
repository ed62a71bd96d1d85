//! The log: conversations and chains by number, events, and the machine's records.

pub(super) const SQL: &str = "
CREATE TABLE store (
    one      INTEGER PRIMARY KEY CHECK (one = 1),
    store_id BLOB    NOT NULL,
    rev      INTEGER NOT NULL
) STRICT;

CREATE TABLE conversation (
    no      INTEGER PRIMARY KEY,
    id      BLOB NOT NULL UNIQUE,
    peer    BLOB,     -- the other person; NULL: not a conversation that people see
    created INTEGER
) STRICT;

CREATE TABLE chain (
    no           INTEGER PRIMARY KEY,
    id           BLOB    NOT NULL,
    conversation INTEGER NOT NULL REFERENCES conversation (no),
    UNIQUE (id, conversation)     -- what stands in no chain has the same name everywhere
) STRICT;
CREATE INDEX chain_conversation ON chain (conversation);

CREATE TABLE event (
    no        INTEGER PRIMARY KEY,
    chain     INTEGER NOT NULL REFERENCES chain (no),
    seq       INTEGER NOT NULL,
    header    BLOB    NOT NULL,
    signature BLOB    NOT NULL,
    body      BLOB,     -- NULL: it was taken away later, the header stays
    UNIQUE (chain, seq)
) STRICT;

CREATE TABLE record (
    key   BLOB PRIMARY KEY,
    value BLOB NOT NULL
) STRICT;
";
