//! Clearing or deleting a chat: one question, and what it means.

use askama::Template;
use protocol::ids::ConversationId;

use crate::{page::Page, person::Person};

/// `GET|POST /chats/{conversation}/clear`; the field `delete` takes it out of the list, too.
#[derive(Debug, Clone, Template)]
#[template(path = "clear/page.html")]
pub struct ClearPage {
    pub page: Page,
    pub conversation: ConversationId,
    pub person: Person,
    /// Own messages that the other does not have yet.
    pub waiting: u64,
    pub delete: bool,
}

impl ClearPage {
    pub fn samples() -> Vec<(&'static str, Self)> {
        let page = |name, waiting, delete| Self {
            page: Page::sample(),
            conversation: ConversationId([7; 32]),
            person: Person::sample(name),
            waiting,
            delete,
        };
        vec![
            ("clear", page("mira", 0, false)),
            ("clear_waiting", page("noor_van_den_berg_of_rotterdam", 12, false)),
            ("clear_delete", page("mira", 1, true)),
        ]
    }
}
