//! Settings: one page, each part its own form, saved at once.

use askama::Template;
use protocol::{ids::UserId, time::WallMs};

use crate::{
    choices::{self, Choices},
    field::Field,
    page::Page,
    person::{Person, Visibility},
    shell::{DirectoryState, Place, Shell},
};

/// `GET /settings`; the forms post to `/settings/visibility`, `/receipts`, `/typing`, `/browser/{choice}`, `/directory`,
/// `/tokens`, `/tokens/{id}/revoke`, `/sessions/{id}/end`, `/sessions/end-others`, and to `/lock` and `/sign-out`.
#[derive(Debug, Clone, Template)]
#[template(path = "settings/page.html")]
pub struct SettingsPage {
    pub page: Page,
    pub shell: Shell,
    pub receipts: bool,
    pub typing: bool,
    pub alerts: crate::alerts::Alerts,
    /// The field of the directory's form.
    pub directory: Field,
    /// Never filled in again; only its error is shown.
    pub directory_passphrase: Field,
    pub fingerprint: Option<String>,
    pub tokens: Vec<Token>,
    /// A new token, shown once.
    pub new_token: Option<String>,
    pub token_name: Field,
    pub blocked: Vec<Person>,
    /// Browsers that are signed in to the page, this one first.
    pub sessions: Vec<Session>,
    /// The part that the last form saved.
    pub saved: Option<Part>,
    /// `0.1.0`
    pub version: String,
}

/// A part of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Visibility,
    Receipts,
    Typing,
    Notifications,
    /// One of `choices::ALL`, by its name.
    Choice(&'static str),
    Directory,
    Tokens,
    Sessions,
}

impl Part {
    /// The word in `/settings?saved=`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Visibility => "visibility",
            Self::Receipts => "receipts",
            Self::Typing => "typing",
            Self::Notifications => "notifications",
            Self::Choice(name) => name,
            Self::Directory => "directory",
            Self::Tokens => "tokens",
            Self::Sessions => "sessions",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        [
            Self::Visibility,
            Self::Receipts,
            Self::Typing,
            Self::Notifications,
            Self::Directory,
            Self::Tokens,
            Self::Sessions,
        ]
        .into_iter()
        .chain(choices::ALL.iter().map(|choice| Self::Choice(choice.name)))
        .find(|part| part.word() == word)
    }
}

/// A token for scripts, as the list shows it: never the secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    pub id: String,
    pub name: String,
    pub scopes: Vec<String>,
    pub created: WallMs,
}

/// A browser that is signed in to the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    pub id: String,
    /// `Firefox on Linux`
    pub browser: String,
    pub seen: WallMs,
    /// The one that looks at this page.
    pub current: bool,
}

impl SettingsPage {
    fn visibility(&self) -> Visibility {
        self.shell.me.visibility.unwrap_or(Visibility::ExactName)
    }

    fn user(&self) -> &UserId {
        &self.shell.me.person.user
    }

    fn was_saved(&self, part: &str) -> bool {
        self.saved.is_some_and(|saved| saved.word() == part)
    }

    /// What the list beside the page leads to: anchor and words, in the order of the page.
    fn sections(&self) -> [(&'static str, &'static str); 12] {
        [
            ("profile", "Profile"),
            ("privacy", "Privacy"),
            ("notifications", "Notifications"),
            ("appearance", "Appearance"),
            ("keyboard", "Keyboard"),
            ("data", "Account and data"),
            ("directory", "Directory"),
            ("blocked", "Blocked"),
            ("tokens", "Scripts"),
            ("sessions", "Browsers"),
            ("leave", "Lock and sign out"),
            ("about", "About"),
        ]
    }

    fn directory_state(&self) -> &'static str {
        match self.shell.network.directory {
            DirectoryState::None => "You use Confab without a directory.",
            DirectoryState::Up { .. } => "Connected.",
            DirectoryState::Down { .. } => "Not reachable right now. This computer keeps trying.",
            DirectoryState::SignedOut { .. } => "You are signed out.",
        }
    }

    pub fn samples() -> Vec<(&'static str, Self)> {
        let page = || Self {
            page: Page::sample(),
            shell: Shell::sample(Place::Settings),
            receipts: true,
            typing: false,
            alerts: crate::alerts::Alerts { show: crate::alerts::Show::Full, sound: true, desktop: false },
            directory: Field::new("https://chat.example.org"),
            directory_passphrase: Field::default(),
            fingerprint: Some("7f3a 90c2 11d8 4be6 a05f 62c9".to_owned()),
            tokens: vec![
                Token {
                    id: "1".to_owned(),
                    name: "backup script".to_owned(),
                    scopes: vec!["read".to_owned()],
                    created: WallMs(1_790_000_000_000),
                },
                Token {
                    id: "2".to_owned(),
                    name: "doorbell".to_owned(),
                    scopes: vec!["read".to_owned(), "write".to_owned()],
                    created: WallMs(1_794_000_000_000),
                },
            ],
            new_token: None,
            token_name: Field::default(),
            blocked: vec![Person::sample("otto")],
            sessions: vec![
                Session {
                    id: "a1".to_owned(),
                    browser: "Firefox on Linux".to_owned(),
                    seen: WallMs(1_794_660_000_000),
                    current: true,
                },
                Session {
                    id: "b2".to_owned(),
                    browser: "Chrome on Linux".to_owned(),
                    seen: WallMs(1_794_600_000_000),
                    current: false,
                },
                Session {
                    id: "c3".to_owned(),
                    browser: "A browser".to_owned(),
                    seen: WallMs(1_794_300_000_000),
                    current: false,
                },
            ],
            saved: None,
            version: "0.1.0".to_owned(),
        };
        let alone = {
            let mut alone = page();
            alone.shell.me.visibility = None;
            alone.shell.network.directory = DirectoryState::None;
            alone.directory = Field::wrong("chat", "An address of a directory begins with https://");
            alone.fingerprint = None;
            alone.tokens.clear();
            alone.blocked.clear();
            alone.sessions.truncate(1);
            alone
        };
        vec![
            ("settings", page()),
            (
                "settings_saved",
                Self {
                    saved: Some(Part::Receipts),
                    new_token: Some("cf_8Jq2mXv0TtYkR5nLw3ZbD7".to_owned()),
                    ..page()
                },
            ),
            ("settings_alone", alone),
            (
                "settings_large_compact",
                Self {
                    page: Page {
                        choices: Choices::read(|name| match name {
                            "text-size" => Some("20"),
                            "density" => Some("compact"),
                            "enter" => Some("line"),
                            _ => None,
                        }),
                        ..Page::sample()
                    },
                    saved: Some(Part::Choice("text-size")),
                    ..page()
                },
            ),
        ]
    }
}
