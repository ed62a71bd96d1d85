//! Requests over connections that are kept: each new one must prove the same directory before anything is sent.

use std::{
    sync::{Mutex, OnceLock, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{
    Method, Request, StatusCode,
    client::conn::http1::{SendRequest, handshake},
    header,
};
use hyper_util::rt::TokioIo;
use jiff::{Timestamp, fmt::rfc2822};
use protocol::directory::{Hex, Identity, Problem};
use serde::{Serialize, de::DeserializeOwned};
use tokio::time::timeout;

use super::{
    Error,
    transport::{Endpoint, Opened},
};

/// A request and its answer have this long: a sign-in may wait in the directory's queue.
const ANSWER: Duration = Duration::from_secs(30);
/// Idle connections that are kept.
const KEPT: usize = 4;
/// The largest answer.
const MAX_ANSWER: usize = 1 << 20;

type Sender = SendRequest<Full<Bytes>>;

/// The road to one directory.
pub(super) struct Http {
    endpoint: Endpoint,
    idle: Mutex<Vec<Sender>>,
    /// What the caller knows of the directory from earlier runs: another one is refused.
    known: Option<[u8; 32]>,
    identity: OnceLock<Identity>,
    /// The certificate that was proven last.
    proven: Mutex<Option<Option<Hex<32>>>>,
    /// How far ahead our clock is of the one behind the last answer, in milliseconds.
    clock_ahead: Mutex<Option<i64>>,
}

impl Http {
    pub(super) fn new(endpoint: Endpoint, known: Option<[u8; 32]>) -> Self {
        Self {
            endpoint,
            idle: Mutex::default(),
            known,
            identity: OnceLock::new(),
            proven: Mutex::default(),
            clock_ahead: Mutex::default(),
        }
    }

    /// Who the directory is, asked once.
    pub(super) async fn identity(&self) -> Result<&Identity, Error> {
        if self.identity.get().is_none() {
            let sender = self.dial().await?;
            self.keep(sender);
        }
        self.identity.get().ok_or(Error::Garbled)
    }

    pub(super) async fn request<A: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Option<&impl Serialize>,
    ) -> Result<A, Error> {
        let body = body.map(serde_json::to_vec).transpose().map_err(|_| Error::Garbled)?;
        let late = |_| Error::Unreachable("it does not answer".to_owned());
        let answer = timeout(ANSWER, self.exchange(method, path, token, body)).await.map_err(late)??;
        let answer = if answer.is_empty() { Bytes::from_static(b"null") } else { answer };
        serde_json::from_slice(&answer).map_err(|_| Error::Garbled)
    }

    /// A fresh stream for a WebSocket, to the directory that was proven.
    pub(super) async fn open(&self) -> Result<(Opened, &Endpoint), Error> {
        self.identity().await?;
        let mut opened = self.endpoint.open().await?;
        if self.proven() != Some(opened.tls) {
            // The certificate changed since: let it prove itself, then take another stream to it.
            let sender = self.dial().await?;
            self.keep(sender);
            opened = self.endpoint.open().await?;
            if self.proven() != Some(opened.tls) {
                return Err(Error::NotTrusted("its certificate changes from one moment to the next"));
            }
        }
        Ok((opened, &self.endpoint))
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Option<Vec<u8>>,
    ) -> Result<Bytes, Error> {
        let mut request =
            Request::builder().method(method).uri(path).header(header::HOST, self.endpoint.authority());
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let mut request = request
            .body(Full::from(body.unwrap_or_default()))
            .map_err(|_| Error::BadUrl("this can't be asked of a directory"))?;
        loop {
            let (mut sender, kept) = match self.take() {
                Some(sender) => (sender, true),
                None => (self.dial().await?, false),
            };
            match send(&mut sender, request).await {
                Ok(Answer { status, dated, body }) => {
                    self.keep(sender);
                    self.compare_clocks(dated);
                    return read(status, body);
                }
                // The directory closed a kept connection in the meantime: nothing was sent.
                Err((_, Some(unsent))) if kept => request = unsent,
                Err((error, _)) => return Err(error),
            }
        }
    }

    /// Opens a connection and has it prove the directory's identity.
    async fn dial(&self) -> Result<Sender, Error> {
        let opened = self.endpoint.open().await?;
        let unreachable = |error: hyper::Error| Error::Unreachable(error.to_string());
        let (mut sender, connection) = handshake(TokioIo::new(opened.io)).await.map_err(unreachable)?;
        tokio::spawn(async move {
            // Its end is seen by whoever uses the sender.
            let _ = connection.await;
        });
        let request = Request::get("/v1/identity")
            .header(header::HOST, self.endpoint.authority())
            .body(Full::default())
            .map_err(|_| Error::BadUrl("this is not a host name"))?;
        let Answer { status, dated, body } = timeout(ANSWER, send(&mut sender, request))
            .await
            .map_err(|_| Error::Unreachable("it does not answer".to_owned()))?
            .map_err(|(error, _)| error)?;
        let identity: Identity = serde_json::from_slice(&read(status, body)?).map_err(|_| Error::Garbled)?;
        self.compare_clocks(dated);
        if !identity.is_proven_for(opened.tls) {
            return Err(Error::NotTrusted("it could not prove its identity"));
        }
        let known = self.known.or_else(|| self.identity.get().map(Identity::id));
        if known.is_some_and(|known| known != identity.id()) {
            return Err(Error::NotTrusted("another directory answers at this address"));
        }
        *self.proven.lock().unwrap_or_else(PoisonError::into_inner) = Some(opened.tls);
        let _ = self.identity.set(identity);
        Ok(sender)
    }

    fn proven(&self) -> Option<Option<Hex<32>>> {
        *self.proven.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn clock_ahead(&self) -> Option<i64> {
        *self.clock_ahead.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn compare_clocks(&self, dated: Option<Timestamp>) {
        if let Some(theirs) = dated {
            let ahead = Timestamp::now().as_millisecond() - theirs.as_millisecond();
            *self.clock_ahead.lock().unwrap_or_else(PoisonError::into_inner) = Some(ahead);
        }
    }

    fn take(&self) -> Option<Sender> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|sender| !sender.is_closed());
        let ready = idle.iter().position(SendRequest::is_ready)?;
        Some(idle.swap_remove(ready))
    }

    fn keep(&self, sender: Sender) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < KEPT && !sender.is_closed() {
            idle.push(sender);
        }
    }
}

/// A whole answer.
struct Answer {
    status: StatusCode,
    /// By the directory's clock (RFC 9110, 6.6.1).
    dated: Option<Timestamp>,
    body: Bytes,
}

type Unsent = Option<Request<Full<Bytes>>>;

async fn send(sender: &mut Sender, request: Request<Full<Bytes>>) -> Result<Answer, (Error, Unsent)> {
    let unreachable = |error: String| Error::Unreachable(error);
    // Right after an answer the connection may not take the next request yet; who asks then is sent away.
    if let Err(error) = sender.ready().await {
        return Err((unreachable(error.to_string()), Some(request)));
    }
    let answer = match sender.try_send_request(request).await {
        Ok(answer) => answer,
        Err(mut error) => {
            let unsent = error.take_message();
            return Err((unreachable(error.into_error().to_string()), unsent));
        }
    };
    let status = answer.status();
    let date = answer.headers().get(header::DATE).and_then(|date| date.to_str().ok());
    let dated = date.and_then(|date| rfc2822::parse(date).ok()).map(|date| date.timestamp());
    let body = Limited::new(answer.into_body(), MAX_ANSWER).collect().await;
    let body = body.map_err(|error| (unreachable(error.to_string()), None))?;
    Ok(Answer { status, dated, body: body.to_bytes() })
}

fn read(status: StatusCode, answer: Bytes) -> Result<Bytes, Error> {
    if status.is_success() {
        return Ok(answer);
    }
    let problem: Problem = serde_json::from_slice(&answer).map_err(|_| Error::Garbled)?;
    Err(problem.into())
}
