//! What the people and the weather do: written from a seed, replayed from a seed, made shorter when it fails.

use super::network::Told;

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
    /// Something is done to the `which`-th message that stands there, or to how long messages stay.
    Change {
        by: usize,
        to: usize,
        which: usize,
        what: Change,
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
    /// The machine is gone; the copy is a backup, and a new machine is made from it.
    Move {
        who: usize,
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

/// What people do to what was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Other words for a message of one's own.
    Edit,
    /// A message of one's own is taken back.
    Redact,
    /// One of a few signs, or no more.
    React { sign: usize, on: bool },
    /// How long messages stay from here on.
    Timer { seconds: u32 },
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
