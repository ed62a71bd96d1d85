//! The account: coming in, what brings it back, its settings, its directory.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::mirror;
use crate::service::{self, Passphrase, account};

mirror!(
    /// Who finds this person in the directory.
    Visibility = service::Visibility { Everyone, ExactName, Nobody }
);

#[derive(Debug, Serialize, ToSchema)]
pub struct Me {
    pub user: String,
    pub username: String,
    pub device: String,
    pub visibility: Visibility,
    /// Where others are told to dial this node.
    pub addresses: Vec<String>,
    /// The recovery file was not saved yet.
    pub recovery_waits: bool,
}

/// Registers or signs in: an unknown name makes an account (with `create`), a known one must match.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Enter {
    #[schema(example = "alice")]
    pub username: String,
    #[schema(value_type = String, format = Password)]
    pub passphrase: Passphrase,
    /// URL of a directory; `null`: without one. Left out: the one that the program was started with.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<String>)]
    pub directory: Option<Option<String>>,
    /// The only key that the directory may have.
    #[serde(default)]
    pub directory_pin: Option<String>,
    /// The name is new and shall become an account.
    #[serde(default)]
    pub create: bool,
    /// The text of the recovery file, when the account's keys are not on this computer.
    #[serde(default)]
    pub recovery: Option<String>,
    /// The recovery key that opens the file.
    #[serde(default)]
    pub recovery_key: Option<String>,
    /// Give up the old identity instead; contacts must confirm the new keys.
    #[serde(default)]
    pub reset: bool,
}

/// `null` is another answer than silence.
fn said<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(from).map(Some)
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Entered {
    pub user: String,
    pub username: String,
    /// An account was made, not signed in to.
    pub created: bool,
    pub recovery: Recovery,
}

/// What brings the account back when this computer is gone. Keep the two apart.
#[derive(Debug, Serialize, ToSchema)]
pub struct Recovery {
    pub key: String,
    pub file: String,
    pub file_name: String,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Unlock {
    /// With a recovery key, the new passphrase.
    #[schema(value_type = String, format = Password)]
    pub passphrase: Passphrase,
    #[serde(default)]
    pub recovery_key: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Secret {
    #[schema(value_type = String, format = Password)]
    pub passphrase: Passphrase,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPassphrase {
    #[schema(value_type = String, format = Password)]
    pub old: Passphrase,
    #[schema(value_type = String, format = Password)]
    pub new: Passphrase,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Settings {
    pub visibility: Visibility,
    /// Tell others what was read, and see what they read.
    pub receipts: bool,
    /// Tell others while writing, and see when they do.
    pub typing: bool,
    /// Tell somebody who dials this node's address who is here.
    pub answer_who: bool,
}

/// What is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SettingsChange {
    #[serde(default)]
    pub visibility: Option<Visibility>,
    #[serde(default)]
    pub receipts: Option<bool>,
    #[serde(default)]
    pub typing: Option<bool>,
    #[serde(default)]
    pub answer_who: Option<bool>,
}

/// Joins a directory with the account of this computer, or leaves it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Join {
    /// `null`: leave it.
    #[schema(required)]
    pub url: Option<String>,
    #[serde(default)]
    pub pin: Option<String>,
    #[schema(value_type = String, format = Password)]
    pub passphrase: Passphrase,
}

impl From<service::Me> for Me {
    fn from(me: service::Me) -> Self {
        Self {
            user: me.user.to_string(),
            username: me.username,
            device: me.device.to_string(),
            visibility: me.visibility.into(),
            addresses: me.addresses,
            recovery_waits: me.recovery_waits,
        }
    }
}

impl From<account::Entered> for Entered {
    fn from(entered: account::Entered) -> Self {
        Self {
            user: entered.user.to_string(),
            username: entered.username,
            created: entered.created,
            recovery: entered.recovery.into(),
        }
    }
}

impl From<account::Recovery> for Recovery {
    fn from(recovery: account::Recovery) -> Self {
        Self { key: recovery.key.to_string(), file: recovery.file, file_name: recovery.file_name }
    }
}

impl From<service::Settings> for Settings {
    fn from(settings: service::Settings) -> Self {
        Self {
            visibility: settings.visibility.into(),
            receipts: settings.receipts,
            typing: settings.typing,
            answer_who: settings.answer_who,
        }
    }
}

/// The parts of a restore.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "it only describes the form; the parts are read as they come")]
pub struct Restore {
    /// Of the backup.
    passphrase: String,
    /// The one that shall open this node.
    new_passphrase: String,
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// What came back.
#[derive(Debug, Serialize, ToSchema)]
pub struct Restored {
    pub username: String,
    #[schema(example = "12")]
    pub people: String,
    #[schema(example = "4021")]
    pub messages: String,
    /// A new one: the recovery key of the other computer opens nothing here.
    pub recovery_key: String,
}

impl From<service::keep::Restored> for Restored {
    fn from(restored: service::keep::Restored) -> Self {
        Self {
            username: restored.username,
            people: restored.counts.people.to_string(),
            messages: restored.counts.items.to_string(),
            recovery_key: restored.recovery.key.to_string(),
        }
    }
}
