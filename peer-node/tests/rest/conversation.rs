//! Meeting, talking, going on after a restart: with a directory and without one.

use http_body_util::Full;
use hyper::{Method, Request, StatusCode};
use serde_json::{Value, json};

use crate::harness::{ALICE, BOB, Directory, Events, Node, meet, pair};

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

    // Read, and unread again from a message on: nobody else hears of it.
    let again = format!("conversations/{conversation}/unread");
    let nowhere = bob.refused(&again, json!({ "message": "0b".repeat(16) })).await;
    assert_eq!(nowhere["code"], "unknown_message", "{nowhere}");
    assert_eq!(bob.get(&format!("conversations/{conversation}")).await["unread"], "0");
    bob.post(&again, json!({ "message": "0a".repeat(16) })).await;
    assert_eq!(bob.get(&format!("conversations/{conversation}")).await["unread"], "1");
    bob.post(&format!("conversations/{conversation}/read"), json!({})).await;
    assert_eq!(bob.get(&format!("conversations/{conversation}")).await["unread"], "0");
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
async fn messages_are_answered_changed_taken_back_and_forgotten() {
    let directory = Directory::start().await;
    let (mut alice, mut bob, mut alice_hears, mut bob_hears) = pair(&directory).await;
    let conversation = meet(&alice, &bob, &mut bob_hears, &mut alice_hears).await;
    let messages = format!("conversations/{conversation}/messages");
    let at = |n: u8| format!("{messages}/{}", format!("{n:02x}").repeat(16));
    let id = |n: u8| format!("{n:02x}").repeat(16);

    alice.post(&messages, json!({ "text": "thursdy", "id": id(1) })).await;
    bob_hears.text("thursdy").await;
    let answer = bob.post(&messages, json!({ "text": "yes", "id": id(2), "reply": id(1) })).await;
    assert_eq!(answer["reply"]["text"], "thursdy");
    alice_hears.text("yes").await;

    // The same address for what cannot be: somebody else's words, no words, nothing there.
    for (path, text, code) in
        [(at(2), "not mine", "not_yours"), (at(1), "  ", "empty_text"), (at(9), "nothing", "unknown_message")]
    {
        let (_, problem) = alice.call(Method::PATCH, &path, Some(json!({ "text": text }))).await;
        assert_eq!(problem["code"], code, "{path}");
    }
    let (_, changed) = alice.call(Method::PATCH, &at(1), Some(json!({ "text": "Thursday" }))).await;
    assert_eq!((&changed["text"], changed["edited"].is_string()), (&json!("Thursday"), true));
    bob_hears.text("Thursday").await;
    let info = bob.get(&at(1)).await;
    let versions: Vec<_> =
        info["versions"].as_array().expect("versions").iter().map(|v| &v["text"]).collect();
    assert_eq!(versions, ["thursdy", "Thursday"]);
    assert_eq!(bob.get(&at(2)).await["message"]["reply"]["text"], "Thursday", "a quote says what stands now");
    assert_eq!(bob.get("search?q=thursdy").await["messages"], json!([]), "what was replaced is not found");

    let reactions = format!("{}/reactions", at(1));
    for (emoji, code) in [("ok", "no_emoji"), ("", "no_emoji"), ("\u{1f44d}\u{1f44d}", "no_emoji")] {
        let (_, problem) =
            bob.call(Method::PUT, &reactions, Some(json!({ "emoji": emoji, "on": true }))).await;
        assert_eq!((&problem["code"], &problem["field"]), (&json!(code), &json!("emoji")), "{emoji}");
    }
    for on in [true, true, false, true] {
        let react = json!({ "emoji": "\u{1f44d}", "on": on });
        let (status, message) = bob.call(Method::PUT, &reactions, Some(react)).await;
        assert_eq!(
            (status, message["reactions"].as_array().map(Vec::len)),
            (StatusCode::OK, Some(on.into()))
        );
    }
    let given = |data: &Value| data["message"]["reactions"][0]["emoji"] == "\u{1f44d}";
    alice_hears.until("the reaction", |_, data| given(data)).await;

    let (_, problem) = alice.call(Method::DELETE, &at(1), None).await;
    assert_eq!(problem["field"], "for");
    let (status, _) = alice.call(Method::DELETE, &format!("{}?for=everyone", at(1)), None).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    bob_hears.until("the deletion", |_, data| data["message"]["kind"] == "redacted").await;
    for node in [&alice, &bob] {
        let gone = node.get(&at(1)).await;
        assert_eq!((&gone["message"]["kind"], &gone["message"]["text"]), (&json!("redacted"), &Value::Null));
        assert_eq!((&gone["versions"], &gone["message"]["reactions"]), (&json!([]), &json!([])));
        assert_eq!(node.get("search?q=thursday").await["messages"], json!([]));
        assert_eq!(node.get(&at(2)).await["message"]["reply"]["text"], Value::Null);
    }

    // For oneself alone.
    let (status, _) = alice.call(Method::DELETE, &format!("{}?for=me", at(2)), None).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let (status, _) = alice.call(Method::GET, &at(2), None).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(bob.get(&at(2)).await["message"]["text"], "yes");

    // A draft with what it answers lies at the node.
    let draft = format!("conversations/{conversation}/draft");
    let (status, _) = bob.call(Method::PUT, &draft, Some(json!({ "text": "and", "reply": id(2) }))).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let kept = &bob.get(&format!("conversations/{conversation}")).await["draft"];
    assert_eq!((&kept["text"], &kept["reply"]), (&json!("and"), &json!(id(2))));
    alice.stop().await;
    bob.stop().await;
    directory.stop().await;
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

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_is_cleared_and_deleted_here_and_comes_back_when_somebody_writes() {
    let directory = Directory::start().await;
    let (mut alice, mut bob, mut alice_hears, mut bob_hears) = pair(&directory).await;
    let conversation = meet(&alice, &bob, &mut bob_hears, &mut alice_hears).await;
    let (whole, messages) =
        (format!("conversations/{conversation}"), format!("conversations/{conversation}/messages"));
    bob.post(&messages, json!({ "text": "the blue teapot" })).await;
    alice_hears.text("the blue teapot").await;
    while alice.get(&messages).await["messages"][0]["state"] == "pending" {
        alice_hears.until("he has it", |name, _| name == "marks").await;
    }
    let unknown = format!("conversations/{}", "ab".repeat(32));
    let (status, problem) = alice.call(Method::DELETE, &unknown, None).await;
    assert_eq!((status, &problem["code"]), (StatusCode::NOT_FOUND, &json!("unknown_conversation")));

    let (status, cleared) = alice.call(Method::DELETE, &messages, None).await;
    assert_eq!(status, StatusCode::OK, "{cleared}");
    assert_eq!(cleared, json!({ "messages": "2", "waiting": "0" }));
    assert!(alice.texts(&conversation).await.is_empty());
    assert_eq!(alice.get("search?q=teapot").await["messages"], json!([]));
    assert_eq!(alice.get("conversations").await["conversations"].as_array().map(Vec::len), Some(1));
    assert_eq!(bob.texts(&conversation).await, ["Shall we talk?", "the blue teapot"], "Bob keeps his");

    let (status, _) = alice.call(Method::DELETE, &whole, None).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(alice.get("conversations").await["conversations"], json!([]));
    bob.post(&messages, json!({ "text": "still there?" })).await;
    alice_hears.text("still there?").await;
    assert_eq!(alice.get("conversations").await["conversations"].as_array().map(Vec::len), Some(1));
    assert_eq!(alice.texts(&conversation).await, ["still there?"]);
    alice.stop().await;
    bob.stop().await;
    directory.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_says_where_it_has_to_go_and_when_it_is_tried_next() {
    let directory = Directory::start().await;
    let (mut alice, mut bob, mut alice_hears, mut bob_hears) = pair(&directory).await;
    let conversation = meet(&alice, &bob, &mut bob_hears, &mut alice_hears).await;
    let messages = format!("conversations/{conversation}/messages");
    let over = alice.post(&messages, json!({ "text": "over" })).await;
    bob_hears.text("over").await;
    bob.stop().await;
    alice_hears.until("he is gone", |name, data| name == "presence" && data["online"] == false).await;
    let waits = alice.post(&messages, json!({ "text": "waits" })).await;

    let route = loop {
        let info = alice.get(&format!("{messages}/{}", waits["id"].as_str().expect("an id"))).await;
        let route = info["route"].clone();
        assert_eq!((&route["username"], &route["path"]), (&json!("bob"), &Value::Null), "{info}");
        if route["next"]["state"] == "at" && route["addresses"][0]["answer"].is_string() {
            break route;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    };
    assert_eq!(route["addresses"][0]["address"], bob.address(), "{route}");
    assert!(route["failed"].is_string(), "{route}");
    let info = alice.get(&format!("{messages}/{}", over["id"].as_str().expect("an id"))).await;
    assert_eq!(info["route"], Value::Null, "what is over has no way to go: {info}");
    assert!(info["delivered"].is_string(), "{info}");
    assert_eq!(info["read"], Value::Null, "{info}");
    alice.stop().await;
    directory.stop().await;
}
