//! Bytes of a peer to frames that the node may trust: decoded, and every signature in them verified.

use bytes::Bytes;
use protocol::{error::Violation, frame::Frame, frame::decode_message};

/// Some forty events: a millisecond or two of work. Above it the work goes to a thread of its own, so that the
/// link goes on writing and other links on this thread go on reading.
const LARGE: usize = 16 << 10;

/// # Errors
/// What the peer did wrong.
pub(super) async fn open(message: Bytes) -> Result<Vec<Frame>, Violation> {
    if message.len() < LARGE {
        return decode_message(&message);
    }
    tokio::task::spawn_blocking(move || decode_message(&message)).await.expect("decoding does not panic")
}
