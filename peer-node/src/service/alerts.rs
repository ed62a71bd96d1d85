//! What people are told of while they look elsewhere: what a notification may show, and of which chats none are wanted.

use std::collections::BTreeSet;

use protocol::{
    ids::{ConversationId, MsgId},
    time::WallMs,
};
use serde::{Deserialize, Serialize};

use super::{
    Content, Error, Relation, Service,
    feed::Change,
    open::{Open, key},
};

/// The longest text of a notification, in characters; systems cut at about that.
const MOST: usize = 140;

/// How the user wants to be told of new messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Alerts {
    pub show: Show,
    pub sound: bool,
    /// The node itself tells, without a text, while no page is open.
    pub desktop: bool,
}

impl Default for Alerts {
    fn default() -> Self {
        Self { show: Show::Full, sound: false, desktop: false }
    }
}

/// What a notification may show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Show {
    /// There are none.
    Off,
    /// That there is something new, and nothing of it.
    New,
    /// Who wrote, and what.
    Full,
}

/// What shall change; the rest stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AlertsChange {
    pub show: Option<Show>,
    pub sound: Option<bool>,
    pub desktop: Option<bool>,
}

/// One notification: no more than the user wants to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    pub conversation: ConversationId,
    pub title: String,
    pub body: String,
    /// The messages that it tells of.
    pub ids: Vec<MsgId>,
}

impl Service {
    /// # Errors
    /// When the node is not open.
    pub async fn alerts(&self) -> Result<Alerts, Error> {
        self.open().await?.alerts().await
    }

    /// # Errors
    /// When the node is not open.
    pub async fn change_alerts(&self, change: AlertsChange) -> Result<Alerts, Error> {
        let open = self.open().await?;
        let before = open.alerts().await?;
        let after = Alerts {
            show: change.show.unwrap_or(before.show),
            sound: change.sound.unwrap_or(before.sound),
            desktop: change.desktop.unwrap_or(before.desktop),
        };
        open.store.set_setting(key::ALERTS, &after).await?;
        self.tell(Change::Settings);
        Ok(after)
    }

    /// No notifications of this chat any more, or again.
    ///
    /// # Errors
    /// When there is no such conversation.
    pub async fn mute(&self, conversation: ConversationId, muted: bool) -> Result<(), Error> {
        let open = self.open().await?;
        open.row(conversation).await?;
        let all = {
            let mut all = open.muted();
            if muted {
                all.insert(conversation)
            } else {
                all.remove(&conversation)
            };
            all.clone()
        };
        open.store.set_setting(key::MUTED, &all).await?;
        self.tell(Change::Conversation { conversation });
        Ok(())
    }

    /// What to tell of these messages of a conversation: those of others that came after `since` and were not seen yet.
    /// None where the user wants to hear nothing.
    ///
    /// # Errors
    /// When the node is not open.
    pub async fn news(
        &self,
        of: ConversationId,
        ids: &BTreeSet<MsgId>,
        since: WallMs,
    ) -> Result<Option<News>, Error> {
        let open = self.open().await?;
        let show = open.alerts().await?.show;
        if show == Show::Off || open.muted().contains(&of) {
            return Ok(None);
        }
        let conversation = self.conversation(of).await?;
        let asking = match conversation.person.relation {
            Relation::Contact | Relation::Asked | Relation::DeclinedMe => false,
            Relation::Asking => true,
            Relation::Blocked | Relation::Declined | Relation::Stranger | Relation::Myself => {
                return Ok(None);
            }
        };
        if conversation.unread == 0 && !asking {
            return Ok(None);
        }
        let mut fresh = self.messages(of, ids).await?;
        fresh.retain(|message| {
            // A line of the house is no message, and what was taken back is to be forgotten.
            let silent = matches!(message.content, Content::Line(_) | Content::Timer(_) | Content::Redacted);
            !message.mine && message.received >= since && !silent
        });
        let Some(last) = fresh.last() else { return Ok(None) };
        let name = &conversation.person.username;
        let (title, body) = match (show, asking, fresh.len(), &last.content) {
            (Show::New | Show::Off, ..) => ("New message".to_owned(), String::new()),
            // What a stranger writes is read in the chat, where it can be declined.
            (Show::Full, true, ..) => (format!("{name} wants to chat with you"), String::new()),
            (Show::Full, false, 1, Content::Text(text)) => (name.clone(), beginning(text)),
            (Show::Full, false, 1, _) => (name.clone(), "New message".to_owned()),
            (Show::Full, false, count, _) => (name.clone(), format!("{count} new messages")),
        };
        let ids = fresh.into_iter().map(|message| message.id).collect();
        Ok(Some(News { conversation: of, title, body, ids }))
    }
}

impl Open {
    pub(super) async fn alerts(&self) -> Result<Alerts, Error> {
        Ok(self.store.setting(key::ALERTS).await?.unwrap_or_default())
    }
}

/// One line of a text.
fn beginning(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = words.join(" ");
    if line.chars().count() <= MOST {
        return line;
    }
    line.chars().take(MOST - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notification_has_one_line_of_a_text() {
        assert_eq!(beginning("  two\n\nwords "), "two words");
        let long = beginning(&"ab ".repeat(200));
        assert_eq!((long.chars().count(), long.ends_with('…')), (MOST, true));
    }

    #[test]
    fn what_was_kept_before_a_choice_was_added_still_reads() {
        let kept: Alerts = serde_json::from_str("{\"sound\":true}").expect("a part of the choices");
        assert_eq!(kept, Alerts { sound: true, ..Alerts::default() });
    }
}
