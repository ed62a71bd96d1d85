//! Yes, no, block and hide; who sees whom; a directory that goes away.

use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::{BOB, Directory, meet, pair};

fn relation_is(relation: &str) -> impl FnMut(&str, &Value) -> bool {
    move |name, data| name == "person" && data["person"]["relation"] == relation
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_no_the_asker_goes_on_writing_and_all_of_it_comes_with_a_later_yes() {
    let directory = Directory::start().await;
    let (mut alice, mut bob, mut alice_hears, mut bob_hears) = pair(&directory).await;
    let asked = alice.post("requests", json!({ "username": "bob", "text": "first" })).await;
    let conversation = asked["conversation"].as_str().expect("an id").to_owned();
    let request = bob_hears.until("the request", relation_is("asking")).await;
    let user = request["user"].as_str().expect("an id").to_owned();
    assert_eq!(bob.get("requests").await["requests"][0]["username"], "alice");

    bob.post(&format!("requests/{user}/decline"), Value::Null).await;
    alice_hears.until("the no", relation_is("declined_me")).await;
    let messages = format!("conversations/{conversation}/messages");
    let second = alice.post(&messages, json!({ "text": "second" })).await;
    assert_eq!(second["state"], "pending");
    assert_eq!(bob.texts(&conversation).await, ["first"], "what came after the no stays with its writer");

    bob.post(&format!("requests/{user}/accept"), Value::Null).await;
    alice_hears.until("the yes", relation_is("contact")).await;
    bob_hears.text("second").await;
    assert_eq!(bob.texts(&conversation).await, ["first", "second"]);
    alice.stop().await;
    bob.stop().await;
    directory.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_blocked_person_gets_through_until_they_are_unblocked() {
    let directory = Directory::start().await;
    let (mut alice, mut bob, mut alice_hears, mut bob_hears) = pair(&directory).await;
    let conversation = meet(&alice, &bob, &mut bob_hears, &mut alice_hears).await;
    let messages = format!("conversations/{conversation}/messages");
    let alices = bob.get("people?q=alice").await["people"][0]["user"].as_str().expect("an id").to_owned();

    bob.post(&format!("people/{alices}/block"), Value::Null).await;
    bob_hears.until("the block", relation_is("blocked")).await;
    let problem = bob.refused(&messages, json!({ "text": "x" })).await;
    assert_eq!((&problem["code"], &problem["field"]), (&json!("blocked"), &json!("user")));
    let kept = alice.post(&messages, json!({ "text": "are you there?" })).await;
    assert_eq!(kept["state"], "pending");
    // Alice sees no block: she only stops being connected.
    let bobs = alice.get("people?q=bob").await["people"][0].clone();
    assert_eq!(bobs["relation"], "contact");
    assert_eq!(bob.texts(&conversation).await, ["Shall we talk?"]);

    bob.post(&format!("people/{alices}/unblock"), Value::Null).await;
    bob_hears.until("the end of it", relation_is("contact")).await;
    bob.post("peers/reach", Value::Null).await;
    bob_hears.text("are you there?").await;
    let (status, problem) = bob.call(Method::POST, &format!("people/{}/block", "ab".repeat(32)), None).await;
    assert_eq!((status, &problem["field"]), (StatusCode::NOT_FOUND, &json!("user")));
    alice.stop().await;
    bob.stop().await;
    directory.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_listed_is_seen_coming_and_going_and_who_hides_is_not_found() {
    let directory = Directory::start().await;
    let (mut alice, mut bob, mut alice_hears, _bob_hears) = pair(&directory).await;
    let everyone = json!({ "visibility": "everyone" });
    assert_eq!(bob.call(Method::PATCH, "settings", Some(everyone)).await.0, StatusCode::OK);
    let listed = loop {
        let found = alice.get("people").await;
        if let Some(person) =
            found["people"].as_array().expect("people").iter().find(|one| one["username"] == "bob")
        {
            break person.clone();
        }
        alice_hears.until("somebody comes", |name, _| name == "presence").await;
    };
    assert_eq!(listed["relation"], "stranger");

    // Bob signs out: it is seen at once by everybody who sees him.
    let user = listed["user"].clone();
    let (status, _) = bob.call(Method::DELETE, "session", None).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    assert_eq!(bob.get("status").await["stage"], "locked");
    let left =
        |name: &str, data: &Value| name == "presence" && data["user"] == user && data["online"] == false;
    alice_hears.until("Bob goes", left).await;

    // He comes back with his passphrase, which signs him in again, and hides.
    let mut bob_hears = bob.events().await;
    bob.post("unlock", json!({ "passphrase": BOB })).await;
    while bob.get("status").await["directory"]["state"] != "up" {
        bob_hears.until("the directory", |name, _| name == "directory").await;
    }
    let nobody = json!({ "visibility": "nobody" });
    assert_eq!(bob.call(Method::PATCH, "settings", Some(nobody)).await.0, StatusCode::OK);
    let problem = alice.refused("requests", json!({ "username": "bob", "text": "hi" })).await;
    assert_eq!(problem["code"], "unknown_name", "hidden and unknown are one answer");
    assert_eq!(alice.get("people?q=bob").await["people"], json!([]));
    alice.stop().await;
    bob.stop().await;
    directory.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_who_know_each_other_talk_on_when_the_directory_is_gone() {
    let directory = Directory::start().await;
    let (mut alice, mut bob, mut alice_hears, mut bob_hears) = pair(&directory).await;
    let conversation = meet(&alice, &bob, &mut bob_hears, &mut alice_hears).await;
    directory.stop().await;
    while alice.get("status").await["directory"]["state"] != "down" {
        alice_hears.until("the directory goes", |name, _| name == "directory").await;
    }
    let messages = format!("conversations/{conversation}/messages");
    alice.post(&messages, json!({ "text": "still here" })).await;
    bob_hears.text("still here").await;
    let found = alice.get("people?q=bob").await;
    assert_eq!(found["people"][0]["username"], "bob");
    assert_eq!(found["directory"], "The directory does not answer right now.", "{found}");
    let problem = alice.refused("requests", json!({ "username": "carol", "text": "hi" })).await;
    assert_eq!((&problem["code"], &problem["field"]), (&json!("directory_down"), &json!("directory")));
    let visible = json!({ "visibility": "everyone" });
    let (status, _) = alice.call(Method::PATCH, "settings", Some(visible)).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "a promise about others is made only when it holds");
    alice.stop().await;
    bob.stop().await;
}
