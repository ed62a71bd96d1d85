//! Tokens for scripts: scoped, stored as hashes in a file of their own, so that they work before the first run.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use data_encoding::{BASE32_NOPAD, HEXLOWER};
use protocol::time::WallMs;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use super::{Error, private};

/// What a token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// See people, conversations, messages and events.
    Read,
    /// Write messages, ask and answer requests, block.
    Write,
    /// Register, sign in and out, unlock, change settings, make tokens, open the page.
    Account,
}

impl Scope {
    pub const ALL: [Self; 3] = [Self::Read, Self::Write, Self::Account];

    pub fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Account => "account",
        }
    }
}

impl std::str::FromStr for Scope {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::ALL
            .into_iter()
            .find(|scope| scope.word() == text)
            .ok_or(Error::BadField { field: "scopes", reason: "A scope is one of read, write, account." })
    }
}

/// A token as it is kept: everything but itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// Names the token in lists; no secret.
    pub id: String,
    pub name: String,
    pub scopes: Vec<Scope>,
    pub created: WallMs,
    /// After this it opens nothing and disappears.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<WallMs>,
    /// BLAKE3 of the token. The token has 256 random bits, so a slow hash would add nothing.
    hash: String,
}

/// The token itself, shown once.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(***)")
    }
}

/// The file of tokens in a data folder. Other processes (the command line) change it too, so it is read anew
/// at each use, under a lock.
#[derive(Debug, Clone)]
pub struct Tokens {
    dir: PathBuf,
}

impl Tokens {
    pub fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned() }
    }

    /// Makes a token. It is shown by nobody ever again.
    ///
    /// # Errors
    /// A name that is empty or too long, no scope, or a folder that can't be written.
    pub fn create(
        &self,
        name: &str,
        scopes: &[Scope],
        now: WallMs,
        expires: Option<WallMs>,
    ) -> Result<(Token, Secret), Error> {
        let name = name.trim();
        if name.is_empty() || name.chars().count() > 64 || name.chars().any(char::is_control) {
            return Err(Error::BadField { field: "name", reason: "The name has 1 to 64 characters." });
        }
        if scopes.is_empty() {
            return Err(Error::BadField { field: "scopes", reason: "A token needs at least one scope." });
        }
        let secret =
            Secret(format!("confab_{}", BASE32_NOPAD.encode(&rand::random::<[u8; 32]>()).to_lowercase()));
        let mut scopes = scopes.to_vec();
        scopes.sort_unstable();
        scopes.dedup();
        let token = Token {
            id: HEXLOWER.encode(&rand::random::<[u8; 6]>()),
            name: name.to_owned(),
            scopes,
            created: now,
            expires,
            hash: hash(secret.reveal()),
        };
        self.change(|tokens| {
            tokens.retain(|old| old.expires.is_none_or(|end| end > now));
            tokens.push(token.clone());
        })?;
        Ok((token, secret))
    }

    /// All tokens that still open something, oldest first.
    ///
    /// # Errors
    /// A file that can't be read.
    pub fn list(&self, now: WallMs) -> Result<Vec<Token>, Error> {
        let mut tokens = self.read()?;
        tokens.retain(|token| token.expires.is_none_or(|end| end > now));
        Ok(tokens)
    }

    /// # Errors
    /// When there is no such token, or a file that can't be written.
    pub fn revoke(&self, id: &str) -> Result<(), Error> {
        let mut found = false;
        self.change(|tokens| {
            let before = tokens.len();
            tokens.retain(|token| token.id != id);
            found = tokens.len() < before;
        })?;
        if found { Ok(()) } else { Err(Error::UnknownToken) }
    }

    /// Revokes every token.
    ///
    /// # Errors
    /// A file that can't be written.
    pub fn revoke_all(&self) -> Result<(), Error> {
        self.change(Vec::clear)
    }

    /// The token that this text is, if it is one.
    ///
    /// # Errors
    /// A file that can't be read.
    pub fn check(&self, text: &str, now: WallMs) -> Result<Option<Token>, Error> {
        let hash = hash(text);
        let same = |token: &Token| bool::from(token.hash.as_bytes().ct_eq(hash.as_bytes()));
        Ok(self.list(now)?.into_iter().find(same))
    }

    fn read(&self) -> Result<Vec<Token>, Error> {
        match fs::read(self.dir.join("tokens.json")) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map_err(|_| Error::Storage("tokens.json is damaged; remove it and make new tokens".into())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(Error::io(&error)),
        }
    }

    fn change(&self, change: impl FnOnce(&mut Vec<Token>)) -> Result<(), Error> {
        private::make_dir(&self.dir).map_err(|error| Error::io(&error))?;
        let lock = File::create(self.dir.join("tokens.lock")).map_err(|error| Error::io(&error))?;
        lock.lock().map_err(|error| Error::io(&error))?;
        let mut tokens = self.read()?;
        change(&mut tokens);
        let text = serde_json::to_vec_pretty(&tokens).map_err(|error| Error::Storage(error.to_string()))?;
        private::write(&self.dir.join("tokens.json"), &text).map_err(|error| Error::io(&error))
    }
}

fn hash(text: &str) -> String {
    blake3::hash(text.as_bytes()).to_hex().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: WallMs = WallMs(1_000_000);

    #[test]
    fn a_token_works_from_the_moment_it_is_made_until_it_is_revoked() {
        let dir = tempfile::tempdir().expect("a folder");
        // As the command line and the running node do: two views of one folder.
        let (here, there) = (Tokens::new(&dir.path().join("new")), Tokens::new(&dir.path().join("new")));
        let (token, secret) = here.create("script", &[Scope::Write, Scope::Read], NOW, None).expect("made");
        let seen = there.check(secret.reveal(), NOW).expect("read").expect("known");
        assert_eq!(seen, token);
        assert_eq!(seen.scopes, [Scope::Read, Scope::Write]);
        assert_eq!(there.check("confab_other", NOW), Ok(None));
        there.revoke(&token.id).expect("revoked");
        assert_eq!(here.check(secret.reveal(), NOW), Ok(None));
        assert_eq!(here.revoke(&token.id), Err(Error::UnknownToken));
    }

    #[test]
    fn a_token_that_expired_opens_nothing_and_disappears() {
        let dir = tempfile::tempdir().expect("a folder");
        let tokens = Tokens::new(dir.path());
        let (_, secret) =
            tokens.create("short", &[Scope::Read], NOW, Some(WallMs(NOW.0 + 10))).expect("made");
        assert!(tokens.check(secret.reveal(), WallMs(NOW.0 + 9)).expect("read").is_some());
        assert!(tokens.check(secret.reveal(), WallMs(NOW.0 + 10)).expect("read").is_none());
        assert_eq!(tokens.list(WallMs(NOW.0 + 10)), Ok(vec![]));
    }

    #[test]
    fn the_file_holds_no_token_and_only_its_owner_reads_it() {
        let dir = tempfile::tempdir().expect("a folder");
        let (_, secret) = Tokens::new(dir.path()).create("a", &[Scope::Read], NOW, None).expect("made");
        let file = dir.path().join("tokens.json");
        let text = fs::read_to_string(&file).expect("the file");
        assert!(!text.contains(secret.reveal()) && !text.contains(&secret.reveal()["confab_".len()..]));
        assert!(!format!("{secret:?}").contains(&secret.reveal()["confab_".len()..]));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&file).expect("there").permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn a_bad_name_and_no_scope_are_refused_by_name() {
        let dir = tempfile::tempdir().expect("a folder");
        let tokens = Tokens::new(dir.path());
        let refused = tokens.create("  ", &[Scope::Read], NOW, None).expect_err("no name");
        assert_eq!(refused.field(), Some("name"));
        let refused = tokens.create("x", &[], NOW, None).expect_err("no scope");
        assert_eq!(refused.field(), Some("scopes"));
    }
}
