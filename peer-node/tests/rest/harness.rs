//! A directory and nodes in this process, driven over REST as a script would drive them.

use std::{path::PathBuf, time::Duration};

use http_body_util::{BodyExt, Full};
use hyper::{
    Method, Request, StatusCode,
    body::{Bytes, Incoming},
};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use peer_node::{
    Running,
    clock::Clock,
    config::Config,
    service::tokens::{Scope, Tokens},
    vault::Cost,
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

/// Longer than anything here takes; a wait that ends by it has failed.
pub(crate) const LONG: Duration = Duration::from_secs(60);
pub(crate) const ALICE: &str = "seven warm lanterns";
pub(crate) const BOB: &str = "a quiet harbour town";

pub(crate) struct Directory {
    pub(crate) url: String,
    end: CancellationToken,
    served: JoinHandle<Result<(), directory::Error>>,
    _data: tempfile::TempDir,
}

impl Directory {
    pub(crate) async fn start() -> Self {
        let data = tempfile::tempdir().expect("a folder");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let config = directory::Config { listen: address, ..directory::Config::lifted(data.path()) };
        let end = CancellationToken::new();
        let ended = end.clone();
        let served = tokio::spawn(directory::run(config, listener, async move { ended.cancelled().await }));
        Self { url: format!("http://{address}"), end, served, _data: data }
    }

    pub(crate) async fn stop(self) {
        self.end.cancel();
        self.served.await.expect("no panic").expect("a clean end");
    }
}

/// A node and a script that talks to it.
pub(crate) struct Node {
    running: Option<Running>,
    pub(crate) http: Client<HttpConnector, Full<Bytes>>,
    pub(crate) token: String,
    pub(crate) config: Config,
    _data: tempfile::TempDir,
}

impl Node {
    pub(crate) async fn start(directory: Option<&Directory>) -> Self {
        let data = tempfile::tempdir().expect("a folder");
        let folder: PathBuf = data.path().join("node");
        // Before the first run, as `peer-node token create` does.
        let made = Tokens::new(&folder).create("script", &Scope::ALL, Clock::start().wall(), None);
        let token = format!("Bearer {}", made.expect("made").1.reveal());
        let mut config = Config {
            data: folder.as_path().into(),
            directory: directory.map(|directory| directory.url.clone()),
            no_open: true,
            cost: Cost::TESTING,
            api_per_second: 1000,
            logins_per_minute: 100,
            ..Config::defaults()
        };
        config.state = Some(data.path().join("marks"));
        let (ui, links) = (any_port().await, any_port().await);
        (config.ui, config.listen) = (ui.local_addr().expect("bound"), links.local_addr().expect("bound"));
        let running = Running::start(&config, ui, links).await.expect("starts");
        let http = Client::builder(TokioExecutor::new()).build_http();
        Self { running: Some(running), http, token, config, _data: data }
    }

    pub(crate) async fn stop(&mut self) {
        self.running.take().expect("runs").stop().await;
    }

    pub(crate) async fn again(&mut self) {
        let ui = TcpListener::bind(self.config.ui).await.expect("free again");
        let links = TcpListener::bind(self.config.listen).await.expect("free again");
        self.running = Some(Running::start(&self.config, ui, links).await.expect("starts again"));
    }

    /// What a second program on the same data folder says at its start.
    pub(crate) async fn start_another(&self) -> Result<(), String> {
        let (ui, links) = (any_port().await, any_port().await);
        let mut config = self.config.clone();
        (config.ui, config.listen) = (ui.local_addr().expect("bound"), links.local_addr().expect("bound"));
        match Running::start(&config, ui, links).await {
            Ok(running) => {
                running.stop().await;
                Ok(())
            }
            Err(refused) => Err(refused.to_string()),
        }
    }

    pub(crate) fn service(&self) -> &peer_node::service::Service {
        self.running.as_ref().expect("runs").service()
    }

    pub(crate) fn address(&self) -> String {
        self.config.listen.to_string()
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> hyper::Response<Incoming> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("http://{}/api/v1/{path}", self.config.ui))
            .header("authorization", &self.token);
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let body = Full::new(Bytes::from(body.map(|body| body.to_string()).unwrap_or_default()));
        let sent = self.http.request(request.body(body).expect("a request"));
        tokio::time::timeout(LONG, sent).await.expect("in time").expect("an answer")
    }

    pub(crate) async fn call(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let answer = self.send(method, path, body).await;
        let status = answer.status();
        let bytes = answer.into_body().collect().await.expect("a body").to_bytes();
        (status, serde_json::from_slice(&bytes).unwrap_or_default())
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let (status, answer) = self.call(Method::GET, path, None).await;
        assert_eq!(status, StatusCode::OK, "{path}: {answer}");
        answer
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.call(Method::POST, path, Some(body)).await;
        assert!(status.is_success(), "{path}: {status} {answer}");
        answer
    }

    pub(crate) async fn refused(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.call(Method::POST, path, Some(body)).await;
        assert!(!status.is_success(), "{path}: {status} {answer}");
        answer
    }

    pub(crate) async fn register(&self, username: &str, passphrase: &str) -> Value {
        self.post("account", json!({ "username": username, "passphrase": passphrase, "create": true })).await
    }

    pub(crate) async fn events(&self) -> Events {
        let answer = self.send(Method::GET, "events", None).await;
        assert_eq!(answer.status(), StatusCode::OK);
        Events { body: answer.into_body(), text: String::new(), last: String::new() }
    }

    pub(crate) async fn texts(&self, conversation: &str) -> Vec<String> {
        let history = self.get(&format!("conversations/{conversation}/messages")).await;
        let messages = history["messages"].as_array().expect("messages");
        messages.iter().filter_map(|message| message["text"].as_str()).map(str::to_owned).collect()
    }
}

/// An event stream.
pub(crate) struct Events {
    pub(crate) body: Incoming,
    pub(crate) text: String,
    pub(crate) last: String,
}

impl Events {
    pub(crate) async fn next(&mut self) -> (String, Value) {
        loop {
            if let Some(end) = self.text.find("\n\n") {
                let event: String = self.text.drain(..end + 2).collect();
                let line = |name: &str| {
                    event
                        .lines()
                        .find_map(|line| line.strip_prefix(name))
                        .unwrap_or_default()
                        .trim()
                        .to_owned()
                };
                if line("event:").is_empty() {
                    continue;
                }
                self.last = line("id:");
                return (line("event:"), serde_json::from_str(&line("data:")).expect("JSON"));
            }
            let frame = self.body.frame().await.expect("the stream goes on").expect("and is whole");
            if let Ok(bytes) = frame.into_data() {
                self.text.push_str(std::str::from_utf8(&bytes).expect("text"));
            }
        }
    }

    /// Waits for the event that is meant; others pass by.
    pub(crate) async fn until(&mut self, what: &str, mut is_it: impl FnMut(&str, &Value) -> bool) -> Value {
        let found = async {
            loop {
                let (name, data) = self.next().await;
                if is_it(&name, &data) {
                    return data;
                }
            }
        };
        tokio::time::timeout(LONG, found).await.unwrap_or_else(|_| panic!("no event came: {what}"))
    }

    pub(crate) async fn text(&mut self, text: &str) -> Value {
        self.until(text, |name, data| name == "message" && data["message"]["text"] == text).await
    }
}

pub(crate) async fn any_port() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.expect("a free port")
}

/// Alice and Bob, registered, and what each of them hears.
pub(crate) async fn pair(directory: &Directory) -> (Node, Node, Events, Events) {
    let (alice, bob) = (Node::start(Some(directory)).await, Node::start(Some(directory)).await);
    alice.register("alice", ALICE).await;
    bob.register("bob", BOB).await;
    let (alice_hears, bob_hears) = (alice.events().await, bob.events().await);
    (alice, bob, alice_hears, bob_hears)
}

/// Both registered, Alice's request accepted by Bob. The conversation is named alike on both sides.
pub(crate) async fn meet(
    alice: &Node,
    bob: &Node,
    bob_hears: &mut Events,
    alice_hears: &mut Events,
) -> String {
    let asked = alice.post("requests", json!({ "username": "bob", "text": "Shall we talk?" })).await;
    let conversation = asked["conversation"].as_str().expect("an id").to_owned();
    let request = bob_hears
        .until("the request", |name, data| name == "person" && data["person"]["relation"] == "asking")
        .await;
    assert_eq!(request["person"]["username"], "alice");
    assert_eq!(bob.texts(&conversation).await, ["Shall we talk?"]);
    bob.post(&format!("requests/{}/accept", request["user"].as_str().expect("an id")), Value::Null).await;
    alice_hears
        .until("the answer", |name, data| name == "person" && data["person"]["relation"] == "contact")
        .await;
    conversation
}
