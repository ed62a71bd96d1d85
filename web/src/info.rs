//! One message with all that is known of it: its way, its words, and what can be done with it.

use askama::Template;
use protocol::{ids::ConversationId, time::WallMs};

use crate::{
    message::{Message, Status, Stay},
    network::{Away, Routes},
    page::Page,
    person::Person,
    shell::{Place, Shell},
    when::When,
};

/// `GET /chats/{conversation}/messages/{message}`
#[derive(Debug, Clone, Template)]
#[template(path = "info/page.html")]
pub struct InfoPage {
    pub page: Page,
    pub shell: Shell,
    pub info: Info,
}

/// The same for the panel beside the chat.
#[derive(Debug, Clone, Template)]
#[template(path = "info/panel.html")]
pub struct InfoFragment<'a> {
    pub page: &'a Page,
    pub info: &'a Info,
}

/// A message and what is known of it.
#[derive(Debug, Clone)]
pub struct Info {
    pub with: Person,
    pub message: Message,
    /// By this node's clock.
    pub received: WallMs,
    /// All words that it had, the first ones first; one alone was never changed.
    pub versions: Vec<(WallMs, String)>,
    /// When an own one got there, and when it was read, by this node's clock; none: not yet, or not known.
    pub delivered: Option<WallMs>,
    pub read: Option<WallMs>,
    /// Why it still waits here, where that is so because they are not reached.
    pub waits: Option<Away>,
    /// Something can be written to them.
    pub writes: bool,
    /// Why the new words were refused, and what they were.
    pub problem: Option<(String, String)>,
}

impl Info {
    fn conversation(&self) -> &ConversationId {
        &self.message.conversation
    }

    /// Only own words can be changed or taken back.
    fn can_change(&self) -> bool {
        self.writes && self.message.mine && self.message.body.has_words()
    }

    /// The words in the field: those that were refused, or those that stand now.
    fn words(&self) -> &str {
        match (&self.problem, self.versions.last()) {
            (Some((_, words)), _) | (None, Some((_, words))) => words,
            (None, None) => "",
        }
    }

    fn error(&self) -> Option<&String> {
        self.problem.as_ref().map(|(error, _)| error)
    }

    /// What becomes of it, or became.
    fn way(&self) -> Option<String> {
        let name = &self.with.name;
        Some(match self.message.status? {
            Status::Waiting => format!(
                "Nobody else has it yet. It lies on this computer and goes to {name} by itself as soon as both of you can be reached."
            ),
            Status::Sending => format!("It is on its way to {name}\u{2019}s computer."),
            Status::OnTheWay => format!("Somebody keeps it for {name}."),
            Status::Delivered => format!("{name}\u{2019}s computer has it."),
            Status::Read => format!("{name} has read it."),
        })
    }

    fn sample(message: Message, versions: &[&str]) -> Self {
        let at = message.wall;
        let versions = (0..).zip(versions);
        Self {
            with: Person::sample("mira"),
            received: WallMs(at.0 + 1_200),
            versions: versions.map(|(n, text)| (WallMs(at.0 + n * 95_000), (*text).to_owned())).collect(),
            message,
            delivered: None,
            read: None,
            waits: None,
            writes: true,
            problem: None,
        }
    }
}

impl InfoPage {
    pub fn samples() -> Vec<(&'static str, Self)> {
        let all = Message::samples();
        let page = |info: Info| Self {
            page: Page::sample(),
            shell: Shell::sample(Place::Chat(*info.conversation())),
            info,
        };
        let at = WallMs(When::sample().now.0 - 600_000);
        let long = "A sentence that goes on, as people do who have a lot to say. ".repeat(30);
        let mine = |text| Message::sample(40, "ana", at, text);
        let edited = Info {
            delivered: Some(WallMs(at.0 + 900)),
            read: Some(WallMs(at.0 + 240_000)),
            ..Info::sample(
                Message { edited: true, status: Some(Status::Read), ..mine("Thursday works.") },
                &["Thrusday works.", "Thursday wroks.", "Thursday works."],
            )
        };
        let waiting = Info {
            waits: Routes::sample().away.into_iter().next(),
            ..Info::sample(Message { status: Some(Status::Waiting), ..mine(&long) }, &[&long])
        };
        let goes = |message: Message, until: Option<u64>| {
            let until = until.map(|ahead| WallMs(When::sample().now.0 + ahead));
            Message { stay: Some(Stay { seconds: 86_400, until }), ..message }
        };
        let gone = all.iter().find(|message| !message.body.has_words() && !message.body.is_system());
        let refused =
            Info { problem: Some(("The text is empty.".to_owned(), String::new())), ..waiting.clone() };
        let mut samples = vec![
            ("message_edited", page(edited)),
            (
                "message_timer",
                page(Info::sample(
                    goes(mine("The door code is 4711."), Some(80_000_000)),
                    &["The door code is 4711."],
                )),
            ),
            (
                "message_timer_unread",
                page(Info::sample(goes(Message::sample(42, "mira", at, "Got it."), None), &["Got it."])),
            ),
            ("message_waiting", page(waiting)),
            ("message_refused", page(refused)),
            (
                "message_theirs",
                page(Info::sample(
                    Message::sample(41, "mira", at, "\u{5e9}\u{5dc}\u{5d5}\u{5dd}, see https://example.org"),
                    &["\u{5e9}\u{5dc}\u{5d5}\u{5dd}, see https://example.org"],
                )),
            ),
        ];
        samples.extend(gone.map(|gone| ("message_unknown", page(Info::sample(gone.clone(), &[])))));
        samples
    }
}
