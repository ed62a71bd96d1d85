//! Full-text search: its page, and the hits alone for the panel beside a chat.

use askama::Template;
use protocol::{
    ids::{ConversationId, MsgId},
    time::WallMs,
};

use crate::{
    page::Page,
    person::Person,
    shell::{Place, Shell},
    when::When,
};

/// `GET /search?q=` and `GET /chats/{conversation}/search?q=`.
#[derive(Debug, Clone, Template)]
#[template(path = "search/page.html")]
pub struct SearchPage {
    pub page: Page,
    pub shell: Shell,
    pub search: Search,
}

/// The hits alone: the same addresses with `fragment=1`.
#[derive(Debug, Clone, Template)]
#[template(path = "search/results.html")]
pub struct SearchFragment<'a> {
    pub page: &'a Page,
    pub search: &'a Search,
}

/// What was searched for, and what came of it.
#[derive(Debug, Clone)]
pub struct Search {
    /// The chat that is searched; none: all of them.
    pub within: Option<(ConversationId, Person)>,
    pub query: String,
    pub outcome: Outcome,
}

/// What came of a search.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// Nothing was asked yet.
    Unasked,
    /// Why it can't be searched for.
    Refused(String),
    Found {
        hits: Vec<Hit>,
        /// There are more: the number to go on before.
        next: Option<u64>,
        /// These follow others.
        further: bool,
        /// The index is being made anew and covers this much of the history, in percent.
        indexed: Option<u8>,
    },
}

/// A message that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    pub conversation: ConversationId,
    pub id: MsgId,
    /// The other person of the conversation.
    pub with: Person,
    pub mine: bool,
    /// The author's clock.
    pub wall: WallMs,
    /// The text around the first hit, in pieces.
    pub excerpt: Vec<Piece>,
}

/// A piece of an excerpt, marked or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    pub text: String,
    pub hit: bool,
}

impl Hit {
    /// The address that opens the chat around the message.
    pub fn address(&self, query: &str) -> String {
        let (chat, id) = (self.conversation, self.id);
        let query: String = form_urlencoded::byte_serialize(query.as_bytes()).collect();
        format!("/chats/{chat}?at={id}&q={query}#m-{id}")
    }
}

impl Search {
    /// The path of this search, without what is searched for.
    pub fn path(&self) -> String {
        match &self.within {
            Some((chat, _)) => format!("/chats/{chat}/search"),
            None => "/search".to_owned(),
        }
    }

    fn hits(&self) -> &[Hit] {
        match &self.outcome {
            Outcome::Found { hits, .. } => hits,
            Outcome::Unasked | Outcome::Refused(_) => &[],
        }
    }

    /// The address of the older hits, if there are any.
    fn more(&self) -> Option<String> {
        let Outcome::Found { next: Some(next), .. } = self.outcome else { return None };
        let query: String = form_urlencoded::byte_serialize(self.query.as_bytes()).collect();
        Some(format!("{}?q={query}&before={next}", self.path()))
    }

    fn indexed(&self) -> Option<u8> {
        match self.outcome {
            Outcome::Found { indexed, .. } => indexed,
            Outcome::Unasked | Outcome::Refused(_) => None,
        }
    }

    /// The line above the hits. While a part of the history waits for its index, "nothing" is not the last word.
    fn count(&self) -> String {
        let query = &self.query;
        match &self.outcome {
            Outcome::Unasked => String::new(),
            Outcome::Refused(why) => why.clone(),
            Outcome::Found { hits, next, further, indexed } => match (hits.len(), next, further, indexed) {
                (0, _, _, Some(_)) => format!("Nothing found for \u{201c}{query}\u{201d} so far."),
                (0, _, true, None) => "Nothing older was found.".to_owned(),
                (0, ..) => {
                    format!("Nothing found for \u{201c}{query}\u{201d}. Search covers the text of messages.")
                }
                (1, _, true, _) => "1 older message".to_owned(),
                (1, None, ..) => "1 message".to_owned(),
                (n, _, true, _) => format!("{n} older messages"),
                (n, None, ..) => format!("{n} messages"),
                (n, Some(_), ..) => format!("The newest {n} messages"),
            },
        }
    }
}

impl Piece {
    /// Cuts a text where `[` and `]` stand around its hits.
    pub(crate) fn sample(text: &str) -> Vec<Self> {
        let piece = |text: &str, hit| Self { text: text.to_owned(), hit };
        let mut pieces = Vec::new();
        for part in text.split_inclusive([']', '[']) {
            let plain = part.trim_end_matches(['[', ']']);
            pieces.push(piece(plain, part.ends_with(']')));
        }
        pieces.retain(|piece| !piece.text.is_empty());
        pieces
    }
}

impl Hit {
    pub(crate) fn sample(n: u8, with: &str, mine: bool, hours: u64, excerpt: &str) -> Self {
        let with = Person::sample(with);
        Self {
            conversation: ConversationId(with.user.0),
            id: MsgId([n; 16]),
            with,
            mine,
            wall: WallMs(When::sample().now.0 - hours * 3_600_000),
            excerpt: Piece::sample(excerpt),
        }
    }

    pub(crate) fn samples() -> Vec<Self> {
        vec![
            Self::sample(1, "mira", false, 1, "Half past six at the [library], upstairs?"),
            Self::sample(2, "mira", true, 9, "Wir treffen uns in [Łódź], nicht in [Lodz]er Straße"),
            Self::sample(3, "jonas", false, 30, "[東京]タワーに行きました"),
            Self::sample(4, "noor_van_den_berg", false, 24 * 40, "قال [مُحَمَّد] ذلك في المكتبة"),
            Self::sample(
                5,
                "lena_b",
                true,
                24 * 400,
                &format!(
                    "\u{2026}one of the four hundred words before the [library] {}\u{2026}",
                    "and after it ".repeat(20)
                ),
            ),
            Self::sample(
                6,
                "mira",
                false,
                24 * 500,
                "https://[library].example.org/rooms/second-floor/reading-room?from=2026-11-19T18:30&until=2026-11-19T20:00",
            ),
        ]
    }
}

impl SearchPage {
    pub fn samples() -> Vec<(&'static str, Self)> {
        let mira = Person::sample("mira");
        let chat = ConversationId(mira.user.0);
        let page = |within: bool, query: &str, outcome| {
            let place = if within { Place::Chat(chat) } else { Place::Search };
            Self {
                page: Page::sample(),
                shell: Shell::sample(place),
                search: Search {
                    within: within.then(|| (chat, mira.clone())),
                    query: query.to_owned(),
                    outcome,
                },
            }
        };
        let found = |hits, next, indexed| Outcome::Found { hits, next, further: false, indexed };
        let long = "a question of many words that goes on and on ".repeat(12);
        let refused = "Give a word to search for: at least one letter, digit or emoji.";
        vec![
            ("search", page(false, "", Outcome::Unasked)),
            ("search_hits", page(false, "libr lodz 東京", found(Hit::samples(), Some(48_120), None))),
            ("search_in_chat", page(true, "libr", found(Hit::samples()[..2].to_vec(), None, None))),
            ("search_nothing", page(false, "violets", found(Vec::new(), None, None))),
            ("search_nothing_long", page(true, &long, found(Vec::new(), None, None))),
            ("search_building", page(false, "libr", found(Hit::samples()[..1].to_vec(), None, Some(82)))),
            ("search_building_nothing", page(false, "libr", found(Vec::new(), None, Some(3)))),
            ("search_refused", page(false, "%", Outcome::Refused(refused.to_owned()))),
            (
                "search_older",
                page(
                    false,
                    "libr",
                    Outcome::Found { hits: Hit::samples(), next: None, further: true, indexed: None },
                ),
            ),
        ]
    }
}
