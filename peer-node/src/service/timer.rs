//! How long messages of a chat stay, for both of the two.

use protocol::{body::Body, config::MAX_TIMER_S, ids::ConversationId, node::Command};

use super::{Conversation, Error, Service, feed::Change, messages::new_id};

impl Service {
    /// From now on messages of this chat disappear so many seconds after they were read; 0: they stay. The other is told,
    /// and both see who set it. What was written before stays as it was.
    ///
    /// # Errors
    /// More than a year, an unknown conversation, a person who is blocked or whose keys changed.
    pub async fn set_timer(&self, of: ConversationId, seconds: u64) -> Result<Conversation, Error> {
        let open = self.open().await?;
        let seconds = u32::try_from(seconds).ok().filter(|seconds| *seconds <= MAX_TIMER_S);
        let seconds = seconds.ok_or_else(Error::bad_timer)?;
        if open.row(of).await?.timer != seconds {
            let body = Body::Timer { seconds };
            open.command(Command::Send { conversation: of, msg_id: new_id(), target: None, body }).await?;
            self.tell(Change::Conversation { conversation: of });
        }
        self.conversation(of).await
    }
}
