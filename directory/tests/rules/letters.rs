//! The letter box.

use std::time::Duration;

use hyper::StatusCode;
use protocol::{
    directory::{Blob, Code, DirectorySays, MAX_LETTER, NodeSays},
    ids::{DeviceId, LetterId},
};

use crate::harness::{Citizen, Town};

fn letter(id: u8) -> DirectorySays {
    DirectorySays::Letter { letter: LetterId([id; 16]), sealed: Blob(vec![id; 100]) }
}

#[tokio::test]
async fn a_letter_waits_until_it_is_taken_out() {
    let town = Town::open().await;
    let (alice, bob) = (town.citizen("alice").await, town.citizen("bob").await);
    assert_eq!(town.post_letter(&alice, &bob, 1).await.status, StatusCode::CREATED);
    assert_eq!(
        town.post_letter(&alice, &bob, 1).await.status,
        StatusCode::CREATED,
        "the same again is one letter"
    );
    let mut socket = town.socket(&bob).await;
    assert_eq!(socket.hear().await, letter(1));
    socket.silence().await;
    drop(socket);
    let mut socket = town.socket(&bob).await;
    assert_eq!(socket.hear().await, letter(1), "not taken out, so it comes again");
    socket.say(&NodeSays::TakeOut { letter: LetterId([1; 16]) }).await;
    socket.silence().await;
    town.socket(&bob).await.silence().await;
}

#[tokio::test]
async fn a_letter_reaches_a_node_that_is_online_at_once() {
    let town = Town::open().await;
    let (alice, bob) = (town.citizen("alice").await, town.citizen("bob").await);
    let mut socket = town.socket(&bob).await;
    town.post_letter(&alice, &bob, 1).await.ok();
    assert_eq!(socket.hear().await, letter(1));
}

#[tokio::test]
async fn letters_survive_a_restart() {
    let town = Town::open().await;
    let (alice, bob) = (town.citizen("alice").await, town.citizen("bob").await);
    town.post_letter(&alice, &bob, 1).await.ok();
    let folder = town.close().await;
    let config = directory::Config::lifted(folder.path().join("data"));
    let town = Town::in_folder(folder, config).await;
    assert_eq!(town.socket(&bob).await.hear().await, letter(1));
}

#[tokio::test]
async fn one_letter_waits_for_each_pair_and_ten_for_each_person() {
    let town = Town::open().await;
    let bob = town.citizen("bob").await;
    let mut writers = Vec::new();
    for n in 0..11u8 {
        writers.push(town.citizen(&format!("writer_{n}x")).await);
    }
    town.post_letter(&writers[0], &bob, 100).await.ok();
    let second = town.post_letter(&writers[0], &bob, 101).await;
    assert_eq!((second.status, second.code()), (StatusCode::CONFLICT, Code::LetterWaiting));
    for n in 1..10u8 {
        town.post_letter(&writers[usize::from(n)], &bob, n).await.ok();
    }
    assert_eq!(town.post_letter(&writers[10], &bob, 10).await.code(), Code::BoxFull);
    // Room again when one is taken out.
    let mut socket = town.socket(&bob).await;
    socket.say(&NodeSays::TakeOut { letter: LetterId([1; 16]) }).await;
    socket.ping().await;
    town.post_letter(&writers[10], &bob, 10).await.ok();
}

#[tokio::test]
async fn letters_have_a_size_a_device_and_another_person() {
    let town = Town::open().await;
    let (alice, bob) = (town.citizen("alice").await, town.citizen("bob").await);
    let device = bob.link.device_id();
    let sealed = async |bytes: usize| town.post_sealed(&alice, bob.user(), device, 1, &vec![7; bytes]).await;
    for (bytes, works) in [(0, false), (MAX_LETTER + 1, false), (MAX_LETTER, true)] {
        let answer = sealed(bytes).await;
        assert_eq!(answer.status.is_success(), works, "{bytes}");
        if !works {
            assert_eq!(answer.field().as_deref(), Some("sealed"));
        }
    }
    let elsewhere = town.post_sealed(&alice, bob.user(), DeviceId([9; 32]), 2, b"x").await;
    assert_eq!((elsewhere.status, elsewhere.code()), (StatusCode::NOT_FOUND, Code::NotFound));
    assert_eq!(town.post_letter(&alice, &alice, 3).await.field().as_deref(), Some("to"));
}

#[tokio::test]
async fn letters_are_thrown_away_after_two_weeks() {
    let town = Town::open().await;
    let (alice, bob) = (town.citizen("alice").await, town.citizen("bob").await);
    town.post_letter(&alice, &bob, 1).await.ok();
    town.directory.clock().advance(Duration::from_secs(14 * 24 * 3600 + 1));
    let fresh = async |citizen: &Citizen| {
        let session =
            town.renew(citizen.session.session, &citizen.link, town.challenge().await).await.session();
        Citizen {
            session,
            name: citizen.name.clone(),
            account: citizen.account.clone(),
            link: citizen.link.clone(),
            history: citizen.history.clone(),
        }
    };
    let (alice, bob) = (fresh(&alice).await, fresh(&bob).await);
    town.socket(&bob).await.silence().await;
    town.post_letter(&alice, &bob, 2).await.ok(); // the old one is no longer in the way
}

#[tokio::test]
async fn a_letter_that_somebody_else_names_stays() {
    let town = Town::open().await;
    let (alice, bob, carol) =
        (town.citizen("alice").await, town.citizen("bob").await, town.citizen("carol").await);
    town.post_letter(&alice, &bob, 1).await.ok();
    let mut other = town.socket(&carol).await;
    other.say(&NodeSays::TakeOut { letter: LetterId([1; 16]) }).await;
    other.ping().await;
    assert_eq!(town.socket(&bob).await.hear().await, letter(1));
}

#[tokio::test]
async fn letters_to_keys_that_were_reset_are_thrown_away() {
    let town = Town::open().await;
    let (alice, bob) = (town.citizen("alice").await, town.citizen("bob").await);
    town.post_letter(&alice, &bob, 1).await.ok();
    let anew = Citizen::new("bob", bob.session.clone());
    town.publish(&anew, &anew.profile(1), true).await.ok();
    town.socket(&anew).await.silence().await;
    town.post_letter(&alice, &anew, 2).await.ok();
}
