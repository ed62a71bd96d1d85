//! Keys: what people publish, and who finds it.

use protocol::{
    codec,
    directory::{Code, Found, Hex, Listed, ListedPerson, Publish, publish_statement},
    identity::{Profile, Username},
    ids::UserId,
    sign::{Domain, Signature},
};

use crate::{Directory, accounts::Who, refusal::Refusal, store::Published};

/// People in one answer of the open list.
const PAGE: usize = 200;

impl Directory {
    /// Takes a newer profile of the account. One that does not go on from the old is taken only as a reset.
    pub(crate) async fn publish(&self, who: &Who, username: &str, asked: Publish) -> Result<(), Refusal> {
        let Publish { profile: bytes, device, signature, reset } = asked;
        let bytes = bytes.0;
        let profile: Profile = codec::from_bytes(&bytes).map_err(|violation| {
            Refusal::invalid("profile", format!("the keys are not valid: {}", violation.detail))
        })?;
        if profile.username().as_str() != username {
            return Err(Refusal::invalid("profile", "the keys are those of another name"));
        }
        if profile.device_with(device).is_none() {
            return Err(Refusal::invalid("device", "the device is not one of the profile"));
        }
        let session: Hex<16> = who.session.parse().map_err(|_| Refusal::signed_out())?;
        Domain::DIRECTORY_CHALLENGE
            .verify(&device.0, &publish_statement(&self.id(), &session, &bytes), &Signature(signature.0))
            .map_err(|_| Refusal::invalid("signature", "the signature does not fit"))?;

        let old_bytes = self.store.profile(&who.account).await?;
        if old_bytes.as_deref() == Some(&bytes) {
            return Ok(());
        }
        let old: Option<Profile> = match &old_bytes {
            Some(old) => Some(
                codec::from_bytes(old).map_err(|_| Refusal::internal(&"a stored profile can't be read"))?,
            ),
            None => None,
        };
        let is_reset = match &old {
            Some(old) => follows(old, &profile, reset)?,
            None => false,
        };
        let now = self.clock.now();
        let published = self
            .store
            .publish(&who.account, old_bytes.as_deref(), &bytes, profile.user(), is_reset, now)
            .await?;
        match published {
            Published::Done => {}
            Published::Meanwhile => {
                return Err(Refusal::new(Code::StaleKeys, "other keys were published in the meantime"));
            }
            Published::Foreign => {
                return Err(Refusal::invalid("profile", "the keys are those of another account"));
            }
        }
        let devices: Vec<_> = profile.devices().records.iter().map(|record| record.device).collect();
        self.store.drop_letters_to_other_devices(&who.account, &devices).await?;
        if old.is_some_and(|old| old.user() != profile.user()) {
            tracing::info!("an account reset its keys");
            // Sockets of the old keys speak for nobody now; this account's node comes back with the new ones.
            self.presence.end_account(&who.account);
        }
        Ok(())
    }

    pub(crate) async fn find(&self, who: &Who, username: &str) -> Result<Found, Refusal> {
        let username: Username = username.parse().map_err(|error: protocol::identity::BadUsername| {
            Refusal::invalid("username", error.to_string())
        })?;
        self.look_up_limit(who)?;
        let person = self.store.person_named(username.as_str(), &who.account).await?;
        person.map(found).ok_or_else(Refusal::not_found)?
    }

    pub(crate) async fn find_user(&self, who: &Who, user: &str) -> Result<Found, Refusal> {
        let user: UserId = user
            .parse()
            .map_err(|error: protocol::ids::BadId| Refusal::invalid("user", error.to_string()))?;
        self.look_up_limit(who)?;
        let person = self.store.person(user, &who.account).await?;
        person.map(found).ok_or_else(Refusal::not_found)?
    }

    pub(crate) async fn listed(&self, who: &Who, query: &str) -> Result<Listed, Refusal> {
        if query.len() > 24
            || !query.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        {
            return Err(Refusal::invalid("q", "names have only the letters a to z, digits and underscores"));
        }
        self.limits
            .listings
            .take(who.account.clone(), self.clock.now())
            .map_err(|wait| Refusal::too_many("the list was read too often; wait a moment", wait))?;
        let mut rows = self.store.listed(query, &who.account, PAGE as u64 + 1).await?;
        let more = rows.len() > PAGE;
        rows.truncate(PAGE);
        let people = rows
            .into_iter()
            .filter(|row| row.account != who.account)
            .map(|row| ListedPerson {
                online: self.presence.is_listed_online(&row.account),
                username: row.username,
                user: row.user,
            })
            .collect();
        Ok(Listed { people, more })
    }

    /// The answer is the same whether there is such a person or not.
    pub(crate) async fn set_blocked(&self, who: &Who, user: &str, blocked: bool) -> Result<(), Refusal> {
        let user: UserId = user
            .parse()
            .map_err(|error: protocol::ids::BadId| Refusal::invalid("user", error.to_string()))?;
        match self.store.account_of(user).await? {
            Some(other) if other != who.account => {
                self.store.set_blocked(&who.account, &other, blocked).await?;
                self.presence.set_blocked(&who.account, &other, blocked);
            }
            _ => {}
        }
        Ok(())
    }

    fn look_up_limit(&self, who: &Who) -> Result<(), Refusal> {
        self.limits
            .look_ups
            .take(who.account.clone(), self.clock.now())
            .map_err(|wait| Refusal::too_many("too many people were looked up; wait a while", wait))
    }
}

fn found(person: crate::store::Person) -> Result<Found, Refusal> {
    let user =
        person.account.user.ok_or_else(|| Refusal::internal(&"an account with keys and without a user"))?;
    Ok(Found {
        username: person.account.username,
        user,
        profile: protocol::directory::Blob(person.profile),
        resets: person.account.resets,
    })
}

/// Whether `new` is a reset; refused if it is neither that nor newer than `old`.
fn follows(old: &Profile, new: &Profile, reset: bool) -> Result<bool, Refusal> {
    if new.user() != old.user() {
        return if reset {
            Ok(true)
        } else {
            Err(Refusal::new(
                Code::ResetWanted,
                "these keys do not follow from those that are known; publishing them is a reset that all contacts see",
            ))
        };
    }
    let stale =
        |detail| Err(Refusal { field: Some("profile".into()), ..Refusal::new(Code::StaleKeys, detail) });
    if !new.history().continues(old.history()) {
        return stale("the key history is older than the one that is known, or forks from it");
    }
    if new.devices().seq <= old.devices().seq {
        return stale("the device list is not newer than the one that is known");
    }
    Ok(false)
}
