//! What people did to an item after it was made. Each change is kept under its author, so that any order of arrival
//! gives the same; what counts in the end is decided when the item is looked at.

use crate::{
    body::Body,
    codec::record,
    config::{MAX_EDITS, MAX_EMOJI, MAX_REACTIONS, MAX_TEXT},
    ids::UserId,
    time::WallMs,
};

use super::{Entry, HIDE, Key};

/// More authors than a conversation has.
const ANY: usize = 1 << 16;

/// All changes of one item.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes {
    /// By place, each author's newest [`MAX_EDITS`].
    versions: Vec<Version>,
    /// Who took it back. Only its author's word counts, but the author may not be known yet.
    redacted_by: Vec<UserId>,
    /// This node's user does not want to see it any more.
    hidden: bool,
    /// By author and sign, each author's newest [`MAX_REACTIONS`].
    reactions: Vec<Reaction>,
}

record!(Changes { versions: ANY, redacted_by: ANY, hidden; reactions: ANY });

/// What somebody thinks of an item, or does not think any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reaction {
    pub by: UserId,
    pub emoji: String,
    /// Where it stands: the last word of an author about a sign counts.
    pub key: Key,
    pub on: bool,
}

record!(Reaction { by, emoji: MAX_EMOJI, key, on });

/// Other words for an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    pub by: UserId,
    /// Where the change itself stands: the last one counts.
    pub key: Key,
    /// By the author's clock.
    pub wall: WallMs,
    pub text: String,
}

record!(Version { by, key, wall, text: MAX_TEXT });
record!(Key { ord, chain, seq });

impl Changes {
    /// Takes in one change; the same one twice counts once.
    pub(super) fn take(&mut self, entry: &Entry) {
        if entry.kind == HIDE {
            self.hidden |= entry.mine;
            return;
        }
        let by = entry.author;
        match Body::from_data(entry.kind, &entry.data) {
            Ok(Body::Edit { text }) => {
                self.version(Version { by, key: entry.key, wall: entry.wall, text });
            }
            Ok(Body::Redact) => {
                if let Err(at) = self.redacted_by.binary_search(&by) {
                    self.redacted_by.insert(at, by);
                }
            }
            Ok(Body::React { emoji, on }) => self.react(Reaction { by, emoji, key: entry.key, on }),
            // What later kinds change, this version does not know.
            Ok(Body::Text { .. } | Body::Timer { .. } | Body::Unknown { .. }) | Err(_) => {}
        }
    }

    fn version(&mut self, version: Version) {
        let Err(at) = self.versions.binary_search_by_key(&version.key, |known| known.key) else { return };
        let by = version.by;
        self.versions.insert(at, version);
        if self.versions.iter().filter(|known| known.by == by).count() > MAX_EDITS
            && let Some(first) = self.versions.iter().position(|known| known.by == by)
        {
            self.versions.remove(first);
        }
    }

    fn react(&mut self, reaction: Reaction) {
        let place = |known: &Reaction| (known.by, known.emoji.as_str()).cmp(&(reaction.by, &reaction.emoji));
        match self.reactions.binary_search_by(place) {
            Ok(at) if self.reactions[at].key < reaction.key => self.reactions[at] = reaction,
            Ok(_) => {}
            Err(at) => {
                let by = reaction.by;
                self.reactions.insert(at, reaction);
                let theirs = || self.reactions.iter().enumerate().filter(|(_, known)| known.by == by);
                if theirs().count() > MAX_REACTIONS
                    && let Some((oldest, _)) = theirs().min_by_key(|(_, known)| known.key)
                {
                    self.reactions.remove(oldest);
                }
            }
        }
    }

    /// Those that stand, in the order in which they were given.
    pub(super) fn standing_reactions(&self) -> Vec<&Reaction> {
        let mut standing: Vec<_> = self.reactions.iter().filter(|reaction| reaction.on).collect();
        standing.sort_unstable_by_key(|reaction| reaction.key);
        standing
    }

    /// What nobody is to read again goes; of an own message also what others would have it say (`own`: nobody can
    /// turn out to be its author any more).
    pub(super) fn settle(&mut self, own: Option<UserId>) {
        if self.hidden {
            self.versions.clear();
        }
        if let Some(author) = own {
            self.versions.retain(|version| version.by == author);
        }
        let redacted_by = &self.redacted_by;
        self.versions.retain(|version| redacted_by.binary_search(&version.by).is_err());
    }

    /// Where everything that was done to it stands: the events that name it.
    pub(super) fn keys(&self) -> impl Iterator<Item = Key> {
        let versions = self.versions.iter().map(|version| version.key);
        versions.chain(self.reactions.iter().map(|reaction| reaction.key))
    }

    pub(super) fn is_redacted_by(&self, author: UserId) -> bool {
        self.redacted_by.binary_search(&author).is_ok()
    }

    pub(super) fn is_hidden(&self) -> bool {
        self.hidden
    }

    /// The words that `author` put in the place of the first ones, in order.
    pub(super) fn versions_by(&self, author: UserId) -> impl DoubleEndedIterator<Item = &Version> {
        self.versions.iter().filter(move |version| version.by == author)
    }
}
