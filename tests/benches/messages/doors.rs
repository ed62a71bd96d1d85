//! From door to door: two programs as people run them, with a directory, driven over REST.

use std::time::Instant;

use anyhow::Result;
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
        let program = &self.bob.program;
        let Ok(before) = program.processor_time() else { return Ok(None) };
        let started = Instant::now();
        sleep(SLICE).await;
        let spent = (program.processor_time()? - before) / started.elapsed().as_secs_f64();
        Ok(Some(Idle { memory: program.resident()?, processor: spent * 100.0 }))
    }
}
