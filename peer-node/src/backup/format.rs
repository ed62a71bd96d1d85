//! The plaintext of a backup: records in, records out.

use std::{
    io::{self, Read, Write},
    path::Path,
};

use data_encoding::BASE64;
use protocol::{
    ids::{ChainId, ConversationId, MsgId, UserId},
    node::{Conversation, Cursor, KeyState, Known, Person, Relation},
    time::WallMs,
    timeline::{Item, Key},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use zeroize::Zeroizing;

use crate::vault::RecoveryFile;

use super::Error;

const MAGIC: &[u8; 16] = b"confab backup 1\n";
/// The size of the file tells no more than this.
const PAD_TO: u64 = 1 << 20;
/// No record is longer: a message has at most some thousand bytes.
const MAX_RECORD: usize = 1 << 20;

pub(super) enum Record {
    Account(RecoveryFile),
    Person(Person),
    Conversation(Conversation),
    Cursor(Cursor),
    Setting(String, String),
    Item(Item),
    Known(Box<Known>),
    /// Of the account's own newest profile.
    Number(u64),
}

mod kind {
    pub(super) const ACCOUNT: u8 = 1;
    pub(super) const PERSON: u8 = 2;
    pub(super) const CONVERSATION: u8 = 3;
    pub(super) const CURSOR: u8 = 4;
    pub(super) const SETTING: u8 = 5;
    pub(super) const ITEM: u8 = 6;
    pub(super) const KNOWN: u8 = 7;
    pub(super) const NUMBER: u8 = 8;
    pub(super) const END: u8 = 255;
}

/// How much a backup holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    pub people: u64,
    pub conversations: u64,
    pub marks: u64,
    pub settings: u64,
    pub items: u64,
    /// People as the machine knows them; a backup of the first versions has none.
    #[serde(default)]
    pub known: u64,
}

impl Counts {
    fn add(&mut self, record: &Record) {
        match record {
            Record::Account(_) | Record::Number(_) => {}
            Record::Person(_) => self.people += 1,
            Record::Conversation(_) => self.conversations += 1,
            Record::Cursor(_) => self.marks += 1,
            Record::Setting(..) => self.settings += 1,
            Record::Item(_) => self.items += 1,
            Record::Known(_) => self.known += 1,
        }
    }
}

#[derive(Serialize, Deserialize)]
struct AccountJson {
    username: String,
    directory: Option<String>,
    account_key: String,
    history: String,
}

#[derive(Serialize, Deserialize)]
struct PersonJson {
    user: UserId,
    username: String,
    relation: String,
    keys: String,
    account_key: String,
    since: WallMs,
    conversation: ConversationId,
    replaces: Option<UserId>,
}

#[derive(Serialize, Deserialize)]
struct ConversationJson {
    id: ConversationId,
    with: UserId,
    created: WallMs,
}

#[derive(Serialize, Deserialize)]
struct CursorJson {
    conversation: ConversationId,
    reader: UserId,
    chain: ChainId,
    delivered: u64,
    read: u64,
}

#[derive(Serialize, Deserialize)]
struct SettingJson {
    key: String,
    value: String,
}

const RELATIONS: [(Relation, &str); 6] = [
    (Relation::Asked, "asked"),
    (Relation::Asking, "asking"),
    (Relation::Contact, "contact"),
    (Relation::DeclinedMe, "declined me"),
    (Relation::Declined, "declined"),
    (Relation::Blocked, "blocked"),
];
const KEYS: [(KeyState, &str); 2] = [(KeyState::Pinned, "pinned"), (KeyState::Changed, "changed")];

fn name<T: PartialEq>(names: &[(T, &'static str)], of: &T) -> String {
    let found = names.iter().find(|(value, _)| value == of);
    found.map_or_else(String::new, |(_, name)| (*name).to_owned())
}

fn named<T: Copy>(names: &[(T, &'static str)], name: &str) -> Option<T> {
    names.iter().find(|(_, known)| *known == name).map(|(value, _)| *value)
}

impl Record {
    fn to_bytes(&self) -> (u8, Zeroizing<Vec<u8>>) {
        match self {
            Record::Account(account) => {
                let RecoveryFile { username, directory, account_key, history } = account.clone();
                let account_key = BASE64.encode(account_key.as_ref());
                let history = BASE64.encode(&history);
                (kind::ACCOUNT, json(&AccountJson { username, directory, account_key, history }))
            }
            Record::Person(person) => {
                let Person { user, username, relation, keys, account_key, since, conversation, replaces } =
                    person.clone();
                let (relation, keys) = (name(&RELATIONS, &relation), name(&KEYS, &keys));
                let account_key = BASE64.encode(&account_key);
                let person =
                    PersonJson { user, username, relation, keys, account_key, since, conversation, replaces };
                (kind::PERSON, json(&person))
            }
            Record::Conversation(conversation) => {
                let Conversation { id, with, created } = conversation.clone();
                (kind::CONVERSATION, json(&ConversationJson { id, with, created }))
            }
            Record::Cursor(cursor) => {
                let Cursor { conversation, reader, chain, delivered, read } = *cursor;
                (kind::CURSOR, json(&CursorJson { conversation, reader, chain, delivered, read }))
            }
            Record::Setting(key, value) => {
                (kind::SETTING, json(&SettingJson { key: key.clone(), value: value.clone() }))
            }
            Record::Item(item) => {
                let mut bytes = Zeroizing::new(Vec::with_capacity(512));
                bytes.extend(item.conversation.0);
                bytes.extend(item.id.0);
                bytes.extend(item.key.ord.to_be_bytes());
                bytes.extend(item.key.chain.0);
                bytes.extend(item.key.seq.to_be_bytes());
                bytes.extend(item.face());
                (kind::ITEM, bytes)
            }
            Record::Known(known) => (kind::KNOWN, Zeroizing::new(known.to_bytes())),
            Record::Number(number) => (kind::NUMBER, Zeroizing::new(number.to_be_bytes().to_vec())),
        }
    }

    fn from_bytes(kind: u8, bytes: &[u8]) -> Result<Self, ReadError> {
        match kind {
            kind::ACCOUNT => {
                let AccountJson { username, directory, account_key, history } = from_json(bytes)?;
                let account_key = Zeroizing::new(base64(&Zeroizing::new(account_key))?);
                let history = BASE64.decode(history.as_bytes()).map_err(|_| ReadError::Damaged)?;
                Ok(Record::Account(RecoveryFile { username, directory, account_key, history }))
            }
            kind::PERSON => {
                let person: PersonJson = from_json(bytes)?;
                let PersonJson { user, username, relation, keys, account_key, since, conversation, replaces } =
                    person;
                let relation = named(&RELATIONS, &relation).ok_or(ReadError::Newer)?;
                let keys = named(&KEYS, &keys).ok_or(ReadError::Newer)?;
                let account_key = base64(&account_key)?;
                Ok(Record::Person(Person {
                    user,
                    username,
                    relation,
                    keys,
                    account_key,
                    since,
                    conversation,
                    replaces,
                }))
            }
            kind::CONVERSATION => {
                let ConversationJson { id, with, created } = from_json(bytes)?;
                Ok(Record::Conversation(Conversation { id, with, created }))
            }
            kind::CURSOR => {
                let CursorJson { conversation, reader, chain, delivered, read } = from_json(bytes)?;
                Ok(Record::Cursor(Cursor { conversation, reader, chain, delivered, read }))
            }
            kind::SETTING => {
                let SettingJson { key, value } = from_json(bytes)?;
                Ok(Record::Setting(key, value))
            }
            kind::ITEM => item(bytes).ok_or(ReadError::Damaged).map(Record::Item),
            kind::KNOWN => {
                let known = Known::from_bytes(bytes).map_err(|_| ReadError::Damaged)?;
                Ok(Record::Known(Box::new(known)))
            }
            kind::NUMBER => {
                let number = bytes.try_into().map_err(|_| ReadError::Damaged)?;
                Ok(Record::Number(u64::from_be_bytes(number)))
            }
            _ => Err(ReadError::Newer),
        }
    }
}

fn item(bytes: &[u8]) -> Option<Item> {
    let (conversation, rest) = bytes.split_first_chunk()?;
    let (id, rest) = rest.split_first_chunk()?;
    let (ord, rest) = rest.split_first_chunk()?;
    let (chain, rest) = rest.split_first_chunk()?;
    let (seq, face) = rest.split_first_chunk()?;
    let key = Key { ord: u64::from_be_bytes(*ord), chain: ChainId(*chain), seq: u64::from_be_bytes(*seq) };
    Item::from_face(ConversationId(*conversation), MsgId(*id), key, face).ok()
}

fn json(value: &impl Serialize) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(serde_json::to_vec(value).expect("numbers and strings always make JSON"))
}

fn from_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ReadError> {
    serde_json::from_slice(bytes).map_err(|_| ReadError::Damaged)
}

fn base64(text: &str) -> Result<[u8; 32], ReadError> {
    let bytes = BASE64.decode(text.as_bytes()).map(Zeroizing::new).map_err(|_| ReadError::Damaged)?;
    bytes.as_slice().try_into().map_err(|_| ReadError::Damaged)
}

/// Writes records, then the end and the padding.
pub(super) struct Recorder<W> {
    to: W,
    written: u64,
    counts: Counts,
}

impl<W: Write> Recorder<W> {
    pub(super) fn new(mut to: W) -> io::Result<Self> {
        to.write_all(MAGIC)?;
        Ok(Self { to, written: MAGIC.len() as u64, counts: Counts::default() })
    }

    #[expect(clippy::needless_pass_by_value, reason = "a record is written once, and may hold a key")]
    pub(super) fn write(&mut self, record: Record) -> io::Result<()> {
        self.counts.add(&record);
        let (kind, bytes) = record.to_bytes();
        self.raw(kind, &bytes)
    }

    fn raw(&mut self, kind: u8, bytes: &[u8]) -> io::Result<()> {
        let len = u32::try_from(bytes.len()).ok().filter(|_| bytes.len() <= MAX_RECORD);
        let len = len.ok_or_else(|| io::Error::other("a record is too long"))?;
        self.to.write_all(&[kind])?;
        self.to.write_all(&len.to_le_bytes())?;
        self.to.write_all(bytes)?;
        self.written += 5 + bytes.len() as u64;
        Ok(())
    }

    pub(super) fn finish(mut self) -> io::Result<(W, Counts)> {
        self.raw(kind::END, &json(&self.counts))?;
        let padding = self.written.next_multiple_of(PAD_TO) - self.written;
        io::copy(&mut io::repeat(0).take(padding), &mut self.to)?;
        Ok((self.to, self.counts))
    }
}

/// Why reading stopped.
#[derive(Debug)]
pub(super) enum ReadError {
    NotABackup,
    Damaged,
    Newer,
}

impl ReadError {
    pub(super) fn at(self, path: &Path) -> Error {
        let path = path.to_owned();
        match self {
            ReadError::NotABackup => Error::NotABackup(path),
            ReadError::Damaged => Error::Damaged(path),
            ReadError::Newer => Error::Newer(path),
        }
    }
}

/// Reads records to the end, and what stands behind it.
pub(super) struct Reader<R> {
    from: R,
    counts: Counts,
    end: Option<Counts>,
}

impl<R: Read> Reader<R> {
    pub(super) fn new(mut from: R) -> Result<Self, ReadError> {
        let mut magic = [0; MAGIC.len()];
        from.read_exact(&mut magic).map_err(|_| ReadError::Damaged)?;
        if magic != *MAGIC {
            let ours = magic.starts_with(&MAGIC[..14]);
            return Err(if ours { ReadError::Newer } else { ReadError::NotABackup });
        }
        Ok(Self { from, counts: Counts::default(), end: None })
    }

    /// The next record; nothing at the end.
    pub(super) fn next(&mut self) -> Result<Option<Record>, ReadError> {
        let mut head = [0; 5];
        self.from.read_exact(&mut head).map_err(|_| ReadError::Damaged)?;
        let [kind, len @ ..] = head;
        let len = u32::from_le_bytes(len) as usize;
        if len > MAX_RECORD {
            return Err(ReadError::Damaged);
        }
        let mut bytes = Zeroizing::new(vec![0; len]);
        self.from.read_exact(&mut bytes).map_err(|_| ReadError::Damaged)?;
        if kind == kind::END {
            self.end = Some(from_json(&bytes)?);
            return Ok(None);
        }
        let record = Record::from_bytes(kind, &bytes)?;
        self.counts.add(&record);
        Ok(Some(record))
    }

    /// Reads the padding: only behind its last byte is the file proven to be whole.
    pub(super) fn finish(mut self) -> Result<Counts, ReadError> {
        let mut bytes = [0; 16 << 10];
        loop {
            match self.from.read(&mut bytes) {
                Ok(0) => break,
                Ok(n) if bytes[..n].iter().all(|byte| *byte == 0) => {}
                Ok(_) | Err(_) => return Err(ReadError::Damaged),
            }
        }
        self.end.filter(|end| *end == self.counts).ok_or(ReadError::Damaged)
    }
}
