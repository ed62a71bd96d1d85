//! People: who they are, where one stands with them, asking them.

use protocol::ids::{MsgId, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{mirror, time};
use crate::service::{self, people};

mirror!(
    /// Where two people stand. `declined_me`: what you write is kept and goes over when they accept.
    Relation = service::Relation { Stranger, Asked, Asking, Contact, DeclinedMe, Declined, Blocked, Myself }
);

mirror!(
    /// `active`: exchanged messages with; `connected`: with a live link now.
    PeerState = people::PeerState { Active, Connected }
);

#[derive(Debug, Serialize, ToSchema)]
pub struct Person {
    pub user: String,
    pub username: String,
    pub relation: Relation,
    /// Their keys changed; writing waits for `confirm-keys`.
    pub keys_changed: bool,
    pub online: bool,
    /// A live link to them is there.
    pub connected: bool,
    pub last_seen: Option<String>,
    /// 60 digits to compare in person.
    pub safety_number: Option<String>,
    pub conversation: Option<String>,
    /// The identity that a reset replaced.
    pub replaces: Option<String>,
}

/// Who answers, before anything is sent to them.
#[derive(Debug, Serialize, ToSchema)]
pub struct Found {
    pub user: String,
    pub username: String,
    pub safety_number: String,
    pub relation: Relation,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct People {
    pub people: Vec<Person>,
    /// Why the directory was not asked, or did not answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub directory: Option<String>,
}

/// People with a request that is not answered.
#[derive(Debug, Serialize, ToSchema)]
pub struct Requests {
    /// `asking` me, or `asked` by me.
    pub requests: Vec<Person>,
}

/// Either a username, or an address and the person who was seen to answer there.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    #[serde(default)]
    pub username: Option<String>,
    #[serde(default)]
    pub address: Option<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub user: Option<UserId>,
    /// The first message, at most 2 KiB.
    pub text: String,
    /// 32 hexadecimal digits of your own; asking twice with one id asks once.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub id: Option<MsgId>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Asked {
    pub user: String,
    pub conversation: String,
    pub id: String,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct At {
    #[schema(example = "192.168.1.20:7401")]
    pub address: String,
}

impl From<service::Person> for Person {
    fn from(person: service::Person) -> Self {
        Self {
            user: person.user.to_string(),
            username: person.username,
            relation: person.relation.into(),
            keys_changed: person.keys_changed,
            online: person.online,
            connected: person.connected,
            last_seen: person.last_seen.map(time),
            safety_number: person.safety_number,
            conversation: person.conversation.map(|id| id.to_string()),
            replaces: person.replaces.map(|user| user.to_string()),
        }
    }
}

impl From<service::Found> for Found {
    fn from(found: service::Found) -> Self {
        Self {
            user: found.user.to_string(),
            username: found.username,
            safety_number: found.safety_number,
            relation: found.relation.into(),
        }
    }
}

impl From<Vec<service::Person>> for People {
    fn from(people: Vec<service::Person>) -> Self {
        Self { people: people.into_iter().map(Into::into).collect(), directory: None }
    }
}

impl From<people::Asked> for Asked {
    fn from(asked: people::Asked) -> Self {
        Self {
            user: asked.user.to_string(),
            conversation: asked.conversation.to_string(),
            id: asked.id.to_string(),
        }
    }
}
