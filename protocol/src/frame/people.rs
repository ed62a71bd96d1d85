//! Frames between people: letters.

use std::fmt;

use crate::{codec::record, config::MAX_LETTER, ids::LetterId, letter};

/// A letter, as sealed by [`letter::seal`].
#[derive(Clone, PartialEq, Eq)]
pub struct SealedLetter {
    pub sealed: Vec<u8>,
}

record!(SealedLetter { sealed: MAX_LETTER });

impl fmt::Debug for SealedLetter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealedLetter {{ {} {} B }}", letter::id(&self.sealed).short(), self.sealed.len())
    }
}

/// "I took this letter in", durably, or refused it for good: it need not come again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LetterTaken {
    pub letter: LetterId,
}

record!(LetterTaken { letter });
