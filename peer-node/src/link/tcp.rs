//! The first transport: TLS 1.3 with device keys over TCP.

use std::net::SocketAddr;

use rustls::{
    pki_types::{IpAddr, Ipv4Addr, ServerName},
    server::Acceptor,
};
use tokio::{io::AsyncReadExt, net::TcpStream};
use tokio_rustls::{StartHandshake, TlsConnector};

use super::{
    failure::Reason,
    stream::{Allowance, Metered, Proven},
    tls::{self, Identity},
};
use protocol::ids::DeviceId;

/// What a dialler may send before it is known, TLS and HTTP in all: an honest one needs about 900 bytes.
const BEFORE_AUTH: usize = 4 << 10;
/// What a node that we dialled may send before its first whole message.
const BEFORE_OPEN: usize = 16 << 10;

/// Answers one connection. Who does not begin as a Confab node gets no answer at all.
pub(super) async fn accept(tcp: TcpStream, identity: &Identity) -> Result<Proven, Reason> {
    tcp.set_nodelay(true).map_err(|error| Reason::io(&error))?;
    let allowance = Allowance::new(BEFORE_AUTH);
    let mut tcp = Metered::new(tcp, allowance.clone());
    let mut acceptor = Acceptor::default();
    let mut buf = [0; 1024];
    let accepted = loop {
        let read = tcp.read(&mut buf).await.map_err(|error| Reason::io(&error))?;
        if read == 0 {
            return Err(Reason::HungUp);
        }
        let mut unread = &buf[..read];
        while !unread.is_empty() {
            acceptor.read_tls(&mut unread).map_err(|_| Reason::NotConfab)?;
        }
        match acceptor.accept() {
            Ok(Some(accepted)) => break accepted,
            Ok(None) => {}
            Err(_) => return Err(Reason::NotConfab),
        }
    };
    if !accepted.client_hello().alpn().is_some_and(|mut offered| offered.any(|name| name == tls::ALPN)) {
        return Err(Reason::NotConfab);
    }
    let stream = StartHandshake::from_parts(accepted, tcp)
        .into_stream(identity.server())
        .await
        .map_err(|error| Reason::handshake(&error))?;
    let connection = stream.get_ref().1;
    let peer = tls::peer(connection.peer_certificates()).ok_or(Reason::NotConfab)?;
    let binding = tls::binding(connection).map_err(|_| Reason::NotConfab)?;
    Ok(Proven { stream: Box::new(stream), peer, binding, allowance })
}

/// Dials one address. With `expect`, only that device will do, and no other learns who we are.
pub(super) async fn dial(
    to: SocketAddr,
    identity: &Identity,
    expect: Option<DeviceId>,
) -> Result<Proven, Reason> {
    let tcp = TcpStream::connect(to).await.map_err(|error| Reason::io(&error))?;
    tcp.set_nodelay(true).map_err(|error| Reason::io(&error))?;
    let allowance = Allowance::new(BEFORE_OPEN);
    // rustls wants a name; none is sent, since the configuration turns SNI off.
    let nobody = ServerName::IpAddress(IpAddr::V4(Ipv4Addr::from([0, 0, 0, 0])));
    let stream = TlsConnector::from(identity.client(expect))
        .connect(nobody, Metered::new(tcp, allowance.clone()))
        .await
        .map_err(|error| Reason::handshake(&error))?;
    let connection = stream.get_ref().1;
    if connection.alpn_protocol() != Some(tls::ALPN) {
        return Err(Reason::NotConfab);
    }
    let peer = tls::peer(connection.peer_certificates()).ok_or(Reason::NotConfab)?;
    let binding = tls::binding(connection).map_err(|_| Reason::NotConfab)?;
    Ok(Proven { stream: Box::new(stream), peer, binding, allowance })
}
