//! Names, passwords, sessions.

use hyper::StatusCode;
use protocol::{
    directory::{Code, Hex, Visibility, password_statement},
    sign::Domain,
};
use serde_json::json;

use crate::harness::{Citizen, PASSWORD, Town};

#[tokio::test]
async fn somebody_registers_and_signs_in() {
    let town = Town::open().await;
    let made = town.register("alice").await;
    assert_eq!(made.status, StatusCode::CREATED);
    let session = made.session();
    assert_eq!((session.visibility, session.user), (Visibility::ExactName, None));
    let again = town.sign_in("alice", PASSWORD).await;
    assert_eq!(again.status, StatusCode::OK);
    let again = again.session();
    assert_ne!(again.session, session.session);
    let account = town.get("/v1/account", &again.token).await.ok();
    assert_eq!(account["username"], "alice");
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_name_get_the_same_answer_after_the_same_work() {
    let town = Town::open().await;
    town.register("alice").await.ok();
    let before = town.directory.hash_runs();
    let wrong = town.sign_in("alice", "wrong horse battery").await;
    let one = town.directory.hash_runs() - before;
    let unknown = town.sign_in("nobody_here", "wrong horse battery").await;
    let other = town.directory.hash_runs() - before - one;
    assert_eq!((one, other), (1, 1), "one hash each");
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    assert_eq!(wrong.body["detail"], "That name and passphrase don't fit together");
    let without_date = |mut answer: crate::harness::Answer| {
        answer.headers.remove("date");
        answer
    };
    assert_eq!(without_date(wrong), without_date(unknown), "status, headers and body");
}

#[tokio::test]
async fn asking_whether_a_name_is_free_makes_no_account() {
    let town = Town::open().await;
    let ask = json!({"username": "alice"});
    let free = town.call("POST", "/v1/register", None, Some(ask.clone())).await.ok();
    assert_eq!(free, json!({"free": true}));
    assert_eq!(town.sign_in("alice", PASSWORD).await.code(), Code::DontFit);
    town.register("alice").await.ok();
    let free = town.call("POST", "/v1/register", None, Some(ask)).await.ok();
    assert_eq!(free, json!({"free": false}));
}

#[tokio::test]
async fn a_name_and_its_lookalikes_are_given_out_once() {
    let town = Town::open().await;
    town.register("bill10").await.ok();
    for taken in ["bill10", "bi1l10", "billlo"] {
        let answer = town.register(taken).await;
        assert_eq!(answer.status, StatusCode::CONFLICT, "{taken}");
        assert_eq!(
            (answer.code(), answer.field().as_deref()),
            (Code::NameTaken, Some("username")),
            "{taken}"
        );
    }
}

#[tokio::test]
async fn two_registrations_at_once_make_one_account() {
    let town = Town::open().await;
    let (one, two) = tokio::join!(town.register("alice"), town.register("alice"));
    let mut status = [one.status, two.status];
    status.sort();
    assert_eq!(status, [StatusCode::CREATED, StatusCode::CONFLICT]);
}

#[tokio::test]
async fn bad_input_names_the_field_and_the_reason() {
    let town = Town::open().await;
    for (body, field, reason) in [
        (json!({"username": "Al", "password": PASSWORD, "create": true}), "username", "capital"),
        (json!({"username": "al", "password": PASSWORD, "create": true}), "username", "at least 3"),
        (json!({"username": "al ice", "password": PASSWORD, "create": true}), "username", "letters a to z"),
        (json!({"username": "alice", "password": "short", "create": true}), "password", "10 to 128"),
        (json!({"username": "alice", "password": "x".repeat(129), "create": true}), "password", "10 to 128"),
        (json!({"username": "alice", "create": true}), "password", "needs a password"),
        (json!({"password": PASSWORD, "create": true}), "username", "missing"),
        (json!({"username": 7}), "username", "expected a string"),
        (json!({"username": "alice", "proof": {"nonce": "x"}}), "proof.nonce", "expected u64"),
        (json!({"username": "alice", "proof": {"nonce": 1}}), "proof.challenge", "missing"),
    ] {
        let answer = town.call("POST", "/v1/register", None, Some(body.clone())).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{body} {answer:?}");
        assert_eq!(answer.headers["content-type"], "application/problem+json");
        assert_eq!(answer.field().as_deref(), Some(field), "{body}");
        assert!(answer.problem().detail.contains(reason), "{body} {answer:?}");
    }
}

#[tokio::test]
async fn signing_out_ends_this_session_only() {
    let town = Town::open().await;
    let one = town.citizen("alice").await;
    let other = town.sign_in("alice", PASSWORD).await.session();
    let out = town.call("DELETE", "/v1/session", Some(&one.session.token), None).await;
    assert_eq!(out.status, StatusCode::NO_CONTENT);
    let change = json!({"visibility": "nobody"});
    let after = town.call("PUT", "/v1/visibility", Some(&one.session.token), Some(change.clone())).await;
    assert_eq!((after.status, after.code()), (StatusCode::UNAUTHORIZED, Code::SignedOut));
    let renewed = town.renew(one.session.session, &one.link, town.challenge().await).await;
    assert_eq!(renewed.code(), Code::SignedOut);
    town.call("PUT", "/v1/visibility", Some(&other.token), Some(change)).await.ok();
}

#[tokio::test]
async fn signing_out_everywhere_ends_all_sessions() {
    let town = Town::open().await;
    let one = town.citizen("alice").await;
    let other = town.sign_in("alice", PASSWORD).await.session();
    town.call("DELETE", "/v1/sessions", Some(&other.token), None).await.ok();
    for session in [&one.session, &other] {
        let change = json!({"visibility": "nobody"});
        let after = town.call("PUT", "/v1/visibility", Some(&session.token), Some(change)).await;
        assert_eq!(after.code(), Code::SignedOut);
        assert_eq!(
            town.renew(session.session, &one.link, town.challenge().await).await.code(),
            Code::SignedOut
        );
    }
}

#[tokio::test]
async fn a_new_password_needs_the_old_one_and_ends_other_sessions() {
    let town = Town::open().await;
    let alice = town.citizen("alice").await;
    let other = town.sign_in("alice", PASSWORD).await.session();
    let change = |old: &str, new: &str| json!({"old": old, "new": new});
    let token = Some(alice.session.token.as_str());
    let wrong =
        town.call("POST", "/v1/password", token, Some(change("not my password", "another password"))).await;
    assert_eq!((wrong.code(), wrong.field().as_deref()), (Code::DontFit, Some("old")));
    let short = town.call("POST", "/v1/password", token, Some(change(PASSWORD, "short"))).await;
    assert_eq!(short.field().as_deref(), Some("new"));
    let done =
        town.call("POST", "/v1/password", token, Some(change(PASSWORD, "another password"))).await.session();
    assert_eq!(town.sign_in("alice", PASSWORD).await.code(), Code::DontFit);
    town.sign_in("alice", "another password").await.ok();
    let hide = json!({"visibility": "nobody"});
    for (token, works) in [(&other.token, false), (&alice.session.token, false), (&done.token, true)] {
        let answer = town.call("PUT", "/v1/visibility", Some(token), Some(hide.clone())).await;
        assert_eq!(answer.status.is_success(), works);
    }
}

#[tokio::test]
async fn a_forgotten_password_is_set_anew_by_the_account_key_alone() {
    let town = Town::open().await;
    let (alice, mallory) = (town.citizen("alice").await, town.citizen("mallory").await);
    let new = "another password";
    let ask = async |by: &Citizen, signed: &str, challenge: Hex<40>| {
        let statement = password_statement(&town.directory.identity().id(), "alice", signed, &challenge);
        let signature = Hex(by.account.sign(Domain::DIRECTORY_PASSWORD, &statement).0);
        let asked = json!({"username": "alice", "new": new, "challenge": challenge, "signature": signature});
        town.call("POST", "/v1/password/forgotten", None, Some(asked)).await
    };
    assert_eq!(ask(&mallory, new, town.challenge().await).await.code(), Code::DontFit);
    assert_eq!(ask(&alice, "a third password", town.challenge().await).await.code(), Code::DontFit);
    let challenge = town.challenge().await;
    let session = ask(&alice, new, challenge).await.session();
    assert_eq!(ask(&alice, new, challenge).await.field().as_deref(), Some("challenge"), "once");
    assert_eq!(session.user, Some(alice.user()));
    assert_eq!(town.sign_in("alice", PASSWORD).await.code(), Code::DontFit);
    town.sign_in("alice", new).await.ok();
    let hide = json!({"visibility": "nobody"});
    let old = town.call("PUT", "/v1/visibility", Some(&alice.session.token), Some(hide)).await;
    assert!(!old.status.is_success(), "other sessions ended");
}

#[tokio::test]
async fn a_deleted_account_leaves_nothing_and_frees_its_name() {
    let town = Town::open().await;
    let alice = town.citizen("alice").await;
    let bob = town.citizen("bob").await;
    town.post_letter(&alice, &bob, 1).await.ok();
    let body = |password: &str| Some(json!({"password": password}));
    let token = Some(alice.session.token.as_str());
    let wrong = town.call("POST", "/v1/account/delete", token, body("not my password")).await;
    assert_eq!((wrong.code(), wrong.field().as_deref()), (Code::DontFit, Some("password")));
    town.call("POST", "/v1/account/delete", token, body(PASSWORD)).await.ok();
    assert_eq!(town.sign_in("alice", PASSWORD).await.code(), Code::DontFit);
    assert_eq!(town.get("/v1/people/alice", &bob.session.token).await.code(), Code::NotFound);
    town.socket(&bob).await.silence().await;
    town.register("alice").await.ok();
}

#[tokio::test]
async fn accounts_survive_a_restart_and_hashes_grow_with_the_price() {
    let town = Town::open().await;
    let identity = town.directory.identity();
    let alice = town.citizen("alice").await;
    let folder = town.close().await;
    let mut config = directory::Config::lifted(folder.path().join("data"));
    config.hashing.hash_memory_kib = 128;
    let town = Town::in_folder(folder, config).await;
    assert_eq!(town.directory.identity(), identity);
    let renewed = town.renew(alice.session.session, &alice.link, town.challenge().await).await.session();
    assert_eq!(renewed.user, Some(alice.user()));
    town.get("/v1/account", &alice.session.token).await.ok();
    let runs = |town: &Town| town.directory.hash_runs();
    let before = runs(&town);
    town.sign_in("alice", PASSWORD).await.ok();
    assert_eq!(runs(&town) - before, 2, "verified, then hashed at the new price");
    let before = runs(&town);
    town.sign_in("alice", PASSWORD).await.ok();
    assert_eq!(runs(&town) - before, 1);
}
