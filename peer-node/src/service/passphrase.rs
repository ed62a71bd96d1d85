//! A passphrase: never printed, wiped when dropped, and judged when it is new.

use zeroize::Zeroizing;
use zxcvbn::{Score, zxcvbn};

use super::Error;

/// Fewer characters are refused for a new passphrase (the directory's own floor, too).
const AT_LEAST: usize = 10;
const AT_MOST: usize = 128;

#[derive(Clone)]
pub struct Passphrase(Zeroizing<String>);

impl std::fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Passphrase(***)")
    }
}

impl<'de> serde::Deserialize<'de> for Passphrase {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from).map(Self::new)
    }
}

impl Passphrase {
    /// Whatever was typed; whether it fits is seen where it is used.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The first line of a file, as `--passphrase-file` names it.
    pub fn from_file_text(text: String) -> Self {
        let text = Zeroizing::new(text);
        Self::new(text.lines().next().unwrap_or_default().to_owned())
    }

    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether it may become the passphrase of a new account.
    ///
    /// # Errors
    /// Too short, too long, or quickly guessed, with what would help.
    pub fn check_new(&self, username: &str) -> Result<(), Error> {
        match self.0.chars().count() {
            ..AT_LEAST => return Err(Error::ShortPassphrase { at_least: AT_LEAST }),
            AT_LEAST..=AT_MOST => {}
            _ => return Err(Error::LongPassphrase { at_most: AT_MOST }),
        }
        let judged = zxcvbn(&self.0, &[username, "confab"]);
        if judged.score() >= Score::Two {
            return Ok(());
        }
        let hint =
            judged.feedback().and_then(|feedback| feedback.suggestions().first().map(ToString::to_string));
        Err(Error::WeakPassphrase { hint: hint.unwrap_or_else(|| "Add another word or two.".to_owned()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<(), Error> {
        Passphrase::new(text.to_owned()).check_new("alice_w")
    }

    #[test]
    fn a_new_passphrase_is_long_enough_and_not_the_first_guess() {
        assert_eq!(check("short"), Err(Error::ShortPassphrase { at_least: 10 }));
        assert!(
            check("ñandúñandú").is_ok() || matches!(check("ñandúñandú"), Err(Error::WeakPassphrase { .. }))
        );
        assert_eq!(check(&"long ".repeat(30)), Err(Error::LongPassphrase { at_most: 128 }));
        for weak in ["1234567890", "alice_w123", "passwordpassword", "aaaaaaaaaaaa"] {
            assert!(matches!(check(weak), Err(Error::WeakPassphrase { .. })), "{weak}");
        }
        assert_eq!(check("warm bread and rain"), Ok(()));
    }

    #[test]
    fn it_is_never_printed() {
        let passphrase = Passphrase::from_file_text("warm bread\nsecond line\n".to_owned());
        assert_eq!(passphrase.reveal(), "warm bread");
        assert_eq!(format!("{passphrase:?}"), "Passphrase(***)");
    }
}
