//! People that this node knows.

use protocol::{
    ids::{ConversationId, UserId},
    node::{KeyState, Person, Relation},
    time::WallMs,
};
use sea_orm::{ActiveValue::Set, QueryResult, sea_query::OnConflict};

use super::{
    Error, Store,
    entity::person::{ActiveModel, Column},
    signed, unsigned,
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

const ALL: &str = "SELECT user, username, relation, keys, account_key, since, conversation, replaces
    FROM person ORDER BY username, since";
const ONE: &str = "SELECT user, username, relation, keys, account_key, since, conversation, replaces
    FROM person WHERE user = ?";
// A reset leaves two people of one name; the one that was not replaced is meant.
const NAMED: &str = "SELECT user, username, relation, keys, account_key, since, conversation, replaces
    FROM person p WHERE username = ?
    ORDER BY EXISTS (SELECT 1 FROM person n WHERE n.username = p.username AND n.replaces = p.user), since DESC
    LIMIT 1";

impl Store {
    /// Everybody that this node knows, by name.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn people(&self) -> Result<Vec<Person>, Error> {
        self.rows(ALL, vec![]).await?.iter().map(read).collect()
    }

    /// One person.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn person(&self, user: UserId) -> Result<Option<Person>, Error> {
        self.row(ONE, vec![user.0.to_vec().into()]).await?.as_ref().map(read).transpose()
    }

    /// The person who has this name now.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn person_named(&self, username: &str) -> Result<Option<Person>, Error> {
        self.row(NAMED, vec![username.into()]).await?.as_ref().map(read).transpose()
    }
}

pub(super) fn read(row: &QueryResult) -> Result<Person, Error> {
    let damaged = || Error::Damaged("a person is not whole");
    let user: Vec<u8> = row.try_get("", "user")?;
    let account_key: Vec<u8> = row.try_get("", "account_key")?;
    let conversation: Vec<u8> = row.try_get("", "conversation")?;
    let replaces: Option<Vec<u8>> = row.try_get("", "replaces")?;
    Ok(Person {
        user: UserId::try_from(user.as_slice()).map_err(|_| damaged())?,
        username: row.try_get("", "username")?,
        relation: relation(row.try_get("", "relation")?).ok_or_else(damaged)?,
        keys: keys(row.try_get("", "keys")?).ok_or_else(damaged)?,
        account_key: account_key.try_into().map_err(|_| damaged())?,
        since: WallMs(unsigned(row.try_get("", "since")?)),
        conversation: ConversationId::try_from(conversation.as_slice()).map_err(|_| damaged())?,
        replaces: replaces
            .map(|user| UserId::try_from(user.as_slice()))
            .transpose()
            .map_err(|_| damaged())?,
    })
}
