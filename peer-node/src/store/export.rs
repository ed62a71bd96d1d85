//! Out and in for backups: whole tables in pieces, and items put in as they were.

use protocol::{
    ids::ConversationId,
    node::{Conversation, Cursor, Person},
    time::WallMs,
    timeline::{Item, Timer},
};

use super::{
    Error, Store, conversations, cursors, people, search, signed,
    timeline::{self, Placed},
};

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

const ITEMS: &str = concat!(
    "SELECT ",
    timeline::placed!(),
    " AS row
    FROM item i CROSS JOIN chain c ON c.no = i.chain CROSS JOIN conversation v ON v.no = i.conversation
    WHERE i.no > ? AND i.face <> x'' ORDER BY i.no LIMIT ?"
);

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
        let sql = "SELECT json_array(key, value) AS row FROM setting WHERE key <> ? ORDER BY key";
        Ok(Exported {
            people: self.people().await?,
            conversations: rows.into_iter().map(|row| row.conversation).collect(),
            cursors: all,
            items: Vec::new(),
            timers: Vec::new(),
            settings: self.all(sql, vec![search::SETTING.into()]).await?,
        })
    }

    /// Items in the order of their arrival, from after number `after` on, and the number to go on with; `None` at
    /// the end.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn export_items(&self, after: i64, limit: usize) -> Result<Option<(i64, Vec<Item>)>, Error> {
        let rows: Vec<Placed> = self.all(ITEMS, vec![after.into(), signed(limit as u64).into()]).await?;
        let Some(next) = rows.last().map(|row| row.no) else { return Ok(None) };
        let items = rows.into_iter().map(|row| row.item.item(row.conversation));
        Ok(Some((next, items.collect::<Result<_, Error>>()?)))
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
