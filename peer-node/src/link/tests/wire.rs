//! Somebody on the wire records, replays and alters; it gets them no link.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::oneshot,
};

use super::*;

/// A listener before `to` that passes on both ways what `alter` makes of the client's bytes, and at the end
/// tells what the client sent.
async fn tap(
    to: SocketAddr,
    mut alter: impl FnMut(&mut [u8]) + Send + 'static,
) -> (Address, oneshot::Receiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string().parse().unwrap();
    let (tell, told) = oneshot::channel();
    tokio::spawn(async move {
        let (client, _) = listener.accept().await.unwrap();
        let server = TcpStream::connect(to).await.unwrap();
        let ((mut from_client, mut to_client), (mut from_server, mut to_server)) =
            (client.into_split(), server.into_split());
        tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await });
        let (mut record, mut buf) = (Vec::new(), vec![0; 64 << 10]);
        while let Ok(read @ 1..) = from_client.read(&mut buf).await {
            alter(&mut buf[..read]);
            record.extend_from_slice(&buf[..read]);
            if to_server.write_all(&buf[..read]).await.is_err() {
                break;
            }
        }
        let _ = to_server.shutdown().await;
        let _ = tell.send(record);
    });
    (address, told)
}

#[tokio::test]
async fn a_recorded_link_cannot_be_played_again() {
    let (mut a, mut b) = (end(1).await, end(2).await);
    let (between, record) = tap(b.at, |_| {}).await;
    a.links.dial(b.device, vec![between]);
    let (at_a, ..) = a.up().await;
    b.up().await;
    a.links.send(at_a, &frames(b"once"));
    assert_eq!(b.received().await, b"once");
    a.links.close(at_a, CloseCode::Normal);
    b.down().await;
    let record = record.await.unwrap();
    let mut again = TcpStream::connect(b.at).await.unwrap();
    again.write_all(&record).await.unwrap();
    let mut answer = Vec::new();
    let closed = timeout(PATIENCE, again.read_to_end(&mut answer)).await;
    closed.expect("closed in bounded time").ok();
    // The next link is the honest one: the replay never came up.
    let mut c = end(3).await;
    c.dial(&b);
    c.up().await;
    assert_eq!(b.up().await.1, c.device);
}

#[tokio::test]
async fn no_bit_of_a_handshake_can_be_changed_on_the_way() {
    let hasty = Limits { handshake_time: Duration::from_millis(500), ..Limits::default() };
    let mut b = end_with(2, hasty).await;
    // The version, the random, the cipher suites and what comes after them, in the first message of the client.
    for place in [10, 20, 60, 80, 120, 200] {
        let mut a = end_with(1, hasty).await;
        let mut first = true;
        let (between, _) = tap(b.at, move |bytes| {
            if std::mem::take(&mut first) {
                bytes[place] ^= 1;
            }
        })
        .await;
        a.links.dial(b.device, vec![between]);
        assert_eq!(a.dial_failed().await.len(), 1, "byte {place}");
    }
    let mut c = end(3).await;
    c.dial(&b);
    c.up().await;
    assert_eq!(b.up().await.1, c.device);
}
