//! The steps that are taken rarely and with care: passphrase, backup, signing out everywhere, the end of the account.

mod backup;
mod delete;
mod passphrase;
mod sign_out;

pub(super) use backup::{Backups, backup, done as backup_done, file as backup_file, start as start_backup};
pub(super) use delete::{delete, deleted};
pub(super) use passphrase::{change, passphrase};
pub(super) use sign_out::{sign_out, signed_out};

use crate::{
    http::{Error, pages::view},
    service::{self, DirectoryState, Service},
};

/// Whose account it is, and the name of its directory.
async fn owner(service: &Service) -> Result<(String, Option<String>), Error> {
    let status = service.status().await;
    let me = status.me.ok_or(match status.stage {
        service::Stage::Fresh => service::Error::Fresh,
        service::Stage::Locked | service::Stage::Open => service::Error::Locked,
    })?;
    let directory = match status.directory {
        DirectoryState::None => None,
        DirectoryState::Up { url, .. }
        | DirectoryState::Down { url, .. }
        | DirectoryState::SignedOut { url } => Some(view::host(&url)),
    };
    Ok((me.username, directory))
}

/// Errors that lead elsewhere, because the node was locked meanwhile.
fn leads_away(error: &service::Error) -> bool {
    matches!(error, service::Error::Locked | service::Error::Fresh)
}
