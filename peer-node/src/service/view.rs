//! What a person sees of the store and the network: plain values, ready for pages and for JSON.

use std::{fmt, str::FromStr};

use protocol::{
    ids::{ChainId, ConversationId, DeviceId, MsgId, UserId},
    time::WallMs,
    timeline::Key,
};
use serde::{Deserialize, Serialize};

use super::network::Route;
pub use crate::store::{Draft, Passed};

/// Where the node stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// No account is on this computer yet.
    Fresh,
    /// The passphrase is needed; nothing is received.
    Locked,
    Open,
}

/// Who this node belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Me {
    pub user: UserId,
    pub username: String,
    pub device: DeviceId,
    pub visibility: Visibility,
    /// Addresses that others are told to dial.
    pub addresses: Vec<String>,
    /// The recovery file was made and not yet marked as saved.
    pub recovery_waits: bool,
}

/// Who may find this person in the directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    Everyone,
    #[default]
    ExactName,
    Nobody,
}

/// The node's link to its directory (truth 3 of the page).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DirectoryState {
    /// No directory is set; chats by address work.
    None,
    Up {
        url: String,
        fingerprint: String,
    },
    /// Not reachable right now; people who know each other still talk.
    Down {
        url: String,
        why: String,
    },
    /// Signed out there, or refused: signing in again helps.
    SignedOut {
        url: String,
    },
}

/// All that a status line needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    pub stage: Stage,
    /// The name that the unlock page shows; known while locked too.
    pub username: Option<String>,
    pub me: Option<Me>,
    pub directory: DirectoryState,
    /// People with a live link to this node.
    pub reachable: u64,
    /// Own messages that nobody else holds yet.
    pub waiting: u64,
}

/// Where two people stand, as the page tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// Found in the directory, never asked.
    Stranger,
    /// Asked by me, waiting.
    Asked,
    /// Asks me; waits for my answer.
    Asking,
    Contact,
    /// They said no; what I write is kept and goes over when they accept.
    DeclinedMe,
    /// I said no; the request can still be accepted.
    Declined,
    Blocked,
    Myself,
}

/// Somebody, known or found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub user: UserId,
    pub username: String,
    pub relation: Relation,
    /// Their keys changed and the new ones are not confirmed; writing waits for that.
    pub keys_changed: bool,
    /// A live link to them, or the directory says that they are there.
    pub online: bool,
    /// A live link to them is there right now.
    pub connected: bool,
    /// When a live link or the directory last showed them.
    pub last_seen: Option<WallMs>,
    /// 60 digits to compare, for people that are known here.
    pub safety_number: Option<String>,
    pub conversation: Option<ConversationId>,
    /// The person whom they replaced by a reset.
    pub replaces: Option<UserId>,
    pub since: Option<WallMs>,
}

/// Who answers at an address or under a name, before anything is sent to them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub user: UserId,
    pub username: String,
    pub safety_number: String,
    pub relation: Relation,
}

/// What a search for people brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    pub people: Vec<Person>,
    /// Why the directory was not asked, or did not answer.
    pub directory: Option<super::Error>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    pub id: ConversationId,
    pub person: Person,
    pub last: Option<Message>,
    pub unread: u64,
    pub draft: Option<Draft>,
    /// They are writing right now.
    pub typing: bool,
    /// No notifications of it are wanted.
    pub muted: bool,
    /// Messages disappear so many seconds after they were read; 0: they stay.
    pub timer: u32,
}

/// How far my message got; it only moves forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Progress {
    Pending,
    OnTheWay,
    Delivered,
    Read,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub conversation: ConversationId,
    pub id: MsgId,
    pub place: Place,
    pub author: UserId,
    pub mine: bool,
    /// By the author's clock.
    pub sent: WallMs,
    /// By this node's clock.
    pub received: WallMs,
    pub content: Content,
    /// The message that it answers, as that one stands now.
    pub reply: Option<Quote>,
    /// When its author last changed the words, by their clock.
    pub edited: Option<WallMs>,
    /// Emoji and who gave it, in the order in which they were given.
    pub reactions: Vec<(String, UserId)>,
    /// Only of my own messages.
    pub progress: Option<Progress>,
    /// It disappears, and when.
    pub stay: Option<Stay>,
}

/// How long a message stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stay {
    /// From when it was read, or, where it was written, from when the other had it.
    pub seconds: u32,
    /// By this node's clock; none: it does not count yet.
    pub until: Option<WallMs>,
}

/// A message that another one answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    pub id: MsgId,
    /// None: it is not here, or its words are gone.
    pub said: Option<(UserId, String)>,
}

/// Everything that is known of one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Info {
    pub message: Message,
    /// All words that it had, the first ones first, each with the author's time; one alone was never changed.
    pub versions: Vec<(WallMs, String)>,
    /// When an own one got where.
    pub passed: Passed,
    /// The way that it still has to go: only while nobody else has it, and a link to them is wanted.
    pub route: Option<Route>,
}

/// What is to be written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NewMessage {
    pub text: String,
    /// A name of one's own: the same one twice writes once.
    pub id: Option<MsgId>,
    /// The message that it answers.
    pub reply: Option<MsgId>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    Text(String),
    /// Its author took it back.
    Redacted,
    /// Somebody set how long messages stay from there on, in seconds; 0: for good.
    Timer(u32),
    /// A line of the house itself.
    Line(Line),
    /// Written by a newer version: "update needed".
    Unknown,
}

/// What a line of the house says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    KeysChanged,
    Restored,
    PeerRestored,
    NewDevice,
}

/// A stretch of history, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    pub messages: Vec<Message>,
    /// There are older ones.
    pub older: bool,
    /// There are newer ones.
    pub newer: bool,
    /// Where the first unread message stands.
    pub first_unread: Option<Place>,
}

/// Which stretch of a conversation is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stretch {
    Newest,
    Before(Place),
    After(Place),
    Around(MsgId),
}

/// Where a message stands in its conversation, as a word that pages and scripts can hand back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place(pub Key);

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}-{:x}-{}", self.0.ord, self.0.seq, self.0.chain)
    }
}

/// A text that is not a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("take the value from the field \"key\" of a message")]
pub struct BadPlace;

impl FromStr for Place {
    type Err = BadPlace;

    fn from_str(text: &str) -> Result<Self, BadPlace> {
        let mut parts = text.splitn(3, '-');
        let mut number = || -> Result<u64, BadPlace> {
            let digits = parts.next().ok_or(BadPlace)?;
            u64::from_str_radix(digits, 16).map_err(|_| BadPlace)
        };
        let (ord, seq) = (number()?, number()?);
        let chain: ChainId = parts.next().ok_or(BadPlace)?.parse().map_err(|_| BadPlace)?;
        Ok(Self(Key { ord, chain, seq }))
    }
}

/// The user's own choices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    pub visibility: Visibility,
    /// Tell others what was read, and see what they read.
    pub receipts: bool,
    /// Tell others while writing, and see when they do.
    pub typing: bool,
    /// Tell somebody who dials this node's address who is here.
    pub answer_who: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { visibility: Visibility::default(), receipts: true, typing: true, answer_who: true }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_survives_its_text() {
        let place = Place(Key { ord: u64::MAX, chain: ChainId([0xab; 32]), seq: 7 });
        assert_eq!(place.to_string().parse(), Ok(place));
        for bad in ["", "1", "1-2", "1-2-3", "x-2-00", "-1-2"] {
            assert_eq!(bad.parse::<Place>(), Err(BadPlace), "{bad}");
        }
    }
}
