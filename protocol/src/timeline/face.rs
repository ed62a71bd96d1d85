//! An item as a store keeps it: one encoded column beside its name and its place. New content touches this file and
//! no store.

use crate::{
    codec::{self, Decoder, Encoder, Wire, record},
    error::Violation,
    ids::{ConversationId, MsgId, UserId},
    time::WallMs,
};

use super::{Changes, Content, Item, Key, System};

/// A text is no longer than its event was; this only keeps the decoder from taking any number on faith.
const MAX_FACE_TEXT: usize = 1 << 20;

/// What of an item does not stand in columns of its own.
struct Face {
    author: UserId,
    mine: bool,
    wall: WallMs,
    received: WallMs,
    content: Content,
    changes: Changes,
    ttl_s: Option<u32>,
    due: Option<WallMs>,
}

record!(Face { author, mine, wall, received, content; changes, ttl_s, due });

/// Each content is an array of its number and what belongs to it. A number is never given twice.
mod number {
    pub(super) const UNBORN: u16 = 0;
    pub(super) const TEXT: u16 = 1;
    pub(super) const SYSTEM: u16 = 2;
    pub(super) const UNKNOWN: u16 = 3;
    pub(super) const REDACTED: u16 = 4;
    pub(super) const HIDDEN: u16 = 5;
    pub(super) const REPLY: u16 = 6;
    pub(super) const TIMER: u16 = 7;
}

impl Wire for Content {
    fn encode(&self, to: &mut Encoder) {
        to.array(2);
        match self {
            Content::Unborn => {
                number::UNBORN.encode(to);
                to.null();
            }
            Content::Text { text, reply: None } => {
                number::TEXT.encode(to);
                to.text(text);
            }
            Content::Text { text, reply: Some(reply) } => {
                number::REPLY.encode(to);
                to.array(2);
                to.text(text);
                reply.encode(to);
            }
            Content::Timer { seconds } => {
                number::TIMER.encode(to);
                seconds.encode(to);
            }
            Content::Redacted => {
                number::REDACTED.encode(to);
                to.null();
            }
            Content::Hidden => {
                number::HIDDEN.encode(to);
                to.null();
            }
            Content::System(system) => {
                number::SYSTEM.encode(to);
                system.number().encode(to);
            }
            Content::Unknown { kind } => {
                number::UNKNOWN.encode(to);
                kind.encode(to);
            }
        }
    }

    fn decode(from: &mut Decoder<'_>) -> Result<Self, Violation> {
        from.record(2, |from| {
            Ok(match u16::decode(from)? {
                number::UNBORN => {
                    from.raw()?;
                    Content::Unborn
                }
                number::TEXT => Content::Text { text: from.text(MAX_FACE_TEXT)?.to_owned(), reply: None },
                number::REPLY => from.record(2, |from| {
                    let text = from.text(MAX_FACE_TEXT)?.to_owned();
                    Ok(Content::Text { text, reply: Some(Wire::decode(from)?) })
                })?,
                number::REDACTED => {
                    from.raw()?;
                    Content::Redacted
                }
                number::HIDDEN => {
                    from.raw()?;
                    Content::Hidden
                }
                number::TIMER => Content::Timer { seconds: u32::decode(from)? },
                number::SYSTEM => Content::System(System::from_number(u16::decode(from)?)?),
                number::UNKNOWN => Content::Unknown { kind: u16::decode(from)? },
                _ => return Err(Violation::malformed("an item of a later version")),
            })
        })
    }
}

impl System {
    fn number(self) -> u16 {
        match self {
            System::KeysChanged => 1,
            System::Restored => 2,
            System::PeerRestored => 3,
            System::NewDevice => 4,
        }
    }

    fn from_number(number: u16) -> Result<Self, Violation> {
        Ok(match number {
            1 => System::KeysChanged,
            2 => System::Restored,
            3 => System::PeerRestored,
            4 => System::NewDevice,
            _ => return Err(Violation::malformed("a system line of a later version")),
        })
    }
}

impl Item {
    /// Whether people see it.
    pub fn is_shown(&self) -> bool {
        !matches!(self.content, Content::Unborn | Content::Hidden)
    }

    /// Whether what it said is gone for good: taken back, or unwanted here.
    pub fn is_forgotten(&self) -> bool {
        matches!(self.content, Content::Redacted | Content::Hidden)
    }

    /// Whether it asks to be read, when somebody else wrote it.
    pub fn counts_as_unread(&self) -> bool {
        matches!(self.content, Content::Text { .. } | Content::Unknown { .. })
    }

    /// What a search looks through.
    pub fn words(&self) -> Option<&str> {
        self.text()
    }

    /// Where the events stand that it is made of, as far as it remembers them.
    pub fn keys(&self) -> Vec<Key> {
        let born = !matches!(self.content, Content::Unborn);
        born.then_some(self.key).into_iter().chain(self.changes.keys()).collect()
    }

    /// Everything but `conversation`, `id` and `key`, which a store keeps in columns of their own.
    pub fn face(&self) -> Vec<u8> {
        codec::to_bytes(&Face {
            author: self.author,
            mine: self.mine,
            wall: self.wall,
            received: self.received,
            content: self.content.clone(),
            changes: self.changes.clone(),
            ttl_s: self.ttl_s,
            due: self.due,
        })
    }

    /// # Errors
    /// The bytes are not those of a face.
    pub fn from_face(
        conversation: ConversationId,
        id: MsgId,
        key: Key,
        face: &[u8],
    ) -> Result<Self, Violation> {
        let Face { author, mine, wall, received, content, changes, ttl_s, due } = codec::from_bytes(face)?;
        Ok(Self { conversation, id, key, author, mine, wall, received, content, changes, ttl_s, due })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::ChainId;

    #[test]
    fn every_content_comes_back_as_it_was() {
        let contents = [
            Content::Unborn,
            Content::Text { text: "Zażółć gęślą jaźń".to_owned(), reply: None },
            Content::Text { text: String::new(), reply: None },
            Content::Text { text: "yes".to_owned(), reply: Some(MsgId([9; 16])) },
            Content::Timer { seconds: 3600 },
            Content::Redacted,
            Content::Hidden,
            Content::System(System::KeysChanged),
            Content::System(System::Restored),
            Content::System(System::PeerRestored),
            Content::System(System::NewDevice),
            Content::Unknown { kind: 77 },
        ];
        for (seq, content) in (1..).zip(contents) {
            let item = Item {
                conversation: ConversationId([1; 32]),
                id: MsgId([2; 16]),
                key: Key { ord: 3, chain: ChainId([4; 32]), seq },
                author: UserId([5; 32]),
                mine: seq % 2 == 0,
                wall: WallMs(6),
                received: WallMs(u64::MAX),
                content,
                changes: Changes::default(),
                ttl_s: (seq % 3 == 0).then_some(60),
                due: (seq % 2 == 0).then_some(WallMs(8)),
            };
            let back = Item::from_face(item.conversation, item.id, item.key, &item.face());
            assert_eq!(back, Ok(item));
        }
    }

    #[test]
    fn a_face_of_an_earlier_version_has_no_changes() {
        let key = Key { ord: 3, chain: ChainId([4; 32]), seq: 1 };
        let content = Content::Text { text: "yes".to_owned(), reply: None };
        let mut early = vec![0x85, 0x58, 0x20];
        early.extend([5; 32]);
        early.extend([0xf4, 0x06, 0x07, 0x82, 0x01, 0x63, b'y', b'e', b's']);
        let item = Item::from_face(ConversationId([1; 32]), MsgId([2; 16]), key, &early).unwrap();
        assert_eq!((&item.content, &item.changes), (&content, &Changes::default()));
        assert_eq!(item.face(), early);
    }

    #[test]
    fn damaged_faces_are_refused() {
        for bytes in [&b""[..], b"\x80", b"\xff\xff", &[0x85, 0, 0, 0, 0, 0]] {
            let key = Key { ord: 0, chain: ChainId([0; 32]), seq: 0 };
            assert!(Item::from_face(ConversationId([0; 32]), MsgId([0; 16]), key, bytes).is_err());
        }
    }
}
