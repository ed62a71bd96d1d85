//! People: find, ask, answer, block, and see who is there.

use std::collections::BTreeSet;

use protocol::{
    address::Address,
    identity::{self, Profile, Username},
    ids::{ConversationId, MsgId, UserId},
    node::{self, Command, KeyState, Reply},
};

use super::{DirectoryState, Error, Found, Person, Relation, Search, Service, network, open::Open};
use crate::node::{NoAnswer, who as who_answers};

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
        let open = self.open().await?;
        let query = query.trim().trim_start_matches('@').to_lowercase();
        let known = open.store.people().await?;
        let replaced: BTreeSet<UserId> = known.iter().filter_map(|person| person.replaces).collect();
        let mut people: Vec<Person> = known
            .into_iter()
            .filter(|person| person.username.contains(&query) && !replaced.contains(&person.user))
            .map(|person| open.view(person))
            .collect();
        let directory = match open.search_directory(&query, &people).await {
            Ok(found) => {
                people.extend(found);
                None
            }
            Err(error) => Some(error),
        };
        people.sort_by(|a, b| a.username.cmp(&b.username));
        Ok(Search { people, directory })
    }

    /// Everybody who is known here.
    ///
    /// # Errors
    /// When the node is not open.
    pub async fn people(&self) -> Result<Vec<Person>, Error> {
        let open = self.open().await?;
        Ok(open.store.people().await?.into_iter().map(|person| open.view(person)).collect())
    }

    /// # Errors
    /// When nobody with that id is known here.
    pub async fn person(&self, user: UserId) -> Result<Person, Error> {
        let open = self.open().await?;
        let person = open.store.person(user).await?.ok_or(Error::UnknownPerson)?;
        Ok(open.view_in_full(person))
    }

    /// The conversation with the confirmed contact who took the place of `user` by starting anew.
    ///
    /// # Errors
    /// When the node is not open.
    pub async fn successor(&self, user: UserId) -> Result<Option<ConversationId>, Error> {
        let mut people = self.open().await?.store.people().await?.into_iter();
        let next = people.find(|person| {
            person.replaces == Some(user)
                && person.relation == node::Relation::Contact
                && person.keys != KeyState::Changed
        });
        Ok(next.map(|person| person.conversation))
    }

    /// People who asked me and people whom I asked, without an answer.
    ///
    /// # Errors
    /// When the node is not open.
    pub async fn requests(&self) -> Result<Vec<Person>, Error> {
        let mut people = self.people().await?;
        people.retain(|person| matches!(person.relation, Relation::Asked | Relation::Asking));
        Ok(people)
    }

    /// # Errors
    /// When the node is not open.
    pub async fn peers(&self, state: Option<PeerState>) -> Result<Vec<Person>, Error> {
        let mut people = self.people().await?;
        people.retain(|person| {
            let active = person.relation == Relation::Contact;
            match state {
                Some(PeerState::Active) => active,
                Some(PeerState::Connected) => person.connected,
                None => active || person.connected,
            }
        });
        Ok(people)
    }

    /// Who answers at an address. Nothing but a throwaway key is shown to them.
    ///
    /// # Errors
    /// A bad address, or nobody there.
    pub async fn who_is_at(&self, address: &str) -> Result<Found, Error> {
        let open = self.open().await?;
        let profile = who(&address.parse()?).await?;
        let relation = match open.store.person(profile.user()).await? {
            _ if profile.user() == open.user() => Relation::Myself,
            Some(person) => person.relation.into(),
            None => Relation::Stranger,
        };
        Ok(Found {
            user: profile.user(),
            username: profile.username().to_string(),
            safety_number: open.safety_number(profile.username().as_str(), profile.account_key()),
            relation,
        })
    }

    /// Asks somebody to chat, with a first message.
    ///
    /// # Errors
    /// Unknown name, nobody or somebody else at the address, a text that does not fit.
    pub async fn ask(&self, ask: &Ask) -> Result<Asked, Error> {
        let open = self.open().await?;
        if ask.text.trim().is_empty() {
            return Err(Error::EmptyText);
        }
        let (profile, addresses) = match &ask.whom {
            Whom::Name(name) => (open.find_by_name(name).await?, Vec::new()),
            Whom::Address { address, user } => {
                let address: Address = address.parse()?;
                let profile = who(&address).await?;
                if profile.user() != *user {
                    let username = profile.username().to_string();
                    return Err(Error::SomebodyElse { address: address.to_string(), username });
                }
                (profile, vec![address])
            }
        };
        let user = profile.user();
        let msg_id = ask.id.unwrap_or_else(|| MsgId(rand::random()));
        let command = Command::Ask { profile, addresses, msg_id, text: ask.text.clone() };
        match open.command(command).await? {
            Reply::Written { conversation, id } => Ok(Asked { user, conversation, id }),
            Reply::Done => {
                Ok(Asked { user, conversation: identity::one_to_one(open.user(), user), id: msg_id })
            }
        }
    }

    /// # Errors
    /// When there is no request of that person.
    pub async fn accept(&self, user: UserId) -> Result<(), Error> {
        self.do_to_person(Command::Accept { user }).await
    }

    /// They are told. Their request can still be accepted later.
    ///
    /// # Errors
    /// When there is no request of that person.
    pub async fn decline(&self, user: UserId) -> Result<(), Error> {
        self.do_to_person(Command::Decline { user }).await
    }

    /// Nothing of them gets through any more, and they are not told.
    ///
    /// # Errors
    /// When that person is not known.
    pub async fn block(&self, user: UserId) -> Result<(), Error> {
        self.do_to_person(Command::Block { user }).await?;
        self.tell_directory_of_blocks().await
    }

    /// # Errors
    /// When that person is not known.
    pub async fn unblock(&self, user: UserId) -> Result<(), Error> {
        self.do_to_person(Command::Unblock { user }).await?;
        self.tell_directory_of_blocks().await
    }

    /// The user has looked at the new safety number and wants to write to its owner.
    ///
    /// # Errors
    /// When that person is not known.
    pub async fn confirm_keys(&self, user: UserId) -> Result<(), Error> {
        self.do_to_person(Command::ConfirmKeys { user }).await
    }

    async fn do_to_person(&self, command: Command) -> Result<(), Error> {
        self.open().await?.command(command).await.map(|_| ())
    }

    /// In the background: the block holds here already, whether or not the directory is there.
    async fn tell_directory_of_blocks(&self) -> Result<(), Error> {
        let open = self.open().await?;
        if let Some(joined) = open.joined() {
            let tasks = open.tasks.clone();
            tasks.spawn(async move {
                tokio::select! {
                    () = joined.tell_blocks(&open) => {}
                    () = open.closing.cancelled() => {}
                }
            });
        }
        Ok(())
    }
}

impl Open {
    pub(super) fn view(&self, person: node::Person) -> Person {
        let connected = self.node().is_linked(person.user);
        let listed = self.joined().is_some_and(|joined| joined.online().contains_key(&person.user));
        Person {
            user: person.user,
            username: person.username,
            relation: person.relation.into(),
            keys_changed: person.keys == KeyState::Changed,
            online: connected || listed,
            connected,
            last_seen: self.last_seen(person.user),
            safety_number: None,
            conversation: Some(person.conversation),
            replaces: person.replaces,
            since: Some(person.since),
        }
    }

    /// With the safety number, which costs some milliseconds.
    pub(super) fn view_in_full(&self, person: node::Person) -> Person {
        let number = self.safety_number(&person.username, &person.account_key);
        Person { safety_number: Some(number), ..self.view(person) }
    }

    fn safety_number(&self, username: &str, account_key: &[u8; 32]) -> String {
        let mut known = self.safety.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let compute = || {
            let own = (self.profile.username().as_str(), self.profile.account_key());
            identity::safety_number(own, (username, account_key))
        };
        known.entry(*account_key).or_insert_with(compute).clone()
    }

    /// Listed people, and the one with exactly that name; without those who are known here already.
    async fn search_directory(&self, query: &str, known: &[Person]) -> Result<Vec<Person>, Error> {
        let Some(joined) = self.joined() else {
            return if query.is_empty() { Ok(Vec::new()) } else { Err(Error::NoDirectory) };
        };
        match joined.state() {
            DirectoryState::Down { .. } => return Err(Error::DirectoryDown),
            DirectoryState::SignedOut { .. } => {
                return Err(Error::DirectoryRefused("you are signed out there".into()));
            }
            DirectoryState::None | DirectoryState::Up { .. } => {}
        }
        let stranger = |user: UserId, username: String, online: bool| Person {
            user,
            username,
            relation: if user == self.user() { Relation::Myself } else { Relation::Stranger },
            keys_changed: false,
            online,
            connected: false,
            last_seen: None,
            safety_number: None,
            conversation: None,
            replaces: None,
            since: None,
        };
        let listed = joined.client.listed(query).await?;
        let mut found: Vec<Person> = listed
            .people
            .into_iter()
            .filter(|person| known.iter().all(|known| known.user != person.user))
            .map(|person| stranger(person.user, person.username, person.online))
            .collect();
        let mut all = found.iter().chain(known);
        if let Ok(name) = query.parse::<Username>()
            && all.all(|person| person.username != name.as_str())
            && let Some(profile) = joined.client.find(&name).await?
        {
            found.push(stranger(profile.user(), profile.username().to_string(), false));
        }
        Ok(found)
    }

    async fn find_by_name(&self, name: &str) -> Result<Profile, Error> {
        let name = name.trim().trim_start_matches('@');
        let username: Username = name.parse().map_err(Error::username)?;
        if username == *self.profile.username() {
            return Err(Error::Yourself);
        }
        let joined = self.joined().ok_or(Error::NoDirectory)?;
        joined.client.find(&username).await?.ok_or_else(|| Error::UnknownName(username.to_string()))
    }
}

/// Dials with a throwaway key and hears who answers.
pub(super) async fn who(address: &Address) -> Result<Profile, Error> {
    who_answers(address).await.map_err(|why| Error::NobodyThere {
        address: address.to_string(),
        why: why.to_string(),
        tried: match &why {
            NoAnswer::Unreachable(tried) => tried.iter().map(network::told).collect(),
            NoAnswer::Silent | NoAnswer::Wrong(_) => Vec::new(),
        },
    })
}

impl From<node::Relation> for Relation {
    fn from(relation: node::Relation) -> Self {
        match relation {
            node::Relation::Asked => Self::Asked,
            node::Relation::Asking => Self::Asking,
            node::Relation::Contact => Self::Contact,
            node::Relation::DeclinedMe => Self::DeclinedMe,
            node::Relation::Declined => Self::Declined,
            node::Relation::Blocked => Self::Blocked,
        }
    }
}
