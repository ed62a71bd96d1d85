//! How fast the store takes batches and gives pages, beside what the disk can do in the same run.
//!
//! `cargo bench -p peer-node --bench store [-- <folder on the disk to measure>]`. A message is what the machine writes
//! for one: an event, a timeline entry with its search row, and the replaced record of a ratchet (1.2 kB).

use std::{
    fs::File,
    io::{self, Write as _},
    path::Path,
    time::{Duration, Instant},
};

use peer_node::{
    store::{Marks, Options, Page, Store, Words},
    vault::DatabaseKey,
};
use protocol::{
    body::{Body, kind},
    event::{Class, Content, Event, EventBody, Genesis, NewHeader},
    identity::ChainKey,
    ids::{ChainId, ConversationId, DeviceId, EventId, MsgId, UserId},
    node::{Commit, Conversation, KeyState, Person, Relation, Write},
    time::{Ord64, WallMs},
    timeline::{Entry, Key},
};

const WORDS: [&str; 16] = [
    "tomorrow", "the", "train", "leaves", "at", "seven", "bring", "coffee", "and", "a", "warm", "coat",
    "please", "see", "you", "there",
];
/// Conversations in the list, each with a few unread messages, the busy one among them.
const OTHERS: u8 = 200;
const ROUNDS: usize = 5;
const SLICE: Duration = Duration::from_millis(700);

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Cargo passes `--bench` as well.
    let folder = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let folder = match &folder {
        Some(folder) => tempfile::tempdir_in(folder)?,
        None => tempfile::tempdir()?,
    };
    let options = Options { marks: Marks::Folder(folder.path().join("marks")) };
    let store = Store::open_with(folder.path(), &DatabaseKey::generate()?, &options).await?;
    let mut source = Source::new();
    for other in 0..OTHERS {
        store.clone().commit(source.begin(other)).await?;
    }

    let sizes = [1, 100, 256];
    let mut flushes = Vec::new();
    let mut rates = [const { Vec::new() }; 3];
    for _ in 0..ROUNDS {
        flushes.push(flush_rate(folder.path())?);
        for (size, rates) in sizes.iter().zip(&mut rates) {
            rates.push(commit_rate(&store, &mut source, *size).await?);
        }
    }
    let flush = median(&mut flushes);
    println!("4 KiB append + flush                {flush:9.0} /s    the limit of this disk");
    for (size, rates) in sizes.iter().zip(&mut rates) {
        let rate = median(rates);
        let commits = rate / *size as f64;
        println!(
            "{size:4} messages in a transaction       {rate:9.0} msg/s  {:5.2} commits per flush",
            commits / flush
        );
    }

    println!("{} messages are stored now", source.written);
    let letter = Words::of("t").expect("a letter");
    let words = Words::of("warm coa").expect("two words");
    for (what, took) in [
        (
            "newest page of 50",
            time(async || store.timeline(source.room, Page::Newest, 50).await.map(drop)).await?,
        ),
        ("list of 200 conversations", time(async || store.conversations().await.map(drop)).await?),
        ("search of one letter", time(async || store.search(&letter, None, None, 50).await.map(drop)).await?),
        ("search of two words", time(async || store.search(&words, None, None, 50).await.map(drop)).await?),
        (
            "256 KiB of events",
            time(async || store.events(source.key.chain_id(), 2, 256 << 10).await.map(drop)).await?,
        ),
    ] {
        println!("{what:30} {:9.2} ms (median)", took.as_secs_f64() * 1e3);
    }
    store.close().await?;
    Ok(())
}

/// Makes the writes of one busy conversation. Signing is done before the clock runs.
struct Source {
    key: ChainKey,
    room: ConversationId,
    seq: u64,
    prev: EventId,
    written: u64,
}

impl Source {
    fn new() -> Self {
        let key = ChainKey::from_secret_bytes([7; 32]);
        Self { key, room: ConversationId([0xff; 32]), seq: 0, prev: EventId([0; 32]), written: 0 }
    }

    fn event(&mut self, body: EventBody) -> Write {
        self.seq += 1;
        let new = NewHeader {
            seq: self.seq,
            prev: self.prev,
            hlc: Ord64(self.seq << 16),
            deps: vec![],
            expires: 0,
        };
        let event = Event::sign(&self.key, new, body);
        self.prev = event.id();
        Write::Event { conversation: self.room, event }
    }

    /// A conversation with somebody; the first is the busy one.
    fn begin(&mut self, other: u8) -> Vec<Write> {
        let user = UserId([other; 32]);
        let room = if other == 0 { self.room } else { ConversationId([other; 32]) };
        let person = Person {
            user,
            username: format!("person_{other}"),
            relation: Relation::Contact,
            keys: KeyState::Pinned,
            account_key: [9; 32],
            since: WallMs(0),
            conversation: room,
            replaces: None,
        };
        let mut writes = vec![
            Write::Conversation(Conversation { id: room, with: user, created: WallMs(0) }),
            Write::Person(person),
        ];
        if other == 0 {
            let conversation = self.room;
            let (class, owner) = (Class::Content, DeviceId([6; 32]));
            writes.push(self.event(EventBody::Genesis(Genesis {
                conversation,
                class,
                owner,
                incarnation: 1,
                previous: None,
            })));
        }
        writes.extend((0..20).map(|n| {
            let mut id = [other; 16];
            id[0] = n;
            let key = Key { ord: u64::from(n), chain: ChainId([other; 32]), seq: u64::from(n) };
            Write::Entry(entry(room, MsgId(id), key, user, "see you there"))
        }));
        writes
    }

    fn batch(&mut self, messages: usize) -> Vec<Write> {
        let mut writes = Vec::with_capacity(messages * 3);
        for _ in 0..messages {
            writes.push(self.event(EventBody::Content(Content { epoch: 1, megolm: vec![0x5a; 240] })));
            self.written += 1;
            let id = MsgId(
                blake3::hash(&self.written.to_le_bytes()).as_bytes()[..16].try_into().expect("16 bytes"),
            );
            let at = self.written as usize;
            let text: Vec<&str> =
                (0..10).map(|word| WORDS[(at * 7 + word * (1 + at % 5)) % WORDS.len()]).collect();
            let key = Key { ord: self.seq << 16, chain: self.key.chain_id(), seq: self.seq };
            writes.push(Write::Entry(entry(self.room, id, key, UserId([0; 32]), &text.join(" "))));
            writes.push(Write::Record { key: b"megolm".to_vec(), value: Some(vec![0x33; 1200]) });
        }
        writes
    }
}

fn entry(conversation: ConversationId, id: MsgId, key: Key, author: UserId, text: &str) -> Entry {
    Entry {
        conversation,
        target: id,
        msg_id: id,
        key,
        author,
        mine: false,
        wall: WallMs(key.ord),
        received: WallMs(key.ord),
        kind: kind::TEXT,
        data: Body::text(text).to_data(),
        ttl_s: None,
    }
}

async fn commit_rate(
    store: &Store,
    source: &mut Source,
    size: usize,
) -> Result<f64, peer_node::store::Error> {
    let mut store = store.clone();
    let (mut messages, mut spent) = (0, Duration::ZERO);
    while spent < SLICE {
        let batch = source.batch(size);
        let start = Instant::now();
        store.commit(batch).await?;
        spent += start.elapsed();
        messages += size;
    }
    Ok(messages as f64 / spent.as_secs_f64())
}

fn flush_rate(folder: &Path) -> io::Result<f64> {
    let path = folder.join("flush");
    let mut file = File::create(&path)?;
    let (start, mut flushes) = (Instant::now(), 0);
    while start.elapsed() < SLICE {
        file.write_all(&[0x5a; 4096])?;
        file.sync_data()?;
        flushes += 1;
    }
    let rate = f64::from(flushes) / start.elapsed().as_secs_f64();
    std::fs::remove_file(path)?;
    Ok(rate)
}

async fn time<E>(mut run: impl AsyncFnMut() -> Result<(), E>) -> Result<Duration, E> {
    let mut times = Vec::new();
    for _ in 0..41 {
        let start = Instant::now();
        run().await?;
        times.push(start.elapsed());
    }
    times.sort();
    Ok(times[times.len() / 2])
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
