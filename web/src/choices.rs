//! What a browser chose for itself: looks and keys. Each choice is a cookie, so that the first byte of a page has it.

/// One thing to choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    /// The name of the cookie, and of the attribute `data-<name>` of every page.
    pub name: &'static str,
    pub label: &'static str,
    /// The word in cookies and attributes, and what people read.
    pub options: &'static [(&'static str, &'static str)],
    /// The place in `options` of what holds until something is chosen.
    default: usize,
}

impl Choice {
    /// The choice of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        ALL.iter().find(|choice| choice.name == name)
    }

    /// The option of this word.
    pub fn option(&self, word: &str) -> Option<&'static str> {
        self.options.iter().map(|(option, _)| *option).find(|option| *option == word)
    }
}

/// Every choice; the first four are looks, the others are about keys and screen readers.
pub const ALL: [Choice; 7] = [
    Choice {
        name: "theme",
        label: "Colours",
        options: &[("system", "As the system"), ("light", "Light"), ("dark", "Dark")],
        default: 0,
    },
    Choice {
        name: "text-size",
        label: "Text size",
        options: &[
            ("14", "14"),
            ("15", "15"),
            ("16", "16"),
            ("17", "17"),
            ("18", "18"),
            ("19", "19"),
            ("20", "20"),
        ],
        default: 1,
    },
    Choice {
        name: "density",
        label: "Density",
        options: &[("comfortable", "Comfortable"), ("compact", "Compact")],
        default: 0,
    },
    Choice {
        name: "motion",
        label: "Motion",
        options: &[("system", "As the system"), ("reduced", "Reduced")],
        default: 0,
    },
    Choice {
        name: "enter",
        label: "Send with",
        options: &[("send", "Enter"), ("line", "Ctrl + Enter")],
        default: 0,
    },
    Choice {
        name: "arrow-up",
        label: "Arrow up in an empty field",
        options: &[("edit", "Edits my last message"), ("nothing", "Does nothing")],
        default: 0,
    },
    Choice {
        name: "announce",
        label: "New messages, read out by screen readers",
        options: &[("full", "Sender and text"), ("sender", "Sender only"), ("off", "Off")],
        default: 0,
    },
];

/// What one browser chose: an option of each choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choices([&'static str; ALL.len()]);

impl Default for Choices {
    fn default() -> Self {
        Self(ALL.map(|choice| choice.options[choice.default].0))
    }
}

impl Choices {
    /// From the cookies of a request. Whatever is not an option counts as not chosen.
    pub fn read<'a>(cookie: impl Fn(&'static str) -> Option<&'a str>) -> Self {
        let mut choices = Self::default();
        for (choice, held) in ALL.iter().zip(&mut choices.0) {
            if let Some(word) = cookie(choice.name).and_then(|value| choice.option(value)) {
                *held = word;
            }
        }
        choices
    }

    /// Name and word of each, for the attributes of a page.
    pub fn each(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        ALL.iter().map(|choice| choice.name).zip(self.0)
    }

    /// The word that was chosen, empty where there is no such choice.
    pub fn word(&self, name: &str) -> &'static str {
        self.each().find(|(choice, _)| *choice == name).map_or("", |(_, word)| word)
    }

    /// Each choice with the word that was chosen: the looks, or the keys.
    fn part(&self, looks: bool) -> impl Iterator<Item = (&'static Choice, &'static str)> {
        let range = if looks { 0..4 } else { 4..ALL.len() };
        ALL[range.clone()].iter().zip(self.0[range].iter().copied())
    }

    pub(crate) fn looks(&self) -> impl Iterator<Item = (&'static Choice, &'static str)> {
        self.part(true)
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = (&'static Choice, &'static str)> {
        self.part(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_that_is_no_option_counts_as_not_chosen() {
        let read = Choices::read(|name| match name {
            "theme" => Some("dark"),
            "text-size" => Some("\"><script>"),
            "enter" => Some("line"),
            _ => None,
        });
        let words: Vec<_> = read.each().collect();
        assert!(words.contains(&("theme", "dark")) && words.contains(&("enter", "line")));
        assert!(words.contains(&("text-size", "15")), "the size that holds until one is chosen");
        assert_eq!(Choices::read(|_| None), Choices::default());
    }
}
