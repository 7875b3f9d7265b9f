//! Through a proxy to a server. Nobody here knows another way.

use std::{io, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use wire::HostPort;

use super::{
    dial::{LATE, connect},
    socks::{AWAITED_MAX, Asking, Fault},
};
use crate::{Proxy, ProxyError, proxy::Credentials, world::World};

/// What a proxy told of itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Acquainted {
    /// It took credentials, and so can tell connections apart.
    ByCredentials,
    /// It takes none.
    Unasked,
}

/// A connection that the proxy made.
pub(super) async fn tunnel(
    to: &HostPort,
    proxy: &Proxy,
    credentials: &Credentials,
    patience: Duration,
) -> Result<TcpStream, ProxyError> {
    let mut tcp = reach(proxy, patience).await?;
    let mut asking = Asking::begin(to, credentials);
    let asked = timeout(patience, converse(&mut tcp, &mut asking, Asking::is_open)).await;
    match asked {
        Ok(Ok(())) => Ok(tcp),
        Ok(Err(broken)) => Err(broken.told(proxy, to)),
        Err(_) if asking.is_known() => Err(ProxyError::Silent { host: to.to_string() }),
        Err(_) => Err(unreachable(proxy, LATE)),
    }
}

/// Whether the proxy answers: it is told who asks, and of no server.
pub(crate) async fn try_proxy(
    proxy: &Proxy,
    world: &dyn World,
    patience: Duration,
) -> Result<Acquainted, ProxyError> {
    let mut tcp = reach(proxy, patience).await?;
    let credentials = proxy.credentials(world);
    let mut asking = Asking::begin(proxy.at(), &credentials);
    let asked = timeout(patience, converse(&mut tcp, &mut asking, Asking::is_known)).await;
    match asked.map_err(|_| unreachable(proxy, LATE))? {
        Ok(()) if asking.gave_credentials() => Ok(Acquainted::ByCredentials),
        Ok(()) => Ok(Acquainted::Unasked),
        Err(broken) => Err(broken.told(proxy, proxy.at())),
    }
}

async fn reach(proxy: &Proxy, patience: Duration) -> Result<TcpStream, ProxyError> {
    connect(proxy.at(), patience).await.map_err(|reason| unreachable(proxy, reason))
}

/// Says and hears by turns until it is so; a proxy has at most five answers.
async fn converse<'a>(
    tcp: &mut TcpStream,
    asking: &mut Asking<'a>,
    is_done: fn(&Asking<'a>) -> bool,
) -> Result<(), Broken> {
    let mut buffer = [0; AWAITED_MAX];
    while !is_done(asking) {
        tcp.write_all(&asking.say()).await?;
        let awaited = buffer.get_mut(..asking.awaited()).unwrap_or_default();
        tcp.read_exact(awaited).await?;
        asking.hear(awaited)?;
    }
    Ok(())
}

/// How a conversation broke.
enum Broken {
    Cut(io::Error),
    Fault(Fault),
}

impl Broken {
    fn told(self, proxy: &Proxy, to: &HostPort) -> ProxyError {
        match self {
            Self::Cut(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                unreachable(proxy, "it hung up in the middle of a word")
            }
            Self::Cut(error) => unreachable(proxy, error),
            Self::Fault(Fault::NotSocks) => ProxyError::NotSocks { proxy: proxy.to_string() },
            Self::Fault(Fault::Credentials) => ProxyError::Credentials { proxy: proxy.to_string() },
            Self::Fault(Fault::Refused(reply)) => ProxyError::Refused { host: to.to_string(), reply },
        }
    }
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Self::Cut(error)
    }
}

impl From<Fault> for Broken {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

fn unreachable(proxy: &Proxy, reason: impl std::fmt::Display) -> ProxyError {
    ProxyError::Unreachable { proxy: proxy.to_string(), reason: reason.to_string() }
}
