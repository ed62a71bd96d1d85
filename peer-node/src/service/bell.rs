//! The bell rings when a message came that nobody can see: no page is open, and the user wants to be told all the same.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::{Arc, atomic::Ordering},
};

use protocol::ids::MsgId;
use tokio::sync::{broadcast::error::RecvError, watch};

use super::{
    Inner, Service,
    feed::{Change, Numbered},
    open::Open,
};

/// Messages for which it rang; older ones are hardly changed.
const REMEMBERED: usize = 200;

/// A page that is open; it counts until this is dropped.
#[derive(Debug)]
pub struct Looking(Arc<Inner>);

impl Drop for Looking {
    fn drop(&mut self) {
        self.0.pages.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Service {
    /// Says that a page is open from now on.
    pub fn looking(&self) -> Looking {
        self.0.pages.fetch_add(1, Ordering::Relaxed);
        Looking(self.0.clone())
    }

    /// Counts the rings: one for each time that somebody should be told, without a word of what came.
    pub fn bell(&self) -> watch::Receiver<u64> {
        self.0.bell.subscribe()
    }

    /// Listens until the node is locked.
    pub(super) fn listen_for_the_bell(&self, open: &Arc<Open>) {
        let (service, closing, since) = (self.clone(), open.closing.clone(), self.0.clock.wall());
        let mut feed = self.feed().watch();
        // A message that is changed rings no second time.
        let mut rung: VecDeque<MsgId> = VecDeque::new();
        open.tasks.spawn(async move {
            loop {
                let change = tokio::select! {
                    change = feed.recv() => change,
                    () = closing.cancelled() => return,
                };
                let (conversation, id) = match change {
                    Ok(Numbered { change: Change::Message { conversation, id }, .. }) => (conversation, id),
                    Ok(_) | Err(RecvError::Lagged(_)) => continue,
                    Err(RecvError::Closed) => return,
                };
                if service.0.pages.load(Ordering::Relaxed) > 0 || rung.contains(&id) {
                    continue;
                }
                // A lock of the node waits for this task; it must not wait for the lock.
                let news = async {
                    let wanted = service.alerts().await.is_ok_and(|alerts| alerts.desktop);
                    wanted
                        && matches!(
                            service.news(conversation, &BTreeSet::from([id]), since).await,
                            Ok(Some(_))
                        )
                };
                let rings = tokio::select! {
                    rings = news => rings,
                    () = closing.cancelled() => return,
                };
                if rings {
                    if rung.len() == REMEMBERED {
                        rung.pop_front();
                    }
                    rung.push_back(id);
                    service.0.bell.send_modify(|count| *count += 1);
                }
            }
        });
    }
}
