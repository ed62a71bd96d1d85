//! One of everything that stands on the wire, the same in every run.

use protocol::{
    address::Address,
    body::{Body, Inner},
    codec,
    error::CloseCode,
    event::{ChainKey, Class, Content, Control, Event, EventBody, Genesis, NewHeader, OlmKind, Pair},
    frame::*,
    identity::*,
    ids::*,
    letter::{Accept, Answer, Letter, Open, Proof, Request, Verdict},
    pair::{PairPlaintext, Said, Share},
    sign::Signed,
    time::{Ord64, WallMs},
};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

pub(crate) const WALL: WallMs = WallMs(1_790_000_000_000);

pub(crate) struct Person {
    pub(crate) account: AccountKey,
    pub(crate) link: LinkSecret,
    pub(crate) seal: SealSecret,
    pub(crate) profile: Profile,
}

pub(crate) fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

pub(crate) fn person(name: &str, seed: u64) -> Person {
    let mut rng = rng(seed);
    let (account, link, seal) =
        (AccountKey::generate(&mut rng), LinkSecret::generate(&mut rng), SealSecret::generate(&mut rng));
    let history = KeyHistory::begin(&account, name.parse().unwrap(), WALL);
    let record = device_record(history.user(), &link, &seal);
    let profile = Profile::issue(&account, history, 1, vec![record]);
    Person { account, link, seal, profile }
}

pub(crate) fn device_record(user: UserId, link: &LinkSecret, seal: &SealSecret) -> DeviceRecord {
    DeviceRecord {
        user,
        seq: 1,
        device: link.device_id(),
        olm_key: [3; 32],
        signing_key: [4; 32],
        seal_key: seal.public(),
        created: WALL,
        not_after: WallMs(WALL.0 + 30 * 86_400_000),
        capabilities: 0,
    }
}

pub(crate) fn ann() -> Person {
    person("ann", 1)
}

pub(crate) fn bob() -> Person {
    person("bob_2", 2)
}

/// Bob after a change of his account key.
pub(crate) fn bob_later() -> Profile {
    let bob = bob();
    let new = AccountKey::generate(&mut rng(3));
    let history = bob.profile.history().extended(&bob.account, &new, "bob_2".parse().unwrap(), WALL);
    let record = device_record(history.user(), &bob.link, &bob.seal);
    Profile::issue(&new, history, 2, vec![record])
}

pub(crate) fn conversation() -> ConversationId {
    one_to_one(ann().profile.user(), bob().profile.user())
}

pub(crate) fn chain_key() -> ChainKey {
    ChainKey::generate(&mut rng(4))
}

pub(crate) fn addresses() -> Vec<Address> {
    ["192.0.2.7:7401", "[2001:db8::7]:7401", "node.example.org:7401"]
        .map(|text| text.parse().unwrap())
        .to_vec()
}

pub(crate) fn event(seq: u64, body: EventBody) -> Event {
    let prev = EventId([u8::from(seq > 1); 32]);
    let deps = if seq > 1 { vec![EventId([9; 32]), EventId([8; 32])] } else { vec![] };
    Event::sign(&chain_key(), NewHeader { seq, prev, hlc: Ord64(WALL.0 << 16 | 5), deps, expires: 0 }, body)
}

pub(crate) fn content_event() -> Event {
    event(2, EventBody::Content(Content { epoch: 1, megolm: vec![0xc0; 200] }))
}

/// An event of each class.
pub(crate) fn events() -> Vec<(&'static str, Event)> {
    let genesis = Genesis {
        conversation: conversation(),
        class: Class::Content,
        owner: ann().link.device_id(),
        incarnation: 1,
        previous: None,
    };
    let restored =
        Genesis { class: Class::Pair, incarnation: 2, previous: Some(ChainId([6; 32])), ..genesis.clone() };
    let pair = Pair { session: [5; 32], kind: OlmKind::PreKey, olm: vec![0x01; 120] };
    let control = Control { key_epoch: 7, nonce: [2; 24], sealed: vec![0xcc; 60] };
    vec![
        ("event/genesis", event(1, EventBody::Genesis(genesis))),
        ("event/genesis-restored", event(1, EventBody::Genesis(restored))),
        ("event/content", content_event()),
        ("event/content-without-body", content_event().without_body()),
        ("event/pair", event(3, EventBody::Pair(pair.clone()))),
        ("event/pair-normal", event(3, EventBody::Pair(Pair { kind: OlmKind::Normal, ..pair }))),
        ("event/control", event(2, EventBody::Control(control))),
        (
            "event/checkpoint",
            event(4, EventBody::Later { class: Class::Checkpoint, bytes: b"later".to_vec() }),
        ),
        ("event/close", event(5, EventBody::Later { class: Class::Close, bytes: vec![] })),
        ("event/class-of-later", event(6, EventBody::Later { class: Class::Later(77), bytes: vec![1] })),
    ]
}

pub(crate) fn entry() -> FrontierEntry {
    FrontierEntry {
        chain: chain_key().chain_id(),
        seq: 12,
        head: Head::Whole(EventId([0xee; 32])),
        clip: None,
    }
}

pub(crate) fn marks() -> Marks {
    Marks { marks: vec![Mark { chain: ChainId([1; 32]), delivered: 9, read: 7 }] }
}

fn peer_record() -> Signed<PeerRecord> {
    let bob = bob();
    let (user, device) = (bob.profile.user(), bob.link.device_id());
    PeerRecord { user, device, seq: 3, addresses: addresses(), lease: WALL }.sign(&bob.link)
}

fn fork() -> Fork {
    let other = event(2, EventBody::Content(Content { epoch: 1, megolm: vec![0xc1; 200] }));
    Fork::new(conversation(), &content_event(), &other).unwrap()
}

/// A frame of each number, some of them in several shapes.
pub(crate) fn frames() -> Vec<Frame> {
    let conversation = conversation();
    let chain = chain_key().chain_id();
    let frontier = |kind, entries| Frame::Frontier(Frontier { conversation, kind, entries });
    let short = FrontierEntry { head: Head::short(EventId([0xee; 32])), clip: Some(40), ..entry() };
    let cursor = Cursor { conversation, chain, number: 4, epoch: 2, nonce: [7; 24], sealed: vec![0xab; 80] };
    vec![
        Frame::Hello(Hello {
            versions: vec![1],
            features: 0,
            limits: Limits { message: 262_144, window: 262_144 },
            boot: BootId([1; 16]),
        }),
        Frame::State(State {
            profile: Some(ann().profile),
            store: StoreId([2; 16]),
            resume: 0,
            root: [3; 16],
        }),
        Frame::State(State { profile: None, store: StoreId([2; 16]), resume: 1 << 40, root: [3; 16] }),
        Frame::Who,
        Frame::WhoIs(WhoIs { profile: Some(bob_later()) }),
        Frame::WhoIs(WhoIs { profile: None }),
        Frame::Bye(Bye { code: CloseCode::GoingAway, text: "good night".to_owned(), retry_after: Some(60) }),
        Frame::Ping(Ping { nonce: 1 }),
        Frame::Pong(Ping { nonce: u64::MAX }),
        Frame::Credit(Credit { bytes: 65_536 }),
        frontier(FrontierKind::Full, vec![entry()]),
        frontier(FrontierKind::Delta, vec![short]),
        frontier(FrontierKind::Lazy, vec![]),
        frontier(FrontierKind::Ack, vec![entry(), short]),
        Frame::Want(Want { conversation, ranges: vec![Range { chain, from: 1, to: 300 }] }),
        Frame::Events(Events { conversation, events: vec![content_event()] }),
        Frame::Cursor(cursor.sign(&chain_key())),
        Frame::Reject(Reject { conversation, event: EventId([5; 32]), reason: RejectReason::TooMany }),
        Frame::Fork(fork()),
        Frame::Letter(SealedLetter { sealed: vec![0x5e; 100] }),
        Frame::LetterTaken(LetterTaken { letter: LetterId([6; 16]) }),
        Frame::PeerRecord(peer_record()),
        Frame::Ephemeral(Ephemeral { conversation, chain, epoch: 1, nonce: [8; 24], sealed: vec![0xef; 40] }),
    ]
}

pub(crate) fn letters() -> Vec<(&'static str, Letter)> {
    let msg_id = MsgId([7; 16]);
    let capability = Capability::from_secret_bytes([0x0c; 32]);
    let request = Request {
        addresses: addresses(),
        capability: capability.clone(),
        one_time_key: [0x0e; 32],
        msg_id,
        text: "Hi Bob, it's Ann from the bakery.".to_owned(),
    };
    let accept = Accept {
        addresses: vec![],
        capability: Some(capability),
        events: events().into_iter().map(|(_, event)| event.to_unverified()).take(2).collect(),
    };
    let open = Open { one_time_key: [0x0f; 32], addresses: addresses(), readable: vec![entry()] };
    vec![
        ("letter/request", Letter::Request(request)),
        ("letter/accept", Letter::Answer(Answer { msg_id, verdict: Verdict::Accept(accept) })),
        ("letter/decline", Letter::Answer(Answer { msg_id, verdict: Verdict::Decline })),
        ("letter/open", Letter::Open(open)),
    ]
}

/// A letter of Ann to Bob, sealed.
pub(crate) fn sealed(letter: &Letter, by_seal_key: bool) -> Vec<u8> {
    let (ann, bob) = (ann(), bob());
    let proof = if by_seal_key { Proof::SealKey(&ann.seal) } else { Proof::LinkKey(&ann.link) };
    protocol::letter::seal(letter, &ann.profile, proof, bob.profile.device(), &mut rng(5)).unwrap()
}

pub(crate) fn inner(body: &Body) -> Inner {
    Inner {
        msg_id: MsgId([7; 16]),
        kind: body.kind(),
        conversation: conversation(),
        sender: ann().link.device_id(),
        seq: 2,
        wall: WALL,
        target: None,
        thread: Some(MsgId([6; 16])),
        ttl_s: Some(3600),
        data: body.to_data(),
    }
}

pub(crate) fn bodies() -> Vec<(&'static str, Body)> {
    vec![
        ("body/text", Body::text("Grüße, 世界 👋")),
        ("body/answer", Body::Text { text: "yes".to_owned(), reply: Some(MsgId([6; 16])) }),
        ("body/edit", Body::Edit { text: "Grüße".to_owned() }),
        ("body/redact", Body::Redact),
        ("body/react", Body::React { emoji: "👋".to_owned(), on: true }),
        ("body/timer", Body::Timer { seconds: 86_400 }),
        ("body/unknown", Body::Unknown { kind: 4242, data: vec![0x81, 0x01] }),
    ]
}

/// The name of a frame in the golden file. A new frame does not compile until it has one; then it needs a sample.
pub(crate) fn name(frame: &Frame) -> &'static str {
    match frame {
        Frame::Hello(_) => "frame/hello",
        Frame::State(_) => "frame/state",
        Frame::Who => "frame/who",
        Frame::WhoIs(_) => "frame/who-is",
        Frame::Bye(_) => "frame/bye",
        Frame::Ping(_) => "frame/ping",
        Frame::Pong(_) => "frame/pong",
        Frame::Credit(_) => "frame/credit",
        Frame::Frontier(_) => "frame/frontier",
        Frame::Want(_) => "frame/want",
        Frame::Events(_) => "frame/events",
        Frame::Cursor(_) => "frame/cursor",
        Frame::Reject(_) => "frame/reject",
        Frame::Fork(_) => "frame/fork",
        Frame::Letter(_) => "frame/letter",
        Frame::LetterTaken(_) => "frame/letter-taken",
        Frame::PeerRecord(_) => "frame/peer-record",
        Frame::Ephemeral(_) => "frame/ephemeral",
        Frame::Unknown(_) => "frame/unknown",
    }
}

/// An optional frame of a later version.
pub(crate) fn unknown_frame() -> Frame {
    let mut to = codec::Encoder::default();
    to.unsigned(200);
    to.bytes(&[0x82, 0x01, 0x61, b'x']);
    protocol::frame::decode_message(&to.into_bytes()).unwrap().remove(0)
}

/// Everything that a pair event can say inside.
pub(crate) fn pair_plaintext() -> PairPlaintext {
    let (chain, epoch) = (ChainId([5; 32]), 2);
    PairPlaintext {
        from: ann().link.device_id(),
        to: bob().link.device_id(),
        from_key: [3; 32],
        to_key: [4; 32],
        chain: ChainId([6; 32]),
        seq: 7,
        said: vec![
            Said::Bind { chain, conversation: conversation() },
            Said::Share(Share { chain, epoch, first_seq: 41, key: vec![8; 229], side: [9; 32] }),
            Said::Capability(Capability::from_secret_bytes([1; 32])),
            Said::Need { chain, epoch },
            Said::Withheld { chain, epoch },
            Said::Later(6),
        ],
    }
}
