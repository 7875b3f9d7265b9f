//! Who the server is: its root key is pinned, and everything else must follow from it (DESIGN § 4).
//!
//! All connections are made by [`connector`], so that they look alike on the wire.

use std::sync::{Arc, Mutex};

use rustls::{
    ClientConfig, DigitallySignedStruct, DistinguishedName, Error, RootCertStore, SignatureScheme,
    client::{
        Resumption, WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use tokio_rustls::TlsConnector;
use wire::{ServerId, ShortFingerprint};

/// The name in every relay's leaf certificate; it exists nowhere, so that no other certificate bears it.
pub(crate) const RELAY_NAME: &str = "relay.oubliette.invalid";
/// Our protocol, told apart from others on the same port.
const ALPN: &[u8] = b"oub/1";
/// Leaf, intermediate, root, and one to spare.
const CHAIN_MAX: usize = 4;

/// Which server must be at the other end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pin {
    /// Exactly this one.
    Full(ServerId),
    /// One whose id begins like this.
    Short(ShortFingerprint),
    /// Whoever answers: trust on first use.
    Any,
}

impl Pin {
    fn accepts(&self, id: &ServerId) -> bool {
        match self {
            Pin::Full(expected) => expected == id,
            Pin::Short(expected) => expected.matches(&id.0),
            Pin::Any => true,
        }
    }
}

/// What the handshake found, for those who asked.
#[derive(Clone, Default)]
pub(crate) struct Found(Arc<Mutex<Option<FoundServer>>>);

#[derive(Clone, Copy)]
struct FoundServer {
    id: ServerId,
    accepted: bool,
}

impl Found {
    fn note(&self, id: ServerId, accepted: bool) {
        if let Ok(mut slot) = self.0.lock() {
            *slot = Some(FoundServer { id, accepted });
        }
    }

    /// The server's id, once its chain was accepted.
    pub(crate) fn accepted(&self) -> Option<ServerId> {
        let found = self.0.lock().ok().and_then(|slot| *slot);
        found.filter(|server| server.accepted).map(|server| server.id)
    }
}

/// The one builder of connections.
pub(crate) fn connector(pin: Pin, found: &Found) -> Result<TlsConnector, Error> {
    let provider = Arc::new(provider());
    let verifier = PinnedRoot { pin, found: found.clone(), provider: provider.clone() };
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.enable_sni = false;
    config.alpn_protocols = vec![ALPN.to_vec()];
    // A resumed handshake would tie an anonymous connection to its owner.
    config.resumption = Resumption::disabled();
    config.enable_early_data = false;
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Every relay can do the hybrid key exchange. One that says that it cannot is none, or somebody stands in between who
/// records for later.
fn provider() -> CryptoProvider {
    CryptoProvider { kx_groups: vec![aws_lc_rs::kx_group::X25519MLKEM768], ..aws_lc_rs::default_provider() }
}

/// The verified name of every relay.
pub(crate) fn relay_name() -> ServerName<'static> {
    ServerName::try_from(RELAY_NAME).expect("a constant that is a DNS name")
}

/// The last certificate of the chain must be the pinned root; then the ordinary web-PKI rules apply, with that
/// root as the only anchor.
#[derive(Debug)]
struct PinnedRoot {
    pin: Pin,
    found: Found,
    provider: Arc<CryptoProvider>,
}

impl std::fmt::Debug for Found {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Found(..)")
    }
}

impl ServerCertVerifier for PinnedRoot {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if others.len() >= CHAIN_MAX {
            return Err(bad_chain());
        }
        let (root, intermediates) = others.split_last().ok_or_else(bad_chain)?;
        let mut anchors = RootCertStore::empty();
        anchors.add(root.clone().into_owned())?;
        let id = anchors
            .roots
            .first()
            .map(|anchor| spki_hash(&anchor.subject_public_key_info))
            .ok_or_else(bad_chain)?;
        if !self.pin.accepts(&id) {
            self.found.note(id, false);
            return Err(bad_chain());
        }
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(anchors), self.provider.clone())
            .build()
            .map_err(|_| bad_chain())?;
        let verified = verifier.verify_server_cert(leaf, intermediates, &relay_name(), ocsp, now)?;
        self.found.note(id, true);
        Ok(verified)
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("only TLS 1.3 is spoken".into()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }

    fn root_hint_subjects(&self) -> Option<&[DistinguishedName]> {
        None
    }
}

fn bad_chain() -> Error {
    Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer)
}

/// SHA-256 over the whole SubjectPublicKeyInfo. An anchor keeps its inside only; the outer SEQUENCE header is
/// put back before hashing.
fn spki_hash(inside: &[u8]) -> ServerId {
    ServerId(crypto::sha256(&[&sequence_header(inside.len()), inside]))
}

/// DER: tag 0x30 and the shortest form of the length.
fn sequence_header(len: usize) -> Vec<u8> {
    match u8::try_from(len) {
        Ok(short) if short < 0x80 => vec![0x30, short],
        Ok(one) => vec![0x30, 0x81, one],
        Err(_) => {
            let bytes = u16::try_from(len).unwrap_or(u16::MAX).to_be_bytes();
            [[0x30, 0x82], bytes].concat()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_has_the_shortest_form() {
        assert_eq!(sequence_header(42), [0x30, 42]);
        assert_eq!(sequence_header(200), [0x30, 0x81, 200]);
        assert_eq!(sequence_header(550), [0x30, 0x82, 2, 38]);
    }

    #[test]
    fn only_tls_1_3_with_our_protocol_and_without_a_name_is_spoken() {
        assert!(connector(Pin::Any, &Found::default()).is_ok());
        assert_eq!(relay_name().to_str(), RELAY_NAME);
    }

    #[test]
    fn a_short_pin_accepts_its_own_server_only() {
        let short = Pin::Short(ShortFingerprint::from_full(&[1; 32]));
        assert!(short.accepts(&ServerId([1; 32])));
        assert!(!short.accepts(&ServerId([2; 32])));
        assert!(!Pin::Full(ServerId([1; 32])).accepts(&ServerId([2; 32])));
    }
}
