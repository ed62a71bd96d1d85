//! People that this node knows.

use protocol::{
    ids::{ConversationId, UserId},
    node::{KeyState, Person, Relation},
    time::WallMs,
};
use sea_orm::{ActiveValue::Set, sea_query::OnConflict};
use serde::Deserialize;

use super::{
    Error, Store,
    entity::person::{ActiveModel, Column},
    rows, signed,
    write::{Transaction, insert},
};

pub(super) async fn write(tx: &Transaction<'_>, people: &[Person]) -> Result<(), Error> {
    let rows = people.iter().map(|person| ActiveModel {
        user: Set(person.user.0.to_vec()),
        username: Set(person.username.clone()),
        relation: Set(relation_number(person.relation)),
        keys: Set(keys_number(person.keys)),
        account_key: Set(person.account_key.to_vec()),
        since: Set(signed(person.since.0)),
        conversation: Set(person.conversation.0.to_vec()),
        replaces: Set(person.replaces.map(|user| user.0.to_vec())),
    });
    let newest = OnConflict::column(Column::User)
        .update_columns([
            Column::Username,
            Column::Relation,
            Column::Keys,
            Column::AccountKey,
            Column::Since,
            Column::Conversation,
            Column::Replaces,
        ])
        .to_owned();
    insert(&tx.db, rows.collect(), Some(newest)).await
}

// These numbers stand in databases: none is ever given a new meaning.
fn relation_number(relation: Relation) -> i64 {
    match relation {
        Relation::Asked => 1,
        Relation::Asking => 2,
        Relation::Contact => 3,
        Relation::DeclinedMe => 4,
        Relation::Declined => 5,
        Relation::Blocked => 6,
    }
}

pub(super) fn relation(number: i64) -> Option<Relation> {
    Some(match number {
        1 => Relation::Asked,
        2 => Relation::Asking,
        3 => Relation::Contact,
        4 => Relation::DeclinedMe,
        5 => Relation::Declined,
        6 => Relation::Blocked,
        _ => return None,
    })
}

fn keys_number(keys: KeyState) -> i64 {
    match keys {
        KeyState::Pinned => 1,
        KeyState::Changed => 2,
    }
}

fn keys(number: i64) -> Option<KeyState> {
    Some(match number {
        1 => KeyState::Pinned,
        2 => KeyState::Changed,
        _ => return None,
    })
}

// The person `p`, as `Row` reads it.
macro_rules! person {
    () => {
        "json_object(
            'user', lower(hex(p.user)), 'username', p.username, 'relation', p.relation, 'keys', p.keys,
            'account_key', hex(p.account_key), 'since', p.since, 'conversation', lower(hex(p.conversation)),
            'replaces', lower(nullif(hex(p.replaces), ''))
        )"
    };
}
pub(super) use person;

const ALL: &str = concat!("SELECT ", person!(), " AS row FROM person p ORDER BY p.username, p.since");
const ONE: &str = concat!("SELECT ", person!(), " AS row FROM person p WHERE p.user = ?");
// A reset leaves two people of one name; the one that was not replaced is meant.
const NAMED: &str = concat!(
    "SELECT ",
    person!(),
    " AS row FROM person p WHERE p.username = ?
    ORDER BY EXISTS (SELECT 1 FROM person n WHERE n.username = p.username AND n.replaces = p.user), p.since DESC
    LIMIT 1"
);

impl Store {
    /// Everybody that this node knows, by name.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn people(&self) -> Result<Vec<Person>, Error> {
        self.all::<Row>(ALL, vec![]).await?.into_iter().map(Row::person).collect()
    }

    /// One person.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn person(&self, user: UserId) -> Result<Option<Person>, Error> {
        self.one::<Row>(ONE, vec![user.0.to_vec().into()]).await?.map(Row::person).transpose()
    }

    /// The person who has this name now.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn person_named(&self, username: &str) -> Result<Option<Person>, Error> {
        self.one::<Row>(NAMED, vec![username.into()]).await?.map(Row::person).transpose()
    }
}

/// A row of [`person!`].
#[derive(Deserialize)]
pub(super) struct Row {
    user: UserId,
    username: String,
    relation: i64,
    keys: i64,
    #[serde(deserialize_with = "rows::bytes")]
    account_key: [u8; 32],
    since: u64,
    conversation: ConversationId,
    replaces: Option<UserId>,
}

impl Row {
    pub(super) fn person(self) -> Result<Person, Error> {
        let damaged = Error::Damaged("a person is not whole");
        let (Some(relation), Some(keys)) = (relation(self.relation), keys(self.keys)) else {
            return Err(damaged);
        };
        Ok(Person {
            user: self.user,
            username: self.username,
            relation,
            keys,
            account_key: self.account_key,
            since: WallMs(self.since),
            conversation: self.conversation,
            replaces: self.replaces,
        })
    }
}
