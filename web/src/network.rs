//! The network page: who is reached and how, who is not and why; and the doctor for one person.

use std::time::Duration;

use askama::Template;
use protocol::time::WallMs;

use crate::{
    page::Page,
    person::Person,
    shell::{Place, Shell},
};

mod samples;

/// `GET /network`; its button posts to `/network/connect`.
#[derive(Debug, Clone, Template)]
#[template(path = "network/page.html")]
pub struct NetworkPage {
    pub page: Page,
    pub shell: Shell,
    pub routes: Routes,
    /// What the button began, right after it was pressed.
    pub trying: Option<Trying>,
    /// What happened lately, the newest first.
    pub log: Vec<LogLine>,
}

/// Who is reached and who is not, live (`id="routes"`).
#[derive(Debug, Clone, Template)]
#[template(path = "network/routes.html")]
pub struct RoutesFragment<'a> {
    pub page: &'a Page,
    pub shell: &'a crate::shell::Network,
    pub routes: &'a Routes,
}

/// The ways to everybody.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Routes {
    pub reached: Vec<Reached>,
    pub away: Vec<Away>,
    /// Since when the directory is as it is.
    pub directory_since: Option<WallMs>,
    /// `0.0.0.0:7401`
    pub listening: String,
    pub addresses: Vec<String>,
}

/// Somebody with a live connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    pub person: Person,
    /// `192.168.1.34:7401`
    pub remote: String,
    /// This computer called theirs.
    pub dialled: bool,
    pub since: WallMs,
    pub sent: u64,
    pub received: u64,
    pub round_trip: Option<Duration>,
}

/// Somebody without one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Away {
    pub person: Person,
    pub seen: Option<WallMs>,
    pub attempts: Vec<Attempt>,
    /// When the addresses were last tried in vain.
    pub failed: Option<WallMs>,
    pub next: Next,
}

/// One address of somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    pub address: String,
    /// Why it led nowhere, as the second half of a sentence; none: not tried yet.
    pub why: Option<String>,
}

/// When somebody is tried next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    Now,
    At(WallMs),
    NoAddress,
    Never,
}

/// What "connect to everyone" began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trying {
    pub connected: u64,
    pub trying: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    pub at: WallMs,
    pub who: String,
    pub text: String,
}

/// `GET /network/{user}`; its button posts to `/network/{user}/test`.
#[derive(Debug, Clone, Template)]
#[template(path = "network/doctor.html")]
pub struct DoctorPage {
    pub page: Page,
    pub shell: Shell,
    pub person: Person,
    /// The chat with them, `/chats/..`.
    pub chat: Option<String>,
    /// None: nobody looked yet.
    pub exam: Option<Exam>,
}

/// What was found, live (`id="exam"`).
#[derive(Debug, Clone, Template)]
#[template(path = "network/exam.html")]
pub struct ExamFragment<'a> {
    pub page: &'a Page,
    pub exam: Option<&'a Exam>,
}

/// One look at the ways to somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exam {
    pub began: WallMs,
    /// None while it runs.
    pub verdict: Option<String>,
    pub reached: bool,
    pub steps: Vec<Step>,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub mark: Mark,
    pub title: String,
    pub found: String,
    pub at: Option<WallMs>,
    pub took: Option<Duration>,
}

/// How a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    Running,
    Good,
    Bad,
    Note,
}

impl Mark {
    /// For the style sheet.
    fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Good => "good",
            Self::Bad => "bad",
            Self::Note => "note",
        }
    }

    /// For those who don't see the mark.
    fn spoken(self) -> &'static str {
        match self {
            Self::Running => "Being looked at",
            Self::Good => "Good",
            Self::Bad => "Trouble",
            Self::Note => "Note",
        }
    }
}

impl Routes {
    /// Begins the page.
    fn summary(&self, network: &crate::shell::Network) -> String {
        let people = |n: usize| if n == 1 { "1 person".to_owned() } else { format!("{n} people") };
        match (network.online, self.reached.len(), self.away.len()) {
            (false, _, _) => {
                "You’re offline. What you write is kept here and sent when you’re back.".to_owned()
            }
            (true, 0, 0) => "Connected. You know nobody yet.".to_owned(),
            (true, 0, _) => "Connected. Nobody is reachable right now.".to_owned(),
            (true, n, _) => format!("Connected. {} reachable.", people(n)),
        }
    }
}

impl Trying {
    fn sentence(&self) -> String {
        match (self.trying, self.connected) {
            (0, 0) => "There is nobody to call right now.".to_owned(),
            (0, _) => "Everybody with a known address is connected.".to_owned(),
            (1, _) => "1 person is being called.".to_owned(),
            (n, _) => format!("{n} people are being called."),
        }
    }
}

/// `0.4 ms`, `38 ms`, `1.2 s`
pub(crate) fn span(time: &Duration) -> String {
    let ms = time.as_secs_f64() * 1e3;
    match ms {
        _ if ms < 10.0 => format!("{ms:.1} ms"),
        _ if ms < 1000.0 => format!("{ms:.0} ms"),
        _ => format!("{:.1} s", ms / 1e3),
    }
}

/// `812 B`, `12 kB`, `3.4 MB`
pub(crate) fn size(bytes: &u64) -> String {
    let units = ["B", "kB", "MB", "GB", "TB"];
    let mut unit = 0;
    let mut left = *bytes as f64;
    while left >= 1000.0 && unit + 1 < units.len() {
        left /= 1000.0;
        unit += 1;
    }
    let digits = usize::from(unit > 0 && left < 10.0);
    format!("{left:.digits$} {}", units[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_sizes_are_as_long_as_they_need_to_be() {
        for (micros, words) in [(420, "0.4 ms"), (38_200, "38 ms"), (1_240_000, "1.2 s")] {
            assert_eq!(span(&Duration::from_micros(micros)), words);
        }
        for (bytes, words) in
            [(0, "0 B"), (812, "812 B"), (3_400, "3.4 kB"), (12_345, "12 kB"), (3_400_000, "3.4 MB")]
        {
            assert_eq!(size(&bytes), words);
        }
    }
}
