//! docs/protocol.md says what the code does, as far as a test can tell.

use protocol::{
    error::CloseCode,
    frame::{Frame, Ping, encode_message},
    sign::Domain,
};

use super::samples;

const DOCUMENT: &str = include_str!("../../../docs/protocol.md");

#[track_caller]
fn says(text: &str) {
    assert!(DOCUMENT.contains(text), "docs/protocol.md does not say: {text}");
}

#[test]
fn the_document_lists_every_frame() {
    for frame in samples::frames() {
        let name = samples::name(&frame).trim_start_matches("frame/").replace('-', "_").to_uppercase();
        says(&format!("| {} | {name} | ", frame.number()));
    }
}

#[test]
fn the_document_lists_every_close_code() {
    for number in (1000..=1015).chain(4000..=4999) {
        let code = CloseCode::from(number);
        if !matches!(code, CloseCode::Other(_)) {
            says(&format!("| {number} | {code} | "));
        }
    }
}

#[test]
fn the_document_lists_every_domain() {
    for domain in Domain::ALL {
        says(&format!("| `{domain}` | "));
    }
}

#[test]
fn the_example_is_right() {
    assert_eq!(encode_message(&[Frame::Who]), [0x03, 0x41, 0x80]);
    says("    03 41 80  ");
    assert_eq!(encode_message(&[Frame::Ping(Ping { nonce: 7 })]), [0x06, 0x42, 0x81, 0x07]);
    says("    06 42 81 07  ");
}
