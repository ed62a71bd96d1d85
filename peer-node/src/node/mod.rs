//! The node: one task owns the machine; this is how the rest of the program speaks with it.

use std::{collections::BTreeSet, fmt};

use protocol::{
    ids::UserId,
    node::{Batch, Command, DirectorySaid, Node, Notice, Refusal, Reply},
    seal::Vodozemac,
};
use tokio::sync::{broadcast, mpsc, oneshot, watch};

use crate::{
    clock::Clock,
    directory,
    link::{self, LinkEvent},
};

mod board;
mod disk;
mod engine;
mod perform;
mod trace;

use self::{
    board::Board,
    engine::{Ask, Engine},
};
pub use self::{
    board::{FailedDial, Happened, LinkInfo, Logged, Next, Way},
    disk::Disk,
};
/// The peer door, for those who may not go through it themselves.
pub use crate::link::{
    Answered, Error as NoAnswer, Limits as DoorLimits, Reason, Tried, probe as probe_address,
    start as open_door, who,
};

/// Commands that wait for the engine; whoever has one more waits with it.
const COMMANDS: usize = 256;
/// Notices that a slow listener may be behind before it must look at the store anew.
const NOTICES: usize = 4096;

/// What a node is made of.
pub struct NodeParts<D> {
    pub store: D,
    /// From `Node::create` or `Node::open`, with its first batch.
    pub opened: (Node<Vodozemac>, Batch),
    pub link: (link::Handle, mpsc::Receiver<LinkEvent>),
    /// None for somebody who uses no directory, or not yet.
    pub directory: Option<Directory>,
    pub clock: Clock,
}

/// The directory's client, and what it says.
pub type Directory = (directory::Handle, mpsc::Receiver<DirectorySaid>);

impl<D> fmt::Debug for NodeParts<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NodeParts").field("node", &self.opened.0).finish_non_exhaustive()
    }
}

/// Why a command has no reply.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The machine said no; nothing changed.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The node has ended; `NodeHandle::stopped` says why. What was replied to is stored, nothing else.
    #[error("the node has stopped")]
    Stopped,
}

/// Why a node ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stopped {
    /// It was asked to.
    Asked,
    /// It could not go on: the store's own sentence. Open it again from the store.
    Failed(String),
}

/// Speaks with a running node. Cheap to clone.
#[derive(Debug, Clone)]
pub struct NodeHandle {
    asks: mpsc::Sender<Ask>,
    notices: broadcast::Sender<Notice>,
    board: Board,
    link: link::Handle,
    stopped: watch::Receiver<Option<Stopped>>,
}

/// Starts the engine.
pub fn start<D: Disk>(parts: NodeParts<D>) -> NodeHandle {
    let (asks, asked) = mpsc::channel(COMMANDS);
    let (notices, _) = broadcast::channel(NOTICES);
    let (tell, stopped) = watch::channel(None);
    let (board, link) = (Board::default(), parts.link.0.clone());
    let (engine, first) = Engine::new(parts, asked, notices.clone(), board.clone());
    tokio::spawn(async move {
        let why = engine.run(first).await;
        if let Stopped::Failed(reason) = &why {
            tracing::error!(reason, "the node stops");
        }
        tell.send_replace(Some(why));
    });
    NodeHandle { asks, notices, board, link, stopped }
}

impl NodeHandle {
    /// Carries out one command; the reply comes when it is stored.
    ///
    /// # Errors
    /// The machine's refusal, or the node's end.
    pub async fn command(&self, command: Command) -> Result<Reply, Error> {
        let (answer, reply) = oneshot::channel();
        self.asks.send(Ask::Command(Box::new(command), answer)).await.map_err(|_| Error::Stopped)?;
        Ok(reply.await.map_err(|_| Error::Stopped)??)
    }

    /// What changes from now on. Whoever falls behind is told so, and looks at the store.
    pub fn notices(&self) -> broadcast::Receiver<Notice> {
        self.notices.subscribe()
    }

    /// The links that are open now.
    pub fn links(&self) -> Vec<LinkInfo> {
        self.board.links(&self.link.readings())
    }

    /// The people with a live link.
    pub fn linked(&self) -> BTreeSet<UserId> {
        self.board.linked()
    }

    /// Whether there is a live link to this person.
    pub fn is_linked(&self, user: UserId) -> bool {
        self.board.is_linked(user)
    }

    /// The way to everybody who is known here: their addresses, how the last dial failed, when the next one is.
    ///
    /// # Errors
    /// The node has ended.
    pub async fn ways(&self) -> Result<Vec<Way>, Error> {
        let (answer, ways) = oneshot::channel();
        self.asks.send(Ask::Ways(answer)).await.map_err(|_| Error::Stopped)?;
        ways.await.map_err(|_| Error::Stopped)
    }

    /// What happened on links lately, the oldest first.
    pub fn log(&self) -> Vec<Logged> {
        self.board.log()
    }

    /// Uses another directory from now on, or none.
    ///
    /// # Errors
    /// The node has ended.
    pub async fn use_directory(&self, directory: Option<Directory>) -> Result<(), Error> {
        self.asks.send(Ask::Directory(directory)).await.map_err(|_| Error::Stopped)
    }

    /// Says goodbye on all links, waits until it is said, and ends the node. Then waits for its end.
    pub async fn stop(&self) -> Stopped {
        // If the engine is gone already, its reason stands.
        let _ = self.asks.send(Ask::Stop).await;
        self.stopped().await
    }

    /// Waits for the node's end.
    pub async fn stopped(&self) -> Stopped {
        let mut stopped = self.stopped.clone();
        match stopped.wait_for(Option::is_some).await.as_deref() {
            Ok(Some(why)) => why.clone(),
            _ => Stopped::Failed("the node broke off; its log says where".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests;
