//! What strangers and peers may do wrong: closed in bounded time, while an honest node still gets in.

use std::sync::Arc;

use protocol::config::MAX_MESSAGE;
use rustls::{ClientConfig, client::AlwaysResolvesClientRawPublicKeys, sign::CertifiedKey};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use super::{
    super::{socket, stream::BoxDuplex, tcp, tls},
    *,
};

/// Reads to the end of the stream, whichever way it ends.
async fn rest(stream: &mut (impl tokio::io::AsyncRead + Unpin)) -> Vec<u8> {
    let mut all = Vec::new();
    let read = timeout(PATIENCE, stream.read_to_end(&mut all)).await.expect("closed in bounded time");
    drop(read);
    all
}

/// An honest node gets a link to `b` at once.
async fn honest_gets_in(b: &mut End) {
    let mut honest = end(99).await;
    honest.dial(b);
    let (_, peer, ..) = timeout(Duration::from_secs(2), honest.up()).await.expect("within a second or so");
    assert_eq!(peer, b.device);
    loop {
        if let LinkEvent::Up { peer, .. } = b.next().await
            && peer == honest.device
        {
            return;
        }
    }
}

/// A device of its own that did both handshakes, and now writes raw bytes.
async fn insider(b: &mut End) -> BoxDuplex {
    let identity = Identity::new(&[66; 32]);
    let proven = tcp::dial(b.at, &identity, None).await.unwrap();
    let socket = socket::open(proven).await.unwrap();
    b.up().await;
    socket.ws.into_inner()
}

/// The code of the close frame that a server sent.
fn close_code(sent: &[u8]) -> u16 {
    assert_eq!(sent.first(), Some(&0x88), "a close frame, unmasked: {sent:?}");
    u16::from_be_bytes([sent[2], sent[3]])
}

/// A client's frame with a mask of zeros. The payload may be shorter than the length says.
fn frame(head: u8, len: u64, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![head];
    match len {
        0..126 => bytes.push(0x80 | u8::try_from(len).unwrap()),
        126..65536 => {
            bytes.push(0x80 | 126);
            bytes.extend(u16::try_from(len).unwrap().to_be_bytes());
        }
        _ => {
            bytes.push(0x80 | 127);
            bytes.extend(len.to_be_bytes());
        }
    }
    bytes.extend([0; 4]);
    bytes.extend(payload);
    bytes
}

/// Sends bytes of an insider and gives back the close code. The other end may stop reading half-way.
async fn answer_to(b: &mut End, bytes: Vec<u8>) -> u16 {
    let mut stream = insider(b).await;
    let _ = stream.write_all(&bytes).await;
    let _ = stream.flush().await;
    let code = close_code(&rest(&mut stream).await);
    b.down().await;
    honest_gets_in(b).await;
    code
}

#[tokio::test]
async fn who_does_not_speak_the_protocol_gets_no_answer() {
    let mut b = end(2).await;
    let long = vec![0x16; 64 << 10];
    let http = b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n".to_vec();
    let record = b"\x16\x03\x01\x00\x04junk".to_vec();
    for bytes in [long, http, record, vec![0; 5], (0..=255).collect()] {
        let mut tcp = TcpStream::connect(b.at).await.unwrap();
        let _ = tcp.write_all(&bytes).await;
        assert_eq!(rest(&mut tcp).await, b"", "{:?}", &bytes[..4]);
    }
    honest_gets_in(&mut b).await;
}

#[tokio::test]
async fn a_browser_s_tls_gets_no_answer() {
    let b = end(2).await;
    let identity = Identity::new(&[1; 32]);
    let mut config = ClientConfig::clone(&identity.client(None));
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let tcp = TcpStream::connect(b.at).await.unwrap();
    let name = "example.org".try_into().unwrap();
    let error = TlsConnector::from(Arc::new(config)).connect(name, tcp).await.unwrap_err();
    assert!(
        matches!(error.kind(), std::io::ErrorKind::UnexpectedEof | std::io::ErrorKind::ConnectionReset),
        "not an alert: {error:?}"
    );
}

#[tokio::test]
async fn a_device_key_that_somebody_only_claims_is_refused() {
    let mut b = end(2).await;
    let victim = secret(7).device_id();
    let liar = Identity::new(&[66; 32]);
    let mut config = ClientConfig::clone(&liar.client(Some(b.device)));
    config.client_auth_cert_resolver = Arc::new(AlwaysResolvesClientRawPublicKeys::new(claiming(victim)));
    let tcp = TcpStream::connect(b.at).await.unwrap();
    let name = "example.org".try_into().unwrap();
    // The listener's answer to the client's last flight comes when the client thinks that it is done.
    if let Ok(mut stream) = TlsConnector::from(Arc::new(config)).connect(name, tcp).await {
        let _ = stream.write_all(b"GET /link HTTP/1.1\r\n").await;
        assert_eq!(rest(&mut stream).await, b"");
    }
    honest_gets_in(&mut b).await;
}

/// The public key of `victim`, with a secret that is not theirs.
fn claiming(victim: DeviceId) -> Arc<CertifiedKey> {
    let spki = [&tls::SPKI[..], &victim.0[..]].concat();
    let mine = tls::certified(&rustls::crypto::ring::default_provider(), &[66; 32]);
    Arc::new(CertifiedKey::new(vec![spki.into()], mine.key.clone()))
}

#[tokio::test]
async fn a_thousand_slow_handshakes_leave_room_for_an_honest_one() {
    let mut b = end(2).await;
    let mut slow = Vec::new();
    for _ in 0..1000 {
        let mut tcp = TcpStream::connect(b.at).await.unwrap();
        let _ = tcp.write_all(&[0x16]).await;
        slow.push(tcp);
    }
    honest_gets_in(&mut b).await;
}

#[tokio::test]
async fn a_handshake_has_its_time_and_no_more() {
    let b = end_with(2, Limits { handshake_time: Duration::from_millis(200), ..Limits::default() }).await;
    let mut before_tls = TcpStream::connect(b.at).await.unwrap();
    before_tls.write_all(&[0x16]).await.unwrap();
    assert_eq!(rest(&mut before_tls).await, b"");
    let after_tls = tcp::dial(b.at, &Identity::new(&[66; 32]), None).await.unwrap();
    let mut stream = after_tls.stream;
    stream.write_all(b"GET /link HTTP/1.1\r\n").await.unwrap();
    assert_eq!(rest(&mut stream).await, b"");
}

#[tokio::test]
async fn nobody_may_send_much_before_the_handshake_is_done() {
    let mut b = end(2).await;
    let mut stream = tcp::dial(b.at, &Identity::new(&[66; 32]), None).await.unwrap().stream;
    let _ = stream.write_all(b"GET /link HTTP/1.1\r\n").await;
    for _ in 0..100 {
        let line = format!("x-filler: {}\r\n", "x".repeat(100));
        if stream.write_all(line.as_bytes()).await.is_err() {
            break;
        }
    }
    assert_eq!(rest(&mut stream).await, b"");
    honest_gets_in(&mut b).await;
}

#[tokio::test]
async fn requests_of_a_browser_are_refused() {
    let mut b = end(2).await;
    for header in ["Origin: https://example.org", "Origin: null", "Cookie: a=b"] {
        let mut stream = tcp::dial(b.at, &Identity::new(&[66; 32]), None).await.unwrap().stream;
        let request = format!(
            "GET /link HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{header}\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let answer = rest(&mut stream).await;
        assert!(answer.starts_with(b"HTTP/1.1 403"), "{}", String::from_utf8_lossy(&answer));
    }
    honest_gets_in(&mut b).await;
}

#[tokio::test]
async fn a_frame_of_64_mib_is_closed_by_its_length_alone() {
    let mut b = end(2).await;
    assert_eq!(answer_to(&mut b, frame(0x82, 64 << 20, &[1; 1000])).await, 1009);
    assert_eq!(answer_to(&mut b, frame(0x82, u64::MAX >> 1, &[])).await, 1009);
    let one_too_many = MAX_MESSAGE + 1;
    assert_eq!(answer_to(&mut b, frame(0x82, one_too_many as u64, &vec![1; one_too_many])).await, 1009);
}

#[tokio::test]
async fn a_million_fragments_do_not_make_an_endless_message() {
    let mut b = end(2).await;
    for part in [&b""[..], b"x"] {
        let mut bytes = frame(0x02, 1, b"x");
        let fragment = frame(0x00, part.len() as u64, part);
        bytes.extend(fragment.repeat(1_000_000));
        assert_eq!(answer_to(&mut b, bytes).await, 1009);
    }
}

#[tokio::test]
async fn floods_of_control_frames_and_empty_messages_are_closed() {
    let mut b = end(2).await;
    for head in [0x89, 0x8a, 0x82] {
        let mut stream = insider(&mut b).await;
        let _ = stream.write_all(&frame(head, 0, b"").repeat(100_000)).await;
        let _ = stream.flush().await;
        let sent = rest(&mut stream).await;
        // Pongs may come before the close.
        let close = sent.windows(4).position(|four| four[0] == 0x88 && four[1] as usize >= 2).unwrap();
        assert_eq!(close_code(&sent[close..]), u16::from(CloseCode::Flood));
        b.down().await;
    }
    honest_gets_in(&mut b).await;
}

#[tokio::test]
async fn what_is_no_message_of_ours_is_closed_with_a_reason() {
    let mut b = end(2).await;
    assert_eq!(answer_to(&mut b, frame(0x81, 2, b"hi")).await, 1003);
    assert_eq!(answer_to(&mut b, frame(0xc2, 2, b"hi")).await, 1002, "compressed, as a deflate bomb is");
    assert_eq!(answer_to(&mut b, vec![0x82, 2, b'h', b'i']).await, 1002, "a client must mask");
    assert_eq!(answer_to(&mut b, frame(0x82, 3, &[0xff; 3])).await, u16::from(CloseCode::Malformed));
}

#[tokio::test]
async fn one_noisy_peer_does_not_keep_others_from_talking() {
    let (mut a, mut b) = (end(1).await, end(2).await);
    let (at_a, at_b) = linked(&mut a, &mut b).await;
    let mut noisy = insider(&mut b).await;
    let noise = tokio::spawn(async move {
        let ping = frame(0x89, 0, b"").repeat(16);
        let message = protocol::frame::encode_message(&frames(b"noise"));
        let message = [ping, frame(0x82, message.len() as u64, &message)].concat();
        while noisy.write_all(&message).await.is_ok() {}
    });
    for _ in 0..100 {
        a.links.send(at_a, &frames(b"hello"));
        loop {
            if let LinkEvent::Received { link, .. } = b.next().await
                && link == at_b
            {
                break;
            }
        }
    }
    noise.abort();
}
