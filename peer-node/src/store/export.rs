//! Out and in for backups: whole tables in pieces, and items put in as they were.

use protocol::{
    ids::ConversationId,
    node::{Conversation, Cursor, Person},
    time::WallMs,
    timeline::{Item, Timer},
};

use super::{Error, Store, conversations, cursors, people, search, signed, timeline};

/// A piece of a history that a backup takes out and puts back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exported {
    pub people: Vec<Person>,
    pub conversations: Vec<Conversation>,
    pub cursors: Vec<Cursor>,
    pub items: Vec<Item>,
    /// How long messages of a conversation stay.
    pub timers: Vec<(ConversationId, Timer)>,
    /// Name and JSON.
    pub settings: Vec<(String, String)>,
}

const ITEMS: &str = "SELECT v.id AS in_conversation, i.no AS no,
        i.ord AS ord, c.id AS chain, i.seq AS seq, i.id AS id, i.face AS face, i.due AS due
    FROM item i CROSS JOIN chain c ON c.no = i.chain CROSS JOIN conversation v ON v.no = i.conversation
    WHERE i.no > ? AND i.face <> x'' ORDER BY i.no LIMIT ?";

impl Store {
    /// Everything of a backup but the items: it grows with people, not with history.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn export(&self) -> Result<Exported, Error> {
        let rows = self.conversations().await?;
        let mut all = Vec::new();
        for row in &rows {
            all.extend(self.cursors(row.conversation.id).await?);
        }
        let sql = "SELECT key, value FROM setting WHERE key <> ? ORDER BY key";
        let settings = self.rows(sql, vec![search::SETTING.into()]).await?;
        Ok(Exported {
            people: self.people().await?,
            conversations: rows.into_iter().map(|row| row.conversation).collect(),
            cursors: all,
            items: Vec::new(),
            timers: Vec::new(),
            settings: settings
                .iter()
                .map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?)))
                .collect::<Result<_, Error>>()?,
        })
    }

    /// Items in the order of their arrival, from after number `after` on, and the number to go on with; `None` at
    /// the end.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn export_items(&self, after: i64, limit: usize) -> Result<Option<(i64, Vec<Item>)>, Error> {
        let rows = self.rows(ITEMS, vec![after.into(), signed(limit as u64).into()]).await?;
        let Some(last) = rows.last() else { return Ok(None) };
        let next = last.try_get("", "no")?;
        let item = |row| {
            let id: Vec<u8> = sea_orm::QueryResult::try_get(row, "", "in_conversation")?;
            let id = ConversationId::try_from(id.as_slice())
                .map_err(|_| Error::Damaged("a conversation has no name"))?;
            timeline::read(row, id)
        };
        Ok(Some((next, rows.iter().map(item).collect::<Result<_, Error>>()?)))
    }

    /// Puts a piece of a backup in, all of it or nothing. What is there already stays.
    ///
    /// # Errors
    /// A database that cannot be written.
    pub async fn import(&self, piece: Exported) -> Result<(), Error> {
        let mut writer = self.0.writer.lock().await;
        let named = piece.conversations.iter().map(|conversation| conversation.id);
        let named: Vec<ConversationId> = named
            .chain(piece.cursors.iter().map(|cursor| cursor.conversation))
            .chain(piece.items.iter().map(|item| item.conversation))
            .chain(piece.timers.iter().map(|(conversation, _)| *conversation))
            .collect();
        let chains = piece.cursors.iter().map(|cursor| (cursor.conversation, cursor.chain));
        let chains: Vec<_> =
            chains.chain(piece.items.iter().map(|item| (item.conversation, item.key.chain))).collect();
        let done = writer.transaction(async |tx| {
            tx.number(named.iter().copied(), chains.iter().copied()).await?;
            people::write(tx, &piece.people).await?;
            conversations::write(tx, &piece.conversations).await?;
            // A mark of a backup starts no clock: items say themselves when they go.
            let marks: Vec<_> = piece.cursors.iter().map(|cursor| (*cursor, WallMs(0))).collect();
            cursors::advance(tx, &marks).await?;
            for (conversation, timer) in &piece.timers {
                conversations::set_timer(tx, *conversation, *timer).await?;
            }
            timeline::put(tx, &piece.items).await
        });
        done.await?;
        drop(writer);
        for (key, value) in piece.settings.into_iter().filter(|(key, _)| key != search::SETTING) {
            self.set_setting_json(&key, value).await?;
        }
        Ok(())
    }
}
