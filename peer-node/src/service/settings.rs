//! The user's own choices.

use protocol::node::Command;

use super::{
    Error, Passphrase, Service, Settings, Visibility,
    account::DirectoryAddress,
    feed::Change,
    membership::{self, Joined},
    open::key,
};

/// What shall change; the rest stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SettingsChange {
    pub visibility: Option<Visibility>,
    pub receipts: Option<bool>,
    pub typing: Option<bool>,
    pub answer_who: Option<bool>,
}

impl Service {
    /// # Errors
    /// When the node is not open.
    pub async fn settings(&self) -> Result<Settings, Error> {
        self.open().await?.settings().await
    }

    /// # Errors
    /// When the node is not open, or the directory did not take a new visibility.
    pub async fn change_settings(&self, change: SettingsChange) -> Result<Settings, Error> {
        let open = self.open().await?;
        let before = open.settings().await?;
        let after = Settings {
            visibility: change.visibility.unwrap_or(before.visibility),
            receipts: change.receipts.unwrap_or(before.receipts),
            typing: change.typing.unwrap_or(before.typing),
            answer_who: change.answer_who.unwrap_or(before.answer_who),
        };
        // Others must not go on finding somebody who was told that they are hidden.
        if after.visibility != before.visibility
            && let Some(joined) = open.joined()
        {
            joined.client.set_visibility(after.visibility.into()).await?;
        }
        open.store.set_setting(key::SETTINGS, &after).await?;
        open.command(Command::Prefer(after.into())).await?;
        self.tell(Change::Settings);
        Ok(after)
    }

    /// Joins a directory with the account of this computer, or leaves it (`None`).
    ///
    /// # Errors
    /// A wrong passphrase, no answer, a name that somebody else has there.
    pub async fn set_directory(
        &self,
        directory: Option<DirectoryAddress>,
        passphrase: &Passphrase,
    ) -> Result<(), Error> {
        let open = self.open().await?;
        self.check_passphrase(passphrase).await?;
        let joined = match directory {
            None => None,
            Some(address) => {
                let (client, membership) =
                    membership::connect(&address, self.0.given.directory_ca.as_deref()).await?;
                let username = open.profile.username();
                let password =
                    membership::password(passphrase, membership.id, username, self.0.given.cost).await?;
                let signed_in = match client.sign_in(username, &password).await.map_err(Error::from) {
                    Err(Error::NewName) => client.register(username, &password).await?,
                    Err(Error::WrongPair) => return Err(Error::NameTaken),
                    other => other?,
                };
                if signed_in.user.is_some_and(|user| user != open.user()) {
                    return Err(Error::NameTaken);
                }
                client.use_device(&open.link_secret);
                client.publish(&open.profile, false).await?;
                client.set_visibility(open.settings().await?.visibility.into()).await?;
                Some(Joined::fresh(client, membership))
            }
        };
        if let Some(before) = open.joined()
            && let Err(error) = before.client.sign_out().await
        {
            tracing::info!(%error, "the directory that was left was not told; its session ends by itself");
        }
        open.store
            .set_setting(key::DIRECTORY, &joined.as_ref().map(|joined| joined.membership.clone()))
            .await?;
        open.use_directory(&self.0.feed, joined).await
    }
}
