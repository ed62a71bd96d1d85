//! Accounts: what people do with their name, password and sessions.
//!
//! **What may be learned about names.** Signing in says the same, after the same work, for a wrong password and for a
//! name that nobody has. Registering cannot: two people cannot have one name, so the second must hear that it is
//! taken. That answer is therefore the only one that tells, it tells no more than that, and it is paid for: a proof of
//! work for each name asked, and few questions an hour for each address, whether an account is made or not. The page's
//! "this name is new, make an account?" is that same question. People who hide (`Visibility::Nobody`) hide what they
//! publish and whether they are here; that somebody holds the name, they cannot hide.

use std::{collections::HashSet, net::IpAddr, sync::Mutex, sync::PoisonError};

use data_encoding::HEXLOWER;
use protocol::{
    directory::{
        Challenge, ChangePassword, Code, ForgottenPassword, Hex, Proof, Register, Renew, Session, SignIn,
        Toll, Visibility, Work, password_statement, renew_statement,
    },
    identity::{Profile, Username},
    sign::{Domain, Signature},
};
use zeroize::Zeroizing;

use crate::{
    Directory,
    limits::{Buckets, network},
    passwords::Verdict,
    refusal::Refusal,
    store::{self, NewAccount},
    tokens::{Purpose, TTL_S},
};

/// Sessions that were not renewed for so long end.
pub(crate) const SESSION_MS: u64 = 90 * 24 * 3600 * 1000;
/// How many (name, network) pairs are remembered as having signed in.
const MOST_FAMILIAR: usize = 100_000;
/// From this many failures on, each doubles the wait before the next try.
const PATIENCE: u32 = 3;

/// What answers a registration.
pub(crate) enum Registered {
    Free(bool),
    Made(Session),
}

/// Who makes the request: the session of a token.
#[derive(Debug, Clone)]
pub(crate) struct Who {
    pub(crate) account: String,
    pub(crate) session: String,
    pub(crate) version: i64,
}

/// What is counted against guessing.
#[derive(Debug)]
pub(crate) struct Guard {
    sign_ins: Buckets<[u8; 9]>,
    registrations: Buckets<[u8; 9]>,
    failures_per_name: Buckets<[u8; 16]>,
    failures: Buckets<()>,
    /// Failures in a row, by name, from networks that never signed in to it: (count, time of the last).
    in_a_row: Mutex<std::collections::HashMap<[u8; 16], (u32, u64)>>,
    /// Networks that signed in, by (name, network); others' failures don't lock these out.
    familiar: Mutex<HashSet<[u8; 16]>>,
}

impl Guard {
    pub(crate) fn new(limits: &crate::config::Limits) -> Self {
        Self {
            sign_ins: Buckets::new([limits.sign_ins, limits.sign_ins_long]),
            registrations: Buckets::new([limits.registrations]),
            failures_per_name: Buckets::new([limits.failures_per_name]),
            failures: Buckets::new([limits.failures]),
            in_a_row: Mutex::default(),
            familiar: Mutex::default(),
        }
    }

    fn is_familiar(&self, name: &str, from: IpAddr) -> bool {
        self.familiar.lock().unwrap_or_else(PoisonError::into_inner).contains(&pair_key(name, from))
    }

    fn admit(&self, name: &str, from: IpAddr, now: u64) -> Result<(), Refusal> {
        let slow = |wait| Refusal::too_many("too many tries to sign in; wait a while", wait);
        self.sign_ins.take(network(from), now).map_err(slow)?;
        if self.is_familiar(name, from) {
            return Ok(());
        }
        self.failures.check((), now).map_err(slow)?;
        self.failures_per_name.check(name_key(name), now).map_err(slow)?;
        let in_a_row = self.in_a_row.lock().unwrap_or_else(PoisonError::into_inner);
        match in_a_row.get(&name_key(name)) {
            Some((count, last)) if *count >= PATIENCE && !self.failures_per_name.is_off() => {
                let wait_ms = 1000u64 << (count - PATIENCE).min(9);
                let until = last + wait_ms;
                if now < until { Err(slow((until - now).div_ceil(1000))) } else { Ok(()) }
            }
            _ => Ok(()),
        }
    }

    fn failed(&self, name: &str, from: IpAddr, now: u64) {
        if self.is_familiar(name, from) {
            return;
        }
        let _ = self.failures.take((), now);
        let _ = self.failures_per_name.take(name_key(name), now);
        let mut in_a_row = self.in_a_row.lock().unwrap_or_else(PoisonError::into_inner);
        in_a_row.retain(|_, (_, last)| now.saturating_sub(*last) < 3_600_000);
        if in_a_row.len() < MOST_FAMILIAR {
            let (count, last) = in_a_row.entry(name_key(name)).or_default();
            (*count, *last) = (count.saturating_add(1), now);
        }
    }

    fn succeeded(&self, name: &str, from: IpAddr) {
        self.in_a_row.lock().unwrap_or_else(PoisonError::into_inner).remove(&name_key(name));
        let mut familiar = self.familiar.lock().unwrap_or_else(PoisonError::into_inner);
        if familiar.len() < MOST_FAMILIAR {
            familiar.insert(pair_key(name, from));
        }
    }
}

/// Names are kept as hashes: what was typed may be a passphrase in the wrong field.
fn name_key(name: &str) -> [u8; 16] {
    cut(blake3::hash(name.as_bytes()))
}

fn pair_key(name: &str, from: IpAddr) -> [u8; 16] {
    let mut hash = blake3::Hasher::new();
    hash.update(&network(from)).update(name.as_bytes());
    cut(hash.finalize())
}

fn cut(hash: blake3::Hash) -> [u8; 16] {
    let mut key = [0; 16];
    key.copy_from_slice(&hash.as_bytes()[..16]);
    key
}

fn new_id() -> String {
    HEXLOWER.encode(&rand::random::<[u8; 16]>())
}

fn check_username(text: &str) -> Result<Username, Refusal> {
    text.parse()
        .map_err(|error: protocol::identity::BadUsername| Refusal::invalid("username", error.to_string()))
}

fn check_password(field: &'static str, text: &str) -> Result<(), Refusal> {
    match text.chars().count() {
        10..=128 => Ok(()),
        _ => Err(Refusal::invalid(field, "a password has 10 to 128 characters")),
    }
}

impl Directory {
    /// What a registration must bring.
    pub(crate) fn toll(&self) -> Toll {
        let limits = &self.config.limits;
        let work = (limits.work_bits > 0).then(|| Work {
            challenge: self.challenges.make(Purpose::Work),
            memory_kib: limits.work_memory_kib,
            bits: limits.work_bits,
        });
        Toll { work }
    }

    pub(crate) async fn register(&self, from: IpAddr, asked: Register) -> Result<Registered, Refusal> {
        let username = check_username(&asked.username)?;
        let password = match (asked.create, asked.password.map(Zeroizing::new)) {
            (false, _) => None,
            (true, Some(password)) => {
                check_password("password", &password)?;
                Some(password)
            }
            (true, None) => return Err(Refusal::invalid("password", "an account needs a password")),
        };
        self.guard.registrations.take(network(from), self.clock.now()).map_err(|wait| {
            Refusal::too_many("too many registrations from your address; wait a while", wait)
        })?;
        self.check_work(username.as_str(), asked.proof.as_ref()).await?;
        let skeleton = username.skeleton();
        let taken = self.store.is_taken(username.as_str(), &skeleton).await?;
        let Some(password) = password else { return Ok(Registered::Free(!taken)) };
        let name_taken = || Refusal {
            field: Some("username".into()),
            ..Refusal::new(Code::NameTaken, "this name, or one that looks like it, is taken")
        };
        if taken {
            return Err(name_taken());
        }
        let password = self.passwords.hash(password).await?;
        let account = new_id();
        let new = NewAccount {
            id: &account,
            username: username.as_str(),
            skeleton: &skeleton,
            password: &password,
            now: self.clock.now(),
        };
        self.store.create_account(new).await?.map_err(|store::Taken| name_taken())?;
        self.guard.succeeded(username.as_str(), from);
        tracing::info!("an account was made");
        let account = self.store.account(&account).await?.ok_or_else(|| Refusal::internal(&"no account"))?;
        self.begin(&account).await.map(Registered::Made)
    }

    async fn check_work(&self, username: &str, proof: Option<&Proof>) -> Result<(), Refusal> {
        let limits = &self.config.limits;
        if limits.work_bits == 0 {
            return Ok(());
        }
        let wanted = || Refusal {
            field: Some("proof".into()),
            ..Refusal::new(
                Code::ProofWanted,
                "a registration needs a fresh proof of work; see GET /v1/register",
            )
        };
        let proof = proof.ok_or_else(wanted)?;
        if !self.challenges.holds(Purpose::Work, &proof.challenge) {
            return Err(wanted());
        }
        let worked =
            self.passwords.is_worked(proof, username, limits.work_memory_kib, limits.work_bits).await?;
        worked.then_some(()).ok_or_else(wanted)
    }

    /// One answer for a wrong password and for a name that does not exist, after one hash.
    pub(crate) async fn sign_in(&self, from: IpAddr, asked: SignIn) -> Result<Session, Refusal> {
        let password = Zeroizing::new(asked.password);
        let username = check_username(&asked.username)?;
        check_password("password", &password)?;
        let name = username.as_str();
        self.guard.admit(name, from, self.clock.now())?;
        let account = self.store.account_named(name).await?;
        let stored = account.as_ref().map(|account| account.password.clone());
        let Verdict { fits, rehash } = self.passwords.verify(stored, password).await?;
        let Some(account) = account.filter(|_| fits) else {
            self.guard.failed(name, from, self.clock.now());
            return Err(Refusal::dont_fit());
        };
        if let Some(rehash) = rehash {
            self.store.rehash(&account.id, &account.password, &rehash).await?;
        }
        self.guard.succeeded(name, from);
        self.begin(&account).await
    }

    pub(crate) fn renew_challenge(&self) -> Challenge {
        Challenge { challenge: self.challenges.make(Purpose::Renew) }
    }

    /// A new token for a session that runs, if the device that asks is one of the account's newest profile. So what a
    /// stolen password opened ends with its first token, unless the thief resets the keys, which everybody sees.
    pub(crate) async fn renew(&self, asked: Renew) -> Result<Session, Refusal> {
        let Renew { session, device, challenge, signature } = asked;
        if !self.challenges.holds(Purpose::Renew, &challenge) {
            return Err(Refusal::invalid("challenge", "the challenge is too old, or not from here"));
        }
        let statement = renew_statement(&self.id(), &session, &challenge);
        Domain::DIRECTORY_CHALLENGE
            .verify(&device.0, &statement, &Signature(signature.0))
            .map_err(|_| Refusal::invalid("signature", "the signature does not fit"))?;
        if !self.challenges.use_up(&challenge) {
            return Err(Refusal::invalid("challenge", "the challenge was used"));
        }
        let session = session.to_string();
        let account = self.store.session(&session).await?.ok_or_else(Refusal::signed_out)?;
        let profile = self.store.profile(&account.id).await?.ok_or_else(Refusal::signed_out)?;
        let profile: Profile = protocol::codec::from_bytes(&profile)
            .map_err(|_| Refusal::internal(&"a stored profile can't be read"))?;
        if profile.device_with(device).is_none() {
            return Err(Refusal::new(Code::SignedOut, "this device is not one of the account any more"));
        }
        self.store.saw_session(&session, self.clock.now()).await?;
        self.session_answer(&account, &session)
    }

    pub(crate) async fn sign_out(&self, who: &Who) -> Result<(), Refusal> {
        self.store.end_session(&who.session).await?;
        self.presence.end_session(&who.session);
        Ok(())
    }

    pub(crate) async fn sign_out_everywhere(&self, who: &Who) -> Result<(), Refusal> {
        self.store.end_sessions(&who.account).await?;
        self.presence.end_account(&who.account);
        Ok(())
    }

    /// All sessions end, and the one that asked begins anew.
    pub(crate) async fn change_password(
        &self,
        who: &Who,
        from: IpAddr,
        asked: ChangePassword,
    ) -> Result<Session, Refusal> {
        let (old, new) = (Zeroizing::new(asked.old), Zeroizing::new(asked.new));
        check_password("new", &new)?;
        self.check_own_password(who, from, "old", old).await?;
        let password = self.passwords.hash(new).await?;
        let session = new_id();
        self.store.change_password(&who.account, &password, &session, self.clock.now()).await?;
        self.presence.end_account(&who.account);
        let account = self.store.account(&who.account).await?.ok_or_else(Refusal::signed_out)?;
        self.session_answer(&account, &session)
    }

    /// A new password on the word of the account key: whoever has it is the person, whatever they remember. A name
    /// without keys, or none at all, gets the answer of a signature that does not fit.
    pub(crate) async fn forgotten_password(
        &self,
        from: IpAddr,
        asked: ForgottenPassword,
    ) -> Result<Session, Refusal> {
        let ForgottenPassword { username, new, challenge, signature } = asked;
        let new = Zeroizing::new(new);
        let username = check_username(&username)?;
        check_password("new", &new)?;
        let name = username.as_str();
        self.guard.admit(name, from, self.clock.now())?;
        if !self.challenges.holds(Purpose::Renew, &challenge) || !self.challenges.use_up(&challenge) {
            return Err(Refusal::invalid("challenge", "the challenge is used, too old, or not from here"));
        }
        let account = self.store.account_named(name).await?;
        let profile = match &account {
            Some(account) => self.store.profile(&account.id).await?,
            None => None,
        };
        let profile: Option<Profile> = profile.and_then(|bytes| protocol::codec::from_bytes(&bytes).ok());
        let statement = password_statement(&self.id(), name, &new, &challenge);
        let fits = profile.is_some_and(|profile| {
            let key = profile.account_key();
            Domain::DIRECTORY_PASSWORD.verify(key, &statement, &Signature(signature.0)).is_ok()
        });
        let Some(account) = account.filter(|_| fits) else {
            self.guard.failed(name, from, self.clock.now());
            return Err(Refusal::dont_fit());
        };
        let password = self.passwords.hash(new).await?;
        let session = new_id();
        self.store.change_password(&account.id, &password, &session, self.clock.now()).await?;
        self.presence.end_account(&account.id);
        self.guard.succeeded(name, from);
        tracing::info!("a password was set anew by the account key");
        let account = self.store.account(&account.id).await?.ok_or_else(Refusal::signed_out)?;
        self.session_answer(&account, &session)
    }

    /// The account, its keys, sessions, letters and blocks are gone; the name is free.
    pub(crate) async fn delete_account(
        &self,
        who: &Who,
        from: IpAddr,
        password: String,
    ) -> Result<(), Refusal> {
        self.check_own_password(who, from, "password", Zeroizing::new(password)).await?;
        self.store.delete_account(&who.account).await?;
        self.presence.end_account(&who.account);
        tracing::info!("an account was deleted");
        Ok(())
    }

    pub(crate) async fn account(&self, who: &Who) -> Result<protocol::directory::Account, Refusal> {
        let account = self.store.account(&who.account).await?.ok_or_else(Refusal::signed_out)?;
        Ok(protocol::directory::Account {
            username: account.username,
            user: account.user,
            visibility: account.visibility,
            created: protocol::time::WallMs(account.created),
            resets: account.resets,
        })
    }

    pub(crate) async fn set_visibility(&self, who: &Who, visibility: Visibility) -> Result<(), Refusal> {
        self.store.set_visibility(&who.account, visibility).await?;
        self.presence.set_visibility(&who.account, visibility);
        Ok(())
    }

    /// The claims of a token, whose session may have ended since: good enough to read.
    pub(crate) fn who(&self, token: &str) -> Result<Who, Refusal> {
        let claims = self.tokens.read(token)?;
        Ok(Who { account: claims.sub, session: claims.sid, version: claims.ver })
    }

    /// The claims of a token whose session runs and whose account has not signed out everywhere.
    pub(crate) async fn who_surely(&self, token: &str) -> Result<(Who, store::Account), Refusal> {
        let who = self.who(token)?;
        let account = self.store.session(&who.session).await?.ok_or_else(Refusal::signed_out)?;
        if account.id != who.account || account.version != who.version {
            return Err(Refusal::signed_out());
        }
        Ok((who, account))
    }

    async fn check_own_password(
        &self,
        who: &Who,
        from: IpAddr,
        field: &'static str,
        password: Zeroizing<String>,
    ) -> Result<(), Refusal> {
        check_password(field, &password)?;
        let account = self.store.account(&who.account).await?.ok_or_else(Refusal::signed_out)?;
        // A token must not be a way around the limits on guessing.
        self.guard.admit(&account.username, from, self.clock.now())?;
        let verdict = self.passwords.verify(Some(account.password), password).await?;
        if verdict.fits {
            return Ok(());
        }
        self.guard.failed(&account.username, from, self.clock.now());
        Err(Refusal { field: Some(field.into()), ..Refusal::dont_fit() })
    }

    async fn begin(&self, account: &store::Account) -> Result<Session, Refusal> {
        let session = new_id();
        self.store.begin_session(&account.id, &session, self.clock.now()).await?;
        self.session_answer(account, &session)
    }

    fn session_answer(&self, account: &store::Account, session: &str) -> Result<Session, Refusal> {
        let session: Hex<16> = session.parse().map_err(|error| Refusal::internal(&error))?;
        Ok(Session {
            token: self.tokens.issue(&account.id, &session.to_string(), account.version)?,
            session,
            expires_in_s: TTL_S,
            visibility: account.visibility,
            user: account.user,
        })
    }
}
