//! The log: events as they were signed, chain by chain.

use futures_util::TryStreamExt;
use protocol::{
    event::{Event, UnverifiedEvent},
    ids::{ChainId, ConversationId},
    sign::Signature,
};
use sea_orm::{ActiveValue::Set, NotSet, StreamTrait};

use super::{
    Error, Store,
    entity::event,
    signed, statement,
    write::{Transaction, insert as insert_rows},
};

pub(super) async fn insert(tx: &Transaction<'_>, events: &[(ConversationId, Event)]) -> Result<(), Error> {
    let row = |(conversation, event): &(ConversationId, Event)| event::ActiveModel {
        no: NotSet,
        chain: Set(tx.chain(*conversation, event.chain())),
        seq: Set(signed(event.seq())),
        header: Set(event.header_bytes().to_vec()),
        signature: Set(event.signature().0.to_vec()),
        body: Set(event.body_bytes().map(<[u8]>::to_vec)),
    };
    // No "on conflict": the machine gives each (chain, seq) once, and a second one is a fault that must not pass.
    insert_rows(&tx.db, events.iter().map(row).collect(), None).await
}

// A chain is in one conversation; a name that stands in several is no chain and has no events.
pub(super) const EVENTS: &str = "SELECT header, signature, body FROM event
    WHERE chain = (SELECT no FROM chain c WHERE id = ? AND EXISTS (SELECT 1 FROM event WHERE chain = c.no) LIMIT 1)
      AND seq >= ? ORDER BY seq";

impl Store {
    /// The stored events of `chain` from `from` on, in order: as many as fit `max_bytes`, but at least one if there is
    /// one.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn events(&self, chain: ChainId, from: u64, max_bytes: usize) -> Result<Vec<Event>, Error> {
        let values = vec![chain.0.to_vec().into(), signed(from).into()];
        let rows = self.0.readers.stream_raw(statement(EVENTS, values));
        let mut rows = rows.await?;
        let mut events = Vec::new();
        let mut left = max_bytes;
        while let Some(row) = rows.try_next().await? {
            let header: Vec<u8> = row.try_get_by_index(0)?;
            let signature: Vec<u8> = row.try_get_by_index(1)?;
            let body: Option<Vec<u8>> = row.try_get_by_index(2)?;
            let signature = signature
                .try_into()
                .map(Signature)
                .map_err(|_| Error::Damaged("a signature is not whole"))?;
            let event = UnverifiedEvent::from_parts(header, signature, body)
                .from_own_store()
                .map_err(|_| Error::Damaged("an event is not whole"))?;
            match left.checked_sub(event.wire_len()) {
                Some(rest) => left = rest,
                None if events.is_empty() => left = 0,
                None => break,
            }
            events.push(event);
        }
        Ok(events)
    }
}
