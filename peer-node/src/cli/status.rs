//! `status`: where the node stands.

use clap::Args;
use serde_json::Value;

use super::{Api, print};
use crate::{config::DataDir, service::tokens::Scope};

#[derive(Debug, Args)]
pub struct Status {
    #[command(flatten)]
    data: DataDir,

    /// Print it as the API shows it
    #[arg(long)]
    json: bool,
}

impl Status {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let status = Api::of(&self.data, &[Scope::Read])?.get("status").await?;
        if self.json {
            print::json(&status)?;
        } else {
            print::line(&words(&status))?;
        }
        Ok(())
    }
}

fn words(status: &Value) -> String {
    let text = |value: &Value| print::tame(value.as_str().unwrap_or_default());
    let name = text(&status["username"]);
    let mut lines = vec![match status["stage"].as_str() {
        Some("open") => format!(
            "{name} is here. People with a live link: {}. Messages that wait: {}.",
            text(&status["reachable"]),
            text(&status["waiting"])
        ),
        Some("locked") => format!("The node of {name} is locked; nothing is received until it is unlocked."),
        _ => "There is no account here yet; open the page to make one: peer-node open".to_owned(),
    }];
    let directory = &status["directory"];
    let url = text(&directory["url"]);
    lines.extend(match directory["state"].as_str() {
        Some("up") => Some(format!("The directory {url} is there.")),
        Some("down") => Some(format!("The directory {url} is away: {}.", text(&directory["why"]))),
        Some("signed_out") => Some(format!("Signed out of the directory {url}.")),
        _ => None,
    });
    lines.join("\n")
}
