//! What stands around every page of an open node: own row, requests, chats, and the state of the network.

use askama::Template;
use protocol::{ids::ConversationId, time::WallMs};

use crate::{
    page::Page,
    person::{Person, Reach, Visibility},
};

/// The sidebar.
#[derive(Debug, Clone)]
pub struct Shell {
    pub me: Me,
    pub requests: Vec<ChatRow>,
    pub chats: Vec<ChatRow>,
    pub network: Network,
    pub place: Place,
    /// The run and the number of the newest change that the page knows, `boot:seq`: its WebSocket goes on from there.
    pub since: String,
}

/// The reader of the page.
#[derive(Debug, Clone)]
pub struct Me {
    pub person: Person,
    /// None: no directory.
    pub visibility: Option<Visibility>,
    /// Where others can dial this node, as `host:port`.
    pub addresses: Vec<String>,
    /// The recovery key was not saved yet.
    pub remind_recovery: bool,
}

/// Which page is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The list itself: narrow windows show the sidebar.
    Chats,
    Chat(ConversationId),
    People,
    Network,
    Search,
    Switch,
    Settings,
    Reference,
}

/// One row of the list of chats, or of requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatRow {
    pub conversation: ConversationId,
    pub person: Person,
    pub reach: Reach,
    pub preview: Preview,
    /// Of the newest message, or of the request.
    pub at: Option<WallMs>,
    pub unread: u64,
    /// No notifications are wanted, and nothing is counted in the title.
    pub muted: bool,
}

/// The second line of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Preview {
    Empty,
    Text {
        mine: bool,
        text: String,
    },
    Draft(String),
    /// They asked.
    Wants,
    /// I asked.
    Asked,
    /// They said no to me.
    DeclinedMe,
    /// I said no to them.
    Declined,
    Blocked,
    KeysChanged,
    Redacted,
    UpdateNeeded,
    /// The timer of the chat was set, in seconds; 0: messages stay.
    Timer(u32),
}

/// The second and third truths: this node and the network, this node and the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    pub online: bool,
    /// How many people have a live link.
    pub reachable: u64,
    /// How many own messages wait to be sent.
    pub waiting: u64,
    pub directory: DirectoryState,
}

/// How it stands with the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DirectoryState {
    /// Used without one.
    None,
    Up {
        name: String,
    },
    Down {
        name: String,
    },
    /// Signed out, or the account was refused: signing in helps.
    SignedOut {
        name: String,
    },
}

impl Network {
    /// The line at the foot of the sidebar.
    pub fn sentence(&self) -> String {
        let state = match (self.online, self.reachable) {
            (false, _) => "No connection".to_owned(),
            (true, 0) if self.waiting > 0 => "Connected".to_owned(),
            (true, 0) => "Connected \u{b7} nobody reachable".to_owned(),
            (true, 1) => "Connected \u{b7} 1 person reachable".to_owned(),
            (true, n) => format!("Connected \u{b7} {n} people reachable"),
        };
        match self.waiting {
            0 => state,
            1 => format!("{state} \u{b7} 1 message waiting"),
            n => format!("{state} \u{b7} {n} messages waiting"),
        }
    }

    /// A second line, only when there is something to say.
    pub fn directory_sentence(&self) -> Option<&'static str> {
        match self.directory {
            DirectoryState::None | DirectoryState::Up { .. } => None,
            DirectoryState::Down { .. } => {
                Some("Directory not reachable. Chats with people you know still work.")
            }
            DirectoryState::SignedOut { .. } => {
                Some("Signed out of the directory. Chats with people you know still work.")
            }
        }
    }
}

impl DirectoryState {
    /// Its name, where there is one.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::None => None,
            Self::Up { name } | Self::Down { name } | Self::SignedOut { name } => Some(name),
        }
    }

    pub fn is_up(&self) -> bool {
        matches!(self, Self::Up { .. })
    }
}

impl Shell {
    /// What stands in brackets before the title: chats' unread messages and requests.
    pub fn unread(&self) -> u64 {
        self.chats.iter().chain(&self.requests).map(ChatRow::counted).sum()
    }

    /// As the title and the page's own script write it: up to 99.
    pub(crate) fn unread_text(&self) -> String {
        badge(self.unread())
    }

    pub(crate) fn is_at(&self, row: &ChatRow) -> bool {
        self.place == Place::Chat(row.conversation)
    }

    /// Nobody to write with yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.chats.is_empty() && self.requests.is_empty()
    }

    /// The narrow window shows the list instead of the page.
    pub(crate) fn shows_list(&self) -> bool {
        self.place == Place::Chats
    }
}

impl ChatRow {
    /// Up to 99.
    pub fn badge(&self) -> String {
        badge(self.unread)
    }

    /// What it adds to the number in the title.
    pub fn counted(&self) -> u64 {
        if self.muted { 0 } else { self.unread }
    }

    /// Sorts the list: the newest first.
    pub fn order(&self) -> u64 {
        self.at.map_or(0, |at| at.0)
    }
}

fn badge(unread: u64) -> String {
    if unread > 99 { "99+".to_owned() } else { unread.to_string() }
}

/// The `id` of a chat's `<li>` in the sidebar.
pub fn dom_id(conversation: &ConversationId) -> String {
    format!("c-{conversation}")
}

/// One row of the sidebar, live. `list` is `requests` or `chats`.
#[derive(Debug, Clone, Template)]
#[template(path = "shell/row_fragment.html")]
pub struct ChatRowFragment<'a> {
    pub page: &'a Page,
    pub row: &'a ChatRow,
    pub current: bool,
}

/// The foot of the sidebar, live (`id="network"`).
#[derive(Debug, Clone, Template)]
#[template(path = "shell/network.html")]
pub struct NetworkFragment<'a> {
    pub network: &'a Network,
}

impl ChatRow {
    pub fn sample(name: &str, reach: Reach, preview: Preview, minutes: u64, unread: u64) -> Self {
        let person = Person::sample(name);
        Self {
            conversation: ConversationId(person.user.0),
            person,
            reach,
            preview,
            at: Some(WallMs(crate::When::sample().now.0 - minutes * 60_000)),
            unread,
            muted: false,
        }
    }
}

impl Network {
    pub fn sample() -> Self {
        Self {
            online: true,
            reachable: 2,
            waiting: 0,
            directory: DirectoryState::Up { name: "chat.example.org".to_owned() },
        }
    }

    pub fn sample_offline() -> Self {
        Self {
            online: false,
            reachable: 0,
            waiting: 2,
            directory: DirectoryState::Down { name: "chat.example.org".to_owned() },
        }
    }
}

impl Shell {
    pub fn sample(place: Place) -> Self {
        let text = |mine, text: &str| Preview::Text { mine, text: text.to_owned() };
        Self {
            me: Me {
                person: Person::sample("ana"),
                visibility: Some(Visibility::ExactName),
                addresses: vec!["192.168.1.20:7401".to_owned()],
                remind_recovery: false,
            },
            requests: vec![ChatRow::sample("tomo_k", Reach::Away, Preview::Wants, 1300, 1)],
            chats: vec![
                ChatRow::sample("mira", Reach::Online, text(true, "the one with the \u{1f3a8} on it"), 1, 0),
                ChatRow::sample(
                    "jonas",
                    Reach::Online,
                    text(false, "Found the key, it was in the other coat the whole time"),
                    50,
                    2,
                ),
                ChatRow::sample(
                    "lena_b",
                    Reach::Seen(WallMs(0)),
                    Preview::Draft("I think we should".to_owned()),
                    1500,
                    0,
                ),
                ChatRow::sample("ferit", Reach::Away, Preview::Asked, 3000, 0),
                ChatRow::sample("noor_van_den_berg", Reach::Away, Preview::KeysChanged, 9000, 128),
                ChatRow {
                    muted: true,
                    ..ChatRow::sample(
                        "choir_practice",
                        Reach::Away,
                        text(false, "Tuesday at eight"),
                        12_000,
                        7,
                    )
                },
                ChatRow::sample("otto", Reach::Away, Preview::Blocked, 40_000, 0),
            ],
            network: Network::sample(),
            place,
            since: "00:7".to_owned(),
        }
    }

    /// Right after the first run.
    pub fn sample_empty(place: Place) -> Self {
        Self {
            requests: Vec::new(),
            chats: Vec::new(),
            network: Network { reachable: 0, ..Network::sample() },
            ..Self::sample(place)
        }
    }
}

/// `GET /chats`: the list, and what to do when it is empty.
#[derive(Debug, Clone, Template)]
#[template(path = "shell/chats.html")]
pub struct ChatsPage {
    pub page: Page,
    pub shell: Shell,
}

impl ChatsPage {
    pub fn samples() -> Vec<(&'static str, Self)> {
        let mut offline = Shell::sample(Place::Chats);
        offline.network = Network::sample_offline();
        offline.me.remind_recovery = true;
        vec![
            ("chats", Self { page: Page::sample(), shell: Shell::sample(Place::Chats) }),
            ("chats_empty", Self { page: Page::sample(), shell: Shell::sample_empty(Place::Chats) }),
            ("chats_offline", Self { page: Page::sample(), shell: offline }),
        ]
    }
}
