//! The text of a message: its addresses, and its beginning as one line.

/// A piece of a message's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part<'a> {
    Text(&'a str),
    /// An `http` or `https` address that can be followed.
    Link(&'a str),
}

/// Finds the addresses in a text; everything else stays as it was written. Strangers' addresses are only text.
pub fn parts<'a>(text: &'a str, links: &bool) -> Vec<Part<'a>> {
    if !*links {
        return vec![Part::Text(text)];
    }
    let mut parts = Vec::new();
    let (mut plain, mut at) = (0, 0);
    while let Some(found) = next_link(text, at) {
        let end = found + link_length(&text[found..]);
        let fresh = !text[..found].ends_with(char::is_alphanumeric);
        if fresh && end > found {
            if plain < found {
                parts.push(Part::Text(&text[plain..found]));
            }
            parts.push(Part::Link(&text[found..end]));
            plain = end;
        }
        at = end.max(found + 4);
    }
    if plain < text.len() {
        parts.push(Part::Text(&text[plain..]));
    }
    parts
}

fn next_link(text: &str, from: usize) -> Option<usize> {
    let rest = text.get(from..)?;
    ["http://", "https://"].iter().filter_map(|scheme| rest.find(scheme)).min().map(|at| from + at)
}

/// How many bytes of `text` belong to the address at its beginning; 0 if nothing follows the scheme.
/// A closing bracket or a full stop at the end belongs to the sentence around it.
fn link_length(text: &str) -> usize {
    let odd =
        |c: char| c.is_whitespace() || c.is_control() || "<>\"`{}|\\^\u{200b}\u{201c}\u{201d}".contains(c);
    let mut link = &text[..text.find(odd).unwrap_or(text.len())];
    while let Some(last) = link.chars().last() {
        let unpaired = last == ')' && link.matches('(').count() < link.matches(')').count();
        if !unpaired && !".,;:!?'\u{2019}]".contains(last) {
            break;
        }
        link = &link[..link.len() - last.len_utf8()];
    }
    let host = link.split_once("//").map_or("", |(_, rest)| rest);
    if host.starts_with(char::is_alphanumeric) || host.starts_with('[') { link.len() } else { 0 }
}

/// The beginning of a text, in one line.
pub fn one_line(text: &str) -> String {
    text.split_whitespace().flat_map(|word| [" ", word]).skip(1).flat_map(str::chars).take(120).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_in_a_text_are_found_without_the_sentence_around_them() {
        let link = |text| match &parts(text, &true)[..] {
            [.., Part::Link(url), Part::Text(_)] | [.., Part::Link(url)] => Some(*url),
            _ => None,
        };
        assert_eq!(link("see https://a.example/x?y=1&z=(2)."), Some("https://a.example/x?y=1&z=(2)"));
        assert_eq!(link("(http://a.example)"), Some("http://a.example"));
        assert_eq!(link("http://[::1]:80/"), Some("http://[::1]:80/"));
        for none in ["https://", "javascript:alert(1)", "xhttps://a.example", "https:// a", "ftp://a.example"]
        {
            assert_eq!(link(none), None, "{none}");
        }
        let whole = "a https://x.example, b http://y.example\nc \u{1f3a8}";
        let again: String = parts(whole, &true)
            .iter()
            .map(|part| match part {
                Part::Text(t) | Part::Link(t) => *t,
            })
            .collect();
        assert_eq!(again, whole);
    }

    #[test]
    fn a_beginning_is_one_line() {
        assert_eq!(one_line("  two\n\n words\t. "), "two words .");
        assert_eq!(one_line(&"x".repeat(500)).len(), 120);
    }
}
