//! Notifications: the choices that the settings offer.

/// What the user chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Alerts {
    pub show: Show,
    pub sound: bool,
    pub desktop: bool,
}

/// What a notification may show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Show {
    Off,
    New,
    Full,
}

impl Show {
    pub const ALL: [Self; 3] = [Self::Full, Self::New, Self::Off];

    /// The word in forms.
    pub fn word(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::New => "new",
            Self::Full => "full",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|show| show.word() == word)
    }

    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Off => "None",
            Self::New => "“New message”, without name and text",
            Self::Full => "Who wrote, and what",
        }
    }
}
