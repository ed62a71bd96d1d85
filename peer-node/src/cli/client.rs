//! Finds the running node of a data folder and speaks its REST API.
//!
//! Who may write the data folder is its owner. So a command makes itself a token there, uses it, and takes it back;
//! nothing secret lies on the disk between two commands.

use std::{fs, io, path::Path, time::Duration};

use http_body_util::{BodyExt, Full};
use hyper::{Method, Request, body::Bytes};
use hyper_util::{
    client::legacy::{Client as Http, connect::HttpConnector},
    rt::TokioExecutor,
};
use protocol::time::WallMs;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    clock::Clock,
    config::{BadConfig, DataDir},
    http::guard::Hosts,
    service::{
        self, private,
        tokens::{Scope, Secret, Tokens},
    },
};

/// A token that a killed command left behind is worthless after this.
const LIFE: Duration = Duration::from_hours(24);
const FILE: &str = "running.json";

/// Where the node of a data folder answers; no secret.
#[derive(Debug, Serialize, Deserialize)]
struct Announced {
    url: String,
}

/// Leaves word in the data folder where the node answers.
///
/// # Errors
/// A folder that can't be written.
pub fn announce(data: &Path, hosts: &Hosts) -> io::Result<()> {
    let text = serde_json::to_vec(&Announced { url: hosts.url() }).expect("a text always makes JSON");
    private::write(&data.join(FILE), &text)
}

/// Takes the word back at the end.
pub fn withdraw(data: &Path) {
    // If it stays, the next command finds nobody at the address and says so.
    let _ = fs::remove_file(data.join(FILE));
}

/// Why a command got no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("no node runs on the data folder {0}; start it with: peer-node --data {0}")]
    NoNode(String),
    #[error("the node does not answer: {0}")]
    Broken(String),
    #[error("{detail}")]
    Refused { code: String, detail: String },
    #[error(transparent)]
    Config(#[from] BadConfig),
    #[error(transparent)]
    Service(#[from] service::Error),
}

/// A connection to the node of a data folder, with a token of its own.
#[derive(Debug)]
pub(super) struct Client {
    http: Http<HttpConnector, Full<Bytes>>,
    url: String,
    folder: String,
    secret: Secret,
    token: String,
    tokens: Tokens,
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.tokens.revoke(&self.token);
    }
}

impl Client {
    /// # Errors
    /// When no node runs there.
    pub(super) fn connect(data: &DataDir) -> Result<Self, Error> {
        let path = data.path()?;
        let folder = path.display().to_string();
        let none = || Error::NoNode(folder.clone());
        let announced = fs::read(path.join(FILE)).map_err(|_| none())?;
        let Announced { url } = serde_json::from_slice(&announced).map_err(|_| none())?;
        let tokens = Tokens::new(&path);
        let now = Clock::start().wall();
        let until = WallMs(now.0 + u64::try_from(LIFE.as_millis()).expect("a day is a small number"));
        let (token, secret) = tokens.create("peer-node command", &Scope::ALL, now, Some(until))?;
        let http = Http::builder(TokioExecutor::new()).build_http();
        Ok(Self { http, url, folder, secret, token: token.id, tokens })
    }

    pub(super) async fn get(&self, path: &str) -> Result<Value, Error> {
        self.call(Method::GET, path, None).await
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> Result<Value, Error> {
        self.call(Method::POST, path, Some(body)).await
    }

    async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, Error> {
        let answer = self.send(method, path, body, None).await?;
        let body =
            answer.into_body().collect().await.map_err(|error| Error::Broken(error.to_string()))?.to_bytes();
        if body.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&body).map_err(|error| Error::Broken(error.to_string()))
    }

    /// An answer whose body is read bit by bit.
    pub(super) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        last_event: Option<&str>,
    ) -> Result<hyper::Response<hyper::body::Incoming>, Error> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url))
            .header("authorization", format!("Bearer {}", self.secret.reveal()));
        if let Some(id) = last_event {
            request = request.header("last-event-id", id);
        }
        let bytes = match body {
            Some(body) => {
                request = request.header("content-type", "application/json");
                Bytes::from(body.to_string())
            }
            None => Bytes::new(),
        };
        let request = request.body(Full::new(bytes)).map_err(|error| Error::Broken(error.to_string()))?;
        let answer = self.http.request(request).await.map_err(|error| {
            if error.is_connect() {
                Error::NoNode(self.folder.clone())
            } else {
                Error::Broken(error.to_string())
            }
        })?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let status = answer.status();
        let body =
            answer.into_body().collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        let problem: Value = serde_json::from_slice(&body).unwrap_or_default();
        let text = |name: &str| problem[name].as_str().map(str::to_owned);
        Err(Error::Refused {
            code: text("code").unwrap_or_else(|| status.as_u16().to_string()),
            detail: text("detail").unwrap_or_else(|| format!("the node answered {status}")),
        })
    }
}
