//! The user's own choices.

use super::{Error, Service, Settings, Visibility};
use crate::service::account::DirectoryAddress;

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
        match *self.open().await? {}
    }

    /// # Errors
    /// When the node is not open, or the directory did not take a new visibility.
    pub async fn change_settings(&self, change: SettingsChange) -> Result<Settings, Error> {
        let _ = change;
        match *self.open().await? {}
    }

    /// Joins a directory with the account of this computer, or leaves it (`None`).
    ///
    /// # Errors
    /// What `enter` refuses, too.
    pub async fn set_directory(
        &self,
        directory: Option<DirectoryAddress>,
        passphrase: &super::Passphrase,
    ) -> Result<(), Error> {
        let _ = (directory, passphrase);
        match *self.open().await? {}
    }
}
