//! The start of a node, its memory, its rest, its files.

use std::{
    fs,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use journeys::node::TestNode;
use serde_json::json;
use tokio::time::sleep;

use crate::{
    fill::Filled,
    table::{Budget, Figures, Table},
};

const ROUNDS: usize = 7;
const REST: Duration = Duration::from_secs(10);
/// People who were not reached at once are tried again after longer and longer pauses.
const SETTLED: Duration = Duration::from_secs(60);

/// From the start of the process to the first answer at its door, unlocked: with the history, and with nothing.
pub(crate) async fn measure(table: &mut Table, alice: &mut TestNode, filled: &Filled) -> Result<()> {
    let mut empty = TestNode::kept("nobody", &filled.folder.join("empty"), None).await?;
    if empty.api.get("status").await?["stage"] == "fresh" {
        let account = json!({ "username": "nobody", "passphrase": empty.passphrase, "create": true, "directory": null });
        empty.api.post("account", account).await?;
    }
    let (mut full, mut bare, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        bare.push(start(&mut empty).await?);
        full.push(start(alice).await?);
        ratios.push(full[full.len() - 1] / bare[bare.len() - 1]);
    }
    empty.program.stop().await?;
    table.title("start");
    let (full, bare) = (Figures::new(full), Figures::new(bare));
    let limit = Some(bare.p50());
    table.line(
        "process to first answer, unlocked (limit: empty node), p50",
        full.p50(),
        "ms",
        Budget::AtMost(500.0),
        limit,
    );
    table.line(
        "the same as a multiple of an empty node's",
        Figures::new(ratios).p50(),
        "x",
        Budget::AtMost(1.2),
        None,
    );
    memory(table, alice, "memory after the start, 200 contacts")?;
    let first = processor(alice, REST).await?;
    table.line("processor in the first 10 s, 200 contacts away", first, "%", Budget::AtMost(0.5), None);
    sleep(SETTLED).await;
    let rest = processor(alice, REST).await?;
    table.line("processor at rest, 200 contacts away", rest, "%", Budget::AtMost(0.5), None);
    Ok(())
}

/// What it takes of one core, in percent.
async fn processor(node: &TestNode, during: Duration) -> Result<f64> {
    let before = node.program.processor_time()?;
    let began = Instant::now();
    sleep(during).await;
    Ok((node.program.processor_time()? - before) / began.elapsed().as_secs_f64() * 100.0)
}

async fn start(node: &mut TestNode) -> Result<f64> {
    node.program.stop().await?;
    let began = Instant::now();
    node.restart().await?;
    node.api.get("status").await?;
    Ok(began.elapsed().as_secs_f64() * 1e3)
}

pub(crate) fn memory(table: &mut Table, node: &TestNode, what: &str) -> Result<()> {
    table.line(what, node.program.resident()?, "MiB", Budget::AtMost(200.0), None);
    Ok(())
}

/// Sizes on the disk.
pub(crate) fn files(table: &mut Table, filled: &Filled) -> Result<()> {
    let size = |path: std::path::PathBuf| fs::metadata(path).map_or(0.0, |found| found.len() as f64);
    let data = filled.alice().join("data");
    let database = size(data.join("confab.db"));
    let each = database / filled.messages as f64;
    table.line("database", database / f64::from(1 << 20), "MiB", Budget::None, None);
    table.line(
        "database per message",
        each,
        "B",
        Budget::None,
        Some(size(filled.limit()) / filled.messages as f64),
    );
    let log = size(data.join("confab.db-wal")) / f64::from(1 << 20);
    table.line("write-ahead log", log, "MiB", Budget::AtMost(20.0), None);
    fs::metadata(&data).context("the data folder")?;
    Ok(())
}
