//! People: find, ask, answer, block, and see who is there.

use protocol::ids::{ConversationId, MsgId, UserId};

use super::{Error, Found, Person, Search, Service};

/// A wish to chat with somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    pub whom: Whom,
    pub text: String,
    /// Given by the caller, so that asking twice with one id asks once.
    pub id: Option<MsgId>,
}

/// Somebody, by name or by address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whom {
    Name(String),
    /// The person who was seen to answer there; another one gets nothing.
    Address {
        address: String,
        user: UserId,
    },
}

/// A request that was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    pub user: UserId,
    pub conversation: ConversationId,
    pub id: MsgId,
}

/// Which people `peers` names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeerState {
    /// Exchanged messages with.
    Active,
    /// With a live link now.
    Connected,
}

impl Service {
    /// People known here whose name holds `query`, and people of the directory: listed ones, or the exact name.
    /// Without a query, everybody who is listed or known.
    ///
    /// # Errors
    /// When the node is not open. A directory that does not answer is told in the result.
    pub async fn search_people(&self, query: &str) -> Result<Search, Error> {
        let _ = query;
        match *self.open().await? {}
    }

    /// Everybody who is known here.
    ///
    /// # Errors
    /// When the node is not open.
    pub async fn people(&self) -> Result<Vec<Person>, Error> {
        match *self.open().await? {}
    }

    /// # Errors
    /// When nobody with that id is known here.
    pub async fn person(&self, user: UserId) -> Result<Person, Error> {
        let _ = user;
        match *self.open().await? {}
    }

    /// People who asked me and people whom I asked, without an answer.
    ///
    /// # Errors
    /// When the node is not open.
    pub async fn requests(&self) -> Result<Vec<Person>, Error> {
        match *self.open().await? {}
    }

    /// # Errors
    /// When the node is not open.
    pub async fn peers(&self, state: Option<PeerState>) -> Result<Vec<Person>, Error> {
        let _ = state;
        match *self.open().await? {}
    }

    /// Who answers at an address. Nothing but a throwaway key is shown to them.
    ///
    /// # Errors
    /// A bad address, or nobody there.
    pub async fn who_is_at(&self, address: &str) -> Result<Found, Error> {
        let _ = address;
        match *self.open().await? {}
    }

    /// Asks somebody to chat, with a first message.
    ///
    /// # Errors
    /// Unknown name, nobody or somebody else at the address, a text that does not fit.
    pub async fn ask(&self, ask: &Ask) -> Result<Asked, Error> {
        let _ = ask;
        match *self.open().await? {}
    }

    /// # Errors
    /// When there is no request of that person.
    pub async fn accept(&self, user: UserId) -> Result<(), Error> {
        let _ = user;
        match *self.open().await? {}
    }

    /// They are told. Their request can still be accepted later.
    ///
    /// # Errors
    /// When there is no request of that person.
    pub async fn decline(&self, user: UserId) -> Result<(), Error> {
        let _ = user;
        match *self.open().await? {}
    }

    /// Nothing of them gets through any more, and they are not told.
    ///
    /// # Errors
    /// When that person is not known.
    pub async fn block(&self, user: UserId) -> Result<(), Error> {
        let _ = user;
        match *self.open().await? {}
    }

    /// # Errors
    /// When that person is not known.
    pub async fn unblock(&self, user: UserId) -> Result<(), Error> {
        let _ = user;
        match *self.open().await? {}
    }

    /// The user has looked at the new safety number and wants to write to its owner.
    ///
    /// # Errors
    /// When that person is not known.
    pub async fn confirm_keys(&self, user: UserId) -> Result<(), Error> {
        let _ = user;
        match *self.open().await? {}
    }

    /// Tries to reach everybody now, whatever the timers say.
    ///
    /// # Errors
    /// When the node is not open.
    pub async fn reach_all(&self) -> Result<(), Error> {
        match *self.open().await? {}
    }
}
