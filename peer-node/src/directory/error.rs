//! What can go wrong with a directory, in words for the person who uses it.

use protocol::directory::{Code, Problem};

/// Why the directory did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0}")]
    BadUrl(&'static str),
    #[error("the directory can't be reached: {0}")]
    Unreachable(String),
    /// Certificate, pin or identity are not what they must be; nothing was sent.
    #[error("this is not the directory it should be: {0}")]
    NotTrusted(&'static str),
    #[error("the directory answered something that can't be understood")]
    Garbled,
    #[error("you are signed out of the directory")]
    SignedOut,
    /// The name is new; an account is made only when that was meant.
    #[error("there is no account with that name here")]
    NewName,
    #[error("That name and passphrase don't fit together")]
    DontFit,
    #[error("{}", .0.detail)]
    Refused(Box<Problem>),
}

impl Error {
    /// The directory's reason, where it gave one.
    pub fn code(&self) -> Option<Code> {
        match self {
            Self::Refused(problem) => Some(problem.code),
            Self::SignedOut => Some(Code::SignedOut),
            Self::DontFit => Some(Code::DontFit),
            _ => None,
        }
    }

    /// The field of the request that it is about.
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::Refused(problem) => problem.field.as_deref(),
            _ => None,
        }
    }

    /// Trying again later may help: nobody answered, or the directory is busy.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::Garbled => true,
            Self::Refused(problem) => {
                matches!(problem.code, Code::TooMany | Code::Busy | Code::Internal)
            }
            _ => false,
        }
    }
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        match problem.code {
            Code::DontFit => Self::DontFit,
            Code::SignedOut => Self::SignedOut,
            _ => Self::Refused(Box::new(problem)),
        }
    }
}
