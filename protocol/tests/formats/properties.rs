//! Properties of every format: what is written is read back, nothing is read two ways, no bytes make a panic.

use proptest::{collection::vec, option, prelude::*, sample::Index};
use protocol::{
    address::Address,
    body::{Body, Inner},
    codec::{self, Wire},
    error::CloseCode,
    event::{
        ChainKey, Class, Content, Control, Event, EventBody, Genesis, NewHeader, OlmKind, Pair,
        UnverifiedEvent,
    },
    frame::*,
    identity::{Capability, LinkSecret, PeerRecord, Profile, SealSecret},
    ids::*,
    letter::{self, Accept, Answer, Letter, Open, Request, Verdict},
    pair::PairPlaintext,
    time::{Ord64, WallMs},
};

use super::samples;

fn bytes(most: usize) -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..most)
}

fn conversation() -> impl Strategy<Value = ConversationId> {
    any::<[u8; 32]>().prop_map(ConversationId)
}

fn chain() -> impl Strategy<Value = ChainId> {
    any::<[u8; 32]>().prop_map(ChainId)
}

fn chain_key() -> impl Strategy<Value = ChainKey> {
    any::<[u8; 32]>().prop_map(ChainKey::from_secret_bytes)
}

fn profile() -> impl Strategy<Value = Profile> {
    prop_oneof![Just(samples::ann().profile), Just(samples::bob_later())]
}

fn address() -> impl Strategy<Value = Address> {
    let host = prop_oneof![
        "[a-z0-9]{1,10}(\\.[a-z]{1,10}){0,3}",
        any::<[u8; 4]>().prop_map(|ip| std::net::Ipv4Addr::from(ip).to_string()),
        any::<[u8; 16]>().prop_map(|ip| format!("[{}]", std::net::Ipv6Addr::from(ip))),
    ];
    (host, 1u16..).prop_filter_map("digits alone are meant as an IPv4 address", |(host, port)| {
        format!("{host}:{port}").parse().ok()
    })
}

fn event_body() -> impl Strategy<Value = EventBody> {
    let class = (0u16..100).prop_map(Class::from);
    prop_oneof![
        (conversation(), class, any::<[u8; 32]>(), any::<u64>(), option::of(chain())).prop_map(
            |(conversation, class, owner, incarnation, previous)| {
                EventBody::Genesis(Genesis {
                    conversation,
                    class,
                    owner: DeviceId(owner),
                    incarnation,
                    previous,
                })
            }
        ),
        (any::<u32>(), bytes(300)).prop_map(|(epoch, megolm)| EventBody::Content(Content { epoch, megolm })),
        (any::<[u8; 32]>(), any::<bool>(), bytes(300)).prop_map(|(session, first, olm)| {
            let kind = if first { OlmKind::PreKey } else { OlmKind::Normal };
            EventBody::Pair(Pair { session, kind, olm })
        }),
        (any::<u32>(), any::<[u8; 24]>(), bytes(300)).prop_map(|(key_epoch, nonce, sealed)| {
            EventBody::Control(Control { key_epoch, nonce, sealed })
        }),
        (4u16.., bytes(300)).prop_map(|(class, bytes)| EventBody::Later { class: Class::from(class), bytes }),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    let deps = vec(any::<[u8; 32]>().prop_map(EventId), 0..8);
    (chain_key(), event_body(), 2u64.., any::<[u8; 32]>(), any::<u64>(), deps, any::<u32>()).prop_map(
        |(key, body, seq, prev, hlc, deps, expires)| {
            let (seq, prev) = match body {
                EventBody::Genesis(_) => (1, [0; 32]),
                _ => (seq, prev),
            };
            Event::sign(&key, NewHeader { seq, prev: EventId(prev), hlc: Ord64(hlc), deps, expires }, body)
        },
    )
}

fn entry() -> impl Strategy<Value = FrontierEntry> {
    let head = prop_oneof![
        any::<[u8; 32]>().prop_map(|id| Head::Whole(EventId(id))),
        any::<[u8; 8]>().prop_map(Head::Short),
    ];
    (chain(), any::<u64>(), head, option::of(any::<u64>()))
        .prop_map(|(chain, seq, head, clip)| FrontierEntry { chain, seq, head, clip })
}

fn frontier() -> impl Strategy<Value = Frontier> {
    let kind = prop_oneof![
        Just(FrontierKind::Full),
        Just(FrontierKind::Delta),
        Just(FrontierKind::Lazy),
        Just(FrontierKind::Ack),
    ];
    (conversation(), kind, vec(entry(), 0..10)).prop_map(|(conversation, kind, entries)| Frontier {
        conversation,
        kind,
        entries,
    })
}

fn range() -> impl Strategy<Value = Range> {
    (chain(), 1u64.., any::<u64>()).prop_map(|(chain, from, more)| Range {
        chain,
        from,
        to: from.saturating_add(more),
    })
}

fn fork() -> impl Strategy<Value = Fork> {
    (conversation(), chain_key(), 2u64.., any::<[u64; 2]>()).prop_filter_map(
        "two different events",
        |(conversation, key, seq, hlcs)| {
            let [one, other] = hlcs.map(|hlc| {
                let new =
                    NewHeader { seq, prev: EventId([1; 32]), hlc: Ord64(hlc), deps: vec![], expires: 0 };
                Event::sign(&key, new, EventBody::Content(Content { epoch: 0, megolm: vec![] }))
            });
            Fork::new(conversation, &one, &other)
        },
    )
}

fn link_frame() -> impl Strategy<Value = Frame> {
    prop_oneof![
        (vec(any::<u16>(), 0..16), any::<[u64; 2]>(), any::<[u32; 2]>()).prop_map(
            |(versions, numbers, limits)| {
                let [features, boot] = numbers;
                let limits = Limits { message: limits[0], window: limits[1] };
                let boot = BootId(u128::from(boot).to_be_bytes());
                Frame::Hello(Hello { versions, features, limits, boot })
            }
        ),
        (option::of(profile()), any::<[u8; 16]>(), any::<u64>(), any::<[u8; 16]>()).prop_map(
            |(profile, store, resume, root)| Frame::State(State {
                profile,
                store: StoreId(store),
                resume,
                root
            })
        ),
        Just(Frame::Who),
        option::of(profile()).prop_map(|profile| Frame::WhoIs(WhoIs { profile })),
        (any::<u16>(), "\\PC{0,40}", option::of(any::<u32>())).prop_map(|(code, text, retry_after)| {
            Frame::Bye(Bye { code: CloseCode::from(code), text, retry_after })
        }),
        any::<u64>().prop_map(|nonce| Frame::Ping(Ping { nonce })),
        any::<u64>().prop_map(|nonce| Frame::Pong(Ping { nonce })),
        any::<u32>().prop_map(|bytes| Frame::Credit(Credit { bytes })),
    ]
}

fn sync_frame() -> impl Strategy<Value = Frame> {
    prop_oneof![
        frontier().prop_map(Frame::Frontier),
        (conversation(), vec(range(), 0..16))
            .prop_map(|(conversation, ranges)| Frame::Want(Want { conversation, ranges })),
        (conversation(), vec(event(), 0..4))
            .prop_map(|(conversation, events)| Frame::Events(Events { conversation, events })),
    ]
}

fn state_frame() -> impl Strategy<Value = Frame> {
    prop_oneof![
        (conversation(), chain_key(), any::<u64>(), any::<u32>(), any::<[u8; 24]>(), bytes(100)).prop_map(
            |(conversation, key, number, epoch, nonce, sealed)| {
                let chain = key.chain_id();
                Frame::Cursor(Cursor { conversation, chain, number, epoch, nonce, sealed }.sign(&key))
            }
        ),
        (conversation(), any::<[u8; 32]>(), 0u16..9).prop_map(|(conversation, event, reason)| {
            let reason = codec::from_bytes(&codec::to_bytes(&reason)).unwrap();
            Frame::Reject(Reject { conversation, event: EventId(event), reason })
        }),
        fork().prop_map(Frame::Fork),
        (conversation(), chain(), any::<u32>(), any::<[u8; 24]>(), bytes(100)).prop_map(
            |(conversation, chain, epoch, nonce, sealed)| {
                Frame::Ephemeral(Ephemeral { conversation, chain, epoch, nonce, sealed })
            }
        ),
    ]
}

fn people_frame() -> impl Strategy<Value = Frame> {
    let secret = any::<[u8; 32]>().prop_map(LinkSecret::from_secret_bytes);
    prop_oneof![
        bytes(500).prop_map(|sealed| Frame::Letter(SealedLetter { sealed })),
        any::<[u8; 16]>().prop_map(|letter| Frame::LetterTaken(LetterTaken { letter: LetterId(letter) })),
        (secret, any::<[u8; 32]>(), any::<[u64; 2]>(), vec(address(), 0..8)).prop_map(
            |(link, user, [seq, lease], addresses)| {
                let (user, device, lease) = (UserId(user), link.device_id(), WallMs(lease));
                Frame::PeerRecord(PeerRecord { user, device, seq, addresses, lease }.sign(&link))
            }
        ),
        Just(samples::unknown_frame()),
    ]
}

fn frames() -> impl Strategy<Value = Vec<Frame>> {
    vec(prop_oneof![link_frame(), sync_frame(), state_frame(), people_frame()], 0..5)
}

fn letter() -> impl Strategy<Value = Letter> {
    let events = vec(event().prop_map(|event| event.to_unverified()), 0..3);
    let capability = || any::<[u8; 32]>().prop_map(Capability::from_secret_bytes);
    let addresses = || vec(address(), 0..4);
    let verdict = prop_oneof![
        Just(Verdict::Decline),
        (addresses(), option::of(capability()), events).prop_map(|(addresses, capability, events)| {
            Verdict::Accept(Accept { addresses, capability, events })
        }),
    ];
    prop_oneof![
        (addresses(), capability(), any::<[u8; 32]>(), any::<[u8; 16]>(), "\\PC{0,200}").prop_map(
            |(addresses, capability, one_time_key, msg_id, text)| {
                Letter::Request(Request { addresses, capability, one_time_key, msg_id: MsgId(msg_id), text })
            }
        ),
        (any::<[u8; 16]>(), verdict)
            .prop_map(|(msg_id, verdict)| Letter::Answer(Answer { msg_id: MsgId(msg_id), verdict })),
        (any::<[u8; 32]>(), addresses(), vec(entry(), 0..5)).prop_map(
            |(one_time_key, addresses, readable)| {
                Letter::Open(Open { one_time_key, addresses, readable })
            }
        ),
    ]
}

fn inner() -> impl Strategy<Value = Inner> {
    let body = prop_oneof![
        "\\PC{0,300}".prop_map(Body::text),
        ("\\PC{0,300}", any::<[u8; 16]>())
            .prop_map(|(text, reply)| Body::Text { text, reply: Some(MsgId(reply)) }),
        "\\PC{0,300}".prop_map(|text| Body::Edit { text }),
        Just(Body::Redact),
        ("[\u{1f300}-\u{1f5ff}]{1,8}", any::<bool>()).prop_map(|(emoji, on)| Body::React { emoji, on }),
        (0..=protocol::config::MAX_TIMER_S).prop_map(|seconds| Body::Timer { seconds }),
        (100u16.., bytes(300)).prop_map(|(kind, data)| Body::Unknown { kind, data }),
    ];
    let msg_id = || any::<[u8; 16]>().prop_map(MsgId);
    let ids = (msg_id(), conversation(), any::<[u8; 32]>());
    let places =
        (any::<u64>(), any::<u64>(), option::of(msg_id()), option::of(msg_id()), option::of(any::<u32>()));
    (ids, places, body).prop_map(
        |((msg_id, conversation, sender), (seq, wall, target, thread, ttl_s), body)| {
            let (sender, wall) = (DeviceId(sender), WallMs(wall));
            let (kind, data) = (body.kind(), body.to_data());
            Inner { msg_id, kind, conversation, sender, seq, wall, target, thread, ttl_s, data }
        },
    )
}

/// Small damage: most of it is refused, and what is not shows whether something can be written in two ways.
#[derive(Debug, Clone)]
enum Damage {
    Set(Index, u8),
    Insert(Index, u8),
    Remove(Index),
    Cut(Index),
}

fn damage() -> impl Strategy<Value = Vec<Damage>> {
    let one = prop_oneof![
        (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Damage::Set(at, byte)),
        (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Damage::Insert(at, byte)),
        any::<Index>().prop_map(Damage::Remove),
        any::<Index>().prop_map(Damage::Cut),
    ];
    vec(one, 1..4)
}

fn damaged(mut bytes: Vec<u8>, damage: Vec<Damage>) -> Vec<u8> {
    for one in damage {
        match one {
            Damage::Insert(at, byte) => bytes.insert(at.index(bytes.len() + 1), byte),
            _ if bytes.is_empty() => {}
            Damage::Set(at, byte) => {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            Damage::Remove(at) => drop(bytes.remove(at.index(bytes.len()))),
            Damage::Cut(at) => bytes.truncate(at.index(bytes.len())),
        }
    }
    bytes
}

/// Bytes that are read as a value are the ones that the value is written as, or longer by fields of later versions.
fn one_spelling<T: PartialEq + std::fmt::Debug>(bytes: &[u8], value: &T, written: &[u8], again: &T) {
    assert_eq!(again, value);
    assert!(written.len() <= bytes.len());
    if written.len() == bytes.len() {
        assert_eq!(written, bytes);
    }
}

fn one_spelling_of<T: Wire + PartialEq + std::fmt::Debug>(bytes: &[u8]) {
    if let Ok(value) = codec::from_bytes::<T>(bytes) {
        let written = codec::to_bytes(&value);
        one_spelling(bytes, &value, &written, &codec::from_bytes(&written).unwrap());
    }
}

fn all_readers(bytes: &[u8]) {
    if let Ok(frames) = decode_message(bytes) {
        let written = encode_message(&frames);
        one_spelling(bytes, &frames, &written, &decode_message(&written).unwrap());
    }
    describe(bytes);
    if let Ok(inner) = Inner::from_bytes(bytes) {
        let written = inner.to_bytes();
        one_spelling(bytes, &inner, &written, &Inner::from_bytes(&written).unwrap());
    }
    if let Ok(event) = codec::from_bytes::<UnverifiedEvent>(bytes) {
        drop(event.from_own_store());
    }
    one_spelling_of::<UnverifiedEvent>(bytes);
    one_spelling_of::<Event>(bytes);
    one_spelling_of::<Profile>(bytes);
    one_spelling_of::<Letter>(bytes);
    one_spelling_of::<Marks>(bytes);
    one_spelling_of::<EphemeralBody>(bytes);
    // Of a statement that it does not know, a reader keeps the number alone.
    drop(codec::from_bytes::<PairPlaintext>(bytes));
    drop(Body::from_data(protocol::body::kind::TEXT, bytes));
    drop(letter::open(bytes, &[SealSecret::from_secret_bytes([1; 32])]));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_message_is_read_as_it_was_written(frames in frames()) {
        prop_assert_eq!(decode_message(&encode_message(&frames)), Ok(frames));
    }

    #[test]
    fn an_event_is_read_as_it_was_written(event in event()) {
        let unverified: UnverifiedEvent = codec::from_bytes(&codec::to_bytes(&event)).unwrap();
        prop_assert_eq!(unverified.clone().from_own_store(), Ok(event.clone()));
        prop_assert_eq!(unverified.verify(), Ok(event));
    }

    #[test]
    fn a_letter_is_read_as_it_was_written(letter in letter()) {
        prop_assert_eq!(codec::from_bytes(&codec::to_bytes(&letter)), Ok(letter));
    }

    #[test]
    fn a_plaintext_is_read_as_it_was_written_and_padded(inner in inner()) {
        let bytes = inner.to_bytes();
        prop_assert_eq!(bytes.len() % 64, 0);
        prop_assert_eq!(Inner::from_bytes(&bytes), Ok(inner.clone()));
        let body = inner.body().unwrap();
        prop_assert_eq!((body.kind(), body.to_data()), (inner.kind, inner.data));
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in bytes(600)) {
        all_readers(&bytes);
    }

    #[test]
    fn a_damaged_message_is_refused_or_has_one_spelling(frames in frames(), damage in damage()) {
        all_readers(&damaged(encode_message(&frames), damage));
    }

    #[test]
    fn a_damaged_letter_is_refused_or_has_one_spelling(letter in letter(), damage in damage()) {
        all_readers(&damaged(codec::to_bytes(&letter), damage));
    }

    #[test]
    fn a_damaged_pair_plaintext_makes_no_panic(damage in damage()) {
        all_readers(&damaged(codec::to_bytes(&samples::pair_plaintext()), damage));
    }

    #[test]
    fn a_damaged_plaintext_is_refused_or_has_one_spelling(inner in inner(), damage in damage()) {
        let good = inner.to_bytes().to_vec();
        let bad = damaged(good.clone(), damage);
        // Behind the message id stands how many fields there are. More of them are fields of a later version, which are
        // skipped and not written again, and the zeros of the padding read as such fields.
        prop_assume!(bad.get(16) == good.get(16));
        all_readers(&bad);
    }

    #[test]
    fn a_damaged_event_never_verifies(event in event(), damage in damage()) {
        let good = codec::to_bytes(&event);
        let bad = damaged(good.clone(), damage);
        if let Ok(other) = codec::from_bytes::<Event>(&bad) {
            // Only where the damage took back itself, left the signed parts alone, or took the body away as a whole.
            prop_assert_eq!(other.id(), event.id());
            prop_assert_eq!(other.signature(), event.signature());
            prop_assert!(other.body().is_none() || other == event);
        }
    }

    #[test]
    fn a_damaged_profile_never_verifies(damage in damage()) {
        let profile = samples::bob_later();
        if let Ok(other) = codec::from_bytes::<Profile>(&damaged(codec::to_bytes(&profile), damage)) {
            prop_assert_eq!(other, profile);
        }
    }
}
