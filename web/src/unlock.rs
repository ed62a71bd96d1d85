//! The locked node: nothing of the chats is shown until the passphrase opens the database.

use askama::Template;

use crate::{field::Field, page::Page, person::Person};

/// `GET|POST /unlock`; fields `passphrase`, or `recovery_key` when `recovery`.
#[derive(Debug, Clone, Template)]
#[template(path = "unlock/page.html")]
pub struct UnlockPage {
    pub page: Page,
    /// Known without the database only if the node keeps it beside; else the page greets nobody by name.
    pub who: Option<Person>,
    /// Asks for the recovery key instead of the passphrase (`/unlock?with=recovery`).
    pub recovery: bool,
    pub secret: Field,
    /// `new_passphrase`, chosen with the recovery key.
    pub new_passphrase: Field,
    /// Seconds until the next try counts.
    pub wait: Option<u64>,
}

impl UnlockPage {
    pub fn samples() -> Vec<(&'static str, Self)> {
        let page = |secret, wait, recovery| Self {
            page: Page::sample(),
            who: Some(Person::sample("ana")),
            recovery,
            secret,
            new_passphrase: Field::default(),
            wait,
        };
        let wrong = Field::wrong("", "That passphrase doesn\u{2019}t fit. Try again.");
        vec![
            ("unlock", page(Field::default(), None, false)),
            ("unlock_wrong", page(wrong, Some(4), false)),
            ("unlock_recovery", page(Field::default(), None, true)),
            (
                "unlock_recovery_wrong",
                page(Field::wrong("3KQ7-M2ZD-XW4T", "That recovery key doesn\u{2019}t fit."), None, true),
            ),
        ]
    }
}
