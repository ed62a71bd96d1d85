//! Messages that disappear: how long they stay, when they go, and what goes from the log with them.

pub(super) const SQL: &str = "
ALTER TABLE item ADD COLUMN ttl INTEGER NOT NULL DEFAULT 0;     -- seconds that it stays; 0: for good
ALTER TABLE item ADD COLUMN due INTEGER;                        -- when it goes (ms since 1970); NULL: no clock runs
CREATE INDEX item_timed ON item (chain, seq) WHERE ttl > 0 AND due IS NULL;
CREATE INDEX item_due ON item (due) WHERE due IS NOT NULL;

-- The timer of each conversation, and where it was set: what stands last in the order counts.
ALTER TABLE conversation ADD COLUMN timer INTEGER NOT NULL DEFAULT 0;
ALTER TABLE conversation ADD COLUMN timer_ord INTEGER NOT NULL DEFAULT 0;
ALTER TABLE conversation ADD COLUMN timer_chain BLOB NOT NULL DEFAULT x'';
ALTER TABLE conversation ADD COLUMN timer_seq INTEGER NOT NULL DEFAULT 0;

-- Events of forgotten items that their reader does not have yet: the body goes once it does.
CREATE TABLE shed (
    chain INTEGER NOT NULL REFERENCES chain (no),
    seq   INTEGER NOT NULL,
    PRIMARY KEY (chain, seq)
) STRICT, WITHOUT ROWID;
";
