//! Who is online.

use std::time::{Duration, Instant};

use hyper::StatusCode;
use protocol::directory::{Blob, DirectorySays, Give, Hex, MAX_RECORD, MAX_TAGS, NodeSays, State, Tag};

use crate::harness::{Citizen, Socket, Town};

const TAG: Tag = Hex([1; 32]);

fn gives(tag: Tag, record: &[u8]) -> NodeSays {
    NodeSays::State(State { give: vec![Give { tag, record: Blob(record.to_vec()) }], ..State::default() })
}

fn watches(tag: Tag) -> NodeSays {
    NodeSays::State(State { watch: vec![tag], ..State::default() })
}

fn is_open(record: &[u8]) -> NodeSays {
    NodeSays::State(State { open: Some(Blob(record.to_vec())), watch_listed: true, ..State::default() })
}

fn online(tag: Tag, record: &[u8]) -> DirectorySays {
    DirectorySays::Presence { tag, record: Some(Blob(record.to_vec())) }
}

fn offline(tag: Tag) -> DirectorySays {
    DirectorySays::Presence { tag, record: None }
}

fn listed(citizen: &Citizen, record: Option<&[u8]>) -> DirectorySays {
    DirectorySays::Listed {
        username: citizen.name.clone(),
        user: citizen.user(),
        online: record.is_some(),
        record: record.map(|record| Blob(record.to_vec())),
    }
}

async fn pair(town: &Town) -> (Citizen, Socket, Socket) {
    let (alice, bob) = (town.citizen("alice").await, town.citizen("bob").await);
    let (mut giver, mut watcher) = (town.socket(&alice).await, town.socket(&bob).await);
    watcher.say(&watches(TAG)).await;
    watcher.silence().await;
    giver.say(&gives(TAG, b"here")).await;
    assert_eq!(watcher.hear().await, online(TAG, b"here"));
    (alice, giver, watcher)
}

#[tokio::test]
async fn who_holds_the_tag_is_told_of_coming_going_and_moving() {
    let town = Town::open().await;
    let (_, mut giver, mut watcher) = pair(&town).await;
    giver.say(&gives(TAG, b"there")).await;
    assert_eq!(watcher.hear().await, online(TAG, b"there"));
    giver.say(&gives(TAG, b"there")).await;
    giver.ping().await;
    watcher.silence().await;
    giver.say(&NodeSays::State(State::default())).await;
    assert_eq!(watcher.hear().await, offline(TAG), "the tag was taken back");
}

#[tokio::test]
async fn who_comes_later_is_told_who_is_here() {
    let town = Town::open().await;
    let (_, _giver, _watcher) = pair(&town).await;
    let carol = town.citizen("carol").await;
    let mut late = town.socket(&carol).await;
    late.say(&watches(TAG)).await;
    assert_eq!(late.hear().await, online(TAG, b"here"));
    let mut other = town.socket(&carol).await;
    other.say(&watches(Hex([2; 32]))).await;
    other.silence().await;
}

#[tokio::test]
async fn a_good_bye_and_a_sign_out_are_seen_within_a_second() {
    let town = Town::open().await;
    let (_, mut giver, mut watcher) = pair(&town).await;
    let began = Instant::now();
    giver.say(&NodeSays::Bye).await;
    assert_eq!(watcher.hear().await, offline(TAG));
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    assert_eq!(giver.closed().await, Some(1000));

    let carol = town.citizen("carol").await;
    let mut giver = town.socket(&carol).await;
    giver.say(&gives(TAG, b"carol")).await;
    assert_eq!(watcher.hear().await, online(TAG, b"carol"));
    let began = Instant::now();
    town.call("DELETE", "/v1/session", Some(&carol.session.token), None).await.ok();
    assert_eq!(watcher.hear().await, offline(TAG));
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    assert_eq!(giver.closed().await, Some(1008));
}

#[tokio::test]
async fn a_machine_that_falls_silent_is_gone_after_its_lease() {
    let town = Town::with(|config| config.limits.lease_ms = 1500).await;
    let (_, giver, mut watcher) = pair(&town).await;
    let began = Instant::now();
    // The giver's connection stays open, but nothing is said on it. The watcher goes on.
    let news = loop {
        watcher.say(&NodeSays::Ping).await;
        match tokio::time::timeout(Duration::from_millis(200), watcher.hear()).await {
            Ok(DirectorySays::Pong) | Err(_) => {}
            Ok(news) => break news,
        }
    };
    assert_eq!(news, offline(TAG));
    assert!(began.elapsed() >= Duration::from_secs(1), "{:?}", began.elapsed());
    drop(giver);
}

#[tokio::test]
async fn pings_keep_a_node_online_beyond_its_lease() {
    let town = Town::with(|config| config.limits.lease_ms = 2000).await;
    let (_, mut giver, mut watcher) = pair(&town).await;
    let began = Instant::now();
    while began.elapsed() < Duration::from_millis(3000) {
        giver.ping().await;
        watcher.silence().await;
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_broken_connection_that_comes_back_in_time_is_no_news() {
    let town = Town::with(|config| config.limits.grace_ms = 60_000).await;
    let (alice, giver, mut watcher) = pair(&town).await;
    drop(giver);
    let mut again = town.socket(&alice).await;
    again.say(&gives(TAG, b"here")).await;
    again.ping().await;
    watcher.silence().await;
}

#[tokio::test]
async fn a_broken_connection_that_stays_away_is_news_after_the_grace() {
    let town = Town::with(|config| config.limits.grace_ms = 100).await;
    let (_, giver, mut watcher) = pair(&town).await;
    drop(giver);
    assert_eq!(watcher.hear().await, offline(TAG));
}

#[tokio::test]
async fn the_socket_that_was_replaced_takes_nothing_back() {
    let town = Town::open().await;
    let (alice, mut old, mut watcher) = pair(&town).await;
    let mut new = town.socket(&alice).await;
    new.say(&gives(TAG, b"here")).await;
    new.ping().await;
    old.say(&NodeSays::Bye).await;
    old.closed().await;
    watcher.silence().await;
    new.say(&NodeSays::Bye).await;
    assert_eq!(watcher.hear().await, offline(TAG));
}

#[tokio::test]
async fn listed_people_are_seen_in_the_open_and_others_are_not() {
    let town = Town::open().await;
    let (alice, bob) = (town.citizen("alice").await, town.citizen("bob").await);
    let (mut one, mut other) = (town.socket(&alice).await, town.socket(&bob).await);
    one.say(&is_open(b"alice is here")).await;
    one.ping().await;
    other.say(&is_open(b"bob is here")).await;
    other.silence().await;
    town.set_visibility(&alice, "everyone").await;
    assert_eq!(other.hear().await, listed(&alice, Some(b"alice is here")));
    one.silence().await;
    let people = town.get("/v1/people", &bob.session.token).await.ok();
    assert_eq!(people["people"][0]["online"], true);
    town.set_visibility(&alice, "exact-name").await;
    assert_eq!(other.hear().await, listed(&alice, None));
    town.set_visibility(&alice, "everyone").await;
    assert_eq!(other.hear().await, listed(&alice, Some(b"alice is here")));
    one.say(&NodeSays::Bye).await;
    assert_eq!(other.hear().await, listed(&alice, None));
    let people = town.get("/v1/people", &bob.session.token).await.ok();
    assert_eq!(people["people"][0]["online"], false);
}

#[tokio::test]
async fn a_blocked_person_sees_the_blocker_go() {
    let town = Town::open().await;
    let (alice, bob) = (town.citizen("alice").await, town.citizen("bob").await);
    town.set_visibility(&alice, "everyone").await;
    let (mut one, mut other) = (town.socket(&alice).await, town.socket(&bob).await);
    other.say(&is_open(b"")).await;
    other.ping().await;
    one.say(&is_open(b"here")).await;
    assert_eq!(other.hear().await, listed(&alice, Some(b"here")));
    let block = format!("/v1/blocks/{}", bob.user());
    town.call("PUT", &block, Some(&alice.session.token), None).await.ok();
    assert_eq!(other.hear().await, listed(&alice, None));
    one.say(&is_open(b"elsewhere")).await;
    one.ping().await;
    other.silence().await;
    let mut again = town.socket(&bob).await;
    again.say(&is_open(b"")).await;
    again.silence().await;
    town.call("DELETE", &block, Some(&alice.session.token), None).await.ok();
    assert_eq!(other.hear().await, listed(&alice, Some(b"elsewhere")));
}

#[tokio::test]
async fn hidden_people_give_no_presence_under_any_tag() {
    let town = Town::open().await;
    let (alice, mut giver, mut watcher) = pair(&town).await;
    town.set_visibility(&alice, "nobody").await;
    assert_eq!(watcher.hear().await, offline(TAG));
    giver.say(&gives(TAG, b"moved")).await;
    giver.ping().await;
    watcher.silence().await;
    town.set_visibility(&alice, "exact-name").await;
    assert_eq!(watcher.hear().await, online(TAG, b"moved"));
}

#[tokio::test]
async fn more_sockets_than_allowed_close_the_oldest() {
    let town = Town::with(|config| config.limits.sockets = 2).await;
    let alice = town.citizen("alice").await;
    let mut oldest = town.socket(&alice).await;
    let (mut second, mut third) = (town.socket(&alice).await, town.socket(&alice).await);
    assert_eq!(oldest.closed().await, Some(1008));
    second.silence().await;
    third.silence().await;
}

#[tokio::test]
async fn what_is_too_much_or_not_understood_closes_the_socket() {
    let town = Town::open().await;
    let alice = town.citizen("alice").await;
    let many = NodeSays::State(State {
        watch: (0..=MAX_TAGS).map(|n| Hex(*blake3::hash(&n.to_be_bytes()).as_bytes())).collect(),
        ..State::default()
    });
    let large = gives(TAG, &vec![0; MAX_RECORD + 1]);
    for (says, code) in [(many, [1008, 1009]), (large, [1008, 1008])] {
        let mut socket = town.socket(&alice).await;
        socket.say(&says).await;
        let closed = socket.closed().await.unwrap();
        assert!(code.contains(&closed), "{closed}");
    }
    for junk in ["", "{}", "[1", r#"{"say":"sing"}"#] {
        let mut socket = town.socket(&alice).await;
        use futures_util::SinkExt;
        socket.socket.send(tokio_tungstenite::tungstenite::Message::text(junk)).await.unwrap();
        assert_eq!(socket.closed().await, Some(1007), "{junk}");
    }
    let mut socket = town.socket(&alice).await;
    use futures_util::SinkExt;
    let flood = tokio_tungstenite::tungstenite::Message::text("x".repeat(100_000));
    let _ = socket.socket.send(flood).await;
    assert!(matches!(socket.closed().await, Some(1009) | None));
}

#[tokio::test]
async fn a_socket_needs_a_session_with_keys() {
    let town = Town::open().await;
    let nobody = town.register("alice").await.session();
    assert_eq!(town.try_socket(&nobody.token).await.err(), Some(StatusCode::FORBIDDEN));
    assert_eq!(town.try_socket("junk").await.err(), Some(StatusCode::UNAUTHORIZED));
    let bob = town.citizen("bob").await;
    town.call("DELETE", "/v1/session", Some(&bob.session.token), None).await.ok();
    assert_eq!(town.try_socket(&bob.session.token).await.err(), Some(StatusCode::UNAUTHORIZED));
    let carol = town.citizen("carol").await;
    let plain = town.get("/v1/presence", &carol.session.token).await;
    assert_eq!(plain.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn no_socket_is_left_behind() {
    let town = Town::with(|config| config.limits.grace_ms = 1).await;
    let (_, mut giver, watcher) = pair(&town).await;
    drop(watcher);
    giver.say(&NodeSays::Bye).await;
    giver.closed().await;
    while town.directory.sockets() > 0 {
        tokio::task::yield_now().await;
    }
}
