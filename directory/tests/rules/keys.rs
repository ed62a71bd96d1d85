//! Keys: what may be published, and what is shown of it.

use hyper::StatusCode;
use protocol::{
    codec,
    directory::{Code, Found},
    identity::{AccountKey, KeyHistory, Profile},
    time::WallMs,
};

use crate::harness::{Citizen, Town};

async fn found(town: &Town, asker: &Citizen, path: &str) -> (Found, Profile) {
    let found: Found = serde_json::from_value(town.get(path, &asker.session.token).await.ok()).unwrap();
    let profile = codec::from_bytes(&found.profile.0).unwrap();
    (found, profile)
}

#[tokio::test]
async fn published_keys_are_found_by_name_and_by_user() {
    let town = Town::open().await;
    let (alice, bob) = (town.citizen("alice").await, town.citizen("bob").await);
    for path in ["/v1/people/alice".to_owned(), format!("/v1/users/{}", alice.user())] {
        let (found, profile) = found(&town, &bob, &path).await;
        assert_eq!((found.username.as_str(), found.user, found.resets), ("alice", alice.user(), 0));
        assert_eq!(profile, alice.profile(1));
    }
}

#[tokio::test]
async fn older_and_forked_keys_are_refused() {
    let town = Town::open().await;
    let alice = town.citizen("alice").await;
    town.publish(&alice, &alice.profile(5), false).await.ok();
    town.publish(&alice, &alice.profile(5), false).await.ok(); // the same again changes nothing
    let old = town.publish(&alice, &alice.profile(4), false).await;
    assert_eq!(
        (old.status, old.code(), old.field().as_deref()),
        (StatusCode::CONFLICT, Code::StaleKeys, Some("profile"))
    );
    let next = AccountKey::generate(&mut rand::rng());
    let longer = alice.history.extended(&alice.account, &next, "alice".parse().unwrap(), WallMs(2));
    let with = |account: &AccountKey, history: &KeyHistory, seq| {
        let record = alice.profile(seq).device().clone();
        Profile::issue(account, history.clone(), seq, vec![record])
    };
    town.publish(&alice, &with(&next, &longer, 6), false).await.ok();
    let shorter = town.publish(&alice, &alice.profile(7), false).await;
    assert_eq!(shorter.code(), Code::StaleKeys, "the history was longer");
    let other = AccountKey::generate(&mut rand::rng());
    let fork = alice.history.extended(&alice.account, &other, "alice".parse().unwrap(), WallMs(2));
    assert_eq!(town.publish(&alice, &with(&other, &fork, 8), false).await.code(), Code::StaleKeys);
    // Nor does calling it a reset help: it is the same person.
    assert_eq!(town.publish(&alice, &with(&other, &fork, 8), true).await.code(), Code::StaleKeys);
}

#[tokio::test]
async fn a_reset_is_taken_when_it_is_meant_and_everybody_sees_it() {
    let town = Town::open().await;
    let (alice, bob) = (town.citizen("alice").await, town.citizen("bob").await);
    let session = town.sign_in("alice", crate::harness::PASSWORD).await.session();
    assert_eq!(session.user, Some(alice.user()), "a new machine hears whose keys there are");
    let anew = Citizen::new("alice", session);
    let refused = town.publish(&anew, &anew.profile(1), false).await;
    assert_eq!((refused.status, refused.code()), (StatusCode::CONFLICT, Code::ResetWanted));
    town.publish(&anew, &anew.profile(1), true).await.ok();
    // Who knew the old user is led to the new one.
    for path in ["/v1/people/alice".to_owned(), format!("/v1/users/{}", alice.user())] {
        let (found, profile) = found(&town, &bob, &path).await;
        assert_eq!((found.user, found.resets, profile.user()), (anew.user(), 1, anew.user()));
    }
    // The old device speaks for nobody now.
    let renewed = town.renew(alice.session.session, &alice.link, town.challenge().await).await;
    assert_eq!(renewed.code(), Code::SignedOut);
}

#[tokio::test]
async fn keys_that_are_not_ones_own_are_refused() {
    let town = Town::open().await;
    let (alice, bob) = (town.citizen("alice").await, town.citizen("bob").await);
    let others_name = town.publish(&bob, &alice.profile(2), true).await;
    assert_eq!(others_name.field().as_deref(), Some("profile"));
    let mut bytes = codec::to_bytes(&alice.profile(2));
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    let forged = town.publish_bytes(&alice, &bytes, false).await;
    assert_eq!(
        (forged.status, forged.field().as_deref()),
        (StatusCode::UNPROCESSABLE_ENTITY, Some("profile"))
    );
    let junk = town.publish_bytes(&alice, b"junk", false).await;
    assert_eq!(junk.field().as_deref(), Some("profile"));
    // A signature made for one session is worth nothing in another.
    let elsewhere = town.sign_in("alice", crate::harness::PASSWORD).await.session();
    let mixed = Citizen {
        session: protocol::directory::Session { token: elsewhere.token, ..alice.session.clone() },
        name: alice.name.clone(),
        account: alice.account.clone(),
        link: alice.link.clone(),
        history: alice.history.clone(),
    };
    assert_eq!(town.publish(&mixed, &mixed.profile(2), false).await.field().as_deref(), Some("signature"));
}
