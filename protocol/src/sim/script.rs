//! What the people and the weather do: written from a seed, replayed from a seed, made shorter when it fails.

use super::{dice::Dice, network::Told};

/// A whole simulation but for the machine itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Script {
    pub seed: u64,
    pub people: usize,
    pub latency_ms: (u64, u64),
    pub bytes_per_ms: u64,
    /// How far each clock is off at the start.
    pub clocks_ms: Vec<i64>,
    /// Whose program is of a later version, with headers that have a field more.
    pub later: Vec<usize>,
    pub steps: Vec<Step>,
}

/// One thing that happens `after_ms` the one before.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    pub after_ms: u64,
    pub act: Act,
}

/// People are numbered from 0.
#[derive(Debug, Clone, PartialEq)]
pub enum Act {
    Ask {
        by: usize,
        to: usize,
    },
    Accept {
        by: usize,
        to: usize,
    },
    Decline {
        by: usize,
        to: usize,
    },
    Block {
        by: usize,
        to: usize,
    },
    Unblock {
        by: usize,
        to: usize,
    },
    Say {
        by: usize,
        to: usize,
        bytes: usize,
    },
    /// Many messages in one go.
    Burst {
        by: usize,
        to: usize,
        count: usize,
    },
    Read {
        by: usize,
        to: usize,
    },
    Typing {
        by: usize,
        to: usize,
        active: bool,
    },
    Hide {
        by: usize,
        hidden: bool,
    },
    /// The links between two people lose everything in flight and are gone.
    Cut {
        a: usize,
        b: usize,
        told: Told,
    },
    /// Those of `island` and the others cannot reach each other.
    Part {
        island: Vec<usize>,
    },
    Heal,
    /// A second link between two people who may have one.
    Duplicate {
        by: usize,
        to: usize,
    },
    /// Dies at the `boundary`-th write boundary from now (see `World::boundary`), and starts again.
    Crash {
        who: usize,
        boundary: u32,
        down_ms: u64,
    },
    /// Says goodbye, ends, and starts again.
    Stop {
        who: usize,
        down_ms: u64,
    },
    /// A copy of the data folder is made.
    Image {
        who: usize,
    },
    /// Ends, the copy is put back, starts again. `told`: the mark outside of the folder shows it.
    Restore {
        who: usize,
        told: bool,
        down_ms: u64,
    },
    /// Nothing can be written for a while.
    DiskFull {
        who: usize,
        for_ms: u64,
    },
    Clock {
        who: usize,
        shift_ms: i64,
    },
    DirectoryDown,
    DirectoryUp,
    /// From now on this person's program lies.
    Tamper {
        who: usize,
        with: Tamper,
        times: u32,
    },
    /// Somebody without any relation connects to this person and sends nonsense.
    Stranger {
        to: usize,
    },
}

/// What a dishonest program does to the messages that it sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tamper {
    /// Bytes that are no frames.
    Junk,
    /// What was sent once before is sent again.
    Replay,
    /// Frontiers with heights that it has not, or with foreign heads.
    FrontierLie,
    /// A bit of an event is turned.
    BrokenEvent,
    /// Chains of its own making, one after another, that nobody has bound.
    StrangeChains,
    /// Two events of one number.
    Fork,
}

/// What a script puts the weight on; every theme but the first also has some of the others' faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    Calm,
    Cuts,
    Crashes,
    Restores,
    Relations,
    Directory,
    Adversary,
    Everything,
}

impl Theme {
    pub const ALL: [Self; 8] = [
        Self::Calm,
        Self::Cuts,
        Self::Crashes,
        Self::Restores,
        Self::Relations,
        Self::Directory,
        Self::Adversary,
        Self::Everything,
    ];

    /// The theme of a seed: all get their turn.
    pub fn of(seed: u64) -> Self {
        let all = Self::ALL.len() as u64;
        Self::ALL[usize::try_from(seed % all).expect("fewer than eight")]
    }
}

/// A day and an hour of clock error, either way.
const CLOCK_ERROR_MS: u64 = 25 * 3600 * 1000;

/// An "open" letter may be sent once an hour, so that restores of one person lie further apart.
const BETWEEN_RESTORES_MS: u64 = 61 * 60 * 1000;

impl Script {
    /// The script of a seed, always the same.
    pub fn write(seed: u64) -> Self {
        Self::with_theme(seed, Theme::of(seed))
    }

    pub fn with_theme(seed: u64, theme: Theme) -> Self {
        let mut dice = Dice::new(seed, "script");
        let people = if dice.percent(60) { 2 } else { usize::try_from(dice.between(3, 4)).expect("small") };
        let clocks_ms = (0..people).map(|_| if dice.percent(50) { clock(&mut dice) } else { 0 }).collect();
        let later = (0..people).filter(|_| dice.percent(20)).collect();
        let low = dice.between(1, 60);
        let latency_ms = (low, low + dice.between(0, 120));
        let bytes_per_ms = [20, 200, 2_000, 100_000][dice.index(4)];
        let mut author = Author { dice, theme, people, steps: Vec::new(), restored: vec![false; people] };
        author.acquaint();
        let length = author.dice.between(8, 45);
        for _ in 0..length {
            author.one();
        }
        Self { seed, people, latency_ms, bytes_per_ms, clocks_ms, later, steps: author.steps }
    }
}

struct Author {
    dice: Dice,
    theme: Theme,
    people: usize,
    steps: Vec<Step>,
    restored: Vec<bool>,
}

impl Author {
    fn push(&mut self, act: Act) {
        // Mostly close together, so that things overlap; at times long enough for every timer.
        let after_ms = match self.dice.below(20) {
            0..8 => self.dice.below(40),
            8..16 => self.dice.between(40, 800),
            16..19 => self.dice.between(800, 12_000),
            _ => self.dice.between(12_000, 120_000),
        };
        self.steps.push(Step { after_ms, act });
    }

    /// Most pairs know each other early; in what order and from which side is chance.
    fn acquaint(&mut self) {
        for a in 0..self.people {
            for b in a + 1..self.people {
                if b > a + 1 && self.dice.percent(50) {
                    continue;
                }
                let (by, to) = if self.dice.percent(50) { (a, b) } else { (b, a) };
                self.push(Act::Ask { by, to });
                if self.dice.percent(15) {
                    self.push(Act::Ask { by: to, to: by });
                } else {
                    if self.theme != Theme::Calm && self.dice.percent(30) {
                        self.fault();
                    }
                    self.push(Act::Accept { by: to, to: by });
                }
            }
        }
    }

    fn two(&mut self) -> (usize, usize) {
        let by = self.dice.index(self.people);
        let to = (by + 1 + self.dice.index(self.people - 1)) % self.people;
        (by, to)
    }

    fn one(&mut self) {
        let faults = match self.theme {
            Theme::Calm => 0,
            Theme::Everything => 45,
            _ => 35,
        };
        if self.dice.percent(faults) { self.fault() } else { self.talk() }
    }

    fn talk(&mut self) {
        let (by, to) = self.two();
        let act = match self.dice.below(20) {
            0..12 => Act::Say { by, to, bytes: usize::try_from(self.dice.between(1, 300)).expect("small") },
            12 => Act::Say { by, to, bytes: 12_000 },
            13 => Act::Burst { by, to, count: usize::try_from(self.dice.between(5, 80)).expect("small") },
            14..17 => Act::Read { by, to },
            17 => Act::Typing { by, to, active: self.dice.percent(50) },
            18 => Act::Accept { by, to },
            _ => Act::Duplicate { by, to },
        };
        self.push(act);
    }

    fn fault(&mut self) {
        let theme = match self.theme {
            Theme::Everything => Theme::ALL[1 + self.dice.index(6)],
            _ if self.dice.percent(20) => Theme::ALL[1 + self.dice.index(5)],
            theme => theme,
        };
        match theme {
            Theme::Calm | Theme::Everything | Theme::Cuts => self.weather(),
            Theme::Crashes => self.crash(),
            Theme::Restores => self.restore(),
            Theme::Relations => self.relation(),
            Theme::Directory => {
                let act = if self.dice.percent(55) { Act::DirectoryDown } else { Act::DirectoryUp };
                self.push(act);
            }
            Theme::Adversary => self.lie(),
        }
    }

    fn weather(&mut self) {
        let (a, b) = self.two();
        let act = match self.dice.below(10) {
            0..5 => {
                let told = [Told::Both, Told::First, Told::Second, Told::Nobody][self.dice.index(4)];
                Act::Cut { a, b, told }
            }
            5..7 => Act::Part { island: vec![a] },
            7..9 => Act::Heal,
            _ => Act::Clock { who: a, shift_ms: clock(&mut self.dice) },
        };
        self.push(act);
    }

    fn crash(&mut self) {
        let who = self.dice.index(self.people);
        let down_ms =
            if self.dice.percent(70) { self.dice.below(2_000) } else { self.dice.between(2_000, 90_000) };
        let act = match self.dice.below(10) {
            0..7 => {
                let boundary = u32::try_from(self.dice.below(12)).expect("small");
                Act::Crash { who, boundary, down_ms }
            }
            7..9 => Act::Stop { who, down_ms },
            _ => Act::DiskFull { who, for_ms: self.dice.between(1, 20_000) },
        };
        self.push(act);
    }

    fn restore(&mut self) {
        let who = self.dice.index(self.people);
        self.push(Act::Image { who });
        for _ in 0..self.dice.below(6) {
            self.talk();
        }
        if self.dice.percent(30) {
            self.weather();
        }
        if std::mem::replace(&mut self.restored[who], true) {
            let (by, to) = self.two();
            self.steps.push(Step { after_ms: BETWEEN_RESTORES_MS, act: Act::Read { by, to } });
        }
        let act = Act::Restore { who, told: self.dice.percent(60), down_ms: self.dice.below(3_000) };
        self.push(act);
    }

    fn relation(&mut self) {
        let (by, to) = self.two();
        let act = match self.dice.below(12) {
            0..2 => Act::Ask { by, to },
            2..5 => Act::Accept { by, to },
            5..7 => Act::Decline { by, to },
            7 => Act::Block { by, to },
            8..10 => Act::Unblock { by, to },
            _ => Act::Hide { by, hidden: self.dice.percent(40) },
        };
        self.push(act);
    }

    /// Only the last of the people lies, so that the others can still be held to account.
    fn lie(&mut self) {
        let who = self.people - 1;
        let with = [
            Tamper::Junk,
            Tamper::Replay,
            Tamper::FrontierLie,
            Tamper::BrokenEvent,
            Tamper::StrangeChains,
            Tamper::Fork,
        ][self.dice.index(6)];
        let act = match self.dice.below(10) {
            0 => Act::Stranger { to: self.dice.index(self.people) },
            // The year 2300, or before anybody was born.
            1 => Act::Clock {
                who,
                shift_ms: if self.dice.percent(50) { 9_000_000_000_000 } else { -1_700_000_000_000 },
            },
            _ => Act::Tamper { who, with, times: u32::try_from(self.dice.between(1, 6)).expect("small") },
        };
        self.push(act);
    }
}

fn clock(dice: &mut Dice) -> i64 {
    let error = i64::try_from(dice.below(2 * CLOCK_ERROR_MS)).expect("hours");
    error - i64::try_from(CLOCK_ERROR_MS).expect("hours")
}

/// The shortest script found that still fails: takes out ever smaller runs of steps.
pub fn shrink(script: &Script, mut fails: impl FnMut(&Script) -> bool) -> Script {
    let mut best = script.clone();
    let mut run = best.steps.len().div_ceil(2);
    while run > 0 {
        let (mut at, mut shorter) = (0, false);
        while at < best.steps.len() {
            let mut tried = best.clone();
            let end = (at + run).min(tried.steps.len());
            tried.steps.drain(at..end);
            if fails(&tried) {
                (best, shorter) = (tried, true);
            } else {
                at += run;
            }
        }
        if !shorter || run > best.steps.len() {
            run /= 2;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_made_short_to_what_makes_it_fail() {
        let script = Script::with_theme(5, Theme::Everything);
        assert!(script.steps.len() > 8);
        let says =
            |script: &Script| script.steps.iter().filter(|s| matches!(s.act, Act::Say { .. })).count() >= 2;
        let short = shrink(&script, says);
        assert_eq!(short.steps.len(), 2, "{short:#?}");
    }

    #[test]
    fn the_seeds_of_the_suite_make_every_fault() {
        let acts: Vec<Act> =
            (0..200).flat_map(|seed| Script::write(seed).steps).map(|step| step.act).collect();
        let has = |wanted: fn(&Act) -> bool| assert!(acts.iter().filter(|act| wanted(act)).count() >= 5);
        has(|act| matches!(act, Act::Cut { told: Told::Nobody, .. }));
        has(|act| matches!(act, Act::Part { .. }));
        has(|act| matches!(act, Act::Crash { .. }));
        has(|act| matches!(act, Act::Restore { told: true, .. }));
        has(|act| matches!(act, Act::Restore { told: false, .. }));
        has(|act| matches!(act, Act::DiskFull { .. }));
        has(|act| matches!(act, Act::Clock { .. }));
        has(|act| matches!(act, Act::Block { .. }));
        has(|act| matches!(act, Act::DirectoryDown));
        has(|act| matches!(act, Act::Duplicate { .. }));
        has(|act| matches!(act, Act::Stranger { .. }));
        for with in [
            Tamper::Junk,
            Tamper::Replay,
            Tamper::FrontierLie,
            Tamper::BrokenEvent,
            Tamper::StrangeChains,
            Tamper::Fork,
        ] {
            assert!(
                acts.iter().any(|act| matches!(act, Act::Tamper { with: w, .. } if *w == with)),
                "{with:?}"
            );
        }
    }
}
