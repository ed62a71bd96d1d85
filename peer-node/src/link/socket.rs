//! WebSocket over a proven stream: the opening handshake on both sides, and the limits of every socket.

use tokio_tungstenite::{
    WebSocketStream, accept_hdr_async_with_config, client_async_with_config,
    tungstenite::{
        Error,
        handshake::server::{ErrorResponse, Request, Response},
        http::StatusCode,
        protocol::WebSocketConfig,
    },
};

use super::{
    failure::Reason,
    stream::{Allowance, BoxDuplex, Proven},
};
use protocol::{config::MAX_MESSAGE, ids::DeviceId};

/// What a peer may send from one whole message to the next: a whole one, what is read ahead, and overhead.
pub(super) const PER_MESSAGE: usize = 2 * MAX_MESSAGE + (64 << 10);

const PATH: &str = "/link";
const READ_BUFFER: usize = 16 << 10;
/// Written to the transport in pieces of this size, when many messages wait.
const WRITE_BUFFER: usize = 64 << 10;
const MAX_WRITE_BUFFER: usize = 1 << 20;

/// A WebSocket whose far end is proven.
pub(super) struct Socket {
    pub(super) ws: WebSocketStream<BoxDuplex>,
    pub(super) peer: DeviceId,
    pub(super) binding: [u8; 32],
    pub(super) dialled: bool,
    pub(super) allowance: Allowance,
}

fn config() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_write_buffer_size(MAX_WRITE_BUFFER)
        .max_message_size(Some(MAX_MESSAGE))
        .max_frame_size(Some(MAX_MESSAGE))
}

/// The listener's half. `room` says whether there is room for one more link.
pub(super) async fn accept(proven: Proven, room: bool) -> Result<Socket, Reason> {
    let Proven { stream, peer, binding, allowance } = proven;
    #[expect(clippy::result_large_err, reason = "the library's own signature")]
    let check = |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
        // Browsers send Origin with every WebSocket; a browser is never a peer.
        if request.headers().contains_key("origin") || request.headers().contains_key("cookie") {
            return Err(refuse(StatusCode::FORBIDDEN));
        }
        if request.uri().path() != PATH {
            return Err(refuse(StatusCode::NOT_FOUND));
        }
        if !room {
            return Err(refuse(StatusCode::SERVICE_UNAVAILABLE));
        }
        Ok(response)
    };
    let ws = accept_hdr_async_with_config(stream, check, Some(config())).await.map_err(reason)?;
    allowance.set(PER_MESSAGE);
    Ok(Socket { ws, peer, binding, dialled: false, allowance })
}

/// The dialler's half.
pub(super) async fn open(proven: Proven) -> Result<Socket, Reason> {
    let Proven { stream, peer, binding, allowance } = proven;
    let request = format!("ws://confab.invalid{PATH}");
    let (ws, _) = client_async_with_config(request, stream, Some(config())).await.map_err(reason)?;
    allowance.set(PER_MESSAGE);
    Ok(Socket { ws, peer, binding, dialled: true, allowance })
}

fn refuse(status: StatusCode) -> ErrorResponse {
    let mut response = ErrorResponse::new(None);
    *response.status_mut() = status;
    response
}

fn reason(error: Error) -> Reason {
    match error {
        Error::Io(error) => Reason::io(&error),
        Error::Http(response) if response.status() == StatusCode::SERVICE_UNAVAILABLE => Reason::Busy,
        Error::ConnectionClosed | Error::AlreadyClosed => Reason::HungUp,
        _ => Reason::NotConfab,
    }
}
