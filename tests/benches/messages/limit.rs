//! The limit: what this machine can do at most for a durable, encrypted, signed and acknowledged message.
//!
//! Two processes on loopback. The writer encrypts with Megolm, signs, stores and commits (SQLite, WAL, synchronous
//! FULL), then sends; the reader verifies, decrypts, stores and commits, then acknowledges. No protocol, no page, no
//! TLS, no SQLCipher: only the steps that nobody can leave out.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use futures_util::{FutureExt, SinkExt, StreamExt};
use rusqlite::{Connection, params};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::{Bytes, Message};
use vodozemac::megolm::{GroupSession, InboundGroupSession, MegolmMessage, SessionConfig, SessionKey};

/// Bytes of plaintext in every message.
pub(crate) const BODY: usize = 256;
const SCHEMA: &str =
    "CREATE TABLE message(id INTEGER PRIMARY KEY, seq INTEGER NOT NULL UNIQUE, body BLOB NOT NULL);
    CREATE TABLE state(k INTEGER PRIMARY KEY, v BLOB NOT NULL);";
const INSERT: &str = "INSERT INTO message(seq, body) VALUES(?1, ?2)";
const PUT: &str = "INSERT INTO state(k, v) VALUES(?1, ?2) ON CONFLICT(k) DO UPDATE SET v = excluded.v";

/// One slice of time: how many were acknowledged per second, and how long each took where one was in flight.
#[derive(Debug, Default)]
pub(crate) struct Slice {
    pub(crate) per_second: f64,
    pub(crate) micros: Vec<f64>,
}

/// Runs the writer against a reader process for `time`, with at most `window` messages unacknowledged.
pub(crate) async fn write(folder: &Path, window: usize, time: Duration) -> Result<Slice> {
    let key = SigningKey::from_bytes(&[7; 32]);
    let mut session = GroupSession::new(SessionConfig::version_1());
    let hello = [key.verifying_key().as_bytes().as_slice(), &session.session_key().to_bytes()].concat();
    let (mut reader, address) = spawn(&["limit-reader", &folder.join("reader.db").display().to_string()])?;
    let store = open(&folder.join("writer.db"))?;

    let stream = TcpStream::connect(&address).await?;
    stream.set_nodelay(true)?;
    let (mut socket, _) = tokio_tungstenite::client_async(format!("ws://{address}/"), stream).await?;
    socket.send(Message::Binary(hello.into())).await?;

    let body = vec![9; BODY];
    let burst = (window / 2).max(1);
    let (mut sent, mut acked) = (0_u64, 0_u64);
    let mut slice = Slice::default();
    let started = Instant::now();
    loop {
        let over = started.elapsed() > time;
        if over && acked == sent {
            break;
        }
        let round = Instant::now();
        if !over && (sent - acked) as usize + burst <= window {
            let mut out = Vec::with_capacity(burst);
            store.execute_batch("BEGIN IMMEDIATE")?;
            for _ in 0..burst {
                sent += 1;
                let sealed = session.encrypt(&body).to_bytes();
                let signature = key.sign(&sealed);
                store.prepare_cached(INSERT)?.execute(params![sent.cast_signed(), &body])?;
                out.push(Bytes::from([signature.to_bytes().as_slice(), &sealed].concat()));
            }
            let ratchet = serde_json::to_vec(&session.pickle())?;
            store.prepare_cached(PUT)?.execute(params![1, ratchet])?;
            store.execute_batch("COMMIT")?;
            for message in out {
                socket.feed(Message::Binary(message)).await?;
            }
            socket.flush().await?;
            if window > 1 {
                continue;
            }
        }
        let answer = socket.next().await.context("the reader ended")??.into_data();
        acked = u64::from_le_bytes(answer[..].try_into()?);
        if window == 1 && !over {
            slice.micros.push(round.elapsed().as_secs_f64() * 1e6);
        }
    }
    slice.per_second = acked as f64 / started.elapsed().as_secs_f64();
    reader.kill()?;
    reader.wait()?;
    Ok(slice)
}

/// The reader's process.
pub(crate) async fn read(file: &Path) -> Result<()> {
    let store = open(file)?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    let (stream, _) = listener.accept().await?;
    stream.set_nodelay(true)?;
    let mut socket = tokio_tungstenite::accept_async(stream).await?;
    let hello = socket.next().await.context("no hello")??.into_data();
    let key = VerifyingKey::from_bytes(hello[..32].try_into()?)?;
    let mut session =
        InboundGroupSession::new(&SessionKey::from_bytes(&hello[32..])?, SessionConfig::version_1());

    let mut count = 0_u64;
    while let Some(Ok(first)) = socket.next().await {
        let mut batch = vec![first.into_data()];
        while batch.len() < 1024 {
            match socket.next().now_or_never() {
                Some(Some(Ok(more))) => batch.push(more.into_data()),
                _ => break,
            }
        }
        store.execute_batch("BEGIN IMMEDIATE")?;
        for message in batch.iter().filter(|message| message.len() > 64) {
            let (signature, sealed) = message.split_at(64);
            key.verify_strict(sealed, &Signature::from_slice(signature)?)?;
            let opened = session.decrypt(&MegolmMessage::from_bytes(sealed)?)?;
            count += 1;
            store.prepare_cached(INSERT)?.execute(params![count.cast_signed(), opened.plaintext])?;
        }
        let ratchet = serde_json::to_vec(&session.pickle())?;
        store.prepare_cached(PUT)?.execute(params![1, ratchet])?;
        store.execute_batch("COMMIT")?;
        socket.send(Message::Binary(count.to_le_bytes().to_vec().into())).await?;
    }
    Ok(())
}

fn open(file: &Path) -> Result<Connection> {
    let store = Connection::open(file)?;
    store.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;")?;
    store.execute_batch(SCHEMA)?;
    Ok(store)
}

/// Starts this program again with other arguments; gives the first line that it prints.
fn spawn(args: &[&str]) -> Result<(Child, String)> {
    let mut child = Command::new(std::env::current_exe()?).args(args).stdout(Stdio::piped()).spawn()?;
    let mut line = String::new();
    BufReader::new(child.stdout.take().context("stdout is piped")?).read_line(&mut line)?;
    Ok((child, line.trim().to_owned()))
}
