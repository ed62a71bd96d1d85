//! `service`: the node runs in the background whenever its owner is signed in, so that messages arrive with every terminal
//! closed. Each system has its own keeper of programs; what it is told is text, made here and shown by `--print`.

mod keeper;
mod launchd;
mod systemd;
mod task_scheduler;

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use serde_json::Value;

use self::keeper::{Keeper, Plan};
use super::{Api, folder, print};
use crate::{config::DataDir, service::tokens::Scope};

#[derive(Debug, Args)]
pub struct Service {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Start the node now and at every sign-in
    Install(Install),
    /// Stop it and forget that it was ever there; the data folder stays
    Uninstall(Named),
    /// Say whether it is installed, runs, and is unlocked
    Status(Named),
}

#[derive(Debug, Args)]
struct Install {
    #[command(flatten)]
    named: Named,

    /// File with the passphrase, so that the node unlocks itself; without it nothing arrives until you unlock the page
    #[arg(long, env = "CONFAB_PASSPHRASE_FILE", value_name = "FILE")]
    passphrase_file: Option<PathBuf>,

    /// Print what would be written, and do nothing
    #[arg(long)]
    print: bool,

    /// More settings of the node, as after `peer-node run`
    #[arg(last = true, value_name = "SETTINGS")]
    settings: Vec<String>,
}

#[derive(Debug, Args)]
struct Named {
    #[command(flatten)]
    data: DataDir,

    /// Another name, for a second node on one computer
    #[arg(long, default_value = "confab", value_name = "NAME", value_parser = name)]
    name: String,
}

/// It becomes a part of file names.
fn name(text: &str) -> Result<String, String> {
    let fits = (1..=40).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    fits.then(|| text.to_owned()).ok_or("use up to 40 letters, digits, - and _".to_owned())
}

impl Service {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        match self.verb {
            Verb::Install(install) => install.run(),
            Verb::Uninstall(named) => named.uninstall(),
            Verb::Status(named) => named.status().await,
        }
    }
}

impl Install {
    fn run(self) -> anyhow::Result<()> {
        let keeper = keeper::of_this_system(&self.plan()?)?;
        if self.print {
            print::line(keeper.text.trim_end())?;
            return Ok(());
        }
        write(&keeper.file, &keeper.bytes())
            .with_context(|| format!("{} can't be written", keeper.file.display()))?;
        print::line(&format!("Wrote {}", keeper.file.display()))?;
        for command in &keeper.start {
            if let Err(why) = run(command) {
                bail!(
                    "It could not be started ({why}). When you are signed in at this computer, start it with:\n  {}",
                    keeper.start.iter().map(|command| command.join(" ")).collect::<Vec<_>>().join("\n  ")
                );
            }
        }
        print::line("The node runs now, and at every sign-in.")?;
        if let Some(note) = keeper.note {
            print::line(note)?;
        }
        if self.passphrase_file.is_none() {
            print::line(
                "It starts locked: nothing is received until you open its page (peer-node open) and unlock it. With \
                 --passphrase-file FILE it unlocks itself.",
            )?;
        }
        print::line(&format!("To undo all of this: peer-node service uninstall{}", self.named.flag()))?;
        Ok(())
    }

    fn plan(&self) -> anyhow::Result<Plan> {
        let program = std::env::current_exe().context("This program can't find itself.")?;
        let data = absolute(&self.named.data.path()?)?;
        let mut args = vec!["run".to_owned(), "--no-open".to_owned(), "--data".to_owned(), text(&data)?];
        if let Some(file) = &self.passphrase_file {
            let file = absolute(file)?;
            check_secret(&file)?;
            args.extend(["--passphrase-file".to_owned(), text(&file)?]);
        }
        args.extend(self.settings.iter().cloned());
        Ok(Plan { name: self.named.name.clone(), program: text(&program)?, args })
    }
}

impl Named {
    /// How to name the same service again.
    fn flag(&self) -> String {
        if self.name == "confab" { String::new() } else { format!(" --name {}", self.name) }
    }

    fn keeper(&self) -> anyhow::Result<Keeper> {
        keeper::of_this_system(&Plan { name: self.name.clone(), program: String::new(), args: Vec::new() })
    }

    fn uninstall(&self) -> anyhow::Result<()> {
        let keeper = self.keeper()?;
        if !keeper.file.exists() {
            bail!("Nothing is installed: there is no {}.", keeper.file.display());
        }
        for command in &keeper.stop {
            if let Err(why) = run(command) {
                eprintln!("{} did not work ({why}).", command.join(" "));
            }
        }
        fs::remove_file(&keeper.file)
            .with_context(|| format!("{} can't be removed", keeper.file.display()))?;
        for command in &keeper.after {
            drop(run(command));
        }
        print::line(&format!(
            "Stopped, and removed {}. The data folder is as it was.",
            keeper.file.display()
        ))?;
        Ok(())
    }

    async fn status(&self) -> anyhow::Result<()> {
        let keeper = self.keeper()?;
        let installed = keeper.file.exists();
        let first = if installed {
            format!("Installed: {}", keeper.file.display())
        } else {
            format!(
                "Not installed. To start the node at every sign-in: peer-node service install{}",
                self.flag()
            )
        };
        print::line(&first)?;
        if installed {
            let runs = run(&keeper.ask).is_ok();
            print::line(if runs { "The system keeps it running." } else { "The system does not run it." })?;
        }
        // The node may run all the same, in a terminal.
        if let Err(nobody) = folder::running(&self.data) {
            print::line(&nobody.to_string())?;
            return Ok(());
        }
        let status = Api::of(&self.data, &[Scope::Read])?.get("status").await?;
        print::line(stage(&status))?;
        Ok(())
    }
}

fn stage(status: &Value) -> &'static str {
    match status["stage"].as_str() {
        Some("open") => "The node is open: messages arrive.",
        Some("locked") => {
            "The node is locked: nothing is received until it is unlocked. Open its page (peer-node open), or install it \
             with --passphrase-file FILE."
        }
        _ => "There is no account here yet; open the page to make one: peer-node open",
    }
}

/// Runs a command of the system; the error is its last word.
fn run(command: &[String]) -> Result<(), String> {
    let Some((program, args)) = command.split_first() else { return Ok(()) };
    let output =
        Command::new(program).args(args).stdin(Stdio::null()).output().map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(said.lines().last().map_or_else(|| output.status.to_string(), |line| print::tame(line.trim())))
}

fn write(file: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(file, bytes)
}

fn absolute(path: &Path) -> anyhow::Result<PathBuf> {
    std::path::absolute(path).with_context(|| format!("{} is no path", path.display()))
}

fn text(path: &Path) -> anyhow::Result<String> {
    let text = path.to_str().with_context(|| format!("{} can't be written as text", path.display()))?;
    if text.chars().any(char::is_control) {
        bail!("{} has characters that no service manager takes.", path.display());
    }
    Ok(text.to_owned())
}

/// A passphrase file that is there, and that nobody else can read.
fn check_secret(file: &Path) -> anyhow::Result<()> {
    let about =
        fs::metadata(file).with_context(|| format!("--passphrase-file {} can't be read", file.display()))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        if about.permissions().mode() & 0o077 != 0 {
            bail!("Others on this computer can read {0}. Close it first: chmod 600 {0}", file.display());
        }
    }
    #[cfg(not(unix))]
    drop(about);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_good_for_files() {
        for good in ["confab", "work_2", "a-b"] {
            assert_eq!(name(good).as_deref(), Ok(good));
        }
        for bad in ["", "a b", "../x", "a.b", &"x".repeat(41)] {
            assert!(name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_locked_node_says_that_nothing_arrives() {
        let says = |stage: &str| super::stage(&serde_json::json!({ "stage": stage }));
        assert!(says("open").contains("messages arrive"));
        assert!(says("locked").contains("nothing is received"));
        assert!(says("fresh").contains("no account"));
    }
}
