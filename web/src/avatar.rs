//! Avatars without pictures: two letters on one of twelve colours.

use protocol::ids::UserId;

/// How many avatar colours the style sheet has.
pub const HUES: u8 = 12;

/// The colour of an identity: the same everywhere, and new after a reset.
pub fn hue(user: &UserId) -> u8 {
    user.as_bytes()[0] % HUES
}

/// The first letters of the first two words (`mira_k` is two words), or the first two of one word.
pub fn initials(name: &str) -> String {
    let words: Vec<&str> =
        name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let letters: String = match words[..] {
        [] => "?".to_owned(),
        [one] => one.chars().take(2).collect(),
        [first, second, ..] => first.chars().take(1).chain(second.chars().take(1)).collect(),
    };
    letters.to_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_are_two_letters_at_most() {
        for (name, letters) in
            [("mira", "MI"), ("tomo_k", "TK"), ("a", "A"), ("_", "?"), ("Ana de Wit", "AD")]
        {
            assert_eq!(initials(name), letters);
        }
    }
}
