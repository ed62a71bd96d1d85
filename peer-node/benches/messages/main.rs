//! Durable, end-to-end encrypted, acknowledged messages between two whole nodes, beside the limit of this machine
//! in the same run. `cargo bench -p peer-node --bench messages [ROUNDS]`; the data lies in `$CONFAB_BENCH_DIR`,
//! or under `target`, and should be on the disk that is to be measured.

mod limit;
mod nodes;

use std::{path::PathBuf, time::Duration};

/// Of one text.
const BYTES: usize = 256;
const WINDOW: usize = 1_024;
const TIME: Duration = Duration::from_millis(1_500);

/// What one run found: messages per second, and microseconds where one message was under way at a time.
struct Figures {
    rate: f64,
    p50: f64,
    p99: f64,
}

fn main() {
    let rounds = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(5);
    let (mut ours_many, mut limit_many, mut ours_one, mut limit_one) = (vec![], vec![], vec![], vec![]);
    let nodes = nodes::Nodes::start();
    for _ in 0..rounds {
        limit_many.push(limit::run(WINDOW, TIME));
        ours_many.push(nodes.run(WINDOW, TIME));
        limit_one.push(limit::run(1, TIME));
        ours_one.push(nodes.run(1, TIME));
    }
    nodes.stop();
    println!("{:<44} {:>11} {:>11} {:>7}", "256-byte messages, median of rounds", "confab", "limit", "ratio");
    line("window 1024, messages/s", &ours_many, &limit_many, |figures| figures.rate);
    line("one in flight, p50, us", &ours_one, &limit_one, |figures| figures.p50);
    line("one in flight, p99, us", &ours_one, &limit_one, |figures| figures.p99);
    println!("load {}", std::fs::read_to_string("/proc/loadavg").unwrap_or_default().trim());
}

fn line(name: &str, ours: &[Figures], limit: &[Figures], of: fn(&Figures) -> f64) {
    let median = |rounds: &[Figures]| percentile(&mut rounds.iter().map(of).collect::<Vec<_>>(), 50);
    let (ours, limit) = (median(ours), median(limit));
    println!("{name:<44} {ours:>11.1} {limit:>11.1} {:>7.2}", ours / limit);
}

fn percentile(values: &mut [f64], percent: usize) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get((values.len().saturating_sub(1)) * percent / 100).copied().unwrap_or(f64::NAN)
}

fn data_dir() -> PathBuf {
    let dir = std::env::var_os("CONFAB_BENCH_DIR").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/bench-data")),
        PathBuf::from,
    );
    std::fs::create_dir_all(&dir).expect("a folder for the data");
    dir
}
