//! A raw client: TLS with an inquisitive certificate verifier, frames, and no manners.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{
    ClientSessionStore, Resumption, Tls12ClientSessionValue, Tls13ClientSessionValue, WebPkiServerVerifier,
};
use rustls::crypto::{CryptoProvider, SupportedKxGroup, aws_lc_rs};
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, Error, NamedGroup, RootCertStore, SignatureScheme,
    StreamOwned,
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use wire::request::{Binding, ConnectionProof};
use wire::response::Welcome;
use wire::{Body, Deframer, Frame, Notice, PROTOCOL_VERSION, Request, RequestId, Response};

use super::PATIENCE;

/// One connection to the server under test.
pub struct Peer {
    pub tls: StreamOwned<ClientConnection, TcpStream>,
    pub chain: Vec<CertificateDer<'static>>,
    pub welcome: Welcome,
    pub proof: ConnectionProof,
    pub tickets: Arc<Tickets>,
    deframer: Deframer,
    notices: VecDeque<Notice>,
    next_id: u32,
}

impl Peer {
    /// Connects as a client does: our ALPN, no SNI, the chain checked against its own last certificate.
    pub fn connect(port: u16) -> Self {
        Self::try_connect(port).expect("a connection with its WELCOME")
    }

    /// Likewise, where the server may be gone.
    pub fn try_connect(port: u16) -> Option<Self> {
        Self::try_connect_behind(port, &[])
    }

    /// Likewise, behind a proxy that says this first.
    pub fn try_connect_behind(port: u16, header: &[u8]) -> Option<Self> {
        let tickets = Arc::new(Tickets::default());
        let verifier = Arc::new(Inquisitive::default());
        let config = config(verifier.clone(), tickets.clone(), &[b"oub/1"]);
        let mut tls = shake_hands_behind(port, header, config).ok()?;
        let mut deframer = Deframer::new();
        let Body::Notice(Notice::Welcome(welcome)) = next_frame(&mut tls, &mut deframer)?.body else {
            panic!("no WELCOME")
        };
        let exported = tls.conn.export_keying_material([0; 32], b"EXPORTER-oubliette", None).unwrap();
        let proof = ConnectionProof {
            version: PROTOCOL_VERSION,
            server_id: welcome.server_id,
            welcome_nonce: welcome.nonce,
            binding: Binding::TlsExporter(exported),
        };
        let chain = verifier.chain.lock().unwrap().clone();
        Some(Self { tls, chain, welcome, proof, tickets, deframer, notices: VecDeque::new(), next_id: 1 })
    }

    /// Sends a request and waits for its answer.
    pub fn ask(&mut self, request: impl Into<Request>) -> Response {
        let id = self.send(request);
        loop {
            match next_frame(&mut self.tls, &mut self.deframer).expect("an answer before the end") {
                Frame { request_id, body: Body::Response(response) } if request_id == id => return response,
                Frame { body: Body::Notice(notice), .. } => self.notices.push_back(notice),
                other => panic!("not an answer to {id:?}: {other:?}"),
            }
        }
    }

    /// Sends a request and goes on.
    pub fn send(&mut self, request: impl Into<Request>) -> RequestId {
        self.try_send(request).unwrap()
    }

    /// Likewise, where the server may be gone.
    pub fn try_send(&mut self, request: impl Into<Request>) -> std::io::Result<RequestId> {
        let id = RequestId(self.next_id);
        self.next_id += 1;
        self.tls.write_all(&Frame::request(id, request).encode())?;
        self.tls.flush()?;
        Ok(id)
    }

    /// The next frame, answer or notice, or `None` at the end of the connection.
    pub fn heard(&mut self) -> Option<Frame> {
        match self.notices.pop_front() {
            Some(notice) => Some(Frame { request_id: RequestId(0), body: Body::Notice(notice) }),
            None => next_frame(&mut self.tls, &mut self.deframer),
        }
    }

    /// The next answer to whatever was asked, or `None` at the end of the connection.
    pub fn answer(&mut self) -> Option<(RequestId, Response)> {
        loop {
            match next_frame(&mut self.tls, &mut self.deframer)? {
                Frame { request_id, body: Body::Response(response) } => return Some((request_id, response)),
                Frame { body: Body::Notice(notice), .. } => self.notices.push_back(notice),
                other => panic!("a server does not ask: {other:?}"),
            }
        }
    }

    /// The next thing said unasked.
    pub fn notice(&mut self) -> Notice {
        match self.notices.pop_front() {
            Some(notice) => notice,
            None => next_notice(&mut self.tls, &mut self.deframer),
        }
    }

    /// Whether the server closes without another frame.
    pub fn is_closed(&mut self) -> bool {
        next_frame(&mut self.tls, &mut self.deframer).is_none()
    }

    pub fn group(&self) -> NamedGroup {
        self.tls.conn.negotiated_key_exchange_group().unwrap().name()
    }
}

/// TLS up to the end of the handshake, with these protocol names.
pub fn handshake(port: u16, alpn: &[&[u8]]) -> std::io::Result<StreamOwned<ClientConnection, TcpStream>> {
    shake_hands(port, config(Arc::default(), Arc::default(), alpn))
}

/// TLS as a client of ours speaks it, for whoever drives the records by hand.
pub fn client_tls() -> ClientConnection {
    let name = ServerName::try_from("relay.oubliette.invalid").unwrap();
    ClientConnection::new(Arc::new(config(Arc::default(), Arc::default(), &[b"oub/1"])), name).unwrap()
}

/// The same, with the keys of its records for whoever makes them himself.
pub fn client_tls_with_keys() -> ClientConnection {
    let provider = CryptoProvider {
        cipher_suites: vec![aws_lc_rs::cipher_suite::TLS13_CHACHA20_POLY1305_SHA256],
        ..provider()
    };
    let mut config = config_of(provider, Arc::default(), Arc::default(), &[b"oub/1"]);
    config.enable_secret_extraction = true;
    let name = ServerName::try_from("relay.oubliette.invalid").unwrap();
    ClientConnection::new(Arc::new(config), name).unwrap()
}

/// The handshake of a client that can do these key exchanges and no others.
pub fn handshake_by(
    port: u16,
    groups: Vec<&'static dyn SupportedKxGroup>,
) -> std::io::Result<StreamOwned<ClientConnection, TcpStream>> {
    let provider = CryptoProvider { kx_groups: groups, ..provider() };
    shake_hands(port, config_of(provider, Arc::default(), Arc::default(), &[b"oub/1"]))
}

fn shake_hands(port: u16, config: ClientConfig) -> std::io::Result<StreamOwned<ClientConnection, TcpStream>> {
    shake_hands_behind(port, &[], config)
}

fn shake_hands_behind(
    port: u16,
    header: &[u8],
    config: ClientConfig,
) -> std::io::Result<StreamOwned<ClientConnection, TcpStream>> {
    let mut socket = TcpStream::connect(("127.0.0.1", port))?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.write_all(header)?;
    let name = ServerName::try_from("relay.oubliette.invalid").unwrap();
    let mut connection = ClientConnection::new(Arc::new(config), name).unwrap();
    while connection.is_handshaking() {
        connection.complete_io(&mut socket)?;
    }
    Ok(StreamOwned::new(connection, socket))
}

fn config(verifier: Arc<Inquisitive>, tickets: Arc<Tickets>, alpn: &[&[u8]]) -> ClientConfig {
    config_of(provider(), verifier, tickets, alpn)
}

fn config_of(
    provider: CryptoProvider,
    verifier: Arc<Inquisitive>,
    tickets: Arc<Tickets>,
    alpn: &[&[u8]],
) -> ClientConfig {
    let mut config = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    config.enable_sni = false;
    config.resumption = Resumption::store(tickets);
    config
}

fn next_notice(tls: &mut impl Read, deframer: &mut Deframer) -> Notice {
    match next_frame(tls, deframer).expect("a notice before the end").body {
        Body::Notice(notice) => notice,
        other => panic!("not a notice: {other:?}"),
    }
}

fn next_frame(tls: &mut impl Read, deframer: &mut Deframer) -> Option<Frame> {
    let mut buffer = [0; 16 * 1024];
    loop {
        if let Some(raw) = deframer.next_frame().unwrap() {
            return Some(Frame::decode(&raw).unwrap());
        }
        match tls.read(&mut buffer) {
            Ok(0) => return None,
            Ok(read) => deframer.extend(&buffer[..read]),
            Err(error)
                if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) =>
            {
                panic!("the server says nothing")
            }
            Err(_) => return None,
        }
    }
}

/// Keeps the chain, and checks it with the ordinary verifier anchored at its last certificate.
#[derive(Debug, Default)]
pub struct Inquisitive {
    chain: Mutex<Vec<CertificateDer<'static>>>,
}

impl ServerCertVerifier for Inquisitive {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        rest: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let mut roots = RootCertStore::empty();
        roots.add(rest.last().unwrap().clone().into_owned())?;
        let provider = Arc::new(aws_lc_rs::default_provider());
        let ordinary =
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
        let chain = std::iter::once(leaf).chain(rest).map(|der| der.clone().into_owned());
        *self.chain.lock().unwrap() = chain.collect();
        ordinary.verify_server_cert(leaf, rest, name, ocsp, now)
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("TLS 1.2".into()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        rustls::crypto::verify_tls13_signature(
            message,
            leaf,
            signed,
            &provider().signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        provider().signature_verification_algorithms.supported_schemes()
    }
}

/// As clients of ours have it.
fn provider() -> CryptoProvider {
    CryptoProvider { kx_groups: vec![aws_lc_rs::kx_group::X25519MLKEM768], ..aws_lc_rs::default_provider() }
}

/// A client that would gladly resume: counts the tickets it is given.
#[derive(Debug, Default)]
pub struct Tickets(pub Mutex<usize>);

impl ClientSessionStore for Tickets {
    fn set_kx_hint(&self, _: ServerName<'static>, _: NamedGroup) {}

    fn kx_hint(&self, _: &ServerName<'_>) -> Option<NamedGroup> {
        None
    }

    fn set_tls12_session(&self, _: ServerName<'static>, _: Tls12ClientSessionValue) {}

    fn tls12_session(&self, _: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        None
    }

    fn remove_tls12_session(&self, _: &ServerName<'static>) {}

    fn insert_tls13_ticket(&self, _: ServerName<'static>, _: Tls13ClientSessionValue) {
        *self.0.lock().unwrap() += 1;
    }

    fn take_tls13_ticket(&self, _: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        None
    }
}
