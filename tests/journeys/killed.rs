//! Power cuts: processes killed at random moments under traffic in both directions.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use journeys::{api::Api, node::Friends, program};
use reqwest::Method;
use serde_json::json;

const KILLS: u64 = 200;

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_kills_lose_nothing_and_repeat_nothing() -> Result<()> {
    let Friends { directory: _directory, mut alice, mut bob, chat } = Friends::meet().await?;

    let stop = Arc::new(AtomicBool::new(false));
    let writers = [&alice, &bob]
        .map(|node| tokio::spawn(write(node.api.clone(), node.name.clone(), chat.clone(), stop.clone())));

    // The moments come from a fixed seed; what the processes are doing then is up to the machine.
    let mut moments = Moments(0x5eed_c0de);
    for kill in 0..KILLS {
        let node = if kill % 2 == 0 { &mut alice } else { &mut bob };
        tokio::time::sleep(moments.next()).await; // the moment itself is what is tested
        node.kill_and_restart().await.with_context(|| format!("kill {kill}"))?;
    }
    stop.store(true, Ordering::Relaxed);
    let mut written = Vec::new();
    for writer in writers {
        written.push(writer.await??);
    }

    for node in [&alice, &bob] {
        for (author, count) in ["alice", "bob"].iter().zip(&written) {
            node.holds(&chat, &[&line(author, count - 1)]).await?;
        }
    }
    let histories = [alice.api.texts(&chat).await?, bob.api.texts(&chat).await?];
    ensure!(histories[0] == histories[1], "the two histories differ");
    let history = &histories[0];
    ensure!(history.iter().collect::<HashSet<_>>().len() == history.len(), "something is there twice");
    for (author, count) in ["alice", "bob"].iter().zip(&written) {
        let mine: Vec<_> = history.iter().filter(|text| text.starts_with(author)).cloned().collect();
        let wanted: Vec<_> = (0..*count).map(|number| line(author, number)).collect();
        ensure!(mine == wanted, "{author} wrote {count}, {} are there, or not in their order", mine.len());
    }

    for node in [&mut alice, &mut bob] {
        node.program.stop().await?;
        let data = node.data().display().to_string();
        let passphrase = ("CONFAB_PASSPHRASE_FILE", format!("{}/../passphrase", data));
        let said = program::output("peer-node", &["check", "--data", &data], &[passphrase]).await?;
        ensure!(said.contains("intact"), "{said}");
    }
    Ok(())
}

/// Writes numbered lines without pause; a line that got no answer is sent again under the same id.
async fn write(api: Api, author: String, chat: String, stop: Arc<AtomicBool>) -> Result<u64> {
    let mut number = 0;
    while !stop.load(Ordering::Relaxed) {
        let id = format!("{:032x}", (u128::from(author.len() as u64) << 64) | u128::from(number));
        let body = json!({ "text": line(&author, number), "id": id });
        let path = format!("conversations/{chat}/messages");
        match api.raw(Method::POST, &path, Some(body)).await {
            Ok((status, _)) if status.is_success() => number += 1,
            // The node is down or locked: ask again in a moment.
            _ => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    }
    Ok(number)
}

fn line(author: &str, number: u64) -> String {
    format!("{author} writes line {number}")
}

/// Pauses of 0 to 300 ms (SplitMix64).
struct Moments(u64);

impl Moments {
    fn next(&mut self) -> Duration {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Duration::from_millis((z ^ (z >> 31)) % 300)
    }
}
