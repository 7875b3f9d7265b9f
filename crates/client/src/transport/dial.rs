//! The way to a server: TCP, through a proxy if there is one, TLS, and the pin.

use std::{future::Future, io, sync::Arc, time::Duration};

use proto::CloseReason;
use tokio::{net::TcpStream, time::timeout};
use wire::HostPort;

use super::{
    tls::{self, Found, Pin},
    tunnel::tunnel,
};
use crate::{ClientError, Dialled, Proxy, proxy::Credentials};

/// Exporter label that ties proofs to this channel.
const EXPORTER: &[u8] = b"EXPORTER-oubliette";
/// Why nobody was reached.
pub(crate) const LATE: &str = "it did not answer in time";
const NO_TLS: &str = "what answers there does not speak TLS";

/// Connects, and checks the server's identity. Where there is a proxy, its failure is the failure.
pub(crate) async fn dial(
    at: HostPort,
    pin: Pin,
    proxy: Option<(Proxy, Arc<Credentials>)>,
    patience: Duration,
) -> Result<Dialled, ClientError> {
    let host = at.to_string();
    let tcp = match proxy {
        Some((proxy, credentials)) => tunnel(&at, &proxy, &credentials, patience).await?,
        None => connect(&at, patience).await.map_err(|reason| unreachable(&host, reason))?,
    };
    let _ = tcp.set_nodelay(true);
    let found = Found::default();
    let connector = tls::connector(pin, &found).map_err(|error| unreachable(&host, error))?;
    let stream = within(patience, &host, connector.connect(tls::relay_name(), tcp)).await?;
    let stream = stream.map_err(|error| handshake_error(&host, &error))?;
    let server_id = found.accepted().ok_or_else(|| ClientError::WrongServer { host: host.clone() })?;
    let exported = stream.get_ref().1.export_keying_material([0; 32], EXPORTER, None);
    let exported = exported.map_err(|error| unreachable(&host, error))?;
    Ok(Dialled { stream: Box::new(stream), server_id, exported })
}

/// To a server, or to the proxy before it: nothing else is connected to, and nobody else connects.
pub(super) async fn connect(at: &HostPort, patience: Duration) -> Result<TcpStream, String> {
    let connecting = TcpStream::connect((at.host_to_resolve(), at.port()));
    let connected = timeout(patience, connecting).await.map_err(|_| LATE.to_owned())?;
    connected.map_err(|error| error.to_string())
}

pub(super) async fn within<T>(
    patience: Duration,
    host: &str,
    work: impl Future<Output = T>,
) -> Result<T, ClientError> {
    timeout(patience, work).await.map_err(|_| unreachable(host, LATE))
}

/// The sentence for an error while talking. Of who hung up the TLS library says at length that no `close_notify` came.
pub(super) fn cut(host: &str, error: &io::Error) -> ClientError {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => unreachable(host, CloseReason::Theirs),
        _ => unreachable(host, error),
    }
}

pub(crate) fn unreachable(host: &str, reason: impl std::fmt::Display) -> ClientError {
    ClientError::Unreachable { host: host.to_owned(), reason: reason.to_string() }
}

/// A certificate that does not follow from the pin is an identity error, never a temporary one.
fn handshake_error(host: &str, error: &io::Error) -> ClientError {
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match tls {
        Some(rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented) => {
            ClientError::WrongServer { host: host.to_owned() }
        }
        // A web server, say, or a proxy that does not pass TLS through.
        Some(rustls::Error::InvalidMessage(_)) => unreachable(host, NO_TLS),
        _ => cut(host, error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_hangs_up_without_a_farewell_closed_the_connection() {
        let explained = "peer closed connection without sending TLS close_notify";
        let error = cut("relay.example", &io::Error::new(io::ErrorKind::UnexpectedEof, explained));
        assert_eq!(error, unreachable("relay.example", "the server closed the connection"));
        let reset = io::Error::from(io::ErrorKind::ConnectionReset);
        assert_eq!(cut("relay.example", &reset), unreachable("relay.example", reset));
    }
}
