//! Any bytes as what was decrypted: a message, marks, an ephemeral.

#![no_main]

use libfuzzer_sys::fuzz_target;
use protocol::{
    body::Inner,
    codec,
    frame::{EphemeralBody, Marks},
};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(inner) = Inner::from_bytes(bytes) {
        assert_eq!(Inner::from_bytes(&inner.to_bytes()), Ok(inner.clone()));
        if let Ok(body) = inner.body() {
            assert_eq!(body.kind(), inner.kind);
        }
    }
    let _ = codec::from_bytes::<Marks>(bytes);
    let _ = codec::from_bytes::<EphemeralBody>(bytes);
});
