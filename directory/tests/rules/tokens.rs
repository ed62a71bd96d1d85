//! Tokens: whose word counts, and for how long.

use std::time::Duration;

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use hyper::StatusCode;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use protocol::{directory::Code, identity::LinkSecret};
use serde_json::{Value, json};

use crate::harness::{Citizen, Town};

/// The directory's own signing key, taken from its data folder.
fn signing_key(town: &Town) -> (String, EncodingKey) {
    let path = town.folder.path().join("data/token-keys.json");
    let keys: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let seed = HEXLOWER.decode(keys[0]["seed"].as_str().unwrap().as_bytes()).unwrap();
    let mut der = b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20".to_vec();
    der.extend(seed);
    (keys[0]["kid"].as_str().unwrap().to_owned(), EncodingKey::from_ed_der(&der))
}

fn claims(token: &str) -> Value {
    let part = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&BASE64URL_NOPAD.decode(part.as_bytes()).unwrap()).unwrap()
}

fn header(kid: &str) -> Header {
    Header { kid: Some(kid.to_owned()), typ: Some("confab+jwt".to_owned()), ..Header::new(Algorithm::EdDSA) }
}

#[tokio::test]
async fn a_token_holds_only_as_it_was_issued() {
    let town = Town::open().await;
    let alice = town.citizen("alice").await;
    let good = claims(&alice.session.token);
    let (kid, key) = signing_key(&town);
    let reads = async |token: String| town.get("/v1/account", &token).await.status;
    let signed = |change: &dyn Fn(&mut Value)| {
        let mut claims = good.clone();
        change(&mut claims);
        encode(&header(&kid), &claims, &key).unwrap()
    };
    assert_eq!(reads(signed(&|_| {})).await, StatusCode::OK, "the test signs like the directory");
    for claim in ["exp", "nbf", "iss", "aud", "sub", "sid", "ver"] {
        let without = signed(&|claims| {
            claims.as_object_mut().unwrap().remove(claim);
        });
        assert_eq!(reads(without).await, StatusCode::UNAUTHORIZED, "without {claim}");
    }
    let now = good["iat"].as_u64().unwrap();
    for (claim, value) in [
        ("iss", json!("0000")),
        ("aud", json!("somebody-else")),
        ("exp", json!(now - 31)),
        ("exp", json!(now + 86_400)),
        ("nbf", json!(now + 60)),
        ("nbf", json!(now.to_string())),
        ("exp", json!((now + 600).to_string())),
    ] {
        let changed = signed(&|claims| claims[claim] = value.clone());
        assert_eq!(reads(changed).await, StatusCode::UNAUTHORIZED, "{claim} = {value}");
    }
    for wrong in [
        Header { typ: Some("JWT".to_owned()), ..header(&kid) },
        Header { typ: None, ..header(&kid) },
        Header { kid: None, ..header(&kid) },
        header("0000000000000000"),
    ] {
        assert_eq!(reads(encode(&wrong, &good, &key).unwrap()).await, StatusCode::UNAUTHORIZED, "{wrong:?}");
    }
    let other = EncodingKey::from_ed_der(&{
        let mut der = b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20".to_vec();
        der.extend([7; 32]);
        der
    });
    assert_eq!(reads(encode(&header(&kid), &good, &other).unwrap()).await, StatusCode::UNAUTHORIZED);
    let hmac = Header { alg: Algorithm::HS256, ..header(&kid) };
    let by_secret = encode(&hmac, &good, &EncodingKey::from_secret(b"public key as a secret")).unwrap();
    assert_eq!(reads(by_secret).await, StatusCode::UNAUTHORIZED);
    let none = json!({"alg": "none", "typ": "confab+jwt", "kid": kid}).to_string();
    let body = alice.session.token.split('.').nth(1).unwrap();
    assert_eq!(
        reads(format!("{}.{body}.", BASE64URL_NOPAD.encode(none.as_bytes()))).await,
        StatusCode::UNAUTHORIZED
    );
    for junk in ["", "a.b.c", "..", "not a token"] {
        assert_eq!(reads(junk.to_owned()).await, StatusCode::UNAUTHORIZED, "{junk:?}");
    }
}

#[tokio::test]
async fn a_token_ends_after_ten_minutes_and_the_device_key_renews_it() {
    let town = Town::open().await;
    let alice = town.citizen("alice").await;
    town.directory.clock().advance(Duration::from_secs(629));
    town.get("/v1/account", &alice.session.token).await.ok();
    town.directory.clock().advance(Duration::from_secs(2));
    let late = town.get("/v1/account", &alice.session.token).await;
    assert_eq!((late.status, late.code()), (StatusCode::UNAUTHORIZED, Code::SignedOut));
    assert_eq!(late.headers["www-authenticate"], "Bearer");
    let renewed = town.renew(alice.session.session, &alice.link, town.challenge().await).await.session();
    assert_eq!(renewed.session, alice.session.session);
    town.get("/v1/account", &renewed.token).await.ok();
}

#[tokio::test]
async fn a_renewal_needs_a_fresh_challenge_and_a_device_of_the_account() {
    let town = Town::open().await;
    let alice = town.citizen("alice").await;
    let session = alice.session.session;
    let challenge = town.challenge().await;
    town.renew(session, &alice.link, challenge).await.ok();
    let again = town.renew(session, &alice.link, challenge).await;
    assert_eq!(again.field().as_deref(), Some("challenge"), "used");
    let challenge = town.challenge().await;
    town.directory.clock().advance(Duration::from_secs(61));
    assert_eq!(
        town.renew(session, &alice.link, challenge).await.field().as_deref(),
        Some("challenge"),
        "too old"
    );
    let mut forged = town.challenge().await;
    forged.0[20] ^= 0xff;
    assert_eq!(
        town.renew(session, &alice.link, forged).await.field().as_deref(),
        Some("challenge"),
        "not from here"
    );
    let stranger = LinkSecret::generate(&mut rand::rng());
    let challenge = town.challenge().await;
    assert_eq!(town.renew(session, &stranger, challenge).await.code(), Code::SignedOut, "a foreign device");
    let bob = town.citizen("bob").await;
    let challenge = town.challenge().await;
    assert_eq!(town.renew(session, &bob.link, challenge).await.code(), Code::SignedOut, "another's device");
}

#[tokio::test]
async fn a_stolen_password_alone_can_neither_renew_nor_publish() {
    let town = Town::open().await;
    let alice = town.citizen("alice").await;
    let stolen = town.sign_in("alice", crate::harness::PASSWORD).await.session();
    let thief = Citizen::new("alice", stolen.clone());
    assert_eq!(town.renew(stolen.session, &thief.link, town.challenge().await).await.code(), Code::SignedOut);
    // Alice's profile is public, but the thief's device is not in it, and her device did not sign.
    let copied = town.publish(&thief, &alice.profile(2), false).await;
    assert_eq!(copied.field().as_deref(), Some("device"));
    assert_eq!(town.publish(&thief, &thief.profile(2), false).await.code(), Code::ResetWanted);
}

#[tokio::test]
async fn signing_keys_change_after_90_days_and_the_old_one_verifies_for_a_while() {
    let town = Town::open().await;
    let alice = town.citizen("alice").await;
    let (old_kid, _) = signing_key(&town);
    let folder = town.close().await;
    let path = folder.path().join("data/token-keys.json");
    let mut keys: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    keys[0]["made"] = json!(keys[0]["made"].as_u64().unwrap() - 91 * 24 * 3600 * 1000);
    std::fs::write(&path, keys.to_string()).unwrap();
    let config = directory::Config::lifted(folder.path().join("data"));
    let town = Town::in_folder(folder, config).await;
    let (new_kid, _) = signing_key(&town);
    assert_ne!(old_kid, new_kid);
    town.get("/v1/account", &alice.session.token).await.ok();
    let keys: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!(keys.as_array().unwrap().len(), 2);
    #[cfg(unix)]
    for secret in ["token-keys.json", "identity.key"] {
        use std::os::unix::fs::PermissionsExt;
        let mode =
            std::fs::metadata(town.folder.path().join("data").join(secret)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{secret}");
    }
}

#[tokio::test]
async fn changes_are_made_only_with_the_version_and_the_account_of_the_session() {
    let town = Town::open().await;
    let (alice, bob) = (town.citizen("alice").await, town.citizen("bob").await);
    let (kid, key) = signing_key(&town);
    let hide = async |claims: &Value| {
        let token = encode(&header(&kid), claims, &key).unwrap();
        town.call("PUT", "/v1/visibility", Some(&token), Some(json!({"visibility": "nobody"}))).await.status
    };
    let good = claims(&alice.session.token);
    assert_eq!(hide(&good).await, StatusCode::NO_CONTENT);
    let with = |claim: &str, value: Value| {
        let mut claims = good.clone();
        claims[claim] = value;
        claims
    };
    let of_bob = claims(&bob.session.token);
    for (claim, value) in
        [("ver", json!(0)), ("ver", json!(2)), ("sub", of_bob["sub"].clone()), ("sid", json!("00"))]
    {
        assert_eq!(hide(&with(claim, value)).await, StatusCode::UNAUTHORIZED, "another {claim}");
    }
}
