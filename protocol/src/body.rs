//! What a message says, inside the encryption. New kinds of message start here.

use std::fmt;

use zeroize::Zeroizing;

use crate::{
    codec::{self, Decoder, record},
    config::{MAX_BODY, MAX_EMOJI, MAX_TEXT, MAX_TIMER_S, PAD_TO},
    error::Violation,
    ids::{ConversationId, DeviceId, MsgId},
    time::WallMs,
};

/// Numbers of the kinds of message. A number is never given twice.
pub mod kind {
    pub const TEXT: u16 = 1;
    pub const EDIT: u16 = 2;
    pub const REDACT: u16 = 3;
    pub const REACT: u16 = 4;
    pub const FILE: u16 = 5;
    pub const VOICE: u16 = 6;
    pub const TRANSCRIPT: u16 = 7;
    pub const PROFILE: u16 = 8;
    pub const CONTROL: u16 = 9;
    pub const SESSION: u16 = 10;
    pub const TIMER: u16 = 11;
}

/// What a message says.
#[derive(Clone, PartialEq, Eq)]
pub enum Body {
    Text {
        text: String,
        /// The message that it answers.
        reply: Option<MsgId>,
    },
    /// Other words for a text of the same author.
    Edit { text: String },
    /// The author takes a message back; every node that hears of it forgets what it said.
    Redact,
    /// A sign of what its author thinks of a message, or that they think so no more.
    React { emoji: String, on: bool },
    /// What is written from here on disappears so many seconds after it was read; 0: it stays.
    Timer { seconds: u32 },
    /// A kind of a later version: kept, passed on, shown as "update needed".
    Unknown { kind: u16, data: Vec<u8> },
}

struct Text {
    text: String,
    reply: Option<MsgId>,
}

record!(Text { text: MAX_TEXT; reply });

struct Edit {
    text: String,
}

record!(Edit { text: MAX_TEXT });

struct React {
    emoji: String,
    on: bool,
}

record!(React { emoji: MAX_EMOJI, on });

struct Timer {
    seconds: u32,
}

record!(Timer { seconds });

/// A sign, not words: that would be a message that nobody can answer.
fn is_sign(emoji: &str) -> bool {
    let word = |c: char| c.is_alphabetic() || c.is_whitespace() || c.is_control();
    !emoji.is_empty() && !emoji.contains(word) && !emoji.is_ascii()
}

impl Body {
    pub fn text(text: impl Into<String>) -> Self {
        Body::Text { text: text.into(), reply: None }
    }

    pub fn kind(&self) -> u16 {
        match self {
            Body::Text { .. } => kind::TEXT,
            Body::Edit { .. } => kind::EDIT,
            Body::Redact => kind::REDACT,
            Body::React { .. } => kind::REACT,
            Body::Timer { .. } => kind::TIMER,
            Body::Unknown { kind, .. } => *kind,
        }
    }

    pub fn to_data(&self) -> Vec<u8> {
        match self {
            Body::Text { text, reply } => codec::to_bytes(&Text { text: text.clone(), reply: *reply }),
            Body::Edit { text } => codec::to_bytes(&Edit { text: text.clone() }),
            Body::Redact => codec::to_bytes(&()),
            Body::React { emoji, on } => codec::to_bytes(&React { emoji: emoji.clone(), on: *on }),
            Body::Timer { seconds } => codec::to_bytes(&Timer { seconds: *seconds }),
            Body::Unknown { data, .. } => data.clone(),
        }
    }

    /// # Errors
    /// The kind is known and the data is not of it.
    pub fn from_data(kind: u16, data: &[u8]) -> Result<Self, Violation> {
        match kind {
            kind::TEXT => codec::from_bytes(data).map(|Text { text, reply }| Body::Text { text, reply }),
            kind::EDIT => codec::from_bytes(data).map(|Edit { text }| Body::Edit { text }),
            kind::REDACT => codec::from_bytes(data).map(|()| Body::Redact),
            kind::REACT => {
                let React { emoji, on } = codec::from_bytes(data)?;
                if is_sign(&emoji) {
                    Ok(Body::React { emoji, on })
                } else {
                    Err(Violation::malformed("words for a sign"))
                }
            }
            kind::TIMER => match codec::from_bytes(data)? {
                Timer { seconds } if seconds <= MAX_TIMER_S => Ok(Body::Timer { seconds }),
                _ => Err(Violation::malformed("a timer of more than a year")),
            },
            _ => Ok(Body::Unknown { kind, data: data.to_vec() }),
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Body::Text { text, reply: None } => write!(f, "Text({} B)", text.len()),
            Body::Text { text, reply: Some(to) } => write!(f, "Text({} B, to {})", text.len(), to.short()),
            Body::Edit { text } => write!(f, "Edit({} B)", text.len()),
            Body::Redact => write!(f, "Redact"),
            Body::React { on, .. } => write!(f, "React({on})"),
            Body::Timer { seconds } => write!(f, "Timer({seconds} s)"),
            Body::Unknown { kind, data } => write!(f, "Unknown(kind {kind}, {} B)", data.len()),
        }
    }
}

/// The plaintext of a content event. What stands here is compared with what stands outside.
#[derive(Clone, PartialEq, Eq)]
pub struct Inner {
    /// Random, and first in the plaintext: two messages never share a ciphertext prefix, whatever goes wrong.
    pub msg_id: MsgId,
    pub kind: u16,
    pub conversation: ConversationId,
    pub sender: DeviceId,
    pub seq: u64,
    pub wall: WallMs,
    /// The item that this message changes.
    pub target: Option<MsgId>,
    /// The item whose thread it belongs to.
    pub thread: Option<MsgId>,
    /// Seconds until it disappears: at its author from when the other has it, at its reader from when it was read.
    pub ttl_s: Option<u32>,
    pub data: Vec<u8>,
}

/// The fields after the `msg_id`.
struct Fields {
    kind: u16,
    conversation: ConversationId,
    sender: DeviceId,
    seq: u64,
    wall: WallMs,
    target: Option<MsgId>,
    thread: Option<MsgId>,
    ttl_s: Option<u32>,
    data: Vec<u8>,
}

record!(Fields { kind, conversation, sender, seq, wall, target, thread, ttl_s, data: MAX_BODY });

impl Inner {
    /// The plaintext: `msg_id`, the fields, zeros up to a multiple of [`PAD_TO`].
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let Self { msg_id, kind, conversation, sender, seq, wall, target, thread, ttl_s, data } =
            self.clone();
        let fields = Fields { kind, conversation, sender, seq, wall, target, thread, ttl_s, data };
        let fields = Zeroizing::new(codec::to_bytes(&fields));
        let mut bytes = Zeroizing::new([&msg_id.0, fields.as_slice()].concat());
        codec::pad(&mut bytes, PAD_TO);
        bytes
    }

    /// # Errors
    /// The bytes are not such a plaintext, to the last zero.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Violation> {
        let (msg_id, rest) =
            bytes.split_first_chunk().ok_or(Violation::malformed("a plaintext ends early"))?;
        let mut from = Decoder::new(rest);
        let Fields { kind, conversation, sender, seq, wall, target, thread, ttl_s, data } =
            codec::Wire::decode(&mut from)?;
        codec::check_padding(bytes, msg_id.len() + from.position(), PAD_TO)?;
        let msg_id = MsgId(*msg_id);
        Ok(Self { msg_id, kind, conversation, sender, seq, wall, target, thread, ttl_s, data })
    }

    /// # Errors
    /// The kind is known and the data is not of it.
    pub fn body(&self) -> Result<Body, Violation> {
        Body::from_data(self.kind, &self.data)
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Inner {{ {} kind {} seq {} {} B }}",
            self.msg_id.short(),
            self.kind,
            self.seq,
            self.data.len()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inner(text: &str) -> Inner {
        let body = Body::text(text);
        Inner {
            msg_id: MsgId([1; 16]),
            kind: body.kind(),
            conversation: ConversationId([2; 32]),
            sender: DeviceId([3; 32]),
            seq: 4,
            wall: WallMs(5),
            target: None,
            thread: None,
            ttl_s: None,
            data: body.to_data(),
        }
    }

    #[test]
    fn a_plaintext_begins_with_its_random_id_and_hides_its_length() {
        let short = inner("yes").to_bytes();
        assert_eq!(short[..16], [1; 16]);
        assert_eq!(short.len() % PAD_TO, 0);
        assert_eq!(short.len(), inner("maybe").to_bytes().len());
    }

    #[test]
    fn a_text_is_limited_in_bytes() {
        let longest = inner(&"é".repeat(MAX_TEXT / 2));
        assert!(Inner::from_bytes(&longest.to_bytes()).unwrap().body().is_ok());
        assert!(longest.to_bytes().len() + 1024 < MAX_BODY, "there is room for what Megolm adds");
        assert!(inner(&"a".repeat(MAX_TEXT + 1)).body().is_err());
    }

    #[test]
    fn a_text_that_answers_nothing_has_the_bytes_that_it_always_had() {
        assert_eq!(Body::text("yes").to_data(), [0x81, 0x63, b'y', b'e', b's']);
        let answer = Body::Text { text: "yes".to_owned(), reply: Some(MsgId([7; 16])) };
        assert_eq!(answer.to_data()[..6], [0x82, 0x63, b'y', b'e', b's', 0x50]);
        assert_eq!(Body::from_data(kind::TEXT, &answer.to_data()), Ok(answer));
    }

    #[test]
    fn a_known_kind_with_foreign_data_is_refused_and_an_unknown_kind_is_kept() {
        assert!(Body::from_data(kind::TEXT, &[0x01]).is_err());
        assert_eq!(Body::from_data(999, &[0x01]), Ok(Body::Unknown { kind: 999, data: vec![0x01] }));
    }

    #[test]
    fn a_reaction_is_a_sign_and_no_message() {
        let react = |emoji: &str| Body::React { emoji: emoji.to_owned(), on: true };
        for sign in [
            "\u{1f44d}",
            "\u{2764}\u{fe0f}",
            "\u{1f469}\u{200d}\u{1f469}\u{200d}\u{1f467}",
            "3\u{fe0f}\u{20e3}",
        ] {
            assert_eq!(Body::from_data(kind::REACT, &react(sign).to_data()), Ok(react(sign)));
        }
        for words in ["", "ok", "<b>", "\u{5d0}", "\u{1f44d} buy", "\u{202e}a", "1", &"\u{1f44d}".repeat(30)]
        {
            assert!(Body::from_data(kind::REACT, &react(words).to_data()).is_err(), "{words}");
        }
    }

    #[test]
    fn a_timer_is_of_a_year_at_most() {
        let timer = |seconds| Body::Timer { seconds };
        for good in [0, 1, MAX_TIMER_S] {
            assert_eq!(Body::from_data(kind::TIMER, &timer(good).to_data()), Ok(timer(good)));
        }
        assert!(Body::from_data(kind::TIMER, &timer(MAX_TIMER_S + 1).to_data()).is_err());
    }

    #[test]
    fn wrong_padding_is_refused() {
        let good = inner("yes").to_bytes();
        let mut dirty = good.to_vec();
        *dirty.last_mut().unwrap() = 1;
        let longer = [&good[..], &[0; PAD_TO]].concat();
        for bad in [&dirty[..], &longer, &good[..good.len() - 1], &[]] {
            assert!(Inner::from_bytes(bad).is_err());
        }
    }

    #[test]
    fn messages_print_their_length_and_nothing_they_say() {
        let inner = inner("meet me at nine");
        assert_eq!(format!("{:?}", inner.body().unwrap()), "Text(15 B)");
        assert!(!format!("{inner:?}").contains("nine"));
    }
}
