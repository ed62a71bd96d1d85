//! Why a wish was not carried out, in words for the person who had it, with the field that it is about.

use protocol::{address::BadAddress, identity::BadUsername};

use crate::{store, vault};

/// What sort of "no" it is. The doors turn it into their own codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The input is not usable as it stands.
    Invalid,
    /// There is no such thing.
    Missing,
    /// It does not fit the state of things; another step comes first.
    Conflict,
    /// The secret that was given doesn't fit.
    Forbidden,
    /// Too often; later it works.
    TooMany,
    /// Something outside is not there.
    Unavailable,
    /// There is no room left on the disk.
    Full,
    /// The node itself failed.
    Fault,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("This node has no account yet. Create one or sign in first.")]
    Fresh,
    #[error("This node is locked. Unlock it with your passphrase first.")]
    Locked,
    #[error(
        "This node has an account already. Sign in with it, or start another node with its own data folder."
    )]
    NotFresh,
    #[error("The name can't be used: {0}.")]
    BadUsername(String),
    #[error("The passphrase is too short: it needs at least {at_least} characters.")]
    ShortPassphrase { at_least: usize },
    #[error("The passphrase is too long: {at_most} characters fit.")]
    LongPassphrase { at_most: usize },
    #[error("This passphrase would be guessed quickly. {hint}")]
    WeakPassphrase { hint: String },
    #[error("This name is new here. To make an account with it, confirm; or check the spelling.")]
    NewName,
    #[error("That name is taken.")]
    NameTaken,
    #[error("That name and passphrase don't fit together.")]
    WrongPair,
    #[error("That passphrase doesn't fit. Try again.")]
    WrongPassphrase,
    #[error("That recovery key doesn't fit.")]
    WrongRecovery,
    #[error(
        "This computer has no keys for that account. Give your recovery file, or reset the account: people you know \
         then see new keys and must confirm them before they write to you."
    )]
    NeedsKeys,
    #[error("The recovery file can't be used: {0}.")]
    BadRecovery(&'static str),
    #[error("Too many tries. Try again in {seconds} seconds.")]
    TooManyTries { seconds: u64 },

    #[error("The directory's address can't be used: {0}.")]
    BadDirectory(String),
    #[error("The directory does not answer right now.")]
    DirectoryDown,
    #[error("This is not the directory that it should be: {0}. Nothing was sent to it.")]
    DirectoryKey(&'static str),
    #[error("The directory takes no more tries for now. Try again in {seconds} seconds.")]
    DirectoryLimit { seconds: u64 },
    #[error("The directory said no: {0}.")]
    DirectoryRefused(String),
    #[error(
        "No directory is set up here. Connect by address instead, or choose a directory in the settings."
    )]
    NoDirectory,

    #[error("The address can't be used: {0}.")]
    BadAddress(#[from] BadAddress),
    #[error("Nobody answered at {address}: {why}.")]
    NobodyThere {
        address: String,
        why: String,
        /// Each try in a line, for those who look closer.
        tried: Vec<String>,
    },
    #[error("At {address} somebody else answered: {username}.")]
    SomebodyElse { address: String, username: String },
    #[error("Say whom you expect at that address; POST /api/v1/peers shows who answers there.")]
    WhoIsMissing,
    #[error("Give either a username or an address.")]
    NameOrAddress,

    #[error("There is nobody with the name {0}, or they don't want to be found.")]
    UnknownName(String),
    #[error("There is no such person here.")]
    UnknownPerson,
    #[error("There is no such conversation.")]
    UnknownConversation,
    #[error("There is no such message in this conversation.")]
    UnknownMessage,
    #[error("There is no such token.")]
    UnknownToken,
    #[error("Somebody else wrote that message. Only its author can change it or take it back.")]
    NotYours,
    #[error("That is no emoji.")]
    NoEmoji,
    #[error("There are no words in that message to change.")]
    NothingToChange,
    #[error("There is no request from that person.")]
    NoRequest,
    #[error("Answer their request first.")]
    NotAnswered,
    #[error("That is yourself.")]
    Yourself,
    #[error("You blocked that person. Unblock them first.")]
    Blocked,
    #[error("The safety number of that person changed. Confirm the new one before you write.")]
    KeysChanged,
    #[error("The text is empty.")]
    EmptyText,
    #[error("The text is {bytes} bytes long; {limit} fit.")]
    LongText { bytes: usize, limit: usize },
    #[error("Too many of your requests wait for an answer. Try again when some are answered.")]
    TooManyRequests,
    #[error("Their profile can't be used: {0}.")]
    BadProfile(&'static str),
    #[error("{0}")]
    BadBackup(&'static str),
    #[error("{reason}")]
    BadField { field: &'static str, reason: &'static str },

    #[error(
        "The disk is full, so this was not kept; everything before it was. Free some space and try again."
    )]
    DiskFull,
    #[error("{0}.")]
    NewerData(String),
    #[error("Another process uses this data folder.")]
    FolderInUse,
    #[error("The node stopped: {0}.")]
    Stopped(String),
    #[error("{0}.")]
    Backup(String),
    #[error("The data folder can't be used: {0}.")]
    Storage(String),
}

impl Error {
    /// The field of the form or of the JSON body that this is about.
    pub fn field(&self) -> Option<&'static str> {
        match self {
            Self::BadUsername(_) | Self::NameTaken | Self::UnknownName(_) | Self::NoDirectory => {
                Some("username")
            }
            Self::NameOrAddress => Some("username"),
            Self::ShortPassphrase { .. }
            | Self::LongPassphrase { .. }
            | Self::WeakPassphrase { .. }
            | Self::WrongPair
            | Self::WrongPassphrase
            | Self::TooManyTries { .. } => Some("passphrase"),
            Self::NewName => Some("create"),
            Self::NeedsKeys | Self::BadRecovery(_) | Self::WrongRecovery => Some("recovery"),
            Self::BadDirectory(_)
            | Self::DirectoryDown
            | Self::DirectoryKey(_)
            | Self::DirectoryLimit { .. }
            | Self::DirectoryRefused(_) => Some("directory"),
            Self::BadAddress(_) | Self::NobodyThere { .. } => Some("address"),
            Self::SomebodyElse { .. }
            | Self::WhoIsMissing
            | Self::UnknownPerson
            | Self::NoRequest
            | Self::NotAnswered
            | Self::Yourself
            | Self::Blocked
            | Self::KeysChanged
            | Self::BadProfile(_)
            | Self::TooManyRequests => Some("user"),
            Self::UnknownConversation => Some("conversation"),
            Self::UnknownMessage | Self::NotYours | Self::NothingToChange => Some("message"),
            Self::UnknownToken => Some("token"),
            Self::EmptyText | Self::LongText { .. } => Some("text"),
            Self::NoEmoji => Some("emoji"),
            Self::BadBackup(_) => Some("file"),
            Self::BadField { field, .. } => Some(field),
            Self::Fresh
            | Self::Locked
            | Self::NotFresh
            | Self::DiskFull
            | Self::NewerData(_)
            | Self::FolderInUse
            | Self::Stopped(_)
            | Self::Backup(_)
            | Self::Storage(_) => None,
        }
    }

    /// A word that programs can tell this by; it never changes.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Fresh => "no_account",
            Self::Locked => "locked",
            Self::NotFresh => "account_exists",
            Self::BadUsername(_) => "bad_username",
            Self::ShortPassphrase { .. } => "short_passphrase",
            Self::LongPassphrase { .. } => "long_passphrase",
            Self::WeakPassphrase { .. } => "weak_passphrase",
            Self::NewName => "new_name",
            Self::NameTaken => "name_taken",
            Self::WrongPair => "wrong_pair",
            Self::WrongPassphrase => "wrong_passphrase",
            Self::WrongRecovery => "wrong_recovery",
            Self::NeedsKeys => "needs_keys",
            Self::BadRecovery(_) => "bad_recovery",
            Self::TooManyTries { .. } => "too_many_tries",
            Self::BadDirectory(_) => "bad_directory",
            Self::DirectoryDown => "directory_down",
            Self::DirectoryKey(_) => "directory_key",
            Self::DirectoryLimit { .. } => "directory_limit",
            Self::DirectoryRefused(_) => "directory_refused",
            Self::NoDirectory => "no_directory",
            Self::BadAddress(_) => "bad_address",
            Self::NobodyThere { .. } => "nobody_there",
            Self::SomebodyElse { .. } => "somebody_else",
            Self::WhoIsMissing => "who_is_missing",
            Self::NameOrAddress => "name_or_address",
            Self::UnknownName(_) => "unknown_name",
            Self::UnknownPerson => "unknown_person",
            Self::UnknownConversation => "unknown_conversation",
            Self::UnknownMessage => "unknown_message",
            Self::UnknownToken => "unknown_token",
            Self::NotYours => "not_yours",
            Self::NoEmoji => "no_emoji",
            Self::NothingToChange => "nothing_to_change",
            Self::NoRequest => "no_request",
            Self::NotAnswered => "not_answered",
            Self::Yourself => "yourself",
            Self::Blocked => "blocked",
            Self::KeysChanged => "keys_changed",
            Self::EmptyText => "empty_text",
            Self::LongText { .. } => "long_text",
            Self::TooManyRequests => "too_many_requests",
            Self::BadProfile(_) => "bad_profile",
            Self::BadBackup(_) => "bad_backup",
            Self::BadField { .. } => "bad_field",
            Self::DiskFull => "disk_full",
            Self::NewerData(_) => "newer_data",
            Self::FolderInUse => "folder_in_use",
            Self::Stopped(_) => "stopped",
            Self::Backup(_) => "backup",
            Self::Storage(_) => "storage",
        }
    }

    pub fn kind(&self) -> Kind {
        match self {
            Self::Fresh
            | Self::Locked
            | Self::NotFresh
            | Self::NewName
            | Self::NameTaken
            | Self::NeedsKeys
            | Self::NoRequest
            | Self::NotAnswered
            | Self::Blocked
            | Self::KeysChanged
            | Self::NoDirectory
            | Self::SomebodyElse { .. }
            | Self::NotYours
            | Self::NothingToChange
            | Self::FolderInUse
            | Self::NewerData(_) => Kind::Conflict,
            Self::WrongPair | Self::WrongPassphrase | Self::WrongRecovery => Kind::Forbidden,
            Self::TooManyTries { .. } | Self::TooManyRequests | Self::DirectoryLimit { .. } => Kind::TooMany,
            Self::DirectoryDown | Self::DirectoryKey(_) | Self::NobodyThere { .. } => Kind::Unavailable,
            Self::UnknownName(_)
            | Self::UnknownPerson
            | Self::UnknownConversation
            | Self::UnknownMessage
            | Self::UnknownToken => Kind::Missing,
            Self::DiskFull => Kind::Full,
            Self::Stopped(_) | Self::Backup(_) | Self::Storage(_) => Kind::Fault,
            Self::BadUsername(_)
            | Self::ShortPassphrase { .. }
            | Self::LongPassphrase { .. }
            | Self::WeakPassphrase { .. }
            | Self::BadRecovery(_)
            | Self::BadDirectory(_)
            | Self::DirectoryRefused(_)
            | Self::BadAddress(_)
            | Self::WhoIsMissing
            | Self::NameOrAddress
            | Self::Yourself
            | Self::EmptyText
            | Self::NoEmoji
            | Self::LongText { .. }
            | Self::BadProfile(_)
            | Self::BadBackup(_)
            | Self::BadField { .. } => Kind::Invalid,
        }
    }
}

impl From<vault::Error> for Error {
    fn from(error: vault::Error) -> Self {
        match error {
            vault::Error::InUse(_) => Self::FolderInUse,
            vault::Error::Missing(_) => Self::Fresh,
            vault::Error::Exists(_) => Self::NotFresh,
            vault::Error::WrongPassphrase | vault::Error::EmptyPassphrase | vault::Error::LongPassphrase => {
                Self::WrongPassphrase
            }
            vault::Error::WrongRecoveryKey | vault::Error::NotARecoveryKey(_) => Self::WrongRecovery,
            vault::Error::NotARecoveryFile(what) => Self::BadRecovery(what),
            vault::Error::Newer(_) => Self::NewerData(sentence(&error.to_string())),
            vault::Error::Io { source, .. } if is_full(&source) => Self::DiskFull,
            vault::Error::Damaged { .. } | vault::Error::Io { .. } | vault::Error::NoRandomness => {
                Self::Storage(error.to_string())
            }
        }
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::Full => Self::DiskFull,
            store::Error::Newer { .. } => Self::NewerData(sentence(&error.to_string())),
            store::Error::Busy => Self::FolderInUse,
            error => Self::Storage(error.to_string()),
        }
    }
}

impl Error {
    pub(super) fn bad_timer() -> Self {
        Self::BadField {
            field: "seconds",
            reason: "Messages can disappear after 1 second to 1 year (31536000); 0 keeps them.",
        }
    }

    pub(super) fn username(why: BadUsername) -> Self {
        Self::BadUsername(why.to_string())
    }

    pub(crate) fn io(error: &std::io::Error) -> Self {
        if is_full(error) { Self::DiskFull } else { Self::Storage(error.to_string()) }
    }
}

/// With a capital letter at the start.
pub(super) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// Whether the disk, or one's share of it, is used up.
pub(super) fn is_full(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded)
}
