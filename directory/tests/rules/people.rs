//! Who finds whom.

use hyper::StatusCode;
use protocol::directory::{Code, Listed};

use crate::harness::{Answer, Citizen, Town};

async fn listed(town: &Town, asker: &Citizen, query: &str) -> Vec<String> {
    let answer = town.get(&format!("/v1/people?q={query}"), &asker.session.token).await.ok();
    let listed: Listed = serde_json::from_value(answer).unwrap();
    listed.people.into_iter().map(|person| person.username).collect()
}

/// All but the date, which may turn over between two answers.
fn seen(mut answer: Answer) -> Answer {
    answer.headers.remove("date");
    answer
}

#[tokio::test]
async fn people_choose_who_finds_them() {
    let town = Town::open().await;
    let (alice, bob) = (town.citizen("alice").await, town.citizen("bob").await);
    let token = &bob.session.token;
    for (visibility, by_name, in_list) in
        [("exact-name", true, false), ("everyone", true, true), ("nobody", false, false)]
    {
        town.set_visibility(&alice, visibility).await;
        assert_eq!(town.get("/v1/people/alice", token).await.status.is_success(), by_name, "{visibility}");
        assert_eq!(listed(&town, &bob, "").await.contains(&"alice".to_owned()), in_list, "{visibility}");
        let by_user = town.get(&format!("/v1/users/{}", alice.user()), token).await;
        assert_eq!(by_user.status.is_success(), by_name, "{visibility}");
    }
    // Oneself one finds in any case: the node checks what the directory says of it.
    town.get("/v1/people/alice", &alice.session.token).await.ok();
}

#[tokio::test]
async fn unknown_hidden_and_blocking_people_look_the_same() {
    let town = Town::open().await;
    let (alice, bob, carol) =
        (town.citizen("alice").await, town.citizen("bob").await, town.citizen("carol").await);
    town.set_visibility(&alice, "nobody").await;
    town.set_visibility(&carol, "everyone").await;
    let block = format!("/v1/blocks/{}", bob.user());
    town.call("PUT", &block, Some(&carol.session.token), None).await.ok();
    let token = &bob.session.token;
    let unknown = seen(town.get("/v1/people/nobody_here", token).await);
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    assert_eq!(seen(town.get("/v1/people/alice", token).await), unknown);
    assert_eq!(seen(town.get("/v1/people/carol", token).await), unknown);
    let no_user = format!("/v1/users/{}", protocol::ids::UserId([9; 32]));
    let unknown = seen(town.get(&no_user, token).await);
    for hidden in [&alice, &carol] {
        assert_eq!(seen(town.get(&format!("/v1/users/{}", hidden.user()), token).await), unknown);
    }
    let no_device = protocol::ids::DeviceId([9; 32]);
    let to_nobody = seen(town.post_sealed(&bob, protocol::ids::UserId([9; 32]), no_device, 1, b"x").await);
    assert_eq!(to_nobody.status, StatusCode::NOT_FOUND);
    for hidden in [&alice, &carol] {
        assert_eq!(seen(town.post_letter(&bob, hidden, 1).await), to_nobody);
    }
    assert!(listed(&town, &bob, "").await.is_empty(), "blocked people don't see the blocker in the list");
    assert_eq!(listed(&town, &alice, "").await, ["carol"]);
    town.call("DELETE", &block, Some(&carol.session.token), None).await.ok();
    town.get("/v1/people/carol", token).await.ok();
    assert_eq!(listed(&town, &bob, "").await, ["carol"]);
}

#[tokio::test]
async fn an_account_without_keys_is_not_found() {
    let town = Town::open().await;
    let alice = town.citizen("alice").await;
    let bob = Citizen::new("bob", town.register("bob").await.session());
    town.set_visibility(&bob, "everyone").await;
    assert_eq!(town.get("/v1/people/bob", &alice.session.token).await.code(), Code::NotFound);
    assert!(listed(&town, &alice, "").await.is_empty());
}

#[tokio::test]
async fn the_list_is_searched_letter_by_letter() {
    let town = Town::open().await;
    for name in ["anna_b", "annab", "joanna", "zoe"] {
        let citizen = town.citizen(name).await;
        town.set_visibility(&citizen, "everyone").await;
    }
    let me = town.citizen("me_myself").await;
    assert_eq!(listed(&town, &me, "anna").await, ["anna_b", "annab", "joanna"]);
    assert_eq!(listed(&town, &me, "a_b").await, ["anna_b"], "an underscore is no wildcard");
    let bad = town.get("/v1/people?q=%25", &me.session.token).await;
    assert_eq!((bad.status, bad.field().as_deref()), (StatusCode::UNPROCESSABLE_ENTITY, Some("q")));
}

#[tokio::test]
async fn nothing_is_told_to_people_who_are_not_signed_in() {
    let town = Town::open().await;
    let alice = town.citizen("alice").await;
    town.set_visibility(&alice, "everyone").await;
    for path in ["/v1/people", "/v1/people/alice", "/v1/account", "/v1/presence", "/v1/users/00"] {
        let answer = town.call("GET", path, None, None).await;
        assert_eq!((answer.status, answer.code()), (StatusCode::UNAUTHORIZED, Code::SignedOut), "{path}");
    }
}
