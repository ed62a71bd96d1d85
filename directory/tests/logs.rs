//! A whole scenario with every log line kept: nothing in them tells who, from where, or any secret.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on may say so by ending")]

#[path = "rules/harness.rs"]
#[expect(dead_code, reason = "the other tests use all of it")]
mod harness;

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
};

use harness::{PASSWORD, Town};
use protocol::directory::{Blob, Give, Hex, NodeSays, State};

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn logs_at_trace_tell_nothing_about_anybody() {
    let kept = Kept::default();
    let writer = kept.clone();
    tracing_subscriber::fmt()
        .with_env_filter(directory::telemetry::filter("trace").unwrap())
        .with_writer(move || writer.clone())
        .init();

    let town = Town::open().await;
    let (alice, bob) = (town.citizen("alice_of_the_logs").await, town.citizen("bob_of_the_logs").await);
    town.set_visibility(&alice, "everyone").await;
    let renewed = town.renew(alice.session.session, &alice.link, town.challenge().await).await.session();
    town.sign_in("alice_of_the_logs", "a wrong passphrase").await;
    town.sign_in("nobody_of_the_logs", PASSWORD).await;
    town.get("/v1/people/bob_of_the_logs", &alice.session.token).await.ok();
    town.get("/v1/people?q=alice", &bob.session.token).await.ok();
    town.post_letter(&alice, &bob, 0xab).await.ok();
    let mut socket = town.socket(&bob).await;
    let tag = Hex([0xcd; 32]);
    let state = State {
        give: vec![Give { tag, record: Blob(vec![0xef; 60]) }],
        watch: vec![tag],
        ..State::default()
    };
    socket.say(&NodeSays::State(state)).await;
    socket.ping().await;
    let _ = town.try_socket("a.broken.token").await;
    town.call("POST", "/v1/sign-in", None, Some(serde_json::json!({"password": PASSWORD}))).await;
    let identity = town.directory.identity();
    town.close().await;
    tracing::info!(directory = %identity.version, "the last line");

    let logs = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
    assert!(logs.contains("the last line") && logs.contains("an account was made"), "logs were kept: {logs}");
    let secrets = [
        PASSWORD.to_owned(),
        "a wrong passphrase".to_owned(),
        "alice".to_owned(),
        "bob_of".to_owned(),
        "nobody_of".to_owned(),
        "127.0.0.1".to_owned(),
        alice.session.token.clone(),
        alice.session.token.rsplit('.').next().unwrap().to_owned(),
        renewed.token.clone(),
        "a.broken.token".to_owned(),
        alice.session.session.to_string(),
        alice.user().to_string(),
        bob.link.device_id().to_string(),
        tag.to_string(),
        "abababab".to_owned(),
        "7-_v7-_v".to_owned(),
    ];
    for secret in secrets {
        assert!(!logs.contains(&secret), "{secret} stands in the logs:\n{logs}");
    }
}
