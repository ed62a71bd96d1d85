//! The REST API as a script would use it: one function a verb, JSON in and out.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use futures_util::StreamExt;
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use tokio::{sync::watch, task::JoinHandle, time::timeout};

use crate::program::PATIENCE;

/// A client with one bearer token. Every answer that is not a success is an error with the problem's text.
#[derive(Debug, Clone)]
pub struct Api {
    client: Client,
    /// For example `http://127.0.0.1:7402`.
    pub base: String,
    pub token: String,
}

impl Api {
    /// # Panics
    /// Never: a client without TLS can always be made.
    pub fn new(base: &str, token: &str) -> Self {
        let client = Client::builder().timeout(PATIENCE).build().expect("a plain client");
        Self { client, base: base.to_owned(), token: token.to_owned() }
    }

    /// Any call; gives status and body, whatever they are.
    ///
    /// # Errors
    /// No answer.
    pub async fn raw(&self, method: Method, path: &str, body: Option<Value>) -> Result<(StatusCode, Value)> {
        let (status, bytes) = self.answer(method, path, body).await?;
        Ok((status, read(&bytes)))
    }

    async fn answer(&self, method: Method, path: &str, body: Option<Value>) -> Result<(StatusCode, Vec<u8>)> {
        let url = format!("{}/api/v1/{path}", self.base);
        let mut request = self.client.request(method, &url).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.with_context(|| url.clone())?;
        let status = answer.status();
        Ok((status, answer.bytes().await?.into()))
    }

    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value> {
        let (status, answer) = self.raw(method.clone(), path, body).await?;
        ensure!(status.is_success(), "{method} {path}: {status} {answer}");
        Ok(answer)
    }

    /// # Errors
    /// The node's refusal.
    pub async fn get(&self, path: &str) -> Result<Value> {
        self.call(Method::GET, path, None).await
    }

    /// As [`Self::get`], and how long it took until the last byte was there.
    ///
    /// # Errors
    /// The node's refusal.
    pub async fn get_timed(&self, path: &str) -> Result<(Value, Duration)> {
        let began = Instant::now();
        let (status, bytes) = self.answer(Method::GET, path, None).await?;
        let took = began.elapsed();
        ensure!(status.is_success(), "GET {path}: {status}");
        Ok((serde_json::from_slice(&bytes)?, took))
    }

    /// # Errors
    /// The node's refusal.
    pub async fn post(&self, path: &str, body: Value) -> Result<Value> {
        self.call(Method::POST, path, Some(body)).await
    }

    /// # Errors
    /// The node's refusal.
    pub async fn put(&self, path: &str, body: Value) -> Result<Value> {
        self.call(Method::PUT, path, Some(body)).await
    }

    /// # Errors
    /// The node's refusal.
    pub async fn delete(&self, path: &str) -> Result<Value> {
        self.call(Method::DELETE, path, None).await
    }

    /// Writes a text; gives the message's id.
    ///
    /// # Errors
    /// The node's refusal.
    pub async fn send(&self, conversation: &str, text: &str) -> Result<String> {
        let said =
            self.post(&format!("conversations/{conversation}/messages"), json!({ "text": text })).await?;
        Ok(said["id"].as_str().context("the message has an id")?.to_owned())
    }

    /// The whole history of a conversation, oldest first, by paging back.
    ///
    /// # Errors
    /// The node's refusal.
    pub async fn history(&self, conversation: &str) -> Result<Vec<Value>> {
        let mut all: Vec<Value> = Vec::new();
        let mut ids = HashSet::new();
        let mut before = String::new();
        loop {
            let page = self.get(&format!("conversations/{conversation}/messages?limit=100{before}")).await?;
            let mut rows = page["messages"].as_array().context("a page holds messages")?.clone();
            let Some(first) = rows.first() else { break };
            before = format!("&before={}", first["key"].as_str().context("a message has a key")?);
            // A message may move to its true place while we read: then it is in both pages, and the later one is right.
            for id in rows.iter().filter_map(|row| row["id"].as_str()) {
                if !ids.insert(id.to_owned()) {
                    all.retain(|row| row["id"] != id);
                }
            }
            rows.extend(all);
            all = rows;
        }
        Ok(all)
    }

    /// The texts of the whole history, oldest first.
    ///
    /// # Errors
    /// The node's refusal.
    pub async fn texts(&self, conversation: &str) -> Result<Vec<String>> {
        let text = |message: &Value| message["text"].as_str().map(str::to_owned);
        Ok(self.history(conversation).await?.iter().filter_map(text).collect())
    }

    /// Asks somebody by username; gives the conversation.
    ///
    /// # Errors
    /// The node's refusal.
    pub async fn ask(&self, username: &str, text: &str) -> Result<String> {
        let asked = self.post("requests", json!({ "username": username, "text": text })).await?;
        Ok(asked["conversation"].as_str().context("a request makes a conversation")?.to_owned())
    }

    /// Opens the event stream from now on.
    ///
    /// # Errors
    /// The node's refusal.
    pub async fn events(&self) -> Result<Events> {
        let client = Client::builder().build()?;
        let answer =
            client.get(format!("{}/api/v1/events", self.base)).bearer_auth(&self.token).send().await?;
        ensure!(answer.status().is_success(), "events: {}", answer.status());
        let (seen, events) = watch::channel(Vec::new());
        let reader = tokio::spawn(async move {
            let mut bytes = answer.bytes_stream();
            let mut rest = String::new();
            while let Some(Ok(chunk)) = bytes.next().await {
                rest.push_str(&String::from_utf8_lossy(&chunk));
                while let Some(end) = rest.find("\n\n") {
                    let block: String = rest.drain(..end + 2).collect();
                    seen.send_modify(|all: &mut Vec<Event>| all.extend(Event::parse(&block)));
                }
            }
        });
        Ok(Events { events, reader })
    }

    /// Waits until `wanted` answers something, asking again after each event of the node.
    ///
    /// # Errors
    /// It never did, or a call failed.
    pub async fn until<T>(&self, what: &str, wanted: impl AsyncFn(&Self) -> Result<Option<T>>) -> Result<T> {
        let mut events = self.events().await?;
        let found = async {
            loop {
                if let Some(hit) = wanted(self).await? {
                    return Ok(hit);
                }
                // Not every change has an event (a link's state, another node's doing): look again now and then too.
                match timeout(Duration::from_millis(500), events.next()).await {
                    Ok(Some(_)) | Err(_) => {}
                    Ok(None) => bail!("the event stream ended while waiting for: {what}"),
                }
            }
        };
        timeout(PATIENCE, found).await.with_context(|| format!("never happened: {what}"))?
    }
}

/// One event of the stream.
#[derive(Debug, Clone)]
pub struct Event {
    pub id: String,
    pub kind: String,
    pub data: Value,
}

impl Event {
    fn parse(block: &str) -> Option<Self> {
        let field = |name: &str| {
            let lines = block.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            lines.map(|value| value.strip_prefix(' ').unwrap_or(value)).collect::<Vec<_>>().join("\n")
        };
        let data = field("data");
        if data.is_empty() {
            return None;
        }
        Some(Self {
            id: field("id"),
            kind: field("event"),
            data: serde_json::from_str(&data).unwrap_or_default(),
        })
    }
}

/// The events of a stream since it was opened.
#[derive(Debug)]
pub struct Events {
    events: watch::Receiver<Vec<Event>>,
    reader: JoinHandle<()>,
}

impl Events {
    /// Waits until there are more events than before; `None` when the stream has ended.
    pub async fn next(&mut self) -> Option<usize> {
        self.events.changed().await.ok()?;
        Some(self.events.borrow_and_update().len())
    }

    /// The first event for which `wanted` answers something.
    ///
    /// # Errors
    /// The stream ended, or it never came.
    pub async fn find<T>(&mut self, wanted: impl Fn(&Event) -> Option<T>) -> Result<T> {
        Ok(self.after(0, wanted).await?.1)
    }

    /// The first such event after the first `read` ones, and how many to leave out the next time.
    ///
    /// # Errors
    /// The stream ended, or it never came.
    pub async fn after<T>(
        &mut self,
        mut read: usize,
        wanted: impl Fn(&Event) -> Option<T>,
    ) -> Result<(usize, T)> {
        let found = async {
            loop {
                let hit = self.events.borrow_and_update()[read..].iter().find_map(|event| {
                    read += 1;
                    wanted(event)
                });
                match hit {
                    Some(hit) => return Ok((read, hit)),
                    None => self.events.changed().await.context("the event stream ended")?,
                }
            }
        };
        timeout(PATIENCE, found).await.context("the event never came")?
    }

    /// Everything seen so far.
    pub fn seen(&self) -> Vec<Event> {
        self.events.borrow().clone()
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

/// JSON, or the text as it is; nothing is null.
fn read(bytes: &[u8]) -> Value {
    if bytes.is_empty() {
        return Value::Null;
    }
    serde_json::from_slice(bytes)
        .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(bytes).into_owned()))
}
