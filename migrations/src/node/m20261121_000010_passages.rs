//! When own messages got to the other, and when they were read.

pub(super) const SQL: &str = "
-- One line for each move of the other's marks on an own chain: what stands after `after`, up to `seq`, got there `at`
-- (ms since 1970). Moves before this version left no line.
CREATE TABLE passage (
    chain INTEGER NOT NULL REFERENCES chain (no),
    read  INTEGER NOT NULL CHECK (read IN (0, 1)),             -- 1: read; 0: delivered
    seq   INTEGER NOT NULL,
    after INTEGER NOT NULL,
    at    INTEGER NOT NULL,
    PRIMARY KEY (chain, read, seq)
) STRICT, WITHOUT ROWID;
";
