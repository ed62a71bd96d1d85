//! The outermost wall of the local door: who may speak to it at all, and the headers that every answer carries.
//!
//! A page of another site can make the browser send requests here, and by DNS rebinding even read the answers as
//! if they were its own. It cannot choose `Host`, `Origin` and `Sec-Fetch-*`: those three are judged here, before
//! anything else, for every path, known or not. (`ASVS` 5.0: 3.4, 3.5, 4.4.)

use std::{net::SocketAddr, sync::Arc};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use protocol::address::Address;

use super::{Error, error};

/// The names under which this door may be addressed.
#[derive(Debug, Clone)]
pub struct Hosts(Arc<Names>);

#[derive(Debug)]
struct Names {
    allowed: Vec<String>,
    port: u16,
}

/// Why a request was turned away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// RFC 9110, 15.5.20: this door does not speak for that name.
    Host,
    Origin,
    OriginMissing,
    Site,
    Frame,
}

impl Hosts {
    /// The loopback names with the port, and those that `--ui-host` names.
    pub fn new(door: SocketAddr, named: &[Address]) -> Self {
        let port = door.port();
        let mut allowed: Vec<String> =
            [format!("127.0.0.1:{port}"), format!("localhost:{port}"), format!("[::1]:{port}")].into();
        allowed.extend(named.iter().map(ToString::to_string));
        Self(Arc::new(Names { allowed, port }))
    }

    /// Cookies don't know ports, so each node on a computer needs a name of its own.
    pub fn cookie(&self) -> String {
        format!("pn_{}", self.0.port)
    }

    /// `http://127.0.0.1:7402`, or what `--ui-host` named first: how people reach the page.
    pub fn url(&self) -> String {
        let host = self.0.allowed.get(3).unwrap_or(&self.0.allowed[0]);
        format!("http://{host}")
    }

    fn has(&self, host: &str) -> bool {
        self.0.allowed.iter().any(|allowed| allowed == host)
    }

    /// Judges a request by everything but its body and its secrets.
    ///
    /// # Errors
    /// Why it must not go on.
    pub fn check(&self, request: &Request) -> Result<(), Refusal> {
        let headers = request.headers();
        let host = only(headers, &header::HOST).ok_or(Refusal::Host)?.ok_or(Refusal::Host)?;
        if !self.has(host) {
            return Err(Refusal::Host);
        }
        if request.uri().authority().is_some_and(|authority| authority.as_str() != host) {
            return Err(Refusal::Host);
        }

        let path = request.uri().path();
        let reads = matches!(*request.method(), Method::GET | Method::HEAD);
        let socket = headers.contains_key(header::UPGRADE);
        let api = path.starts_with("/api/");
        match only(headers, &header::ORIGIN).ok_or(Refusal::Origin)? {
            Some(origin) if origin.strip_prefix("http://") != Some(host) => return Err(Refusal::Origin),
            Some(_) => {}
            // Scripts send none, and the API wants a token that no page of another site can have.
            None if socket || (!reads && !api) => return Err(Refusal::OriginMissing),
            None => {}
        }

        // Static, without data, and the link may stand in a mail: the one page that may be opened from anywhere.
        let launch = reads && path == "/launch";
        match only(headers, &SEC_FETCH_SITE).ok_or(Refusal::Site)? {
            None | Some("same-origin") => {}
            Some("none") if reads && !socket => {}
            Some(_) if launch => {}
            Some(_) => return Err(Refusal::Site),
        }
        match only(headers, &SEC_FETCH_DEST).ok_or(Refusal::Frame)? {
            Some("iframe" | "frame" | "embed" | "object" | "fencedframe") => Err(Refusal::Frame),
            _ => Ok(()),
        }
    }
}

impl Refusal {
    /// Another name gets nothing at all; people whom another site sent here read that, and how to go on.
    fn answer(self, request: &Request) -> Response {
        match self {
            Self::Host => StatusCode::MISDIRECTED_REQUEST.into_response(),
            Self::Frame => StatusCode::FORBIDDEN.into_response(),
            Self::Origin | Self::OriginMissing | Self::Site => error::answer(request, &Error::OtherSite),
        }
    }
}

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// A header's only value: `Some(None)` if it is not there, `None` if it is there twice or is no text.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<Option<&'a str>> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Some(None),
        (Some(value), None) => value.to_str().ok().map(Some),
        (Some(_), Some(_)) => None,
    }
}

/// The middleware. It is put around the whole router, so that it covers what has no route, too.
pub async fn guard(State(hosts): State<Hosts>, request: Request, next: Next) -> Response {
    let mut response = match hosts.check(&request) {
        Ok(()) => next.run(request).await,
        Err(refusal) => {
            tracing::debug!(?refusal, path = request.uri().path(), "turned away");
            refusal.answer(&request)
        }
    };
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    // Files under /a/ say themselves how long they may be kept; everything else is nobody's to keep.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// `same-origin` and not `no-referrer`: under the latter, browsers send `Origin: null` with a plain form, and
/// nothing could tell it from a form of another site. Nothing is sent to other sites by either.
const HEADERS: [(&str, &str); 7] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src 'self' blob:; \
         font-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; \
         object-src 'none'; require-trusted-types-for 'script'; trusted-types confab",
    ),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "microphone=(self), camera=(), geolocation=()"),
];

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn check(method: &str, uri: &str, headers: &[(&str, &str)]) -> Result<(), Refusal> {
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let hosts = Hosts::new(([127, 0, 0, 1], 7402).into(), &[]);
        hosts.check(&request.body(Body::empty()).expect("a request"))
    }

    const HERE: (&str, &str) = ("host", "127.0.0.1:7402");

    #[test]
    fn only_exact_names_of_this_door_are_answered() {
        for good in ["127.0.0.1:7402", "localhost:7402", "[::1]:7402"] {
            assert_eq!(check("GET", "/", &[("host", good)]), Ok(()), "{good}");
        }
        for bad in [
            "evil.example:7402",
            "127.0.0.1",
            "127.0.0.1:7403",
            "0.0.0.0:7402",
            "localhost.:7402",
            "LOCALHOST:7402",
            "127.0.0.1:7402.evil.example",
            "127.1:7402",
            "",
        ] {
            assert_eq!(check("GET", "/", &[("host", bad)]), Err(Refusal::Host), "{bad}");
        }
        assert_eq!(check("GET", "/", &[]), Err(Refusal::Host));
        assert_eq!(check("GET", "/", &[HERE, ("host", "evil.example")]), Err(Refusal::Host));
        assert_eq!(check("GET", "http://evil.example/", &[HERE]), Err(Refusal::Host));
    }

    #[test]
    fn a_named_host_is_answered_too() {
        let name: Address = "127.0.0.1:9000".parse().expect("an address");
        let hosts = Hosts::new(([0, 0, 0, 0], 7402).into(), &[name]);
        let request = Request::builder().uri("/").header("host", "127.0.0.1:9000").body(Body::empty());
        assert_eq!(hosts.check(&request.expect("a request")), Ok(()));
        assert_eq!(hosts.url(), "http://127.0.0.1:9000");
        assert_eq!(hosts.cookie(), "pn_7402");
    }

    #[test]
    fn origins_must_be_the_very_one() {
        for bad in [
            "null",
            "http://evil.example",
            "https://127.0.0.1:7402",
            "http://127.0.0.1:7403",
            "http://localhost:7402",
            "http://127.0.0.1:7402/",
            "",
        ] {
            for (method, path) in [("POST", "/people/ask"), ("GET", "/chats"), ("POST", "/api/v1/requests")] {
                let headers = [HERE, ("origin", bad)];
                assert_eq!(check(method, path, &headers), Err(Refusal::Origin), "{method} {path} {bad}");
            }
        }
        assert_eq!(check("POST", "/people/ask", &[HERE, ("origin", "http://127.0.0.1:7402")]), Ok(()));
    }

    #[test]
    fn unsafe_methods_and_sockets_need_an_origin_but_scripts_do_not() {
        for method in ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"] {
            assert_eq!(check(method, "/settings", &[HERE]), Err(Refusal::OriginMissing), "{method}");
        }
        assert_eq!(check("GET", "/live", &[HERE, ("upgrade", "websocket")]), Err(Refusal::OriginMissing));
        assert_eq!(check("POST", "/api/v1/requests", &[HERE]), Ok(()));
        assert_eq!(check("POST", "/apix/v1", &[HERE]), Err(Refusal::OriginMissing));
    }

    #[test]
    fn what_another_site_started_is_turned_away() {
        let origin = ("origin", "http://127.0.0.1:7402");
        for site in ["cross-site", "same-site", "anything"] {
            let site = ("sec-fetch-site", site);
            assert_eq!(check("GET", "/chats", &[HERE, site]), Err(Refusal::Site));
            assert_eq!(check("GET", "/api/v1/status", &[HERE, site]), Err(Refusal::Site));
            assert_eq!(check("GET", "/no/such/page", &[HERE, site]), Err(Refusal::Site));
            assert_eq!(check("POST", "/launch", &[HERE, origin, site]), Err(Refusal::Site));
            assert_eq!(check("GET", "/launch", &[HERE, site]), Ok(()));
        }
        let typed = ("sec-fetch-site", "none");
        assert_eq!(check("GET", "/chats", &[HERE, typed]), Ok(()));
        assert_eq!(check("POST", "/unlock", &[HERE, origin, typed]), Err(Refusal::Site));
    }

    #[test]
    fn nothing_is_shown_in_a_frame() {
        let site = ("sec-fetch-site", "cross-site");
        let frame = ("sec-fetch-dest", "iframe");
        assert_eq!(check("GET", "/launch", &[HERE, site, frame]), Err(Refusal::Frame));
        assert_eq!(check("GET", "/chats", &[HERE, frame]), Err(Refusal::Frame));
    }
}
