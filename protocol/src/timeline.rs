//! The timeline: entries fold into items, in any order of arrival, to the same result.

use crate::{
    ids::{ChainId, ConversationId, MsgId, UserId},
    time::WallMs,
};

/// Where an item stands in its conversation: the same at every member, whatever arrived when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    pub ord: u64,
    pub chain: ChainId,
    pub seq: u64,
}

/// An opened event, addressed to the item that it makes or changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub conversation: ConversationId,
    /// The item; equal to `msg_id` where the entry makes one.
    pub target: MsgId,
    pub msg_id: MsgId,
    pub key: Key,
    pub author: UserId,
    /// Written by this node's own user.
    pub mine: bool,
    /// The author's clock.
    pub wall: WallMs,
    /// This node's clock when it was stored here.
    pub received: WallMs,
    pub kind: u16,
    pub data: Vec<u8>,
}

/// One row of a conversation as people see it: the fold of all entries with one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    pub conversation: ConversationId,
    pub id: MsgId,
    pub key: Key,
    pub author: UserId,
    pub mine: bool,
    pub wall: WallMs,
    pub received: WallMs,
    pub content: Content,
}

mod face;

/// What an item shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Changes arrived before what they change; not shown yet.
    Unborn,
    Text {
        text: String,
    },
    /// A line of the house itself, such as "new keys".
    System(System),
    /// A kind that this version does not know: "update needed".
    Unknown {
        kind: u16,
    },
}

/// What a system line says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum System {
    /// The person made a new identity; older rows belong to the one before.
    KeysChanged,
    /// This node's data folder was restored from an old copy.
    Restored,
    /// The other side's data folder was restored or copied.
    PeerRestored,
}
