//! `check`: is the database of a stopped node intact? It reads every page and every chain, and changes nothing.

use anyhow::bail;
use clap::Args;
use serde_json::json;

use super::{folder, print};
use crate::config::DataDir;

#[derive(Debug, Args)]
pub struct Check {
    #[command(flatten)]
    data: DataDir,

    #[command(flatten)]
    passphrase: folder::PassphraseFrom,

    /// Print what was found as JSON
    #[arg(long)]
    json: bool,
}

impl Check {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let stopped = folder::Stopped::open(&self.data, &self.passphrase).await?;
        let checked = stopped.store.check().await;
        stopped.store.close().await?;
        let found = checked?;
        if self.json {
            print::json(&json!({
                "intact": found.faults.is_empty(),
                "events": found.events.to_string(),
                "chains": found.chains.to_string(),
                "faults": found.faults,
            }))?;
        }
        if !found.faults.is_empty() {
            bail!("The database is damaged: {}.", found.faults.join("; "));
        }
        if !self.json {
            print::line(&format!(
                "The database is intact: {} events in {} chains, none missing.",
                found.events, found.chains
            ))?;
        }
        Ok(())
    }
}
