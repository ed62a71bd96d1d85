//! What the machine remembers: records under keys of its own, each written at most once per step.

use std::{
    collections::BTreeMap,
    ops::{Deref, DerefMut},
};

use crate::{
    codec::{self, Decoder, Encoder, Wire},
    error::Violation,
    ids::{ChainId, ConversationId, DeviceId, UserId},
    seal::Seal,
};

use super::{Node, OpenError, Write, letters::LetterKind};

/// The most that a list or a byte string of a record may hold: its writer is this program.
pub(super) const ANY: usize = 1 << 30;

/// The name of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Record {
    /// Who this node is.
    Me,
    /// The Olm account.
    Olm,
    SealKeys,
    Person(UserId),
    Pair(DeviceId),
    /// An Olm session.
    Session(DeviceId, [u8; 32]),
    Talk(ConversationId),
    Chain(ChainId),
    /// The secret key of a chain of our own.
    ChainKey(ChainId),
    /// The Megolm session that a chain of our own is written with.
    Outbound(ChainId),
    /// The key of a Megolm session of our own, from its first message on.
    Kept(ChainId, u32),
    /// A Megolm session of somebody else.
    Inbound(ChainId, u32),
    Letter(DeviceId, LetterKind),
}

impl Record {
    pub(super) fn key(self) -> Vec<u8> {
        let (tag, id, rest): (u8, &[u8], &[u8]) = match &self {
            Record::Me => (1, &[], &[]),
            Record::Olm => (2, &[], &[]),
            Record::SealKeys => (3, &[], &[]),
            Record::Person(user) => (4, &user.0, &[]),
            Record::Pair(device) => (5, &device.0, &[]),
            Record::Session(device, session) => (6, &device.0, session),
            Record::Talk(conversation) => (7, &conversation.0, &[]),
            Record::Chain(chain) => (8, &chain.0, &[]),
            Record::ChainKey(chain) => (9, &chain.0, &[]),
            Record::Outbound(chain) => (10, &chain.0, &[]),
            Record::Kept(chain, epoch) => (11, &chain.0, &epoch.to_be_bytes()),
            Record::Inbound(chain, epoch) => (12, &chain.0, &epoch.to_be_bytes()),
            Record::Letter(device, kind) => (13, &device.0, &[kind.number()]),
        };
        [&[tag], id, rest].concat()
    }

    pub(super) fn parse(key: &[u8]) -> Option<Self> {
        let (tag, rest) = key.split_first()?;
        let id = || rest.first_chunk::<32>().copied();
        let tail = || rest.get(32..).unwrap_or_default();
        let epoch = || tail().try_into().ok().map(u32::from_be_bytes);
        let record = match tag {
            1 => Record::Me,
            2 => Record::Olm,
            3 => Record::SealKeys,
            4 => Record::Person(UserId(id()?)),
            5 => Record::Pair(DeviceId(id()?)),
            6 => Record::Session(DeviceId(id()?), tail().try_into().ok()?),
            7 => Record::Talk(ConversationId(id()?)),
            8 => Record::Chain(ChainId(id()?)),
            9 => Record::ChainKey(ChainId(id()?)),
            10 => Record::Outbound(ChainId(id()?)),
            11 => Record::Kept(ChainId(id()?), epoch()?),
            12 => Record::Inbound(ChainId(id()?), epoch()?),
            13 => Record::Letter(DeviceId(id()?), LetterKind::from_number(*tail().first()?)?),
            _ => return None,
        };
        (record.key() == key).then_some(record)
    }
}

/// A map as a record holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Map<K, V>(BTreeMap<K, V>);

impl<K, V> Default for Map<K, V> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<K, V> Deref for Map<K, V> {
    type Target = BTreeMap<K, V>;

    fn deref(&self) -> &BTreeMap<K, V> {
        &self.0
    }
}

impl<K, V> DerefMut for Map<K, V> {
    fn deref_mut(&mut self) -> &mut BTreeMap<K, V> {
        &mut self.0
    }
}

impl<K: Wire + Ord, V: Wire> Wire for Map<K, V> {
    fn encode(&self, to: &mut Encoder) {
        to.array(self.0.len());
        for (key, value) in &self.0 {
            to.array(2);
            key.encode(to);
            value.encode(to);
        }
    }

    fn decode(from: &mut Decoder<'_>) -> Result<Self, Violation> {
        Ok(Self(from.list::<(K, V)>(ANY)?.into_iter().collect()))
    }
}

impl<S: Seal> Node<S> {
    /// The record changed: it is written at the end of the step.
    pub(super) fn touch(&mut self, record: Record) {
        self.dirty.insert(record);
    }

    /// Writes what was touched, as it stands now.
    pub(super) fn write_records(&mut self) {
        for record in std::mem::take(&mut self.dirty) {
            let value = self.save(record);
            self.batch.write(Write::Record { key: record.key(), value });
        }
    }

    /// The bytes of a record; nothing if what it stands for is gone.
    fn save(&mut self, record: Record) -> Option<Vec<u8>> {
        match record {
            Record::Me => Some(codec::to_bytes(&self.me.stored())),
            Record::Olm => Some(self.seal.save_account(&self.me.olm).to_vec()),
            Record::SealKeys => Some(codec::to_bytes(&self.me.seal_keys)),
            Record::Person(user) => self.people.get(&user).map(codec::to_bytes),
            Record::Pair(device) => self.pairs.get(&device).map(|pair| codec::to_bytes(&pair.state)),
            Record::Session(device, id) => {
                let session = self.pairs.get(&device)?.sessions.get(&id)?;
                Some(self.seal.save_pair(session).to_vec())
            }
            Record::Talk(conversation) => self.talks.get(&conversation).map(codec::to_bytes),
            Record::Chain(chain) => self.chains.get(&chain).map(codec::to_bytes),
            Record::ChainKey(chain) => Some(self.writers.get(&chain)?.key.secret_bytes().to_vec()),
            Record::Outbound(chain) => self.save_outbound(chain),
            Record::Kept(chain, epoch) => self.writers.get(&chain)?.kept.get(&epoch).map(codec::to_bytes),
            Record::Inbound(chain, epoch) => self.save_inbound(chain, epoch),
            Record::Letter(device, kind) => self.letters.get(&(device, kind)).map(codec::to_bytes),
        }
    }

    /// Takes in what `save` wrote. Order of keys: what refers to something comes after it.
    pub(super) fn load(&mut self, key: &[u8], value: &[u8]) -> Result<(), OpenError> {
        let record = Record::parse(key).ok_or(OpenError("a record of a later version"))?;
        match record {
            Record::Me | Record::Olm | Record::SealKeys => {}
            Record::Person(user) => {
                let someone: super::people::Someone = read(value)?;
                self.devices.insert(someone.profile.device().device, user);
                self.people.insert(user, someone);
            }
            Record::Pair(device) => {
                let (sessions, opens) = (BTreeMap::new(), (self.now, 0));
                let pair = super::pair::Pair { state: read(value)?, sessions, opens };
                self.pairs.insert(device, pair);
            }
            Record::Session(device, id) => {
                let session = self.seal.load_pair(value).map_err(|_| DAMAGED)?;
                self.pairs.get_mut(&device).ok_or(DAMAGED)?.sessions.insert(id, session);
            }
            Record::Talk(conversation) => {
                self.talks.insert(conversation, read(value)?);
            }
            Record::Chain(chain) => {
                self.chains.insert(chain, read(value)?);
            }
            Record::ChainKey(chain) => {
                let secret = value.try_into().map_err(|_| DAMAGED)?;
                self.writers.insert(chain, super::chains::Writer::new(secret));
            }
            Record::Outbound(chain) => self.load_outbound(chain, value)?,
            Record::Kept(chain, epoch) => {
                let kept = read(value)?;
                self.writers.get_mut(&chain).ok_or(DAMAGED)?.kept.insert(epoch, kept);
            }
            Record::Inbound(chain, epoch) => self.load_inbound(chain, epoch, value)?,
            Record::Letter(device, kind) => {
                self.letters.insert((device, kind), read(value)?);
            }
        }
        Ok(())
    }
}

pub(super) const DAMAGED: OpenError = OpenError("a record is damaged");

pub(super) fn read<T: Wire>(value: &[u8]) -> Result<T, OpenError> {
    codec::from_own_bytes(value).map_err(|violation| OpenError(violation.detail))
}
