//! The network as people ask about it: who is reached and how, who is not and why, and when it is tried again.

mod doctor;
mod log;

use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

use protocol::{address::Address, ids::UserId, node::Command, time::WallMs};
use tokio::{sync::broadcast::error::RecvError, time::timeout};

pub use doctor::{Examination, Mark, Step, Topic};
pub use log::Line;

use super::{DirectoryState, Error, Person, Relation, Service, open::Open, people};
pub use crate::node::{LinkInfo, Next, Tried};
use crate::node::{Reason, Way};

/// A connection to somebody who answers has this long to come about.
const CONNECT: Duration = Duration::from_secs(8);

/// The whole network of this node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    pub directory: DirectoryState,
    /// Since when the directory is as it is.
    pub directory_since: Option<WallMs>,
    /// Where this node listens for others.
    pub listening: SocketAddr,
    /// What others are told to dial.
    pub addresses: Vec<String>,
    /// Everybody a link is wanted to or there is one with: those who are linked first, then by name.
    pub routes: Vec<Route>,
}

/// The way to one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    pub person: Person,
    pub path: Option<LinkInfo>,
    /// Where they were last known to listen; some of them were tried.
    pub attempts: Vec<Attempt>,
    /// When the addresses were last tried in vain.
    pub failed: Option<WallMs>,
    pub next: Next,
}

/// One address of somebody, and what came of it the last time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    pub address: String,
    /// None: not tried since this program started, or it was not needed.
    pub answer: Option<Answer>,
}

/// Why an address led nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// In words, as the second half of a sentence.
    pub why: String,
    pub took: Duration,
}

/// What connecting to everybody began with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connecting {
    pub connected: u64,
    /// People who are being called now.
    pub trying: u64,
}

impl Service {
    /// Who is reached and how, and who is not and why.
    ///
    /// # Errors
    /// When the node is not open.
    pub async fn network(&self) -> Result<Network, Error> {
        let open = self.open().await?;
        let mut links = open.links_by_user();
        let ways = open.ways().await?;
        let mut routes = Vec::new();
        for person in open.store.people().await? {
            let Some(way) = ways.get(&person.user) else { continue };
            let path = links.remove(&person.user);
            if path.is_none() && way.next == Next::Unwanted {
                continue;
            }
            routes.push(Route::new(open.view(person), path, way));
        }
        routes.sort_by(|a, b| {
            (a.path.is_none(), &a.person.username).cmp(&(b.path.is_none(), &b.person.username))
        });
        let joined = open.joined();
        Ok(Network {
            directory: joined.as_ref().map_or(DirectoryState::None, |joined| joined.state()),
            directory_since: joined.and_then(|joined| joined.since()),
            listening: self.0.door.lock().await.address,
            addresses: open.addresses.iter().map(ToString::to_string).collect(),
            routes,
        })
    }

    /// Looks how long answers take on every link; they are in [`Service::network`] a moment later.
    ///
    /// # Errors
    /// When the node is not open.
    pub async fn measure(&self) -> Result<(), Error> {
        self.open().await?.command(Command::Measure).await.map(drop)
    }

    /// Calls everybody who is not connected, whatever the timers say.
    ///
    /// # Errors
    /// When the node is not open.
    pub async fn connect_all(&self) -> Result<Connecting, Error> {
        let open = self.open().await?;
        open.command(Command::Redial).await?;
        let ways = open.ways().await?;
        let count = |is: fn(Next) -> bool| ways.values().filter(|way| is(way.next)).count() as u64;
        Ok(Connecting {
            connected: count(|next| next == Next::Linked),
            // Many are not called at once: those who come next are, in a moment.
            trying: count(|next| matches!(next, Next::UnderWay | Next::At(_))),
        })
    }

    /// Connects to somebody who is known, at an address where they were just seen, and waits a moment for it.
    /// Answers whether there is a connection.
    ///
    /// # Errors
    /// A bad address, nobody or somebody else there, nobody of that id here.
    pub async fn connect_to(&self, user: UserId, address: &str) -> Result<bool, Error> {
        let open = self.open().await?;
        let address: Address = address.parse()?;
        let mut notices = open.node().notices();
        let profile = people::who(&address).await?;
        if profile.user() != user {
            let username = profile.username().to_string();
            return Err(Error::SomebodyElse { address: address.to_string(), username });
        }
        open.command(Command::Reach { user, addresses: vec![address] }).await?;
        let linked = async {
            while !open.node().is_linked(user) {
                if let Err(RecvError::Closed) = notices.recv().await {
                    return false;
                }
            }
            true
        };
        Ok(timeout(CONNECT, linked).await.unwrap_or(false))
    }

    /// What happened on links lately, the newest last; names and addresses are shortened, so that it can be shown around.
    ///
    /// # Errors
    /// When the node is not open.
    pub async fn network_log(&self) -> Result<Vec<Line>, Error> {
        let open = self.open().await?;
        let people = open.store.people().await?;
        let names: BTreeMap<UserId, String> =
            people.into_iter().map(|person| (person.user, person.username)).collect();
        Ok(open.node().log().iter().map(|line| log::line(line, &names)).collect())
    }
}

impl Route {
    fn new(person: Person, path: Option<LinkInfo>, way: &Way) -> Self {
        Self {
            person,
            path,
            attempts: attempts(way),
            failed: way.failed.as_ref().map(|failed| failed.at),
            next: way.next,
        }
    }
}

impl Open {
    /// The way to one person; none where no link to them is wanted.
    pub(super) async fn route(&self, person: Person) -> Result<Option<Route>, Error> {
        let way = self.ways().await?.remove(&person.user);
        let path = self.links_by_user().remove(&person.user);
        Ok(way
            .filter(|way| path.is_some() || way.next != Next::Unwanted)
            .map(|way| Route::new(person, path, &way)))
    }

    fn links_by_user(&self) -> BTreeMap<UserId, LinkInfo> {
        self.node().links().into_iter().filter_map(|link| Some((link.user?, link))).collect()
    }

    async fn ways(&self) -> Result<BTreeMap<UserId, Way>, Error> {
        let ways =
            self.node().ways().await.map_err(|_| Error::Stopped("it is being opened again".to_owned()))?;
        Ok(ways.into_iter().map(|way| (way.user, way)).collect())
    }
}

/// Every known address, with what it answered when it was tried last.
fn attempts(way: &Way) -> Vec<Attempt> {
    let tried = way.failed.as_ref().map(|failed| failed.tried.as_slice()).unwrap_or_default();
    let answer = |address: &_| {
        let tried = tried.iter().find(|tried| tried.address == *address)?;
        Some(Answer { why: why(&tried.reason), took: tried.took })
    };
    let attempt = |address| Attempt { address: ToString::to_string(address), answer: answer(address) };
    way.addresses.iter().map(attempt).collect()
}

/// One try, in a line: `192.168.1.34:7401: no answer; .. (5.0 s)`
pub(super) fn told(tried: &Tried) -> String {
    let at = tried.at.map_or_else(|| tried.address.to_string(), |at| at.to_string());
    format!("{at}: {} ({} ms)", why(&tried.reason), tried.took.as_millis())
}

/// A reason in words that need no explanation.
fn why(reason: &Reason) -> String {
    match reason {
        Reason::NobodyListens => {
            "a computer is there, but Confab is not open on it, or on another port".to_owned()
        }
        Reason::TimedOut => "no answer; the computer is off, or a firewall drops calls".to_owned(),
        Reason::OtherDevice(_) => "somebody else’s Confab answers there".to_owned(),
        Reason::NotConfab => "something answers there, but it is not Confab".to_owned(),
        Reason::NoSuchName => "nobody knows a computer of that name".to_owned(),
        Reason::Unreachable => "this computer’s network has no way there".to_owned(),
        Reason::HungUp => "it hung up at once".to_owned(),
        Reason::Busy => "it has no room for another connection".to_owned(),
        Reason::Local(kind) => format!("this computer could not call ({kind})"),
    }
}

/// Whether a link to somebody is wanted, in words when it is not.
fn unwanted(person: &Person) -> Option<String> {
    let name = &person.username;
    match person.relation {
        Relation::Blocked => Some(format!("You blocked {name}, so nothing is tried.")),
        Relation::Declined => Some(format!("You declined {name}’s request, so nothing is tried.")),
        Relation::Asking => Some(format!("{name} waits for your answer. Accept their request to connect.")),
        Relation::DeclinedMe => {
            Some(format!("{name} said not now. What you write waits here and goes over if they accept."))
        }
        _ => None,
    }
}
