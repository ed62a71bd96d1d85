//! `demo`: a directory and three people on this computer, to try everything out; all of it goes with Ctrl-C.

use std::{
    fs, io,
    path::{Path, PathBuf},
    pin::pin,
};

use anyhow::Context;
use clap::Args;
use futures_util::future::join_all;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::{
    Running,
    config::Config,
    service::{
        Passphrase, SettingsChange, Visibility,
        account::{DirectoryAddress, Entry, Keys},
        private,
    },
};

/// Names and passphrases. The people live as long as the demo, so everybody may know their passphrases.
const PEOPLE: [(&str, &str); 3] =
    [("alice", "seven warm lanterns"), ("bob", "a quiet harbour town"), ("carol", "rain on the glasshouse")];

#[derive(Debug, Args)]
pub struct Demo {}

impl Demo {
    /// Brings everything up, prints three links, and takes everything down when `ended`, also half-way up.
    ///
    /// # Errors
    /// No free port, no temporary folder.
    pub async fn run(self, ended: impl Future<Output = ()>) -> anyhow::Result<()> {
        let mut ended = pin!(ended);
        println!("A directory and three people are on their way ..");
        let folder = TemporaryFolder::new().context("A temporary folder could not be made")?;
        let mut stage = Stage::default();
        let up = tokio::select! {
            up = stage.set(&folder.0) => up,
            () = &mut ended => {
                stage.clear().await;
                return Ok(());
            }
        };
        if let Err(error) = up {
            stage.clear().await;
            return Err(error);
        }
        println!("{}", stage.poster(&folder.0));
        ended.await;
        println!("\nEverybody says goodbye.");
        stage.clear().await;
        Ok(())
    }
}

/// Everything that runs.
#[derive(Debug, Default)]
struct Stage {
    directory: Option<Directory>,
    nodes: Vec<Running>,
}

#[derive(Debug)]
struct Directory {
    url: String,
    end: CancellationToken,
    served: JoinHandle<Result<(), directory::Error>>,
}

impl Stage {
    async fn set(&mut self, folder: &Path) -> anyhow::Result<()> {
        let directory =
            start_directory(&folder.join("directory")).await.context("The directory could not start")?;
        let url = directory.url.clone();
        self.directory = Some(directory);
        for (name, _) in PEOPLE {
            self.nodes.push(
                start_node(&folder.join(name), &url)
                    .await
                    .with_context(|| format!("The node of {name} could not start"))?,
            );
        }
        // Each of them works on passphrases for a while; they do so at once.
        let entered = self.nodes.iter().zip(PEOPLE).map(|(node, (name, passphrase))| {
            let url = url.clone();
            async move {
                enter(node, name, passphrase, url).await.with_context(|| format!("{name} could not come in"))
            }
        });
        join_all(entered).await.into_iter().collect()
    }

    /// What the person at the terminal needs to know.
    fn poster(&self, folder: &Path) -> String {
        let mut text = String::from(
            "\n  Three people and a directory are on this computer now. Open the links of two of them in two windows,\n  \
             let one ask the other, accept, and write.\n\n",
        );
        for (node, (name, passphrase)) in self.nodes.iter().zip(PEOPLE) {
            text += &format!("  {name:6}  {}\n", node.launch_url(None));
            text += &format!("          passphrase: {passphrase}\n\n");
        }
        let url = self.directory.as_ref().map(|directory| directory.url.as_str()).unwrap_or_default();
        text += &format!("  Directory: {url}\n  Data: {}\n", folder.display());
        text += "\n  A link works once. Another one: peer-node open --print --data ";
        text += &format!("{}\n", folder.join(PEOPLE[0].0).display());
        text += "  Ctrl-C ends everything and leaves nothing behind.";
        text
    }

    /// The people first, so that they can say goodbye to the directory, too.
    async fn clear(&mut self) {
        join_all(self.nodes.drain(..).map(Running::stop)).await;
        let Some(directory) = self.directory.take() else { return };
        directory.end.cancel();
        match directory.served.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "the directory of the demo broke off"),
            Err(error) => tracing::error!(%error, "the directory of the demo broke off"),
        }
    }
}

async fn start_directory(data: &Path) -> anyhow::Result<Directory> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    // One computer, three people: nothing needs to be slowed down, and no work to be proven.
    let config = directory::Config { listen: address, ..directory::Config::lifted(data) };
    let end = CancellationToken::new();
    let ended = end.clone();
    let served = tokio::spawn(directory::run(config, listener, async move { ended.cancelled().await }));
    Ok(Directory { url: format!("http://{address}"), end, served })
}

async fn start_node(data: &Path, directory: &str) -> anyhow::Result<Running> {
    let (ui, links) = (TcpListener::bind("127.0.0.1:0").await?, TcpListener::bind("127.0.0.1:0").await?);
    let config = Config {
        data: data.into(),
        ui: ui.local_addr()?,
        listen: links.local_addr()?,
        directory: Some(directory.to_owned()),
        no_open: true,
        // Outside the folder nothing may stay behind.
        state: Some(data.join("state")),
        ..Config::defaults()
    };
    Ok(Running::start(&config, ui, links).await?)
}

/// Makes the account, with everything that a person would be asked answered.
async fn enter(node: &Running, name: &str, passphrase: &str, directory: String) -> anyhow::Result<()> {
    let service = node.service();
    let entry = Entry {
        username: name.to_owned(),
        passphrase: Passphrase::new(passphrase.to_owned()),
        directory: Some(DirectoryAddress { url: directory, pin: None }),
        confirm_new: true,
        keys: Keys::Unsaid,
    };
    service.enter(&entry).await?;
    service.recovery_saved().await?;
    let listed = SettingsChange { visibility: Some(Visibility::Everyone), ..SettingsChange::default() };
    service.change_settings(listed).await?;
    Ok(())
}

/// A folder that goes when the demo ends.
#[derive(Debug)]
struct TemporaryFolder(PathBuf);

/// What still runs may write a last file while the folder goes.
const TRIES: usize = 5;

impl TemporaryFolder {
    fn new() -> io::Result<Self> {
        let name = data_encoding::HEXLOWER.encode(&rand::random::<[u8; 6]>());
        let path = std::env::temp_dir().join(format!("confab-demo-{name}"));
        private::make_dir(&path)?;
        Ok(Self(path))
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        let gone = (0..TRIES).any(|_| fs::remove_dir_all(&self.0).is_ok() || !self.0.exists());
        if !gone {
            tracing::warn!(folder = %self.0.display(), "the folder of the demo could not be removed");
        }
    }
}
