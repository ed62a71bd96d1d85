//! Limits: token buckets for each account, address and name. Every one is a setting.

use std::{
    collections::HashMap,
    fmt,
    hash::Hash,
    net::IpAddr,
    str::FromStr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// So many in so long; the whole amount may come at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    most: u32,
    per: Duration,
}

impl Rate {
    pub const fn new(most: u32, per: Duration) -> Self {
        Self { most, per }
    }

    pub const fn per_minute(most: u32) -> Self {
        Self::new(most, Duration::from_secs(60))
    }

    pub const fn per_hour(most: u32) -> Self {
        Self::new(most, Duration::from_secs(3600))
    }

    pub const fn per_day(most: u32) -> Self {
        Self::new(most, Duration::from_secs(24 * 3600))
    }

    /// No limit.
    pub const OFF: Self = Self::new(u32::MAX, Duration::ZERO);

    fn is_off(self) -> bool {
        self.per.is_zero()
    }

    /// Microseconds until one more.
    fn interval(self) -> u64 {
        self.whole() / u64::from(self.most)
    }

    /// Microseconds until an empty bucket is full. A multiple of the interval, so that exactly `most` fit.
    fn whole(self) -> u64 {
        let per = u64::try_from(self.per.as_micros()).unwrap_or(u64::MAX);
        per - per % u64::from(self.most)
    }
}

/// A text that is not a rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("write a limit like 5/min, 30/h, 300/d or off")]
pub struct BadRate;

impl FromStr for Rate {
    type Err = BadRate;

    fn from_str(text: &str) -> Result<Self, BadRate> {
        if text == "off" {
            return Ok(Self::OFF);
        }
        let (most, per) = text.split_once('/').ok_or(BadRate)?;
        let most = most.trim().parse().ok().filter(|most| *most > 0).ok_or(BadRate)?;
        match per.trim() {
            "s" => Ok(Self::new(most, Duration::from_secs(1))),
            "min" => Ok(Self::per_minute(most)),
            "h" => Ok(Self::per_hour(most)),
            "d" => Ok(Self::per_day(most)),
            _ => Err(BadRate),
        }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self.per.as_secs() {
            0 => return f.write_str("off"),
            1 => "s",
            60 => "min",
            3600 => "h",
            _ => "d",
        };
        write!(f, "{}/{unit}", self.most)
    }
}

/// Keys that are remembered at once. Beyond it full buckets are dropped, which changes nothing for anybody.
const MOST_KEYS: usize = 100_000;

/// A bucket for each key. `K` should be small: it is what is kept in memory of who asked.
#[derive(Debug)]
pub(crate) struct Buckets<K> {
    rates: Vec<Rate>,
    /// For each rate the time (microseconds) at which the bucket is full again: a virtual schedule (GCRA, ITU-T I.371).
    full_at: Mutex<HashMap<K, Vec<u64>>>,
}

impl<K: Hash + Eq> Buckets<K> {
    /// A request must fit into all `rates`.
    pub(crate) fn new(rates: impl IntoIterator<Item = Rate>) -> Self {
        let rates = rates.into_iter().filter(|rate| !rate.is_off()).collect();
        Self { rates, full_at: Mutex::default() }
    }

    /// Takes one; or says how many seconds to wait, and takes nothing.
    pub(crate) fn take(&self, key: K, now_ms: u64) -> Result<(), u64> {
        self.draw(key, now_ms, true)
    }

    /// Whether one could be taken now.
    pub(crate) fn check(&self, key: K, now_ms: u64) -> Result<(), u64> {
        self.draw(key, now_ms, false)
    }

    /// Nothing is ever refused.
    pub(crate) fn is_off(&self) -> bool {
        self.rates.is_empty()
    }

    fn draw(&self, key: K, now_ms: u64, take: bool) -> Result<(), u64> {
        if self.rates.is_empty() {
            return Ok(());
        }
        let now = now_ms.saturating_mul(1000);
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        if full_at.len() >= MOST_KEYS && !full_at.contains_key(&key) {
            full_at.retain(|_, ends| ends.iter().any(|end| *end > now));
            if full_at.len() >= MOST_KEYS {
                return Err(60); // a flood from ever new addresses: newcomers wait
            }
        }
        let ends = full_at.entry(key).or_insert_with(|| vec![now; self.rates.len()]);
        let mut wait = 0;
        for (rate, end) in self.rates.iter().zip(ends.iter_mut()) {
            *end = now.max(*end);
            wait = wait.max((*end + rate.interval()).saturating_sub(now + rate.whole()));
        }
        if wait > 0 {
            return Err(wait.div_ceil(1_000_000));
        }
        if take {
            for (rate, end) in self.rates.iter().zip(ends) {
                *end += rate.interval();
            }
        }
        Ok(())
    }
}

/// What stands for an address: all of IPv4, the network (/64) of IPv6, since one machine has all of that.
pub(crate) fn network(ip: IpAddr) -> [u8; 9] {
    let mut key = [0; 9];
    match ip.to_canonical() {
        IpAddr::V4(ip) => key[1..5].copy_from_slice(&ip.octets()),
        IpAddr::V6(ip) => {
            key[0] = 6;
            key[1..].copy_from_slice(&ip.octets()[..8]);
        }
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_gives_its_rate_and_fills_again() {
        let buckets = Buckets::new([Rate::per_minute(2), Rate::per_hour(3)]);
        assert_eq!(buckets.take("a", 0), Ok(()));
        assert_eq!(buckets.take("a", 0), Ok(()));
        assert_eq!(buckets.take("a", 0), Err(30), "two a minute: one more in half a minute");
        assert_eq!(buckets.take("b", 0), Ok(()), "everybody has their own");
        assert_eq!(buckets.check("a", 30_000), Ok(()));
        assert_eq!(buckets.take("a", 30_000), Ok(()));
        assert_eq!(buckets.take("a", 60_000), Err(1140), "three an hour: the next after twenty minutes");
        assert_eq!(buckets.take("a", 1_200_000), Ok(()));
    }

    #[test]
    fn a_limit_that_is_off_never_refuses() {
        let buckets = Buckets::new([Rate::OFF]);
        assert!((0..10_000).all(|_| buckets.take((), 0).is_ok()));
    }

    #[test]
    fn rates_are_written_as_people_say_them() {
        for text in ["5/min", "30/h", "300/d", "50/s", "off"] {
            assert_eq!(text.parse::<Rate>().unwrap().to_string(), text);
        }
        for text in ["", "5", "0/min", "5/week", "x/h", "-1/h"] {
            assert_eq!(text.parse::<Rate>(), Err(BadRate), "{text}");
        }
    }

    #[test]
    fn one_machine_is_one_address() {
        let of = |text: &str| network(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
        assert_eq!(of("192.0.2.1"), of("::ffff:192.0.2.1"));
    }
}
