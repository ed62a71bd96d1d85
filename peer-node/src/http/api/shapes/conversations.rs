//! Conversations and their messages.

use protocol::ids::MsgId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Person, Route, mirror, time};
use crate::service;

mirror!(
    /// How far a message of one's own got; it only moves forward.
    Progress = service::Progress { Pending, OnTheWay, Delivered, Read }
);

/// The identifier in the addresses of a conversation.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct InConversation {
    /// The conversation: 64 hexadecimal digits
    pub conversation: String,
}

/// The identifiers in the addresses of a message.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct InMessage {
    /// The conversation: 64 hexadecimal digits
    pub conversation: String,
    /// The message: 32 hexadecimal digits
    pub message: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Conversation {
    pub id: String,
    pub person: Person,
    pub last: Option<Message>,
    #[schema(example = "3")]
    pub unread: String,
    pub draft: Option<Draft>,
    pub typing: bool,
    /// No notifications of it are wanted.
    pub muted: bool,
    /// Messages disappear so many seconds after they were read; 0: they stay.
    #[schema(example = 86400)]
    pub timer: u32,
}

/// What is being written; without `text` and `reply` there is no draft.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Draft {
    #[serde(default)]
    pub text: String,
    /// The id of the message that it answers.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub reply: Option<MsgId>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Conversations {
    pub conversations: Vec<Conversation>,
}

/// What was forgotten.
#[derive(Debug, Serialize, ToSchema)]
pub struct Cleared {
    /// Messages that were shown.
    #[schema(example = "12")]
    pub messages: String,
    /// Own ones among them that are still on their way to the other.
    #[schema(example = "0")]
    pub waiting: String,
}

impl From<service::clear::Cleared> for Cleared {
    fn from(cleared: service::clear::Cleared) -> Self {
        Self { messages: cleared.messages.to_string(), waiting: cleared.waiting.to_string() }
    }
}

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MessageKind {
    Text,
    /// Its author took it back.
    Redacted,
    /// Somebody set how long messages stay from there on.
    Timer,
    /// A line of the house: new keys.
    KeysChanged,
    /// A line of the house: this data folder was restored from an old copy.
    Restored,
    /// A line of the house: theirs was.
    PeerRestored,
    /// A line of the house: they go on with another device, under the same account key.
    NewDevice,
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
    /// When its author last changed the words, by their clock.
    pub edited: Option<String>,
    /// The message that it answers.
    pub reply: Option<Quote>,
    /// In the order in which they were given.
    pub reactions: Vec<Reaction>,
    /// Of one's own messages only.
    pub state: Option<Progress>,
    /// Of the kind `timer`: messages disappear so many seconds after they were read; 0: they stay.
    pub timer: Option<u32>,
    /// It disappears so many seconds after it was read, or, where it was written, after the other had it.
    pub disappears_after: Option<u32>,
    /// When it disappears here, by this node's clock; `null` while that does not count yet.
    pub disappears: Option<String>,
    /// By the author's clock.
    #[schema(example = "2026-11-21T06:34:28.123Z")]
    pub sent: String,
    /// By this node's clock.
    pub received: String,
}

/// What somebody thinks of a message.
#[derive(Debug, Serialize, ToSchema)]
pub struct Reaction {
    #[schema(example = "\u{1f44d}")]
    pub emoji: String,
    pub author: String,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct React {
    /// One emoji.
    #[schema(example = "\u{1f44d}")]
    pub emoji: String,
    /// Or no more.
    pub on: bool,
}

/// A message that another one answers, as it stands now.
#[derive(Debug, Serialize, ToSchema)]
pub struct Quote {
    pub id: String,
    /// Left out, as the text is, where the message is not here or its words are gone.
    pub author: Option<String>,
    pub text: Option<String>,
}

/// All that is known of one message.
#[derive(Debug, Serialize, ToSchema)]
pub struct MessageInfo {
    pub message: Message,
    /// All words that it had, the first ones first.
    pub versions: Vec<Version>,
    /// When an own message was stored at the other's node, by the clock of this one; null: not yet, or not known.
    pub delivered: Option<String>,
    /// When it was read, if both show that.
    pub read: Option<String>,
    /// The way that it still has to go; only while nobody else has it.
    pub route: Option<Route>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Version {
    pub text: String,
    /// By the author's clock.
    pub written: String,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// At most 16 KiB.
    pub text: String,
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

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Send {
    /// At most 16 KiB.
    pub text: String,
    /// 32 hexadecimal digits of your own; sending twice with one id sends once.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub id: Option<MsgId>,
    /// The id of the message that it answers.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub reply: Option<MsgId>,
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
pub struct UnreadFrom {
    /// The first message that counts as unread.
    #[schema(value_type = String)]
    pub message: MsgId,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Timer {
    /// 1 to 31536000 (a year); 0: messages stay.
    #[schema(example = 86400)]
    pub seconds: u64,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Typing {
    pub active: bool,
}

impl From<service::Conversation> for Conversation {
    fn from(conversation: service::Conversation) -> Self {
        Self {
            id: conversation.id.to_string(),
            person: conversation.person.into(),
            last: conversation.last.map(Into::into),
            unread: conversation.unread.to_string(),
            draft: conversation.draft.map(|draft| Draft { text: draft.text, reply: draft.reply }),
            typing: conversation.typing,
            muted: conversation.muted,
            timer: conversation.timer,
        }
    }
}

impl From<service::Message> for Message {
    fn from(message: service::Message) -> Self {
        let timer = match message.content {
            service::Content::Timer(seconds) => Some(seconds),
            _ => None,
        };
        let (kind, text) = match message.content {
            service::Content::Text(text) => (MessageKind::Text, Some(text)),
            service::Content::Timer(_) => (MessageKind::Timer, None),
            service::Content::Redacted => (MessageKind::Redacted, None),
            service::Content::Line(service::Line::KeysChanged) => (MessageKind::KeysChanged, None),
            service::Content::Line(service::Line::Restored) => (MessageKind::Restored, None),
            service::Content::Line(service::Line::PeerRestored) => (MessageKind::PeerRestored, None),
            service::Content::Line(service::Line::NewDevice) => (MessageKind::NewDevice, None),
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
            edited: message.edited.map(time),
            reply: message.reply.map(Into::into),
            reactions: message
                .reactions
                .into_iter()
                .map(|(emoji, author)| Reaction { emoji, author: author.to_string() })
                .collect(),
            state: message.progress.map(Into::into),
            timer,
            disappears_after: message.stay.map(|stay| stay.seconds),
            disappears: message.stay.and_then(|stay| stay.until).map(time),
            sent: time(message.sent),
            received: time(message.received),
        }
    }
}

impl From<service::Quote> for Quote {
    fn from(quote: service::Quote) -> Self {
        let (author, text) = quote.said.map(|(author, text)| (author.to_string(), text)).unzip();
        Self { id: quote.id.to_string(), author, text }
    }
}

impl From<service::Info> for MessageInfo {
    fn from(info: service::Info) -> Self {
        let version = |(at, text)| Version { text, written: time(at) };
        Self {
            message: info.message.into(),
            versions: info.versions.into_iter().map(version).collect(),
            delivered: info.passed.delivered.map(time),
            read: info.passed.read.map(time),
            route: info.route.map(Into::into),
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
