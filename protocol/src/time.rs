//! Time as the machine is told it: it never reads a clock.

use std::{ops::Add, time::Duration};

/// Monotone milliseconds since some fixed moment of this run; timers use it, nothing stored does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Now(pub u64);

impl Add<Duration> for Now {
    type Output = Self;

    fn add(self, wait: Duration) -> Self {
        let ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(ms))
    }
}

/// Wall-clock milliseconds since 1970-01-01 UTC; shown to people, and wrong whenever a clock is wrong.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, serde::Serialize, serde::Deserialize,
)]
pub struct WallMs(pub u64);

/// The place of an event in the order of its conversation: 48 bits of milliseconds, 16 bits of counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Ord64(pub u64);
