use protocol::{
    body::{Body, kind},
    event::{Class, Content as Sealed, Event, EventBody, Genesis, NewHeader},
    identity::ChainKey,
    ids::{ChainId, ConversationId, DeviceId, EventId, MsgId, UserId},
    node::{Commit, Conversation, Cursor, KeyState, Person, Relation, Write},
    time::{Ord64, WallMs},
    timeline::{Content, Entry, Item, Key, NO_CHAIN},
};
use tempfile::TempDir;

use super::*;

mod basics;
mod checking;
mod clearing;
mod failures;
mod killed;
mod marks;
mod pages;
mod passages;
mod rebuilding;
mod searching;
mod vanishing;

const ME: UserId = UserId([1; 32]);
const BOB: UserId = UserId([2; 32]);
const CHAT: ConversationId = ConversationId([3; 32]);
const MINE: ChainId = ChainId([4; 32]);
const HIS: ChainId = ChainId([5; 32]);

/// A data folder of its own, with its marks beside it.
struct Folder {
    dir: TempDir,
    key: DatabaseKey,
}

impl Folder {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("data")).unwrap();
        Self { dir, key: DatabaseKey::generate().unwrap() }
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    fn options(&self) -> Options {
        Options { marks: Marks::Folder(self.dir.path().join("marks")) }
    }

    async fn open(&self) -> Store {
        self.try_open().await.unwrap()
    }

    async fn try_open(&self) -> Result<Store, Error> {
        Store::open_with(&self.data(), &self.key, &self.options()).await
    }
}

async fn fresh() -> (Folder, Store) {
    let folder = Folder::new();
    let store = folder.open().await;
    (folder, store)
}

fn msg(n: u64) -> MsgId {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes());
    id[8..].copy_from_slice(&n.to_le_bytes());
    MsgId(id)
}

/// What `author` wrote at `ord` as event `seq` of their chain.
fn text(author: UserId, n: u64, ord: u64, seq: u64, text: &str) -> Entry {
    let mine = author == ME;
    Entry {
        conversation: CHAT,
        target: msg(n),
        msg_id: msg(n),
        key: Key { ord, chain: if mine { MINE } else { HIS }, seq },
        author,
        mine,
        wall: WallMs(1_000 + ord),
        received: WallMs(2_000 + n),
        kind: kind::TEXT,
        data: Body::text(text).to_data(),
        ttl_s: None,
    }
}

fn chat() -> Vec<Write> {
    vec![
        Write::Conversation(Conversation { id: CHAT, with: BOB, created: WallMs(500) }),
        Write::Person(person(BOB, "bob")),
    ]
}

fn person(user: UserId, name: &str) -> Person {
    Person {
        user,
        username: name.to_owned(),
        relation: Relation::Contact,
        keys: KeyState::Pinned,
        account_key: [9; 32],
        since: WallMs(400),
        conversation: CHAT,
        replaces: None,
    }
}

fn reading(reader: UserId, chain: ChainId, delivered: u64, read: u64) -> Write {
    let cursor = Cursor { conversation: CHAT, reader, chain, delivered, read };
    Write::Cursor { cursor, at: WallMs(3_000) }
}

async fn commit(store: &Store, writes: Vec<Write>) {
    store.clone().commit(writes).await.unwrap();
}

fn texts(items: &[Item]) -> Vec<&str> {
    items.iter().map(|item| item.words().unwrap()).collect()
}

async fn found(store: &Store, query: &str, within: Option<ConversationId>, limit: usize) -> Vec<Item> {
    let Some(words) = Words::of(query) else { return Vec::new() };
    store.search(&words, within, None, limit).await.unwrap().hits.into_iter().map(|hit| hit.item).collect()
}

/// A chain of real events: a genesis and `n - 1` messages.
fn chain(seed: u8, n: u64) -> Vec<Event> {
    let key = ChainKey::from_secret_bytes([seed; 32]);
    let mut prev = EventId([0; 32]);
    let event = |seq| {
        let body = if seq == 1 {
            EventBody::Genesis(Genesis {
                conversation: CHAT,
                class: Class::Content,
                owner: DeviceId([6; 32]),
                incarnation: 1,
                previous: None,
            })
        } else {
            EventBody::Content(Sealed { epoch: 1, megolm: vec![u8::try_from(seq % 251).unwrap(); 200] })
        };
        let new = NewHeader { seq, prev, hlc: Ord64(seq << 16), deps: vec![], expires: 0 };
        let event = Event::sign(&key, new, body);
        prev = event.id();
        event
    };
    (1..=n).map(event).collect()
}
