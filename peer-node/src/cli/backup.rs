//! `backup`: account, people and history in one encrypted file, of a running node or of a stopped one.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use clap::Args;
use http_body_util::BodyExt;
use hyper::Method;
use serde_json::json;

use super::{Api, api, beacon::Beacon, folder, print};
use crate::{
    config::DataDir,
    service::{Passphrase, keep, tokens::Scope},
    vault,
};

#[derive(Debug, Args)]
pub struct Backup {
    #[command(flatten)]
    data: DataDir,

    #[command(flatten)]
    passphrase: folder::PassphraseFrom,

    /// File with the passphrase of the backup, which may be another one; without it, the keyboard is asked
    #[arg(long, env = "CONFAB_BACKUP_PASSPHRASE_FILE", value_name = "FILE")]
    backup_passphrase_file: Option<PathBuf>,

    /// Where to write it
    file: PathBuf,

    /// Write over a file that is there
    #[arg(long)]
    force: bool,
}

impl Backup {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let shown = self.file.display();
        if self.file.exists() && !self.force {
            bail!("{shown} is there already; choose another name, or write over it with --force.");
        }
        let dir = self.data.path()?;
        let flag = "--backup-passphrase-file";
        if Beacon::of(&dir).is_some() {
            let api = Api::of(&self.data, &[Scope::Account])?;
            let words = folder::passphrase(
                self.backup_passphrase_file.as_deref(),
                flag,
                "Passphrase for the backup",
            )?;
            from_node(&api, &words, &self.file).await?;
        } else {
            folder::expect_account(&dir)?;
            let account = self.passphrase.read("Passphrase of this node")?;
            let words = folder::passphrase(
                self.backup_passphrase_file.as_deref(),
                flag,
                "Passphrase for the backup",
            )?;
            keep::back_up_folder(&dir, &account, &words, &self.file).await?;
        }
        print::line(&format!(
            "The backup is in {shown}. Keep its passphrase: without it nobody can read the file, not even you."
        ))?;
        Ok(())
    }
}

/// The running node writes it; it comes over the API and lies under its name only when it is whole.
async fn from_node(api: &Api, passphrase: &Passphrase, file: &Path) -> anyhow::Result<()> {
    let wish = json!({ "passphrase": passphrase.reveal() });
    let answer = api.ask(Method::POST, "backup", Some(&wish), None).await?;
    let mut body = api::stream(answer).await?;
    let part = file.with_extension("part");
    let written = async {
        let mut to = vault::private_file(&part, true)?;
        while let Some(frame) = body.frame().await {
            if let Ok(bytes) = frame?.into_data() {
                to.write_all(&bytes)?;
            }
        }
        to.sync_all()?;
        fs::rename(&part, file)?;
        anyhow::Ok(())
    };
    let written = written.await;
    if written.is_err() {
        // Best effort: half a backup is of no use.
        drop(fs::remove_file(&part));
    }
    written.with_context(|| format!("{} can't be written", file.display()))
}
