//! What can go wrong with the database, as one sentence each.

use std::path::PathBuf;

use sea_orm::{DbErr, RuntimeErr, sqlx};

/// "Not found" is never an error here: it is an `Option`.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(
        "the disk is full: the last change was not kept, everything before it was; make room and start again"
    )]
    Full,
    #[error(
        "the database {0} cannot be read with the key of this data folder: it is damaged, or it came from another folder"
    )]
    WrongKey(PathBuf),
    #[error("the database is damaged ({0}); put back a copy of the data folder, or restore from a backup")]
    Damaged(&'static str),
    #[error("the database {path} was written by a newer version of Confab; start that version{}", go_back(.copy.as_ref()))]
    Newer { path: PathBuf, copy: Option<PathBuf> },
    #[error("the database is open in another program; close it there and start again")]
    Busy,
    #[error("the data folder cannot be written; look at its permissions and whether its disk is read-only")]
    ReadOnly,
    #[error("the disk failed: {0}")]
    Disk(String),
    #[error("cannot {doing} {path}: {source}")]
    File { doing: &'static str, path: PathBuf, source: std::io::Error },
    #[error("the database refused: {0}")]
    Database(DbErr),
}

fn go_back(copy: Option<&PathBuf>) -> String {
    copy.map_or_else(String::new, |copy| {
        format!(", or go back to the state before it by putting {} in its place", copy.display())
    })
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        let (DbErr::Conn(RuntimeErr::SqlxError(inner))
        | DbErr::Exec(RuntimeErr::SqlxError(inner))
        | DbErr::Query(RuntimeErr::SqlxError(inner))) = &error
        else {
            return Self::Database(error);
        };
        let sqlx::Error::Database(inner) = inner.as_ref() else {
            return Self::Database(error);
        };
        let code = inner.code().and_then(|code| code.parse::<u32>().ok()).unwrap_or(0);
        // The low byte is the primary result code: https://www.sqlite.org/rescode.html
        match code & 0xff {
            5 | 6 => Self::Busy,
            8 | 14 => Self::ReadOnly,
            10 => Self::Disk(inner.message().to_owned()),
            11 => Self::Damaged("a page of it is not whole"),
            13 => Self::Full,
            26 => Self::Damaged("it is not a database of this key"),
            _ => Self::Database(error),
        }
    }
}
