//! The door: headers, sizes, TLS, the end.

use std::{net::SocketAddr, sync::Arc};

use directory::{Config, Directory};
use http_body_util::Full;
use hyper::{Request, StatusCode, body::Bytes};
use protocol::directory::{Code, Identity};
use serde_json::json;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::timeout,
};

use crate::harness::{PATIENCE, Town, method};

#[tokio::test]
async fn every_answer_is_private_and_every_mistake_a_problem() {
    let town = Town::open().await;
    for (what, path, status) in [
        ("GET", "/v1/health", StatusCode::OK),
        ("GET", "/nowhere", StatusCode::NOT_FOUND),
        ("DELETE", "/v1/health", StatusCode::METHOD_NOT_ALLOWED),
        ("GET", "/v1/account", StatusCode::UNAUTHORIZED),
    ] {
        let request = Request::builder().method(method(what)).uri(path).header("host", "localhost");
        let answer = town.send(request.body(Full::default()).unwrap()).await;
        assert_eq!(answer.status, status, "{what} {path}");
        assert_eq!(answer.headers["cache-control"], "no-store");
        assert_eq!(answer.headers["x-content-type-options"], "nosniff");
        assert!(!answer.headers.contains_key("access-control-allow-origin"));
        if status != StatusCode::OK {
            assert_eq!(answer.problem().status, status.as_u16());
        }
    }
}

#[tokio::test]
async fn a_body_is_json_and_has_a_size() {
    let town = Town::open().await;
    let send = async |kind: Option<&str>, body: Vec<u8>| {
        let mut request = Request::post("/v1/sign-in").header("host", "localhost");
        if let Some(kind) = kind {
            request = request.header("content-type", kind);
        }
        town.send(request.body(Full::<Bytes>::from(body)).unwrap()).await
    };
    let good = br#"{"username":"alice","password":"correct horse"}"#.to_vec();
    assert_eq!(send(Some("application/json; charset=utf-8"), good.clone()).await.code(), Code::DontFit);
    for kind in [None, Some("text/plain"), Some("application/x-www-form-urlencoded")] {
        assert_eq!(send(kind, good.clone()).await.code(), Code::Invalid, "{kind:?}");
    }
    for body in [b"".to_vec(), b"{".to_vec(), b"[]".to_vec(), [good.clone(), b"{}".to_vec()].concat()] {
        assert_eq!(send(Some("application/json"), body).await.code(), Code::Invalid);
    }
    let large = vec![b' '; 64 * 1024 + 1];
    let refused = send(Some("application/json"), large).await;
    assert_eq!((refused.status, refused.code()), (StatusCode::PAYLOAD_TOO_LARGE, Code::TooLarge));
    let nested = "[".repeat(50_000).into_bytes();
    assert_eq!(send(Some("application/json"), nested).await.code(), Code::Invalid);
}

#[tokio::test]
async fn an_answer_does_not_repeat_what_stood_in_a_password_field() {
    let town = Town::open().await;
    let body = json!({"username": "alice", "password": 31_415_926});
    let answer = town.call("POST", "/v1/sign-in", None, Some(body)).await;
    assert_eq!(answer.field().as_deref(), Some("password"));
    assert!(!answer.body.to_string().contains("31415926"), "{answer:?}");
}

#[tokio::test]
async fn headers_that_never_end_are_cut_off() {
    let town = Town::open().await;
    let mut slow = TcpStream::connect(town.address).await.unwrap();
    slow.write_all(b"GET /v1/health HTTP/1.1\r\nhost: localhost\r\nx-slow: ").await.unwrap();
    let mut answer = Vec::new();
    timeout(PATIENCE, slow.read_to_end(&mut answer)).await.expect("the directory closes").unwrap();
    assert!(!answer.starts_with(b"HTTP/1.1 200"));
}

#[tokio::test]
async fn sockets_are_told_when_the_directory_ends() {
    let town = Town::open().await;
    let alice = town.citizen("alice").await;
    let mut socket = town.socket(&alice).await;
    let (folder, code) = tokio::join!(town.close(), socket.closed());
    assert_eq!(code, Some(1001));
    drop(folder);
}

async fn tls_town(set: impl FnOnce(&mut Config)) -> (Arc<Directory>, SocketAddr, TempDir) {
    let folder = TempDir::new().unwrap();
    let mut config = Config::lifted(folder.path());
    set(&mut config);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let directory = Directory::open(config, address).await.unwrap();
    tokio::spawn(directory.clone().serve(listener, std::future::pending()));
    (directory, address, folder)
}

#[tokio::test]
async fn an_own_certificate_keeps_its_fingerprint_and_the_identity_vouches_for_it() {
    let (directory, address, folder) = tls_town(|config| config.tls = true).await;
    let fingerprint = directory.fingerprint().unwrap();
    assert!(directory.must_be_pinned());
    let identity: Identity = directory.identity();
    assert!(identity.is_proven_for(Some(fingerprint)) && !identity.is_proven_for(None));
    // Plain HTTP gets nothing.
    let mut plain = TcpStream::connect(address).await.unwrap();
    plain.write_all(b"GET /v1/health HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    let _ = timeout(PATIENCE, plain.read_to_end(&mut answer)).await.expect("the directory closes");
    assert!(!answer.starts_with(b"HTTP"));
    let again =
        Directory::open(Config { tls: true, ..Config::lifted(folder.path()) }, address).await.unwrap();
    assert_eq!(again.fingerprint(), Some(fingerprint));
    // The health check of a container finds it well by the certificate in its folder.
    let config = Config { tls: true, listen: address, ..Config::lifted(folder.path()) };
    directory::check(&config).await.unwrap();
}

#[tokio::test]
async fn the_health_check_notices_a_stranger_on_the_port() {
    let (_directory, address, _folder) = tls_town(|config| config.tls = true).await;
    let elsewhere = TempDir::new().unwrap();
    let config = Config { tls: true, listen: address, ..Config::lifted(elsewhere.path()) };
    assert!(directory::check(&config).await.is_err());
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let config = Config { listen: nobody, ..Config::lifted(elsewhere.path()) };
    assert!(directory::check(&config).await.is_err());
}

#[tokio::test]
async fn beyond_this_machine_there_is_no_plain_http() {
    let folder = TempDir::new().unwrap();
    for (address, tls) in
        [("127.0.0.1:1", false), ("[::1]:1", false), ("0.0.0.0:1", true), ("192.0.2.1:1", true)]
    {
        let directory =
            Directory::open(Config::lifted(folder.path()), address.parse().unwrap()).await.unwrap();
        assert_eq!(directory.fingerprint().is_some(), tls, "{address}");
    }
}

#[tokio::test]
async fn what_is_wrong_at_the_start_is_one_sentence() {
    let folder = TempDir::new().unwrap();
    let address = "127.0.0.1:1".parse().unwrap();
    let mut config = Config::lifted(folder.path());
    config.tls_cert = Some(folder.path().join("missing.pem"));
    config.tls_key = Some(folder.path().join("missing.key"));
    let error = Directory::open(config, address).await.unwrap_err().to_string();
    assert!(error.contains("missing.pem"), "{error}");
    std::fs::write(folder.path().join("identity.key"), "junk").unwrap();
    let error = Directory::open(Config::lifted(folder.path()), address).await.unwrap_err().to_string();
    assert!(error.contains("identity.key does not hold a key"), "{error}");
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = Directory::open(Config::lifted(&file), address).await.unwrap_err().to_string();
    assert!(error.contains("data folder"), "{error}");
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_left_alone() {
    let town = Town::open().await;
    town.register("alice").await.ok();
    let folder = town.close().await;
    let data = folder.path().join("data");
    let mut options = sea_orm::ConnectOptions::new(format!("sqlite://{}/directory.db", data.display()));
    options.sqlx_logging(false);
    let database = sea_orm::Database::connect(options).await.unwrap();
    use sea_orm::ConnectionTrait;
    database
        .execute_unprepared(
            "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m20990101_000001_future', 0)",
        )
        .await
        .unwrap();
    database.close().await.unwrap();
    let error = Directory::open(Config::lifted(&data), "127.0.0.1:1".parse().unwrap()).await.unwrap_err();
    assert!(error.to_string().contains("newer version"), "{error}");
}

#[tokio::test]
async fn what_the_disk_holds_names_no_password_and_no_address() {
    let town = Town::open().await;
    let alice = town.citizen("alice").await;
    let mut socket = town.socket(&alice).await;
    use protocol::directory::{Blob, Give, Hex, NodeSays, State};
    let secret = b"a record that stays in memory";
    socket
        .say(&NodeSays::State(State {
            give: vec![Give { tag: Hex([0xcd; 32]), record: Blob(secret.to_vec()) }],
            ..State::default()
        }))
        .await;
    socket.ping().await;
    let token = alice.session.token.clone();
    let folder = town.close().await;
    let mut read = 0;
    for entry in std::fs::read_dir(folder.path().join("data")).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        read += bytes.len();
        for forbidden in
            [crate::harness::PASSWORD.as_bytes(), secret, token.as_bytes(), b"127.0.0.1", &[0xcd; 32]]
        {
            assert!(!bytes.windows(forbidden.len()).any(|window| window == forbidden), "{forbidden:?}");
        }
    }
    assert!(read > 10_000, "there was something to read");
}
