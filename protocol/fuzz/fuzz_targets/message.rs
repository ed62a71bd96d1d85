//! Any bytes as a message: no panic, and what is read has one spelling.

#![no_main]

use libfuzzer_sys::fuzz_target;
use protocol::frame::{decode_message, describe, encode_message};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(frames) = decode_message(bytes) {
        let written = encode_message(&frames);
        assert_eq!(decode_message(&written), Ok(frames));
        // Only fields of later versions, which are skipped, make a message longer than it is written.
        assert!(written.len() < bytes.len() || written == bytes);
    }
    describe(bytes);
});
