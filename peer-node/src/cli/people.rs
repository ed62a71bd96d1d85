//! `people`: who is known here, and who is listed in the directory.

use anyhow::{Context, bail};
use clap::Args;
use serde_json::Value;

use super::{Api, print};
use crate::{config::DataDir, service::tokens::Scope};

#[derive(Debug, Args)]
pub struct People {
    #[command(flatten)]
    data: DataDir,

    /// A part of a name, or a whole one
    #[arg(default_value = "")]
    query: String,

    /// Print them as the API shows them
    #[arg(long)]
    json: bool,
}

impl People {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let api = Api::of(&self.data, &[Scope::Read])?;
        let query: String = form_urlencoded::byte_serialize(self.query.as_bytes()).collect();
        let found = api.get(&format!("people?q={query}")).await?;
        if self.json {
            print::json(&found)?;
            return Ok(());
        }
        let people = found["people"].as_array().map(Vec::as_slice).unwrap_or_default();
        if people.is_empty() {
            print::line("Nobody was found.")?;
        } else {
            let rows: Vec<Vec<String>> = people.iter().map(row).collect();
            print::line(&print::table(&["name", "", "online", "last seen"], &rows))?;
        }
        if let Some(why) = found["directory"].as_str() {
            eprintln!("The directory was not asked: {why}");
        }
        Ok(())
    }
}

fn row(person: &Value) -> Vec<String> {
    let relation = match person["relation"].as_str().unwrap_or_default() {
        _ if person["keys_changed"] == true => "new keys, to be confirmed",
        "stranger" => "listed in the directory",
        "asked" => "asked, no answer yet",
        "asking" => "asks to chat",
        "contact" => "contact",
        "declined_me" => "declined; keeps what you write",
        "declined" => "declined by you",
        "blocked" => "blocked by you",
        "myself" => "you",
        other => other,
    };
    let online = match (person["connected"].as_bool(), person["online"].as_bool()) {
        (Some(true), _) => "yes, connected",
        (_, Some(true)) => "yes",
        _ => "no",
    };
    let name = print::tame(person["username"].as_str().unwrap_or_default());
    vec![name, relation.to_owned(), online.to_owned(), print::when(&person["last_seen"])]
}

/// Somebody with whom there is a conversation: a contact, or a request either way.
pub(super) struct Known {
    pub(super) user: String,
    pub(super) conversation: String,
}

/// The person with this name or id, if there is a conversation with them. After a reset one name stands for two
/// people; the one who was given up doesn't count.
pub(super) async fn conversation_with(api: &Api, user: &str) -> anyhow::Result<Option<Known>> {
    let all = api.get("conversations").await?;
    let all = all["conversations"].as_array().map(Vec::as_slice).unwrap_or_default();
    let replaced: Vec<&str> = all.iter().filter_map(|one| one["person"]["replaces"].as_str()).collect();
    let known = all.iter().filter_map(|one| {
        let (person, id) = (&one["person"], one["person"]["user"].as_str()?);
        let fits = id == user || (person["username"] == user && !replaced.contains(&id));
        fits.then_some(Known { user: id.to_owned(), conversation: one["id"].as_str()?.to_owned() })
    });
    let mut known: Vec<Known> = known.collect();
    if known.len() > 1 {
        bail!("You know several people named {user}; give the id that `peer-node people --json` shows.");
    }
    Ok(known.pop())
}

/// The id of somebody with whom there is a conversation.
pub(super) async fn known(api: &Api, user: &str) -> anyhow::Result<String> {
    let known = conversation_with(api, user).await?;
    Ok(known.with_context(|| format!("There is nobody named {user} among the people you know."))?.user)
}
