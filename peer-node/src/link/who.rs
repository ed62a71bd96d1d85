//! Who answers at an address? Asked with a key that is thrown away, before anything is said about oneself.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use protocol::{
    address::Address,
    config::MAX_MESSAGE,
    error::Violation,
    frame::{Frame, Hello, Limits as FrameLimits},
    identity::Profile,
    ids::BootId,
};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use super::{
    dial,
    doors::Limits,
    failure::Tried,
    inbox,
    live::pack,
    socket::{PER_MESSAGE, Socket},
    tls::Identity,
};

/// For the answer, once the link is there.
const ANSWER: Duration = Duration::from_secs(5);

/// Why nobody introduced themselves.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("{}", unreachable(.0))]
    Unreachable(Vec<Tried>),
    #[error("a Confab node answers there, but its owner does not say who they are")]
    Silent,
    #[error("a Confab node answers there, but what it says is not right: {0}")]
    Wrong(Violation),
}

fn unreachable(tried: &[Tried]) -> String {
    match tried.last() {
        // The address was typed a moment ago, and who says this says it as well.
        Some(last) => last.reason.to_string(),
        None => "there is no address to dial".to_owned(),
    }
}

/// Asks whoever answers at `address` for name and keys.
///
/// # Errors
/// In words for the person who typed the address.
pub async fn who(address: &Address) -> Result<Profile, Error> {
    let throwaway = Identity::new(&rand::random());
    let addresses = std::slice::from_ref(address);
    let (socket, _) = dial::race(&throwaway, None, addresses, Limits::default().handshake_time)
        .await
        .map_err(Error::Unreachable)?;
    let profile = timeout(ANSWER, ask(socket)).await.map_err(|_| Error::Silent)??;
    Ok(profile)
}

async fn ask(socket: Socket) -> Result<Profile, Error> {
    let Socket { mut ws, peer, allowance, .. } = socket;
    let hello = Hello {
        versions: vec![1],
        features: 0,
        limits: FrameLimits {
            message: u32::try_from(MAX_MESSAGE).expect("a small number"),
            window: u32::try_from(MAX_MESSAGE).expect("a small number"),
        },
        boot: BootId(rand::random()),
    };
    let question = pack(&[Frame::Hello(hello), Frame::Who]);
    ws.send(Message::Binary(question.into())).await.map_err(|_| Error::Silent)?;
    while let Some(Ok(message)) = ws.next().await {
        let Message::Binary(message) = message else { continue };
        allowance.set(PER_MESSAGE);
        for frame in inbox::open(message).await.map_err(Error::Wrong)? {
            let Frame::WhoIs(answer) = frame else { continue };
            let _ = ws.close(None).await;
            let profile = answer.profile.ok_or(Error::Silent)?;
            profile.verify().map_err(Error::Wrong)?;
            if profile.device_with(peer).is_none() {
                return Err(Error::Wrong(Violation::forged("the keys belong to another device")));
            }
            return Ok(profile);
        }
    }
    Err(Error::Silent)
}
