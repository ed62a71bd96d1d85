//! `health`: does the node answer? For service managers and containers, where there is no other client.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context, ensure};
use bytes::Bytes;
use clap::Args;
use http_body_util::Full;
use hyper::{Request, header};

use super::{api, folder};
use crate::config::DataDir;

/// Who takes longer is not well.
const PATIENCE: Duration = Duration::from_secs(3);

#[derive(Debug, Args)]
pub struct Health {
    #[command(flatten)]
    data: DataDir,
}

impl Health {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let (_, page) = folder::running(&self.data)?;
        let asked = tokio::time::timeout(PATIENCE, ask(page)).await;
        asked.context("The node does not answer.")?
    }
}

async fn ask(page: SocketAddr) -> anyhow::Result<()> {
    let mut sender = api::connect(page).await?;
    let request =
        Request::get("/health").header(header::HOST, api::host(page)).body(Full::<Bytes>::default());
    let answer = sender
        .send_request(request.context("This is no host name.")?)
        .await
        .context("The node broke off.")?;
    ensure!(answer.status().is_success(), "The node answers {}.", answer.status());
    Ok(())
}
