//! The page for everything that went wrong.

use askama::Template;

use crate::page::Page;

/// What happened, and what to do next; never a stack trace.
#[derive(Debug, Clone, Template)]
#[template(path = "trouble/page.html")]
pub struct TroublePage {
    pub page: Page,
    /// `This page does not exist`
    pub title: String,
    /// What happened, what happens by itself, what the person may do.
    pub text: String,
    /// Where to go: href and label.
    pub action: Option<(String, String)>,
}

impl TroublePage {
    pub fn sample() -> Self {
        Self {
            page: Page::sample(),
            title: "There is no such page".to_owned(),
            text: "The address may be mistyped, or the chat was deleted.".to_owned(),
            action: Some(("/chats".to_owned(), "Go to your chats".to_owned())),
        }
    }
}
