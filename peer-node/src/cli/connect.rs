//! `connect`: calls everybody now, or looks who answers at an address.

use clap::Args;
use serde_json::{Value, json};

use super::{Api, print};
use crate::{config::DataDir, service::tokens::Scope};

#[derive(Debug, Args)]
pub struct Connect {
    #[command(flatten)]
    data: DataDir,

    /// Look who answers at this address (host:port); without it, everybody you know is called
    address: Option<String>,

    /// Print it as the API shows it
    #[arg(long)]
    json: bool,
}

impl Connect {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let api = Api::of(&self.data, &[Scope::Write])?;
        let answer = match &self.address {
            Some(address) => api.post("peers", &json!({ "address": address })).await?,
            None => api.post("peers/reach", &json!({})).await?,
        };
        if self.json {
            print::json(&answer)?;
        } else {
            print::line(&words(&answer, self.address.is_some()))?;
        }
        Ok(())
    }
}

fn words(answer: &Value, one: bool) -> String {
    let text = |name: &str| print::tame(answer[name].as_str().unwrap_or_default());
    if one {
        let digits = text("safety_number");
        return format!(
            "{} answers. Safety number: {digits}\nNothing was sent. To ask them, use the page or the API.",
            text("username")
        );
    }
    format!("Connected: {}. Being called now: {}.", text("connected"), text("trying"))
}
