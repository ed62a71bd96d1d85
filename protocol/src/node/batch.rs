//! One step's result: writes, and effects that can be had only by committing them.

use crate::{
    event::Event,
    ids::{ChainId, ConversationId, UserId},
    time::WallMs,
    timeline::Entry,
};

use super::Effect;

/// One change of the store. All writes of a batch go into one transaction.
#[derive(Debug, Clone, PartialEq)]
pub enum Write {
    /// A new event of the log; (chain, seq) is new, and seq follows the stored head of the chain.
    Event {
        conversation: ConversationId,
        event: Event,
    },
    /// A record of the machine: made, replaced, or removed (`None`). Only the machine reads it, at its start.
    Record {
        key: Vec<u8>,
        value: Option<Vec<u8>>,
    },
    /// A change of a timeline item: `timeline::apply` folds it into the item that it targets.
    Entry(Entry),
    /// A mark moved, only ever forward, when this node's clock said `at`: the clocks of messages that disappear start.
    Cursor {
        cursor: Cursor,
        at: WallMs,
    },
    Conversation(Conversation),
    Person(Person),
}

/// How far `reader` got on `chain` of a conversation. `reader` may be this node's own user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
pub struct Cursor {
    pub conversation: ConversationId,
    pub reader: UserId,
    pub chain: ChainId,
    /// Stored and opened at the reader, up to this seq.
    pub delivered: u64,
    pub read: u64,
}

/// A conversation as people see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    pub id: ConversationId,
    /// The other person of a one-to-one chat.
    pub with: UserId,
    pub created: WallMs,
}

/// Somebody this node knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub user: UserId,
    pub username: String,
    pub relation: Relation,
    pub keys: KeyState,
    /// The account key that is pinned for this person (Ed25519, public).
    pub account_key: [u8; 32],
    /// When they came to be known here.
    pub since: WallMs,
    /// The one-to-one conversation with them.
    pub conversation: ConversationId,
    /// The UserId that a reset replaced; the page joins both chats.
    pub replaces: Option<UserId>,
}

/// Where two people stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// I asked; no answer yet.
    Asked,
    /// They asked; I have not answered.
    Asking,
    Contact,
    /// They said no to me. I may go on writing; it goes over when they accept.
    DeclinedMe,
    /// I said no to them; their request can still be accepted.
    Declined,
    Blocked,
}

/// What is known of a person's keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// Pinned at first contact.
    Pinned,
    /// Reset: receiving goes on, writing needs `Command::ConfirmKeys`.
    Changed,
}

/// A place where batches become durable.
pub trait Commit {
    type Error;

    /// Makes all writes durable, or none.
    fn commit(&mut self, writes: Vec<Write>) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// Writes and effects of one step. There is no way to the effects but through [`Batch::commit`].
#[derive(Debug, Default)]
#[must_use = "a batch that is not committed is a step that never happened; drop the node with it"]
pub struct Batch {
    writes: Vec<Write>,
    effects: Vec<Effect>,
}

impl Batch {
    /// Nothing needs to be written; committing it costs no transaction.
    pub fn is_read_only(&self) -> bool {
        self.writes.is_empty()
    }

    /// Commits the writes, then hands out the effects in their order.
    ///
    /// # Errors
    /// The store's own. Then the machine that made the batch must be dropped and opened anew from the store.
    pub async fn commit<S: Commit>(self, store: &mut S) -> Result<Vec<Effect>, S::Error> {
        if !self.writes.is_empty() {
            store.commit(self.writes).await?;
        }
        Ok(self.effects)
    }

    pub(crate) fn write(&mut self, write: Write) {
        self.writes.push(write);
    }

    pub(crate) fn effect(&mut self, effect: Effect) {
        self.effects.push(effect);
    }
}
