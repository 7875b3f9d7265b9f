//! Accepts sockets for as long as the server runs, whatever the system says in between.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_util::task::TaskTracker;

use crate::arrivals::Arrivals;
use crate::connection::{self, Arrival, Door};
use crate::failure::{EXIT_TEMPORARY, EXIT_USAGE, Failure};
use crate::proxy_header::Headers;
use crate::relay::Relay;
use crate::seldom::Seldom;
use crate::task::Who;

/// Pause after the system could not accept (out of descriptors, most of the time): it clears by waiting.
const PAUSE: Duration = Duration::from_millis(100);

/// What the system keeps of a peer whom we do not read, twice at most. By itself it would keep 6 MB of each, and all
/// connections together would want more than it has for TCP.
pub const UNREAD_INPUT_BYTES: u32 = 256 * 1024;
/// Connections that wait to be accepted.
const BACKLOG: u32 = 1_024;

/// Why an address cannot be listened on.
#[derive(thiserror::Error, Debug)]
#[error("{address}: {error}")]
pub struct ListenError {
    /// Which.
    pub address: SocketAddr,
    /// What the system said.
    pub error: io::Error,
}

impl From<ListenError> for Failure {
    fn from(failed: ListenError) -> Self {
        let why = failed.to_string();
        match failed.error.kind() {
            io::ErrorKind::AddrInUse => Failure::new(
                format!("port {} is in use", failed.address.port()),
                why,
                "stop what listens there, or choose another address with   --listen ADDR:PORT",
                EXIT_TEMPORARY,
                "OUB-S040",
            ),
            io::ErrorKind::PermissionDenied => Failure::new(
                format!("port {} is not allowed to this user", failed.address.port()),
                why,
                "choose a port above 1023 with   --listen ADDR:PORT",
                EXIT_USAGE,
                "OUB-S021",
            ),
            _ => Failure::new(
                "the address cannot be listened on",
                why,
                "choose an address of this machine with   --listen ADDR:PORT",
                EXIT_USAGE,
                "OUB-S022",
            ),
        }
    }
}

/// Listens on one address, within a runtime; on IPv4 alone where `[::]` was meant and the machine has no IPv6.
pub fn bind(address: SocketAddr) -> Result<TcpListener, ListenError> {
    match listen(address) {
        Err(error) if address.ip() == std::net::Ipv6Addr::UNSPECIFIED && no_ipv6(&error) => {
            let address = SocketAddr::from((std::net::Ipv4Addr::UNSPECIFIED, address.port()));
            listen(address).map_err(|error| ListenError { address, error })
        }
        bound => bound.map_err(|error| ListenError { address, error }),
    }
}

/// As `TcpListener::bind` does it, with a bound for what waits unread, which every accepted socket has from the listener.
fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.set_recv_buffer_size(UNREAD_INPUT_BYTES)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

fn no_ipv6(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::AddrNotAvailable | io::ErrorKind::Unsupported)
        || error.raw_os_error() == Some(97)
}

/// What came to a listener.
enum Came {
    /// Somebody connected, or the system could not accept.
    Socket(io::Result<(TcpStream, SocketAddr)>),
    /// A proxy said for whom it speaks, or nothing that can be understood.
    Header(Option<(TcpStream, IpAddr)>),
}

/// An address that is listened on.
#[derive(Debug)]
pub struct Entrance {
    /// Where.
    pub listener: TcpListener,
    /// Whether connections come from proxies alone there, which say for whom they speak.
    pub is_of_proxies: bool,
}

/// The accept loop of one listener; ends when the server stops. Handshakes begin at their pace, in turns.
pub async fn run(entrance: Entrance, door: Door, connections: TaskTracker) {
    let Entrance { listener, is_of_proxies } = entrance;
    let relay = door.relay.clone();
    let (mut arrivals, mut headers, closed) = (Arrivals::default(), Headers::default(), Seldom::default());
    let (mut opens_at, mut turn_at) = (Instant::now(), Instant::now());
    for number in 0_usize.. {
        while turn_at <= Instant::now()
            && let Some(arrival) = arrivals.take()
        {
            connections.spawn(connection::serve(arrival));
            turn_at = Instant::now() + relay.admission.pace();
        }
        let came = tokio::select! {
            () = relay.stopping.cancelled() => return,
            () = sleep_until(turn_at), if !arrivals.is_empty() => continue,
            header = headers.next(), if !headers.is_empty() && arrivals.has_room() => Came::Header(header),
            // Whoever comes when there is no room waits in the system's queue, and costs nothing there.
            accepted = accept(&listener, opens_at), if arrivals.has_room() && headers.has_room() => {
                Came::Socket(accepted)
            }
        };
        let (socket, address) = match came {
            Came::Socket(Err(_)) => {
                opens_at = Instant::now() + PAUSE;
                continue;
            }
            Came::Socket(Ok((socket, peer))) if is_of_proxies => {
                match relay.admission.is_proxy(peer.ip()) {
                    true => headers.add(socket, peer.ip()),
                    false => opens_at = without_header(&relay, &closed),
                }
                continue;
            }
            Came::Socket(Ok((socket, peer))) => (socket, peer.ip()),
            Came::Header(Some(announced)) => announced,
            Came::Header(None) => {
                opens_at = without_header(&relay, &closed);
                continue;
            }
        };
        let source = relay.admission.source_of(address);
        let turned_away = match relay.admission.admit(source) {
            Some(place) => {
                relay.counters.accepted.add_one();
                // Small frames wait for nothing; without this option they still arrive.
                let _slower: io::Result<()> = socket.set_nodelay(true);
                let who = if source.is_of_many() { Who::Connection(number) } else { Who::Source(source) };
                arrivals.add(who, Box::new(Arrival { door: door.clone(), socket, place })).is_some()
            }
            None => true,
        };
        if turned_away {
            relay.counters.turned_away.add_one();
            opens_at = Instant::now() + relay.admission.pace_refusals();
        }
    }
}

/// A connection of which no proxy says whose it is was closed; when the next one may be accepted.
fn without_header(relay: &Relay, closed: &Seldom) -> Instant {
    relay.counters.proxy_headers_wrong.add_one();
    if let Some(held_back) = closed.now(relay.clock.uptime_s()) {
        tracing::warn!(
            held_back,
            "a connection without a right PROXY header was closed: the proxy sends none, or somebody went past it"
        );
    }
    Instant::now() + relay.admission.pace_refusals()
}

/// Not before this moment.
async fn accept(listener: &TcpListener, opens_at: Instant) -> io::Result<(TcpStream, SocketAddr)> {
    sleep_until(opens_at).await;
    listener.accept().await
}

async fn sleep_until(moment: Instant) {
    if moment > Instant::now() {
        tokio::time::sleep_until(moment.into()).await;
    }
}
