//! Honest ends talk.

use super::*;

#[tokio::test]
async fn two_nodes_prove_their_keys_and_exchange_messages() {
    let (mut a, mut b) = (end(1).await, end(2).await);
    a.dial(&b);
    let (at_a, peer_of_a, dialled_a, binding_a) = a.up().await;
    let (at_b, peer_of_b, dialled_b, binding_b) = b.up().await;
    assert_eq!((peer_of_a, peer_of_b), (b.device, a.device));
    assert_eq!((dialled_a, dialled_b), (true, false));
    assert_eq!(binding_a, binding_b);
    a.links.send(at_a, &frames(b"hello"));
    assert_eq!(b.received().await, b"hello");
    b.links.send(at_b, &frames(b"hello yourself"));
    assert_eq!(a.received().await, b"hello yourself");
}

#[tokio::test]
async fn every_link_has_a_binding_of_its_own() {
    let (mut a, mut b) = (end(1).await, end(2).await);
    a.dial(&b);
    let (.., first) = a.up().await;
    a.dial(&b);
    let (.., second) = a.up().await;
    assert_ne!(first, second);
    assert_eq!(b.up().await.3, first);
    assert_eq!(b.up().await.3, second);
}

#[tokio::test]
async fn messages_arrive_in_order_and_whole() {
    let (mut a, mut b) = (end(1).await, end(2).await);
    let (at_a, _) = linked(&mut a, &mut b).await;
    for n in 0..2_000_u32 {
        a.links.send(at_a, &frames(&n.to_be_bytes()));
    }
    for n in 0..2_000_u32 {
        assert_eq!(b.received().await, n.to_be_bytes());
    }
}

#[tokio::test]
async fn what_was_sent_before_a_close_arrives_and_both_ends_learn_of_the_close() {
    let (mut a, mut b) = (end(1).await, end(2).await);
    let (at_a, at_b) = linked(&mut a, &mut b).await;
    a.links.send(at_a, &frames(b"goodbye"));
    a.links.close(at_a, CloseCode::Normal);
    assert_eq!(b.received().await, b"goodbye");
    assert_eq!(b.down().await, at_b);
    assert_eq!(a.down().await, at_a);
}

#[tokio::test]
async fn a_peer_that_does_not_take_what_is_sent_is_given_up() {
    let (mut a, mut b) = (end(1).await, end(2).await);
    let (at_a, _) = linked(&mut a, &mut b).await;
    // b's node takes nothing; the network's buffers hold some MiB at most.
    let large = frames(&vec![7; 200 << 10]);
    for _ in 0..100 {
        a.links.send(at_a, &large);
        tokio::task::yield_now().await;
    }
    assert_eq!(a.down().await, at_a);
}

#[tokio::test]
async fn shutdown_ends_all_links_and_the_peer_sees_it_at_once() {
    let (mut a, mut b) = (end(1).await, end(2).await);
    let (_, at_b) = linked(&mut a, &mut b).await;
    let (_, down) = tokio::join!(timeout(PATIENCE, a.links.shutdown()), b.down());
    assert_eq!(down, at_b);
    assert!(tokio::net::TcpStream::connect(a.at).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn both_ends_count_the_same_bytes_and_a_ping_is_timed() {
    use protocol::frame::Ping;
    let (mut a, mut b) = (end(1).await, end(2).await);
    let (at_a, at_b) = linked(&mut a, &mut b).await;
    let reading = |end: &End, link| end.links.readings()[&link];
    assert_eq!(reading(&a, at_a), Reading::default());
    a.links.send(at_a, &[Frame::Ping(Ping { nonce: 7 })]);
    match b.next().await {
        LinkEvent::Received { frames, .. } => assert_eq!(frames, [Frame::Ping(Ping { nonce: 7 })]),
        other => panic!("{other:?}"),
    }
    b.links.send(at_b, &[Frame::Pong(Ping { nonce: 7 })]);
    assert!(matches!(a.next().await, LinkEvent::Received { .. }));
    assert!(reading(&a, at_a).round_trip.is_some_and(|took| took < PATIENCE));
    assert_eq!(reading(&a, at_a).sent, reading(&b, at_b).received);
    assert_eq!(reading(&b, at_b).sent, reading(&a, at_a).received);
    assert_eq!(reading(&b, at_b).round_trip, None, "b asked nothing");
}
