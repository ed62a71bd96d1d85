//! What every page needs: where its files are, how it looks, its form token, and the time.

use askama::Template;

use crate::{assets, choices::Choices, when::When};

/// A struct that renders to HTML.
pub trait Html {
    /// The whole page or fragment.
    fn html(&self) -> String;
}

impl<T: Template> Html for T {
    fn html(&self) -> String {
        self.render().expect("templates only write to a string, and that cannot fail")
    }
}

/// The frame of every page.
#[derive(Debug, Clone)]
pub struct Page {
    /// The folder of the static files, without a slash at the end: `/a/<build>`.
    pub assets: String,
    /// What the browser chose; each is an attribute of the page.
    pub choices: Choices,
    /// Goes into every form as `csrf`, and into the first message of the page's WebSocket.
    pub csrf: String,
    pub when: When,
}

impl Page {
    pub fn new(choices: Choices, csrf: String, when: When) -> Self {
        Self { assets: assets::base().to_owned(), choices, csrf, when }
    }

    /// For snapshots and pictures: Saturday, 14 November 2026, 14:30 in Berlin.
    pub fn sample() -> Self {
        Self {
            assets: "/a/build".to_owned(),
            choices: Choices::default(),
            csrf: "form-token".to_owned(),
            when: When::sample(),
        }
    }
}
