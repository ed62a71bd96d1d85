//! What can be asked of a directory: one verb, one function.

use std::{
    fmt,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use hyper::Method;
use protocol::{
    codec,
    directory::{
        Account, Blob, Challenge, ChangePassword, DeleteAccount, ForgottenPassword, Found, Free, Hex,
        Identity, Listed, PostLetter, Publish, Register, Renew, Session, SetVisibility, SignIn, Toll,
        Visibility, password_statement, publish_statement, renew_statement,
    },
    identity::{AccountKey, LinkSecret, Profile, Username},
    ids::{DeviceId, LetterId, UserId},
    sign::Domain,
};
use serde::{Serialize, de::DeserializeOwned};

use super::{Error, http::Http, transport::Endpoint, work};

/// A token is renewed when less than this is left of it.
const RENEW_BEFORE: Duration = Duration::from_secs(60);

/// A client of one directory. Clones share the session.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    pub(super) http: Http,
    session: Mutex<Option<Live>>,
    device: Mutex<Option<LinkSecret>>,
    /// One renewal at a time.
    renewing: tokio::sync::Mutex<()>,
}

#[derive(Clone)]
struct Live {
    /// Missing after `resume`: the first request renews.
    token: Option<(String, Instant)>,
    session: Hex<16>,
}

/// What the directory knows of an account at sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignedIn {
    /// Keep it: [`Client::resume`] goes on with it after a restart, without the passphrase.
    pub session: Hex<16>,
    pub visibility: Visibility,
    /// Whose keys the account has: none yet; this node's own user; or another, then publishing means a reset.
    pub user: Option<UserId>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("directory::Client")
    }
}

impl Client {
    /// Asks nobody yet. `known` is the id of the directory from an earlier run: any other is refused.
    ///
    /// # Errors
    /// The address can't be one of a directory.
    pub fn new(url: &str, pin: Option<Hex<32>>, known: Option<[u8; 32]>) -> Result<Self, Error> {
        Self::trusting(url, pin, known, None)
    }

    /// [`Client::new`], and only what the authority in this file (PEM) signed is believed, or what is pinned.
    ///
    /// # Errors
    /// The address can't be one of a directory; a file that can't be read.
    pub fn trusting(
        url: &str,
        pin: Option<Hex<32>>,
        known: Option<[u8; 32]>,
        authority: Option<&Path>,
    ) -> Result<Self, Error> {
        let inner = Inner {
            http: Http::new(Endpoint::new(url, pin, authority)?, known),
            session: Mutex::default(),
            device: Mutex::default(),
            renewing: tokio::sync::Mutex::default(),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// [`Client::new`], and the directory has answered and proven its identity.
    ///
    /// # Errors
    /// It is not there, or not the one it should be.
    pub async fn connect(url: &str, pin: Option<Hex<32>>) -> Result<Self, Error> {
        let client = Self::new(url, pin, None)?;
        client.identity().await?;
        Ok(client)
    }

    /// Who the directory is; its [`Identity::id`] salts the password that it gets.
    pub async fn identity(&self) -> Result<&Identity, Error> {
        self.inner.http.identity().await
    }

    /// The device whose key renews tokens.
    pub fn use_device(&self, link: &LinkSecret) {
        *lock(&self.inner.device) = Some(link.clone());
    }

    /// Goes on with a session of an earlier run.
    pub fn resume(&self, session: Hex<16>) {
        *lock(&self.inner.session) = Some(Live { token: None, session });
    }

    /// The running session, for [`Client::resume`].
    pub fn session(&self) -> Option<Hex<16>> {
        lock(&self.inner.session).as_ref().map(|live| live.session)
    }

    /// Whether nobody has this name here. Costs a proof of work where the directory asks for one.
    pub async fn is_free(&self, username: &Username) -> Result<bool, Error> {
        let Free { free } = self.post("/v1/register", &self.registration(username, None).await?).await?;
        Ok(free)
    }

    /// Makes an account and signs in.
    pub async fn register(&self, username: &Username, password: &str) -> Result<SignedIn, Error> {
        let request = self.registration(username, Some(password)).await?;
        let session = self.post("/v1/register", &request).await?;
        Ok(self.begin(session))
    }

    /// Signs in. [`Error::NewName`] where nobody has the name: ask whether an account is meant, then `register`.
    pub async fn sign_in(&self, username: &Username, password: &str) -> Result<SignedIn, Error> {
        let request = SignIn { username: username.to_string(), password: password.to_owned() };
        match self.post("/v1/sign-in", &request).await {
            Ok(session) => Ok(self.begin(session)),
            // The directory says the same of a new name; only the costly question tells them apart. When it is
            // not answered (a limit), the safe answer stays: no account is made by a typo.
            Err(Error::DontFit) => match self.is_free(username).await {
                Ok(true) => Err(Error::NewName),
                _ => Err(Error::DontFit),
            },
            Err(error) => Err(error),
        }
    }

    /// A new token on the word of the device key.
    pub async fn renew(&self) -> Result<SignedIn, Error> {
        let _one = self.inner.renewing.lock().await;
        self.renew_now().await
    }

    pub async fn account(&self) -> Result<Account, Error> {
        self.authed(Method::GET, "/v1/account", None::<&()>).await
    }

    /// The newest keys of the person with exactly this name; none for unknown, hidden and blocking people alike.
    pub async fn find(&self, username: &Username) -> Result<Option<Profile>, Error> {
        let found = self.found(&format!("/v1/people/{username}")).await?;
        match found {
            Some(profile) if profile.username() != username => {
                Err(Error::NotTrusted("it answered for another name"))
            }
            found => Ok(found),
        }
    }

    /// The newest keys of somebody known, also after a reset: then the profile is another user's.
    pub async fn look_up(&self, user: UserId) -> Result<Option<Profile>, Error> {
        self.found(&format!("/v1/users/{user}")).await
    }

    /// People who chose to be listed and whose name contains `query`.
    pub async fn listed(&self, query: &str) -> Result<Listed, Error> {
        // Names have no other characters, so nothing else can be found.
        let query: String =
            query.to_lowercase().chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        self.authed(Method::GET, &format!("/v1/people?q={query}"), None::<&()>).await
    }

    /// Publishes keys; [`Client::use_device`] comes first. Without `reset` they must follow from those that the directory has.
    pub async fn publish(&self, profile: &Profile, reset: bool) -> Result<(), Error> {
        let device = lock(&self.inner.device).clone().ok_or(Error::SignedOut)?;
        let session = self.session().ok_or(Error::SignedOut)?;
        let profile = codec::to_bytes(profile);
        let statement = publish_statement(&self.identity().await?.id(), &session, &profile);
        let signature = Hex(device.sign(Domain::DIRECTORY_CHALLENGE, &statement).0);
        let request = Publish { profile: Blob(profile), device: device.device_id(), signature, reset };
        self.authed(Method::PUT, "/v1/profile", Some(&request)).await
    }

    pub async fn set_visibility(&self, visibility: Visibility) -> Result<(), Error> {
        self.authed(Method::PUT, "/v1/visibility", Some(&SetVisibility { visibility })).await
    }

    /// Whether this person gets the answers that an unknown person gets: no keys, no letters, no presence.
    pub async fn set_blocked(&self, user: UserId, blocked: bool) -> Result<(), Error> {
        let method = if blocked { Method::PUT } else { Method::DELETE };
        self.authed(method, &format!("/v1/blocks/{user}"), None::<&()>).await
    }

    /// Puts a letter into the box of a device.
    pub async fn post_letter(
        &self,
        to: UserId,
        device: DeviceId,
        letter: LetterId,
        sealed: Vec<u8>,
    ) -> Result<(), Error> {
        let request = PostLetter { to, device, letter, sealed: Blob(sealed) };
        self.authed(Method::POST, "/v1/letters", Some(&request)).await
    }

    /// Ends this session: others see this node go, and its token is worth nothing.
    pub async fn sign_out(&self) -> Result<(), Error> {
        let done = self.authed(Method::DELETE, "/v1/session", None::<&()>).await;
        self.forget(done)
    }

    pub async fn sign_out_everywhere(&self) -> Result<(), Error> {
        let done = self.authed(Method::DELETE, "/v1/sessions", None::<&()>).await;
        self.forget(done)
    }

    /// All other sessions end; this one goes on.
    pub async fn change_password(&self, old: &str, new: &str) -> Result<(), Error> {
        let request = ChangePassword { old: old.to_owned(), new: new.to_owned() };
        let session = self.authed(Method::POST, "/v1/password", Some(&request)).await?;
        self.begin(session);
        Ok(())
    }

    /// A new password on the word of the account key, and a session with it; all others end.
    pub async fn set_password(
        &self,
        username: &Username,
        new: &str,
        account: &AccountKey,
    ) -> Result<SignedIn, Error> {
        let directory = self.identity().await?.id();
        let Challenge { challenge } = self.post("/v1/renew/challenge", &()).await?;
        let statement = password_statement(&directory, username.as_str(), new, &challenge);
        let signature = Hex(account.sign(Domain::DIRECTORY_PASSWORD, &statement).0);
        let (username, new) = (username.to_string(), new.to_owned());
        let request = ForgottenPassword { username, new, challenge, signature };
        let session = self.post("/v1/password/forgotten", &request).await?;
        Ok(self.begin(session))
    }

    pub async fn delete_account(&self, password: &str) -> Result<(), Error> {
        let request = DeleteAccount { password: password.to_owned() };
        let done = self.authed(Method::POST, "/v1/account/delete", Some(&request)).await;
        self.forget(done)
    }

    /// A token that holds for a while yet.
    pub(super) async fn token(&self) -> Result<String, Error> {
        if let Some(token) = self.fresh_token()? {
            return Ok(token);
        }
        let _one = self.inner.renewing.lock().await;
        if let Some(token) = self.fresh_token()? {
            return Ok(token); // somebody else renewed it meanwhile
        }
        self.renew_now().await?;
        self.fresh_token()?.ok_or(Error::Garbled)
    }

    /// By how many milliseconds this computer's clock is ahead of the directory's, as its last answer was dated (to a
    /// second). None before the first answer, and where a directory dates nothing.
    pub fn clock_ahead(&self) -> Option<i64> {
        self.inner.http.clock_ahead()
    }

    pub(super) fn http(&self) -> &Http {
        &self.inner.http
    }

    fn fresh_token(&self) -> Result<Option<String>, Error> {
        let live = lock(&self.inner.session);
        let live = live.as_ref().ok_or(Error::SignedOut)?;
        let fresh = live.token.as_ref().filter(|(_, until)| *until > Instant::now() + RENEW_BEFORE);
        Ok(fresh.map(|(token, _)| token.clone()))
    }

    async fn renew_now(&self) -> Result<SignedIn, Error> {
        let session = self.session().ok_or(Error::SignedOut)?;
        let device = lock(&self.inner.device).clone().ok_or(Error::SignedOut)?;
        let directory = self.identity().await?.id();
        let Challenge { challenge } = self.post("/v1/renew/challenge", &()).await?;
        let statement = renew_statement(&directory, &session, &challenge);
        let signature = Hex(device.sign(Domain::DIRECTORY_CHALLENGE, &statement).0);
        let request = Renew { session, device: device.device_id(), challenge, signature };
        match self.post("/v1/renew", &request).await {
            Ok(session) => Ok(self.begin(session)),
            Err(Error::SignedOut) => self.forget(Err(Error::SignedOut)),
            Err(error) => Err(error),
        }
    }

    async fn registration(&self, username: &Username, password: Option<&str>) -> Result<Register, Error> {
        let Toll { work } = self.get("/v1/register").await?;
        let username = username.to_string();
        let proof = match work {
            None => None,
            Some(work) => {
                let name = username.clone();
                let solved = tokio::task::spawn_blocking(move || work::solve(&work, &name)).await;
                Some(solved.map_err(|_| Error::Garbled)??)
            }
        };
        Ok(Register { username, password: password.map(str::to_owned), create: password.is_some(), proof })
    }

    async fn found(&self, path: &str) -> Result<Option<Profile>, Error> {
        match self.authed::<Found>(Method::GET, path, None::<&()>).await {
            Ok(found) => {
                let profile = codec::from_bytes(&found.profile.0);
                profile
                    .map(Some)
                    .map_err(|_| Error::NotTrusted("it answered keys whose signatures don't fit"))
            }
            Err(Error::Refused(problem)) if problem.code == super::Code::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn get<A: DeserializeOwned>(&self, path: &str) -> Result<A, Error> {
        self.inner.http.request(Method::GET, path, None, None::<&()>).await
    }

    async fn post<A: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<A, Error> {
        self.inner.http.request(Method::POST, path, None, Some(body)).await
    }

    async fn authed<A: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Result<A, Error> {
        let token = self.token().await?;
        match self.inner.http.request(method.clone(), path, Some(&token), body).await {
            // The token may have been outdated by a change of password elsewhere in this process, or by the clock.
            Err(Error::SignedOut) => {
                self.renew().await?;
                let token = self.token().await?;
                self.inner.http.request(method, path, Some(&token), body).await
            }
            answer => answer,
        }
    }

    fn begin(&self, session: Session) -> SignedIn {
        let until = Instant::now() + Duration::from_secs(session.expires_in_s);
        *lock(&self.inner.session) =
            Some(Live { token: Some((session.token, until)), session: session.session });
        SignedIn { session: session.session, visibility: session.visibility, user: session.user }
    }

    /// A session that has ended, here or there, is forgotten.
    fn forget<T>(&self, done: Result<T, Error>) -> Result<T, Error> {
        if matches!(done, Ok(_) | Err(Error::SignedOut)) {
            *lock(&self.inner.session) = None;
        }
        done
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
