//! Key histories: which account key speaks for a person, each vouched for by the one before.

use crate::{
    codec::{self, Decoder, Encoder, Wire, record},
    config::MAX_HISTORY,
    error::Violation,
    ids::UserId,
    sign::{Domain, PublicKey, Signature, Signed, Statement},
    time::WallMs,
};

use super::{AccountKey, Username};

/// One account key of a person, from `seq` on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryEntry {
    /// From 1, without gaps.
    pub seq: u64,
    /// The hash of the entry before; zeros in the first.
    pub prev: [u8; 32],
    pub username: Username,
    pub account_key: PublicKey,
    pub created: WallMs,
}

record!(HistoryEntry { seq, prev, username, account_key, created });

impl Statement for HistoryEntry {
    const DOMAIN: Domain = Domain::KEY_HISTORY;

    fn signer(&self) -> Option<&PublicKey> {
        Some(&self.account_key)
    }
}

impl Signed<HistoryEntry> {
    /// What the next entry names, and what a `UserId` is for the first.
    pub fn hash(&self) -> [u8; 32] {
        blake3::derive_key("confab/1/history-entry", self.bytes())
    }
}

/// All account keys of a person, oldest first; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyHistory(Vec<Link>);

/// An entry, signed by its own key, and by the key before it where there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Link {
    entry: Signed<HistoryEntry>,
    by_previous: Option<Signature>,
}

record!(Link { entry, by_previous });

impl KeyHistory {
    /// A new person.
    pub fn begin(account: &AccountKey, username: Username, created: WallMs) -> Self {
        let entry = HistoryEntry { seq: 1, prev: [0; 32], username, account_key: account.public(), created };
        Self(vec![Link { entry: Signed::new(entry, &account.signing_key()), by_previous: None }])
    }

    /// The same person under a new key or name; `old` is the key that holds until now.
    #[must_use]
    pub fn extended(&self, old: &AccountKey, new: &AccountKey, username: Username, created: WallMs) -> Self {
        let last = &self.last().entry;
        let entry = HistoryEntry {
            seq: last.seq + 1,
            prev: last.hash(),
            username,
            account_key: new.public(),
            created,
        };
        let entry = Signed::new(entry, &new.signing_key());
        let by_previous = Some(old.sign(Domain::KEY_HISTORY, entry.bytes()));
        let mut links = self.0.clone();
        links.push(Link { entry, by_previous });
        Self(links)
    }

    pub fn user(&self) -> UserId {
        UserId(self.first().entry.hash())
    }

    pub fn newest(&self) -> &HistoryEntry {
        &self.last().entry
    }

    pub fn entries(&self) -> impl DoubleEndedIterator<Item = &HistoryEntry> {
        self.0.iter().map(|link| &*link.entry)
    }

    /// `self` is `older`, or goes on from it. Anything else is a fork or a rollback.
    pub fn continues(&self, older: &Self) -> bool {
        self.0.starts_with(&older.0)
    }

    /// # Errors
    /// An entry does not follow from the one before, or is not signed as it must be.
    pub fn verify(&self) -> Result<(), Violation> {
        let mut before: Option<&Signed<HistoryEntry>> = None;
        for Link { entry, by_previous } in &self.0 {
            entry.verify(&entry.account_key)?;
            match (before, by_previous) {
                (None, None) if entry.seq == 1 && entry.prev == [0; 32] => {}
                (Some(before), Some(signature))
                    if before.seq.checked_add(1) == Some(entry.seq) && entry.prev == before.hash() =>
                {
                    Domain::KEY_HISTORY.verify(&before.account_key, entry.bytes(), signature)?;
                }
                _ => {
                    return Err(Violation::forged(
                        "an entry of a key history does not follow from the one before",
                    ));
                }
            }
            before = Some(entry);
        }
        Ok(())
    }

    fn first(&self) -> &Link {
        self.0.first().expect("a history is never empty: decoding sees to it")
    }

    fn last(&self) -> &Link {
        self.0.last().expect("a history is never empty: decoding sees to it")
    }
}

impl Wire for KeyHistory {
    fn encode(&self, to: &mut Encoder) {
        codec::Capped::encode(&self.0, to);
    }

    fn decode(from: &mut Decoder<'_>) -> Result<Self, Violation> {
        let links = from.list(MAX_HISTORY)?;
        if links.is_empty() { Err(Violation::malformed("an empty key history")) } else { Ok(Self(links)) }
    }
}
