//! Attacks on the local door, and what honest callers see, through the whole router.

use axum::{
    body::{Body, to_bytes},
    http::{Method, Request, StatusCode, header},
    response::Response,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tower::ServiceExt;

use super::{bounds::MAX_BODY, *};
use crate::{
    config::Config,
    service::{Given, tokens::Scope},
    vault::Cost,
};

mod pages;

const HOST: &str = "127.0.0.1:7402";

struct Node {
    door: Door,
    _data: tempfile::TempDir,
}

impl Node {
    async fn fresh() -> Self {
        Self::with_calls(1000).await
    }

    async fn with_calls(per_second: u32) -> Self {
        let data = tempfile::tempdir().expect("a folder");
        let config =
            Config { cost: Cost::TESTING, state: Some(data.path().join("marks")), ..Config::defaults() };
        let link = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let clock = Clock::start();
        let given = Given::try_from(&config).expect("no file is named");
        let service = Service::new(data.path().to_owned(), given, link, clock).expect("a new folder");
        let door = Door {
            service,
            sessions: Sessions::open(data.path()).expect("a new folder"),
            hosts: Hosts::new(HOST.parse().expect("an address"), &[]),
            clock,
            calls: Arc::new(Bucket::per_second(per_second)),
            closing: CancellationToken::new(),
        };
        Self { door, _data: data }
    }

    fn token(&self, scopes: &[Scope]) -> String {
        let made = self.door.service.tokens().create("test", scopes, self.door.clock.wall(), None);
        format!("Bearer {}", made.expect("made").1.reveal())
    }

    async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> Response {
        let mut request = Request::builder().method(method).uri(path);
        if headers.iter().all(|(name, _)| *name != "host") {
            request = request.header(header::HOST, HOST);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body.to_owned())).expect("a request");
        router(self.door.clone()).oneshot(request).await.expect("routers don't fail")
    }

    async fn api(&self, method: Method, path: &str, token: &str, body: &Value) -> (StatusCode, Value) {
        let mut headers = vec![("authorization", token)];
        let text = if body.is_null() { String::new() } else { body.to_string() };
        if !body.is_null() {
            headers.push(("content-type", "application/json"));
        }
        let answer = self.send(method, path, &headers, &text).await;
        (answer.status(), json_of(answer).await)
    }
}

async fn json_of(answer: Response) -> Value {
    let bytes = to_bytes(answer.into_body(), MAX_BODY).await.expect("a body");
    serde_json::from_slice(&bytes).unwrap_or_default()
}

/// Every route and method of the API, with an id where one stands.
fn every_call() -> Vec<(Method, String, String)> {
    let document = serde_json::to_value(openapi::document()).expect("a document");
    let mut calls = Vec::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        let concrete = path
            .replace("{user}", &"ab".repeat(32))
            .replace("{conversation}", &"cd".repeat(32))
            .replace("{token}", "00")
            .replace("{session}", "00");
        for (method, about) in methods.as_object().expect("methods") {
            let scope = about["security"][0]["token"][0].as_str().expect(path).to_owned();
            calls.push((method.to_uppercase().parse().expect("a method"), concrete.clone(), scope));
        }
    }
    calls
}

#[tokio::test]
async fn a_foreign_host_gets_an_empty_421_everywhere() {
    let node = Node::fresh().await;
    for path in ["/", "/launch", "/health", "/api/v1/status", "/no/such/page", "/a/x/app.js"] {
        for host in ["evil.example", "127.0.0.1", "127.0.0.1:7403", "0.0.0.0:7402"] {
            let answer = node.send(Method::GET, path, &[("host", host)], "").await;
            assert_eq!(answer.status(), StatusCode::MISDIRECTED_REQUEST, "{path} {host}");
            assert!(to_bytes(answer.into_body(), 10).await.expect("a body").is_empty());
        }
    }
}

#[tokio::test]
async fn foreign_and_null_origins_are_refused_even_with_a_good_token() {
    let node = Node::fresh().await;
    let token = node.token(&Scope::ALL);
    for origin in ["null", "http://evil.example", "http://127.0.0.1:7403", "http://localhost:7402"] {
        for (method, path) in
            [(Method::GET, "/api/v1/status"), (Method::POST, "/api/v1/lock"), (Method::GET, "/nowhere")]
        {
            let headers = [("authorization", token.as_str()), ("origin", origin)];
            let answer = node.send(method.clone(), path, &headers, "").await;
            assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{method} {path} {origin}");
        }
    }
    for site in ["cross-site", "same-site"] {
        let headers = [("authorization", token.as_str()), ("sec-fetch-site", site)];
        assert_eq!(
            node.send(Method::GET, "/api/v1/status", &headers, "").await.status(),
            StatusCode::FORBIDDEN
        );
    }
}

#[tokio::test]
async fn a_form_of_another_site_is_refused_before_it_is_read() {
    let node = Node::fresh().await;
    let form = ("content-type", "application/x-www-form-urlencoded");
    for headers in [
        vec![form],
        vec![form, ("origin", "http://evil.example"), ("sec-fetch-site", "cross-site")],
        vec![form, ("origin", "null"), ("sec-fetch-site", "cross-site")],
        vec![form, ("origin", "http://127.0.0.1:7402"), ("sec-fetch-site", "cross-site")],
    ] {
        let answer = node.send(Method::POST, "/people/ask", &headers, "username=bob&text=hi").await;
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{headers:?}");
    }
}

#[tokio::test]
async fn every_answer_carries_the_headers_that_keep_pages_in() {
    let node = Node::fresh().await;
    let cases: [(&str, &[(&str, &str)]); 5] = [
        ("/health", &[]),
        ("/no/such/page", &[]),
        ("/api/v1/status", &[]),
        ("/api/v1/nothing", &[]),
        ("/", &[("host", "evil.example")]),
    ];
    for (path, headers) in cases {
        let answer = node.send(Method::GET, path, headers, "").await;
        let header =
            |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let policy = header("content-security-policy");
        for part in ["default-src 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'"] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header("referrer-policy"), "same-origin", "{path}");
        assert_eq!(header("cross-origin-resource-policy"), "same-origin", "{path}");
        assert_eq!(header("cache-control"), "no-store", "{path}");
        assert!(answer.headers().keys().all(|name| !name.as_str().starts_with("access-control")), "{path}");
    }
}

#[tokio::test]
async fn every_call_of_the_api_wants_a_token_with_its_scope() {
    let node = Node::fresh().await;
    let calls = every_call();
    assert!(calls.len() > 30, "the document holds the whole API");
    for (method, path, scope) in calls {
        let (status, problem) = node.api(method.clone(), &path, "", &Value::Null).await;
        assert_eq!(
            (status, &problem["code"]),
            (StatusCode::UNAUTHORIZED, &json!("no_token")),
            "{method} {path}"
        );
        let (status, problem) = node.api(method.clone(), &path, "Bearer confab_guess", &Value::Null).await;
        assert_eq!(
            (status, &problem["code"]),
            (StatusCode::UNAUTHORIZED, &json!("bad_token")),
            "{method} {path}"
        );
        let others: Vec<Scope> = Scope::ALL.into_iter().filter(|other| other.word() != scope).collect();
        let (status, problem) = node.api(method.clone(), &path, &node.token(&others), &Value::Null).await;
        assert_eq!((status, &problem["code"]), (StatusCode::FORBIDDEN, &json!("scope")), "{method} {path}");
        assert_eq!(problem["field"], "authorization");
    }
}

#[tokio::test]
async fn a_cookie_opens_no_call_of_the_api() {
    let node = Node::fresh().await;
    let link = node.door.sessions.launch(node.door.clock.wall(), None);
    let fresh =
        node.door.sessions.redeem(&link, &node.door.hosts, "test", node.door.clock.wall()).expect("good");
    let cookie = fresh.set_cookie.split(';').next().expect("a value").to_owned();
    let answer = node.send(Method::GET, "/api/v1/status", &[("cookie", &cookie)], "").await;
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn only_json_is_read_and_bad_json_is_told_by_field() {
    let node = Node::fresh().await;
    let token = node.token(&Scope::ALL);
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""] {
        let headers = [("authorization", token.as_str()), ("content-type", kind)];
        let answer = node.send(Method::POST, "/api/v1/unlock", &headers, "{\"passphrase\":\"x\"}").await;
        assert_eq!(answer.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE, "{kind}");
        assert_eq!(answer.headers()[header::CONTENT_TYPE], "application/problem+json");
        assert_eq!(json_of(answer).await["field"], "content-type");
    }
    let headers = [("authorization", token.as_str()), ("content-type", "application/json")];
    for (body, field) in [
        ("", "body"),
        ("{", "body"),
        ("[1]", "body"),
        ("{}", "passphrase"),
        ("{\"passphrase\":1}", "passphrase"),
        ("{\"passphrase\":\"x\",\"pasword\":1}", "pasword"),
        ("{\"passphrase\":\"x\"} trailing", "body"),
    ] {
        let answer = node.send(Method::POST, "/api/v1/unlock", &headers, body).await;
        let status = answer.status();
        let problem = json_of(answer).await;
        assert!(status.is_client_error(), "{body}: {status}");
        assert_eq!(problem["field"], field, "{body}: {problem}");
        assert_eq!(problem["status"], status.as_u16(), "{body}");
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.ends_with('.')), "{problem}");
    }
}

#[tokio::test]
async fn bad_ids_and_parameters_are_told_by_name() {
    let node = Node::fresh().await;
    let token = node.token(&Scope::ALL);
    let good = "cd".repeat(32);
    for (path, field) in [
        ("/api/v1/people/xyz".to_owned(), "user"),
        ("/api/v1/conversations/1".to_owned(), "conversation"),
        (format!("/api/v1/conversations/{good}/messages?limit=0"), "limit"),
        (format!("/api/v1/conversations/{good}/messages?limit=many"), "limit"),
        (format!("/api/v1/conversations/{good}/messages?before=here"), "before"),
        (format!("/api/v1/conversations/{good}/messages?around=here"), "around"),
        (format!("/api/v1/conversations/{good}/messages?befor=x"), "befor"),
        ("/api/v1/peers?state=happy".to_owned(), "state"),
    ] {
        let (status, problem) = node.api(Method::GET, &path, &token, &Value::Null).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{path}: {problem}");
        assert_eq!(problem["field"], field, "{path}: {problem}");
    }
    for (body, field) in [
        (json!({ "text": "hi" }), "username"),
        (json!({ "username": "bob", "address": "a:1", "text": "hi" }), "username"),
        (json!({ "address": "127.0.0.1:7401", "text": "hi" }), "user"),
        (json!({ "username": "bob" }), "text"),
        (json!({ "username": "bob", "text": "hi", "id": "short" }), "id"),
    ] {
        let (_, problem) = node.api(Method::POST, "/api/v1/requests", &token, &body).await;
        assert_eq!(problem["field"], field, "{body}: {problem}");
    }
}

#[tokio::test]
async fn a_fresh_node_says_so_and_takes_bad_entries_by_field() {
    let node = Node::fresh().await;
    let token = node.token(&Scope::ALL);
    let (status, answer) = node.api(Method::GET, "/api/v1/status", &token, &Value::Null).await;
    assert_eq!((status, &answer["stage"]), (StatusCode::OK, &json!("fresh")));
    let (status, problem) = node.api(Method::GET, "/api/v1/conversations", &token, &Value::Null).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("no_account")));
    for (name, passphrase, field) in [
        ("Al", "warm bread and rain", "username"),
        ("al", "warm bread and rain", "username"),
        ("alice", "short", "passphrase"),
        ("alice", "1234567890", "passphrase"),
    ] {
        let body = json!({ "username": name, "passphrase": passphrase, "directory": null });
        let (status, problem) = node.api(Method::POST, "/api/v1/account", &token, &body).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{problem}");
        assert_eq!(problem["field"], field, "{problem}");
    }
}

#[tokio::test]
async fn too_many_tries_of_a_passphrase_must_wait() {
    let node = Node::fresh().await;
    let token = node.token(&[Scope::Account]);
    let body = json!({ "username": "alice", "passphrase": "short", "directory": null });
    for _ in 0..5 {
        let (status, _) = node.api(Method::POST, "/api/v1/account", &token, &body).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let headers = [("authorization", token.as_str()), ("content-type", "application/json")];
    let answer = node.send(Method::POST, "/api/v1/account", &headers, &body.to_string()).await;
    assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
    let wait: u64 = answer.headers()[header::RETRY_AFTER].to_str().expect("text").parse().expect("seconds");
    assert!((1..=12).contains(&wait), "{wait}");
}

#[tokio::test]
async fn calls_beyond_the_limit_are_told_to_wait() {
    let node = Node::with_calls(3).await;
    let token = node.token(&[Scope::Read]);
    for _ in 0..3 {
        assert_eq!(node.api(Method::GET, "/api/v1/status", &token, &Value::Null).await.0, StatusCode::OK);
    }
    let (status, problem) = node.api(Method::GET, "/api/v1/status", &token, &Value::Null).await;
    assert_eq!((status, &problem["code"]), (StatusCode::TOO_MANY_REQUESTS, &json!("too_fast")));
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let node = Node::fresh().await;
    let token = node.token(&Scope::ALL);
    let headers = [("authorization", token.as_str()), ("content-type", "application/json")];
    let body = format!("{{\"passphrase\":\"{}\"}}", "x".repeat(MAX_BODY));
    let answer = node.send(Method::POST, "/api/v1/unlock", &headers, &body).await;
    assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn unknown_addresses_and_methods_of_the_api_are_problems() {
    let node = Node::fresh().await;
    let answer = node.send(Method::GET, "/api/v1/nothing", &[], "").await;
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    assert_eq!(answer.headers()[header::CONTENT_TYPE], "application/problem+json");
    let answer = node.send(Method::PUT, "/api/v1/status", &[], "").await;
    assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(json_of(answer).await["code"], "wrong_method");
}

#[tokio::test]
async fn tokens_are_made_listed_and_revoked_over_the_api() {
    let node = Node::fresh().await;
    let admin = node.token(&[Scope::Account]);
    let wish = json!({ "name": "bot", "scopes": ["read"] });
    let (status, made) = node.api(Method::POST, "/api/v1/tokens", &admin, &wish).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    let bot = format!("Bearer {}", made["token"].as_str().expect("shown once"));
    assert_eq!(node.api(Method::GET, "/api/v1/status", &bot, &Value::Null).await.0, StatusCode::OK);
    let (_, list) = node.api(Method::GET, "/api/v1/tokens", &admin, &Value::Null).await;
    assert!(list.to_string().contains("bot") && !list.to_string().contains(&bot["Bearer ".len()..]));
    let path = format!("/api/v1/tokens/{}", made["id"].as_str().expect("an id"));
    assert_eq!(node.api(Method::DELETE, &path, &admin, &Value::Null).await.0, StatusCode::NO_CONTENT);
    assert_eq!(node.api(Method::GET, "/api/v1/status", &bot, &Value::Null).await.0, StatusCode::UNAUTHORIZED);
    let (status, problem) = node.api(Method::DELETE, &path, &admin, &Value::Null).await;
    assert_eq!((status, &problem["field"]), (StatusCode::NOT_FOUND, &json!("token")));
    let wish = json!({ "name": "bot", "scopes": ["everything"] });
    let (_, problem) = node.api(Method::POST, "/api/v1/tokens", &admin, &wish).await;
    assert_eq!(problem["field"], "scopes[0]", "{problem}");
}

#[tokio::test]
async fn the_description_names_every_route_and_health_needs_no_token() {
    let node = Node::fresh().await;
    let answer = node.send(Method::GET, "/api/v1/openapi.json", &[], "").await;
    assert_eq!(answer.status(), StatusCode::OK);
    let document = json_of(answer).await;
    for path in ["/api/v1/account", "/api/v1/requests/{user}/accept", "/api/v1/events", "/api/v1/peers"] {
        assert!(document["paths"][path].is_object(), "{path}");
    }
    let answer = node.send(Method::GET, "/health", &[], "").await;
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
}
