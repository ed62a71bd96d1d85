//! What a link carried, and how long its peer takes to answer: for people who look, never for decisions.

use std::{
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use protocol::frame::Frame;
use tokio::time::Instant;

/// What a link's meter shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reading {
    /// Bytes of messages, before encryption.
    pub sent: u64,
    pub received: u64,
    /// From the last PING to its PONG, the peer's work in between included.
    pub round_trip: Option<Duration>,
}

/// Counts for one link. Clones are one meter.
#[derive(Debug, Clone, Default)]
pub(super) struct Meter(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    sent: AtomicU64,
    received: AtomicU64,
    trip: Mutex<Trip>,
}

#[derive(Debug, Default)]
struct Trip {
    /// The PING that is out, and since when.
    out: Option<(u64, Instant)>,
    last: Option<Duration>,
}

impl Meter {
    pub(super) fn sends(&self, frames: &[Frame], bytes: usize) {
        self.0.sent.fetch_add(bytes as u64, Ordering::Relaxed);
        for frame in frames {
            if let Frame::Ping(ping) = frame {
                self.trip().out = Some((ping.nonce, Instant::now()));
            }
        }
    }

    /// A message of this size, as it stands on the wire.
    pub(super) fn receives(&self, bytes: usize) {
        self.0.received.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// What was in it.
    pub(super) fn hears(&self, frames: &[Frame]) {
        for frame in frames {
            let Frame::Pong(pong) = frame else { continue };
            let mut trip = self.trip();
            if let Some((nonce, since)) = trip.out
                && nonce == pong.nonce
            {
                trip.last = Some(since.elapsed());
                trip.out = None;
            }
        }
    }

    pub(super) fn reading(&self) -> Reading {
        Reading {
            sent: self.0.sent.load(Ordering::Relaxed),
            received: self.0.received.load(Ordering::Relaxed),
            round_trip: self.trip().last,
        }
    }

    fn trip(&self) -> MutexGuard<'_, Trip> {
        self.0.trip.lock().expect("nothing panics while it holds this")
    }
}

#[cfg(test)]
mod tests {
    use protocol::frame::Ping;

    use super::*;

    #[test]
    fn only_the_answer_to_the_newest_ping_counts() {
        let meter = Meter::default();
        meter.sends(&[Frame::Ping(Ping { nonce: 1 })], 20);
        meter.sends(&[Frame::Who, Frame::Ping(Ping { nonce: 2 })], 30);
        meter.receives(20);
        meter.hears(&[Frame::Pong(Ping { nonce: 1 })]);
        assert_eq!(meter.reading(), Reading { sent: 50, received: 20, round_trip: None });
        meter.hears(&[Frame::Pong(Ping { nonce: 2 })]);
        let first = meter.reading().round_trip;
        assert!(first.is_some());
        meter.hears(&[Frame::Pong(Ping { nonce: 2 })]);
        assert_eq!(meter.reading().round_trip, first, "an echo is no answer");
    }
}
