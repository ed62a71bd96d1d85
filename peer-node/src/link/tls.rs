//! TLS 1.3 with raw public keys (RFC 7250): the device key is the certificate, so both ends are proven.

use std::sync::Arc;

use ed25519_dalek::VerifyingKey;
use protocol::ids::DeviceId;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, DistinguishedName, Error, OtherError,
    ServerConfig, SignatureScheme,
    client::{
        AlwaysResolvesClientRawPublicKeys, Resumption,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, WebPkiSupportedAlgorithms, ring, verify_tls13_signature_with_raw_key},
    pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName, SubjectPublicKeyInfoDer, UnixTime},
    server::{
        AlwaysResolvesServerRawPublicKeys, NoServerSessionStorage,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
    sign::CertifiedKey,
    version::TLS13,
};

/// The protocol name in the handshake; whoever does not offer it gets no answer.
pub(super) const ALPN: &[u8] = b"confab/1/link";

/// The label of the channel binding (protocol.md, "Frames").
const BINDING: &[u8] = b"EXPORTER-confab/1/link";

/// DER before the 32 bytes of an Ed25519 public key (RFC 8410).
pub(super) const SPKI: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
/// DER before the 32 bytes of an Ed25519 seed (RFC 8410).
const PKCS8: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// Another device answered than the one that was dialled.
#[derive(Debug, thiserror::Error)]
#[error("another device answered")]
pub(super) struct OtherDevice(pub(super) DeviceId);

/// This device's key, ready for handshakes.
pub(super) struct Identity {
    provider: Arc<CryptoProvider>,
    key: Arc<CertifiedKey>,
    server: Arc<ServerConfig>,
}

impl Identity {
    pub(super) fn new(seed: &[u8; 32]) -> Self {
        let mut provider = ring::default_provider();
        provider.kx_groups = vec![ring::kx_group::X25519];
        let provider = Arc::new(provider);
        let key = certified(&provider, seed);
        let server = Arc::new(server_config(&provider, &key));
        Self { provider, key, server }
    }

    pub(super) fn server(&self) -> Arc<ServerConfig> {
        self.server.clone()
    }

    /// For one dial. Without `expect` any device may answer.
    pub(super) fn client(&self, expect: Option<DeviceId>) -> Arc<ClientConfig> {
        let mut config = ClientConfig::builder_with_provider(self.provider.clone())
            .with_protocol_versions(&[&TLS13])
            .expect("ring speaks TLS 1.3")
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Verify::new(&self.provider, expect)))
            .with_client_cert_resolver(Arc::new(AlwaysResolvesClientRawPublicKeys::new(self.key.clone())));
        config.alpn_protocols = vec![ALPN.to_vec()];
        config.enable_sni = false;
        // A resumed session would bring back the old channel binding's secret and prove no key.
        config.resumption = Resumption::disabled();
        Arc::new(config)
    }
}

pub(super) fn certified(provider: &CryptoProvider, seed: &[u8; 32]) -> Arc<CertifiedKey> {
    let der = PrivatePkcs8KeyDer::from([&PKCS8[..], &seed[..]].concat());
    let key = provider.key_provider.load_private_key(der.into()).expect("32 bytes are an Ed25519 seed");
    let spki = key.public_key().expect("an Ed25519 key knows its public half").to_vec();
    Arc::new(CertifiedKey::new(vec![CertificateDer::from(spki)], key))
}

fn server_config(provider: &Arc<CryptoProvider>, key: &Arc<CertifiedKey>) -> ServerConfig {
    let mut config = ServerConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&TLS13])
        .expect("ring speaks TLS 1.3")
        .with_client_cert_verifier(Arc::new(Verify::new(provider, None)))
        .with_cert_resolver(Arc::new(AlwaysResolvesServerRawPublicKeys::new(key.clone())));
    config.alpn_protocols = vec![ALPN.to_vec()];
    config.send_tls13_tickets = 0;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.max_early_data_size = 0;
    config
}

/// Who is at the other end, once the handshake is done.
pub(super) fn peer(certificates: Option<&[CertificateDer<'_>]>) -> Option<DeviceId> {
    certificates?.first().and_then(|spki| device(spki).ok())
}

/// The channel binding of a finished handshake.
pub(super) fn binding<D>(connection: &rustls::ConnectionCommon<D>) -> Result<[u8; 32], Error> {
    connection.export_keying_material([0; 32], BINDING, None)
}

/// The device that a protocol failure of a dial met in place of the wanted one.
pub(super) fn other_device(error: &std::io::Error) -> Option<DeviceId> {
    match error.get_ref()?.downcast_ref::<Error>()? {
        Error::Other(OtherError(inner)) => inner.downcast_ref::<OtherDevice>().map(|other| other.0),
        _ => None,
    }
}

fn device(spki: &[u8]) -> Result<DeviceId, Error> {
    let bad = || Error::InvalidCertificate(CertificateError::BadEncoding);
    let key = spki.strip_prefix(&SPKI[..]).and_then(|key| key.try_into().ok()).ok_or_else(bad)?;
    // With a key of low order everybody can make "signatures": it would prove nothing.
    match VerifyingKey::from_bytes(key) {
        Ok(point) if !point.is_weak() => Ok(DeviceId(*key)),
        _ => Err(bad()),
    }
}

/// Takes raw Ed25519 keys, and only the expected one where one is expected.
#[derive(Debug)]
struct Verify {
    expect: Option<DeviceId>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Verify {
    fn new(provider: &CryptoProvider, expect: Option<DeviceId>) -> Self {
        Self { expect, algorithms: provider.signature_verification_algorithms }
    }

    fn check(&self, spki: &CertificateDer<'_>, more: &[CertificateDer<'_>]) -> Result<(), Error> {
        if !more.is_empty() {
            return Err(Error::InvalidCertificate(CertificateError::BadEncoding));
        }
        let found = device(spki)?;
        match self.expect {
            Some(expected) if expected != found => Err(OtherError(Arc::new(OtherDevice(found))).into()),
            _ => Ok(()),
        }
    }

    fn signature(
        &self,
        message: &[u8],
        spki: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let spki = SubjectPublicKeyInfoDer::from(spki.as_ref());
        verify_tls13_signature_with_raw_key(message, &spki, signed, &self.algorithms)
    }
}

fn no_tls12() -> Error {
    Error::General("TLS 1.3 only".into())
}

impl ServerCertVerifier for Verify {
    fn verify_server_cert(
        &self,
        spki: &CertificateDer<'_>,
        more: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.check(spki, more).map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(no_tls12())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        spki: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signature(message, spki, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}

impl ClientCertVerifier for Verify {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        spki: &CertificateDer<'_>,
        more: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.check(spki, more).map(|()| ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(no_tls12())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        spki: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signature(message, spki, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_strong_ed25519_key_names_a_device() {
        let spki = |key: &[u8]| [&SPKI[..], key].concat();
        let good = ed25519_dalek::SigningKey::from_bytes(&[1; 32]).verifying_key().to_bytes();
        assert_eq!(device(&spki(&good)).unwrap(), DeviceId(good));
        let mut identity = [0; 32];
        identity[0] = 1;
        for bad in [&good[..31], &[&good[..], &[0]].concat(), &[0; 32], &identity, &[2; 32]] {
            assert!(device(&spki(bad)).is_err(), "{bad:?}");
        }
        assert!(device(&good).is_err(), "without its frame");
    }
}
