//! The values of the API as they stand in JSON. 64-bit numbers are strings, times are RFC 3339.

use jiff::Timestamp;
use protocol::{
    ids::{MsgId, UserId},
    time::WallMs,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    http::session::Listed,
    service::{self, Passphrase, account, people, tokens},
};

pub(super) fn time(at: WallMs) -> String {
    let ms = i64::try_from(at.0).unwrap_or(i64::MAX);
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::MAX).to_string()
}

/// One enum, its words in JSON, and the service's enum that it mirrors.
macro_rules! mirror {
    ($(#[$doc:meta])* $name:ident = $other:path { $($variant:ident),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($variant),+ }

        impl From<$other> for $name {
            fn from(other: $other) -> Self {
                match other { $(<$other>::$variant => Self::$variant),+ }
            }
        }

        impl From<$name> for $other {
            fn from(other: $name) -> Self {
                match other { $($name::$variant => Self::$variant),+ }
            }
        }
    };
}

mirror!(
    /// `fresh`: no account yet; `locked`: the passphrase is needed, nothing is received.
    Stage = service::Stage { Fresh, Locked, Open }
);
mirror!(
    /// Who finds this person in the directory.
    Visibility = service::Visibility { Everyone, ExactName, Nobody }
);
mirror!(
    /// Where two people stand. `declined_me`: what you write is kept and goes over when they accept.
    Relation = service::Relation { Stranger, Asked, Asking, Contact, DeclinedMe, Declined, Blocked, Myself }
);
mirror!(
    /// How far a message of one's own got; it only moves forward.
    Progress = service::Progress { Pending, OnTheWay, Delivered, Read }
);
mirror!(
    /// `active`: exchanged messages with; `connected`: with a live link now.
    PeerState = people::PeerState { Active, Connected }
);
mirror!(
    /// What a token may do.
    Scope = tokens::Scope { Read, Write, Account }
);

#[derive(Debug, Serialize, ToSchema)]
pub struct Status {
    pub stage: Stage,
    /// Of this program.
    #[schema(example = "0.1.0")]
    pub version: &'static str,
    pub username: Option<String>,
    pub me: Option<Me>,
    pub directory: Directory,
    /// People with a live link to this node.
    #[schema(example = "2")]
    pub reachable: String,
    /// Own messages that nobody else holds yet.
    #[schema(example = "0")]
    pub waiting: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Me {
    pub user: String,
    pub username: String,
    pub device: String,
    pub visibility: Visibility,
    /// Where others are told to dial this node.
    pub addresses: Vec<String>,
    /// The recovery file was not saved yet.
    pub recovery_waits: bool,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Directory {
    None,
    Up { url: String, fingerprint: String },
    Down { url: String, why: String },
    SignedOut { url: String },
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Person {
    pub user: String,
    pub username: String,
    pub relation: Relation,
    /// Their keys changed; writing waits for `confirm-keys`.
    pub keys_changed: bool,
    pub online: bool,
    /// A live link to them is there.
    pub connected: bool,
    pub last_seen: Option<String>,
    /// 60 digits to compare in person.
    pub safety_number: Option<String>,
    pub conversation: Option<String>,
    /// The identity that a reset replaced.
    pub replaces: Option<String>,
}

/// Who answers, before anything is sent to them.
#[derive(Debug, Serialize, ToSchema)]
pub struct Found {
    pub user: String,
    pub username: String,
    pub safety_number: String,
    pub relation: Relation,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct People {
    pub people: Vec<Person>,
    /// Why the directory was not asked, or did not answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub directory: Option<String>,
}

/// People with a request that is not answered.
#[derive(Debug, Serialize, ToSchema)]
pub struct Requests {
    /// `asking` me, or `asked` by me.
    pub requests: Vec<Person>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Conversation {
    pub id: String,
    pub person: Person,
    pub last: Option<Message>,
    #[schema(example = "3")]
    pub unread: String,
    pub draft: Option<String>,
    pub typing: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Conversations {
    pub conversations: Vec<Conversation>,
}

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MessageKind {
    Text,
    /// A line of the house: new keys.
    KeysChanged,
    /// A line of the house: this data folder was restored from an old copy.
    Restored,
    /// A line of the house: theirs was.
    PeerRestored,
    /// Written by a newer version.
    Unknown,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Message {
    pub conversation: String,
    pub id: String,
    /// Where it stands: for `before` and `after`.
    pub key: String,
    pub author: String,
    pub mine: bool,
    pub kind: MessageKind,
    pub text: Option<String>,
    /// Of one's own messages only.
    pub state: Option<Progress>,
    /// By the author's clock.
    #[schema(example = "2026-11-21T06:34:28.123Z")]
    pub sent: String,
    /// By this node's clock.
    pub received: String,
}

/// A stretch of history, oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct History {
    pub messages: Vec<Message>,
    pub older: bool,
    pub newer: bool,
    /// The key of the first unread message.
    pub first_unread: Option<String>,
}

/// Registers or signs in: an unknown name makes an account (with `create`), a known one must match.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Enter {
    #[schema(example = "alice")]
    pub username: String,
    #[schema(value_type = String, format = Password)]
    pub passphrase: Passphrase,
    /// URL of a directory; `null`: without one. Left out: the one that the program was started with.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<String>)]
    pub directory: Option<Option<String>>,
    /// The only key that the directory may have.
    #[serde(default)]
    pub directory_pin: Option<String>,
    /// The name is new and shall become an account.
    #[serde(default)]
    pub create: bool,
    /// The text of the recovery file, when the account's keys are not on this computer.
    #[serde(default)]
    pub recovery: Option<String>,
    /// The recovery key that opens the file.
    #[serde(default)]
    pub recovery_key: Option<String>,
    /// Give up the old identity instead; contacts must confirm the new keys.
    #[serde(default)]
    pub reset: bool,
}

/// `null` is another answer than silence.
fn said<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(from).map(Some)
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Entered {
    pub user: String,
    pub username: String,
    /// An account was made, not signed in to.
    pub created: bool,
    pub recovery: Recovery,
}

/// What brings the account back when this computer is gone. Keep the two apart.
#[derive(Debug, Serialize, ToSchema)]
pub struct Recovery {
    pub key: String,
    pub file: String,
    pub file_name: String,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Unlock {
    /// With a recovery key, the new passphrase.
    #[schema(value_type = String, format = Password)]
    pub passphrase: Passphrase,
    #[serde(default)]
    pub recovery_key: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Secret {
    #[schema(value_type = String, format = Password)]
    pub passphrase: Passphrase,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPassphrase {
    #[schema(value_type = String, format = Password)]
    pub old: Passphrase,
    #[schema(value_type = String, format = Password)]
    pub new: Passphrase,
}

/// Either a username, or an address and the person who was seen to answer there.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    #[serde(default)]
    pub username: Option<String>,
    #[serde(default)]
    pub address: Option<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub user: Option<UserId>,
    /// The first message, at most 2 KiB.
    pub text: String,
    /// 32 hexadecimal digits of your own; asking twice with one id asks once.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub id: Option<MsgId>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Asked {
    pub user: String,
    pub conversation: String,
    pub id: String,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct At {
    #[schema(example = "192.168.1.20:7401")]
    pub address: String,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Send {
    /// At most 16 KiB.
    pub text: String,
    /// 32 hexadecimal digits of your own; sending twice with one id sends once.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub id: Option<MsgId>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// The newest message that was seen; left out: all of them.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub message: Option<MsgId>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Typing {
    pub active: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Settings {
    pub visibility: Visibility,
    /// Tell others what was read, and see what they read.
    pub receipts: bool,
    /// Tell others while writing, and see when they do.
    pub typing: bool,
    /// Tell somebody who dials this node's address who is here.
    pub answer_who: bool,
}

/// What is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SettingsChange {
    #[serde(default)]
    pub visibility: Option<Visibility>,
    #[serde(default)]
    pub receipts: Option<bool>,
    #[serde(default)]
    pub typing: Option<bool>,
    #[serde(default)]
    pub answer_who: Option<bool>,
}

/// Joins a directory with the account of this computer, or leaves it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Join {
    /// `null`: leave it.
    #[schema(required)]
    pub url: Option<String>,
    #[serde(default)]
    pub pin: Option<String>,
    #[schema(value_type = String, format = Password)]
    pub passphrase: Passphrase,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Token {
    pub id: String,
    pub name: String,
    pub scopes: Vec<Scope>,
    pub created: String,
    pub expires: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Tokens {
    pub tokens: Vec<Token>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    pub name: String,
    pub scopes: Vec<Scope>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct MadeToken {
    /// Shown once.
    pub token: String,
    #[serde(flatten)]
    pub about: Token,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Session {
    pub id: String,
    pub browser: String,
    pub created: String,
    pub seen: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Sessions {
    pub sessions: Vec<Session>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Launch {
    /// Opens the page once, within a minute.
    pub url: String,
}

impl From<service::Status> for Status {
    fn from(status: service::Status) -> Self {
        Self {
            stage: status.stage.into(),
            version: env!("CARGO_PKG_VERSION"),
            username: status.username,
            me: status.me.map(Into::into),
            directory: status.directory.into(),
            reachable: status.reachable.to_string(),
            waiting: status.waiting.to_string(),
        }
    }
}

impl From<service::Me> for Me {
    fn from(me: service::Me) -> Self {
        Self {
            user: me.user.to_string(),
            username: me.username,
            device: me.device.to_string(),
            visibility: me.visibility.into(),
            addresses: me.addresses,
            recovery_waits: me.recovery_waits,
        }
    }
}

impl From<service::DirectoryState> for Directory {
    fn from(state: service::DirectoryState) -> Self {
        match state {
            service::DirectoryState::None => Self::None,
            service::DirectoryState::Up { url, fingerprint } => Self::Up { url, fingerprint },
            service::DirectoryState::Down { url, why } => Self::Down { url, why },
            service::DirectoryState::SignedOut { url } => Self::SignedOut { url },
        }
    }
}

impl From<service::Person> for Person {
    fn from(person: service::Person) -> Self {
        Self {
            user: person.user.to_string(),
            username: person.username,
            relation: person.relation.into(),
            keys_changed: person.keys_changed,
            online: person.online,
            connected: person.connected,
            last_seen: person.last_seen.map(time),
            safety_number: person.safety_number,
            conversation: person.conversation.map(|id| id.to_string()),
            replaces: person.replaces.map(|user| user.to_string()),
        }
    }
}

impl From<service::Found> for Found {
    fn from(found: service::Found) -> Self {
        Self {
            user: found.user.to_string(),
            username: found.username,
            safety_number: found.safety_number,
            relation: found.relation.into(),
        }
    }
}

impl From<Vec<service::Person>> for People {
    fn from(people: Vec<service::Person>) -> Self {
        Self { people: people.into_iter().map(Into::into).collect(), directory: None }
    }
}

impl From<service::Conversation> for Conversation {
    fn from(conversation: service::Conversation) -> Self {
        Self {
            id: conversation.id.to_string(),
            person: conversation.person.into(),
            last: conversation.last.map(Into::into),
            unread: conversation.unread.to_string(),
            draft: conversation.draft,
            typing: conversation.typing,
        }
    }
}

impl From<service::Message> for Message {
    fn from(message: service::Message) -> Self {
        let (kind, text) = match message.content {
            service::Content::Text(text) => (MessageKind::Text, Some(text)),
            service::Content::Line(service::Line::KeysChanged) => (MessageKind::KeysChanged, None),
            service::Content::Line(service::Line::Restored) => (MessageKind::Restored, None),
            service::Content::Line(service::Line::PeerRestored) => (MessageKind::PeerRestored, None),
            service::Content::Unknown => (MessageKind::Unknown, None),
        };
        Self {
            conversation: message.conversation.to_string(),
            id: message.id.to_string(),
            key: message.place.to_string(),
            author: message.author.to_string(),
            mine: message.mine,
            kind,
            text,
            state: message.progress.map(Into::into),
            sent: time(message.sent),
            received: time(message.received),
        }
    }
}

impl From<service::History> for History {
    fn from(history: service::History) -> Self {
        Self {
            messages: history.messages.into_iter().map(Into::into).collect(),
            older: history.older,
            newer: history.newer,
            first_unread: history.first_unread.map(|place| place.to_string()),
        }
    }
}

impl From<account::Entered> for Entered {
    fn from(entered: account::Entered) -> Self {
        Self {
            user: entered.user.to_string(),
            username: entered.username,
            created: entered.created,
            recovery: entered.recovery.into(),
        }
    }
}

impl From<account::Recovery> for Recovery {
    fn from(recovery: account::Recovery) -> Self {
        Self { key: recovery.key.to_string(), file: recovery.file, file_name: recovery.file_name }
    }
}

impl From<people::Asked> for Asked {
    fn from(asked: people::Asked) -> Self {
        Self {
            user: asked.user.to_string(),
            conversation: asked.conversation.to_string(),
            id: asked.id.to_string(),
        }
    }
}

impl From<service::Settings> for Settings {
    fn from(settings: service::Settings) -> Self {
        Self {
            visibility: settings.visibility.into(),
            receipts: settings.receipts,
            typing: settings.typing,
            answer_who: settings.answer_who,
        }
    }
}

impl From<tokens::Token> for Token {
    fn from(token: tokens::Token) -> Self {
        Self {
            id: token.id,
            name: token.name,
            scopes: token.scopes.into_iter().map(Into::into).collect(),
            created: time(token.created),
            expires: token.expires.map(time),
        }
    }
}

impl From<Listed> for Session {
    fn from(session: Listed) -> Self {
        Self {
            id: session.id,
            browser: session.browser,
            created: time(session.created),
            seen: time(session.seen),
        }
    }
}
