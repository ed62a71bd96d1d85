//! The machine of one node: all its links and conversations. Inputs and time go in, one batch comes out.

mod batch;
mod io;

pub use batch::{Batch, Commit, Conversation, Cursor, KeyState, Person, Relation, Write};
pub use io::{Command, DirectorySaid, Effect, Input, Notice, Preferences, Refusal, Reply};
