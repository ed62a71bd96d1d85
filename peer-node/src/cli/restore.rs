//! `restore`: the account of a backup becomes the one of a new data folder.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::{folder, print};
use crate::{config::DataDir, service::keep};

#[derive(Debug, Args)]
pub struct Restore {
    #[command(flatten)]
    data: DataDir,

    /// File with the passphrase that shall open the node on this computer; without it, the keyboard is asked
    #[arg(long, env = "CONFAB_PASSPHRASE_FILE", value_name = "FILE")]
    passphrase_file: Option<PathBuf>,

    /// File with the passphrase of the backup; without it, the keyboard is asked
    #[arg(long, env = "CONFAB_BACKUP_PASSPHRASE_FILE", value_name = "FILE")]
    backup_passphrase_file: Option<PathBuf>,

    /// The backup
    file: PathBuf,

    /// Print what came back as JSON, with the new recovery key
    #[arg(long)]
    json: bool,
}

impl Restore {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let dir = self.data.path()?;
        let backup = folder::passphrase(
            self.backup_passphrase_file.as_deref(),
            "--backup-passphrase-file",
            "Passphrase of the backup",
        )?;
        let account = folder::passphrase(
            self.passphrase_file.as_deref(),
            "--passphrase-file",
            "Passphrase for the node on this computer",
        )?;
        let restored = keep::restore_folder(&dir, &account, &backup, &self.file).await?;
        let (people, messages) = (restored.counts.people, restored.counts.items);
        let key = restored.recovery.key.as_str();
        if self.json {
            print::json(&json!({
                "username": restored.username,
                "people": people.to_string(),
                "messages": messages.to_string(),
                "recovery_key": key,
            }))?;
            return Ok(());
        }
        print::line(&format!(
            "{} is in {} now, with {people} people and {messages} messages.\n\
             The new recovery key, to be written down: {key}\n\
             Start the node with: peer-node --data {}",
            restored.username,
            dir.display(),
            dir.display()
        ))?;
        Ok(())
    }
}
