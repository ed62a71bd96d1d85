//! Being told while no page is open: once for each message, only if it is wanted, and not of muted chats.

use hyper::{Method, StatusCode};
use serde_json::json;

use crate::harness::{Directory, meet, pair};

#[tokio::test(flavor = "multi_thread")]
async fn the_bell_rings_for_messages_that_nobody_sees_if_that_is_wanted() {
    let directory = Directory::start().await;
    let (mut alice, mut bob, mut alice_hears, mut bob_hears) = pair(&directory).await;
    let conversation = meet(&alice, &bob, &mut bob_hears, &mut alice_hears).await;
    let messages = format!("conversations/{conversation}/messages");
    let mut bell = alice.service().bell();
    let usual = alice.get("notifications").await;
    assert_eq!(usual, json!({ "show": "full", "sound": false, "desktop": false }));

    bob.post(&messages, json!({ "text": "not wanted yet" })).await;
    alice_hears.text("not wanted yet").await;
    let (status, kept) = alice.call(Method::PATCH, "notifications", Some(json!({ "desktop": true }))).await;
    assert_eq!((status, &kept["desktop"]), (StatusCode::OK, &json!(true)));
    bob.post(&messages, json!({ "text": "wanted" })).await;
    bell.wait_for(|rings| *rings == 1).await.expect("the node runs");

    // With a page open it stays still; so it does for what is muted, and for what oneself writes.
    let page = alice.service().looking();
    bob.post(&messages, json!({ "text": "a page is open" })).await;
    alice_hears.text("a page is open").await;
    alice.post(&messages, json!({ "text": "my own" })).await;
    let mute = |muted: bool| json!({ "muted": muted });
    let path = format!("conversations/{conversation}/mute");
    assert_eq!(alice.call(Method::PUT, &path, Some(mute(true))).await.0, StatusCode::NO_CONTENT);
    assert_eq!(alice.get(&format!("conversations/{conversation}")).await["muted"], true);
    drop(page);
    bob.post(&messages, json!({ "text": "muted" })).await;
    alice_hears.text("muted").await;
    assert_eq!(alice.call(Method::PUT, &path, Some(mute(false))).await.0, StatusCode::NO_CONTENT);
    bob.post(&messages, json!({ "text": "heard again" })).await;
    bell.wait_for(|rings| *rings >= 2).await.expect("the node runs");
    assert_eq!(*bell.borrow(), 2, "one ring for each message that should ring");

    let (status, problem) = alice.call(Method::PATCH, "notifications", Some(json!({ "show": "loud" }))).await;
    assert_eq!((status, &problem["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("show")));
    alice.stop().await;
    bob.stop().await;
    directory.stop().await;
}
