//! The byte stream under a link, whatever carries it, with a meter on what the peer may make us read.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, ready},
};

use protocol::ids::DeviceId;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes in both directions.
pub(super) trait Duplex: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Duplex for S {}

pub(super) type BoxDuplex = Box<dyn Duplex>;

/// A stream whose far end has proven which device it is.
pub(super) struct Proven {
    pub(super) stream: BoxDuplex,
    pub(super) peer: DeviceId,
    /// Equal at both ends, fresh for every connection.
    pub(super) binding: [u8; 32],
    pub(super) allowance: Allowance,
}

/// How many more bytes may be read from a stream; shared by the stream and by whoever refills it.
///
/// It bounds what no message size bounds: handshakes that never end, a million empty fragments of one
/// message, junk after a close.
#[derive(Debug, Clone)]
pub(super) struct Allowance(Arc<AtomicUsize>);

impl Allowance {
    pub(super) fn new(bytes: usize) -> Self {
        Self(Arc::new(AtomicUsize::new(bytes)))
    }

    pub(super) fn set(&self, bytes: usize) {
        self.0.store(bytes, Ordering::Relaxed);
    }

    fn left(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    fn spend(&self, bytes: usize) {
        // Only one task reads a stream; a refill that comes between is as good as one that comes after.
        self.0.store(self.left().saturating_sub(bytes), Ordering::Relaxed);
    }
}

/// The peer sent more than it was allowed to.
#[derive(Debug, thiserror::Error)]
#[error("the peer sent more than is allowed here")]
pub(super) struct AllowanceSpent;

impl AllowanceSpent {
    pub(super) fn is(error: &io::Error) -> bool {
        error.get_ref().is_some_and(|inner| inner.is::<Self>())
    }
}

/// A stream that fails once its allowance is spent.
#[derive(Debug)]
pub(super) struct Metered<S> {
    inner: S,
    allowance: Allowance,
}

impl<S> Metered<S> {
    pub(super) fn new(inner: S, allowance: Allowance) -> Self {
        Self { inner, allowance }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Metered<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let room = self.allowance.left().min(buf.remaining());
        if room == 0 && buf.remaining() > 0 {
            return Poll::Ready(Err(io::Error::other(AllowanceSpent)));
        }
        let mut part = ReadBuf::new(buf.initialize_unfilled_to(room));
        ready!(Pin::new(&mut self.inner).poll_read(cx, &mut part))?;
        let read = part.filled().len();
        buf.advance(read);
        self.allowance.spend(read);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Metered<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn a_stream_gives_no_more_than_its_allowance_until_it_is_refilled() {
        let (mut far, near) = tokio::io::duplex(64);
        let allowance = Allowance::new(3);
        let mut near = Metered::new(near, allowance.clone());
        far.write_all(b"abcdef").await.unwrap();
        let mut buf = [0; 6];
        assert_eq!(near.read(&mut buf).await.unwrap(), 3);
        assert!(AllowanceSpent::is(&near.read(&mut buf).await.unwrap_err()));
        allowance.set(2);
        assert_eq!(near.read(&mut buf).await.unwrap(), 2);
    }
}
