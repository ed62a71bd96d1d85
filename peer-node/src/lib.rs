//! The program that each person runs. The module list is the map.

pub mod backup;
pub mod cli;
pub mod clock;
pub mod config;
pub mod demo;
pub mod desktop;
pub mod directory;
pub mod http;
pub mod link;
pub mod node;
pub mod service;
pub mod store;
pub mod telemetry;
pub mod vault;

use std::{future::Future, io, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use clock::Clock;
use config::{BadConfig, Config};
use http::{Door, guard::Hosts, session::Sessions};
use service::{Bucket, Passphrase, Service, Stage};

/// Why the program could not start; one sentence each.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Config(#[from] BadConfig),
    #[error(
        "{address} is taken by another program, maybe by another node; stop it, or choose another address with {flag}"
    )]
    PortTaken { address: SocketAddr, flag: &'static str },
    #[error("nothing can listen on {address} ({source}); choose another address with {flag}")]
    Listen { address: SocketAddr, flag: &'static str, source: io::Error },
    #[error("{path}: {error}")]
    Data { path: PathBuf, error: service::Error },
    #[error("the passphrase file {path} can't be read: {source}")]
    PassphraseFile { path: PathBuf, source: io::Error },
    #[error("the node could not be unlocked with the passphrase file {path}: {error}")]
    Unlock { path: PathBuf, error: service::Error },
}

/// A node that runs: both doors are open. It ends with `stop`.
#[derive(Debug)]
pub struct Running {
    door: Door,
    data: PathBuf,
    served: JoinHandle<()>,
}

/// Opens a listener, or says in one sentence why not.
///
/// # Errors
/// A taken port, an address that is not this computer's.
pub async fn listen(address: SocketAddr, flag: &'static str) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => StartError::PortTaken { address, flag },
        _ => StartError::Listen { address, flag, source },
    })
}

/// Runs a node until `shutdown`.
///
/// # Errors
/// Whatever keeps it from starting.
pub async fn run(
    config: &Config,
    ui_listener: TcpListener,
    link_listener: TcpListener,
    shutdown: impl Future<Output = ()>,
) -> Result<(), StartError> {
    let running = Running::start(config, ui_listener, link_listener).await?;
    shutdown.await;
    running.stop().await;
    Ok(())
}

impl Running {
    /// Takes the data folder, opens both doors, and unlocks if there is a passphrase file.
    ///
    /// # Errors
    /// Settings that can't be used, a data folder in use, a passphrase that doesn't fit.
    pub async fn start(
        config: &Config,
        ui_listener: TcpListener,
        link_listener: TcpListener,
    ) -> Result<Self, StartError> {
        config.check()?;
        let data = config.data.path()?;
        let in_data = |error| StartError::Data { path: data.clone(), error };
        let io_in_data = |error: io::Error| in_data(service::Error::Storage(error.to_string()));
        let clock = Clock::start();
        let service =
            Service::new(data.clone(), config.try_into()?, link_listener, clock).map_err(in_data)?;
        let page = ui_listener.local_addr().map_err(io_in_data)?;
        let hosts = Hosts::new(page, &config.ui_host);
        let sessions = Sessions::open(&data).map_err(io_in_data)?;
        if let Some(path) = &config.passphrase_file {
            unlock(&service, path).await?;
        }
        cli::announce(&data, page).map_err(io_in_data)?;
        let closing = CancellationToken::new();
        let calls = Arc::new(Bucket::per_second(config.api_per_second));
        let door = Door { service, sessions, hosts, clock, calls, closing: closing.clone() };
        let served = tokio::spawn(http::serve(ui_listener, http::router(door.clone()), closing));
        Ok(Self { door, data, served })
    }

    pub fn service(&self) -> &Service {
        &self.door.service
    }

    /// `http://127.0.0.1:7402`
    pub fn url(&self) -> String {
        self.door.hosts.url()
    }

    /// A link that opens the page once; with a `life`, only so long.
    pub fn launch_url(&self, life: Option<Duration>) -> String {
        self.door.sessions.launch_url(&self.door.hosts, self.door.clock.wall(), life)
    }

    /// Says goodbye to everybody, lets answers finish, closes the database.
    pub async fn stop(self) {
        self.door.closing.cancel();
        // Others first: they see the goodbye within a second, whatever answers are still under way here.
        self.door.service.close().await;
        if let Err(error) = self.served.await {
            tracing::error!(%error, "the page's door broke off");
        }
        cli::withdraw(&self.data);
    }
}

async fn unlock(service: &Service, path: &PathBuf) -> Result<(), StartError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| StartError::PassphraseFile { path: path.clone(), source })?;
    if service.stage().await == Stage::Fresh {
        tracing::info!("there is no account yet, so the passphrase file is not used");
        return Ok(());
    }
    service
        .unlock(&Passphrase::from_file_text(text))
        .await
        .map_err(|error| StartError::Unlock { path: path.clone(), error })
}
