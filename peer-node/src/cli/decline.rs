//! `decline`: no to somebody who asks to chat. They are told; the request can still be accepted later.

use clap::Args;
use serde_json::json;

use super::{Api, people};
use crate::{config::DataDir, service::tokens::Scope};

#[derive(Debug, Args)]
pub struct Decline {
    #[command(flatten)]
    data: DataDir,

    /// Username, or the 64 digits of a person's id
    user: String,
}

impl Decline {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let api = Api::of(&self.data, &[Scope::Read, Scope::Write])?;
        let user = people::known(&api, &self.user).await?;
        api.post(&format!("requests/{user}/decline"), &json!({})).await?;
        Ok(())
    }
}
