//! `open`: a fresh link to the page of the running node, and the browser on it.

use std::time::Duration;

use clap::Args;
use serde_json::json;

use super::{Api, browser::open_browser, print};
use crate::{config::DataDir, service::tokens::Scope};

/// A browser that has to be started first takes so long to read what it is given.
const TO_READ: Duration = Duration::from_secs(5);

#[derive(Debug, Args)]
pub struct Open {
    #[command(flatten)]
    data: DataDir,

    /// Only print the link; it opens the page once, within a minute
    #[arg(long)]
    print: bool,

    /// Only print the link, as JSON
    #[arg(long)]
    json: bool,
}

impl Open {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let api = Api::of(&self.data, &[Scope::Account])?;
        let launch = api.post("launch", &json!({})).await?;
        let url = launch["url"].as_str().unwrap_or_default();
        if self.json {
            print::json(&launch)?;
        } else {
            print::line(url)?;
        }
        if self.print || self.json {
            return Ok(());
        }
        match open_browser(url) {
            Some(_opening) => tokio::time::sleep(TO_READ).await,
            None => eprintln!("No browser can be opened from here; open the link yourself within a minute."),
        }
        Ok(())
    }
}
