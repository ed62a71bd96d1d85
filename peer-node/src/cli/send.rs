//! `send`: a message to somebody, by name.

use std::io::Read;

use anyhow::{Context, bail};
use clap::Args;
use serde_json::json;

use super::{
    Api,
    people::{self, Known},
    print,
};
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
        let sent = match people::conversation_with(&api, &self.user).await? {
            Some(Known { conversation, .. }) => {
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
