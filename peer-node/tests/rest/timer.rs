//! Messages that disappear: who sets the timer, what it is about, and that they are gone at both, in time and after a
//! restart.

use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::{ALICE, Directory, Events, Node, meet, pair};

async fn set(node: &Node, conversation: &str, seconds: impl Into<Value>) -> (StatusCode, Value) {
    let path = format!("conversations/{conversation}/timer");
    node.call(Method::PUT, &path, Some(json!({ "seconds": seconds.into() }))).await
}

/// Waits until a message is told to be gone.
async fn gone(hears: &mut Events, id: &Value) {
    hears
        .until("that it is gone", |name, data| {
            name == "message" && data["id"] == *id && data["message"].is_null()
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_under_a_timer_goes_from_both_and_nothing_else_does() {
    let directory = Directory::start().await;
    let (mut alice, bob, mut alice_hears, mut bob_hears) = pair(&directory).await;
    let chat = meet(&alice, &bob, &mut bob_hears, &mut alice_hears).await;
    let messages = format!("conversations/{chat}/messages");

    for bad in [json!(31_536_001), json!(-1), json!("1 day"), json!(1.5), Value::Null] {
        let (status, problem) = set(&alice, &chat, bad.clone()).await;
        assert!(status.is_client_error(), "{bad}: {status}");
        assert_eq!(problem["field"], "seconds", "{bad}: {problem}");
    }
    assert_eq!(alice.get(&format!("conversations/{chat}")).await["timer"], 0);
    alice.post(&messages, json!({ "text": "for good" })).await;
    assert_eq!(set(&alice, &chat, 1).await.1["timer"], 1);
    assert_eq!(set(&alice, &chat, 1).await.0, StatusCode::OK, "twice is as good, and said once");
    let line = bob_hears.until("the timer", |_, data| data["message"]["kind"] == "timer").await;
    assert_eq!((&line["message"]["timer"], &line["message"]["mine"]), (&json!(1), &json!(false)));
    assert_eq!(bob.get(&format!("conversations/{chat}")).await["timer"], 1);

    // Written by the author, delivered, not read: it goes there, and stays here until it is read.
    let sent = alice.post(&messages, json!({ "text": "a zeppelin" })).await;
    assert_eq!((&sent["disappears_after"], &sent["disappears"]), (&json!(1), &Value::Null), "{sent}");
    let came = bob_hears.text("a zeppelin").await;
    assert_eq!(came["message"]["disappears_after"], 1);
    let answer = json!({ "text": "which one?", "reply": came["id"] });
    bob.post(&messages, answer).await;
    alice_hears.text("which one?").await;
    gone(&mut alice_hears, &sent["id"]).await;
    assert_eq!(
        bob.get(&format!("{messages}/{}", came["id"].as_str().unwrap())).await["message"]["text"],
        "a zeppelin"
    );
    bob.post(&format!("conversations/{chat}/read"), json!({})).await;
    gone(&mut bob_hears, &came["id"]).await;
    alice.post(&format!("conversations/{chat}/read"), json!({})).await;
    alice_hears
        .until("that the answer is gone", |name, data| name == "message" && data["message"].is_null())
        .await;
    for node in [&alice, &bob] {
        assert_eq!(node.texts(&chat).await.last().map(String::as_str), Some("for good"));
        assert_eq!(node.get("search?q=zeppelin").await["messages"], json!([]));
        let (status, _) =
            node.call(Method::GET, &format!("{messages}/{}", sent["id"].as_str().unwrap()), None).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
    }

    // What came due while the node was off is gone before anything is shown.
    set(&bob, &chat, 2).await;
    alice_hears.until("the other timer", |_, data| data["message"]["timer"] == 2).await;
    let last = bob.post(&messages, json!({ "text": "read, and then off" })).await;
    alice_hears.text("read, and then off").await;
    alice.post(&format!("conversations/{chat}/read"), json!({})).await;
    alice.stop().await;
    gone(&mut bob_hears, &last["id"]).await;
    // Both clocks of the two started within the same second; this one is over when his is, and then some.
    set(&bob, &chat, 1).await;
    alice.again().await;
    alice.post("unlock", json!({ "passphrase": ALICE })).await;
    let mut alice_hears = alice.events().await;
    while alice.texts(&chat).await.contains(&"read, and then off".to_owned()) {
        alice_hears.until("that it is gone", |_, data| data["message"].is_null()).await;
    }
    assert_eq!(alice.texts(&chat).await.last().map(String::as_str), Some("for good"));
}
