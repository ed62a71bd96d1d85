//! Writes scripts: what people and weather do, drawn from a seed with a weight on the theme.

use super::{
    dice::Dice,
    network::Told,
    script::{Act, Change, Script, Step, Tamper, Theme},
};

/// A day and an hour of clock error, either way.
const CLOCK_ERROR_MS: u64 = 25 * 3600 * 1000;

/// An "open" letter may be sent once an hour, so that restores of one person lie further apart.
const BETWEEN_RESTORES_MS: u64 = 61 * 60 * 1000;

impl Script {
    /// The script of a seed, always the same.
    pub fn write(seed: u64) -> Self {
        Self::with_theme(seed, Theme::of(seed))
    }

    /// The script of a seed in which somebody moves to a new machine, at some time after a backup.
    pub fn with_a_move(seed: u64) -> Self {
        const THEMES: [Theme; 5] =
            [Theme::Calm, Theme::Cuts, Theme::Crashes, Theme::Relations, Theme::Directory];
        let mut dice = Dice::new(seed, "move");
        let mut script = Self::with_theme(seed, THEMES[dice.index(THEMES.len())]);
        // One that is put back to old copies, too, is told apart from nobody.
        script.steps.retain(|step| !matches!(step.act, Act::Image { .. } | Act::Restore { .. }));
        let who = dice.index(script.people);
        let backup = dice.index(script.steps.len() + 1);
        script.steps.insert(backup, Step { after_ms: dice.below(3_000), act: Act::Image { who } });
        let after = backup + 1 + dice.index(script.steps.len() - backup);
        let down_ms = dice.below(30_000);
        script.steps.insert(after, Step { after_ms: dice.below(3_000), act: Act::Move { who, down_ms } });
        script
    }

    /// The script of a seed in which people change what they said, react to it, and set how long it stays. Nobody lies and
    /// nothing is lost in it, so both come to the same in the end, to the last sign.
    pub fn with_changes(seed: u64) -> Self {
        const THEMES: [Theme; 5] =
            [Theme::Calm, Theme::Cuts, Theme::Crashes, Theme::Relations, Theme::Directory];
        let mut dice = Dice::new(seed, "changes");
        let mut script = Self::with_theme(seed, THEMES[dice.index(THEMES.len())]);
        script
            .steps
            .retain(|step| !matches!(step.act, Act::Image { .. } | Act::Restore { .. } | Act::Tamper { .. }));
        for _ in 0..dice.between(6, 40) {
            let by = dice.index(script.people);
            let to = (by + 1 + dice.index(script.people - 1)) % script.people;
            let what = match dice.below(10) {
                0..4 => Change::Edit,
                4..5 => Change::Redact,
                5..8 => Change::React { sign: dice.index(3), on: dice.percent(65) },
                _ => Change::Timer { seconds: u32::try_from(dice.below(4) * 60).expect("small") },
            };
            let act = Act::Change { by, to, which: dice.index(6), what };
            // Many at once, so that they cross each other and what they change.
            let after_ms = if dice.percent(60) { dice.below(30) } else { dice.below(1_500) };
            script.steps.insert(dice.index(script.steps.len() + 1), Step { after_ms, act });
        }
        script
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
        if self.dice.percent(25) && !self.restored.contains(&true) {
            self.restored.fill(true);
            return self.branches();
        }
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

    /// Two branches of one chain, equally long: the same height says nothing of them.
    fn branches(&mut self) {
        let (by, to) = self.two();
        let count = self.dice.between(1, 3);
        let mut then = |after_ms, act| self.steps.push(Step { after_ms, act });
        then(3_000, Act::Image { who: by });
        (0..count).for_each(|_| then(200, Act::Say { by, to, bytes: 40 }));
        then(3_000, Act::Part { island: vec![by] });
        then(10, Act::Restore { who: by, told: false, down_ms: 50 });
        (0..count).for_each(|_| then(400, Act::Say { by, to, bytes: 40 }));
        then(400, Act::Heal);
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
