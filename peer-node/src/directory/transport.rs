//! Connections to a directory: TLS 1.3 with a CA or a pinned key, plain HTTP on loopback only.

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use hyper_rustls::ConfigBuilderExt;
use protocol::directory::Hex;
use rustls::{
    ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, ring, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
    server::ParsedCertificate,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::TlsConnector;

use super::Error;

/// A TCP connection and a TLS handshake have this long.
const CONNECT: Duration = Duration::from_secs(10);

/// A byte stream of either kind.
pub(super) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// Where a directory is, and how it proves itself.
pub(super) struct Endpoint {
    host: String,
    port: u16,
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

/// An open connection.
pub(super) struct Opened {
    pub(super) io: Box<dyn Io>,
    /// BLAKE3 of the certificate's SubjectPublicKeyInfo; none over plain HTTP.
    pub(super) tls: Option<Hex<32>>,
}

impl Endpoint {
    /// Reads a URL such as `https://directory.example:7400`. With a pin, only the certificate's key counts.
    ///
    /// With a file of an authority, only what that authority signed counts.
    pub(super) fn new(url: &str, pin: Option<Hex<32>>, authority: Option<&Path>) -> Result<Self, Error> {
        let url: hyper::Uri = url.trim().parse().map_err(|_| {
            Error::BadUrl(
                "this is not the address of a directory; write it like https://directory.example:7400",
            )
        })?;
        if !matches!(url.path(), "" | "/") || url.query().is_some() {
            return Err(Error::BadUrl("the address of a directory has no path"));
        }
        let host = url.host().filter(|host| !host.is_empty());
        let host = host.ok_or(Error::BadUrl("the address of the directory has no host name"))?;
        if url.authority().is_some_and(|authority| authority.as_str().contains('@')) {
            return Err(Error::BadUrl("the address of a directory has no user name"));
        }
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        match url.scheme_str() {
            Some("https") => {
                let name = ServerName::try_from(host.clone())
                    .map_err(|_| Error::BadUrl("this is not a host name or an IP address"))?;
                let tls = Some((TlsConnector::from(Arc::new(tls_config(pin, authority)?)), name));
                Ok(Self { host, port: url.port_u16().unwrap_or(443), tls })
            }
            Some("http") if pin.is_some() => {
                Err(Error::BadUrl("a pinned key needs an address with https://"))
            }
            Some("http") if is_loopback(&host) => {
                Ok(Self { host, port: url.port_u16().unwrap_or(80), tls: None })
            }
            Some("http") => Err(Error::BadUrl("without https only a directory on this machine can be used")),
            _ => Err(Error::BadUrl("the address of a directory begins with https://")),
        }
    }

    /// For the `Host` header.
    pub(super) fn authority(&self) -> String {
        let (host, port) = (&self.host, self.port);
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
    }

    pub(super) fn ws_url(&self, path: &str) -> String {
        let scheme = if self.tls.is_some() { "wss" } else { "ws" };
        format!("{scheme}://{}{path}", self.authority())
    }

    pub(super) async fn open(&self) -> Result<Opened, Error> {
        let late = |_| Error::Unreachable("it does not answer".to_owned());
        timeout(CONNECT, self.open_at_leisure()).await.map_err(late)?
    }

    async fn open_at_leisure(&self) -> Result<Opened, Error> {
        let fail = |error: std::io::Error| Error::Unreachable(error.to_string());
        let found = tokio::net::lookup_host((self.host.as_str(), self.port)).await.map_err(fail)?;
        // A name such as localhost must not lead plain HTTP off this machine.
        let found: Vec<SocketAddr> =
            found.filter(|address| self.tls.is_some() || address.ip().is_loopback()).collect();
        let tcp = TcpStream::connect(found.as_slice()).await.map_err(fail)?;
        tcp.set_nodelay(true).map_err(fail)?;
        let Some((connector, name)) = &self.tls else {
            return Ok(Opened { io: Box::new(tcp), tls: None });
        };
        let stream = connector.connect(name.clone(), tcp).await.map_err(|error| {
            let by_tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
            match by_tls {
                Some(rustls::Error::InvalidCertificate(_) | rustls::Error::General(_)) => Error::NotTrusted(
                    "its certificate is not one that this computer trusts, or not the pinned one",
                ),
                _ => fail(error),
            }
        })?;
        let certificate = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
        let tls = certificate.and_then(spki_hash).ok_or(Error::NotTrusted("it showed no certificate"))?;
        Ok(Opened { io: Box::new(stream), tls: Some(tls) })
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn spki_hash(certificate: &CertificateDer<'_>) -> Option<Hex<32>> {
    let certificate = ParsedCertificate::try_from(certificate).ok()?;
    Some(Hex(*blake3::hash(&certificate.subject_public_key_info()).as_bytes()))
}

fn tls_config(pin: Option<Hex<32>>, authority: Option<&Path>) -> Result<ClientConfig, Error> {
    let provider = Arc::new(ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|_| Error::NotTrusted("TLS 1.3 is missing"))?;
    Ok(match (pin, authority) {
        (Some(pin), _) => config
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Pinned { pin, provider }))
            .with_no_client_auth(),
        (None, Some(file)) => {
            let unreadable = Error::NotTrusted("the file of its certificate authority can't be read");
            let mut roots = RootCertStore::empty();
            let (added, _) = match CertificateDer::pem_file_iter(file) {
                Ok(found) => roots.add_parsable_certificates(found.filter_map(Result::ok)),
                Err(_) => return Err(unreadable),
            };
            if added == 0 {
                return Err(unreadable);
            }
            config.with_root_certificates(roots).with_no_client_auth()
        }
        (None, None) => config
            .with_native_roots()
            .map_err(|_| Error::NotTrusted("this computer has no list of certificate authorities"))?
            .with_no_client_auth(),
    })
}

/// Takes the one certificate key whose hash is pinned: the name and the dates of a certificate say nothing then.
#[derive(Debug)]
struct Pinned {
    pin: Hex<32>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if spki_hash(certificate) == Some(self.pin) {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(rustls::CertificateError::ApplicationVerificationFailure.into())
        }
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(rustls::Error::General("TLS 1.2 is not spoken".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(url: &str, pin: Option<Hex<32>>) -> String {
        Endpoint::new(url, pin, None).err().expect(url).to_string()
    }

    #[test]
    fn plain_http_goes_to_this_machine_only() {
        for good in ["http://127.0.0.1:7400", "http://localhost:7400/", "http://[::1]:7400"] {
            assert!(Endpoint::new(good, None, None).is_ok(), "{good}");
        }
        assert!(refused("http://192.168.1.7:7400", None).contains("without https"));
        assert!(refused("http://localhost.example.org:7400", None).contains("without https"));
        assert!(refused("http://127.0.0.1:7400", Some(Hex([0; 32]))).contains("https://"));
    }

    #[test]
    fn a_bad_address_says_what_is_wrong() {
        assert!(refused("directory.example:7400", None).contains("https://"));
        assert!(refused("ftp://directory.example", None).contains("https://"));
        assert!(refused("https://directory.example/v1", None).contains("path"));
        assert!(refused("https://me@directory.example", None).contains("user name"));
        assert!(refused("not at all", None).contains("https://"));
    }
}
