//! The steps that are taken rarely and with care: a new passphrase, a backup, signing out everywhere, the end of the
//! account. One card each, as in the first run.

use askama::Template;

use crate::{field::Field, page::Page};

/// `GET|POST /account/passphrase`; fields `old`, `new`, tick `others`.
#[derive(Debug, Clone, Template)]
#[template(path = "account/passphrase.html")]
pub struct PassphrasePage {
    pub page: Page,
    pub username: String,
    /// The directory's name, which gets a new password with it.
    pub directory: Option<String>,
    /// Neither is filled in again; only their errors are shown.
    pub old: Field,
    pub new: Field,
    /// Of the whole form.
    pub error: Option<String>,
    /// Browsers with this page, beside this one.
    pub others: usize,
    pub changed: bool,
}

/// `GET|POST /account/sign-out`; tick `tokens`.
#[derive(Debug, Clone, Template)]
#[template(path = "account/sign_out.html")]
pub struct SignOutPage {
    pub page: Page,
    pub directory: Option<String>,
    pub browsers: usize,
    /// Names of the tokens for scripts.
    pub tokens: Vec<String>,
}

/// `GET|POST /account/delete`; fields `name`, `passphrase`.
#[derive(Debug, Clone, Template)]
#[template(path = "account/delete.html")]
pub struct DeletePage {
    pub page: Page,
    pub username: String,
    pub directory: Option<String>,
    pub name: Field,
    pub passphrase: Field,
    pub error: Option<String>,
}

/// `GET|POST /account/backup`; field `passphrase`. `GET /account/backup/file` downloads it, `POST /account/backup/done`
/// throws it away.
#[derive(Debug, Clone, Template)]
#[template(path = "account/backup.html")]
pub struct BackupPage {
    pub page: Page,
    pub state: BackupState,
}

/// How far the backup is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BackupState {
    Ask {
        passphrase: Field,
        error: Option<String>,
    },
    /// Bytes so far.
    Writing {
        bytes: u64,
    },
    Ready {
        bytes: u64,
        people: u64,
        messages: u64,
    },
}

impl BackupPage {
    fn size(bytes: &u64) -> String {
        match bytes {
            0..1_000_000 => format!("{} kB", bytes.div_ceil(1000)),
            1_000_000..1_000_000_000 => format!("{} MB", bytes / 1_000_000),
            _ => format!("{}.{} GB", bytes / 1_000_000_000, bytes / 100_000_000 % 10),
        }
    }

    pub fn samples() -> Vec<(&'static str, Self)> {
        let page = |state| Self { page: Page::sample(), state };
        let ask = |passphrase, error| page(BackupState::Ask { passphrase, error });
        vec![
            ("account_backup", ask(Field::default(), None)),
            (
                "account_backup_wrong",
                ask(
                    Field::wrong("", "This passphrase would be guessed quickly. Add another word or two."),
                    None,
                ),
            ),
            (
                "account_backup_full",
                ask(
                    Field::default(),
                    Some(
                        "The disk is full, so no backup was made. Free some space and try again.".to_owned(),
                    ),
                ),
            ),
            ("account_backup_writing", page(BackupState::Writing { bytes: 41_943_040 })),
            (
                "account_backup_ready",
                page(BackupState::Ready { bytes: 1_288_490_188, people: 1, messages: 1_000_000 }),
            ),
        ]
    }
}

impl PassphrasePage {
    pub fn samples() -> Vec<(&'static str, Self)> {
        let page = || Self {
            page: Page::sample(),
            username: "ana".to_owned(),
            directory: Some("chat.example.org".to_owned()),
            old: Field::default(),
            new: Field::default(),
            error: None,
            others: 2,
            changed: false,
        };
        vec![
            ("account_passphrase", page()),
            (
                "account_passphrase_wrong",
                Self {
                    old: Field::wrong("", "That passphrase doesn\u{2019}t fit. Try again."),
                    new: Field::wrong("", "The passphrase is too short: it needs at least 10 characters."),
                    ..page()
                },
            ),
            (
                "account_passphrase_unreachable",
                Self {
                    error: Some(
                        "No answer from the directory, so the passphrase stays as it was everywhere."
                            .to_owned(),
                    ),
                    others: 0,
                    ..page()
                },
            ),
            ("account_passphrase_alone", Self { directory: None, others: 0, ..page() }),
            ("account_passphrase_changed", Self { changed: true, ..page() }),
        ]
    }
}

impl SignOutPage {
    pub fn samples() -> Vec<(&'static str, Self)> {
        let page = |directory: Option<&str>, browsers, tokens: &[&str]| Self {
            page: Page::sample(),
            directory: directory.map(str::to_owned),
            browsers,
            tokens: tokens.iter().map(|name| (*name).to_owned()).collect(),
        };
        vec![
            ("account_sign_out", page(Some("chat.example.org"), 3, &["backup script", "doorbell"])),
            ("account_sign_out_alone", page(None, 1, &[])),
        ]
    }
}

impl DeletePage {
    pub fn samples() -> Vec<(&'static str, Self)> {
        let page = || Self {
            page: Page::sample(),
            username: "noor_van_den_berg".to_owned(),
            directory: Some("chat.example.org".to_owned()),
            name: Field::default(),
            passphrase: Field::default(),
            error: None,
        };
        vec![
            ("account_delete", page()),
            (
                "account_delete_wrong",
                Self {
                    name: Field::wrong("noor", "Type your name as it stands here: noor_van_den_berg."),
                    ..page()
                },
            ),
            (
                "account_delete_unreachable",
                Self {
                    error: Some(
                        "No answer from the directory, so nothing was deleted. Try again when it is reachable.".to_owned(),
                    ),
                    ..page()
                },
            ),
            ("account_delete_alone", Self { directory: None, ..page() }),
        ]
    }
}
