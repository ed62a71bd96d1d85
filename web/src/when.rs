//! Times in words: the reader's zone and "now" are given, never read.

use jiff::{Timestamp, Zoned, civil::Date, tz::Offset, tz::TimeZone};
use protocol::time::WallMs;

/// Now, and the time zone of the person who reads the page.
#[derive(Debug, Clone)]
pub struct When {
    pub now: WallMs,
    pub zone: TimeZone,
}

impl When {
    pub fn new(now: WallMs, zone: TimeZone) -> Self {
        Self { now, zone }
    }

    /// The zone from the page's cookie `tz`: a name, a bar, and minutes east of UTC for a machine without
    /// zone data (`Europe/Berlin|60`). Anything else is the system's zone.
    pub fn from_cookie(now: WallMs, cookie: Option<&str>) -> Self {
        let zone = cookie.and_then(|text| {
            let (name, minutes) = text.split_once('|').unwrap_or((text, ""));
            let fixed = || {
                let seconds = minutes.parse::<i32>().ok()?.checked_mul(60)?;
                Offset::from_seconds(seconds).ok().map(TimeZone::fixed)
            };
            TimeZone::get(name).ok().or_else(fixed)
        });
        Self { now, zone: zone.unwrap_or_else(TimeZone::system) }
    }

    pub fn sample() -> Self {
        // 2026-11-14T14:30+01:00, with a fixed offset, so that snapshots need no zone data.
        Self { now: WallMs(1_794_663_000_000), zone: TimeZone::fixed(jiff::tz::offset(1)) }
    }

    fn zoned(&self, at: WallMs) -> Zoned {
        let ms = i64::try_from(at.0).unwrap_or(i64::MAX);
        Timestamp::from_millisecond(ms).unwrap_or(Timestamp::MAX).to_zoned(self.zone.clone())
    }

    fn days_ago(&self, day: Date) -> i32 {
        self.zoned(self.now).date().since(day).map_or(i32::MAX, |span| span.get_days())
    }

    /// `14:12`
    pub fn clock(&self, at: &WallMs) -> String {
        self.zoned(*at).strftime("%H:%M").to_string()
    }

    /// `2026-11-14`: which day it is, for grouping.
    pub fn date(&self, at: &WallMs) -> String {
        self.zoned(*at).strftime("%Y-%m-%d").to_string()
    }

    /// For the `datetime` of a `<time>`.
    pub fn iso(&self, at: &WallMs) -> String {
        self.zoned(*at).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
    }

    /// A day as a heading: `Today`, `Yesterday`, `Monday`, `Monday, 2 November`, `2 November 2025`.
    pub fn day(&self, at: &WallMs) -> String {
        let at = self.zoned(*at);
        match self.days_ago(at.date()) {
            0 => "Today".to_owned(),
            1 => "Yesterday".to_owned(),
            2..=6 => at.strftime("%A").to_string(),
            _ if at.year() == self.zoned(self.now).year() => at.strftime("%A, %-d %B").to_string(),
            _ => at.strftime("%-d %B %Y").to_string(),
        }
    }

    /// As short as a list needs: `14:12`, `Yesterday`, `Mon`, `2 Nov`, `2 Nov 2025`.
    pub fn short(&self, at: &WallMs) -> String {
        let zoned = self.zoned(*at);
        match self.days_ago(zoned.date()) {
            0 => self.clock(at),
            1 => "Yesterday".to_owned(),
            2..=6 => zoned.strftime("%a").to_string(),
            _ if zoned.year() == self.zoned(self.now).year() => zoned.strftime("%-d %b").to_string(),
            _ => zoned.strftime("%-d %b %Y").to_string(),
        }
    }

    /// After "since": `today`, `yesterday`, `Monday`, `2 November`, `2 November 2025`.
    pub fn since(&self, at: &WallMs) -> String {
        let zoned = self.zoned(*at);
        match self.days_ago(zoned.date()) {
            0 => "today".to_owned(),
            1 => "yesterday".to_owned(),
            2..=6 => zoned.strftime("%A").to_string(),
            _ if zoned.year() == self.zoned(self.now).year() => zoned.strftime("%-d %B").to_string(),
            _ => zoned.strftime("%-d %B %Y").to_string(),
        }
    }

    /// `14:12:05`
    pub fn second(&self, at: &WallMs) -> String {
        self.zoned(*at).strftime("%H:%M:%S").to_string()
    }

    /// As [`When::spoken`], where today's seconds matter: `today 14:12:05`.
    pub fn spoken_to_the_second(&self, at: &WallMs) -> String {
        if self.days_ago(self.zoned(*at).date()) == 0 {
            return format!("today {}", self.second(at));
        }
        self.spoken(at)
    }

    /// Of something to come: `today 14:12`, `tomorrow 14:12`, `on 2 November, 14:12`.
    pub fn ahead(&self, at: &WallMs) -> String {
        let zoned = self.zoned(*at);
        match self.days_ago(zoned.date()) {
            0 => format!("today {}", self.clock(at)),
            -1 => format!("tomorrow {}", self.clock(at)),
            _ if zoned.year() == self.zoned(self.now).year() => {
                zoned.strftime("on %-d %B, %H:%M").to_string()
            }
            _ => zoned.strftime("on %-d %B %Y, %H:%M").to_string(),
        }
    }

    /// In the middle of a sentence: `today 14:12`, `yesterday 14:12`, `Monday 14:12`, `on 2 November`.
    pub fn spoken(&self, at: &WallMs) -> String {
        let zoned = self.zoned(*at);
        match self.days_ago(zoned.date()) {
            0 => format!("today {}", self.clock(at)),
            1 => format!("yesterday {}", self.clock(at)),
            2..=6 => zoned.strftime("%A %H:%M").to_string(),
            _ if zoned.year() == self.zoned(self.now).year() => zoned.strftime("on %-d %B").to_string(),
            _ => zoned.strftime("on %-d %B %Y").to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u64 = 3_600_000;

    #[test]
    fn words_follow_the_distance_in_calendar_days() {
        let when = When::sample();
        let ago = |hours: u64| WallMs(when.now.0 - hours * HOUR);
        assert_eq!(when.iso(&when.now), "2026-11-14T14:30:00+01:00");
        assert_eq!((when.day(&ago(1)), when.short(&ago(1))), ("Today".into(), "13:30".into()));
        assert_eq!(when.day(&ago(15)), "Yesterday");
        assert_eq!(when.spoken(&ago(15)), "yesterday 23:30");
        assert_eq!((when.day(&ago(5 * 24)), when.short(&ago(5 * 24))), ("Monday".into(), "Mon".into()));
        assert_eq!(
            (when.day(&ago(7 * 24)), when.short(&ago(7 * 24))),
            ("Saturday, 7 November".into(), "7 Nov".into())
        );
        assert_eq!(when.spoken(&ago(400 * 24)), "on 10 October 2025");
        let ahead = |hours: u64| when.ahead(&WallMs(when.now.0 + hours * HOUR));
        assert_eq!([ahead(1), ahead(24)], ["today 15:30", "tomorrow 14:30"]);
        assert_eq!([ahead(7 * 24), ahead(60 * 24)], ["on 21 November, 14:30", "on 13 January 2027, 14:30"]);
    }

    #[test]
    fn a_clock_that_runs_ahead_or_far_off_is_still_shown() {
        let when = When::sample();
        assert_eq!(when.day(&WallMs(when.now.0 + 48 * HOUR)), "Monday, 16 November");
        assert!(!when.day(&WallMs(u64::MAX)).is_empty());
    }

    #[test]
    fn the_zone_comes_from_the_cookie_and_minutes_help_where_names_are_unknown() {
        let at = |cookie| {
            When::from_cookie(WallMs(1_794_663_000_000), Some(cookie)).clock(&WallMs(1_794_663_000_000))
        };
        assert_eq!(at("Nowhere/Land|-150"), "11:00");
        assert_eq!(at("UTC|0"), "13:30");
    }
}
