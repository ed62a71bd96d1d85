//! Every limit bites, says when to come back, and lets go again.

use std::time::Duration;

use directory::{Config, Rate};
use hyper::StatusCode;
use protocol::directory::{Code, Hex, Toll, work_input};
use serde_json::json;

use crate::harness::{Answer, PASSWORD, Town};

fn is_too_many(answer: &Answer) {
    assert_eq!((answer.status, answer.code()), (StatusCode::TOO_MANY_REQUESTS, Code::TooMany), "{answer:?}");
    let wait = answer.problem().retry_after.unwrap();
    assert!(wait > 0);
    assert_eq!(answer.headers["retry-after"], wait.to_string());
}

async fn limited(set: impl FnOnce(&mut Config)) -> Town {
    Town::with(set).await
}

fn minute() -> Duration {
    Duration::from_secs(61)
}

#[tokio::test]
async fn sign_ins_of_an_address_are_limited_right_or_wrong() {
    let town = limited(|config| config.limits.sign_ins = Rate::per_minute(2)).await;
    town.register("alice").await.ok();
    town.sign_in("alice", PASSWORD).await.ok();
    assert_eq!(town.sign_in("alice", "wrong horse battery").await.code(), Code::DontFit);
    let runs = town.directory.hash_runs();
    is_too_many(&town.sign_in("alice", PASSWORD).await);
    assert_eq!(town.directory.hash_runs(), runs, "a refused try costs no hash");
    town.directory.clock().advance(minute());
    town.sign_in("alice", PASSWORD).await.ok();
}

#[tokio::test]
async fn guessing_one_name_slows_down_and_its_owner_is_not_locked_out() {
    let town = limited(|config| {
        config.limits.failures_per_name = Rate::per_hour(10);
        config.behind_proxy = true;
    })
    .await;
    town.register("alice").await.ok(); // from 127.0.0.1, which is familiar now
    let from = async |address: &str, name: &str, password: &str| {
        let body = json!({"username": name, "password": password}).to_string();
        let request = hyper::Request::post("/v1/sign-in")
            .header("host", "localhost")
            .header("content-type", "application/json")
            .header("x-forwarded-for", format!("192.0.2.99, {address}"));
        town.send(request.body(http_body_util::Full::from(body)).unwrap()).await
    };
    let mut tries = 0;
    let mut waits = Vec::new();
    for n in 0..40 {
        let answer = from(&format!("198.51.100.{n}"), "alice", "a wrong password").await;
        match answer.code() {
            Code::DontFit => tries += 1,
            _ => {
                is_too_many(&answer);
                let wait = answer.problem().retry_after.unwrap();
                waits.push(wait);
                town.directory.clock().advance(Duration::from_secs(wait));
            }
        }
        if tries == 8 {
            break;
        }
    }
    assert!(waits.windows(2).all(|pair| pair[0] <= pair[1]), "the waits grow: {waits:?}");
    assert!(waits.len() >= 4, "{waits:?}");
    is_too_many(&from("198.51.100.200", "alice", PASSWORD).await);
    // A name that nobody has is slowed down in the same way.
    for _ in 0..3 {
        assert_eq!(from("198.51.100.201", "nobody_here", "a wrong password").await.code(), Code::DontFit);
    }
    is_too_many(&from("198.51.100.201", "nobody_here", "a wrong password").await);
    town.sign_in("alice", PASSWORD).await.ok();
}

#[tokio::test]
async fn failures_in_all_are_limited_for_strangers() {
    let town = limited(|config| config.limits.failures = Rate::per_minute(2)).await;
    town.register("alice").await.ok();
    for name in ["nobody_a", "nobody_b"] {
        assert_eq!(town.sign_in(name, "a wrong password").await.code(), Code::DontFit);
    }
    is_too_many(&town.sign_in("nobody_c", "a wrong password").await);
    town.sign_in("alice", PASSWORD).await.ok();
}

#[tokio::test]
async fn registrations_and_questions_for_names_share_one_limit() {
    let town = limited(|config| config.limits.registrations = Rate::per_hour(2)).await;
    town.register("alice").await.ok();
    let ask = json!({"username": "bob"});
    town.call("POST", "/v1/register", None, Some(ask.clone())).await.ok();
    is_too_many(&town.call("POST", "/v1/register", None, Some(ask)).await);
    is_too_many(&town.register("bob").await);
}

#[tokio::test]
async fn a_registration_costs_work_for_this_name() {
    let town = limited(|config| {
        config.limits.work_bits = 3;
        config.limits.work_memory_kib = 64;
    })
    .await;
    let toll: Toll = serde_json::from_value(town.call("GET", "/v1/register", None, None).await.ok()).unwrap();
    let work = toll.work.unwrap();
    let params = argon2::Params::new(work.memory_kib, 1, 1, Some(32)).unwrap();
    let argon2 = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
    let bits = |name: &str, challenge: Hex<40>, nonce: u64| {
        let mut out = [0; 32];
        argon2.hash_password_into(&work_input(name, nonce), &challenge.0, &mut out).unwrap();
        out[0].leading_zeros()
    };
    let worked =
        |name: &str, challenge| (0..).find(|nonce| bits(name, challenge, *nonce) >= work.bits).unwrap();
    let register = async |name: &str, proof: serde_json::Value| {
        let body = json!({"username": name, "password": PASSWORD, "create": true, "proof": proof});
        town.call("POST", "/v1/register", None, Some(body)).await
    };
    let good = worked("alice", work.challenge);
    let bad = (0..).find(|nonce| bits("alice", work.challenge, *nonce) < work.bits).unwrap();
    let proof = |nonce: u64| json!({"challenge": work.challenge, "nonce": nonce});
    for (proof, why) in [(json!(null), "none"), (proof(bad), "not worked")] {
        let answer = register("alice", proof).await;
        assert_eq!((answer.status, answer.code()), (StatusCode::FORBIDDEN, Code::ProofWanted), "{why}");
        assert_eq!(answer.field().as_deref(), Some("proof"));
    }
    let own = Hex([7; 40]);
    let forged = worked("alice", own);
    assert_eq!(register("alice", json!({"challenge": own, "nonce": forged})).await.code(), Code::ProofWanted);
    let mut names = (0..).map(|n| format!("alice_{n}"));
    let other = names.find(|name| bits(name, work.challenge, good) < work.bits).unwrap();
    assert_eq!(register(&other, proof(good)).await.code(), Code::ProofWanted, "worked for another name");
    register("alice", proof(good)).await.ok();
    let good = worked("carol", work.challenge);
    town.directory.clock().advance(Duration::from_secs(601));
    assert_eq!(register("carol", proof(good)).await.code(), Code::ProofWanted, "too old");
}

#[tokio::test]
async fn look_ups_are_limited_by_account() {
    let town = limited(|config| config.limits.look_ups = Rate::per_hour(2)).await;
    let (alice, bob) = (town.citizen("alice").await, town.citizen("bob").await);
    town.get("/v1/people/bob", &alice.session.token).await.ok();
    assert_eq!(town.get("/v1/people/nobody_here", &alice.session.token).await.code(), Code::NotFound);
    is_too_many(&town.get("/v1/people/bob", &alice.session.token).await);
    is_too_many(&town.get(&format!("/v1/users/{}", bob.user()), &alice.session.token).await);
    town.get("/v1/people/alice", &bob.session.token).await.ok();
}

#[tokio::test]
async fn readings_of_the_list_and_changes_are_limited_by_account() {
    let town = limited(|config| {
        config.limits.listings = Rate::per_minute(1);
        config.limits.changes = Rate::per_minute(3);
    })
    .await;
    let alice = town.citizen("alice").await; // one change
    town.get("/v1/people", &alice.session.token).await.ok();
    is_too_many(&town.get("/v1/people", &alice.session.token).await);
    town.set_visibility(&alice, "everyone").await;
    town.set_visibility(&alice, "nobody").await;
    let body = json!({"visibility": "everyone"});
    is_too_many(&town.call("PUT", "/v1/visibility", Some(&alice.session.token), Some(body)).await);
    town.directory.clock().advance(minute());
    town.get("/v1/people", &alice.session.token).await.ok();
}

#[tokio::test]
async fn new_accounts_send_few_letters_and_repeating_one_costs_nothing() {
    let town = limited(|config| config.limits.letters_new = Rate::per_day(1)).await;
    let (alice, bob, carol) =
        (town.citizen("alice").await, town.citizen("bob").await, town.citizen("carol").await);
    town.post_letter(&alice, &bob, 1).await.ok();
    is_too_many(&town.post_letter(&alice, &carol, 2).await);
    town.post_letter(&carol, &alice, 3).await.ok();
    town.directory.clock().advance(Duration::from_secs(8 * 24 * 3600));
    let session = town.renew(alice.session.session, &alice.link, town.challenge().await).await.session();
    let alice = crate::harness::Citizen { session, ..alice };
    town.post_letter(&alice, &carol, 2).await.ok();
    let dave = town.citizen("dave").await;
    town.post_letter(&alice, &dave, 4).await.ok(); // an account of a week writes to more people
}

#[tokio::test]
async fn requests_of_an_address_are_limited() {
    let town = limited(|config| config.limits.requests = Rate::per_minute(3)).await;
    for _ in 0..3 {
        town.call("GET", "/v1/health", None, None).await.ok();
    }
    let refused = town.call("GET", "/v1/nowhere", None, None).await;
    is_too_many(&refused);
    town.directory.clock().advance(minute());
    town.call("GET", "/v1/health", None, None).await.ok();
}
