//! Two people and a directory in one process, driven over REST as a script would: meet, talk, restart, go.

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
const LONG: Duration = Duration::from_secs(60);
const ALICE: &str = "seven warm lanterns";
const BOB: &str = "a quiet harbour town";

struct Directory {
    url: String,
    end: CancellationToken,
    served: JoinHandle<Result<(), directory::Error>>,
    _data: tempfile::TempDir,
}

impl Directory {
    async fn start() -> Self {
        let data = tempfile::tempdir().expect("a folder");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let config = directory::Config { listen: address, ..directory::Config::lifted(data.path()) };
        let end = CancellationToken::new();
        let ended = end.clone();
        let served = tokio::spawn(directory::run(config, listener, async move { ended.cancelled().await }));
        Self { url: format!("http://{address}"), end, served, _data: data }
    }

    async fn stop(self) {
        self.end.cancel();
        self.served.await.expect("no panic").expect("a clean end");
    }
}

/// A node and a script that talks to it.
struct Node {
    running: Option<Running>,
    http: Client<HttpConnector, Full<Bytes>>,
    token: String,
    config: Config,
    _data: tempfile::TempDir,
}

impl Node {
    async fn start(directory: Option<&Directory>) -> Self {
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

    async fn stop(&mut self) {
        self.running.take().expect("runs").stop().await;
    }

    async fn again(&mut self) {
        let ui = TcpListener::bind(self.config.ui).await.expect("free again");
        let links = TcpListener::bind(self.config.listen).await.expect("free again");
        self.running = Some(Running::start(&self.config, ui, links).await.expect("starts again"));
    }

    fn address(&self) -> String {
        self.config.listen.to_string()
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> hyper::Response<Incoming> {
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

    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let answer = self.send(method, path, body).await;
        let status = answer.status();
        let bytes = answer.into_body().collect().await.expect("a body").to_bytes();
        (status, serde_json::from_slice(&bytes).unwrap_or_default())
    }

    async fn get(&self, path: &str) -> Value {
        let (status, answer) = self.call(Method::GET, path, None).await;
        assert_eq!(status, StatusCode::OK, "{path}: {answer}");
        answer
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.call(Method::POST, path, Some(body)).await;
        assert!(status.is_success(), "{path}: {status} {answer}");
        answer
    }

    async fn refused(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.call(Method::POST, path, Some(body)).await;
        assert!(!status.is_success(), "{path}: {status} {answer}");
        answer
    }

    async fn register(&self, username: &str, passphrase: &str) -> Value {
        self.post("account", json!({ "username": username, "passphrase": passphrase, "create": true })).await
    }

    async fn events(&self) -> Events {
        let answer = self.send(Method::GET, "events", None).await;
        assert_eq!(answer.status(), StatusCode::OK);
        Events { body: answer.into_body(), text: String::new(), last: String::new() }
    }

    async fn texts(&self, conversation: &str) -> Vec<String> {
        let history = self.get(&format!("conversations/{conversation}/messages")).await;
        let messages = history["messages"].as_array().expect("messages");
        messages.iter().filter_map(|message| message["text"].as_str()).map(str::to_owned).collect()
    }
}

/// An event stream.
struct Events {
    body: Incoming,
    text: String,
    last: String,
}

impl Events {
    async fn next(&mut self) -> (String, Value) {
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
    async fn until(&mut self, what: &str, mut is_it: impl FnMut(&str, &Value) -> bool) -> Value {
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

    async fn text(&mut self, text: &str) -> Value {
        self.until(text, |name, data| name == "message" && data["message"]["text"] == text).await
    }
}

async fn any_port() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.expect("a free port")
}

/// Both registered, Alice's request accepted by Bob. The conversation is named alike on both sides.
async fn meet(alice: &Node, bob: &Node, bob_hears: &mut Events, alice_hears: &mut Events) -> String {
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

#[tokio::test(flavor = "multi_thread")]
async fn two_people_meet_through_the_directory_talk_and_find_everything_after_a_restart() {
    let directory = Directory::start().await;
    let (mut alice, bob) = (Node::start(Some(&directory)).await, Node::start(Some(&directory)).await);

    let question = json!({ "username": "alice", "passphrase": ALICE });
    assert_eq!(alice.refused("account", question).await["code"], "new_name", "a new name asks once more");
    let entered = alice.register("alice", ALICE).await;
    assert_eq!(entered["created"], true);
    assert!(entered["recovery"]["file"].as_str().is_some_and(|file| file.contains("AGE ENCRYPTED")));
    let wrong = json!({ "username": "alice", "passphrase": BOB, "create": true });
    assert_eq!(bob.refused("account", wrong).await["code"], "wrong_pair");
    let right = json!({ "username": "alice", "passphrase": ALICE });
    let problem = bob.refused("account", right).await;
    assert_eq!((&problem["code"], &problem["field"]), (&json!("needs_keys"), &json!("recovery")));
    bob.register("bob", BOB).await;

    let (mut alice_hears, mut bob_hears) = (alice.events().await, bob.events().await);
    let found = alice.get("people?q=bob").await;
    assert_eq!(found["people"][0]["username"], "bob", "the exact name finds him: {found}");
    assert_eq!(found["people"][0]["relation"], "stranger");
    let nobody = alice.refused("requests", json!({ "username": "nobody_here", "text": "hi" })).await;
    assert_eq!((&nobody["code"], &nobody["field"]), (&json!("unknown_name"), &json!("username")));

    let conversation = meet(&alice, &bob, &mut bob_hears, &mut alice_hears).await;
    let messages = format!("conversations/{conversation}/messages");

    let sent = alice.post(&messages, json!({ "text": "one", "id": "0a".repeat(16) })).await;
    assert_eq!(sent["mine"], true);
    let came = bob_hears.text("one").await;
    assert_eq!(came["message"]["mine"], false);
    assert_eq!(came["id"], "0a".repeat(16));
    alice.post(&messages, json!({ "text": "one", "id": "0a".repeat(16) })).await;
    bob.post(&messages, json!({ "text": "two" })).await;
    alice_hears.text("two").await;
    for (text, code) in [("", "empty_text"), (" \n", "empty_text"), (&"x".repeat(17 << 10), "long_text")] {
        let problem = alice.refused(&messages, json!({ "text": text })).await;
        assert_eq!((&problem["code"], &problem["field"]), (&json!(code), &json!("text")));
    }

    bob.post(&format!("conversations/{conversation}/read"), json!({})).await;
    alice_hears.until("the read mark", |name, _| name == "marks").await;
    let state = loop {
        let history = alice.get(&messages).await;
        let own =
            history["messages"].as_array().expect("messages").iter().find(|message| message["text"] == "one");
        let state = own.expect("written")["state"].clone();
        if state == "read" {
            break state;
        }
        alice_hears.until("another mark", |name, _| name == "marks").await;
    };
    assert_eq!(state, "read");
    assert_eq!(alice.texts(&conversation).await, ["Shall we talk?", "one", "two"]);
    assert_eq!(bob.texts(&conversation).await, ["Shall we talk?", "one", "two"]);
    let (active, connected) =
        (alice.get("peers?state=active").await, alice.get("peers?state=connected").await);
    assert_eq!(active["people"][0]["username"], "bob");
    assert_eq!(connected["people"][0]["username"], "bob");

    // Alice goes; Bob sees it, and what he writes waits for her.
    alice.stop().await;
    bob_hears.until("the goodbye", |name, data| name == "presence" && data["online"] == false).await;
    let waits = bob.post(&messages, json!({ "text": "three" })).await;
    assert_eq!(waits["state"], "pending");

    alice.again().await;
    assert_eq!(alice.get("status").await["stage"], "locked");
    let (status, _) = alice.call(Method::GET, &messages, None).await;
    assert_eq!(status, StatusCode::CONFLICT, "a locked node shows nothing");
    let mut alice_hears = alice.events().await;
    assert_eq!(alice.refused("unlock", json!({ "passphrase": BOB })).await["code"], "wrong_passphrase");
    alice.post("unlock", json!({ "passphrase": ALICE })).await;
    if alice.texts(&conversation).await.last().map(String::as_str) != Some("three") {
        alice_hears.text("three").await;
    }
    assert_eq!(alice.texts(&conversation).await, ["Shall we talk?", "one", "two", "three"]);
    bob_hears.until("the delivery mark", |name, _| name == "marks").await;

    // Paging: the same messages, in pieces.
    let newest = alice.get(&format!("{messages}?limit=2")).await;
    assert_eq!((newest["messages"][0]["text"].as_str(), &newest["older"]), (Some("two"), &json!(true)));
    let before = newest["messages"][0]["key"].as_str().expect("a place");
    let older = alice.get(&format!("{messages}?limit=2&before={before}")).await;
    assert_eq!(older["messages"][1]["text"], "one");
    let around = alice.get(&format!("{messages}?around={}&limit=3", "0a".repeat(16))).await;
    assert_eq!(around["messages"][1]["text"], "one");

    alice.stop().await;
    let mut bob = bob;
    bob.stop().await;
    directory.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_without_a_directory_see_who_answers_and_then_talk() {
    let (mut alice, mut bob) = (Node::start(None).await, Node::start(None).await);
    alice.register("alice", ALICE).await;
    bob.register("bob", BOB).await;
    let (mut alice_hears, mut bob_hears) = (alice.events().await, bob.events().await);

    let who = alice.post("peers", json!({ "address": bob.address() })).await;
    assert_eq!(who["username"], "bob");
    assert_eq!(who["safety_number"].as_str().map(str::len), Some(60));
    let wrong = json!({ "address": bob.address(), "user": "ab".repeat(32), "text": "hi" });
    assert_eq!(alice.refused("requests", wrong).await["code"], "somebody_else");
    for (address, field) in [("nowhere", "address"), ("127.0.0.1:1", "address"), ("[::1", "address")] {
        assert_eq!(alice.refused("peers", json!({ "address": address })).await["field"], field);
    }

    let ask = json!({ "address": bob.address(), "user": who["user"], "text": "Is it you?" });
    let asked = alice.post("requests", ask).await;
    let conversation = asked["conversation"].as_str().expect("an id").to_owned();
    let request = bob_hears
        .until("the request", |name, data| name == "person" && data["person"]["relation"] == "asking")
        .await;
    bob.post(&format!("requests/{}/accept", request["user"].as_str().expect("an id")), Value::Null).await;
    alice_hears
        .until("the answer", |name, data| name == "person" && data["person"]["relation"] == "contact")
        .await;
    bob.post(&format!("conversations/{conversation}/messages"), json!({ "text": "It is." })).await;
    alice_hears.text("It is.").await;

    alice.stop().await;
    bob.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_was_cut_goes_on_where_it_was() {
    let mut alice = Node::start(None).await;
    alice.register("alice", ALICE).await;
    let mut hears = alice.events().await;
    for typing in [false, true] {
        let (status, _) = alice.call(Method::PATCH, "settings", Some(json!({ "typing": typing }))).await;
        assert_eq!(status, StatusCode::OK);
    }
    hears.until("the first change", |name, _| name == "settings").await;
    let request = Request::builder()
        .uri(format!("http://{}/api/v1/events", alice.config.ui))
        .header("authorization", &alice.token)
        .header("last-event-id", &hears.last);
    let answer =
        alice.http.request(request.body(Full::default()).expect("a request")).await.expect("an answer");
    let mut again = Events { body: answer.into_body(), text: String::new(), last: String::new() };
    again.until("the second change", |name, _| name == "settings").await;
    assert_ne!(again.last, hears.last);

    let request = Request::builder()
        .uri(format!("http://{}/api/v1/events", alice.config.ui))
        .header("authorization", &alice.token)
        .header("last-event-id", format!("{}-1", "00".repeat(16)));
    let answer =
        alice.http.request(request.body(Full::default()).expect("a request")).await.expect("an answer");
    let mut other = Events { body: answer.into_body(), text: String::new(), last: String::new() };
    assert_eq!(other.next().await.0, "look_again", "numbers of another run mean nothing");
    alice.stop().await;
}
