//! The ways to people: who is reached and how, why somebody is not, and calling everybody.

use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::{ALICE, BOB, Directory, Node, meet};

/// The step of an examination about `topic`.
fn step<'a>(exam: &'a Value, topic: &str) -> &'a Value {
    exam["steps"]
        .as_array()
        .and_then(|steps| steps.iter().find(|step| step["topic"] == topic))
        .unwrap_or(&Value::Null)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_network_says_how_people_are_reached_and_the_doctor_why_they_are_not() {
    let directory = Directory::start().await;
    let (mut alice, mut bob) = (Node::start(Some(&directory)).await, Node::start(Some(&directory)).await);
    alice.register("alice", ALICE).await;
    let bobs = bob.register("bob", BOB).await["user"].as_str().map(str::to_owned);
    let (mut alice_hears, mut bob_hears) = (alice.events().await, bob.events().await);
    meet(&alice, &bob, &mut bob_hears, &mut alice_hears).await;
    let there = |online| move |name: &str, data: &Value| name == "presence" && data["online"] == online;
    while alice.get("network").await["routes"][0]["path"].is_null() {
        alice_hears.until("bob is there", there(true)).await;
    }
    // The first answer asked for a measurement; it is there as soon as bob answered.
    let path = loop {
        let path = alice.get("network").await["routes"][0]["path"].clone();
        if path["round_trip_ms"].is_number() {
            break path;
        }
    };
    assert!(path["round_trip_ms"].as_f64().is_some_and(|ms| ms > 0.0 && ms < 60_000.0), "{path}");
    let bytes = |name: &str| path[name].as_str().and_then(|text| text.parse::<u64>().ok());
    assert!(bytes("sent") > Some(100) && bytes("received") > Some(100), "{path}");
    let user = alice.get("network").await["routes"][0]["user"].as_str().expect("an id").to_owned();
    assert!(bobs.is_none_or(|bobs| bobs == user));

    let exam = alice.post(&format!("people/{user}/doctor"), json!({})).await;
    assert_eq!((&exam["reached"], &exam["next"]["state"]), (&json!(true), &json!("connected")), "{exam}");
    assert_eq!(step(&exam, "link")["result"], "good");
    assert_eq!(step(&exam, "own_address")["result"], "good", "{exam}");
    assert_eq!(step(&exam, "address")["result"], "good", "{exam}");
    assert_eq!(step(&exam, "clock")["result"], "good", "one computer has one clock: {exam}");
    assert!(step(&exam, "directory")["found"].as_str().is_some_and(|says| says.contains("bob is online")));

    bob.stop().await;
    alice_hears.until("bob leaves", there(false)).await;
    let exam = alice.post(&format!("people/{user}/doctor"), json!({})).await;
    assert_eq!(exam["reached"], false, "{exam}");
    assert_eq!(step(&exam, "link"), &Value::Null);
    let address = step(&exam, "address");
    assert_eq!(
        (&address["result"], &address["title"]),
        (&json!("bad"), &json!(format!("Their address {}", bob.address())))
    );
    assert!(
        address["took_ms"].is_number()
            && address["found"].as_str().is_some_and(|why| why.contains("not open on it"))
    );
    assert!(step(&exam, "last_seen")["at"].is_string(), "{exam}");
    assert!(
        exam["verdict"].as_str().is_some_and(|says| says.contains("bob’s computer is most likely off")),
        "{exam}"
    );

    // The redial timer is told, and what its last try met.
    let route = loop {
        let route = alice.get("network").await["routes"][0].clone();
        if route["next"]["state"] == "at" && route["failed"].is_string() {
            break route;
        }
    };
    assert!(route["path"].is_null() && route["addresses"][0]["answer"].is_string(), "{route}");
    assert!(route["next"]["at"].as_str() > route["failed"].as_str(), "{route}");

    bob.again().await;
    bob.post("unlock", json!({ "passphrase": BOB })).await;
    let (status, trying) = alice.call(Method::POST, "peers/reach", None).await;
    assert_eq!(status, StatusCode::ACCEPTED);
    assert!(trying["connected"] == "1" || trying["trying"] == "1", "{trying}");
    while alice.get("peers?state=connected").await["people"][0]["username"] != "bob" {
        alice_hears.until("bob is back", there(true)).await;
    }

    // The log tells all of it, and gives nobody away.
    let log = alice.get("network/log").await;
    let lines = log["lines"].as_array().expect("lines");
    let says =
        |part: &str| lines.iter().any(|line| line["text"].as_str().is_some_and(|text| text.contains(part)));
    assert!(says("connected") && says("disconnected") && says("not reached"), "{log}");
    let all = log.to_string();
    assert!(!all.contains("bob") && !all.contains("127.0.0.1") && all.contains("b… ("), "{all}");

    let nobody = alice.refused(&format!("people/{}/doctor", "ab".repeat(32)), json!({})).await;
    assert_eq!((&nobody["code"], &nobody["field"]), (&json!("unknown_person"), &json!("user")));
    alice.stop().await;
    bob.stop().await;
    directory.stop().await;
}
