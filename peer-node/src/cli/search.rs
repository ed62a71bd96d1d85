//! `search`: what was written here, in all chats or in one.

use anyhow::Context;
use clap::Args;
use serde_json::Value;

use super::{Api, people, print};
use crate::{config::DataDir, service::tokens::Scope};

#[derive(Debug, Args)]
pub struct Search {
    #[command(flatten)]
    data: DataDir,

    /// Words that all have to be in a message; the last one may be the beginning of a word
    #[arg(required = true)]
    words: Vec<String>,

    /// Only in the chat with this person: username, or the 64 digits of their id
    #[arg(long = "with", value_name = "USER")]
    with: Option<String>,

    /// At most this many messages, the newest ones
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=200))]
    limit: u16,

    /// Go on where an answer ended: its `next`
    #[arg(long)]
    before: Option<String>,

    /// Print them as the API shows them
    #[arg(long)]
    json: bool,
}

impl Search {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let api = Api::of(&self.data, &[Scope::Read])?;
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("q", &self.words.join(" ")).append_pair("limit", &self.limit.to_string());
        if let Some(user) = &self.with {
            let known = people::conversation_with(&api, user).await?;
            let known = known.with_context(|| format!("You have no chat with anybody named {user}."))?;
            query.append_pair("conversation", &known.conversation);
        }
        if let Some(before) = &self.before {
            query.append_pair("before", before);
        }
        let found = api.get(&format!("search?{}", query.finish())).await?;
        if self.json {
            print::json(&found)?;
            return Ok(());
        }
        let hits = found["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
        if hits.is_empty() {
            print::line("Nothing was found. Search covers the text of messages.")?;
        } else {
            let rows: Vec<Vec<String>> = hits.iter().map(row).collect();
            print::line(&print::table(&["sent", "chat", "from", "text"], &rows))?;
        }
        if let Some(percent) = found["indexed"].as_u64() {
            eprintln!("The search index is being made anew: {percent} % of the history were searched.");
        }
        if let Some(next) = found["next"].as_str() {
            eprintln!("There is more: --before {next}");
        }
        Ok(())
    }
}

fn row(hit: &Value) -> Vec<String> {
    let with = print::tame(hit["with"].as_str().unwrap_or_default());
    let from = if hit["mine"] == true { "you".to_owned() } else { with.clone() };
    let pieces = hit["excerpt"].as_array().map(Vec::as_slice).unwrap_or_default();
    let text: String = pieces.iter().filter_map(|piece| piece["text"].as_str()).collect();
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    vec![print::when(&hit["sent"]), with, from, print::tame(&line)]
}
