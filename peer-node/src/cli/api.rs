//! The running node's REST API, as the commands use it: a short-lived token of its own for each command.

use std::{net::SocketAddr, path::Path, time::Duration};

use anyhow::{Context, bail};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{
    Method, Request, Response, StatusCode,
    body::Incoming,
    client::conn::http1::{SendRequest, handshake},
    header,
};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{net::TcpStream, time::timeout};

use super::folder;
use crate::{
    clock::Clock,
    config::DataDir,
    service::tokens::{Scope, Secret, Tokens},
};

/// An answer has this long: opening a node takes a passphrase hash or two.
const PATIENCE: Duration = Duration::from_secs(40);
const MAX_ANSWER: usize = 16 << 20;
/// A token that its command could not take back (it was killed) ends by itself.
const TOKEN_LIFE_MS: u64 = 3_600_000;

/// The API of one running node. Its token lives only as long as this, in this process's memory; the node's folder
/// has the hash. Whoever may write the data folder may do this, and nobody else.
#[derive(Debug)]
pub(super) struct Api {
    page: SocketAddr,
    tokens: Tokens,
    id: String,
    secret: Secret,
}

/// The node said no.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{detail}")]
pub(super) struct Refused {
    pub(super) status: StatusCode,
    /// The problem's word for programs.
    pub(super) code: String,
    pub(super) detail: String,
}

impl Api {
    /// The node of this data folder. Nothing is sent yet.
    ///
    /// # Errors
    /// No node runs there, or the folder can't be written.
    pub(super) fn of(data: &DataDir, scopes: &[Scope]) -> anyhow::Result<Self> {
        let (dir, page) = folder::running(data)?;
        Self::at(page, &dir, scopes)
    }

    /// The node of the folder `dir`, which answers at `page`.
    ///
    /// # Errors
    /// The folder can't be written.
    pub(super) fn at(page: SocketAddr, dir: &Path, scopes: &[Scope]) -> anyhow::Result<Self> {
        let tokens = Tokens::new(dir);
        let now = Clock::start().wall();
        let expires = protocol::time::WallMs(now.0 + TOKEN_LIFE_MS);
        let (token, secret) = tokens.create("command line", scopes, now, Some(expires))?;
        Ok(Self { page, tokens, id: token.id, secret })
    }

    pub(super) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.call(Method::GET, path, None).await
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.call(Method::POST, path, Some(body)).await
    }

    pub(super) async fn put(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.call(Method::PUT, path, Some(body)).await
    }

    pub(super) async fn delete(&self, path: &str) -> anyhow::Result<Value> {
        self.call(Method::DELETE, path, None).await
    }

    async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> anyhow::Result<Value> {
        let exchange = async {
            let answer = self.ask(method, path, body, None).await?;
            read(answer).await
        };
        timeout(PATIENCE, exchange).await.context("The node does not answer.")?
    }

    /// The answer to a request, its body not read yet. `last` resumes an event stream.
    pub(super) async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        last: Option<&str>,
    ) -> anyhow::Result<Response<Incoming>> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("/api/v1/{path}"))
            .header(header::HOST, host(self.page))
            .header(header::AUTHORIZATION, format!("Bearer {}", self.secret.reveal()));
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let body = body.map(Value::to_string).unwrap_or_default();
        let request = request.body(Full::from(body)).context("This can't be asked of a node.")?;
        let mut sender = connect(self.page).await?;
        let answer = sender.send_request(request).await.context("The node broke off.")?;
        if answer.status() == StatusCode::UNAUTHORIZED {
            bail!("The program that answers at {} is not the node of this data folder.", self.page);
        }
        Ok(answer)
    }
}

impl Drop for Api {
    fn drop(&mut self) {
        // One that stays opens nothing after an hour.
        drop(self.tokens.revoke(&self.id));
    }
}

/// A name that every door goes by, whatever its address.
pub(super) fn host(page: SocketAddr) -> String {
    format!("127.0.0.1:{}", page.port())
}

/// A fresh connection to a page's door.
pub(super) async fn connect(page: SocketAddr) -> anyhow::Result<SendRequest<Full<Bytes>>> {
    let late = "no answer";
    let stream = match timeout(Duration::from_secs(5), TcpStream::connect(page)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => bail!("The node does not answer at {page} ({error}); does it still run?"),
        Err(_) => bail!("The node does not answer at {page} ({late}); does it still run?"),
    };
    let (sender, connection) = handshake(TokioIo::new(stream)).await.context("The node broke off.")?;
    tokio::spawn(async move {
        // Its end is seen by whoever reads the answer.
        drop(connection.await);
    });
    Ok(sender)
}

async fn read(answer: Response<Incoming>) -> anyhow::Result<Value> {
    let status = answer.status();
    let body = Limited::new(answer.into_body(), MAX_ANSWER).collect().await;
    let body = body.map_err(|error| anyhow::anyhow!("The node broke off: {error}."))?.to_bytes();
    if status.is_success() {
        if body.is_empty() {
            return Ok(Value::Null);
        }
        return serde_json::from_slice(&body)
            .context("The node's answer is no JSON; are both of one version?");
    }
    Err(refused(status, &body).into())
}

/// A problem of RFC 9457 as an error; the sentence in it is for people.
fn refused(status: StatusCode, body: &[u8]) -> Refused {
    let problem: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |name: &str| problem[name].as_str().map(str::to_owned);
    Refused {
        status,
        code: text("code").unwrap_or_default(),
        detail: text("detail").unwrap_or_else(|| format!("The node answered {status}.")),
    }
}

/// Reads what an event stream's request was answered; the stream itself when it is one.
pub(super) async fn stream(answer: Response<Incoming>) -> anyhow::Result<Incoming> {
    let status = answer.status();
    if status.is_success() {
        return Ok(answer.into_body());
    }
    let body = Limited::new(answer.into_body(), MAX_ANSWER).collect().await;
    let body = body.map_err(|error| anyhow::anyhow!("The node broke off: {error}."))?.to_bytes();
    Err(refused(status, &body).into())
}
