//! Messages that were read can be marked unread again.

pub(super) const SQL: &str = "
-- From this place on the chain counts as unread, whatever was read; nobody else hears of it. NULL: what was read counts.
ALTER TABLE chain ADD COLUMN unread_from INTEGER;
";
