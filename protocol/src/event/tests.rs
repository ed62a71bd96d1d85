//! Events: what a header must say, and what a signature covers.

use super::*;
use crate::{
    config::MAX_DEPS,
    error::CloseCode,
    ids::{ConversationId, DeviceId},
    time::Ord64,
};

fn key() -> ChainKey {
    ChainKey::from_secret_bytes([1; 32])
}

fn new(seq: u64) -> NewHeader {
    let prev = if seq == 1 { [0; 32] } else { [7; 32] };
    NewHeader { seq, prev: EventId(prev), hlc: Ord64(9), deps: vec![], expires: 0 }
}

fn content() -> EventBody {
    EventBody::Content(Content { epoch: 1, megolm: vec![1; 60] })
}

fn genesis() -> EventBody {
    EventBody::Genesis(Genesis {
        conversation: ConversationId([2; 32]),
        class: Class::Content,
        owner: DeviceId([3; 32]),
        incarnation: 1,
        previous: None,
    })
}

/// A header as nobody honest signs it.
fn forged(header: &Header, body: Option<Vec<u8>>) -> Result<Event, Violation> {
    let header = codec::to_bytes(header);
    let signature = key().sign(Domain::EVENT, blake3::hash(&header).as_bytes());
    UnverifiedEvent::from_parts(header, signature, body).verify()
}

fn header() -> Header {
    Event::sign(&key(), new(2), content()).header().clone()
}

fn refused(change: impl FnOnce(&mut Header)) -> &'static str {
    let mut header = header();
    change(&mut header);
    forged(&header, None).expect_err("the header breaks a rule").detail
}

#[test]
fn a_signed_event_verifies_and_is_named_by_its_header() {
    let event = Event::sign(&key(), new(2), content());
    assert_eq!(event.to_unverified().verify(), Ok(event.clone()));
    assert_eq!(event.id().0, *blake3::hash(event.header_bytes()).as_bytes());
    assert_eq!(event.chain(), key().chain_id());
    assert_eq!(event.body(), Some(&content()));
    assert_eq!(event.without_body().id(), event.id());
    assert!(event.without_body().to_unverified().verify().is_ok());
    let written = codec::to_bytes(&event).len();
    assert!((written..written + 16).contains(&event.wire_len()), "{written} and {}", event.wire_len());
}

#[test]
fn a_chain_begins_with_its_genesis_and_only_with_it() {
    assert!(Event::sign(&key(), new(1), genesis()).to_unverified().verify().is_ok());
    let rule = "a chain begins with its genesis, and only with it";
    assert_eq!(refused(|header| header.seq = 0), rule);
    assert_eq!(refused(|header| header.seq = 1), rule);
    assert_eq!(refused(|header| header.class = Class::Genesis), rule);
    assert_eq!(refused(|header| header.prev = EventId([0; 32])), rule);
}

#[test]
fn dependencies_are_few_and_in_order() {
    let some = vec![EventId([3; 32]), EventId([1; 32]), EventId([3; 32])];
    let event = Event::sign(&key(), NewHeader { deps: some, ..new(2) }, content());
    assert_eq!(event.header().deps, [EventId([1; 32]), EventId([3; 32])]);
    let rule = "dependencies out of order";
    assert_eq!(refused(|header| header.deps = vec![EventId([2; 32]), EventId([1; 32])]), rule);
    assert_eq!(refused(|header| header.deps = vec![EventId([2; 32]), EventId([2; 32])]), rule);
    let many = (0..=MAX_DEPS as u8).map(|n| EventId([n; 32])).collect();
    assert_eq!(refused(|header| header.deps = many), "a list is too long");
}

#[test]
fn a_header_of_another_version_or_with_too_long_a_body_is_refused() {
    assert_eq!(refused(|header| header.version = 2), "a header of another version");
    assert_eq!(refused(|header| header.body_len = 32_769), "the body of an event is too long");
}

#[test]
fn the_body_is_the_one_that_was_signed() {
    let good = Event::sign(&key(), new(2), content());
    let other = Event::sign(&key(), new(2), EventBody::Content(Content { epoch: 2, megolm: vec![1; 60] }));
    let swapped = UnverifiedEvent::from_parts(
        good.header_bytes().to_vec(),
        *good.signature(),
        other.body_bytes().map(<[u8]>::to_vec),
    );
    assert_eq!(swapped.clone().verify().map_err(|violation| violation.code), Err(CloseCode::Forged));
    assert!(swapped.from_own_store().is_err());
}

#[test]
fn the_signature_is_by_the_chain_and_over_the_whole_header() {
    let event = Event::sign(&key(), new(2), content());
    let by_another = ChainKey::from_secret_bytes([2; 32]).sign(Domain::EVENT, &event.id().0);
    let parts = |signature| {
        let body = event.body_bytes().map(<[u8]>::to_vec);
        UnverifiedEvent::from_parts(event.header_bytes().to_vec(), signature, body)
    };
    assert_eq!(parts(by_another).verify().map_err(|violation| violation.code), Err(CloseCode::Forged));
    assert_eq!(parts(by_another).from_own_store().map(|event| event.id()), Ok(event.id()), "taken on trust");
    for at in 0..event.header_bytes().len() {
        let mut header = event.header_bytes().to_vec();
        header[at] ^= 1;
        let changed = UnverifiedEvent::from_parts(header, *event.signature(), None);
        assert!(changed.verify().is_err(), "byte {at}");
    }
}

#[test]
fn a_header_with_fields_of_a_later_version_keeps_its_bytes_and_its_name() {
    let event = Event::sign(&key(), new(2), content());
    let mut bytes = event.header_bytes().to_vec();
    assert_eq!(bytes[0], 0x8a, "an array of ten");
    bytes[0] = 0x8b;
    bytes.push(0x07);
    let id = *blake3::hash(&bytes).as_bytes();
    let signature = key().sign(Domain::EVENT, &id);
    let later = UnverifiedEvent::from_parts(bytes.clone(), signature, None).verify().unwrap();
    assert_eq!((later.id().0, later.header_bytes()), (id, &bytes[..]));
    let passed_on: Event = codec::from_bytes(&codec::to_bytes(&later)).unwrap();
    assert_eq!(passed_on, later);
}

#[test]
fn a_class_of_a_later_version_is_stored_and_passed_on() {
    let body = EventBody::Later { class: Class::Later(99), bytes: vec![0xff, 0x00] };
    let event = Event::sign(&key(), new(2), body.clone());
    let read: Event = codec::from_bytes(&codec::to_bytes(&event)).unwrap();
    assert_eq!(read.body(), Some(&body));
}

#[test]
fn a_body_that_is_not_of_its_class_is_refused() {
    let bytes = vec![0x01];
    let header = Header { body_len: 1, body_hash: *blake3::hash(&bytes).as_bytes(), ..header() };
    assert!(forged(&header, Some(bytes)).is_err());
    assert!(forged(&header, None).is_ok(), "without it nobody can tell");
}

#[test]
fn an_event_prints_no_ciphertext() {
    let event = Event::sign(&key(), new(2), content());
    assert_eq!(format!("{:?}", event.body().unwrap()), "Content(Content { epoch: 1, megolm: 60 B })");
    assert!(format!("{event:?}").len() < 80);
}
