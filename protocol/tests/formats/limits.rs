//! Limits: each list and string is read up to its cap, and refused one above it. And what things weigh.

use protocol::{
    address::Address,
    body::Body,
    config::*,
    error::CloseCode,
    event::{Content, EventBody},
    frame::*,
    identity::PeerRecord,
    ids::*,
    time::WallMs,
};

use super::samples;

/// Builds a frame around `n` of something; `cap` of it must be read, one more must not.
fn capped(what: &str, cap: usize, frame: impl Fn(usize) -> Frame) {
    let at_cap = frame(cap);
    assert_eq!(
        decode_message(&encode_message(std::slice::from_ref(&at_cap))),
        Ok(vec![at_cap]),
        "{what} at its cap"
    );
    let code = decode_message(&encode_message(&[frame(cap + 1)])).map_err(|violation| violation.code);
    assert_eq!(code, Err(CloseCode::TooLarge), "{what} above its cap");
}

#[test]
fn every_frame_has_its_caps() {
    let conversation = samples::conversation();
    let chain = samples::chain_key().chain_id();
    capped("versions", MAX_VERSIONS, |n| {
        let limits = Limits { message: 0, window: 0 };
        Frame::Hello(Hello { versions: vec![1; n], features: 0, limits, boot: BootId([0; 16]) })
    });
    capped("reason", MAX_REASON, |n| {
        Frame::Bye(Bye { code: CloseCode::Normal, text: "x".repeat(n), retry_after: None })
    });
    capped("frontier", MAX_FRONTIER, |n| {
        Frame::Frontier(Frontier {
            conversation,
            kind: FrontierKind::Full,
            entries: vec![samples::entry(); n],
        })
    });
    capped("ranges", MAX_RANGES, |n| {
        Frame::Want(Want { conversation, ranges: vec![Range { chain, from: 1, to: 2 }; n] })
    });
    capped("cursor", MAX_CURSOR, |n| {
        let cursor = Cursor { conversation, chain, number: 1, epoch: 1, nonce: [0; 24], sealed: vec![0; n] };
        Frame::Cursor(cursor.sign(&samples::chain_key()))
    });
    capped("letter", MAX_LETTER, |n| Frame::Letter(SealedLetter { sealed: vec![0; n] }));
    capped("addresses", MAX_ADDRESSES, |n| {
        let bob = samples::bob();
        let addresses = vec!["localhost:1".parse::<Address>().unwrap(); n];
        let (user, device) = (bob.profile.user(), bob.link.device_id());
        Frame::PeerRecord(PeerRecord { user, device, seq: 1, addresses, lease: WallMs(1) }.sign(&bob.link))
    });
    capped("ephemeral", MAX_EPHEMERAL, |n| {
        Frame::Ephemeral(Ephemeral { conversation, chain, epoch: 1, nonce: [0; 24], sealed: vec![0; n] })
    });
}

#[test]
fn the_largest_body_fits_into_a_message() {
    // The array, the epoch and the head of the byte string take five bytes.
    let body = EventBody::Content(Content { epoch: 1, megolm: vec![0; MAX_BODY - 5] });
    let events = vec![samples::event(2, body); 7];
    let message = encode_message(&[Frame::Events(Events { conversation: samples::conversation(), events })]);
    assert!(decode_message(&message).is_ok());
}

#[test]
fn everything_capped_fits_into_one_message() {
    let conversation = samples::conversation();
    let full = |kind| Frontier { conversation, kind, entries: vec![samples::entry(); MAX_FRONTIER] };
    assert!(encode_message(&[Frame::Frontier(full(FrontierKind::Full))]).len() < MAX_MESSAGE);
    let marks = Marks {
        marks: vec![Mark { chain: ChainId([0; 32]), delivered: 1 << 40, read: 1 << 40 }; MAX_FRONTIER],
    };
    assert!(protocol::codec::to_bytes(&marks).len() + 16 <= MAX_CURSOR);
}

#[test]
fn a_message_of_sixty_characters_weighs_what_the_design_says() {
    let plain = samples::inner(&Body::text("x".repeat(60))).to_bytes().len();
    // What Megolm adds: version, index, lengths (8), padding of AES to 16, a MAC of 8, a signature of 64.
    let megolm = plain + 8 + 16 + 8 + 64;
    let event = samples::event(2, EventBody::Content(Content { epoch: 1, megolm: vec![0; megolm] }));
    assert!(event.wire_len() <= 580, "{} B", event.wire_len());
}

#[test]
fn two_contacts_with_nothing_new_say_little() {
    let hello_and_state: Vec<_> = samples::frames()
        .into_iter()
        .filter(|frame| matches!(frame, Frame::Hello(_) | Frame::State(State { profile: None, .. })))
        .collect();
    assert_eq!(hello_and_state.len(), 2);
    assert!(encode_message(&hello_and_state).len() <= 96, "{} B", encode_message(&hello_and_state).len());
}
