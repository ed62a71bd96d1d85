//! From door to door: two programs as people run them, with a directory, driven over REST.

use std::{fs, time::Instant};

use anyhow::{Context, Result};
use journeys::{
    directory::TestDirectory,
    node::{TestNode, acquainted},
};
use serde_json::json;
use tokio::time::sleep;

use crate::{SLICE, limit::BODY};

/// Two people who know each other, each in a process of their own.
pub(crate) struct Doors {
    alice: TestNode,
    bob: TestNode,
    chat: String,
    _directory: TestDirectory,
}

/// What a node costs when nothing happens.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Idle {
    /// Resident memory in MiB.
    pub(crate) memory: f64,
    /// Part of one processor, in percent.
    pub(crate) processor: f64,
}

impl Doors {
    pub(crate) async fn open() -> Result<Self> {
        let directory = TestDirectory::start().await?;
        let alice = TestNode::with_account("alice", &directory.url).await?;
        let bob = TestNode::with_account("bob", &directory.url).await?;
        let chat = acquainted(&alice, &bob).await?;
        Ok(Self { alice, bob, chat, _directory: directory })
    }

    /// From Alice's POST to the event at Bob's stream, one message after the other: microseconds of each.
    pub(crate) async fn post_to_event(&self) -> Result<Vec<f64>> {
        let mut events = self.bob.api.events().await?;
        let mut micros = Vec::new();
        let mut read = 0;
        let text = "m".repeat(BODY);
        let started = Instant::now();
        while started.elapsed() < SLICE {
            let round = Instant::now();
            let id = format!("{:032x}", micros.len() + 1);
            let path = format!("conversations/{}/messages", self.chat);
            let (sent, seen) = tokio::join!(
                self.alice.api.post(&path, json!({ "text": text, "id": id })),
                events.after(read, |event| {
                    (event.kind == "message" && event.data["id"] == id.as_str()).then_some(())
                }),
            );
            micros.push(round.elapsed().as_secs_f64() * 1e6);
            sent?;
            (read, ()) = seen?;
        }
        Ok(micros)
    }

    /// What Bob's node costs while nobody writes; `None` where the system has no `/proc`.
    pub(crate) async fn idle(&self) -> Result<Option<Idle>> {
        let id = self.bob.program.id().context("Bob's node runs")?;
        let Ok(before) = processor_time(id) else { return Ok(None) };
        let started = Instant::now();
        sleep(SLICE).await;
        let spent = (processor_time(id)? - before) / started.elapsed().as_secs_f64();
        Ok(Some(Idle { memory: resident(id)?, processor: spent * 100.0 }))
    }
}

/// Resident memory in MiB: `VmRSS` of proc(5).
fn resident(id: u32) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{id}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("VmRSS")?;
    let kib: f64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kib / 1024.0)
}

/// Seconds of processor time, user and system: fields 14 and 15 of `/proc/<id>/stat` in hundredths.
fn processor_time(id: u32) -> Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat"))?;
    let fields = stat.rsplit_once(')').context("a name in parentheses")?.1;
    let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<f64>);
    Ok(ticks.sum::<Result<f64, _>>()? / 100.0)
}
