//! Messages that disappear go when their time has come, whether anybody looks or not.

use std::{sync::Arc, time::Duration};

use protocol::time::WallMs;
use tokio::time::sleep;

use super::{
    Error,
    feed::{Change, Feed},
    open::Open,
};
use crate::{clock::Clock, store::Store};

/// The longest sleep: a computer that sleeps takes its timers along, so the calendar is looked at again, and nothing else.
const LOOK_AGAIN: Duration = Duration::from_secs(30);
/// After a fault of the disk.
const AGAIN: Duration = Duration::from_secs(10);
/// A calendar that is this much behind the other clock was put back; less is how clocks drift and are set right.
const PUT_BACK_MS: u64 = 60_000;

/// Forgets what came due while the node was off.
pub(super) async fn catch_up(store: &Store, clock: Clock) -> Result<(), Error> {
    store.clock_was_put_back(clock.wall()).await?;
    store.vanish(clock.wall()).await?;
    Ok(())
}

/// Forgets each message when its time has come, and tells; ends with the node.
pub(super) async fn keep_time(open: Arc<Open>, feed: Feed, clock: Clock) {
    let mut clocks = Clocks::new(clock);
    loop {
        let due = match go(&open, &feed, &mut clocks).await {
            Ok(due) => due,
            Err(error) => {
                tracing::warn!(%error, "messages whose time has come could not be forgotten; it is tried again");
                tokio::select! {
                    () = sleep(AGAIN) => continue,
                    () = open.closing.cancelled() => return,
                }
            }
        };
        // Sleeps until the next one is due; a clock that starts meanwhile may be the next one.
        tokio::select! {
            () = until(due, &mut clocks) => {}
            () = open.store.due_changed() => {}
            () = open.closing.cancelled() => return,
        }
    }
}

/// Forgets what is due, and says when the next one is.
async fn go(open: &Open, feed: &Feed, clocks: &mut Clocks) -> Result<Option<WallMs>, Error> {
    if clocks.were_put_back() {
        open.store.clock_was_put_back(clocks.clock.wall()).await?;
    }
    for (conversation, id) in open.store.vanish(clocks.clock.wall()).await? {
        open.unsent().change(conversation);
        feed.tell(Change::Message { conversation, id });
    }
    Ok(open.store.next_due().await?)
}

async fn until(due: Option<WallMs>, clocks: &mut Clocks) {
    let Some(due) = due else { return std::future::pending().await };
    loop {
        let left = due.0.saturating_sub(clocks.clock.wall().0);
        if left == 0 || clocks.were_put_back() {
            return;
        }
        sleep(Duration::from_millis(left).min(LOOK_AGAIN)).await;
    }
}

/// Both clocks of the computer, held against each other.
struct Clocks {
    clock: Clock,
    /// The calendar less the time of this run, as they were last.
    ahead: u64,
}

impl Clocks {
    fn new(clock: Clock) -> Self {
        Self { clock, ahead: ahead(clock) }
    }

    /// Whether somebody put the calendar back since the last look.
    fn were_put_back(&mut self) -> bool {
        let before = std::mem::replace(&mut self.ahead, ahead(self.clock));
        before.saturating_sub(self.ahead) > PUT_BACK_MS
    }
}

fn ahead(clock: Clock) -> u64 {
    clock.wall().0.saturating_sub(clock.now().0)
}
