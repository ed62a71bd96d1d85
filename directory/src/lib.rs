//! The directory: people make an account, sign in, find each other, leave sealed letters, and see who is online.
//! It never sees a message. The module list is the map.

mod accounts;
mod check;
mod clock;
mod config;
mod http;
mod keys;
mod letters;
mod limits;
mod passwords;
mod presence;
mod refusal;
mod secrets;
mod store;
pub mod telemetry;
mod tls;
mod tokens;

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use ed25519_dalek::SigningKey;
use protocol::directory::{Hex, Identity};
use tokio::{net::TcpListener, time::sleep};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use check::check;
pub use clock::Clock;
pub use config::{Config, Hashing, Limits, Secret};
pub use limits::{BadRate, Rate};

use accounts::{Guard, SESSION_MS};
use limits::Buckets;
use passwords::Passwords;
use presence::Presence;
use store::Store;
use tls::Tls;
use tokens::{Challenges, Tokens};

/// How often old letters and sessions are thrown away, and keys looked at.
const SWEEP: Duration = Duration::from_secs(600);

/// A directory that does not start, in one sentence.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the data folder {0} can't be used: {1}")]
    Data(std::path::PathBuf, io::Error),
    #[error("{0}")]
    Store(#[from] store::OpenError),
    #[error("TLS can't be served: {0}")]
    Tls(io::Error),
    #[error("can't listen on {0}: {1}")]
    Listen(SocketAddr, io::Error),
    #[error("the password hash settings are not possible")]
    Hashing,
}

/// A directory, open and not yet serving.
#[derive(Debug)]
pub struct Directory {
    config: Config,
    clock: Clock,
    key: SigningKey,
    tls: Option<Tls>,
    store: Store,
    passwords: Passwords,
    tokens: Tokens,
    challenges: Challenges,
    presence: Arc<Presence>,
    guard: Guard,
    limits: AccountLimits,
    tasks: TaskTracker,
    stop: CancellationToken,
}

/// Limits on what accounts do, and the one on all requests of an address.
#[derive(Debug)]
struct AccountLimits {
    requests: Buckets<[u8; 9]>,
    look_ups: Buckets<String>,
    listings: Buckets<String>,
    changes: Buckets<String>,
    letters: Buckets<String>,
    letters_new: Buckets<String>,
}

impl Directory {
    /// Opens the data folder (made if there is none) for serving at `address`: with TLS, or on loopback without.
    ///
    /// # Errors
    /// See [`Error`]; nothing was changed that a second try would miss.
    pub async fn open(config: Config, address: SocketAddr) -> Result<Arc<Self>, Error> {
        let in_data = |error| Error::Data(config.data.clone(), error);
        secrets::make_folder(&config.data).map_err(in_data)?;
        let seed = secrets::seed(&config.data.join("identity.key")).map_err(in_data)?;
        let key = SigningKey::from_bytes(&seed);
        let tls = config.wants_tls(address).then(|| Tls::open(&config)).transpose().map_err(Error::Tls)?;
        if let (Some(file), Some(tls)) = (&config.fingerprint_file, &tls) {
            std::fs::write(file, format!("{}\n", tls.fingerprint))
                .map_err(|error| Error::Data(file.clone(), error))?;
        }
        let clock = Clock::default();
        let id = Identity::state(&key, None, "").id();
        let store = Store::open(&config.data, config.database_url.as_ref().map(Secret::expose)).await?;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let limits = &config.limits;
        Ok(Arc::new(Self {
            tokens: Tokens::open(&config.data, &id, clock.clone()).map_err(in_data)?,
            challenges: Challenges::new(clock.clone()),
            passwords: Passwords::new(config.hashing.price(), cores, config.hashing.hash_queue)
                .map_err(|_| Error::Hashing)?,
            presence: Arc::new(Presence::new(limits.sockets as usize)),
            guard: Guard::new(limits),
            limits: AccountLimits {
                requests: Buckets::new([limits.requests]),
                look_ups: Buckets::new([limits.look_ups, limits.look_ups_long]),
                listings: Buckets::new([limits.listings]),
                changes: Buckets::new([limits.changes]),
                letters: Buckets::new([limits.letters]),
                letters_new: Buckets::new([limits.letters_new]),
            },
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            store,
            tls,
            key,
            clock,
            config,
        }))
    }

    /// What `GET /v1/identity` answers.
    pub fn identity(&self) -> Identity {
        Identity::state(&self.key, self.fingerprint(), env!("CARGO_PKG_VERSION"))
    }

    fn id(&self) -> [u8; 32] {
        self.identity().id()
    }

    /// The hash of the certificate's key, which nodes can pin; none over plain HTTP.
    pub fn fingerprint(&self) -> Option<Hex<32>> {
        self.tls.as_ref().map(|tls| tls.fingerprint)
    }

    /// Nodes have to pin the fingerprint, since no authority stands behind the certificate.
    pub fn must_be_pinned(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| tls.own)
    }

    /// The clock of everything that expires, for tests.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Password hashes computed since the start, for tests.
    pub fn hash_runs(&self) -> u64 {
        self.passwords.runs()
    }

    /// Presence sockets that are open, or have a moment to come back.
    pub fn sockets(&self) -> usize {
        self.presence.count()
    }

    /// Serves until `shutdown`, then ends gracefully.
    pub async fn serve(self: Arc<Self>, listener: TcpListener, shutdown: impl Future<Output = ()> + Send) {
        let sweeper = tokio::spawn(self.clone().sweep());
        let acceptor = self.tls.as_ref().map(|tls| tls.acceptor.clone());
        let router = http::router(self.clone());
        let connections = self.config.limits.connections;
        let serving = http::server::serve(
            listener,
            acceptor,
            router,
            connections,
            self.tasks.clone(),
            self.stop.clone(),
        );
        let ending = async {
            shutdown.await;
            self.stop.cancel();
            self.presence.end_all();
        };
        tokio::join!(serving, ending);
        sweeper.abort();
        let _ = sweeper.await;
        self.store.close().await;
    }

    async fn sweep(self: Arc<Self>) {
        loop {
            let now = self.clock.now();
            let letters =
                self.store.drop_old_letters(now.saturating_sub(self.config.limits.letters_wait_ms())).await;
            let sessions = self.store.end_old_sessions(now.saturating_sub(SESSION_MS)).await;
            match (letters, sessions) {
                (Ok(0), Ok(0)) => {}
                (Ok(letters), Ok(sessions)) => {
                    tracing::info!(letters, sessions, "old things were thrown away")
                }
                (Err(error), _) | (_, Err(error)) => {
                    tracing::error!(%error, "old things could not be thrown away")
                }
            }
            if let Err(error) = self.tokens.rotate() {
                tracing::error!(%error, "the token keys could not be changed");
            }
            sleep(SWEEP).await;
        }
    }
}

/// Opens a directory and serves it on `listener` until `shutdown`.
///
/// # Errors
/// It could not be opened.
pub async fn run(
    config: Config,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), Error> {
    let address = listener.local_addr().map_err(|error| Error::Listen(config.listen, error))?;
    Directory::open(config, address).await?.serve(listener, shutdown).await;
    Ok(())
}
