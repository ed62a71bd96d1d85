//! The limit: the least that a durable, encrypted, signed, acknowledged message costs. Two threads with a bare
//! WebSocket between them, one SQLite file each (WAL, synchronous FULL), Megolm and an Ed25519 signature per
//! message, the ratchet stored in every commit, commits and acknowledgements in groups.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use futures_util::{FutureExt, SinkExt, StreamExt};
use rusqlite::{Connection, params};
use tokio::{
    net::{TcpListener, TcpStream},
    runtime::{Builder, Runtime},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Bytes, Message},
};
use vodozemac::megolm::{GroupSession, InboundGroupSession, MegolmMessage, SessionKey};

use crate::{BYTES, Figures, percentile};

const SCHEMA: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
    CREATE TABLE message (id INTEGER PRIMARY KEY, msg_id BLOB NOT NULL UNIQUE, body BLOB NOT NULL);
    CREATE TABLE state (key INTEGER PRIMARY KEY, value BLOB);";
const INSERT: &str = "INSERT INTO message (msg_id, body) VALUES (?1, ?2)";
const STATE: &str =
    "INSERT INTO state VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
const PICKLE_KEY: [u8; 32] = [5; 32];
/// The receiver's commit takes at most so many.
const GROUP: usize = 1_024;
const ID: usize = 16;
const SIGNATURE: usize = 64;

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime")
}

fn database(dir: &Path, name: &str) -> Connection {
    let database = Connection::open(dir.join(name)).expect("a database");
    database.execute_batch(SCHEMA).expect("a schema");
    database
}

/// One run with `window` messages under way at most.
pub(crate) fn run(window: usize, time: Duration) -> Figures {
    let dir = tempfile::tempdir_in(crate::data_dir()).expect("a folder");
    let (tell, told) = std::sync::mpsc::channel();
    let path = dir.path().to_owned();
    let receiver = std::thread::spawn(move || {
        runtime().block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
            tell.send(listener.local_addr().expect("bound")).expect("the sender waits");
            let (tcp, _) = listener.accept().await.expect("the sender");
            tcp.set_nodelay(true).expect("an option");
            receive(tokio_tungstenite::accept_async(tcp).await.expect("a handshake"), &path).await;
        });
    });
    let at = told.recv().expect("the receiver listens");
    let figures = runtime().block_on(async {
        let tcp = TcpStream::connect(at).await.expect("the receiver");
        tcp.set_nodelay(true).expect("an option");
        let (ws, _) = tokio_tungstenite::client_async("ws://limit/", tcp).await.expect("a handshake");
        send(ws, dir.path(), window, time).await
    });
    receiver.join().expect("the receiver ends with the link");
    figures
}

async fn receive(mut ws: WebSocketStream<TcpStream>, dir: &Path) {
    let database = database(dir, "receiver.db");
    let mut insert = database.prepare(INSERT).expect("a statement");
    let mut state = database.prepare(STATE).expect("a statement");
    let keys = ws.next().await.expect("keys").expect("keys").into_data();
    let author = VerifyingKey::from_bytes(keys[..32].try_into().expect("32 bytes")).expect("a key");
    let session = SessionKey::from_bytes(&keys[32..]).expect("a session key");
    let mut session = InboundGroupSession::new(&session, Default::default());
    let mut taken = 0_u64;
    let mut group: Vec<Bytes> = Vec::new();
    while let Some(Ok(first)) = ws.next().await {
        group.clear();
        group.extend(first.is_binary().then(|| first.into_data()));
        while group.len() < GROUP {
            match ws.next().now_or_never() {
                Some(Some(Ok(next))) if next.is_binary() => group.push(next.into_data()),
                _ => break,
            }
        }
        if group.is_empty() {
            continue;
        }
        database.execute_batch("BEGIN IMMEDIATE").expect("a transaction");
        for message in &group {
            let (id, rest) = message.split_at(ID);
            let (signature, sealed) = rest.split_at(SIGNATURE);
            let signature = Signature::from_slice(signature).expect("64 bytes");
            author.verify_strict(blake3::hash(sealed).as_bytes(), &signature).expect("it was signed");
            let sealed = MegolmMessage::try_from(sealed).expect("a message");
            let opened = session.decrypt(&sealed).expect("it was sealed");
            insert.execute(params![id, opened.plaintext]).expect("a row");
            taken += 1;
        }
        state.execute(params![1, session.pickle().encrypt(&PICKLE_KEY)]).expect("a row");
        database.execute_batch("COMMIT").expect("committed");
        if ws.send(Message::Binary(taken.to_le_bytes().to_vec().into())).await.is_err() {
            return;
        }
    }
}

async fn send(mut ws: WebSocketStream<TcpStream>, dir: &Path, window: usize, time: Duration) -> Figures {
    let database = database(dir, "sender.db");
    let mut insert = database.prepare(INSERT).expect("a statement");
    let mut state = database.prepare(STATE).expect("a statement");
    let author = SigningKey::from_bytes(&rand::random());
    let mut session = GroupSession::new(Default::default());
    let keys = [&author.verifying_key().to_bytes()[..], &session.session_key().to_bytes()].concat();
    ws.send(Message::Binary(keys.into())).await.expect("the receiver");
    let body = [9_u8; BYTES];
    let group = (window / 2).max(1);
    let (mut sent, mut acked) = (0, 0);
    let (mut times, mut out) = (Vec::new(), Vec::new());
    let start = Instant::now();
    loop {
        let stop = start.elapsed() > time;
        if stop && acked == sent {
            break;
        }
        let began = Instant::now();
        if !stop && sent - acked + group <= window {
            database.execute_batch("BEGIN IMMEDIATE").expect("a transaction");
            for _ in 0..group {
                let id: [u8; ID] = rand::random();
                insert.execute(params![id, body]).expect("a row");
                let sealed = session.encrypt(body).to_bytes();
                let signature = author.sign(blake3::hash(&sealed).as_bytes()).to_bytes();
                out.push(Bytes::from([&id[..], &signature, &sealed].concat()));
                sent += 1;
            }
            state.execute(params![2, acked as i64]).expect("a row");
            state.execute(params![1, session.pickle().encrypt(&PICKLE_KEY)]).expect("a row");
            database.execute_batch("COMMIT").expect("committed");
            for message in out.drain(..) {
                ws.feed(Message::Binary(message)).await.expect("the receiver");
            }
            ws.flush().await.expect("the receiver");
            if window > 1 {
                continue;
            }
        }
        let ack = ws.next().await.expect("the receiver").expect("the receiver").into_data();
        acked = u64::from_le_bytes(ack[..].try_into().expect("8 bytes")) as usize;
        if window == 1 {
            times.push(began.elapsed().as_secs_f64() * 1e6);
        }
    }
    let rate = acked as f64 / start.elapsed().as_secs_f64();
    ws.close(None).await.expect("the receiver");
    Figures { rate, p50: percentile(&mut times, 50), p99: percentile(&mut times, 99) }
}
