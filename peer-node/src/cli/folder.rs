//! The data folder that a command works on: is there a node, does it run, may it be opened.

use std::{
    fs,
    io::{self, IsTerminal},
    net::SocketAddr,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use clap::Args;

use super::beacon::Beacon;
use crate::{
    config::DataDir,
    service::Passphrase,
    store::{Marks, Options, Store},
    vault::{Cost, FolderLock, Vault},
};

/// Why a command that needs the running node finds none, in one sentence.
pub(super) fn nobody_runs(dir: &Path) -> anyhow::Error {
    let shown = dir.display();
    if !dir.exists() {
        return anyhow::anyhow!("There is no data folder {shown}; name the right one with --data.");
    }
    anyhow::anyhow!("No node runs on the data folder {shown}; start it with: peer-node --data {shown}")
}

/// An account lies in the folder, or a sentence says that none does.
pub(super) fn expect_account(dir: &Path) -> anyhow::Result<()> {
    if Vault::exists(dir) {
        return Ok(());
    }
    bail!("There is no account in the data folder {}; name the right one with --data.", dir.display())
}

/// Where the node of a folder answers, and the folder.
pub(super) fn running(data: &DataDir) -> anyhow::Result<(PathBuf, SocketAddr)> {
    let dir = data.path()?;
    let beacon = Beacon::of(&dir).ok_or_else(|| nobody_runs(&dir))?;
    Ok((dir, beacon.page))
}

/// Where a passphrase comes from: a file, or the keyboard.
#[derive(Debug, Clone, Args)]
pub(super) struct PassphraseFrom {
    /// File with the node's passphrase; without it, the keyboard is asked
    #[arg(long, env = "CONFAB_PASSPHRASE_FILE", value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

impl PassphraseFrom {
    pub(super) fn read(&self, prompt: &str) -> anyhow::Result<Passphrase> {
        passphrase(self.passphrase_file.as_deref(), "--passphrase-file", prompt)
    }
}

/// The passphrase of `file`, or what is typed.
pub(super) fn passphrase(file: Option<&Path>, flag: &str, prompt: &str) -> anyhow::Result<Passphrase> {
    if let Some(file) = file {
        let text =
            fs::read_to_string(file).with_context(|| format!("{flag} {} can't be read", file.display()))?;
        return Ok(Passphrase::from_file_text(text));
    }
    if !io::stdin().is_terminal() {
        bail!("There is no keyboard to ask for a passphrase; name a file with {flag}.");
    }
    let typed = rpassword::prompt_password(format!("{prompt}: ")).context("The passphrase can't be read")?;
    Ok(Passphrase::new(typed))
}

/// The database of a node that doesn't run, with its folder kept from starting one meanwhile.
#[derive(Debug)]
pub(super) struct Stopped {
    pub(super) store: Store,
    /// Held until the store is closed.
    _lock: FolderLock,
}

impl Stopped {
    /// Opens the folder by its passphrase.
    pub(super) async fn open(data: &DataDir, passphrase: &PassphraseFrom) -> anyhow::Result<Self> {
        let dir = data.path()?;
        expect_account(&dir)?;
        let lock = Vault::lock_dir(&dir)?;
        let passphrase = passphrase.read("Passphrase of this node")?;
        let key =
            tokio::task::spawn_blocking(move || Vault::unlock(&dir, passphrase.reveal(), Cost::STANDARD))
                .await??;
        // Only a node that runs moves its mark.
        let options = Options { marks: Marks::Nowhere };
        let store = Store::open_with(lock.dir(), &key, &options).await?;
        Ok(Self { store, _lock: lock })
    }
}
