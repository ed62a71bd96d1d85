//! The part of a text that a list of hits shows: three lines around the first hit.

use std::ops::Range;

/// A piece of a text, marked or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    pub text: String,
    /// What was searched for.
    pub hit: bool,
}

/// Characters before the first hit: it is seen in the first of three lines, however narrow.
const BEFORE: usize = 32;
/// Characters from there on; three lines hold no more.
const LENGTH: usize = 240;
const DOTS: &str = "\u{2026}";

/// The part of `text` around the first of `marks`, which are in order and apart from each other.
pub(super) fn around(text: &str, marks: &[Range<usize>]) -> Vec<Piece> {
    let from = marks.first().map_or(0, |first| start(text, first.start));
    let to = text[from..].char_indices().nth(LENGTH).map_or(text.len(), |(at, _)| from + at);
    let mut pieces = Vec::new();
    let mut push = |text: &str, hit| {
        if !text.is_empty() {
            pieces.push(Piece { text: text.to_owned(), hit });
        }
    };
    if from > 0 {
        push(DOTS, false);
    }
    let mut at = from;
    for mark in marks.iter().filter(|mark| mark.start < to) {
        push(&text[at..mark.start], false);
        push(&text[mark.start..mark.end], true);
        at = mark.end;
    }
    push(&text[at..to.max(at)], false);
    if to.max(at) < text.len() {
        push(DOTS, false);
    }
    pieces
}

/// Where the excerpt of a text with a hit at `hit` begins: at the text's own beginning, or at a word.
fn start(text: &str, hit: usize) -> usize {
    let before = &text[..hit];
    let Some((from, _)) = before.char_indices().rev().nth(BEFORE) else { return 0 };
    let word = before[from..].find(char::is_whitespace).map(|at| from + at);
    word.map_or(from, |at| at + before[at..].chars().next().map_or(0, char::len_utf8))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, hit: &str) -> String {
        let at = text.find(hit).expect("it is in there");
        let mark = at..at + hit.len();
        let piece = |piece: Piece| if piece.hit { format!("[{}]", piece.text) } else { piece.text };
        around(text, &[mark]).into_iter().map(piece).collect()
    }

    #[test]
    fn a_short_text_is_whole_and_a_long_one_is_cut_around_the_hit() {
        assert_eq!(shown("the kettle is on", "kettle"), "the [kettle] is on");
        let long = format!("{}here stands the kettle {}", "before ".repeat(50), "after ".repeat(100));
        let cut = shown(&long, "kettle");
        assert!(cut.starts_with("\u{2026}before before here stands the [kettle] after after"), "{cut}");
        assert!(cut.ends_with('\u{2026}') && cut.chars().count() < LENGTH + 5, "{cut}");
    }

    #[test]
    fn texts_without_spaces_and_hits_longer_than_the_excerpt_stay_whole_characters() {
        let signs = format!("{}塔{}", "東".repeat(100), "京".repeat(400));
        let cut = shown(&signs, "塔");
        assert_eq!(cut.chars().position(|c| c == '塔'), Some(BEFORE + 3));
        let link = format!("https://{}", "x".repeat(900));
        assert_eq!(shown(&link, &link), format!("[{link}]"));
        assert_eq!(around("", &[]), []);
        assert_eq!(around("no hit", &[]), [Piece { text: "no hit".to_owned(), hit: false }]);
    }
}
