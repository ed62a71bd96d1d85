//! Finding the right device among addresses that lie, sleep or are dead.

use super::*;

/// An address where nobody listens.
async fn dead() -> Address {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().to_string().parse().unwrap()
}

/// An address where somebody listens and never says a word.
async fn mute() -> (TcpListener, Address) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string().parse().unwrap();
    (listener, address)
}

fn reasons(tried: &[Tried]) -> Vec<Reason> {
    tried.iter().map(|one| one.reason.clone()).collect()
}

#[tokio::test]
async fn another_device_at_the_address_is_refused_and_named() {
    let (mut a, b) = (end(1).await, end(2).await);
    let wanted = secret(3).device_id();
    a.links.dial(wanted, vec![b.address.clone()]);
    assert_eq!(reasons(&a.dial_failed().await), [Reason::OtherDevice(b.device)]);
}

#[tokio::test]
async fn the_first_address_that_proves_the_device_wins() {
    let (mut a, mut b, c) = (end(1).await, end(2).await, end(3).await);
    let (_mute, silent) = mute().await;
    let localhost = format!("localhost:{}", b.at.port()).parse().unwrap();
    a.links.dial(b.device, vec![dead().await, silent, c.address.clone(), localhost]);
    assert_eq!(a.up().await.1, b.device);
    assert_eq!(b.up().await.1, a.device);
}

#[tokio::test]
async fn when_no_address_answers_each_says_why() {
    let mut a = end(1).await;
    let gone = dead().await;
    let nowhere: Address = "no-such-host.invalid:7401".parse().unwrap();
    let web = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let page: Address = web.local_addr().unwrap().to_string().parse().unwrap();
    tokio::spawn(async move {
        use tokio::io::AsyncWriteExt;
        let (mut tcp, _) = web.accept().await.unwrap();
        tcp.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
    });
    a.links.dial(secret(2).device_id(), vec![gone.clone(), nowhere.clone(), page.clone()]);
    let tried = a.dial_failed().await;
    let reason = |address: &Address| {
        tried.iter().find(|one| one.address == *address).map(|one| one.reason.clone()).unwrap()
    };
    assert_eq!(reason(&gone), Reason::NobodyListens);
    assert_eq!(reason(&nowhere), Reason::NoSuchName);
    assert_eq!(reason(&page), Reason::NotConfab);
}

#[tokio::test]
async fn without_an_address_a_dial_fails_at_once() {
    let mut a = end(1).await;
    a.links.dial(secret(2).device_id(), Vec::new());
    assert_eq!(a.dial_failed().await, []);
}

#[tokio::test]
async fn an_address_that_never_answers_is_given_up_in_time() {
    let mut a = end_with(1, Limits { handshake_time: Duration::from_millis(100), ..Limits::default() }).await;
    let (_mute, silent) = mute().await;
    a.links.dial(secret(2).device_id(), vec![silent]);
    assert_eq!(reasons(&a.dial_failed().await), [Reason::TimedOut]);
}

#[tokio::test]
async fn a_full_house_says_so() {
    let mut b = end_with(2, Limits { links: 1, ..Limits::default() }).await;
    let (mut a, mut c) = (end(1).await, end(3).await);
    linked(&mut a, &mut b).await;
    c.dial(&b);
    assert_eq!(reasons(&c.dial_failed().await), [Reason::Busy]);
}

#[tokio::test]
async fn a_probe_finds_the_device_and_says_nothing_of_who_asks() {
    let mut b = end(2).await;
    let answered = probe(&b.address, b.device).await.unwrap();
    assert_eq!(answered.at, b.at);
    let (link, stranger, dialled, _) = b.up().await;
    assert!(!dialled && stranger != secret(1).device_id());
    assert_eq!(b.down().await, link, "it was only a look");
    let other = probe(&b.address, secret(3).device_id()).await.unwrap_err();
    assert_eq!(reasons(&other), [Reason::OtherDevice(b.device)]);
}
