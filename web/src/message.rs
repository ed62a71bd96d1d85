//! The rows of a conversation: days, grouping, and what is known of each message's way.

use askama::Template;
use protocol::{
    ids::{ChainId, ConversationId, MsgId},
    time::WallMs,
    timeline::Key,
};

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

/// The beginning of a text, in one line.
pub fn one_line(text: &str) -> String {
    text.split_whitespace().flat_map(|word| [" ", word]).skip(1).flat_map(str::chars).take(120).collect()
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
        rows.push(Row::Message { message: Box::new(message), first });
    }
    rows
}

/// Whether `message` stands under the name of the one above it.
fn groups(above: &Message, message: &Message) -> bool {
    !above.body.is_system()
        && above.author.user == message.author.user
        && message.wall.0.abs_diff(above.wall.0) < GROUP_MS
}

/// A piece of a message's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part<'a> {
    Text(&'a str),
    /// An `http` or `https` address that can be followed.
    Link(&'a str),
}

/// Finds the addresses in a text; everything else stays as it was written. Strangers' addresses are only text.
pub fn parts<'a>(text: &'a str, links: &bool) -> Vec<Part<'a>> {
    if !*links {
        return vec![Part::Text(text)];
    }
    let mut parts = Vec::new();
    let (mut plain, mut at) = (0, 0);
    while let Some(found) = next_link(text, at) {
        let end = found + link_length(&text[found..]);
        let fresh = !text[..found].ends_with(char::is_alphanumeric);
        if fresh && end > found {
            if plain < found {
                parts.push(Part::Text(&text[plain..found]));
            }
            parts.push(Part::Link(&text[found..end]));
            plain = end;
        }
        at = end.max(found + 4);
    }
    if plain < text.len() {
        parts.push(Part::Text(&text[plain..]));
    }
    parts
}

fn next_link(text: &str, from: usize) -> Option<usize> {
    let rest = text.get(from..)?;
    ["http://", "https://"].iter().filter_map(|scheme| rest.find(scheme)).min().map(|at| from + at)
}

/// How many bytes of `text` belong to the address at its beginning; 0 if nothing follows the scheme.
/// A closing bracket or a full stop at the end belongs to the sentence around it.
fn link_length(text: &str) -> usize {
    let odd =
        |c: char| c.is_whitespace() || c.is_control() || "<>\"`{}|\\^\u{200b}\u{201c}\u{201d}".contains(c);
    let mut link = &text[..text.find(odd).unwrap_or(text.len())];
    while let Some(last) = link.chars().last() {
        let unpaired = last == ')' && link.matches('(').count() < link.matches(')').count();
        if !unpaired && !".,;:!?'\u{2019}]".contains(last) {
            break;
        }
        link = &link[..link.len() - last.len_utf8()];
    }
    let host = link.split_once("//").map_or("", |(_, rest)| rest);
    if host.starts_with(char::is_alphanumeric) || host.starts_with('[') { link.len() } else { 0 }
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
    /// Rendered as the first of its group; the page takes the name away where it does not begin one.
    const FIRST: bool = true;
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

    /// As another message quotes it.
    pub fn quote(&self) -> Quote {
        let text = if let Body::Text(text) = &self.body { Some(text.clone()) } else { None };
        Quote { id: self.id, mine: self.mine, name: self.author.name.clone(), text }
    }

    /// An invented message; `n` makes it unique and sets its place.
    pub fn sample(n: u8, author: &str, wall: WallMs, text: &str) -> Self {
        let mine = author == "ana";
        let author = Person::sample(author);
        let chain = ChainId(author.user.0);
        Self {
            conversation: ConversationId(Person::sample("mira").user.0),
            id: MsgId([n; 16]),
            key: Key { ord: wall.0 << 16, chain, seq: n.into() },
            author,
            mine,
            wall,
            body: Body::Text(text.to_owned()),
            reply: None,
            reactions: Vec::new(),
            edited: false,
            status: mine.then_some(Status::Read),
            stay: None,
        }
    }

    fn answering(self, message: &Self) -> Self {
        Self { reply: Some(message.quote()), ..self }
    }

    fn with_status(self, status: Status) -> Self {
        Self { status: Some(status), ..self }
    }

    fn with_body(self, body: Body) -> Self {
        Self { body, ..self }
    }

    /// A conversation of two days that shows every kind of row.
    pub fn samples() -> Vec<Self> {
        let now = WallMs(When::sample().now.0);
        let ago = |minutes: u64| WallMs(now.0 - minutes * 60_000);
        vec![
            Self::sample(1, "mira", ago(1230), "Did the parcel arrive? I put the blue folder on top."),
            Self::sample(2, "ana", ago(1227), "Yes! All in one piece.").answering(&Self::sample(
                1,
                "mira",
                ago(1230),
                "Did the parcel arrive? I put the blue folder on top.",
            )),
            Self::sample(
                3,
                "ana",
                ago(1226),
                "I read the first half on the train. The second chapter is much better now, the cut in the middle did it good. I\u{2019}d still move the letter to the front: without it nobody knows why she leaves, and the reader waits forty pages for something that fits on one.",
            ),
            Self::sample(
                4,
                "mira",
                ago(1210),
                "Good. I\u{2019}ll send you page 4 tonight, it\u{2019}s quicker than explaining.\n\nDon\u{2019}t print it yet.",
            ),
            Self::sample(5, "mira", ago(1209), "").with_body(Body::KeysChanged),
            Self::sample(6, "ana", ago(310), "Morning. Is Thursday still fine?")
                .with_status(Status::Delivered),
            Self {
                edited: true,
                reactions: vec![
                    Reaction { emoji: "\u{1f44d}".to_owned(), mine: true, others: vec!["mira".to_owned()] },
                    Reaction { emoji: "\u{1f389}".to_owned(), mine: false, others: vec!["mira".to_owned()] },
                ],
                ..Self::sample(7, "mira", ago(24), "Thursday works. Half past six at the library, upstairs?")
            },
            Self::sample(8, "mira", ago(23), "").with_body(Body::Unknown),
            Self::sample(
                9,
                "mira",
                ago(22),
                "https://library.example.org/rooms/second-floor/reading-room?from=2026-11-19T18:30&until=2026-11-19T20:00",
            ),
            Self::sample(10, "ana", ago(9), "Upstairs is good.").with_status(Status::Delivered),
            Self::sample(13, "mira", ago(8), "").with_body(Body::Redacted),
            Self {
                reply: Some(Quote { id: MsgId([13; 16]), mine: false, name: "mira".to_owned(), text: None }),
                ..Self::sample(14, "mira", ago(7), "Never mind, wrong day.")
            },
            Self::sample(11, "ana", ago(2), "And bring the old cover, please").with_status(Status::Waiting),
            Self::sample(12, "ana", ago(1), "the one with the \u{1f3a8} on it").with_status(Status::Waiting),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(rows: &[Row]) -> String {
        let letter = |row: &Row| match row {
            Row::Day(_) => 'D',
            Row::Unread(_) => 'U',
            Row::Message { first: true, .. } => 'F',
            Row::Message { first: false, .. } => 'm',
        };
        rows.iter().map(letter).collect()
    }

    #[test]
    fn days_groups_and_the_unread_divider_stand_where_they_belong() {
        let when = When::sample();
        let rows = rows(Message::samples(), None, Some((MsgId([7; 16]), 3)), &when);
        assert_eq!(shape(&rows), "DFFmFmDFUFmmFFmFm");
    }

    #[test]
    fn a_page_that_follows_a_known_message_repeats_neither_day_nor_name() {
        let when = When::sample();
        let messages = Message::samples();
        let rows = rows(messages[8..].to_vec(), Some(&messages[7]), None, &when);
        assert_eq!(shape(&rows), "mFFmFm");
    }

    #[test]
    fn addresses_in_a_text_are_found_without_the_sentence_around_them() {
        let link = |text| match &parts(text, &true)[..] {
            [.., Part::Link(url), Part::Text(_)] | [.., Part::Link(url)] => Some(*url),
            _ => None,
        };
        assert_eq!(link("see https://a.example/x?y=1&z=(2)."), Some("https://a.example/x?y=1&z=(2)"));
        assert_eq!(link("(http://a.example)"), Some("http://a.example"));
        assert_eq!(link("http://[::1]:80/"), Some("http://[::1]:80/"));
        for none in ["https://", "javascript:alert(1)", "xhttps://a.example", "https:// a", "ftp://a.example"]
        {
            assert_eq!(link(none), None, "{none}");
        }
        let whole = "a https://x.example, b http://y.example\nc \u{1f3a8}";
        let again: String = parts(whole, &true)
            .iter()
            .map(|part| match part {
                Part::Text(t) | Part::Link(t) => *t,
            })
            .collect();
        assert_eq!(again, whole);
    }

    #[test]
    fn a_beginning_is_one_line() {
        assert_eq!(one_line("  two\n\n words\t. "), "two words .");
        assert_eq!(one_line(&"x".repeat(500)).len(), 120);
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
