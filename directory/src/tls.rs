//! TLS: a certificate from files, or one of our own that can be pinned.

use std::{io, path::Path, sync::Arc};

use protocol::directory::Hex;
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::ParsedCertificate,
};
use tokio_rustls::TlsAcceptor;
use zeroize::Zeroizing;

use crate::{config::Config, secrets};

/// How this directory serves TLS.
#[derive(Clone)]
pub(crate) struct Tls {
    pub(crate) acceptor: TlsAcceptor,
    /// BLAKE3 of the certificate's SubjectPublicKeyInfo: what nodes pin.
    pub(crate) fingerprint: Hex<32>,
    /// Our own certificate: nodes can only pin it.
    pub(crate) own: bool,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls")
            .field("fingerprint", &self.fingerprint)
            .field("own", &self.own)
            .finish_non_exhaustive()
    }
}

fn bad(error: impl std::fmt::Display) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error.to_string())
}

impl Tls {
    pub(crate) fn open(config: &Config) -> io::Result<Self> {
        match (&config.tls_cert, &config.tls_key) {
            (Some(cert), Some(key)) => {
                let named =
                    |path: &Path, error: &dyn std::fmt::Display| bad(format!("{}: {error}", path.display()));
                let chain = CertificateDer::pem_file_iter(cert)
                    .and_then(Iterator::collect)
                    .map_err(|error| named(cert, &error))?;
                let key = PrivateKeyDer::from_pem_file(key).map_err(|error| named(key, &error))?;
                Self::with(chain, key, false)
            }
            _ => Self::own(&config.data),
        }
    }

    /// Made once; the fingerprint stays.
    fn own(folder: &Path) -> io::Result<Self> {
        let text = secrets::read_or_make(&folder.join("tls-own.pem"), || {
            let made = rcgen::generate_simple_self_signed(["confab-directory".to_owned()])
                .expect("a fixed name makes a certificate");
            Zeroizing::new(format!("{}{}", made.cert.pem(), made.signing_key.serialize_pem()))
        })?;
        let chain =
            CertificateDer::pem_slice_iter(text.as_bytes()).collect::<Result<Vec<_>, _>>().map_err(bad)?;
        let key = PrivateKeyDer::from_pem_slice(text.as_bytes()).map_err(bad)?;
        Self::with(chain, key, true)
    }

    fn with(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>, own: bool) -> io::Result<Self> {
        let first = chain.first().ok_or_else(|| bad("there is no certificate in the file"))?;
        let fingerprint = spki_hash(first).map_err(bad)?;
        let mut server = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(bad)?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(bad)?;
        server.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(server)), fingerprint, own })
    }
}

/// What nodes pin.
pub(crate) fn spki_hash(certificate: &CertificateDer<'_>) -> Result<Hex<32>, rustls::Error> {
    let certificate = ParsedCertificate::try_from(certificate)?;
    Ok(Hex(*blake3::hash(&certificate.subject_public_key_info()).as_bytes()))
}
