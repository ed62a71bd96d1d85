//! What every page needs: where its files are, how it looks, its form token, and the time.

use askama::Template;

use crate::{assets, when::When};

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
    pub theme: Theme,
    /// Goes into every form as `csrf`, and into the first message of the page's WebSocket.
    pub csrf: String,
    pub when: When,
}

impl Page {
    pub fn new(theme: Theme, csrf: String, when: When) -> Self {
        Self { assets: assets::base().to_owned(), theme, csrf, when }
    }

    /// For snapshots and pictures: Saturday, 14 November 2026, 14:30 in Berlin.
    pub fn sample() -> Self {
        Self {
            assets: "/a/build".to_owned(),
            theme: Theme::System,
            csrf: "form-token".to_owned(),
            when: When::sample(),
        }
    }
}

/// Light, dark, or as the system says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    #[default]
    System,
    Light,
    Dark,
}

impl Theme {
    pub const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    /// The word in the cookie `theme` and in forms.
    pub fn word(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// Anything that is not a theme means "as the system says".
    pub fn from_word(word: &str) -> Self {
        Self::ALL.into_iter().find(|theme| theme.word() == word).unwrap_or_default()
    }

    pub fn label(self) -> &'static str {
        match self {
            Self::System => "As the system",
            Self::Light => "Light",
            Self::Dark => "Dark",
        }
    }
}
