//! Any bytes as an event. Its signature is left unchecked, so that the fuzzer gets past it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use protocol::{codec, event::UnverifiedEvent};

fuzz_target!(|bytes: &[u8]| {
    let Ok(unverified) = codec::from_bytes::<UnverifiedEvent>(bytes) else { return };
    if let Ok(event) = unverified.clone().from_own_store() {
        assert_eq!(event.to_unverified(), unverified);
        assert!(event.wire_len().abs_diff(codec::to_bytes(&event).len()) < 16);
    }
});
