//! How often something may be done: a bucket of tries that fills again by itself.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// Lets `burst` tries through at once, and then one per `refill`.
#[derive(Debug)]
pub struct Bucket {
    burst: u32,
    refill: Duration,
    state: Mutex<Level>,
}

#[derive(Debug)]
struct Level {
    left: u32,
    /// When `left` was right.
    at: Instant,
}

impl Bucket {
    pub fn per_minute(tries: u32) -> Self {
        Self::new(tries, Duration::from_secs(60))
    }

    pub fn per_second(tries: u32) -> Self {
        Self::new(tries, Duration::from_secs(1))
    }

    fn new(tries: u32, within: Duration) -> Self {
        let burst = tries.max(1);
        Self { burst, refill: within / burst, state: Mutex::new(Level { left: burst, at: Instant::now() }) }
    }

    /// Takes one try.
    ///
    /// # Errors
    /// How long to wait for the next one.
    pub fn take(&self) -> Result<(), Duration> {
        self.take_at(Instant::now())
    }

    /// Gives all tries back: the right one was among them.
    pub fn fill(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).left = self.burst;
    }

    fn take_at(&self, now: Instant) -> Result<(), Duration> {
        let mut level = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = now.saturating_duration_since(level.at);
        let grown = u32::try_from(passed.as_nanos() / self.refill.as_nanos().max(1)).unwrap_or(u32::MAX);
        if grown >= self.burst - level.left {
            level.left = self.burst;
            level.at = now;
        } else {
            level.left += grown;
            level.at += self.refill * grown;
        }
        if level.left == 0 {
            return Err(self.refill.saturating_sub(now.saturating_duration_since(level.at)));
        }
        level.left -= 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_tries_and_then_one_each_twelve_seconds() {
        let bucket = Bucket::per_minute(5);
        let start = Instant::now();
        for _ in 0..5 {
            assert_eq!(bucket.take_at(start), Ok(()));
        }
        let wait = bucket.take_at(start).expect_err("the sixth waits");
        assert!(wait <= Duration::from_secs(12) && wait > Duration::from_secs(11), "{wait:?}");
        let later = start + Duration::from_secs(13);
        assert_eq!(bucket.take_at(later), Ok(()));
        assert!(bucket.take_at(later).is_err());
        bucket.fill();
        assert_eq!(bucket.take_at(later), Ok(()));
    }
}
