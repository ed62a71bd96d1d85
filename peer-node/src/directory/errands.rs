//! What goes to the directory over HTTP for the machine: letters, keys, look-ups; each until it is answered.

use std::{sync::Arc, time::Duration};

use protocol::{ids::LetterId, node::DirectorySaid};
use tokio::{sync::mpsc, time::sleep};

use super::{
    Client, Code, Error,
    presence::{Shared, State},
};

/// When the directory is there but has no time for us.
const PAUSE: Duration = Duration::from_secs(5);

/// Runs until it is aborted.
pub(super) async fn run(client: Client, shared: Arc<Shared>, said: mpsc::Sender<DirectorySaid>) {
    let mut status = shared.status.subscribe();
    loop {
        if status.wait_for(|status| status.state == State::Up).await.is_err() {
            return;
        }
        let done = all(&client, &shared, &said).await;
        match done {
            Ok(()) => shared.errands.notified().await,
            // What is wanted stays; the socket's task finds out whether the directory is still there.
            Err(_) => sleep(PAUSE).await,
        }
    }
}

async fn all(client: &Client, shared: &Shared, said: &mpsc::Sender<DirectorySaid>) -> Result<(), Error> {
    let publish = shared.wants().publish.clone();
    if let Some(profile) = publish {
        match client.publish(&profile, false).await {
            Err(error) if is_passing(&error) => return Err(error),
            Err(error) => tracing::warn!(code = ?error.code(), "the directory does not take our keys"),
            Ok(()) => {}
        }
        let mut wants = shared.wants();
        if wants.publish.as_ref() == Some(&profile) {
            wants.publish = None;
        }
    }
    loop {
        let Some((letter, (to, device, sealed))) =
            shared.wants().posts.first_key_value().map(|(letter, post)| (*letter, post.clone()))
        else {
            break;
        };
        let news = match client.post_letter(to, device, letter, sealed).await {
            Ok(()) => DirectorySaid::Posted { letter },
            Err(error) if is_passing(&error) && error.code() != Some(Code::TooMany) => return Err(error),
            Err(error) => {
                tracing::debug!(code = ?error.code(), "the directory does not take a letter");
                DirectorySaid::Refused { letter }
            }
        };
        forget(shared, letter);
        let _ = said.send(news).await;
    }
    loop {
        let Some(user) = shared.wants().look_ups.first().copied() else { break };
        let found = match client.look_up(user).await {
            Ok(found) => found,
            Err(error) if is_passing(&error) && error.code() != Some(Code::TooMany) => return Err(error),
            // Too many: the machine asks again when it wants to know.
            Err(_) => None,
        };
        shared.wants().look_ups.remove(&user);
        if let Some(profile) = found {
            let _ = said.send(DirectorySaid::Profile { user, profile }).await;
        }
    }
    Ok(())
}

fn forget(shared: &Shared, letter: LetterId) {
    shared.wants().posts.remove(&letter);
}

fn is_passing(error: &Error) -> bool {
    error.is_passing() || matches!(error, Error::SignedOut)
}
