//! Bytes of a peer to frames that the node may trust: decoded, and every event's signature verified.

use bytes::Bytes;
use protocol::{error::Violation, frame::Frame};

/// # Errors
/// What the peer did wrong.
pub(super) async fn open(message: Bytes) -> Result<Vec<Frame>, Violation> {
    protocol::frame::decode_message(&message)
}
