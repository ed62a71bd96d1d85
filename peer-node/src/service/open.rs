//! A node that is unlocked: its store, its machine, its links and its directory.

/// Everything that lives only while the node is unlocked.
#[derive(Debug)]
pub(super) enum Open {}
