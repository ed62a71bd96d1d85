//! Invented messages: a conversation of two days that shows every kind of row.

use super::*;

impl Message {
    /// An invented message; `n` makes it unique and sets its place.
    pub fn sample(n: u8, author: &str, wall: WallMs, text: &str) -> Self {
        let mine = author == "ana";
        let author = Person::sample(author);
        let chain = ChainId(author.user.0);
        Self {
            conversation: ConversationId(Person::sample("mira").user.0),
            id: MsgId([n; 16]),
            key: Key { ord: wall.0 << 16, chain, seq: n.into() },
            author,
            mine,
            wall,
            body: Body::Text(text.to_owned()),
            reply: None,
            reactions: Vec::new(),
            edited: false,
            status: mine.then_some(Status::Read),
            stay: None,
        }
    }

    fn answering(self, message: &Self) -> Self {
        Self { reply: Some(message.quote()), ..self }
    }

    fn with_status(self, status: Status) -> Self {
        Self { status: Some(status), ..self }
    }

    fn with_body(self, body: Body) -> Self {
        Self { body, ..self }
    }

    /// A conversation of two days that shows every kind of row.
    pub fn samples() -> Vec<Self> {
        let now = WallMs(When::sample().now.0);
        let ago = |minutes: u64| WallMs(now.0 - minutes * 60_000);
        vec![
            Self::sample(1, "mira", ago(1230), "Did the parcel arrive? I put the blue folder on top."),
            Self::sample(2, "ana", ago(1227), "Yes! All in one piece.").answering(&Self::sample(
                1,
                "mira",
                ago(1230),
                "Did the parcel arrive? I put the blue folder on top.",
            )),
            Self::sample(
                3,
                "ana",
                ago(1226),
                "I read the first half on the train. The second chapter is much better now, the cut in the middle did it good. I\u{2019}d still move the letter to the front: without it nobody knows why she leaves, and the reader waits forty pages for something that fits on one.",
            ),
            Self::sample(
                4,
                "mira",
                ago(1210),
                "Good. I\u{2019}ll send you page 4 tonight, it\u{2019}s quicker than explaining.\n\nDon\u{2019}t print it yet.",
            ),
            Self::sample(5, "mira", ago(1209), "").with_body(Body::KeysChanged),
            Self::sample(6, "ana", ago(310), "Morning. Is Thursday still fine?")
                .with_status(Status::Delivered),
            Self {
                edited: true,
                reactions: vec![
                    Reaction { emoji: "\u{1f44d}".to_owned(), mine: true, others: vec!["mira".to_owned()] },
                    Reaction { emoji: "\u{1f389}".to_owned(), mine: false, others: vec!["mira".to_owned()] },
                ],
                ..Self::sample(7, "mira", ago(24), "Thursday works. Half past six at the library, upstairs?")
            },
            Self::sample(8, "mira", ago(23), "").with_body(Body::Unknown),
            Self::sample(
                9,
                "mira",
                ago(22),
                "https://library.example.org/rooms/second-floor/reading-room?from=2026-11-19T18:30&until=2026-11-19T20:00",
            ),
            Self::sample(10, "ana", ago(9), "Upstairs is good.").with_status(Status::Delivered),
            Self::sample(13, "mira", ago(8), "").with_body(Body::Redacted),
            Self {
                reply: Some(Quote { id: MsgId([13; 16]), mine: false, name: "mira".to_owned(), text: None }),
                ..Self::sample(14, "mira", ago(7), "Never mind, wrong day.")
            },
            Self::sample(11, "ana", ago(2), "And bring the old cover, please").with_status(Status::Waiting),
            Self::sample(12, "ana", ago(1), "the one with the \u{1f3a8} on it").with_status(Status::Waiting),
        ]
    }

    /// The same on an ordinary day: words, a link, reactions, answers; all of it arrived.
    pub fn conversation() -> Vec<Self> {
        let said = |message: &Self| {
            message.body.has_words() && message.reply.as_ref().is_none_or(|quote| quote.text.is_some())
        };
        let arrived = |message: Self| match message.status {
            Some(Status::Waiting) => message.with_status(Status::Delivered),
            _ => message,
        };
        Self::samples().into_iter().filter(said).map(arrived).collect()
    }
}
