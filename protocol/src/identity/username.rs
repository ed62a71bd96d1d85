//! Usernames: few characters, so that one name has one spelling, and lookalikes can be told.

use std::{fmt, str::FromStr};

use crate::{
    codec::{Decoder, Encoder, Wire},
    error::Violation,
};

/// A username: 3 to 24 of `a-z`, `0-9` and `_`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Username(String);

/// Why a text is not a username, in words for the person who typed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadUsername {
    #[error("a username has at least 3 characters")]
    TooShort,
    #[error("a username has at most 24 characters")]
    TooLong,
    #[error("a username has no capital letters")]
    Capital,
    #[error("a username has only the letters a to z, digits and underscores")]
    Character,
}

impl Username {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Equal for names that look alike (UTS 39, case folded): the directory gives only one of them out.
    pub fn skeleton(&self) -> String {
        // The table may map to capitals ("0" to "O") and to what is itself confusable once folded.
        let mut text = self.0.clone();
        loop {
            let next: String = unicode_security::skeleton(&text).collect::<String>().to_lowercase();
            if next == text {
                return text;
            }
            text = next;
        }
    }
}

impl FromStr for Username {
    type Err = BadUsername;

    fn from_str(text: &str) -> Result<Self, BadUsername> {
        if text.chars().any(|c| c.is_ascii_uppercase()) {
            return Err(BadUsername::Capital);
        }
        if !text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_') {
            return Err(BadUsername::Character);
        }
        match text.len() {
            0..3 => Err(BadUsername::TooShort),
            3..=24 => Ok(Self(text.to_owned())),
            _ => Err(BadUsername::TooLong),
        }
    }
}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "@{}", self.0)
    }
}

impl AsRef<str> for Username {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Wire for Username {
    fn encode(&self, to: &mut Encoder) {
        to.text(&self.0);
    }

    fn decode(from: &mut Decoder<'_>) -> Result<Self, Violation> {
        from.text(24)?.parse().map_err(|_| Violation::malformed("not a username"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_usernames_are_kept_as_they_are() {
        for name in ["ann", "bob_2", "___", "abcdefghijklmnopqrstuvwx"] {
            assert_eq!(name.parse::<Username>().map(|name| name.to_string()), Ok(name.to_owned()));
        }
    }

    #[test]
    fn bad_usernames_say_what_is_wrong() {
        for (name, reason) in [
            ("", BadUsername::TooShort),
            ("ab", BadUsername::TooShort),
            ("abcdefghijklmnopqrstuvwxy", BadUsername::TooLong),
            ("Ann", BadUsername::Capital),
            ("ann b", BadUsername::Character),
            ("änn", BadUsername::Character),
            ("ann\u{200b}", BadUsername::Character),
            ("аnn", BadUsername::Character), // a Cyrillic letter
        ] {
            assert_eq!(name.parse::<Username>(), Err(reason), "{name}");
        }
    }

    #[test]
    fn names_that_look_alike_have_one_skeleton() {
        let skeleton = |name: &str| name.parse::<Username>().unwrap().skeleton();
        for (one, other) in [("bob", "b0b"), ("paul", "pau1"), ("modern", "rnodem"), ("l0l", "1o1")] {
            assert_eq!(skeleton(one), skeleton(other), "{one} and {other}");
        }
        for (one, other) in [("ann", "anne"), ("bob", "bab"), ("a_b", "ab_")] {
            assert_ne!(skeleton(one), skeleton(other), "{one} and {other}");
        }
    }
}
