//! `backup` and `restore`.

use std::{fs, io::Write, path::Path};

use http_body_util::BodyExt;
use hyper::Method;
use serde_json::json;

use super::{
    Keep,
    client::{Client, Error},
};
use crate::service::{
    Passphrase,
    keep::{self, Counts},
    private,
};

pub(super) async fn backup(wish: &Keep) -> anyhow::Result<()> {
    let backup = passphrase(wish.backup_passphrase_file.as_deref(), "Passphrase for the backup: ")?;
    let counts = match Client::connect(&wish.plain.data) {
        Ok(client) => match from_node(&client, &backup, &wish.file).await {
            Err(error) if matches!(error.downcast_ref(), Some(Error::NoNode(_))) => {
                from_folder(wish, &backup).await?
            }
            done => {
                done?;
                None
            }
        },
        Err(Error::NoNode(_)) => from_folder(wish, &backup).await?,
        Err(error) => return Err(error.into()),
    };
    match (wish.plain.json, counts) {
        (true, _) => println!("{}", json!({ "file": wish.file })),
        (false, Some(counts)) => println!("Saved to {}: {}", wish.file.display(), words(&counts)),
        (false, None) => println!("Saved to {}.", wish.file.display()),
    }
    Ok(())
}

async fn from_node(client: &Client, backup: &Passphrase, file: &Path) -> anyhow::Result<()> {
    let wish = json!({ "passphrase": backup.reveal() });
    let answer = client.send(Method::POST, "/api/v1/backup", Some(&wish), None).await?;
    let part = file.with_extension("part");
    private::write(&part, &[])?;
    let mut to = fs::OpenOptions::new().append(true).open(&part)?;
    let mut body = answer.into_body();
    while let Some(frame) = body.frame().await {
        if let Ok(bytes) = frame?.into_data() {
            to.write_all(&bytes)?;
        }
    }
    to.sync_all()?;
    fs::rename(&part, file)?;
    Ok(())
}

async fn from_folder(wish: &Keep, backup: &Passphrase) -> anyhow::Result<Option<Counts>> {
    let account = passphrase(wish.passphrase_file.as_deref(), "Passphrase of the account: ")?;
    let dir = wish.plain.data.path()?;
    Ok(Some(keep::back_up_folder(&dir, &account, backup, &wish.file).await?))
}

pub(super) async fn restore(wish: &Keep) -> anyhow::Result<()> {
    let backup = passphrase(wish.backup_passphrase_file.as_deref(), "Passphrase of the backup: ")?;
    let account =
        passphrase(wish.passphrase_file.as_deref(), "Passphrase for the account on this computer: ")?;
    let dir = wish.plain.data.path()?;
    let restored = keep::restore_folder(&dir, &account, &backup, &wish.file).await?;
    if wish.plain.json {
        println!(
            "{}",
            json!({ "username": restored.username, "recovery_key": restored.recovery.key.as_str() })
        );
        return Ok(());
    }
    println!("{} is on this computer now: {}", restored.username, words(&restored.counts));
    println!("The new recovery key: {}", restored.recovery.key.as_str());
    Ok(())
}

fn words(counts: &Counts) -> String {
    format!("{} people, {} messages.", counts.people, counts.items)
}

fn passphrase(file: Option<&Path>, ask: &str) -> anyhow::Result<Passphrase> {
    match file {
        Some(file) => {
            let text =
                fs::read_to_string(file).map_err(|error| anyhow::anyhow!("{}: {error}", file.display()))?;
            Ok(Passphrase::from_file_text(text))
        }
        None => Ok(Passphrase::new(rpassword::prompt_password(ask)?)),
    }
}
