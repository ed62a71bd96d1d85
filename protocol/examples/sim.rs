//! Plays many simulated conversations and says which seeds broke a promise: `cargo sim 20000`.
//!
//! `cargo sim SEEDS [FIRST]` plays seeds from FIRST (0) on; `cargo sim --seed N` plays one, makes its script short if it
//! fails, and tells all that happened; `--changes` plays those in which messages are changed, too; `--real` seals with the real ratchets. `cargo sim --mutants` says which of 200 seeds
//! find each known mistake.

use std::{
    process::ExitCode,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use protocol::{
    seal::Vodozemac,
    sim::{FakeSeal, Mutant, Options, Outcome, Script, Theme, shrink, simulate},
};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let real = words.iter().any(|word| word == "--real");
    let play = if real { simulate::<Vodozemac> } else { simulate::<FakeSeal> };
    let numbers: Vec<u64> = words.iter().filter_map(|word| word.parse().ok()).collect();
    if words.iter().any(|word| word == "--mutants") {
        return mutants(play);
    }
    if words.iter().any(|word| word == "--seed") {
        return one(numbers.first().copied().unwrap_or(0), script_of(&words), play);
    }
    let (count, first) = (numbers.first().copied().unwrap_or(200), numbers.get(1).copied().unwrap_or(0));
    many(first..first + count, script_of(&words), play)
}

/// Which script a seed stands for.
fn script_of(words: &[String]) -> fn(u64) -> Script {
    if words.iter().any(|word| word == "--changes") { Script::with_changes } else { Script::write }
}

type Play = fn(&Script, Options) -> Outcome;

fn many(seeds: std::ops::Range<u64>, script: fn(u64) -> Script, play: Play) -> ExitCode {
    #[expect(clippy::disallowed_methods, reason = "how long it took, for people")]
    let begun = Instant::now();
    let (next, end) = (AtomicU64::new(seeds.start), seeds.end);
    let sum = Mutex::new(Sum::default());
    let workers = std::thread::available_parallelism().map_or(1, Into::into);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end {
                        return;
                    }
                    let outcome = play(&script(seed), Options::default());
                    sum.lock().expect("no worker panics while it adds").add(seed, &outcome);
                }
            });
        }
    });
    let mut sum = sum.into_inner().expect("no worker panics while it adds");
    #[expect(clippy::disallowed_methods, reason = "how long it took, for people")]
    sum.tell(begun.elapsed());
    if sum.failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// How often each known mistake is found, and first by which promise.
fn mutants(play: Play) -> ExitCode {
    let mut missed = 0;
    for mutant in Mutant::ALL {
        let options = Options { mutant: Some(mutant), ..Options::default() };
        let found: Vec<_> = (0..200)
            .filter_map(|seed| Some((seed, play(&Script::write(seed), options).broken.first()?.clone())))
            .collect();
        let first =
            found.first().map_or_else(String::new, |(seed, promise)| format!("seed {seed}: {promise}"));
        println!("{mutant:?}: found by {} of 200 seeds; {first}", found.len());
        missed += usize::from(found.is_empty());
    }
    if missed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[derive(Default)]
struct Sum {
    played: u64,
    failed: Vec<(u64, String)>,
    virtual_ms: u64,
    converged_ms: Vec<u64>,
    /// Frames, bytes, events delivered, bytes of events, of seeds without faults.
    calm: [u64; 4],
    all: [u64; 4],
}

impl Sum {
    fn add(&mut self, seed: u64, outcome: &Outcome) {
        self.played += 1;
        self.virtual_ms += outcome.virtual_ms;
        match outcome.broken.first() {
            Some(promise) => {
                println!("seed {seed} ({:?}): {promise}", Theme::of(seed));
                self.failed.push((seed, promise.clone()));
            }
            None => self.converged_ms.push(outcome.converged_ms),
        }
        let figures =
            [outcome.traffic.frames, outcome.traffic.bytes, outcome.delivered, outcome.delivered_bytes];
        let calm = Theme::of(seed) == Theme::Calm;
        for (at, figure) in figures.into_iter().enumerate() {
            self.all[at] += figure;
            self.calm[at] += if calm { figure } else { 0 };
        }
    }

    fn tell(&mut self, took: Duration) {
        self.failed.sort();
        self.converged_ms.sort_unstable();
        let at = |percent: usize| {
            let last = self.converged_ms.len().saturating_sub(1);
            self.converged_ms.get(last * percent / 100).copied().unwrap_or(0)
        };
        println!("{} seeds, {} failed, {:.1} s", self.played, self.failed.len(), took.as_secs_f64());
        println!("{:.0} virtual hours", self.virtual_ms as f64 / 3.6e6);
        println!(
            "virtual ms from the end of all faults to agreement: p50 {}, p90 {}, p99 {}, most {}",
            at(50),
            at(90),
            at(99),
            at(100)
        );
        for (name, [frames, bytes, events, event_bytes]) in [("without faults", self.calm), ("all", self.all)]
        {
            let events = events.max(1) as f64;
            println!(
                "{name}: {:.2} frames and {:.0} bytes on the wire for each delivered event ({:.0} bytes long)",
                frames as f64 / events,
                bytes as f64 / events,
                event_bytes as f64 / events
            );
        }
        if !self.failed.is_empty() {
            let seeds: Vec<String> = self.failed.iter().map(|(seed, _)| seed.to_string()).collect();
            println!("replay one with `cargo sim --seed N`: {}", seeds.join(" "));
        }
    }
}

fn one(seed: u64, script: fn(u64) -> Script, play: Play) -> ExitCode {
    let mut script = script(seed);
    let outcome = play(&script, Options::default());
    if outcome.broken.is_empty() {
        println!("{script:#?}");
        println!("seed {seed} keeps all promises; agreed after {} ms", outcome.converged_ms);
        return ExitCode::SUCCESS;
    }
    script = shrink(&script, |script| !play(script, Options::default()).broken.is_empty());
    let outcome = play(&script, Options { tell: true, ..Options::default() });
    for line in &outcome.lines {
        println!("{line}");
    }
    println!("{script:#?}");
    for promise in &outcome.broken {
        println!("{promise}");
    }
    ExitCode::FAILURE
}
