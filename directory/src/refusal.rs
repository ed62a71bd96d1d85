//! What is refused, and why: a value that the HTTP room writes down as a problem (RFC 9457).

use std::borrow::Cow;

use protocol::directory::Code;

/// A request that is not carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub code: Code,
    /// One sentence for a person.
    pub detail: Cow<'static, str>,
    pub field: Option<Cow<'static, str>>,
    /// Seconds.
    pub retry_after: Option<u64>,
}

impl Refusal {
    pub(crate) fn new(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { code, detail: detail.into(), field: None, retry_after: None }
    }

    /// A field that is not as it must be.
    pub(crate) fn invalid(field: impl Into<Cow<'static, str>>, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { field: Some(field.into()), ..Self::new(Code::Invalid, detail) }
    }

    /// The same words whether the name exists or not.
    pub(crate) fn dont_fit() -> Self {
        Self::new(Code::DontFit, "That name and passphrase don't fit together")
    }

    pub(crate) fn signed_out() -> Self {
        Self::new(Code::SignedOut, "you are signed out")
    }

    /// The same words for people who are unknown, hidden, or have blocked the one who asks.
    pub(crate) fn not_found() -> Self {
        Self::new(Code::NotFound, "there is nobody of that name here")
    }

    pub(crate) fn too_many(what: &'static str, retry_after: u64) -> Self {
        Self { retry_after: Some(retry_after.max(1)), ..Self::new(Code::TooMany, what) }
    }

    pub(crate) fn busy() -> Self {
        Self { retry_after: Some(2), ..Self::new(Code::Busy, "the directory is busy; try again in a moment") }
    }

    /// Something failed here. The reason goes to the log, not to the one who asked.
    pub(crate) fn internal(error: &dyn std::fmt::Display) -> Self {
        tracing::error!(%error, "a request failed");
        Self::new(Code::Internal, "something went wrong in the directory")
    }
}

impl From<sea_orm::DbErr> for Refusal {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::internal(&error)
    }
}
