//! Durable, encrypted, acknowledged messages between two nodes, beside what the machine can do at most.
//!
//! `cargo bench -p journeys --bench messages` prints a table; limit and node take turns, so that a machine that is busy is busy
//! for both. The argument `--rounds N` says how often (5).

mod confab;
mod doors;
mod limit;

use std::{path::Path, time::Duration};

use anyhow::Result;

const SLICE: Duration = Duration::from_millis(1_500);
const WINDOW: usize = 1_024;

#[tokio::main]
async fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [role, file] = args.as_slice()
        && role == "limit-reader"
    {
        return limit::read(Path::new(file)).await;
    }
    let rounds = args.iter().position(|arg| arg == "--rounds").and_then(|at| args.get(at + 1)?.parse().ok());

    let mut table = Table::default();
    for _ in 0..rounds.unwrap_or(5) {
        let folder = tempfile::tempdir()?;
        let one = limit::write(folder.path(), 1, SLICE).await?;
        table.add(0, percentiles(one.micros));
        let folder = tempfile::tempdir()?;
        let many = limit::write(folder.path(), WINDOW, SLICE).await?;
        let folder = tempfile::tempdir()?;
        let (mut pair, met) = confab::Pair::meet(folder.path()).await?;
        let one = pair.write(1, SLICE).await?;
        table.add(1, percentiles(one.micros));
        let ours = pair.write(WINDOW, SLICE).await?;
        pair.part().await;
        table.rates.push((many.per_second, ours.per_second));
        table.met.push(met.as_secs_f64() * 1e3);
        let doors = doors::Doors::open().await?;
        table.add(2, percentiles(doors.post_to_event().await?));
        table.idle.extend(doors.idle().await?);
    }
    table.print();
    Ok(())
}

/// Figures of all rounds.
#[derive(Default)]
struct Table {
    /// Limit, node, and from door to door: (p50, p99) in microseconds.
    micros: [Vec<(f64, f64)>; 3],
    rates: Vec<(f64, f64)>,
    met: Vec<f64>,
    idle: Vec<doors::Idle>,
}

impl Table {
    fn add(&mut self, row: usize, figures: (f64, f64)) {
        self.micros[row].push(figures);
    }

    fn print(&self) {
        let [limit, ours, doors] = &self.micros;
        let of = |rows: &[(f64, f64)], pick: fn(&(f64, f64)) -> f64| median(rows.iter().map(pick).collect());
        let first: fn(&(f64, f64)) -> f64 = |row| row.0;
        let second: fn(&(f64, f64)) -> f64 = |row| row.1;
        println!("{:<56} {:>12} {:>12} {:>8}", "", "limit", "confab", "ratio");
        let row = |what: &str, limit: f64, ours: f64| {
            println!("{what:<56} {limit:>12.0} {ours:>12.0} {:>8.2}", ours / limit);
        };
        row("durable ack, 1 in flight, p50, microseconds", of(limit, first), of(ours, first));
        row("durable ack, 1 in flight, p99, microseconds", of(limit, second), of(ours, second));
        row("POST to the other's event stream, p50, microseconds", of(limit, first), of(doors, first));
        row("POST to the other's event stream, p99, microseconds", of(limit, second), of(doors, second));
        row("durable ack, 1,024 in flight, messages/s", of(&self.rates, first), of(&self.rates, second));
        println!("two fresh nodes to the first acknowledged message: {:.0} ms", median(self.met.clone()));
        if !self.idle.is_empty() {
            let memory = median(self.idle.iter().map(|idle| idle.memory).collect());
            let processor = median(self.idle.iter().map(|idle| idle.processor).collect());
            println!("a node at rest: {memory:.0} MiB resident, {processor:.2} % of a processor");
        }
    }
}

fn percentiles(mut values: Vec<f64>) -> (f64, f64) {
    values.sort_by(f64::total_cmp);
    let at =
        |part: f64| values.get(((values.len() as f64 - 1.0) * part) as usize).copied().unwrap_or(f64::NAN);
    (at(0.5), at(0.99))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
