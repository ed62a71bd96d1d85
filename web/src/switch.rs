//! The switcher: one field that leads to chats, people, messages and actions. A page of its own without scripts.

use askama::Template;

use crate::{
    icon::{self, Icon},
    page::Page,
    person::{Person, Reach},
    search::Hit,
    shell::{ChatRow, Place, Preview, Shell},
};

/// `GET /go?q=`
#[derive(Debug, Clone, Template)]
#[template(path = "switch/page.html")]
pub struct SwitchPage {
    pub page: Page,
    pub shell: Shell,
    pub switch: Switch,
}

/// The choices alone, as options of a list box: `GET /go?q=&fragment=1`.
#[derive(Debug, Clone, Template)]
#[template(path = "switch/options.html")]
pub struct SwitchFragment<'a> {
    pub page: &'a Page,
    pub switch: &'a Switch,
}

/// What was typed, and where it can lead.
#[derive(Debug, Clone)]
pub struct Switch {
    pub query: String,
    pub chats: Vec<ChatRow>,
    /// People whose chat stands in no list, and people of the directory.
    pub people: Vec<(Person, Reach)>,
    pub messages: Vec<Hit>,
    pub actions: Vec<Action>,
}

/// Something that can be done from everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Action {
    pub label: &'static str,
    /// Other words that people may look for.
    pub words: &'static str,
    /// Where it is done without scripts; `?q=` and what was typed are added where it ends in `=`.
    pub address: &'static str,
    /// What the page's script does instead of going there.
    pub act: Option<&'static str>,
    pub icon: Icon,
}

const fn action(label: &'static str, words: &'static str, address: &'static str, icon: Icon) -> Action {
    Action { label, words, address, act: None, icon }
}

impl Action {
    const fn by(self, act: &'static str) -> Self {
        Self { act: Some(act), ..self }
    }

    /// All that do not depend on what is typed.
    pub const ALL: &[Self] = &[
        action("Find people", "new chat ask directory contact start", "/people", icon::PEOPLE),
        action("Connect by address", "new chat ip port", "/people/connect", icon::LINK),
        action("Search in this chat", "find messages words", "/search", icon::SEARCH).by("here"),
        action("Search all chats", "find messages words", "/search", icon::SEARCH).by("everywhere"),
        action(
            "Settings",
            "preferences options privacy notifications directory tokens",
            "/settings",
            icon::GEAR,
        ),
        action("Use light colours", "theme bright appearance", "/settings#appearance", icon::EYE).by("light"),
        action("Use dark colours", "theme night appearance", "/settings#appearance", icon::EYE).by("dark"),
        action("Use the system\u{2019}s colours", "theme appearance", "/settings#appearance", icon::EYE)
            .by("system"),
        action("Keyboard shortcuts", "help keys", "/settings#keyboard", icon::INFO).by("help"),
        action("API reference", "rest scripts developers", "/api", icon::CODE),
        action("Lock now", "passphrase hide sign out", "/settings#leave", icon::LOCK).by("lock"),
    ];

    /// Goes on with what was typed.
    pub const WITH_WORDS: &[Self] = &[
        action("Search messages for", "", "/search?q=", icon::SEARCH).by("everywhere"),
        action("Find people named", "", "/people?q=", icon::PEOPLE),
    ];

    fn takes_words(&self) -> bool {
        self.address.ends_with('=')
    }

    fn address(&self, query: &str) -> String {
        let mut address = self.address.to_owned();
        if self.takes_words() {
            address.extend(form_urlencoded::byte_serialize(query.as_bytes()));
        }
        address
    }
}

impl Switch {
    /// Names of chats, people and messages; actions are always there.
    fn count(&self) -> String {
        match self.chats.len() + self.people.len() + self.messages.len() {
            _ if self.query.is_empty() => String::new(),
            0 => format!("No chat, person or message for \u{201c}{}\u{201d}", self.query),
            1 => "1 result".to_owned(),
            n => format!("{n} results"),
        }
    }

    fn chats_title(&self) -> &'static str {
        if self.query.is_empty() { "Recent chats" } else { "Chats" }
    }
}

impl SwitchPage {
    pub fn samples() -> Vec<(&'static str, Self)> {
        let text = |text: &str| Preview::Text { mine: false, text: text.to_owned() };
        let chats = vec![
            ChatRow::sample("mira", Reach::Online, text("Half past six at the library, upstairs?"), 1, 0),
            ChatRow::sample("noor_van_den_berg", Reach::Away, Preview::KeysChanged, 9000, 128),
            ChatRow::sample("otto", Reach::Away, Preview::Blocked, 40_000, 0),
        ];
        let page = |query: &str, chats, people, messages, actions| Self {
            page: Page::sample(),
            shell: Shell::sample(Place::Switch),
            switch: Switch { query: query.to_owned(), chats, people, messages, actions },
        };
        let words = Action::WITH_WORDS.to_vec();
        let people = vec![
            (Person::sample("miriam"), Reach::Online),
            (Person::sample("mirabel_with_a_long_name"), Reach::Away),
        ];
        vec![
            ("switch", page("", chats.clone(), Vec::new(), Vec::new(), Action::ALL.to_vec())),
            ("switch_hits", page("mir", chats[..1].to_vec(), people, Hit::samples(), words.clone())),
            ("switch_nothing", page(&"zzz ".repeat(40), Vec::new(), Vec::new(), Vec::new(), words)),
        ]
    }
}
