//! People that this node knows.

pub(super) const SQL: &str = "
CREATE TABLE person (
    user         BLOB PRIMARY KEY,
    username     TEXT    NOT NULL,
    relation     INTEGER NOT NULL,
    keys         INTEGER NOT NULL,
    account_key  BLOB    NOT NULL,
    since        INTEGER NOT NULL,
    conversation BLOB    NOT NULL,
    replaces     BLOB
) STRICT;
CREATE INDEX person_username ON person (username);
";
