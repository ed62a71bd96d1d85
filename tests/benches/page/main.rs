//! The page and the doors of a node with a long history, held against the budgets of the design: a chat of 100,000
//! messages in a node of 1,000,000, 200 chats, a real Chromium.
//!
//! `cargo bench -p journeys --bench page` makes the history once (some minutes; `target/bench-page/<messages>` keeps it:
//! remove that folder to make it anew), prints a table and fails if a budget is broken. `--messages N` takes a shorter
//! history, `--only start`, `doors`, `search` or `screen` one part. Where a limit makes sense it is measured in the same run, by turns.

mod doors;
mod fill;
mod limit;
mod screen;
mod search;
mod start;
mod table;
mod words;

use std::process::ExitCode;

use anyhow::Result;
use journeys::node::TestNode;
use serde_json::json;

use fill::Filled;
use table::Table;

// One thread: what asks and what answers are the only ones that wake for a question.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| args.iter().position(|arg| arg == name).and_then(|at| args.get(at + 1));
    let messages = value("--messages").map_or(Ok(1_000_000), |number| number.parse())?;
    let only = value("--only").map(String::as_str);
    let filled = Filled::get(messages).await?;
    let mut table = Table::default();
    println!("{} messages in {} chats, {} of them with Bob", filled.messages, fill::PEOPLE, filled.in_chat);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("load of the machine at the start: {}", load.trim());

    let mut alice = TestNode::kept("alice", &filled.alice(), None).await?;
    let wanted = |part| only.is_none_or(|only| only == part);
    if wanted("start") {
        start::measure(&mut table, &mut alice, &filled).await?;
    }
    if wanted("doors") {
        doors::measure(&mut table, &alice, &filled).await?;
    }
    if wanted("search") {
        search::over_http(&mut table, &alice, &filled).await?;
    }
    if wanted("screen") {
        // The link to the page opens once, and only in the first minute.
        alice.program.stop().await?;
        alice.restart().await?;
        let bob = TestNode::kept("bob", &filled.bob(), None).await?;
        let path = format!("people/{}/connect", alice.user("bob").await?);
        alice.api.post(&path, json!({ "address": bob.listen() })).await?;
        screen::measure(&mut table, &mut alice, &bob, &filled).await?;
    }
    table.title("after all of it");
    start::memory(&mut table, &alice, "memory after use")?;
    start::files(&mut table, &filled)?;
    alice.program.stop().await?;
    Ok(if table.end() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
