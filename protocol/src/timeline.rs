//! The timeline: entries fold into items, in any order of arrival, to the same result.

mod changes;
mod face;
mod timer;

use std::cmp::Reverse;

pub use changes::{Changes, Reaction, Version};
pub use timer::{Timer, lifetime};

use crate::{
    body::Body,
    ids::{ChainId, ConversationId, MsgId, UserId},
    time::WallMs,
};

/// Where an item stands in its conversation: the same at every member, whatever arrived when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize)]
pub struct Key {
    pub ord: u64,
    pub chain: ChainId,
    pub seq: u64,
}

/// An opened event, addressed to the item that it makes or changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub conversation: ConversationId,
    /// The item; equal to `msg_id` where the entry makes one.
    pub target: MsgId,
    pub msg_id: MsgId,
    pub key: Key,
    pub author: UserId,
    /// Written by this node's own user.
    pub mine: bool,
    /// The author's clock.
    pub wall: WallMs,
    /// This node's clock when it was stored here.
    pub received: WallMs,
    pub kind: u16,
    pub data: Vec<u8>,
    /// What it makes disappears so many seconds after it was read, or, at its author, was delivered.
    pub ttl_s: Option<u32>,
}

/// One row of a conversation as people see it: the fold of all entries with one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    pub conversation: ConversationId,
    pub id: MsgId,
    pub key: Key,
    pub author: UserId,
    pub mine: bool,
    pub wall: WallMs,
    pub received: WallMs,
    /// As it was made; what was done to it since stands in `changes`.
    pub content: Content,
    pub changes: Changes,
    /// Seconds from being read (at its author: delivered) until it disappears.
    pub ttl_s: Option<u32>,
    /// When it disappears, once its clock runs. No entry says that: the store knows when marks moved, and keeps it.
    pub due: Option<WallMs>,
}

/// What an item shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Changes arrived before what they change; not shown yet.
    Unborn,
    Text {
        text: String,
        /// The item that it answers.
        reply: Option<MsgId>,
    },
    /// Somebody set how long messages stay from here on; 0: for good.
    Timer { seconds: u32 },
    /// Its author took it back; what it said is forgotten.
    Redacted,
    /// This node's user wanted it gone; what it said is forgotten, here alone.
    Hidden,
    /// A line of the house itself, such as "new keys".
    System(System),
    /// A kind that this version does not know: "update needed".
    Unknown { kind: u16 },
}

/// What a system line says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum System {
    /// The person made a new identity; older rows belong to the one before.
    KeysChanged,
    /// This node's data folder was restored from an old copy.
    Restored,
    /// The other side's data folder was restored or copied.
    PeerRestored,
    /// The other goes on with another device, signed by the account key that was known before.
    NewDevice,
}

/// Kinds of entries that a node writes for itself: none of them ever comes from a peer.
pub const LOCAL_KINDS: u16 = 0xff00;
const KEYS_CHANGED: u16 = LOCAL_KINDS;
const RESTORED: u16 = LOCAL_KINDS + 1;
const PEER_RESTORED: u16 = LOCAL_KINDS + 2;
const NEW_DEVICE: u16 = LOCAL_KINDS + 3;
/// The user wants its target gone.
pub(crate) const HIDE: u16 = LOCAL_KINDS + 4;

/// The chain of what stands in no chain: lines of the house, and a request whose chain is not here yet.
pub const NO_CHAIN: ChainId = ChainId([0; 32]);

impl System {
    /// The kind of the entry that says this.
    pub fn kind(self) -> u16 {
        match self {
            System::KeysChanged => KEYS_CHANGED,
            System::Restored => RESTORED,
            System::PeerRestored => PEER_RESTORED,
            System::NewDevice => NEW_DEVICE,
        }
    }
}

impl Content {
    fn of(kind: u16, data: &[u8]) -> Self {
        match (kind, Body::from_data(kind, data)) {
            (KEYS_CHANGED, _) => Content::System(System::KeysChanged),
            (RESTORED, _) => Content::System(System::Restored),
            (PEER_RESTORED, _) => Content::System(System::PeerRestored),
            (NEW_DEVICE, _) => Content::System(System::NewDevice),
            (_, Ok(Body::Text { text, reply })) => Content::Text { text, reply },
            (_, Ok(Body::Timer { seconds })) => Content::Timer { seconds },
            // A change that names nothing to change is no message.
            (_, Ok(Body::Edit { .. } | Body::Redact | Body::React { .. })) => Content::Unborn,
            (_, Ok(Body::Unknown { .. }) | Err(_)) => Content::Unknown { kind },
        }
    }
}

/// Folds an entry into the item that it targets. Any order of arrival gives the same item.
pub fn apply(item: Option<Item>, entry: &Entry) -> Item {
    let is_birth = entry.target == entry.msg_id;
    let stays = |item: &Item| !is_birth || rank(&item.content, item.mine, item.key) <= rank_of(entry);
    let mut item = match item {
        Some(item) if stays(&item) => item,
        before => Item {
            conversation: entry.conversation,
            id: entry.target,
            key: entry.key,
            author: entry.author,
            mine: entry.mine,
            wall: entry.wall,
            received: entry.received,
            content: if is_birth { Content::of(entry.kind, &entry.data) } else { Content::Unborn },
            ttl_s: entry.ttl_s.filter(|_| is_birth),
            due: before.as_ref().and_then(|item| item.due),
            changes: before.map(|item| item.changes).unwrap_or_default(),
        },
    };
    if !is_birth {
        item.changes.take(entry);
    }
    item.settle();
    item
}

impl Item {
    /// What was taken back is not kept.
    fn settle(&mut self) {
        let own = self.mine && self.key.chain != NO_CHAIN && !matches!(self.content, Content::Unborn);
        self.changes.settle(own.then_some(self.author));
        let is_born = !matches!(self.content, Content::Unborn | Content::System(_));
        if self.changes.is_hidden() && !matches!(self.content, Content::Unborn) {
            self.content = Content::Hidden;
        } else if is_born && self.changes.is_redacted_by(self.author) {
            self.content = Content::Redacted;
        }
    }

    /// The words of a text as its author last put them.
    pub fn text(&self) -> Option<&str> {
        let Content::Text { text, .. } = &self.content else { return None };
        Some(self.changes.versions_by(self.author).next_back().map_or(text.as_str(), |version| &version.text))
    }

    /// What people think of it, in the order in which they said so; of what is gone nobody thinks anything.
    pub fn reactions(&self) -> Vec<&Reaction> {
        let is_there = matches!(self.content, Content::Text { .. } | Content::Unknown { .. });
        if is_there { self.changes.standing_reactions() } else { Vec::new() }
    }

    /// What the author put in the place of the first words, in order; nothing of a text that was never changed.
    pub fn versions(&self) -> impl DoubleEndedIterator<Item = &Version> {
        let is_text = matches!(self.content, Content::Text { .. });
        self.changes.versions_by(self.author).filter(move |_| is_text)
    }
}

/// One item can be born twice: in a request and in the chain, or once more after a restore. The least rank stays: of two
/// places in chains the later one, as the earlier may lie on a branch that nobody but its author has.
fn rank(content: &Content, mine: bool, key: Key) -> (bool, bool, bool, Reverse<Key>) {
    (matches!(content, Content::Unborn), key.chain == NO_CHAIN, !mine, Reverse(key))
}

fn rank_of(entry: &Entry) -> (bool, bool, bool, Reverse<Key>) {
    (false, entry.key.chain == NO_CHAIN, !entry.mine, Reverse(entry.key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        body::kind,
        config::{MAX_EDITS, MAX_REACTIONS},
    };

    fn entry(msg_id: u8, target: u8, chain: u8, ord: u64, kind: u16, text: &str) -> Entry {
        Entry {
            conversation: ConversationId([1; 32]),
            target: MsgId([target; 16]),
            msg_id: MsgId([msg_id; 16]),
            key: Key { ord, chain: ChainId([chain; 32]), seq: 2 },
            author: UserId([3; 32]),
            mine: false,
            wall: WallMs(ord),
            received: WallMs(9),
            kind,
            data: Body::text(text).to_data(),
            ttl_s: None,
        }
    }

    #[test]
    fn any_order_of_arrival_gives_the_same_item() {
        let entries = [
            entry(1, 1, 0, 5, 1, "from the request"),
            entry(1, 1, 5, 8, 1, "written again after a restore"),
            entry(1, 1, 4, 7, 1, "from the chain"),
            entry(2, 1, 4, 9, 77, "a change of a later version"),
        ];
        let orders = [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1], [1, 3, 0, 2], [3, 0, 2, 1]];
        for order in orders {
            let item = order.iter().fold(None, |item, at| Some(apply(item, &entries[*at])));
            let item = item.expect("four entries");
            assert_eq!(
                item.content,
                Content::Text { text: "written again after a restore".to_owned(), reply: None },
                "{order:?}"
            );
            assert_eq!(item.key, entries[1].key);
        }
    }

    #[test]
    fn what_comes_before_its_target_waits_unborn() {
        let early = apply(None, &entry(2, 1, 4, 9, 77, ""));
        assert_eq!((early.id, early.content), (MsgId([1; 16]), Content::Unborn));
    }

    fn edit(msg_id: u8, ord: u64, text: &str) -> Entry {
        let data = Body::Edit { text: text.to_owned() }.to_data();
        Entry { data, ..entry(msg_id, 1, 4, ord, kind::EDIT, "") }
    }

    fn every_order(entries: &[Entry]) -> Vec<Item> {
        let mut orders = vec![Vec::new()];
        for at in 0..entries.len() {
            orders = orders
                .into_iter()
                .flat_map(|order: Vec<usize>| {
                    (0..=order.len()).map(move |spot| {
                        let mut longer = order.clone();
                        longer.insert(spot, at);
                        longer
                    })
                })
                .collect();
        }
        let fold = |order: Vec<usize>| order.iter().fold(None, |item, at| Some(apply(item, &entries[*at])));
        orders.into_iter().map(|order| fold(order).expect("an entry at least")).collect()
    }

    #[test]
    fn the_last_words_of_the_author_count_whatever_comes_first() {
        let stranger = Entry { author: UserId([8; 32]), ..edit(5, 20, "not mine to change") };
        let entries = [
            entry(1, 1, 4, 7, kind::TEXT, "thursdy"),
            edit(2, 8, "thursday"),
            edit(3, 9, "Thursday"),
            stranger,
            edit(2, 8, "thursday"),
        ];
        for item in every_order(&entries) {
            assert_eq!(item.text(), Some("Thursday"));
            let versions: Vec<&str> = item.versions().map(|version| version.text.as_str()).collect();
            assert_eq!(versions, ["thursday", "Thursday"]);
            assert_eq!(item.key.ord, 7, "a change does not move what it changes");
        }
    }

    fn react(msg_id: u8, by: u8, ord: u64, emoji: &str, on: bool) -> Entry {
        let data = Body::React { emoji: emoji.to_owned(), on }.to_data();
        Entry { data, author: UserId([by; 32]), ..entry(msg_id, 1, by, ord, kind::REACT, "") }
    }

    #[test]
    fn the_last_word_of_each_about_a_sign_counts_whatever_comes_first() {
        let entries = [
            entry(1, 1, 4, 7, kind::TEXT, "Thursday?"),
            react(2, 3, 8, "\u{1f44d}", true),
            react(3, 9, 9, "\u{1f44d}", true),
            react(4, 9, 10, "\u{1f389}", true),
            react(5, 9, 12, "\u{1f44d}", false),
        ];
        for item in every_order(&entries) {
            let standing: Vec<_> =
                item.reactions().iter().map(|reaction| (reaction.by.0[0], reaction.emoji.clone())).collect();
            assert_eq!(standing, [(3, "\u{1f44d}".to_owned()), (9, "\u{1f389}".to_owned())]);
        }
        let mut item = apply(None, &entries[0]);
        for n in (0..60_u32).rev() {
            let emoji = char::from_u32(0x1f600 + n).expect("an emoji").to_string();
            item = apply(Some(item), &react(6, 9, 20 + u64::from(n), &emoji, true));
        }
        assert_eq!(item.reactions().len(), MAX_REACTIONS, "an author has so many, and no more");
    }

    #[test]
    fn only_the_newest_versions_are_kept() {
        let mut item = apply(None, &entry(1, 1, 4, 7, kind::TEXT, "first"));
        let many = u64::try_from(MAX_EDITS).expect("small") + 5;
        for n in (0..many).rev() {
            item = apply(Some(item), &edit(2, 8 + n, &n.to_string()));
        }
        assert_eq!(item.versions().count(), MAX_EDITS);
        assert_eq!(item.text(), Some((many - 1).to_string().as_str()));
    }

    #[test]
    fn what_its_author_took_back_is_forgotten_and_nobody_else_can_take_it_back() {
        let redact = Entry { data: Body::Redact.to_data(), ..entry(6, 1, 4, 9, kind::REDACT, "") };
        let entries = [entry(1, 1, 4, 7, kind::TEXT, "secret"), edit(2, 8, "secret still"), redact.clone()];
        for item in every_order(&entries) {
            assert_eq!((&item.content, item.text()), (&Content::Redacted, None));
            assert!(!String::from_utf8_lossy(&item.face()).contains("secret"));
        }
        let stranger = Entry { author: UserId([8; 32]), ..redact };
        for item in every_order(&[entries[0].clone(), entries[1].clone(), stranger]) {
            assert_eq!(item.text(), Some("secret still"));
        }
    }

    #[test]
    fn what_the_user_wanted_gone_stays_gone_and_a_peer_cannot_hide_anything() {
        let hide = Entry { mine: true, ..entry(6, 1, 0, 9, HIDE, "") };
        let again = entry(1, 1, 5, 8, kind::TEXT, "written again after a restore");
        for item in
            every_order(&[entry(1, 1, 4, 7, kind::TEXT, "once"), hide.clone(), edit(2, 8, "x"), again])
        {
            assert_eq!((&item.content, item.text()), (&Content::Hidden, None));
            assert!(item.versions().next().is_none() && !item.is_shown());
        }
        let theirs = Entry { mine: false, ..hide };
        for item in every_order(&[entry(1, 1, 4, 7, kind::TEXT, "once"), theirs]) {
            assert_eq!(item.text(), Some("once"));
        }
    }

    #[test]
    fn a_change_that_changes_nothing_is_no_message() {
        let item = apply(None, &entry(1, 1, 4, 1, kind::REDACT, ""));
        assert!(!item.is_shown());
    }

    #[test]
    fn kinds_of_later_versions_and_broken_ones_are_shown_as_unknown() {
        let later = apply(None, &entry(1, 1, 4, 1, 500, ""));
        assert_eq!(later.content, Content::Unknown { kind: 500 });
        let broken = apply(None, &Entry { data: vec![0xff], ..entry(1, 1, 4, 1, 1, "") });
        assert_eq!(broken.content, Content::Unknown { kind: 1 });
        let line = apply(None, &entry(1, 1, 0, 1, System::Restored.kind(), ""));
        assert_eq!(line.content, Content::System(System::Restored));
    }
}
