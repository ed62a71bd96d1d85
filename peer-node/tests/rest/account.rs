//! The account: a new machine, a forgotten passphrase, another passphrase, a backup, the end of it.

use http_body_util::{BodyExt, Full};
use hyper::{Method, Request, StatusCode, body::Bytes};
use serde_json::{Value, json};

use crate::harness::{ALICE, BOB, Directory, Node, meet, pair};

const NEW: &str = "three paper boats";

#[tokio::test(flavor = "multi_thread")]
async fn the_recovery_file_makes_the_same_person_on_another_computer() {
    let directory = Directory::start().await;
    let (mut old, mut new) = (Node::start(Some(&directory)).await, Node::start(Some(&directory)).await);
    let before = old.register("alice", ALICE).await;
    assert_eq!(old.get("status").await["me"]["recovery_waits"], true);
    old.post("account/recovery", Value::Null).await;
    assert_eq!(old.get("status").await["me"]["recovery_waits"], false);
    assert_eq!(old.get("account/recovery").await["key"], before["recovery"]["key"]);
    old.stop().await;

    let (file, key) = (&before["recovery"]["file"], &before["recovery"]["key"]);
    let entry = |file: &Value, key: &Value| json!({ "username": "alice", "passphrase": ALICE, "recovery": file, "recovery_key": key });
    for (file, key) in [(&json!("no file"), key), (file, &json!("no key"))] {
        let problem = new.refused("account", entry(file, key)).await;
        assert_eq!(problem["field"], "recovery", "{problem}");
    }
    let after = new.post("account", entry(file, key)).await;
    assert_eq!(after["user"], before["user"]);
    assert_eq!(after["created"], false);
    new.stop().await;
    directory.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_reset_contacts_must_confirm_before_they_write() {
    let directory = Directory::start().await;
    let (mut alice, mut bob, mut alice_hears, mut bob_hears) = pair(&directory).await;
    let conversation = meet(&alice, &bob, &mut bob_hears, &mut alice_hears).await;
    alice.stop().await;

    let mut again = Node::start(Some(&directory)).await;
    let entry = json!({ "username": "alice", "passphrase": ALICE });
    assert_eq!(again.refused("account", entry).await["code"], "needs_keys");
    let reset = json!({ "username": "alice", "passphrase": ALICE, "reset": true });
    assert_eq!(again.post("account", reset).await["created"], false);

    let mut again_hears = again.events().await;
    let asked = again.post("requests", json!({ "username": "bob", "text": "new keys" })).await;
    let to = asked["conversation"].as_str().expect("an id").to_owned();
    assert_ne!(to, conversation, "a reset is a new identity");
    let asks_anew = |name: &str, data: &Value| {
        name == "person" && data["person"]["relation"] == "asking" && data["person"]["keys_changed"] == true
    };
    let changed = bob_hears.until("new keys", asks_anew).await;
    assert!(changed["person"]["replaces"].is_string(), "{changed}");
    let user = changed["user"].as_str().expect("an id").to_owned();

    bob.post(&format!("requests/{user}/accept"), Value::Null).await;
    // To the old identity and to the new one, nothing goes before Bob has agreed.
    for to in [&conversation, &to] {
        let problem =
            bob.refused(&format!("conversations/{to}/messages"), json!({ "text": "is it you?" })).await;
        assert_eq!(
            (&problem["code"], &problem["field"]),
            (&json!("keys_changed"), &json!("user")),
            "{problem}"
        );
    }
    bob.post(&format!("people/{user}/confirm-keys"), Value::Null).await;
    bob.post(&format!("conversations/{to}/messages"), json!({ "text": "it is you" })).await;
    again_hears.text("it is you").await;
    again.stop().await;
    bob.stop().await;
    directory.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_passphrase_is_changed_here_and_at_the_directory() {
    let directory = Directory::start().await;
    let mut alice = Node::start(Some(&directory)).await;
    alice.register("alice", ALICE).await;
    let change = |old: &str, new: &str| json!({ "old": old, "new": new });
    assert_eq!(alice.refused("account/passphrase", change(BOB, NEW)).await["code"], "wrong_passphrase");
    assert_eq!(alice.refused("account/passphrase", change(ALICE, "short")).await["code"], "short_passphrase");
    alice.post("account/passphrase", change(ALICE, NEW)).await;
    alice.post("lock", Value::Null).await;
    assert_eq!(alice.refused("unlock", json!({ "passphrase": ALICE })).await["code"], "wrong_passphrase");
    alice.post("unlock", json!({ "passphrase": NEW })).await;

    let mut other = Node::start(Some(&directory)).await;
    let entry = |passphrase: &str| json!({ "username": "alice", "passphrase": passphrase });
    assert_eq!(other.refused("account", entry(ALICE)).await["code"], "wrong_pair");
    assert_eq!(other.refused("account", entry(NEW)).await["code"], "needs_keys");
    alice.stop().await;
    other.stop().await;
    directory.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_recovery_key_opens_a_node_whose_passphrase_is_forgotten() {
    let mut alice = Node::start(None).await;
    let entered = alice.register("alice", ALICE).await;
    alice.post("lock", Value::Null).await;
    let wrong = json!({ "passphrase": NEW, "recovery_key": "0000" });
    assert_eq!(alice.refused("unlock", wrong).await["field"], "recovery");
    let right = json!({ "passphrase": NEW, "recovery_key": entered["recovery"]["key"] });
    alice.post("unlock", right).await;
    assert_eq!(alice.get("status").await["stage"], "open");
    alice.post("lock", Value::Null).await;
    alice.post("unlock", json!({ "passphrase": NEW })).await;
    alice.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_goes_on_at_a_node_without_an_account() {
    let directory = Directory::start().await;
    let (mut old, mut bob, mut alice_hears, mut bob_hears) = pair(&directory).await;
    let conversation = meet(&old, &bob, &mut bob_hears, &mut alice_hears).await;
    let written = old.send(Method::POST, "backup", Some(json!({ "passphrase": "kept in a drawer" }))).await;
    assert_eq!(written.status(), StatusCode::OK);
    let backup = written.into_body().collect().await.expect("a body").to_bytes();
    old.stop().await;

    let mut new = Node::start(Some(&directory)).await;
    let cut = &backup[..backup.len() / 2];
    for (passphrase, own, file, field) in [
        ("kept in a safe", NEW, &backup[..], "passphrase"),
        ("kept in a drawer", "short", &backup[..], "new_passphrase"),
        ("kept in a drawer", NEW, cut, "file"),
        ("kept in a drawer", NEW, b"", "file"),
    ] {
        let (status, problem) = restore(&new, passphrase, own, file).await;
        assert!(status.is_client_error(), "{field}: {status} {problem}");
        assert_eq!(problem["field"], field, "{problem}");
        assert_eq!(new.get("status").await["stage"], "fresh", "nothing of it is kept");
    }
    let (status, restored) = restore(&new, "kept in a drawer", NEW, &backup).await;
    assert_eq!(status, StatusCode::CREATED, "{restored}");
    assert_eq!((&restored["username"], &restored["people"]), (&json!("alice"), &json!("1")));
    assert!(restored["recovery_key"].is_string(), "{restored}");
    assert!(new.texts(&conversation).await.contains(&"Shall we talk?".to_owned()));
    let (status, problem) = restore(&new, "kept in a drawer", NEW, &backup).await;
    assert!(status.is_client_error(), "an account is never overwritten: {status} {problem}");
    new.post("lock", Value::Null).await;
    new.post("unlock", json!({ "passphrase": NEW })).await;
    new.stop().await;
    bob.stop().await;
    directory.stop().await;
}

/// Sends a backup as a form of parts, as `curl -F` does.
async fn restore(node: &Node, passphrase: &str, new: &str, file: &[u8]) -> (StatusCode, Value) {
    let mut body = Vec::new();
    for (name, value) in [("passphrase", passphrase), ("new_passphrase", new)] {
        body.extend(
            format!("--part\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").bytes(),
        );
    }
    let head = "--part\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.backup\"\r\n\r\n";
    body.extend([head.as_bytes(), file, b"\r\n--part--\r\n"].concat());
    let request = Request::post(format!("http://{}/api/v1/restore", node.config.ui))
        .header("authorization", &node.token)
        .header("content-type", "multipart/form-data; boundary=part")
        .body(Full::new(Bytes::from(body)))
        .expect("a request");
    let answer = node.http.request(request).await.expect("an answer");
    let status = answer.status();
    let bytes = answer.into_body().collect().await.expect("a body").to_bytes();
    (status, serde_json::from_slice(&bytes).unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_everywhere_ends_every_browser_and_locks() {
    let mut alice = Node::start(None).await;
    alice.register("alice", ALICE).await;
    let launch = alice.post("launch", json!({})).await;
    let link = launch["url"].as_str().expect("a link").to_owned();
    let (page, token) = link.split_once("/launch#").expect("a token");
    let entered = Request::post(format!("{page}/launch"))
        .header("content-type", "application/x-www-form-urlencoded")
        .header("origin", page)
        .body(Full::new(Bytes::from(format!("token={token}"))))
        .expect("a request");
    let entered = alice.http.request(entered).await.expect("an answer");
    assert!(entered.status().is_success() || entered.status().is_redirection(), "{}", entered.status());
    let sessions = alice.get("sessions").await;
    assert_eq!(sessions["sessions"].as_array().map(Vec::len), Some(1), "{sessions}");

    let (status, answer) = alice.call(Method::DELETE, "sessions", None).await;
    assert_eq!(status, StatusCode::NO_CONTENT, "{answer}");
    assert_eq!(alice.get("status").await["stage"], "locked");
    alice.post("unlock", json!({ "passphrase": ALICE })).await;
    assert_eq!(alice.get("sessions").await["sessions"], json!([]));
    alice.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_account_is_gone_here_and_at_the_directory() {
    let directory = Directory::start().await;
    let mut alice = Node::start(Some(&directory)).await;
    alice.register("alice", ALICE).await;
    let wrong = json!({ "passphrase": BOB });
    let (_, problem) = alice.call(Method::DELETE, "account", Some(wrong)).await;
    assert_eq!(problem["code"], "wrong_passphrase");
    let (status, answer) = alice.call(Method::DELETE, "account", Some(json!({ "passphrase": ALICE }))).await;
    assert_eq!(status, StatusCode::NO_CONTENT, "{answer}");
    assert_eq!(alice.get("status").await["stage"], "fresh");
    let left: Vec<String> = std::fs::read_dir(alice.config.data.path().expect("named"))
        .expect("the folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .filter(|name| name.starts_with("confab.db") || name.starts_with("vault") || name.starts_with("name"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
    let entered = alice.register("alice", NEW).await;
    assert_eq!(entered["created"], true, "the name is free again");
    alice.stop().await;
    directory.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_program_on_one_data_folder_and_a_wrong_passphrase_file_end_with_one_sentence() {
    let mut alice = Node::start(None).await;
    alice.register("alice", ALICE).await;
    let refused = alice.start_another().await.expect_err("the folder is taken");
    assert!(refused.contains("Another process uses this data folder."), "{refused}");
    alice.stop().await;

    let file = alice.config.data.path().expect("named").join("passphrase");
    std::fs::write(&file, BOB).expect("written");
    alice.config.passphrase_file = Some(file.clone());
    let refused = alice.start_another().await.expect_err("it doesn't fit");
    assert!(refused.contains("could not be unlocked") && refused.contains("doesn't fit"), "{refused}");
    std::fs::write(&file, format!("{ALICE}\n")).expect("written");
    alice.again().await;
    assert_eq!(alice.get("status").await["stage"], "open");
    alice.stop().await;
}

#[tokio::test]
async fn a_taken_port_is_named_with_the_setting_that_changes_it() {
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = taken.local_addr().expect("bound");
    let refused = peer_node::listen(address, "--ui").await.expect_err("taken").to_string();
    assert!(refused.contains(&address.to_string()) && refused.contains("--ui"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_is_joined_and_left_later() {
    let directory = Directory::start().await;
    let mut alice = Node::start(None).await;
    alice.register("alice", ALICE).await;
    assert_eq!(alice.get("status").await["directory"]["state"], "none");
    let mut hears = alice.events().await;
    let join = |url: Value, passphrase: &str| Some(json!({ "url": url, "passphrase": passphrase }));
    for (url, passphrase, field) in [
        (json!("ftp://x"), ALICE, "directory"),
        (json!("http://127.0.0.1:1"), ALICE, "directory"),
        (json!(directory.url), BOB, "passphrase"),
    ] {
        let (_, problem) = alice.call(Method::PUT, "directory", join(url, passphrase)).await;
        assert_eq!(problem["field"], field, "{problem}");
    }
    let (status, answer) = alice.call(Method::PUT, "directory", join(json!(directory.url), ALICE)).await;
    assert_eq!(status, StatusCode::NO_CONTENT, "{answer}");
    while alice.get("status").await["directory"]["state"] != "up" {
        hears.until("the directory", |name, _| name == "directory").await;
    }
    let (status, _) = alice.call(Method::PUT, "directory", join(Value::Null, ALICE)).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    assert_eq!(alice.get("status").await["directory"]["state"], "none");
    alice.stop().await;
    directory.stop().await;
}
