//! Links over real sockets on 127.0.0.1.

use std::time::Duration;

use protocol::{
    config::MAX_LETTER,
    frame::{Frame, SealedLetter},
    identity::LinkSecret,
};
use tokio::time::timeout;

use super::*;

mod dialling;
mod exchange;
mod hostile;
mod wire;

/// Nothing here takes long; a test that waits this long has failed.
const PATIENCE: Duration = Duration::from_secs(20);

/// One end, listening.
struct End {
    links: Handle,
    events: mpsc::Receiver<LinkEvent>,
    device: DeviceId,
    at: SocketAddr,
    address: Address,
}

fn secret(seed: u8) -> LinkSecret {
    LinkSecret::from_secret_bytes([seed; 32])
}

async fn end(seed: u8) -> End {
    end_with(seed, Limits::default()).await
}

async fn end_with(seed: u8, limits: Limits) -> End {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let secret = secret(seed);
    let (links, events) = start(&secret, Some(listener), limits);
    End { links, events, device: secret.device_id(), at, address: at.to_string().parse().unwrap() }
}

impl End {
    async fn next(&mut self) -> LinkEvent {
        timeout(PATIENCE, self.events.recv()).await.expect("an event in time").expect("the door is open")
    }

    async fn up(&mut self) -> (LinkId, DeviceId, bool, [u8; 32]) {
        match self.next().await {
            LinkEvent::Up { link, peer, dialled, binding, .. } => (link, peer, dialled, binding),
            other => panic!("not Up: {other:?}"),
        }
    }

    async fn down(&mut self) -> LinkId {
        loop {
            match self.next().await {
                LinkEvent::Down { link } => return link,
                LinkEvent::Received { .. } => {}
                other => panic!("not Down: {other:?}"),
            }
        }
    }

    async fn received(&mut self) -> Vec<u8> {
        match self.next().await {
            LinkEvent::Received { frames, .. } => text_of(&frames),
            other => panic!("not Received: {other:?}"),
        }
    }

    async fn dial_failed(&mut self) -> Vec<Tried> {
        match self.next().await {
            LinkEvent::DialFailed { tried, .. } => tried,
            other => panic!("not DialFailed: {other:?}"),
        }
    }

    fn dial(&self, to: &End) {
        self.links.dial(to.device, vec![to.address.clone()]);
    }
}

/// Two ends and the link between them, as each end numbers it.
async fn linked(a: &mut End, b: &mut End) -> (LinkId, LinkId) {
    a.dial(b);
    let (at_a, ..) = a.up().await;
    let (at_b, ..) = b.up().await;
    (at_a, at_b)
}

/// A message that carries some bytes.
fn frames(text: &[u8]) -> Vec<Frame> {
    text.chunks(MAX_LETTER).map(|part| Frame::Letter(SealedLetter { sealed: part.to_vec() })).collect()
}

fn text_of(frames: &[Frame]) -> Vec<u8> {
    let part = |frame: &Frame| match frame {
        Frame::Letter(letter) => letter.sealed.clone(),
        other => panic!("another frame: {other:?}"),
    };
    frames.iter().flat_map(part).collect()
}
