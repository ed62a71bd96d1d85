//! The rows of a conversation: days, grouping, and what is known of each message's way.

use askama::Template;
use protocol::{
    ids::{ChainId, ConversationId, MsgId},
    time::WallMs,
    timeline::Key,
};

mod samples;
mod text;

pub use text::{Part, one_line, parts};

use crate::{emoji, icon, page::Page, person::Person, span, when::When};

/// Messages of one person within this time stand under one name.
pub const GROUP_MS: u64 = 5 * 60 * 1000;

/// One message as the page shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub conversation: ConversationId,
    pub id: MsgId,
    /// Its place in the conversation; the page orders by it.
    pub key: Key,
    pub author: Person,
    pub mine: bool,
    /// The author's clock.
    pub wall: WallMs,
    pub body: Body,
    /// The message that it answers.
    pub reply: Option<Quote>,
    /// Each emoji once, in the order in which they were first given.
    pub reactions: Vec<Reaction>,
    /// Its author changed the words.
    pub edited: bool,
    /// Only own messages have one.
    pub status: Option<Status>,
    /// It disappears.
    pub stay: Option<Stay>,
}

/// How long a message stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stay {
    /// From when it was read, or, of an own one, from when the other has it.
    pub seconds: u32,
    /// By this node's clock; none: it does not count yet.
    pub until: Option<WallMs>,
}

/// An emoji that people gave a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reaction {
    pub emoji: String,
    /// The reader gave it.
    pub mine: bool,
    pub others: Vec<String>,
}

impl Reaction {
    pub(crate) fn count(&self) -> usize {
        self.others.len() + usize::from(self.mine)
    }

    /// `thumbs up, 2: Mira, you`
    pub(crate) fn label(&self) -> String {
        let mut who = self.others.clone();
        who.extend(self.mine.then(|| "you".to_owned()));
        format!("{}, {}: {}", emoji::name(&self.emoji), self.count(), who.join(", "))
    }
}

/// A message that another one answers, as that one stands now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    pub id: MsgId,
    pub mine: bool,
    pub name: String,
    /// None: it is not here, or its words are gone.
    pub text: Option<String>,
}

/// What a message shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    Text(String),
    /// Its author took it back.
    Redacted,
    /// A kind that this version does not know.
    Unknown,
    /// Its author set how long messages stay from here on, in seconds; 0: for good.
    Timer(u32),
    /// A line of the house itself: the person's keys are new.
    KeysChanged,
    /// A line of the house itself: this computer's data came from an old copy.
    Restored,
    /// A line of the house itself: theirs did.
    PeerRestored,
    /// A line of the house itself: they go on with another device, and their keys are the ones that were known.
    NewDevice,
}

impl Quote {
    /// Who wrote it, as the reader calls them.
    pub(crate) fn who(&self) -> &str {
        if self.mine { "You" } else { &self.name }
    }

    pub(crate) fn beginning(&self) -> Option<String> {
        self.text.as_deref().map(one_line)
    }
}

impl Body {
    /// It can be quoted, copied and searched.
    pub fn has_words(&self) -> bool {
        matches!(self, Self::Text(_))
    }

    /// A line between the messages, without an author.
    pub fn is_system(&self) -> bool {
        matches!(
            self,
            Self::Timer(_) | Self::KeysChanged | Self::Restored | Self::PeerRestored | Self::NewDevice
        )
    }
}

/// Who holds the message; it only moves forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Stored on this computer, sent when the person can be reached.
    Waiting,
    /// The link is up and bytes are moving.
    Sending,
    /// Somebody else keeps it for them.
    OnTheWay,
    /// Their node has it.
    Delivered,
    /// They saw it, and both sides tell.
    Read,
}

impl Status {
    /// All states, in the order in which a message goes through them.
    pub const ALL: [Self; 5] = [Self::Waiting, Self::Sending, Self::OnTheWay, Self::Delivered, Self::Read];

    /// The word in `data-status`; the API calls the first two `pending`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sending => "sending",
            Self::OnTheWay => "on_the_way",
            Self::Delivered => "delivered",
            Self::Read => "read",
        }
    }

    /// What stands beside the glyph.
    pub fn label(self, name: &str) -> String {
        match self {
            Self::Waiting => format!("Waiting for {name}"),
            Self::Sending => "Sending".to_owned(),
            Self::OnTheWay => "On the way".to_owned(),
            Self::Delivered => "Delivered".to_owned(),
            Self::Read => "Read".to_owned(),
        }
    }

    /// What a screen reader hears where the label is not enough.
    pub fn meaning(self, name: &str) -> String {
        match self {
            Self::Waiting => format!("Stored on this computer; sent when {name} is reachable"),
            Self::Sending => "Being sent".to_owned(),
            Self::OnTheWay => format!("Kept for {name} by somebody else"),
            Self::Delivered => format!("{name}\u{2019}s computer has it"),
            Self::Read => format!("{name} has read it"),
        }
    }

    /// Waiting and sending are two words for one state: nobody else has it yet.
    fn sign(self) -> Self {
        if self == Self::Waiting { Self::Sending } else { self }
    }

    pub(crate) fn icon(self) -> icon::Icon {
        match self {
            Self::Waiting | Self::Sending => icon::CLOCK,
            Self::OnTheWay => icon::ARROW_RIGHT,
            Self::Delivered => icon::CHECK,
            Self::Read => icon::CHECKS,
        }
    }
}

/// One `<li>` of the conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Row {
    Day(WallMs),
    /// "3 new messages"; stands once, above the first unread one.
    Unread(u64),
    Message {
        message: Box<Message>,
        /// Begins a group: shows avatar, name and time.
        first: bool,
        /// The row below says how far both have come.
        joins: bool,
    },
}

/// Puts days, the unread divider and groups between messages that are in the order of the conversation.
/// `before` is the message above the first one, if it is known; a later page of history passes none.
pub fn rows(
    messages: Vec<Message>,
    before: Option<&Message>,
    unread: Option<(MsgId, u64)>,
    when: &When,
) -> Vec<Row> {
    let mut rows = Vec::with_capacity(messages.len() + 4);
    let mut above = before.cloned();
    for message in messages {
        let new_day = above.as_ref().is_none_or(|above| when.date(&above.wall) != when.date(&message.wall));
        if new_day {
            rows.push(Row::Day(message.wall));
        }
        let divider = unread.filter(|(id, _)| *id == message.id);
        if let Some((_, count)) = divider {
            rows.push(Row::Unread(count));
        }
        let first =
            new_day || divider.is_some() || above.as_ref().is_none_or(|above| !groups(above, &message));
        above = Some(message.clone());
        rows.push(Row::Message { message: Box::new(message), first, joins: false });
    }
    for at in 1..rows.len() {
        let (above, below) = rows.split_at_mut(at);
        if let ([.., Row::Message { message, joins, .. }], [Row::Message { message: next, .. }, ..]) =
            (above, below)
        {
            *joins = message.sign().is_some() && message.sign() == next.sign();
        }
    }
    rows
}

/// Whether `message` stands under the name of the one above it.
fn groups(above: &Message, message: &Message) -> bool {
    !above.body.is_system()
        && above.author.user == message.author.user
        && message.wall.0.abs_diff(above.wall.0) < GROUP_MS
}

/// A place in a conversation as addresses and `data-key` write it: it sorts as text like the key itself.
pub fn place(key: &Key) -> String {
    format!("{:016x}.{}.{:016x}", key.ord, key.chain, key.seq)
}

/// Reads what [`place`] wrote.
pub fn read_place(text: &str) -> Option<Key> {
    let mut parts = text.split('.');
    let mut part = || parts.next();
    let number = |text: &str| (text.len() == 16).then(|| u64::from_str_radix(text, 16).ok()).flatten();
    let key = Key { ord: number(part()?)?, chain: part()?.parse::<ChainId>().ok()?, seq: number(part()?)? };
    part().is_none().then_some(key)
}

/// Rows alone: the answer to `GET /chats/{conversation}/messages?before=KEY`.
#[derive(Debug, Clone, Template)]
#[template(path = "message/rows.html")]
pub struct RowsFragment<'a> {
    pub page: &'a Page,
    /// The other person of the chat, for "Waiting for …".
    pub with: &'a str,
    /// Addresses in messages can be followed: not before a request is accepted.
    pub links: bool,
    pub rows: &'a [Row],
}

/// One message for the page's live list. The page itself decides about days and groups around it.
#[derive(Debug, Clone, Template)]
#[template(path = "message/one.html")]
pub struct MessageFragment<'a> {
    pub page: &'a Page,
    pub with: &'a str,
    pub links: bool,
    pub message: &'a Message,
}

impl MessageFragment<'_> {
    /// Rendered as one that stands alone; the page takes away what its neighbours say.
    const FIRST: bool = true;
    const JOINS: bool = false;
}

/// The `id` of a message's `<li>` in the page.
pub fn dom_id(id: &MsgId) -> String {
    format!("m-{id}")
}

impl Message {
    /// When it disappears, as far as that can be said before its clock runs.
    pub(crate) fn goes(&self, with: &str) -> String {
        let after = self.stay.map_or_else(String::new, |stay| span::words(&stay.seconds));
        if self.mine {
            format!("Disappears {after} after {with}\u{2019}s computer has it")
        } else {
            format!("Disappears {after} after it was read")
        }
    }

    /// What its row says of how far it came; a line of the house says nothing.
    fn sign(&self) -> Option<Status> {
        self.status.filter(|_| !self.body.is_system()).map(Status::sign)
    }

    /// As another message quotes it.
    pub fn quote(&self) -> Quote {
        let text = if let Body::Text(text) = &self.body { Some(text.clone()) } else { None };
        Quote { id: self.id, mine: self.mine, name: self.author.name.clone(), text }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(rows: &[Row]) -> String {
        let letter = |row: &Row| match row {
            Row::Day(_) => 'D',
            Row::Unread(_) => 'U',
            Row::Message { first: true, joins: false, .. } => 'F',
            Row::Message { first: true, joins: true, .. } => 'G',
            Row::Message { first: false, joins: false, .. } => 'm',
            Row::Message { first: false, joins: true, .. } => 'n',
        };
        rows.iter().map(letter).collect()
    }

    #[test]
    fn days_groups_and_the_unread_divider_stand_where_they_belong() {
        let when = When::sample();
        let rows = rows(Message::samples(), None, Some((MsgId([7; 16]), 3)), &when);
        assert_eq!(shape(&rows), "DFGmFmDFUFmmFFmGm");
    }

    #[test]
    fn a_page_that_follows_a_known_message_repeats_neither_day_nor_name() {
        let when = When::sample();
        let messages = Message::samples();
        let rows = rows(messages[8..].to_vec(), Some(&messages[7]), None, &when);
        assert_eq!(shape(&rows), "mFFmGm");
    }

    #[test]
    fn one_status_stands_for_a_run_of_own_messages_and_below_the_last_of_them() {
        let own = |n, status| {
            let message = Message::sample(n, "ana", WallMs(1_790_000_000_000 + u64::from(n)), "hello");
            Message { status: Some(status), ..message }
        };
        let timer = Message { body: Body::Timer(60), ..own(5, Status::Sending) };
        let all = vec![
            own(1, Status::Read),
            own(2, Status::Waiting),
            own(3, Status::Sending),
            own(4, Status::Sending),
            timer,
        ];
        let shapes = shape(&rows(all, None, None, &When::sample()));
        // Nobody sees how far the line about the timer has come.
        assert_eq!(shapes, "DFnnmm");
    }

    #[test]
    fn places_sort_as_text_like_keys_and_can_be_read_back() {
        let key = |ord, seq| Key { ord, chain: ChainId([9; 32]), seq };
        assert!(place(&key(9, 1)) < place(&key(10, 0)));
        assert!(place(&key(9, 9)) < place(&key(9, 10)));
        assert_eq!(read_place(&place(&key(7, 8))), Some(key(7, 8)));
        for bad in ["", "1", "1.2.3", "x.y.z", &format!("{}.1", place(&key(7, 8)))] {
            assert_eq!(read_place(bad), None, "{bad}");
        }
    }
}
