//! Sessions of the page: a launch token, used once, becomes a cookie; the cookie is never enough alone.

use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    extract::{FromRef, FromRequestParts, OptionalFromRequestParts},
    http::{HeaderMap, header, request::Parts},
    response::{IntoResponse, Redirect, Response},
};
use cookie::{Cookie, SameSite};
use data_encoding::HEXLOWER;
use protocol::time::WallMs;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use tokio::sync::watch;

use super::{Door, guard::Hosts};
use crate::service::private;

/// A session that nobody used for this long is over.
const IDLE: Duration = Duration::from_hours(12);
/// A session is over after this, however much it is used.
const WHOLE: Duration = Duration::from_hours(7 * 24);
/// Launch links for a browser that the program opens itself.
pub const OPENED: Duration = Duration::from_secs(60);
/// More launch links than this at once are a fault of somebody; the oldest goes.
const MAX_LAUNCHES: usize = 32;
const MAX_SESSIONS: usize = 64;

/// Sessions and launch tokens of one node. Cheap to clone; all clones are one.
#[derive(Debug, Clone)]
pub struct Sessions(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    file: PathBuf,
    held: Mutex<Held>,
    /// Counts revocations: sockets look whether theirs is among them.
    revoked: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Held {
    /// By hash.
    launches: HashMap<[u8; 32], Launch>,
    sessions: Vec<Kept>,
}

#[derive(Debug)]
struct Launch {
    made: WallMs,
    until: Option<WallMs>,
}

/// A session as it is kept: the cookie's hash, never the cookie.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Kept {
    id: String,
    hash: String,
    created: WallMs,
    seen: WallMs,
    browser: String,
}

/// A session in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    pub id: String,
    pub created: WallMs,
    pub seen: WallMs,
    /// What the browser called itself when it signed in.
    pub browser: String,
}

/// The session of a request. As an extractor it sends those without one to the launch page.
#[derive(Clone)]
pub struct Session {
    id: String,
    csrf: String,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Session {
    /// Names the session in lists; no secret.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What every form carries as `csrf` and what the page's socket sends first: the cookie is not enough.
    pub fn csrf(&self) -> &str {
        &self.csrf
    }

    /// Whether `given` is this session's token.
    pub fn vouches(&self, given: &str) -> bool {
        self.csrf.as_bytes().ct_eq(given.as_bytes()).into()
    }
}

/// A fresh session: its cookie goes to the browser and nowhere else.
#[derive(Debug)]
pub struct Fresh {
    pub session: Session,
    /// The value of `Set-Cookie`.
    pub set_cookie: String,
}

impl Sessions {
    /// Reads the sessions that the last run left, so that an open page goes on after a restart.
    ///
    /// # Errors
    /// A file that can't be read. One that is damaged counts as empty: people open a new link.
    pub fn open(dir: &Path) -> io::Result<Self> {
        let file = dir.join("sessions.json");
        let sessions = match fs::read(&file) {
            Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error),
        };
        let held = Mutex::new(Held { launches: HashMap::new(), sessions });
        Ok(Self(Arc::new(Shared { file, held, revoked: watch::Sender::new(0) })))
    }

    /// A new launch token of 256 bits, good for one use, for `life` or until it is used.
    pub fn launch(&self, now: WallMs, life: Option<Duration>) -> String {
        let token = random_word();
        let mut held = self.held();
        if held.launches.len() >= MAX_LAUNCHES {
            let oldest = held.launches.iter().min_by_key(|(_, launch)| launch.made).map(|(hash, _)| *hash);
            held.launches.remove(&oldest.expect("there are many"));
        }
        let until = life.map(|life| plus(now, life));
        held.launches.insert(*blake3::hash(token.as_bytes()).as_bytes(), Launch { made: now, until });
        token
    }

    /// The link that opens the page. The token stands in the fragment: browsers send that to nobody.
    pub fn launch_url(&self, hosts: &Hosts, now: WallMs, life: Option<Duration>) -> String {
        format!("{}/launch#{}", hosts.url(), self.launch(now, life))
    }

    /// Trades a launch token for a session; `None` if it was used, is too old, or was never given out.
    pub fn redeem(&self, token: &str, hosts: &Hosts, browser: &str, now: WallMs) -> Option<Fresh> {
        let mut held = self.held();
        let launch = held.launches.remove(blake3::hash(token.as_bytes()).as_bytes())?;
        if launch.until.is_some_and(|until| now >= until) {
            return None;
        }
        let secret = random_word();
        let kept = Kept {
            id: HEXLOWER.encode(&rand::random::<[u8; 6]>()),
            hash: hash(&secret),
            created: now,
            seen: now,
            browser: browser.chars().filter(|c| !c.is_control()).take(200).collect(),
        };
        let session = Session { id: kept.id.clone(), csrf: csrf(&secret) };
        held.sessions.retain(|kept| kept.lives(now));
        if held.sessions.len() >= MAX_SESSIONS {
            held.sessions.remove(0);
        }
        held.sessions.push(kept);
        self.save(&held);
        // Browsers take `Secure` on http loopback unevenly (Safari does not), so it is not set: the traffic never
        // leaves this computer.
        let cookie =
            Cookie::build((hosts.cookie(), secret)).http_only(true).same_site(SameSite::Strict).path("/");
        Some(Fresh { session, set_cookie: cookie.build().to_string() })
    }

    /// The session that a cookie's value stands for. Looking keeps it alive.
    pub fn check(&self, secret: &str, now: WallMs) -> Option<Session> {
        let hash = hash(secret);
        let mut held = self.held();
        let same = |kept: &&mut Kept| bool::from(kept.hash.as_bytes().ct_eq(hash.as_bytes()));
        let kept = held.sessions.iter_mut().find(same).filter(|kept| kept.lives(now))?;
        let session = Session { id: kept.id.clone(), csrf: csrf(secret) };
        // A minute's precision saves a write for each request.
        if now.0.saturating_sub(kept.seen.0) >= 60_000 {
            kept.seen = now;
            self.save(&held);
        }
        Some(session)
    }

    /// Whether a session still lives: for sockets, which outlive the request that opened them.
    pub fn lives(&self, id: &str, now: WallMs) -> bool {
        self.held().sessions.iter().any(|kept| kept.id == id && kept.lives(now))
    }

    /// Changes whenever sessions were revoked; sockets then ask `lives`.
    pub fn revocations(&self) -> watch::Receiver<u64> {
        self.0.revoked.subscribe()
    }

    pub fn list(&self, now: WallMs) -> Vec<Listed> {
        let row = |kept: &Kept| Listed {
            id: kept.id.clone(),
            created: kept.created,
            seen: kept.seen,
            browser: kept.browser.clone(),
        };
        self.held().sessions.iter().filter(|kept| kept.lives(now)).map(row).collect()
    }

    /// Ends a session and its sockets. Says whether there was one.
    pub fn revoke(&self, id: &str) -> bool {
        self.retain(|kept| kept.id != id)
    }

    /// Ends all but one, and makes every link that was given out worthless.
    pub fn revoke_others(&self, id: &str) {
        self.held().launches.clear();
        self.retain(|kept| kept.id == id);
    }

    /// Ends them all, and makes every link that was given out worthless.
    pub fn revoke_all(&self) {
        self.held().launches.clear();
        self.retain(|_| false);
    }

    fn retain(&self, keep: impl Fn(&Kept) -> bool) -> bool {
        let mut held = self.held();
        let before = held.sessions.len();
        held.sessions.retain(keep);
        let gone = held.sessions.len() < before;
        if gone {
            self.save(&held);
            self.0.revoked.send_modify(|count| *count += 1);
        }
        gone
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A session that could not be written is lost at the next start, and a new link opens another.
    fn save(&self, held: &Held) {
        let text = serde_json::to_vec(&held.sessions).expect("texts and numbers always make JSON");
        if let Err(error) = private::write(&self.0.file, &text) {
            tracing::warn!(%error, "sessions could not be saved; after a restart the page needs a new link");
        }
    }
}

impl Kept {
    fn lives(&self, now: WallMs) -> bool {
        now < plus(self.created, WHOLE) && now < plus(self.seen, IDLE)
    }
}

fn plus(at: WallMs, wait: Duration) -> WallMs {
    WallMs(at.0.saturating_add(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)))
}

fn random_word() -> String {
    HEXLOWER.encode(&rand::random::<[u8; 32]>())
}

fn hash(secret: &str) -> String {
    blake3::hash(secret.as_bytes()).to_hex().to_string()
}

/// Made from the cookie, so nothing more needs keeping, and it dies with the session.
fn csrf(secret: &str) -> String {
    HEXLOWER.encode(&blake3::derive_key("confab/1/csrf", secret.as_bytes()))
}

/// The value of this node's own cookie.
pub(super) fn cookie_value<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(found, _)| *found == name)
        .map(|(_, value)| value)
}

/// The session of these headers, if the cookie is good.
pub fn session_of(headers: &HeaderMap, door: &Door) -> Option<Session> {
    door.sessions.check(cookie_value(headers, &door.hosts.cookie())?, door.clock.wall())
}

/// What a page is answered to who has no session: where to get one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoSession;

impl IntoResponse for NoSession {
    fn into_response(self) -> Response {
        Redirect::to("/launch").into_response()
    }
}

impl<S> FromRequestParts<S> for Session
where
    S: Send + Sync,
    Door: FromRef<S>,
{
    type Rejection = NoSession;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, NoSession> {
        session_of(&parts.headers, &Door::from_ref(state)).ok_or(NoSession)
    }
}

impl<S> OptionalFromRequestParts<S> for Session
where
    S: Send + Sync,
    Door: FromRef<S>,
{
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, Self::Rejection> {
        Ok(session_of(&parts.headers, &Door::from_ref(state)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: WallMs = WallMs(1_000_000_000);

    fn sessions() -> (tempfile::TempDir, Sessions, Hosts) {
        let dir = tempfile::tempdir().expect("a folder");
        let sessions = Sessions::open(dir.path()).expect("opened");
        (dir, sessions, Hosts::new(([127, 0, 0, 1], 7402).into(), &[]))
    }

    fn secret(fresh: &Fresh) -> String {
        let cookie = Cookie::parse(fresh.set_cookie.clone()).expect("a cookie");
        cookie.value().to_owned()
    }

    #[test]
    fn a_launch_token_opens_one_session() {
        let (_dir, sessions, hosts) = sessions();
        let token = sessions.launch(NOW, None);
        assert_eq!(token.len(), 64);
        assert!(sessions.redeem("nothing", &hosts, "", NOW).is_none());
        let fresh = sessions.redeem(&token, &hosts, "", NOW).expect("good once");
        assert!(sessions.redeem(&token, &hosts, "", NOW).is_none(), "not twice");
        assert!(fresh.set_cookie.starts_with("pn_7402="), "{}", fresh.set_cookie);
        for flag in ["HttpOnly", "SameSite=Strict", "Path=/"] {
            assert!(fresh.set_cookie.contains(flag), "{}", fresh.set_cookie);
        }
        assert!(!fresh.set_cookie.contains("Domain"));
        assert_eq!(sessions.check(&secret(&fresh), NOW).expect("lives").id(), fresh.session.id());
    }

    #[test]
    fn a_link_for_the_opened_browser_dies_after_a_minute() {
        let (_dir, sessions, hosts) = sessions();
        let token = sessions.launch(NOW, Some(OPENED));
        assert!(sessions.redeem(&token, &hosts, "", plus(NOW, OPENED)).is_none());
    }

    #[test]
    fn sessions_end_after_twelve_idle_hours_and_after_seven_days() {
        let (_dir, sessions, hosts) = sessions();
        let fresh = sessions.redeem(&sessions.launch(NOW, None), &hosts, "", NOW).expect("good");
        let secret = secret(&fresh);
        let hours = |n: u64| plus(NOW, Duration::from_hours(n));
        assert!(sessions.check(&secret, hours(11)).is_some());
        assert!(sessions.check(&secret, hours(22)).is_some(), "use keeps it alive");
        assert!(sessions.check(&secret, hours(34)).is_none(), "idle too long");

        let fresh = sessions.redeem(&sessions.launch(NOW, None), &hosts, "", NOW).expect("good");
        let secret = self::secret(&fresh);
        for hour in (0..7 * 24).step_by(10) {
            assert!(sessions.check(&secret, hours(hour)).is_some(), "{hour}");
        }
        assert!(sessions.check(&secret, hours(7 * 24)).is_none(), "seven days are the end");
    }

    #[test]
    fn a_revoked_session_is_over_at_once_and_sockets_hear_of_it() {
        let (_dir, sessions, hosts) = sessions();
        let fresh = sessions.redeem(&sessions.launch(NOW, None), &hosts, "", NOW).expect("good");
        let mut revocations = sessions.revocations();
        revocations.mark_unchanged();
        assert!(sessions.revoke(fresh.session.id()));
        assert!(!sessions.revoke(fresh.session.id()));
        assert!(revocations.has_changed().expect("lives"));
        assert!(sessions.check(&secret(&fresh), NOW).is_none());
        assert!(!sessions.lives(fresh.session.id(), NOW));
    }

    #[test]
    fn a_restart_keeps_sessions_and_the_file_holds_no_cookie() {
        let (dir, sessions, hosts) = sessions();
        let fresh = sessions.redeem(&sessions.launch(NOW, None), &hosts, "Browser 1", NOW).expect("good");
        let again = Sessions::open(dir.path()).expect("opened");
        let session = again.check(&secret(&fresh), NOW).expect("still lives");
        assert!(session.vouches(fresh.session.csrf()));
        assert!(!session.vouches("") && !session.vouches(&fresh.session.csrf()[1..]));
        let text = fs::read_to_string(dir.path().join("sessions.json")).expect("the file");
        assert!(!text.contains(&secret(&fresh)) && !text.contains(fresh.session.csrf()));
    }

    #[test]
    fn the_cookie_of_another_port_is_not_looked_at() {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, "pn_7403=other; pn_7402=mine; xpn_7402=no".parse().expect("a header"));
        assert_eq!(cookie_value(&headers, "pn_7402"), Some("mine"));
        assert_eq!(cookie_value(&headers, "pn_7404"), None);
        assert_eq!(cookie_value(&headers, "pn_740"), None);
    }
}
