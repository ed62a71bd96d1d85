//! `send`: a message to somebody, by name.

use std::io::Read;

use anyhow::{Context, bail};
use clap::Args;
use serde_json::{Value, json};

use super::{Api, print};
use crate::{config::DataDir, service::tokens::Scope};

#[derive(Debug, Args)]
pub struct Send {
    #[command(flatten)]
    data: DataDir,

    /// Username, or the 64 digits of a person's id
    user: String,

    /// What to write; `-` reads it from the standard input
    text: String,

    /// Ask the person to chat, if you don't know each other yet; the text is the first message
    #[arg(long)]
    ask: bool,

    /// Print the message as the API shows it
    #[arg(long)]
    json: bool,
}

impl Send {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let text = match self.text.as_str() {
            "-" => {
                let mut text = String::new();
                let read = std::io::stdin().read_to_string(&mut text);
                read.context("The standard input is no text.")?;
                text.strip_suffix('\n').map(str::to_owned).unwrap_or(text)
            }
            text => text.to_owned(),
        };
        let api = Api::of(&self.data, &[Scope::Read, Scope::Write])?;
        let sent = match conversation(&api, &self.user).await? {
            Some(conversation) => {
                api.post(&format!("conversations/{conversation}/messages"), &json!({ "text": text })).await?
            }
            None if self.ask => api.post("requests", &json!({ "username": self.user, "text": text })).await?,
            None => bail!("You don't know anybody named {0}; to ask them to chat, add --ask.", self.user),
        };
        if self.json {
            print::json(&sent)?;
        }
        Ok(())
    }
}

/// The conversation with a person, if there is one. A name may stand for two people, after a reset: then the newer
/// one who is not given up counts.
async fn conversation(api: &Api, user: &str) -> anyhow::Result<Option<String>> {
    let all = api.get("conversations").await?;
    let all: Vec<&Value> =
        all["conversations"].as_array().map(|all| all.iter().collect()).unwrap_or_default();
    let replaced: Vec<&str> = all.iter().filter_map(|one| one["person"]["replaces"].as_str()).collect();
    let fits = |one: &&&Value| {
        let person = &one["person"];
        let id = person["user"].as_str().unwrap_or_default();
        id == user || (person["username"] == user && !replaced.contains(&id))
    };
    let fitting: Vec<&&Value> = all.iter().filter(fits).collect();
    match fitting.as_slice() {
        [] => Ok(None),
        [one] => Ok(one["id"].as_str().map(str::to_owned)),
        _ => bail!("You know several people named {user}; give the id that `peer-node people --json` shows."),
    }
}
