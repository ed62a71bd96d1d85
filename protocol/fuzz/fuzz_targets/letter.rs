//! Any bytes as the inside of a letter, and as a sealed one.

#![no_main]

use libfuzzer_sys::fuzz_target;
use protocol::{
    codec,
    identity::{Profile, SealSecret},
    letter::{self, Letter},
};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(letter) = codec::from_bytes::<Letter>(bytes) {
        let written = codec::to_bytes(&letter);
        assert_eq!(codec::from_bytes(&written), Ok(letter));
        assert!(written.len() < bytes.len() || written == bytes);
    }
    let _ = codec::from_bytes::<Profile>(bytes);
    assert!(letter::open(bytes, &[SealSecret::from_secret_bytes([1; 32])]).is_err());
});
