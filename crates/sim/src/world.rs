//! [`SimWorld`]: what a client reaches for, handed in by the simulator.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use client::{ClientError, Dialled, Dialling, Proxy, World};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use wire::{HostPort, Name, NameTag, ServerId, UnixSeconds};

use crate::connection::ConnectionId;
use crate::fuse::Fuse;
use crate::intruder::Intruder;
use crate::net::{Line, Net};
use crate::random::Random;

/// The net, shared by everybody; one thread, so nobody ever waits for it.
#[derive(Clone)]
pub(crate) struct SharedNet(Arc<Mutex<Net>>);

impl SharedNet {
    pub(crate) fn new(net: Net) -> Self {
        Self(Arc::new(Mutex::new(net)))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Net> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One person's clock, luck and network.
pub(crate) struct SimWorld {
    pub(crate) net: SharedNet,
    pub(crate) fuse: Arc<Fuse>,
    pub(crate) intruder: Arc<Intruder>,
    pub(crate) random: Mutex<Random>,
    /// How far this person's clock is off.
    pub(crate) skew: Arc<AtomicI64>,
}

impl World for SimWorld {
    fn now(&self) -> UnixSeconds {
        let clock = self.net.lock().luck.clock;
        UnixSeconds(clock.saturating_add_signed(self.skew.load(Ordering::Relaxed)))
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        self.fuse.burn();
        self.random.lock().unwrap_or_else(PoisonError::into_inner).fill(bytes);
    }

    fn dial(&self, at: HostPort, pin: client::Pin, _proxy: Option<Proxy>, _patience: Duration) -> Dialling {
        let (net, fuse, intruder) = (self.net.clone(), self.fuse.clone(), self.intruder.clone());
        Box::pin(async move {
            fuse.burn();
            intruder.pass();
            let host = at.to_string();
            let dialled = net.lock().dial(&at);
            let Line { id, server_id, exported } = dialled.map_err(|error| ClientError::Unreachable {
                host: host.clone(),
                reason: error.to_string(),
            })?;
            let channel = Channel { net, fuse, intruder, id };
            match accepts(&pin, &server_id) {
                true => Ok(Dialled { stream: Box::new(channel), server_id, exported }),
                false => Err(ClientError::WrongServer { host }),
            }
        })
    }

    fn name_tag(&self, server_id: &ServerId, name: &Name) -> NameTag {
        crate::relay::name_tag(server_id, name)
    }

    fn committed(&self) {
        self.fuse.burn();
    }
}

fn accepts(pin: &client::Pin, server_id: &ServerId) -> bool {
    match pin {
        client::Pin::Full(expected) => expected == server_id,
        client::Pin::Short(expected) => expected.matches(&server_id.0),
        client::Pin::Any => true,
    }
}

/// The client's end of a channel.
struct Channel {
    net: SharedNet,
    fuse: Arc<Fuse>,
    intruder: Arc<Intruder>,
    id: ConnectionId,
}

impl AsyncRead for Channel {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.fuse.burn();
        self.intruder.pass();
        let read = self.net.lock().read(self.id, buf.remaining());
        Poll::Ready(read.map(|bytes| buf.put_slice(&bytes)))
    }
}

impl AsyncWrite for Channel {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.fuse.burn();
        self.intruder.pass();
        let written = self.net.lock().write(self.id, bytes);
        Poll::Ready(written.map(|()| bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.fuse.burn();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.fuse.burn();
        Poll::Ready(Ok(()))
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        self.net.lock().hang_up(self.id);
    }
}
