//! The codec: every rule of the format, and that a value has one spelling.

use super::*;

#[derive(Debug, PartialEq)]
struct Two {
    number: u64,
    text: String,
}

record!(Two { number, text: 5 });

fn read(bytes: &[u8]) -> Result<Two, &'static str> {
    from_bytes(bytes).map_err(|violation| violation.detail)
}

#[test]
fn a_record_is_an_array_of_its_fields() {
    let two = Two { number: 300, text: "hello".to_owned() };
    let bytes = to_bytes(&two);
    assert_eq!(bytes, [&[0x82, 0x19, 0x01, 0x2c, 0x65], b"hello".as_slice()].concat());
    assert_eq!(read(&bytes), Ok(two));
}

#[test]
fn fields_of_later_versions_are_skipped_when_they_keep_the_rules() {
    let two = || Ok(Two { number: 1, text: String::new() });
    assert_eq!(read(&[0x83, 0x01, 0x60, 0xf6]), two());
    assert_eq!(read(&[0x84, 0x01, 0x60, 0x82, 0x41, 0xff, 0x61, b'a', 0xf5]), two());
    for (bad, reason) in [
        (vec![0x83, 0x01, 0x60], "an array ends early"),
        (vec![0x83, 0x01, 0x60, 0x18, 0x01], "a number is written longer than it needs"),
        (vec![0x83, 0x01, 0x60, 0x61, 0xff], "expected a text"),
    ] {
        assert_eq!(read(&bad), Err(reason));
    }
}

#[test]
fn types_outside_the_format_are_refused_wherever_they_stand() {
    let outside: [&[u8]; 8] = [
        &[0x20],             // a negative number
        &[0xa0],             // a map
        &[0xc1, 0x01],       // a tag
        &[0xf9, 0x3c, 0x00], // a float
        &[0xf7],             // undefined
        &[0x9f, 0xff],       // an array without a length
        &[0x5f, 0xff],       // a byte string in pieces
        &[0x7f, 0xff],       // a text in pieces
    ];
    for bytes in outside {
        let later = [&[0x83, 0x01, 0x60], bytes].concat();
        assert!(read(&later).is_err(), "{bytes:x?} as a later field");
        assert!(from_bytes::<u64>(bytes).is_err(), "{bytes:x?} as a number");
        assert!(from_bytes::<()>(bytes).is_err(), "{bytes:x?} as a record");
    }
}

#[test]
fn every_head_has_one_spelling() {
    for number in [0, 23, 24, 255, 256, 65_535, 65_536, u64::from(u32::MAX), 1 << 32, u64::MAX] {
        assert_eq!(from_bytes(&to_bytes(&number)), Ok(number));
    }
    for long in
        [&[0x18, 23][..], &[0x19, 0, 255], &[0x1a, 0, 0, 255, 255], &[0x1b, 0, 0, 0, 0, 255, 255, 255, 255]]
    {
        assert!(from_bytes::<u64>(long).is_err(), "{long:x?}");
    }
    assert!(read(&[0x98, 2, 0x01, 0x60]).is_err(), "a long head of an array");
    assert!(read(&[0x82, 0x01, 0x78, 0]).is_err(), "a long head of a text");
    assert!(from_bytes::<[u8; 1]>(&[0x58, 1, 7]).is_err(), "a long head of a byte string");
}

#[test]
fn a_length_that_cannot_be_true_is_refused_before_anything_is_allocated() {
    for huge in [[0x9b, 0x7f, 255, 255, 255, 255, 255, 255, 255], [0x9b, 0, 0, 0, 255, 255, 255, 255, 255]] {
        let mut from = Decoder::new(&huge);
        assert_eq!(from.list::<u64>(usize::MAX), Err(Violation::malformed("an array ends early")));
    }
    assert!(from_bytes::<[u8; 4]>(&[0x5b, 0x7f, 255, 255, 255, 255, 255, 255, 255]).is_err());
}

#[test]
fn limits_hold_to_the_byte_and_to_the_item() {
    assert!(read(&[0x82, 0x01, 0x65, b'1', b'2', b'3', b'4', b'5']).is_ok());
    assert_eq!(read(&[0x82, 0x01, 0x66, b'1', b'2', b'3', b'4', b'5', b'6']), Err("a text is too long"));
    let list = [0x83, 1, 2, 3];
    assert_eq!(Decoder::new(&list).list::<u64>(3), Ok(vec![1, 2, 3]));
    assert_eq!(Decoder::new(&list).list::<u64>(2), Err(Violation::too_large("a list is too long")));
}

#[test]
fn arrays_go_eight_deep_and_no_deeper() {
    let nested = |depth: usize| [vec![0x81; depth], vec![0x01]].concat();
    assert_eq!(from_bytes::<()>(&nested(MAX_DEPTH)), Ok(()));
    assert_eq!(
        from_bytes::<()>(&nested(MAX_DEPTH + 1)),
        Err(Violation::malformed("arrays are nested too deep"))
    );
    assert!(from_bytes::<()>(&vec![0x81; 200_000]).is_err());
}

#[test]
fn nothing_may_follow_and_nothing_may_be_missing() {
    assert_eq!(from_bytes::<u64>(&[1, 1]), Err(Violation::malformed("bytes after the end")));
    assert_eq!(read(&[0x81, 0x01]), Err("a field is missing"));
    assert!(from_bytes::<u64>(&[]).is_err());
    assert!(from_bytes::<u16>(&to_bytes(&0x1_0000u64)).is_err(), "out of range");
}

#[test]
fn padding_has_one_form() {
    let padded = to_padded_bytes(&7u64, 4);
    assert_eq!(padded, [7, 0, 0, 0]);
    assert_eq!(from_padded_bytes(&padded, 4), Ok(7u64));
    for wrong in [&[7, 0, 0, 1][..], &[7], &[7, 0, 0, 0, 0, 0, 0, 0], &[7, 0, 0]] {
        assert_eq!(from_padded_bytes::<u64>(wrong, 4), Err(Violation::malformed("wrong padding")));
    }
}

#[test]
fn an_address_has_one_spelling() {
    let read = |text: &str| from_bytes::<crate::address::Address>(&to_text(text)).is_ok();
    assert!(read("[fe80::1]:7401"));
    assert!(!read("[FE80::1]:7401"));
    assert!(!read("192.0.2.1:07401"));
    assert!(!read(" 192.0.2.1:7401"));
}

fn to_text(text: &str) -> Vec<u8> {
    let mut to = Encoder::default();
    to.text(text);
    to.into_bytes()
}
