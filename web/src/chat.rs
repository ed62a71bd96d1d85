//! One conversation: header, rows, and what stands where messages are written.

use askama::Template;
use protocol::{
    ids::{ChainId, ConversationId, MsgId},
    time::WallMs,
    timeline::Key,
};

use crate::{
    icon,
    message::{self, Body, Message, Quote, Row, Status, Stay},
    page::Page,
    person::{Person, Reach},
    shell::{Place, Shell},
    when::When,
};

/// `GET /chats/{conversation}`; with `?details=1` the details stand open.
#[derive(Debug, Clone, Template)]
#[template(path = "chat/page.html")]
pub struct ChatPage {
    pub page: Page,
    pub shell: Shell,
    pub chat: Chat,
}

/// A one-to-one conversation.
#[derive(Debug, Clone)]
pub struct Chat {
    pub conversation: ConversationId,
    pub person: Person,
    pub reach: Reach,
    pub standing: Standing,
    pub rows: Vec<Row>,
    /// There are older messages than the first row: its place, for `?before=`.
    pub earlier: Option<String>,
    /// There are newer messages than the last row: its place, for `?after=`.
    pub later: Option<String>,
    /// Where the first message stands that was not read, when the rows were taken; none: all of them were.
    pub first_unread: Option<String>,
    /// How a message stands that is just being written.
    pub first: Status,
    pub draft: String,
    /// No notifications of it are wanted.
    pub muted: bool,
    /// Messages disappear so many seconds after they were read; 0: they stay.
    pub timer: u32,
    /// The message that the draft answers.
    pub answers: Option<Quote>,
    /// Why the message of a plain form was refused; its text is the draft.
    pub error: Option<String>,
    pub details: Details,
    pub details_open: bool,
}

/// Where the two people stand: decides what is above the field, and whether there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    Contact,
    /// I asked; no answer yet. Writing goes on.
    Asked,
    /// They said no; writing goes on, and goes over if they accept later.
    DeclinedMe,
    /// They asked.
    Asking(Request),
    /// I said no; it can still be accepted.
    Declined,
    Blocked,
    /// Their keys are new: writing waits until the reader agrees.
    KeysChanged,
    /// They started anew, the new keys are confirmed, and the talk goes on in this other chat.
    Moved(ConversationId),
}

/// What a request shows beside the first message, which is a row of the chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// It came straight here: no directory stands between.
    pub by_address: bool,
    /// The first twelve digits of the safety number.
    pub digits: String,
    /// Somebody of that name, with other keys, is known here already.
    pub new_keys: bool,
}

/// What can be done with a message: the word in the page's script, how people call it, its key, its icon.
pub(crate) const ACTIONS: [(&str, &str, &str, icon::Icon); 7] = [
    ("react", "React", "+", icon::SMILE),
    ("answer", "Answer", "R", icon::REPLY),
    ("edit", "Edit", "E", icon::PEN),
    ("copy", "Copy the text", "C", icon::COPY),
    ("unread", "Mark unread from here", "U", icon::BOOKMARK),
    ("info", "What is known of it", "I", icon::INFO),
    ("delete", "Delete\u{2026}", "Del", icon::BIN),
];

/// The panel beside the conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Details {
    /// 60 digits; empty while no key is known.
    pub safety_number: String,
    /// When they came to be known here.
    pub since: Option<WallMs>,
}

impl Standing {
    /// The word in `data-compose`: can something be written?
    pub fn compose(&self) -> &'static str {
        match self {
            Self::Contact | Self::Asked | Self::DeclinedMe => "yes",
            Self::KeysChanged => "wait",
            Self::Asking(_) | Self::Declined | Self::Blocked | Self::Moved(_) => "no",
        }
    }
}

impl Standing {
    /// Something can be written right now.
    pub fn writes(&self) -> bool {
        self.compose() == "yes"
    }

    /// Addresses in messages can be followed: not those of strangers.
    pub fn links(&self) -> bool {
        !matches!(self, Self::Asking(_) | Self::Declined | Self::Blocked)
    }
}

impl Details {
    /// Twelve groups of five.
    pub fn groups(&self) -> Vec<&str> {
        let digits = &self.safety_number;
        (0..digits.len()).step_by(5).filter_map(|at| digits.get(at..(at + 5).min(digits.len()))).collect()
    }
}

impl Chat {
    fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// They asked, and wait for an answer.
    fn is_request(&self) -> bool {
        matches!(self.standing, Standing::Asking(_))
    }

    /// Addresses in messages can be followed.
    pub fn links(&self) -> bool {
        self.standing.links()
    }

    /// The row that stands in the page between Enter and the node's answer; its id is all zeros.
    fn own(&self, me: &Person) -> Message {
        Message {
            conversation: self.conversation,
            id: MsgId([0; 16]),
            key: Key { ord: 0, chain: ChainId([0; 32]), seq: 0 },
            author: me.clone(),
            mine: true,
            wall: WallMs(0),
            body: Body::Text(String::new()),
            reply: None,
            reactions: Vec::new(),
            edited: false,
            status: Some(self.first),
            stay: (self.timer > 0).then_some(Stay { seconds: self.timer, until: None }),
        }
    }

    /// A link to them is wanted, so that there is a reason to be told when there is none.
    fn may_be_called(&self) -> bool {
        matches!(
            self.standing,
            Standing::Contact | Standing::Asked | Standing::DeclinedMe | Standing::KeysChanged
        )
    }

    /// Where something can be written, both can say how long it stays.
    pub fn timer(&self) -> Option<Timer> {
        let name = self.person.name.clone();
        let timer = Timer { conversation: self.conversation, name, seconds: self.timer };
        self.standing.writes().then_some(timer)
    }

    fn states(&self) -> [Status; 5] {
        Status::ALL
    }
}

/// What stands above the field, live (`id="standing"`).
#[derive(Debug, Clone, Template)]
#[template(path = "chat/standing_fragment.html")]
pub struct StandingFragment<'a> {
    pub page: &'a Page,
    pub chat: &'a Chat,
}

/// How long messages of a chat stay (`id="timer"`, and the sign in the header, `id="timer-sign"`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timer {
    pub conversation: ConversationId,
    /// The other person.
    pub name: String,
    /// 0: they stay.
    pub seconds: u32,
}

/// What is offered: off, and from minutes to weeks.
const SPANS: [u32; 7] = [0, 300, 3_600, 28_800, 86_400, 604_800, 2_419_200];

impl Timer {
    /// What is offered, and what is set, which a script may have chosen otherwise.
    fn choices(&self) -> Vec<u32> {
        let mut all = SPANS.to_vec();
        if let Err(at) = all.binary_search(&self.seconds) {
            all.insert(at, self.seconds);
        }
        all
    }
}

/// The section of the details, live.
#[derive(Debug, Clone, Template)]
#[template(path = "chat/timer_fragment.html")]
pub struct TimerFragment<'a> {
    pub page: &'a Page,
    pub timer: &'a Timer,
}

/// The sign in the header, live.
#[derive(Debug, Clone, Template)]
#[template(path = "chat/timer_sign.html")]
pub struct TimerSignFragment<'a> {
    pub timer: &'a Timer,
}

impl ChatPage {
    pub fn samples() -> Vec<(&'static str, Self)> {
        let mira = Person::sample("mira");
        let chat = |standing| {
            let when = When::sample();
            let first = if standing == Standing::Contact { Status::Sending } else { Status::Waiting };
            Chat {
                conversation: ConversationId(mira.user.0),
                person: mira.clone(),
                reach: Reach::Online,
                standing,
                rows: message::rows(Message::conversation(), None, None, &when),
                earlier: Some("00".to_owned()),
                later: None,
                first_unread: None,
                first,
                draft: String::new(),
                muted: false,
                timer: 0,
                answers: None,
                error: None,
                details: Details {
                    safety_number: "271834590128374650192837465019283746501928374650192837465019".to_owned(),
                    since: Some(WallMs(when.now.0 - 86_400_000 * 40)),
                },
                details_open: false,
            }
        };
        let page = |chat: Chat| Self {
            page: Page::sample(),
            shell: Shell::sample(Place::Chat(chat.conversation)),
            chat,
        };
        let ask = Message::sample(
            1,
            "mira",
            WallMs(When::sample().now.0 - 1_300_000),
            "Hello, it\u{2019}s Mira from the book group. See https://example.org. May I write to you here?",
        );
        let alone = |standing| Chat {
            rows: message::rows(vec![ask.clone()], None, None, &When::sample()),
            earlier: None,
            reach: Reach::Away,
            ..chat(standing)
        };
        let asking = |new_keys| {
            Standing::Asking(Request { by_address: new_keys, digits: "27183 45901 28".to_owned(), new_keys })
        };
        let timed = |seconds| {
            let now = When::sample().now.0;
            let set = |n, who, minutes: u64, seconds| Message {
                body: Body::Timer(seconds),
                status: None,
                ..Message::sample(n, who, WallMs(now - minutes * 60_000), "")
            };
            let stay = Some(Stay { seconds, until: None });
            let said = |n, who, minutes: u64, text| Message {
                stay,
                ..Message::sample(n, who, WallMs(now - minutes * 60_000), text)
            };
            let long = "A long one, to see where the sign stands beside it. ".repeat(6);
            let mut rows = Message::samples();
            rows.truncate(4);
            rows.push(set(50, "mira", 30, 0));
            rows.push(set(51, "ana", 29, seconds));
            rows.push(said(52, "ana", 28, "The door code is 4711."));
            rows.push(said(53, "mira", 27, "Got it."));
            rows.push(said(54, "mira", 26, &long));
            rows.push(Message { status: Some(Status::Waiting), ..said(55, "ana", 1, "See you at six") });
            Chat {
                timer: seconds,
                rows: message::rows(rows, None, None, &When::sample()),
                ..chat(Standing::Contact)
            }
        };
        let mut unread = chat(Standing::Contact);
        unread.rows =
            message::rows(Message::conversation(), None, Some((MsgId([7; 16]), 3)), &When::sample());
        unread.first = Status::Waiting;
        unread.reach = Reach::Seen(WallMs(When::sample().now.0 - 9 * 60_000));
        let mut offline = page(unread.clone());
        offline.shell.network = crate::shell::Network::sample_offline();
        vec![
            ("chat", page(chat(Standing::Contact))),
            (
                "chat_kinds",
                page(Chat {
                    rows: message::rows(Message::samples(), None, None, &When::sample()),
                    ..chat(Standing::Contact)
                }),
            ),
            ("chat_unread", page(unread)),
            ("chat_offline", offline),
            (
                "chat_empty",
                page(Chat {
                    rows: Vec::new(),
                    earlier: None,
                    reach: Reach::Away,
                    first: Status::Waiting,
                    ..chat(Standing::Contact)
                }),
            ),
            ("chat_request", page(alone(asking(false)))),
            ("chat_request_new_keys", page(alone(asking(true)))),
            (
                "chat_asked",
                page(Chat {
                    rows: message::rows(
                        vec![Message {
                            status: Some(Status::Waiting),
                            mine: true,
                            author: Person::sample("ana"),
                            ..ask.clone()
                        }],
                        None,
                        None,
                        &When::sample(),
                    ),
                    ..alone(Standing::Asked)
                }),
            ),
            ("chat_declined_me", page(alone(Standing::DeclinedMe))),
            ("chat_declined", page(alone(Standing::Declined))),
            ("chat_blocked", page(chat(Standing::Blocked))),
            ("chat_keys_changed", page(chat(Standing::KeysChanged))),
            ("chat_moved", page(chat(Standing::Moved(ConversationId([9; 32]))))),
            ("chat_details", page(Chat { details_open: true, ..chat(Standing::Contact) })),
            ("chat_timer", page(timed(86_400))),
            ("chat_timer_details", page(Chat { details_open: true, ..timed(45) })),
            ("chat_details_muted", page(Chat { details_open: true, muted: true, ..chat(Standing::Contact) })),
        ]
    }
}
