//! One connection to the measured relay: `proto`'s client machine over TLS, the certificate not checked.
//!
//! The relay is one that this program has just started on loopback; what is measured is its work, which is the same
//! whoever looks at its certificate. The server id in `WELCOME` is still checked by the machine.

use crate::Failure;
use crate::line::connect;
use crate::relay::{Relay, program};
use proto::{ClientConfig, ClientConnection, ClientEvent, Now, ServerPin};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use std::net::SocketAddr;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use wire::request::Binding;
use wire::{ConnectionKind, Invitation, Request, RequestId, Response};

/// A live connection.
pub struct Link {
    stream: TlsStream<TcpStream>,
    /// The machine that speaks on it.
    pub machine: ClientConnection,
    began: Instant,
}

impl Link {
    /// Connects and waits for `WELCOME`.
    pub async fn open_at(at: SocketAddr, pin: ServerPin, kind: ConnectionKind) -> Result<Link, Failure> {
        Link::open_with(&connector()?, at, pin, kind).await
    }

    /// The same, with a configuration of TLS that many connections share.
    pub async fn open_with(
        connector: &TlsConnector,
        at: SocketAddr,
        pin: ServerPin,
        kind: ConnectionKind,
    ) -> Result<Link, Failure> {
        let stream = connect(at, connector).await?;
        let exporter = stream.get_ref().1.export_keying_material([0_u8; 32], b"EXPORTER-oubliette", None)?;
        let config = ClientConfig { server: pin, binding: Binding::TlsExporter(exporter), kind };
        let began = Instant::now();
        let mut link = Link { stream, machine: ClientConnection::new(config, Now(0)), began };
        match link.event().await? {
            ClientEvent::Ready { .. } => Ok(link),
            other => Err(format!("no WELCOME but {other:?}").into()),
        }
    }

    /// The stream, the machine on it, and when its clock began.
    pub fn into_parts(self) -> (TlsStream<TcpStream>, ClientConnection, Instant) {
        (self.stream, self.machine, self.began)
    }

    /// Milliseconds of this connection's own clock.
    pub fn now(&self) -> Now {
        Now(self.began.elapsed().as_millis() as u64)
    }

    /// Gives the machine a request; it leaves with the next [`Link::event`].
    pub fn ask(&mut self, request: impl Into<Request>) -> Result<RequestId, Failure> {
        let now = self.now();
        Ok(self.machine.request(now, request)?)
    }

    /// Writes what waits, then reads until something happens.
    pub async fn event(&mut self) -> Result<ClientEvent, Failure> {
        let mut buffer = vec![0_u8; 64 * 1024];
        loop {
            if let Some(event) = self.machine.poll_event() {
                return Ok(event);
            }
            while let Some(bytes) = self.machine.poll_output() {
                self.stream.write_all(&bytes).await?;
            }
            self.stream.flush().await?;
            let read = self.stream.read(&mut buffer).await?;
            if read == 0 {
                return Err("the relay closed the connection".into());
            }
            let now = self.now();
            self.machine.handle_input(now, buffer.get(..read).unwrap_or_default());
        }
    }

    /// Asks one thing and waits for its answer.
    pub async fn answer(&mut self, request: impl Into<Request>) -> Result<Response, Failure> {
        let asked = self.ask(request)?;
        match self.event().await? {
            ClientEvent::Answered { id, response } if id == asked => Ok(response),
            other => Err(format!("no answer but {other:?}").into()),
        }
    }
}

/// An invitation to the relay for a name, as its operator makes it.
pub fn invitation(relay: &Relay, name: &str) -> Result<Invitation, Failure> {
    let output =
        Command::new(program("oublietted")).args(["invite", name, "--data"]).arg(relay.folder()).output()?;
    let talk =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    let link =
        talk.split_whitespace().find(|word| word.starts_with("oub://")).ok_or("no invitation was printed")?;
    Ok(Invitation::parse(link).map_err(|error| format!("{link}: {error}"))?)
}

/// What opens TLS towards any relay that this program started.
pub fn connector() -> Result<TlsConnector, Failure> {
    Ok(TlsConnector::from(Arc::new(tls()?)))
}

/// TLS as a client of ours speaks it, with any certificate.
pub fn tls() -> Result<rustls::ClientConfig, Failure> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(DangerousTrustAnyone(provider)))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"oub/1".to_vec()];
    config.enable_sni = false;
    config.resumption = rustls::client::Resumption::disabled();
    Ok(config)
}

/// Trusts any certificate; for a relay of our own on loopback, in a benchmark, and nowhere else.
#[derive(Debug)]
struct DangerousTrustAnyone(Arc<CryptoProvider>);

impl ServerCertVerifier for DangerousTrustAnyone {
    fn verify_server_cert(
        &self,
        _leaf: &CertificateDer<'_>,
        _chain: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _stapled: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &rustls::DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(rustls::Error::General("TLS 1.2 is not spoken here".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &rustls::DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
