//! What the user can do: one verb, one function. Doors translate, this decides, the node and the store carry out.

pub mod account;
pub mod alerts;
mod bell;
mod bucket;
pub mod clear;
pub mod conversations;
mod error;
mod membership;
pub mod feed;
pub mod keep;
pub mod messages;
pub mod network;
mod open;
mod passphrase;
pub mod people;
pub mod private;
pub mod search;
pub mod settings;
pub mod switch;
pub mod timer;
pub mod tokens;
mod vanish;
pub mod view;
mod waiting;

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::{Arc, atomic::AtomicUsize},
};

use protocol::{address::Address, ids::BootId};
use tokio::{
    net::{TcpListener, UdpSocket},
    sync::{Mutex, RwLock, watch},
};

pub use bell::Looking;
pub use bucket::Bucket;
pub use error::{Error, Kind};
pub use passphrase::Passphrase;
pub use settings::SettingsChange;
pub use view::*;

use crate::{
    clock::Clock,
    config::{BadConfig, Config},
    node::DoorLimits,
    store,
    vault::{Cost, FolderLock, Vault},
};
use feed::{Change, Feed};
use open::Open;
use tokens::Tokens;

/// The one thing that both doors and the command line talk to. Cheap to clone; all clones are one node.
#[derive(Debug, Clone)]
pub struct Service(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    dir: PathBuf,
    /// One process to a data folder, for as long as this lives.
    _lock: FolderLock,
    given: Given,
    clock: Clock,
    feed: Feed,
    tokens: Tokens,
    state: RwLock<State>,
    tries: Bucket,
    /// Pages that are open.
    pages: AtomicUsize,
    /// Rings when somebody should be told while no page is open.
    bell: watch::Sender<u64>,
    /// Other nodes knock here. Taken by an open node, bound again when it was closed.
    door: Mutex<Door>,
}

/// What the service needs of the program's settings.
#[derive(Debug, Clone)]
pub struct Given {
    pub announce: Vec<Address>,
    pub directory: Option<String>,
    pub directory_pin: Option<String>,
    pub directory_ca: Option<PathBuf>,
    pub logins_per_minute: u32,
    pub cost: Cost,
    pub links: DoorLimits,
    pub store: store::Options,
}

impl TryFrom<&Config> for Given {
    type Error = BadConfig;

    fn try_from(config: &Config) -> Result<Self, BadConfig> {
        Ok(Self {
            announce: config.announce.clone(),
            directory: config.directory.clone(),
            directory_pin: config.pin()?,
            directory_ca: config.directory_ca.clone(),
            logins_per_minute: config.logins_per_minute,
            cost: config.cost,
            links: config.links,
            store: store::Options {
                marks: config.state.clone().map_or(store::Marks::System, store::Marks::Folder),
            },
        })
    }
}

#[derive(Debug)]
struct Door {
    listener: Option<TcpListener>,
    address: SocketAddr,
}

impl Inner {
    /// The socket where other nodes knock. A node that was closed gave it away, so it is bound again.
    async fn take_listener(&self) -> Result<TcpListener, Error> {
        let mut door = self.door.lock().await;
        if let Some(listener) = door.listener.take() {
            return Ok(listener);
        }
        TcpListener::bind(door.address).await.map_err(|error| {
            Error::Stopped(format!("{} is taken by another program ({error})", door.address))
        })
    }

    /// What others are told to dial: what the user named, or where this computer can be reached as far as it knows.
    async fn announced(&self) -> Vec<Address> {
        if !self.given.announce.is_empty() {
            return self.given.announce.clone();
        }
        let here = self.door.lock().await.address;
        let ips =
            if here.ip().is_unspecified() { own_addresses(here.is_ipv6()).await } else { vec![here.ip()] };
        ips.into_iter().filter_map(|ip| SocketAddr::new(ip, here.port()).to_string().parse().ok()).collect()
    }
}

/// The addresses from which this computer would speak to the world; its own one where there is no world.
async fn own_addresses(ipv6: bool) -> Vec<IpAddr> {
    let mut own = own_networks().await;
    own.retain(|ip| ipv6 || ip.is_ipv4());
    if own.is_empty() {
        own.push(Ipv4Addr::LOCALHOST.into());
    }
    own
}

/// This computer's addresses in the networks that lead anywhere. Nothing is sent: a UDP socket that is only
/// connected shows the choice of the routing table. (TEST-NET-1 and the documentation prefix: RFC 5737, RFC 3849.)
async fn own_networks() -> Vec<IpAddr> {
    let mut own = Vec::new();
    for (from, to) in [("0.0.0.0:0", "192.0.2.1:9"), ("[::]:0", "[2001:db8::1]:9")] {
        let Ok(socket) = UdpSocket::bind(from).await else { continue };
        if socket.connect(to).await.is_ok()
            && let Ok(address) = socket.local_addr()
            && !address.ip().is_unspecified()
        {
            own.push(address.ip());
        }
    }
    own
}

#[derive(Debug)]
enum State {
    Fresh,
    Locked,
    Open(Arc<Open>),
}

impl Service {
    /// Takes the data folder. The account that is in it stays locked until `unlock`.
    ///
    /// # Errors
    /// A folder that another process uses or that can't be written.
    pub fn new(dir: PathBuf, given: Given, link: TcpListener, clock: Clock) -> Result<Self, Error> {
        let lock = Vault::lock_dir(&dir)?;
        Self::sweep(&dir);
        let address = link.local_addr().map_err(|error| Error::Storage(error.to_string()))?;
        let state = if Vault::exists(&dir) { State::Locked } else { State::Fresh };
        let tries = Bucket::per_minute(given.logins_per_minute);
        Ok(Self(Arc::new(Inner {
            tokens: Tokens::new(&dir),
            dir,
            _lock: lock,
            given,
            clock,
            feed: Feed::new(BootId(rand::random())),
            state: RwLock::new(state),
            tries,
            pages: AtomicUsize::new(0),
            bell: watch::Sender::new(0),
            door: Mutex::new(Door { listener: Some(link), address }),
        })))
    }

    /// Everything that changes, numbered.
    pub fn feed(&self) -> &Feed {
        &self.0.feed
    }

    /// The tokens of scripts; they need no account.
    pub fn tokens(&self) -> &Tokens {
        &self.0.tokens
    }

    pub async fn stage(&self) -> Stage {
        match *self.0.state.read().await {
            State::Fresh => Stage::Fresh,
            State::Locked => Stage::Locked,
            State::Open(_) => Stage::Open,
        }
    }

    /// The open node, or why there is none.
    async fn open(&self) -> Result<Arc<Open>, Error> {
        match &*self.0.state.read().await {
            State::Fresh => Err(Error::Fresh),
            State::Locked => Err(Error::Locked),
            State::Open(open) => Ok(open.clone()),
        }
    }

    fn tell(&self, change: Change) {
        self.0.feed.tell(change);
    }
}
