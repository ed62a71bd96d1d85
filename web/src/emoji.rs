//! Emoji to choose from, and what they are called.

use askama::Template;

/// Those that are a press away.
pub const USUAL: [&str; 6] =
    ["\u{1f44d}", "\u{2764}\u{fe0f}", "\u{1f602}", "\u{1f62e}", "\u{1f622}", "\u{1f389}"];
/// More are not shown at once; more words find the others.
const MOST: usize = 96;

/// What people call it: `thumbs up`.
pub fn name(emoji: &str) -> &str {
    emojis::get(emoji).map_or(emoji, |emoji| emoji.name())
}

/// The answer to `GET /emoji?q=`.
#[derive(Debug, Clone, Template)]
#[template(path = "message/emoji.html")]
pub struct EmojiFragment {
    found: Vec<&'static emojis::Emoji>,
    more: bool,
}

impl EmojiFragment {
    /// Those whose name or shortcode has all the words.
    pub fn find(query: &str) -> Self {
        let words: Vec<String> = query.split_whitespace().map(str::to_lowercase).collect();
        let has = |emoji: &&emojis::Emoji| {
            words.iter().all(|word| {
                emoji.name().to_lowercase().contains(word)
                    || emoji.shortcodes().any(|code| code.contains(word))
            })
        };
        let mut found: Vec<_> = emojis::iter().filter(has).take(MOST + 1).collect();
        let more = found.len() > MOST;
        found.truncate(MOST);
        Self { found, more }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emoji_are_found_by_the_words_of_their_names() {
        let names = |query| EmojiFragment::find(query).found.iter().map(|e| e.as_str()).collect::<Vec<_>>();
        assert!(names("thumbs up").contains(&"\u{1f44d}"));
        assert!(names("HEART red").contains(&"\u{2764}\u{fe0f}"));
        assert!(names("no such thing").is_empty());
        assert!(EmojiFragment::find("").more);
        for emoji in USUAL {
            assert_ne!(name(emoji), emoji, "it has a name");
        }
    }
}
