//! Settings of this node, and drafts: what was typed and not sent.

pub(super) const SQL: &str = "
CREATE TABLE setting (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL     -- JSON
) STRICT;

CREATE TABLE draft (
    conversation BLOB PRIMARY KEY,
    text         TEXT NOT NULL
) STRICT;
";
