//! `doctor`: why somebody can or cannot be reached.

use clap::Args;
use serde_json::{Value, json};

use super::{Api, people, print};
use crate::{config::DataDir, service::tokens::Scope};

#[derive(Debug, Args)]
pub struct Doctor {
    #[command(flatten)]
    data: DataDir,

    /// Username, or the 64 digits of a person's id
    user: String,

    /// Print it as the API shows it
    #[arg(long)]
    json: bool,
}

impl Doctor {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let api = Api::of(&self.data, &[Scope::Read, Scope::Write])?;
        let user = people::known(&api, &self.user).await?;
        let exam = api.post(&format!("people/{user}/doctor"), &json!({})).await?;
        if self.json {
            print::json(&exam)?;
        } else {
            print::line(&words(&exam))?;
        }
        Ok(())
    }
}

fn words(exam: &Value) -> String {
    let text = |value: &Value| print::tame(value.as_str().unwrap_or_default());
    let mut lines = vec![text(&exam["verdict"]), String::new()];
    for step in exam["steps"].as_array().map(Vec::as_slice).unwrap_or_default() {
        let mark = match step["result"].as_str() {
            Some("good") => "ok",
            Some("bad") => "!!",
            _ => "  ",
        };
        let mut line = format!("{mark}  {}: {}", text(&step["title"]), text(&step["found"]));
        let at = print::when(&step["at"]);
        if !at.is_empty() {
            line += &format!(" ({at})");
        }
        if let Some(took) = step["took_ms"].as_f64() {
            line += &format!(" [{took:.1} ms]");
        }
        lines.push(line);
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_verdict_comes_first_and_each_step_has_its_line() {
        let exam = json!({
            "verdict": "mira's computer is most likely off.",
            "steps": [
                { "result": "good", "title": "This computer", "found": "It has a network.", "at": null, "took_ms": null },
                { "result": "bad", "title": "Their address 10.0.0.1:1", "found": "Nobody.", "at": null, "took_ms": 1.25 },
            ],
        });
        assert_eq!(
            words(&exam),
            "mira's computer is most likely off.\n\nok  This computer: It has a network.\n!!  Their address 10.0.0.1:1: Nobody. [1.2 ms]"
        );
    }
}
