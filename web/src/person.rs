//! A person as pages show them.

use protocol::{ids::UserId, time::WallMs};

use crate::{avatar, when::When};

/// Who it is: a name to show, and the identity that colours the avatar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub user: UserId,
    pub name: String,
}

impl Person {
    pub fn new(user: UserId, name: impl Into<String>) -> Self {
        Self { user, name: name.into() }
    }

    /// At most two letters for the avatar.
    pub fn initials(&self) -> String {
        avatar::initials(&self.name)
    }

    /// Which of the twelve avatar colours.
    pub fn hue(&self) -> u8 {
        avatar::hue(&self.user)
    }

    /// A stable invented person: the same name is the same identity.
    pub fn sample(name: &str) -> Self {
        let mut user = [0; 32];
        for (index, byte) in name.bytes().cycle().take(32).enumerate() {
            user[index] = byte.wrapping_mul(31).wrapping_add(u8::try_from(index).unwrap_or(0));
        }
        user[0] = name.bytes().fold(7, |sum, byte| sum.wrapping_mul(5).wrapping_add(byte));
        Self { user: UserId(user), name: name.to_owned() }
    }
}

/// Whether a person can be reached now (the fourth truth: this node and theirs).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// A link to them is live.
    Online,
    /// No link; when they were last seen here.
    Seen(WallMs),
    /// No link, and they were never seen, or do not say.
    Away,
}

impl Reach {
    pub fn is_online(&self) -> bool {
        *self == Self::Online
    }

    /// `Online`, `Last seen today 14:12`, `Not reachable right now`
    pub fn sentence(&self, when: &When) -> String {
        match self {
            Self::Online => "Online".to_owned(),
            Self::Seen(at) => format!("Last seen {}", when.spoken(at)),
            Self::Away => "Not reachable right now".to_owned(),
        }
    }

    /// One word for lists.
    pub fn word(&self) -> &'static str {
        if self.is_online() { "online" } else { "offline" }
    }
}

/// Who can find this person in the directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visibility {
    Everyone,
    ExactName,
    Nobody,
}

impl Visibility {
    pub const ALL: [Self; 3] = [Self::Everyone, Self::ExactName, Self::Nobody];

    /// The word in forms.
    pub fn word(self) -> &'static str {
        match self {
            Self::Everyone => "everyone",
            Self::ExactName => "exact_name",
            Self::Nobody => "nobody",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|visibility| visibility.word() == word)
    }

    pub fn label(self) -> &'static str {
        match self {
            Self::Everyone => "Everyone in this directory",
            Self::ExactName => "People who know my exact name",
            Self::Nobody => "Nobody for now",
        }
    }

    pub fn meaning(self) -> &'static str {
        match self {
            Self::Everyone => "Your name is in the list, and people there see when you are online.",
            Self::ExactName => "You are not in the list. Who types your whole name finds you.",
            Self::Nobody => {
                "Nobody finds you, and messages to you wait until you are back. You can still write."
            }
        }
    }

    /// Under one's own name.
    pub fn short(self) -> &'static str {
        match self {
            Self::Everyone => "Visible to everyone here",
            Self::ExactName => "Found by exact name",
            Self::Nobody => "Hidden for now",
        }
    }
}
