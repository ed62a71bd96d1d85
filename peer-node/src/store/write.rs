//! The one writer: a batch of the machine becomes one transaction, or nothing of it does.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::atomic::Ordering,
};

use protocol::{
    event::Event,
    ids::{ChainId, ConversationId},
    node::{Commit, Conversation, Cursor, Person, Write},
    time::WallMs,
    timeline::Entry,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseConnection, DatabaseTransaction, EntityTrait,
    QueryFilter, SqliteTransactionMode, TransactionOptions, TransactionTrait, sea_query::OnConflict,
};

use super::{
    Error, Store, conversations, cursors, entity, log, open, people, records, signed, statement, timeline,
    unsigned,
};
use crate::vault::DatabaseKey;

/// Rows for one statement: fewer cost more statements, more make longer ones that are slower to build.
pub(super) const CHUNK: usize = 100;
/// Remembered numbers of chains and conversations; beyond this the memory is emptied, and rows are looked up again.
const REMEMBERED: usize = 10_000;

/// The writing connection, and the numbers that it gives out.
pub(super) struct Writer {
    db: DatabaseConnection,
    /// For a new connection.
    path: PathBuf,
    key: DatabaseKey,
    rev: u64,
    next: Next,
    conversations: BTreeMap<ConversationId, i64>,
    chains: BTreeMap<(ConversationId, ChainId), i64>,
    /// A transaction did not end as it should, so what stands here may differ from the database.
    doubtful: bool,
}

/// The next free number of each table.
#[derive(Clone, Copy)]
struct Next {
    conversation: i64,
    chain: i64,
    item: i64,
}

/// A transaction of the writer with the numbers of everything that it names.
pub(super) struct Transaction<'w> {
    pub(super) db: DatabaseTransaction,
    next: &'w mut Next,
    conversations: &'w mut BTreeMap<ConversationId, i64>,
    chains: &'w mut BTreeMap<(ConversationId, ChainId), i64>,
    /// Something that people read was forgotten: old pages with it stand in the log beside the file.
    forgot: bool,
    /// A clock of a message was started.
    started: bool,
}

/// What a transaction did beyond what it was told.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Done {
    pub(super) forgot: bool,
    pub(super) started: bool,
}

impl Commit for Store {
    type Error = Error;

    async fn commit(&mut self, writes: Vec<Write>) -> Result<(), Error> {
        let mut writer = self.0.writer.lock().await;
        let done = writer.commit(writes).await?;
        self.0.rev.store(writer.rev, Ordering::Release);
        self.0.mark.committed(writer.rev);
        if done.forgot {
            // It is committed; a log that cannot be cut off now is cut off the next time.
            if let Err(error) = writer.checkpoint().await {
                tracing::warn!(%error, "the database's log was not cut off");
            }
        }
        if done.started {
            self.0.due_changed.notify_one();
        }
        Ok(())
    }
}

/// The writes of a batch by kind, each kind in its order.
#[derive(Default)]
struct Sorted {
    events: Vec<(ConversationId, Event)>,
    records: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    entries: Vec<Entry>,
    /// With the time at which each moved.
    cursors: Vec<(Cursor, WallMs)>,
    conversations: Vec<Conversation>,
    people: Vec<Person>,
}

impl From<Vec<Write>> for Sorted {
    fn from(writes: Vec<Write>) -> Self {
        let mut sorted = Self::default();
        for write in writes {
            match write {
                Write::Event { conversation, event } => sorted.events.push((conversation, event)),
                // Only the last value of a key ever reaches the disk.
                Write::Record { key, value } => drop(sorted.records.insert(key, value)),
                Write::Entry(entry) => sorted.entries.push(entry),
                Write::Cursor { cursor, at } => sorted.cursors.push((cursor, at)),
                Write::Conversation(conversation) => sorted.conversations.push(conversation),
                Write::Person(person) => sorted.people.push(person),
            }
        }
        sorted
    }
}

impl Sorted {
    fn conversations(&self) -> impl Iterator<Item = ConversationId> {
        let events = self.events.iter().map(|(conversation, _)| *conversation);
        let entries = self.entries.iter().map(|entry| entry.conversation);
        let cursors = self.cursors.iter().map(|(cursor, _)| cursor.conversation);
        events
            .chain(entries)
            .chain(cursors)
            .chain(self.conversations.iter().map(|conversation| conversation.id))
    }

    fn chains(&self) -> impl Iterator<Item = (ConversationId, ChainId)> {
        let events = self.events.iter().map(|(conversation, event)| (*conversation, event.chain()));
        let entries = self.entries.iter().map(|entry| (entry.conversation, entry.key.chain));
        events
            .chain(entries)
            .chain(self.cursors.iter().map(|(cursor, _)| (cursor.conversation, cursor.chain)))
    }
}

impl Writer {
    pub(super) async fn new(
        db: DatabaseConnection,
        path: &Path,
        key: &DatabaseKey,
        rev: u64,
    ) -> Result<Self, Error> {
        let next = Next::read(&db).await?;
        Ok(Self {
            db,
            path: path.to_owned(),
            key: key.clone(),
            rev,
            next,
            conversations: BTreeMap::new(),
            chains: BTreeMap::new(),
            doubtful: false,
        })
    }

    async fn commit(&mut self, writes: Vec<Write>) -> Result<Done, Error> {
        self.settle().await?;
        let rev = self.rev + 1;
        let sorted = Sorted::from(writes);
        let done = self.transaction(async |tx| {
            tx.number(sorted.conversations(), sorted.chains()).await?;
            // First: whose a mark is follows from whose conversation it is in.
            conversations::write(tx, &sorted.conversations).await?;
            log::insert(tx, &sorted.events).await?;
            records::write(tx, sorted.records).await?;
            timeline::fold(tx, &sorted.entries).await?;
            cursors::advance(tx, &sorted.cursors).await?;
            people::write(tx, &sorted.people).await?;
            tx.db.execute_raw(statement("UPDATE store SET rev = ?", vec![signed(rev).into()])).await?;
            Ok(())
        });
        let done = done.await?;
        self.rev = rev;
        Ok(done)
    }

    /// After a transaction that failed, or whose caller went away in the middle: reads again what stands.
    pub(super) async fn settle(&mut self) -> Result<(), Error> {
        if self.chains.len() > REMEMBERED || self.conversations.len() > REMEMBERED {
            self.forget();
        }
        if self.doubtful {
            self.forget();
            // SQLite goes back by itself when the disk is full, and sqlx, which counts open transactions, does not
            // see it: what is "committed" after that may be a part of a transaction that nobody ever ends. A new
            // connection has nothing open.
            drop(self.db.close_by_ref().await);
            self.db = open::connect(&self.path, &self.key, open::Purpose::Write).await?;
            self.next = Next::read(&self.db).await?;
            let row = entity::store::Entity::find().one(&self.db).await?;
            self.rev = self.rev.max(unsigned(row.map_or(0, |row| row.rev)));
            self.doubtful = false;
        }
        Ok(())
    }

    /// Runs `write` in one immediate transaction; says what else was done by it.
    pub(super) async fn transaction(
        &mut self,
        write: impl AsyncFnOnce(&mut Transaction<'_>) -> Result<(), Error>,
    ) -> Result<Done, Error> {
        self.settle().await?;
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let db = self.db.begin_with_options(options).await?;
        // Until the end is known. It may never be: a caller can go away while the commit is under way.
        self.doubtful = true;
        let Self { next, conversations, chains, .. } = self;
        let mut tx = Transaction { db, next, conversations, chains, forgot: false, started: false };

        let wrote = write(&mut tx).await;
        let done = Done { forgot: tx.forgot, started: tx.started };
        match wrote {
            Ok(()) => tx.db.commit().await?,
            Err(error) => {
                // The error that was found says more than one from going back, and SQLite goes back in any case.
                drop(tx.db.rollback().await);
                return Err(error);
            }
        }
        self.doubtful = false;
        Ok(done)
    }

    fn forget(&mut self) {
        self.conversations.clear();
        self.chains.clear();
    }

    pub(super) fn db(&self) -> &DatabaseConnection {
        &self.db
    }

    pub(super) async fn checkpoint(&self) -> Result<(), Error> {
        self.db.query_one_raw(statement("PRAGMA wal_checkpoint(TRUNCATE)", vec![])).await?;
        Ok(())
    }

    pub(super) async fn close(&self) -> Result<(), Error> {
        Ok(self.db.close_by_ref().await?)
    }
}

impl Next {
    async fn read(db: &DatabaseConnection) -> Result<Self, Error> {
        let sql = "SELECT (SELECT COALESCE(MAX(no), 0) + 1 FROM conversation),
                          (SELECT COALESCE(MAX(no), 0) + 1 FROM chain),
                          (SELECT COALESCE(MAX(no), 0) + 1 FROM item)";
        let row =
            db.query_one_raw(statement(sql, vec![])).await?.ok_or(Error::Damaged("it answers nothing"))?;
        Ok(Self {
            conversation: row.try_get_by_index(0)?,
            chain: row.try_get_by_index(1)?,
            item: row.try_get_by_index(2)?,
        })
    }
}

impl Transaction<'_> {
    /// The number of a conversation that was named to [`Transaction::number`].
    pub(super) fn conversation(&self, id: ConversationId) -> i64 {
        *self.conversations.get(&id).expect("every conversation of a batch is numbered first")
    }

    /// The number of a chain that was named to [`Transaction::number`].
    pub(super) fn chain(&self, conversation: ConversationId, id: ChainId) -> i64 {
        *self.chains.get(&(conversation, id)).expect("every chain of a batch is numbered first")
    }

    /// Says that something which people read is gone.
    pub(super) fn forgot(&mut self) {
        self.forgot = true;
    }

    /// Says that a clock of a message runs.
    pub(super) fn started(&mut self) {
        self.started = true;
    }

    pub(super) fn next_item(&mut self) -> i64 {
        let no = self.next.item;
        self.next.item += 1;
        no
    }

    /// Finds or makes the numbers of everything that a batch names: 32 bytes once, not in every row.
    pub(super) async fn number(
        &mut self,
        conversations: impl Iterator<Item = ConversationId>,
        chains: impl Iterator<Item = (ConversationId, ChainId)>,
    ) -> Result<(), Error> {
        let wanted = conversations.filter(|id| !self.conversations.contains_key(id)).collect();
        self.number_conversations(wanted).await?;
        let wanted = chains.filter(|chain| !self.chains.contains_key(chain)).collect();
        self.number_chains(wanted).await
    }

    async fn number_conversations(&mut self, mut wanted: BTreeSet<ConversationId>) -> Result<(), Error> {
        use entity::conversation::{ActiveModel, Column, Entity};
        let ids: Vec<Vec<u8>> = wanted.iter().map(|id| id.0.to_vec()).collect();
        for ids in ids.chunks(CHUNK) {
            for row in Entity::find().filter(Column::Id.is_in(ids.iter().cloned())).all(&self.db).await? {
                let id = ConversationId::try_from(row.id.as_slice())
                    .map_err(|_| Error::Damaged("a conversation has no name"))?;
                wanted.remove(&id);
                self.conversations.insert(id, row.no);
            }
        }
        let mut rows = Vec::with_capacity(wanted.len());
        for id in wanted {
            let no = self.next.conversation;
            self.next.conversation += 1;
            self.conversations.insert(id, no);
            rows.push(ActiveModel {
                no: Set(no),
                id: Set(id.0.to_vec()),
                peer: Set(None),
                created: Set(None),
            });
        }
        insert(&self.db, rows, None).await
    }

    async fn number_chains(&mut self, mut wanted: BTreeSet<(ConversationId, ChainId)>) -> Result<(), Error> {
        use entity::chain::{ActiveModel, Column, Entity};
        let numbers: BTreeMap<i64, ConversationId> = wanted
            .iter()
            .map(|(conversation, _)| (self.conversation(*conversation), *conversation))
            .collect();
        let ids: Vec<Vec<u8>> = wanted.iter().map(|(_, id)| id.0.to_vec()).collect();
        for ids in ids.chunks(CHUNK) {
            for row in Entity::find().filter(Column::Id.is_in(ids.iter().cloned())).all(&self.db).await? {
                let id = ChainId::try_from(row.id.as_slice())
                    .map_err(|_| Error::Damaged("a chain has no name"))?;
                if let Some(conversation) = numbers.get(&row.conversation)
                    && wanted.remove(&(*conversation, id))
                {
                    self.chains.insert((*conversation, id), row.no);
                }
            }
        }
        let mut rows = Vec::with_capacity(wanted.len());
        for (conversation, id) in wanted {
            let no = self.next.chain;
            self.next.chain += 1;
            self.chains.insert((conversation, id), no);
            let conversation = self.conversation(conversation);
            rows.push(ActiveModel { no: Set(no), id: Set(id.0.to_vec()), conversation: Set(conversation) });
        }
        insert(&self.db, rows, None).await
    }
}

/// Inserts rows in chunks, without asking for anything back.
pub(super) async fn insert<A>(
    db: &DatabaseTransaction,
    rows: Vec<A>,
    on_conflict: Option<OnConflict>,
) -> Result<(), Error>
where
    A: sea_orm::ActiveModelTrait + Send,
{
    let mut rows = rows.into_iter();
    loop {
        let chunk: Vec<A> = rows.by_ref().take(CHUNK).collect();
        if chunk.is_empty() {
            return Ok(());
        }
        let mut statement = A::Entity::insert_many(chunk);
        if let Some(on_conflict) = &on_conflict {
            statement = statement.on_conflict(on_conflict.clone());
        }
        statement.exec_without_returning(db).await?;
    }
}
