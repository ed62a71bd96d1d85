//! The listener: everybody may knock, few at a time, not for long.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    net::{TcpListener, TcpStream},
    sync::mpsc,
    time::{MissedTickBehavior, interval, sleep, timeout},
};

use super::{
    Links,
    doors::{Knock, Place},
    failure::Reason,
    socket::{self, Socket},
    tcp,
};

/// Refused connections are summed up this often, whoever floods us.
const SUMMARY: Duration = Duration::from_secs(60);
/// After a failed accept (out of file descriptors, mostly) others get time to end.
const BREATHE: Duration = Duration::from_millis(100);

pub(super) async fn listen(links: Arc<Links>, listener: TcpListener) {
    // Each handshake says at most one word, and there are few of them at once.
    let (refusals, mut refused) = mpsc::channel(links.limits.handshakes.max(1));
    let mut summary = interval(SUMMARY);
    summary.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut count, mut last) = (0_u64, None);
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((tcp, from)) => {
                    let knock = links.doors.knock(from.ip());
                    links.tasks.spawn(answer(links.clone(), tcp, from, knock, refusals.clone()));
                }
                Err(error) => {
                    count += 1;
                    last = Some(Reason::Local(error.kind()));
                    sleep(BREATHE).await;
                }
            },
            Some(reason) = refused.recv() => {
                count += 1;
                last = Some(reason);
            }
            _ = summary.tick() => if let Some(reason) = last.take() {
                tracing::info!(count, last = %reason, "connections that did not become links");
                count = 0;
            },
            () = links.stop.cancelled() => return,
        }
    }
}

async fn answer(
    links: Arc<Links>,
    tcp: TcpStream,
    from: SocketAddr,
    knock: Knock,
    refusals: mpsc::Sender<Reason>,
) {
    let opened = tokio::select! {
        opened = timeout(links.limits.handshake_time, handshake(&links, tcp, from)) =>
            opened.unwrap_or(Err(Reason::TimedOut)),
        () = knock.evicted() => Err(Reason::TimedOut),
        () = links.stop.cancelled() => return,
    };
    drop(knock);
    match opened {
        Ok((socket, place)) => {
            links.run(socket, from).await;
            drop(place);
        }
        // If the summary is behind, one refusal more or less is no matter.
        Err(reason) => drop(refusals.try_send(reason)),
    }
}

async fn handshake(links: &Links, tcp: TcpStream, from: SocketAddr) -> Result<(Socket, Place), Reason> {
    let proven = tcp::accept(tcp, &links.identity).await?;
    let place = links.doors.enter(from.ip());
    let socket = socket::accept(proven, place.is_some()).await?;
    place.map(|place| (socket, place)).ok_or(Reason::Busy)
}
