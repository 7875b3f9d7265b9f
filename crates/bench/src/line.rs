//! One TLS connection that drives a [`Machine`], with an added delay where a far-away client is played.

use crate::Failure;
use crate::machine::{Happened, Machine};
use bytes::{Bytes, BytesMut};
use proto::Now;
use std::collections::VecDeque;
use std::future::pending;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

/// Read from the relay at a time.
const READ_BYTES: usize = 32 * 1024;

/// A live connection.
pub struct Line {
    stream: TlsStream<TcpStream>,
    machine: Box<dyn Machine>,
    input: Vec<u8>,
    began: Instant,
    delay: Duration,
    /// Bytes that are "on their way" to the relay, and when they arrive there.
    travelling: VecDeque<(Instant, Bytes)>,
}

impl Line {
    /// A machine on a stream. What it sends reaches the relay `delay` later, so that every round trip takes
    /// this much longer.
    pub fn new(
        stream: TlsStream<TcpStream>,
        machine: Box<dyn Machine>,
        began: Instant,
        delay: Duration,
    ) -> Line {
        Line { stream, machine, input: Vec::new(), began, delay, travelling: VecDeque::new() }
    }

    /// Milliseconds of this connection's own clock.
    pub fn now(&self) -> Now {
        Now(self.began.elapsed().as_millis() as u64)
    }

    /// See [`Machine::deposit`].
    pub fn deposit(&mut self) -> Result<bool, Failure> {
        let now = self.now();
        self.machine.deposit(now)
    }

    /// See [`Machine::collect`].
    pub fn collect(&mut self, follow: bool) -> Result<(), Failure> {
        let now = self.now();
        self.machine.collect(now, follow)
    }

    /// See [`Machine::ack`].
    pub fn ack(&mut self) -> Result<(), Failure> {
        let now = self.now();
        self.machine.ack(now)
    }

    /// See [`Machine::ping`].
    pub fn ping(&mut self) -> Result<(), Failure> {
        let now = self.now();
        self.machine.ping(now)
    }

    /// See [`Machine::happened`].
    pub fn happened(&mut self) -> Result<Option<Happened>, Failure> {
        self.machine.happened()
    }

    /// Writes what the machine has to say. Not to be abandoned half-way.
    pub async fn flush(&mut self) -> Result<(), Failure> {
        let mut said = BytesMut::new();
        while let Some(bytes) = self.machine.output() {
            said.extend_from_slice(&bytes);
        }
        if !said.is_empty() && self.delay.is_zero() {
            self.stream.write_all(&said).await?;
            return Ok(self.stream.flush().await?);
        }
        let now = Instant::now();
        if !said.is_empty() {
            self.travelling.push_back((now + self.delay, said.freeze()));
        }
        while let Some((_, bytes)) = self.travelling.pop_front_if(|(due, _)| *due <= now) {
            self.stream.write_all(&bytes).await?;
            self.stream.flush().await?;
        }
        Ok(())
    }

    /// Waits until something came from the relay, or until something that travels is due. May be abandoned.
    pub async fn wait(&mut self) -> Result<(), Failure> {
        if self.input.is_empty() {
            self.input.resize(READ_BYTES, 0);
        }
        let due = self.travelling.front().map(|(due, _)| *due);
        let arrival = async {
            match due {
                Some(due) => tokio::time::sleep_until(due.into()).await,
                None => pending().await,
            }
        };
        let read = tokio::select! {
            read = self.stream.read(&mut self.input) => read?,
            () = arrival => return Ok(()),
        };
        if read == 0 {
            return Err("the relay closed the connection".into());
        }
        let now = self.now();
        self.machine.input(now, self.input.get(..read).unwrap_or_default());
        Ok(())
    }

    /// Writes and waits until the next thing happened.
    pub async fn next(&mut self) -> Result<Happened, Failure> {
        loop {
            if let Some(happened) = self.happened()? {
                return Ok(happened);
            }
            self.flush().await?;
            self.wait().await?;
        }
    }
}

/// A TLS stream to a relay on loopback.
pub async fn connect(
    at: SocketAddr,
    connector: &tokio_rustls::TlsConnector,
) -> Result<TlsStream<TcpStream>, Failure> {
    let stream = TcpStream::connect(at).await?;
    stream.set_nodelay(true)?;
    let name = rustls_pki_types::ServerName::try_from("relay.oubliette.invalid")?;
    Ok(connector.connect(name, stream).await?)
}
