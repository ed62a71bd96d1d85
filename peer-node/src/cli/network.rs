//! `network`: who is reached and how, and when the others are tried again.

use clap::Args;
use serde_json::Value;

use super::{Api, print};
use crate::{config::DataDir, service::tokens::Scope};

#[derive(Debug, Args)]
pub struct Network {
    #[command(flatten)]
    data: DataDir,

    /// Print what happened lately instead; names and addresses are shortened, so that it can be shown around
    #[arg(long)]
    log: bool,

    /// Print it as the API shows it
    #[arg(long)]
    json: bool,
}

impl Network {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let api = Api::of(&self.data, &[Scope::Read])?;
        let answer = api.get(if self.log { "network/log" } else { "network" }).await?;
        if self.json {
            print::json(&answer)?;
        } else if self.log {
            for line in answer["lines"].as_array().map(Vec::as_slice).unwrap_or_default() {
                print::line(&format!(
                    "{}  {}  {}",
                    text(&line["at"]),
                    text(&line["who"]),
                    text(&line["text"])
                ))?;
            }
        } else {
            print::line(&words(&answer))?;
        }
        Ok(())
    }
}

fn text(value: &Value) -> String {
    print::tame(value.as_str().unwrap_or_default())
}

fn words(network: &Value) -> String {
    let routes = network["routes"].as_array().map(Vec::as_slice).unwrap_or_default();
    if routes.is_empty() {
        return "You know nobody yet.".to_owned();
    }
    let rows: Vec<Vec<String>> = routes.iter().map(row).collect();
    print::table(&["name", "way", "answers in", "sent", "received", "since"], &rows)
}

fn row(route: &Value) -> Vec<String> {
    let path = &route["path"];
    if path.is_object() {
        let by = if path["dialled"] == true { "to" } else { "from" };
        let trip = path["round_trip_ms"].as_f64().map(|ms| format!("{ms:.1} ms")).unwrap_or_default();
        return vec![
            text(&route["username"]),
            format!("direct, {by} {}", text(&path["remote"])),
            trip,
            text(&path["sent"]),
            text(&path["received"]),
            print::when(&path["since"]),
        ];
    }
    let next = match route["next"]["state"].as_str() {
        Some("at") => format!("not reachable; next try {}", print::when(&route["next"]["at"])),
        Some("under_way") => "being called".to_owned(),
        Some("no_address") => "no address is known".to_owned(),
        _ => "not reachable".to_owned(),
    };
    vec![text(&route["username"]), next, String::new(), String::new(), String::new(), String::new()]
}
