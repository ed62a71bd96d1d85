//! `timer`: how long messages of a chat stay.

use anyhow::{Context, bail};
use clap::Args;
use serde_json::json;
use web::span;

use super::{Api, people, print};
use crate::{config::DataDir, service::tokens::Scope};

#[derive(Debug, Args)]
pub struct Timer {
    #[command(flatten)]
    data: DataDir,

    /// Username, or the 64 digits of a person's id
    user: String,

    /// `off`, or a number with s, m, h, d or w, such as 8h; left out: only say what is set
    after: Option<String>,

    /// Print the conversation as the API shows it
    #[arg(long)]
    json: bool,
}

impl Timer {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let api = Api::of(&self.data, &[Scope::Read, Scope::Write])?;
        let Some(known) = people::conversation_with(&api, &self.user).await? else {
            bail!("There is no chat with {}.", self.user);
        };
        let path = format!("conversations/{}", known.conversation);
        let chat = match &self.after {
            Some(after) => {
                let seconds = seconds(after)
                    .context("Say how long: off, or a number with s, m, h, d or w, such as 8h.")?;
                api.put(&format!("{path}/timer"), &json!({ "seconds": seconds })).await?
            }
            None => api.get(&path).await?,
        };
        if self.json {
            print::json(&chat)?;
            return Ok(());
        }
        let set = chat["timer"].as_u64().and_then(|seconds| u32::try_from(seconds).ok()).unwrap_or(0);
        print::line(&match set {
            0 => "Messages stay.".to_owned(),
            set => format!("New messages disappear {} after they were read.", span::words(&set)),
        })?;
        Ok(())
    }
}

/// `off` is 0; `90s`, `5m`, `8h`, `1d`, `4w`.
fn seconds(text: &str) -> Option<u64> {
    if text == "off" {
        return Some(0);
    }
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let unit = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        "w" => 604_800,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn spans_are_read_as_people_write_them() {
        let read = ["off", "90s", "5m", "8h", "1d", "4w", "0s"].map(seconds);
        assert_eq!(read, [0, 90, 300, 28_800, 86_400, 2_419_200, 0].map(Some));
        for bad in ["", "1", "h", "-1h", "1y", "1.5h", "99999999999999999999w", "\u{e9}"] {
            assert_eq!(seconds(bad), None, "{bad}");
        }
    }
}
