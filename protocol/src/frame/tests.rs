//! Messages: which are read, which are refused, and what people get to see of them.

use super::*;
use crate::{
    event::{ChainKey, Content, Event, EventBody, NewHeader, UnverifiedEvent},
    ids::{BootId, ChainId, ConversationId, EventId},
    time::Ord64,
};

fn raw(number: u64, payload: &[u8]) -> Vec<u8> {
    let mut to = Encoder::default();
    to.unsigned(number);
    to.bytes(payload);
    to.into_bytes()
}

fn detail(message: &[u8]) -> &'static str {
    decode_message(message).expect_err("a message that breaks a rule").detail
}

fn event(seq: u64, megolm: u8) -> Event {
    let key = ChainKey::from_secret_bytes([1; 32]);
    let new = NewHeader { seq, prev: EventId([1; 32]), hlc: Ord64(1), deps: vec![], expires: 0 };
    Event::sign(&key, new, EventBody::Content(Content { epoch: 1, megolm: vec![megolm; 40] }))
}

const HERE: ConversationId = ConversationId([4; 32]);

#[test]
fn a_message_holds_any_number_of_frames() {
    assert_eq!(decode_message(&[]), Ok(vec![]));
    let frames = vec![Frame::Who, Frame::Ping(Ping { nonce: 7 }), Frame::Who];
    assert_eq!(decode_message(&encode_message(&frames)), Ok(frames));
}

#[test]
fn a_message_has_its_limits() {
    assert_eq!(detail(&vec![0; MAX_MESSAGE + 1]), "a message is too long");
    assert!(decode_message(&encode_message(&vec![Frame::Who; MAX_FRAMES])).is_ok());
    assert_eq!(detail(&encode_message(&vec![Frame::Who; MAX_FRAMES + 1])), "too many frames in a message");
}

#[test]
fn an_unknown_frame_is_kept_if_it_is_optional_and_refused_if_it_is_not() {
    let optional = raw(200, &[0x82, 0x01, 0x41, 0xff]);
    let frames = decode_message(&optional).unwrap();
    assert!(matches!(&frames[..], [Frame::Unknown(unknown)] if unknown.number() == 200));
    assert_eq!(encode_message(&frames), optional);
    for needed in [0, 9, 16, 32, 80, 97, 127] {
        let violation = decode_message(&raw(needed, &[0x80])).unwrap_err();
        assert_eq!(violation.code, CloseCode::Unsupported, "frame {needed}");
    }
    assert_eq!(detail(&raw(200, &[0xa0])), "expected an array");
    assert_eq!(detail(&raw(70_000, &[0x80])), "a number is out of range");
}

#[test]
fn a_frame_says_no_more_than_its_payload() {
    assert_eq!(detail(&raw(3, &[0x80, 0x00])), "bytes after the end");
    assert_eq!(detail(&raw(6, &[0x80])), "a field is missing");
    assert_eq!(decode_message(&raw(6, &[0x82, 0x05, 0x60])), Ok(vec![Frame::Ping(Ping { nonce: 5 })]));
}

#[test]
fn no_frame_holds_an_event_that_does_not_verify() {
    let events = Frame::Events(Events { conversation: HERE, events: vec![event(2, 1)] });
    let mut message = encode_message(std::slice::from_ref(&events));
    assert_eq!(decode_message(&message), Ok(vec![events]));
    *message.last_mut().unwrap() ^= 1;
    assert_eq!(detail(&message), "the body of an event is not the one that was signed");

    let (header, another) = (event(2, 1).header_bytes().to_vec(), *event(3, 1).signature());
    let mut to = Encoder::default();
    to.array(2);
    HERE.encode(&mut to);
    to.array(1);
    UnverifiedEvent::from_parts(header, another, None).encode(&mut to);
    assert_eq!(detail(&raw(20, &to.into_bytes())), "a signature does not fit");
}

#[test]
fn a_cursor_is_by_the_chain_that_it_names() {
    let (key, eve) = (ChainKey::from_secret_bytes([1; 32]), ChainKey::from_secret_bytes([2; 32]));
    let cursor = Cursor {
        conversation: HERE,
        chain: key.chain_id(),
        number: 1,
        epoch: 1,
        nonce: [0; 24],
        sealed: vec![1; 20],
    };
    let read = |by: &ChainKey| decode_message(&encode_message(&[Frame::Cursor(cursor.clone().sign(by))]));
    assert!(read(&key).is_ok());
    assert_eq!(read(&eve).map_err(|violation| violation.code), Err(CloseCode::Forged));
}

#[test]
fn a_fork_is_proven_by_two_events_of_one_chain_and_number() {
    let (one, other) = (event(2, 1), event(2, 2));
    let fork = Fork::new(HERE, &one, &other).unwrap();
    assert_eq!(Fork::new(HERE, &other, &one).as_ref(), Some(&fork), "in whichever order");
    assert_eq!(decode_message(&encode_message(&[Frame::Fork(fork.clone())])), Ok(vec![Frame::Fork(fork)]));
    assert_eq!(Fork::new(HERE, &one, &one), None);
    assert_eq!(Fork::new(HERE, &one, &event(3, 1)), None);

    let mut to = Encoder::default();
    to.array(3);
    HERE.encode(&mut to);
    one.without_body().encode(&mut to);
    one.without_body().encode(&mut to);
    assert_eq!(detail(&raw(50, &to.into_bytes())), "a proof of a fork that proves none");
}

#[test]
fn a_range_begins_at_one_and_does_not_run_backwards() {
    let read = |from, to| {
        let ranges = vec![Range { chain: ChainId([1; 32]), from, to }];
        decode_message(&encode_message(&[Frame::Want(Want { conversation: HERE, ranges })]))
    };
    assert!(read(1, 1).is_ok() && read(5, u64::MAX).is_ok());
    assert!(read(0, 1).is_err() && read(2, 1).is_err());
}

#[test]
fn a_head_fits_the_events_that_it_may_mean() {
    let (id, other) = (EventId([1; 32]), EventId([2; 32]));
    for head in [Head::Whole(id), Head::short(id)] {
        assert!(head.fits(id) && !head.fits(other));
    }
}

#[test]
fn a_message_is_told_in_words_without_secrets() {
    let hello = Frame::Hello(Hello {
        versions: vec![1],
        features: 0,
        limits: Limits { message: 9, window: 8 },
        boot: BootId([0xb0; 16]),
    });
    let events = Frame::Events(Events { conversation: HERE, events: vec![event(2, 0x77)] });
    let told = describe(&encode_message(&[hello, Frame::Who, events]));
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(
        lines[0],
        "  1 Hello(Hello { versions: [1], features: 0, limits: Limits { message: 9, window: 8 }, \
         boot: BootId(b0b0b0b0) })"
    );
    assert_eq!(lines[1], "  3 Who");
    assert!(
        lines[2].starts_with(" 20 Events(Events { conversation: ConversationId(04040404)"),
        "{}",
        lines[2]
    );
    assert!(!told.contains("7777"), "{told}");
    let lone = describe(&codec::to_bytes(&event(2, 0x77)));
    assert!(lone.contains("seq: 2") && lone.contains("megolm: 40 B"), "{lone}");
    assert_eq!(describe(&[0xff]), "not a message: expected a number (malformed)\n");
}
