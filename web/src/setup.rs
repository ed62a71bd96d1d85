//! First run: one card, one question a page, and plain forms.

use askama::Template;

use crate::{
    field::Field,
    page::Page,
    person::{Person, Visibility},
};

/// `GET /setup/welcome`; buttons post `choice`: `create`, `sign_in`, `without`.
#[derive(Debug, Clone, Template)]
#[template(path = "setup/welcome.html")]
pub struct WelcomePage {
    pub page: Page,
}

/// What the person said on the first page; texts differ, the form is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    Create,
    SignIn,
}

/// `GET|POST /setup/directory`; field `url`; buttons `go`: `test` or `next`.
#[derive(Debug, Clone, Template)]
#[template(path = "setup/directory.html")]
pub struct DirectoryPage {
    pub page: Page,
    pub purpose: Purpose,
    pub url: Field,
    /// After a test that found one.
    pub found: Option<FoundDirectory>,
}

/// A directory that answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundDirectory {
    /// `chat.example.org`
    pub name: String,
    pub fingerprint: String,
}

/// `GET|POST /setup/account`; fields `username`, `passphrase`.
#[derive(Debug, Clone, Template)]
#[template(path = "setup/account.html")]
pub struct AccountPage {
    pub page: Page,
    pub purpose: Purpose,
    /// The directory's name; none: without one.
    pub directory: Option<String>,
    pub username: Field,
    /// Never filled in again; only its error is shown.
    pub passphrase: Field,
    /// Of the whole form: "That name and passphrase don't fit together."
    pub error: Option<String>,
}

/// `GET|POST /setup/confirm`: the name is new; a typo must not open an account.
/// Buttons `go`: `create` or `back`. The passphrase waits in the session, not in the page.
#[derive(Debug, Clone, Template)]
#[template(path = "setup/confirm.html")]
pub struct ConfirmPage {
    pub page: Page,
    pub username: String,
    pub directory: String,
}

/// `GET|POST /setup/reset`: the name is known, the passphrase fits, and this computer has no keys for it.
/// Fields `recovery` (the text of the recovery file) and `key`; buttons `go`: `restore`, `reset`, `back`; `reset` needs the
/// tick `understood`.
#[derive(Debug, Clone, Template)]
#[template(path = "setup/reset.html")]
pub struct ResetPage {
    pub page: Page,
    pub username: String,
    pub directory: String,
    pub recovery: Field,
    pub key: Field,
    /// The tick was missing.
    pub tick_error: Option<String>,
}

/// `GET|POST /setup/recovery`; tick `saved`; buttons `go`: `next` or `later`.
/// `GET /setup/recovery/file` downloads it.
#[derive(Debug, Clone, Template)]
#[template(path = "setup/recovery.html")]
pub struct RecoveryPage {
    pub page: Page,
    pub who: Person,
    /// One of the questions of the first run; else it was asked for later.
    pub first_run: bool,
    /// As it stands in the file, in groups.
    pub key: String,
    pub tick_error: Option<String>,
}

/// `GET|POST /setup/visibility`; field `visibility`.
#[derive(Debug, Clone, Template)]
#[template(path = "setup/visibility.html")]
pub struct VisibilityPage {
    pub page: Page,
    pub directory: String,
    pub chosen: Visibility,
    pub error: Option<String>,
}

/// `GET|POST /setup/restore`: a form of parts (multipart), so that the file is read as it comes. Fields `passphrase`,
/// `new_passphrase`, `file`.
#[derive(Debug, Clone, Template)]
#[template(path = "setup/restore.html")]
pub struct RestorePage {
    pub page: Page,
    /// None of them is filled in again; only their errors are shown.
    pub passphrase: Field,
    pub new_passphrase: Field,
    pub file: Field,
    /// Of the whole form.
    pub error: Option<String>,
}

impl RestorePage {
    pub fn samples() -> Vec<(&'static str, Self)> {
        let page = || Self {
            page: Page::sample(),
            passphrase: Field::default(),
            new_passphrase: Field::default(),
            file: Field::default(),
            error: None,
        };
        let damaged = "The backup is damaged or cut short; nothing of it was taken.";
        vec![
            ("setup_restore", page()),
            (
                "setup_restore_wrong",
                Self {
                    passphrase: Field::wrong("", "That passphrase doesn\u{2019}t fit. Try again."),
                    new_passphrase: Field::wrong(
                        "",
                        "The passphrase is too short: it needs at least 10 characters.",
                    ),
                    ..page()
                },
            ),
            ("setup_restore_damaged", Self { file: Field::wrong("", damaged), ..page() }),
            (
                "setup_restore_full",
                Self { error: Some("The disk is full; nothing was changed here.".to_owned()), ..page() },
            ),
        ]
    }
}

impl WelcomePage {
    pub fn sample() -> Self {
        Self { page: Page::sample() }
    }
}

impl DirectoryPage {
    pub fn samples() -> Vec<(&'static str, Self)> {
        let page = |url, found| Self { page: Page::sample(), purpose: Purpose::Create, url, found };
        let url = "https://chat.example.org";
        let found = FoundDirectory {
            name: "chat.example.org".to_owned(),
            fingerprint: "7f3a 90c2 11d8 4be6 a05f 62c9".to_owned(),
        };
        let silent = "No answer from chat.example.org. Check the address, or try again.";
        vec![
            ("setup_directory", page(Field::new(url), None)),
            ("setup_directory_found", page(Field::new(url), Some(found))),
            ("setup_directory_silent", page(Field::wrong(url, silent), None)),
        ]
    }
}

impl AccountPage {
    pub fn samples() -> Vec<(&'static str, Self)> {
        let page = || Self {
            page: Page::sample(),
            purpose: Purpose::Create,
            directory: Some("chat.example.org".to_owned()),
            username: Field::default(),
            passphrase: Field::default(),
            error: None,
        };
        vec![
            ("setup_account", page()),
            (
                "setup_account_wrong",
                Self {
                    username: Field::wrong(
                        "An a",
                        "A name has 3 to 24 of the characters a\u{2013}z, 0\u{2013}9 and _.",
                    ),
                    passphrase: Field::wrong("", "This passphrase is easy to guess. Add a word or two."),
                    ..page()
                },
            ),
            ("setup_account_taken", Self { username: Field::wrong("ana", "This name is taken."), ..page() }),
            (
                "setup_account_unfit",
                Self {
                    purpose: Purpose::SignIn,
                    username: Field::new("ana"),
                    error: Some("That name and passphrase don\u{2019}t fit together.".to_owned()),
                    ..page()
                },
            ),
            ("setup_account_alone", Self { directory: None, ..page() }),
        ]
    }
}

impl ConfirmPage {
    pub fn sample() -> Self {
        Self { page: Page::sample(), username: "ana".to_owned(), directory: "chat.example.org".to_owned() }
    }
}

impl ResetPage {
    pub fn samples() -> Vec<(&'static str, Self)> {
        let page = || Self {
            page: Page::sample(),
            username: "ana".to_owned(),
            directory: "chat.example.org".to_owned(),
            recovery: Field::default(),
            key: Field::default(),
            tick_error: None,
        };
        let wrong = Self {
            recovery: Field::new("-----BEGIN AGE ENCRYPTED FILE-----\nYWdlLWVuY3J5cHRpb24ub3JnL3Yx"),
            key: Field::wrong("3KQ7-M2ZD-XW4T", "That recovery key doesn\u{2019}t fit."),
            ..page()
        };
        let unticked = Some("Tick this first: it can\u{2019}t be taken back.".to_owned());
        vec![
            ("setup_reset", page()),
            ("setup_reset_wrong", wrong),
            ("setup_reset_unticked", Self { tick_error: unticked, ..page() }),
        ]
    }
}

impl RecoveryPage {
    pub fn samples() -> Vec<(&'static str, Self)> {
        let page = || Self {
            page: Page::sample(),
            who: Person::sample("ana"),
            first_run: true,
            key: "3KQ7-M2ZD-XW4T-9PRA-HV6E-58JN-B1YC-GS0F-T7LQ-42MX-KD9R-WE3H-6NPZ".to_owned(),
            tick_error: None,
        };
        let unticked = Some("Save it first, then tick this.".to_owned());
        vec![
            ("setup_recovery", page()),
            ("setup_recovery_unticked", Self { tick_error: unticked, ..page() }),
            ("setup_recovery_later", Self { first_run: false, ..page() }),
        ]
    }
}

impl VisibilityPage {
    pub fn samples() -> Vec<(&'static str, Self)> {
        let page = |error: Option<&str>| Self {
            page: Page::sample(),
            directory: "chat.example.org".to_owned(),
            chosen: Visibility::ExactName,
            error: error.map(str::to_owned),
        };
        vec![
            ("setup_visibility", page(None)),
            ("setup_visibility_refused", page(Some("The directory does not answer. Try again."))),
        ]
    }
}
