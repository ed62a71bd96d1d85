//! `clear`: forgets a chat on this computer.

use anyhow::bail;
use clap::Args;

use super::{Api, people, print};
use crate::{config::DataDir, service::tokens::Scope};

#[derive(Debug, Args)]
pub struct Clear {
    #[command(flatten)]
    data: DataDir,

    /// Username, or the 64 digits of a person's id
    user: String,

    /// Take the chat out of the list, too, until somebody writes in it again
    #[arg(long)]
    delete: bool,

    /// Do it; without this, only say what would be done
    #[arg(long)]
    yes: bool,

    /// Print what was forgotten as JSON
    #[arg(long)]
    json: bool,
}

impl Clear {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let api = Api::of(&self.data, &[Scope::Read, Scope::Write])?;
        let Some(known) = people::conversation_with(&api, &self.user).await? else {
            bail!("There is no chat with {}.", self.user);
        };
        if !self.yes {
            bail!(
                "This removes all messages with {0} from this computer for good; {0} keeps theirs. To do it, add --yes.",
                self.user
            );
        }
        let chat = format!("conversations/{}", known.conversation);
        let path = if self.delete { chat } else { format!("{chat}/messages") };
        let cleared = api.delete(&path).await?;
        if self.json {
            print::json(&cleared)?;
            return Ok(());
        }
        let number = |field: &str| cleared[field].as_str().unwrap_or("0").to_owned();
        print::line(&format!("{} messages were removed from this computer.", number("messages")))?;
        if number("waiting") != "0" {
            print::line(&format!("{} of them were not delivered yet; they still are.", number("waiting")))?;
        }
        Ok(())
    }
}
