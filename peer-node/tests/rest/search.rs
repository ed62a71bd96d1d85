//! Search: what people type finds what people wrote, here or in one conversation.

use std::{collections::BTreeSet, time::Duration};

use hyper::{Method, StatusCode};
use peer_node::{
    store::{Marks, Options, Store},
    vault::{Cost, Vault},
};
use serde_json::json;

use crate::harness::{ALICE, Directory, LONG, meet, pair};

#[tokio::test(flavor = "multi_thread")]
async fn words_are_found_wherever_they_were_written_newest_first() {
    let directory = Directory::start().await;
    let (mut alice, mut bob, mut alice_hears, mut bob_hears) = pair(&directory).await;
    let conversation = meet(&alice, &bob, &mut bob_hears, &mut alice_hears).await;
    let messages = format!("conversations/{conversation}/messages");
    alice.post(&messages, json!({ "text": "The caf\u{e9} by the harbour" })).await;
    bob_hears.text("The caf\u{e9} by the harbour").await;
    bob.post(&messages, json!({ "text": "Harbours are cold" })).await;
    alice_hears.text("Harbours are cold").await;

    let texts = async |query: &str| {
        let hits = alice.get(&format!("search?{query}")).await;
        let hits = hits["messages"].as_array().expect("a list").clone();
        hits.iter().map(|hit| hit["text"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(texts("q=harbour").await, ["Harbours are cold", "The caf\u{e9} by the harbour"]);
    assert_eq!(texts("q=harbour&limit=1").await, ["Harbours are cold"]);
    assert_eq!(texts("q=CAFE+harb").await, ["The caf\u{e9} by the harbour"]);
    assert_eq!(texts(&format!("q=cold&conversation={conversation}")).await, ["Harbours are cold"]);
    assert!(texts("q=violets").await.is_empty());
    let hit = alice.get("search?q=cafe").await["messages"][0].clone();
    assert_eq!((&hit["conversation"], &hit["mine"]), (&json!(conversation), &json!(true)));

    let piece = |text: &str, hit: bool| json!({ "text": text, "hit": hit });
    assert_eq!(
        hit["excerpt"],
        json!([piece("The ", false), piece("caf\u{e9}", true), piece(" by the harbour", false)])
    );
    assert_eq!(hit["with"], "bob");

    let first = alice.get("search?q=harbour&limit=1").await;
    let next = first["next"].as_str().expect("there is more").to_owned();
    assert_eq!(first["indexed"], json!(null), "all of it is searched");
    assert_eq!(texts(&format!("q=harbour&limit=1&before={next}")).await, ["The caf\u{e9} by the harbour"]);
    assert_eq!(alice.get(&format!("search?q=harbour&limit=1&before={next}")).await["next"], json!(null));

    let nowhere = "00".repeat(32);
    let long = "x".repeat(1025);
    for (query, status, field) in [
        (String::new(), StatusCode::UNPROCESSABLE_ENTITY, "q"),
        ("q=".to_owned(), StatusCode::UNPROCESSABLE_ENTITY, "q"),
        ("q=%22*%22".to_owned(), StatusCode::UNPROCESSABLE_ENTITY, "q"),
        (format!("q={long}"), StatusCode::UNPROCESSABLE_ENTITY, "q"),
        ("q=a&before=x".to_owned(), StatusCode::UNPROCESSABLE_ENTITY, "before"),
        ("q=a&limit=0".to_owned(), StatusCode::UNPROCESSABLE_ENTITY, "limit"),
        ("q=a&limit=201".to_owned(), StatusCode::UNPROCESSABLE_ENTITY, "limit"),
        ("q=a&limit=many".to_owned(), StatusCode::UNPROCESSABLE_ENTITY, "limit"),
        ("q=a&conversation=x".to_owned(), StatusCode::UNPROCESSABLE_ENTITY, "conversation"),
        (format!("q=a&conversation={nowhere}"), StatusCode::NOT_FOUND, "conversation"),
        ("q=a&order=up".to_owned(), StatusCode::UNPROCESSABLE_ENTITY, "order"),
    ] {
        let (found, problem) = alice.call(Method::GET, &format!("search?{query}"), None).await;
        assert_eq!((found, &problem["field"]), (status, &json!(field)), "{query}: {problem}");
    }
    alice.post("lock", json!(null)).await;
    let (status, problem) = alice.call(Method::GET, "search?q=harbour", None).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("locked")));
    alice.stop().await;
    bob.stop().await;
    directory.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_of_another_version_is_made_anew_while_it_is_used() {
    const LINES: usize = 700;
    let directory = Directory::start().await;
    let (mut alice, mut bob, mut alice_hears, mut bob_hears) = pair(&directory).await;
    let conversation = meet(&alice, &bob, &mut bob_hears, &mut alice_hears).await;
    for n in 1..=LINES {
        alice
            .post(&format!("conversations/{conversation}/messages"), json!({ "text": format!("line {n}") }))
            .await;
    }
    alice.stop().await;
    let folder = alice.config.data.path().expect("given");
    let key = Vault::unlock(&folder, ALICE, Cost::TESTING).expect("her passphrase");
    let marks = Marks::Folder(alice.config.state.clone().expect("set"));
    let store = Store::open_with(&folder, &key, &Options { marks }).await.expect("opens");
    let stale = json!({ "folding": 1, "below": 0, "of": 0 });
    store.set_setting("search-index", &stale).await.expect("set");
    store.close().await.expect("closed");

    alice.again().await;
    alice.post("unlock", json!({ "passphrase": ALICE })).await;
    let newest = format!("line {LINES}");
    let made = async {
        loop {
            let hits = alice.get("search?q=lin&limit=1").await;
            assert_eq!(hits["messages"][0]["text"], newest, "the newest is found all the time");
            match hits["indexed"].as_u64() {
                None => break,
                Some(percent) => assert!(percent < 100, "{percent}"),
            }
            // Progress has no event of its own.
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(LONG, made).await.expect("in time");
    let (mut seen, mut before) = (BTreeSet::new(), String::new());
    loop {
        let hits = alice.get(&format!("search?q=lin&limit=200{before}")).await;
        for hit in hits["messages"].as_array().expect("a list") {
            assert!(seen.insert(hit["id"].to_string()), "each once");
        }
        let Some(next) = hits["next"].as_str() else { break };
        before = format!("&before={next}");
    }
    assert_eq!(seen.len(), LINES);
    alice.stop().await;
    bob.stop().await;
    directory.stop().await;
}
