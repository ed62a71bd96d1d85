//! The only place that reads clocks; everything else is told the time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use protocol::time::{Now, WallMs};
use tokio::time::Instant;

/// Both clocks of this computer. Copies agree with each other.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    start: Instant,
}

impl Clock {
    /// The monotone clock begins to count here.
    pub fn start() -> Self {
        Self { start: Instant::now() }
    }

    /// Monotone milliseconds of this run.
    pub fn now(&self) -> Now {
        Now(u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX))
    }

    /// The calendar's time, as far as this computer knows it.
    pub fn wall(&self) -> WallMs {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        WallMs(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }

    /// When a timer for `now` must ring. Whole milliseconds: it never rings early by a part of one.
    pub fn at(&self, now: Now) -> Instant {
        // A timer further away than a century is as good as none.
        let wait = Duration::from_millis(now.0.min(100 * 365 * 24 * 3_600_000));
        self.start + wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timer_rings_no_earlier_than_its_moment() {
        let clock = Clock::start();
        let due = Now(1500);
        assert_eq!(clock.at(due) - clock.start, Duration::from_millis(1500));
        assert!(clock.at(Now(u64::MAX)) > clock.start, "no overflow");
        assert!(clock.now() < due);
    }
}
