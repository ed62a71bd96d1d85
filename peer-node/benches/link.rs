//! The link beside its limit: round trips and one-way rate of 256-byte messages, over device-key TLS with
//! decoding, and over a bare WebSocket on TCP; alternated in one run. `cargo bench -p peer-node --bench link`

use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use peer_node::link::{self, Handle, Limits, LinkEvent};
use protocol::{
    frame::{Frame, SealedLetter},
    identity::LinkSecret,
    ids::LinkId,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::mpsc,
};
use tokio_tungstenite::{WebSocketStream, tungstenite::Message};

const ROUNDS: usize = 5;
const ECHOES: usize = 3_000;
const ONE_WAY: usize = 50_000;
/// Messages that may be under way, and after how many the receiver says so.
const WINDOW: usize = 1_024;
const ACK: usize = 256;
const BYTES: usize = 256;

/// One round's figures: microseconds and messages per second.
struct Round {
    p50: f64,
    p99: f64,
    rate: f64,
}

/// Two ends that send one message and wait for one.
trait Pair {
    async fn send(&mut self, from_a: bool, count: usize);
    async fn wait(&mut self, at_a: bool, count: usize);
}

struct Links {
    ends: [(Handle, mpsc::Receiver<LinkEvent>, LinkId); 2],
    frames: Vec<Frame>,
}

impl Links {
    async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound").to_string().parse().expect("an address");
        let secret = |seed| LinkSecret::from_secret_bytes([seed; 32]);
        let (b, mut b_events) = link::start(&secret(2), Some(listener), Limits::default());
        let (a, mut a_events) = link::start(&secret(1), None, Limits::default());
        a.dial(secret(2).device_id(), vec![address]);
        let (at_a, at_b) = (up(&mut a_events).await, up(&mut b_events).await);
        let frames = vec![Frame::Letter(SealedLetter { sealed: vec![7; BYTES] })];
        Self { ends: [(a, a_events, at_a), (b, b_events, at_b)], frames }
    }
}

async fn up(events: &mut mpsc::Receiver<LinkEvent>) -> LinkId {
    match events.recv().await {
        Some(LinkEvent::Up { link, .. }) => link,
        other => panic!("no link: {other:?}"),
    }
}

impl Pair for Links {
    async fn send(&mut self, from_a: bool, count: usize) {
        let (links, _, link) = &self.ends[usize::from(!from_a)];
        for _ in 0..count {
            links.send(*link, &self.frames);
        }
    }

    async fn wait(&mut self, at_a: bool, count: usize) {
        let events = &mut self.ends[usize::from(!at_a)].1;
        for _ in 0..count {
            let event = events.recv().await;
            assert!(matches!(event, Some(LinkEvent::Received { .. })), "{event:?}");
        }
    }
}

/// The limit: tungstenite on TCP, a task for each direction of each end, as little else as can be.
struct Bare {
    ends: [(mpsc::Sender<Message>, mpsc::Receiver<()>); 2],
}

impl Bare {
    async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let at = listener.local_addr().expect("bound");
        let server = async {
            let (tcp, _) = listener.accept().await.expect("a connection");
            tcp.set_nodelay(true).expect("an option");
            tokio_tungstenite::accept_async(tcp).await.expect("a handshake")
        };
        let client = async {
            let tcp = TcpStream::connect(at).await.expect("a connection");
            tcp.set_nodelay(true).expect("an option");
            tokio_tungstenite::client_async("ws://localhost/", tcp).await.expect("a handshake").0
        };
        let (b, a) = tokio::join!(server, client);
        Self { ends: [bare_end(a), bare_end(b)] }
    }
}

fn bare_end(ws: WebSocketStream<TcpStream>) -> (mpsc::Sender<Message>, mpsc::Receiver<()>) {
    let (mut sink, mut stream) = ws.split();
    let (out, mut queue) = mpsc::channel::<Message>(4 * WINDOW);
    let (arrived, arrivals) = mpsc::channel(4 * WINDOW);
    tokio::spawn(async move {
        while let Some(first) = queue.recv().await {
            sink.feed(first).await.expect("the peer is there");
            while let Ok(next) = queue.try_recv() {
                sink.feed(next).await.expect("the peer is there");
            }
            sink.flush().await.expect("the peer is there");
        }
    });
    tokio::spawn(async move {
        while let Some(Ok(_)) = stream.next().await {
            if arrived.send(()).await.is_err() {
                return;
            }
        }
    });
    (out, arrivals)
}

impl Pair for Bare {
    async fn send(&mut self, from_a: bool, count: usize) {
        for _ in 0..count {
            let message = Message::Binary(vec![7; BYTES].into());
            self.ends[usize::from(!from_a)].0.send(message).await.expect("the end is there");
        }
    }

    async fn wait(&mut self, at_a: bool, count: usize) {
        for _ in 0..count {
            self.ends[usize::from(!at_a)].1.recv().await.expect("the end is there");
        }
    }
}

async fn round(pair: &mut impl Pair) -> Round {
    let mut times: Vec<f64> = Vec::with_capacity(ECHOES);
    for _ in 0..ECHOES {
        let start = Instant::now();
        pair.send(true, 1).await;
        pair.wait(false, 1).await;
        pair.send(false, 1).await;
        pair.wait(true, 1).await;
        times.push(start.elapsed().as_secs_f64() * 1e6);
    }
    times.sort_by(f64::total_cmp);
    let start = Instant::now();
    let (mut sent, mut taken, mut acked) = (0, 0, 0);
    while acked < ONE_WAY {
        let more = (WINDOW - (sent - acked)).min(ONE_WAY - sent);
        pair.send(true, more).await;
        sent += more;
        let part = ACK.min(ONE_WAY - taken);
        pair.wait(false, part).await;
        taken += part;
        pair.send(false, 1).await;
        pair.wait(true, 1).await;
        acked = taken;
    }
    let rate = ONE_WAY as f64 / start.elapsed().as_secs_f64();
    Round { p50: times[ECHOES / 2], p99: times[ECHOES * 99 / 100], rate }
}

type Of = fn(&Round) -> f64;

fn median(rounds: &[Round], of: Of) -> f64 {
    let mut values: Vec<f64> = rounds.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[tokio::main]
async fn main() {
    let (mut links, mut bare) = (Links::open().await, Bare::open().await);
    let (mut ours, mut limit) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(round(&mut links).await);
        limit.push(round(&mut bare).await);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    println!("{:<34} {:>12} {:>12} {:>8}", "256-byte messages, two ends", "link", "bare", "ratio");
    let figures: [(&str, Of); 3] = [
        ("round trip p50, us", |round| round.p50),
        ("round trip p99, us", |round| round.p99),
        ("one way, window 1024, messages/s", |round| round.rate),
    ];
    for (name, of) in figures {
        let (ours, limit) = (median(&ours, of), median(&limit, of));
        println!("{name:<34} {ours:>12.1} {limit:>12.1} {:>8.2}", ours / limit);
    }
    println!("load {}", std::fs::read_to_string("/proc/loadavg").unwrap_or_default().trim());
}
