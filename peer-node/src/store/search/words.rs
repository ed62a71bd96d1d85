//! Words: how texts and queries are folded, taken apart and compared. The index, the queries and the marks around
//! hits all go by this file.

use std::ops::Range;

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Which folding the rows of the index were made with. Whoever changes what [`fold`] gives raises it: the index of
/// every node is then built anew in the background.
pub(super) const FOLDING: u32 = 2;
/// More words than this in a query are not looked at.
const MAX_WORDS: usize = 16;
/// Begins the word that a picture is folded to. Private use: FTS5 takes it for a letter, and nobody writes it.
const PICTURE: char = '\u{e000}';

/// A query: words that all have to be in a text, the last one as its beginning. Signs that were written together have
/// to follow each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words(Vec<Vec<String>>);

impl Words {
    /// The words of a query; `None` without a letter, a digit or a picture. Other signs only part words.
    pub fn of(query: &str) -> Option<Self> {
        let mut all: Vec<Vec<String>> = Vec::new();
        for part in query.split_whitespace() {
            let mut follows = false;
            let folded = fold(part);
            for word in words(&folded).map(|word| &folded[word]) {
                let sign = word.chars().all(stands_alone) || word.starts_with(PICTURE);
                if let Some(phrase) = all.last_mut().filter(|_| sign && follows) {
                    phrase.push(word.to_owned());
                } else if all.len() == MAX_WORDS {
                    return Some(Self(all));
                } else {
                    all.push(vec![word.to_owned()]);
                }
                follows = sign;
            }
        }
        (!all.is_empty()).then_some(Self(all))
    }

    /// The query in FTS5's own language: only quoted words of letters and digits, so that nothing in it is an
    /// operator.
    pub(super) fn pattern(&self) -> String {
        let words: Vec<String> = self.0.iter().map(|words| format!("\"{}\"", words.join(" "))).collect();
        format!("text : ({} *)", words.join(" AND "))
    }

    /// Where the words stand in a text, as ranges of bytes: in order, apart from each other, whole characters.
    pub fn marks(&self, text: &str) -> Vec<Range<usize>> {
        let folded = Folded::of(text);
        let there: Vec<Range<usize>> = words(&folded.text).collect();
        let mut marks: Vec<Range<usize>> = Vec::new();
        for (no, phrase) in self.0.iter().enumerate() {
            let last = no + 1 == self.0.len();
            for found in there.windows(phrase.len()) {
                let fits = phrase.iter().zip(found).enumerate().all(|(at, (word, there))| {
                    let beginning = last && at + 1 == phrase.len();
                    let there = &folded.text[there.clone()];
                    there == word || (beginning && there.starts_with(word))
                });
                if let ([first, ..], [.., end], Some(word), true) = (found, found, phrase.last(), fits) {
                    marks.push(
                        folded.origin(first.start).start..folded.origin(end.start + word.len() - 1).end,
                    );
                }
            }
        }
        marks.sort_by_key(|mark| (mark.start, mark.end));
        let mut apart: Vec<Range<usize>> = Vec::with_capacity(marks.len());
        for mark in marks {
            match apart.last_mut().filter(|before| mark.start <= before.end) {
                Some(before) => before.end = before.end.max(mark.end),
                None => apart.push(mark),
            }
        }
        apart
    }
}

/// A folded text that knows where each part of it comes from.
struct Folded {
    text: String,
    parts: Vec<Part>,
}

/// A part of the original whose folding is the same alone as within the text.
struct Part {
    /// Where its folding ends.
    end: usize,
    /// Where it stood.
    from: Range<usize>,
    /// Each byte of it became one byte.
    ascii: bool,
}

impl Folded {
    fn of(original: &str) -> Self {
        let mut text = String::with_capacity(original.len());
        let mut parts = Vec::new();
        for from in parts_of(original) {
            let part = &original[from.clone()];
            let mut chars = part.chars();
            let ascii = part.is_ascii();
            match (chars.next(), chars.next()) {
                _ if ascii => text.extend(part.chars().map(|c| c.to_ascii_lowercase())),
                // Without memory of its own. This range of signs folds to itself; others that stand alone may be taken
                // apart or become another sign (NFKD).
                (Some(c @ '\u{4e00}'..='\u{9fff}'), None) => text.extend([' ', c, ' ']),
                _ => text.push_str(&fold(part)),
            }
            parts.push(Part { end: text.len(), from, ascii });
        }
        Self { text, parts }
    }

    /// The part of the original that became the byte `at`, which must be one.
    fn origin(&self, at: usize) -> Range<usize> {
        let Part { end, from, ascii } = &self.parts[self.parts.partition_point(|part| part.end <= at)];
        if !ascii {
            return from.clone();
        }
        let byte = from.end - (end - at);
        byte..byte + 1
    }
}

/// Runs of ASCII, and the smallest parts of other writing that can be folded by themselves: a sign with all that follows
/// and belongs to it.
fn parts_of(text: &str) -> impl Iterator<Item = Range<usize>> {
    let joins = |c: char| is_mark(c) || is_left_out(c) || is_vowel_or_final(c);
    let mut start = 0;
    std::iter::from_fn(move || {
        let rest = &text[start..];
        let run = rest.bytes().take_while(u8::is_ascii).count();
        // What follows may belong to the last letter of a run.
        let follows = rest[run..].starts_with(joins);
        let length = match run - usize::from(follows && run > 0) {
            0 => {
                let first = rest.chars().next()?.len_utf8();
                rest[first..].find(|c| !joins(c)).map_or(rest.len(), |length| first + length)
            }
            run => run,
        };
        start += length;
        Some(start - length..start)
    })
}

/// Parts of a Korean syllable that come after its first one.
fn is_vowel_or_final(c: char) -> bool {
    matches!(c, '\u{1160}'..='\u{11ff}' | '\u{d7b0}'..='\u{d7ff}')
}

fn is_mark(c: char) -> bool {
    !c.is_ascii() && is_combining_mark(c)
}

fn of_words(c: char) -> bool {
    c.is_alphanumeric() || is_mark(c) || c == PICTURE
}

/// The words of a folded text.
fn words(folded: &str) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    folded.split_inclusive(|c| !of_words(c)).filter_map(move |part| {
        let start = at;
        at += part.len();
        let word = part.trim_end_matches(|c| !of_words(c));
        (!word.is_empty()).then(|| start..start + word.len())
    })
}

/// One form for letters that people take for the same: no case, no marks, no ligatures or wide forms, no vowel signs
/// of Arabic and Hebrew, and the letters with strokes that Unicode does not take apart.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let mut folded = String::with_capacity(text.len());
    for c in text.nfkd().filter(|c| !is_left_out(*c)).flat_map(char::to_lowercase) {
        match c {
            'ł' => folded.push('l'),
            'ø' => folded.push('o'),
            'đ' | 'ð' => folded.push('d'),
            'ħ' => folded.push('h'),
            'ı' => folded.push('i'),
            'ŧ' => folded.push('t'),
            'ß' => folded.push_str("ss"),
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            'þ' => folded.push_str("th"),
            'ς' => folded.push('σ'),
            PICTURE => folded.push(' '),
            c if is_left_out(c) => {}
            c if stands_alone(c) => folded.extend([' ', c, ' ']),
            c if is_picture(c) => folded.push_str(&format!(" {PICTURE}{:x} ", u32::from(c))),
            c => folded.push(c),
        }
    }
    // Korean and others were taken apart above.
    folded.nfc().collect()
}

/// Marks above and below letters, vowel signs of Arabic and Hebrew, lengthening, and what only steers how text is
/// drawn: directions, joiners, soft hyphens, the colour of a picture's skin.
fn is_left_out(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36f}' | '\u{591}'..='\u{5bd}' | '\u{5bf}' | '\u{5c1}' | '\u{5c2}' | '\u{5c4}' | '\u{5c5}'
        | '\u{5c7}' | '\u{610}'..='\u{61a}' | '\u{640}' | '\u{64b}'..='\u{65f}' | '\u{670}' | '\u{6d6}'..='\u{6dc}'
        | '\u{ad}' | '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}'
        | '\u{2066}'..='\u{2069}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{1f3fb}'..='\u{1f3ff}'
        | '\u{e0020}'..='\u{e007f}')
}

/// Writing without spaces: each sign is a word.
fn stands_alone(c: char) -> bool {
    matches!(c,
        '\u{3041}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}')
}

/// Emoji and other pictures: each is a word, too.
fn is_picture(c: char) -> bool {
    matches!(c,
        '\u{2300}'..='\u{23ff}' | '\u{2600}'..='\u{27bf}' | '\u{2b00}'..='\u{2bff}' | '\u{1f000}'..='\u{1f0ff}'
        | '\u{1f1e6}'..='\u{1f1ff}' | '\u{1f300}'..='\u{1f3fa}' | '\u{1f400}'..='\u{1faff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text with what a query marks in brackets.
    fn marked(query: &str, text: &str) -> String {
        let mut out = text.to_owned();
        for mark in Words::of(query).map(|words| words.marks(text)).unwrap_or_default().into_iter().rev() {
            out.insert(mark.end, ']');
            out.insert(mark.start, '[');
        }
        out
    }

    #[test]
    fn marks_stand_around_what_people_wrote_not_around_what_they_typed() {
        for (query, text) in [
            ("lodz", "Jadę do [Łódź], do [Łodz]i i Łodygowic"),
            ("lod", "[Łód]ź"),
            ("ŁÓDŹ", "[lodz]"),
            ("strasse", "Am Ende der [Straße]n"),
            ("stras", "Am Ende der [Straß]en"),
            ("東京", "今日は[東京]タワー、京東ではない"),
            ("タワー", "[タワー]と[ﾀﾜｰ]"),
            ("see you", "I [see] what [you] mean: [see] [you]rs"),
            ("cafe", "[cafe\u{301}], [Café]s"),
            ("한국", "[한국]어, [\u{1112}\u{1161}\u{11ab}\u{1100}\u{116e}\u{11a8}]어"),
            ("\u{1f3a8}", "the one with the [\u{1f3a8}] on it \u{1f44d}"),
            ("\u{1f44d}", "[\u{1f44d}\u{1f3fd}] and [\u{1f44d}]"),
            ("\u{1f1f5}\u{1f1f1}", "[\u{1f1f5}\u{1f1f1}] not \u{1f1f1}\u{1f1f5}"),
            ("محمد", "قال [مُحَمَّد] ذلك"),
            ("שלום", "[שָׁלוֹם] לך"),
            ("final", "[ﬁnal] words"),
            ("me@example.org", "[me]@[example].[org]anic"),
            ("%", "100 %"),
            ("a b", "[a] [b]c [a]"),
        ] {
            let plain = text.replace(['[', ']'], "");
            assert_eq!(marked(query, &plain), text, "{query}");
        }
    }

    #[test]
    fn a_query_without_words_is_none() {
        for nothing in ["", "   ", "\"*()-:^", "%", "\u{301}", "\u{200d}", "\u{e000}", "…"] {
            assert_eq!(Words::of(nothing), None, "{nothing:?}");
        }
        let many = Words::of(&"word ".repeat(1_000)).expect("words");
        assert_eq!(many.0.len(), MAX_WORDS);
    }

    #[test]
    fn signs_follow_each_other_only_if_they_were_written_together() {
        let words = |query| Words::of(query).expect("words").0;
        assert_eq!(words("東京 塔"), [vec!["東", "京"], vec!["塔"]]);
        assert_eq!(words("x東京2"), [vec!["x"], vec!["東", "京"], vec!["2"]]);
    }

    #[test]
    fn pieces_fold_as_they_do_within_their_text() {
        let odd = "Łódź ﬁ ½ e\u{301}\u{323} \u{1112}\u{1161}\u{11ab}\u{1100} İI ß 東\u{3099}か\u{3099} \u{1f44d}\u{1f3fd}\
                   \u{1f468}\u{200d}\u{1f469} مُحَمَّد हिन्दी ΟΔΥΣΣΕΥΣ \u{ad}\u{200b}a\u{300} ﷺ ǆ";
        let whole: Vec<char> = odd.chars().collect();
        for start in 0..whole.len() {
            for end in start + 1..=whole.len().min(start + 12) {
                let text: String = whole[start..end].iter().collect();
                assert_eq!(Folded::of(&text).text, fold(&text), "{text:?}");
            }
        }
    }
}
