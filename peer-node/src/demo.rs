//! `demo`: a directory and three people on this computer, to look around; everything ends and goes with Ctrl-C.

use std::{future::Future, net::SocketAddr};

use anyhow::Context;
use clap::{Args, Parser};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use crate::{
    Running,
    config::Config,
    service::{
        Passphrase, SettingsChange, Visibility,
        account::{DirectoryAddress, Entry, Keys},
    },
};

/// Names and passphrases of the people. They live as long as the demo, so their passphrases may be known.
const PEOPLE: [(&str, &str); 3] =
    [("alice", "seven warm lanterns"), ("bob", "a quiet harbour town"), ("carol", "rain on the glasshouse")];

#[derive(Debug, Args)]
pub struct Demo {}

/// The demo's directory is configured as its program would be.
#[derive(Debug, Parser)]
struct DirectorySettings {
    #[command(flatten)]
    config: directory::Config,
}

#[derive(Debug, Parser)]
struct NodeSettings {
    #[command(flatten)]
    config: Config,
}

/// Brings everything up, prints three links, and takes everything down when `ended`.
///
/// # Errors
/// No free port, no temporary folder.
pub async fn run(_: &Demo, ended: impl Future<Output = ()>) -> anyhow::Result<()> {
    let folder = TemporaryFolder::new()?;
    let (directory, url) = Directory::start(&folder).await?;
    let mut nodes = Vec::new();
    for (name, passphrase) in PEOPLE {
        nodes.push(
            person(&folder, name, passphrase, &url)
                .await
                .with_context(|| format!("{name} could not start"))?,
        );
    }
    println!(
        "A directory ({url}) and three people are here. Open each link once, best in windows of their own:"
    );
    println!();
    for (node, (name, passphrase)) in nodes.iter().zip(PEOPLE) {
        println!("  {name:6} {}", node.launch_url(None));
        println!("         passphrase: {passphrase}");
    }
    println!();
    println!("Everything is in {} and goes when you press Ctrl-C.", folder.0.display());
    ended.await;
    println!("Saying goodbye.");
    for node in nodes {
        node.stop().await;
    }
    directory.stop().await;
    Ok(())
}

async fn person(
    folder: &TemporaryFolder,
    name: &str,
    passphrase: &str,
    directory: &str,
) -> anyhow::Result<Running> {
    let data = folder.0.join(name);
    let NodeSettings { config } = NodeSettings::try_parse_from([
        "demo",
        "--data",
        data.to_str().context("the temporary folder has a name that is no text")?,
        "--ui",
        "127.0.0.1:0",
        "--listen",
        "127.0.0.1:0",
        "--directory",
        directory,
        "--no-open",
    ])?;
    // The environment may hold settings of the user's own node.
    let config = Config {
        announce: Vec::new(),
        ui_host: Vec::new(),
        passphrase_file: None,
        directory_pin: None,
        ..config
    };
    let ui = TcpListener::bind(config.ui).await?;
    let link = TcpListener::bind(config.listen).await?;
    let node = Running::start(&config, ui, link).await?;
    let entry = Entry {
        username: name.to_owned(),
        passphrase: Passphrase::new(passphrase.to_owned()),
        directory: Some(DirectoryAddress { url: directory.to_owned(), pin: None }),
        confirm_new: true,
        keys: Keys::Unsaid,
    };
    node.service().enter(&entry).await?;
    node.service().recovery_saved().await?;
    let listed = SettingsChange { visibility: Some(Visibility::Everyone), ..SettingsChange::default() };
    node.service().change_settings(listed).await?;
    Ok(node)
}

#[derive(Debug)]
struct Directory {
    end: oneshot::Sender<()>,
    served: JoinHandle<Result<(), directory::Error>>,
}

impl Directory {
    async fn start(folder: &TemporaryFolder) -> anyhow::Result<(Self, String)> {
        let data = folder.0.join("directory");
        let DirectorySettings { config } = DirectorySettings::try_parse_from([
            "demo",
            "--data",
            data.to_str().context("the temporary folder has a name that is no text")?,
            "--listen",
            "127.0.0.1:0",
            // A demo is one computer: nothing needs to be slowed down.
            "--work-bits",
            "0",
            "--registrations",
            "off",
            "--sign-ins",
            "off",
            "--sign-ins-long",
            "off",
            "--look-ups",
            "off",
            "--look-ups-long",
            "off",
            "--letters-new",
            "off",
        ])?;
        let listener = TcpListener::bind(config.listen).await?;
        let address: SocketAddr = listener.local_addr()?;
        let (end, ended) = oneshot::channel();
        let served = tokio::spawn(directory::run(config, listener, async {
            // A dropped sender is an end, too.
            let _ = ended.await;
        }));
        Ok((Self { end, served }, format!("http://{address}")))
    }

    async fn stop(self) {
        let _ = self.end.send(());
        match self.served.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "the directory of the demo broke off"),
            Err(error) => tracing::error!(%error, "the directory of the demo broke off"),
        }
    }
}

/// A folder that goes when the demo ends.
#[derive(Debug)]
struct TemporaryFolder(std::path::PathBuf);

impl TemporaryFolder {
    fn new() -> std::io::Result<Self> {
        let name = data_encoding::HEXLOWER.encode(&rand::random::<[u8; 6]>());
        let path = std::env::temp_dir().join(format!("confab-demo-{name}"));
        crate::service::private::make_dir(&path)?;
        Ok(Self(path))
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!(%error, folder = %self.0.display(), "the folder of the demo could not be removed");
        }
    }
}
