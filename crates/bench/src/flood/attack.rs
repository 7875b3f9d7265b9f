//! The floods: many connections from many addresses, each doing one thing as fast as it can.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use rustls_pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use wire::request::{Collect, ConnectionProof, Deposit, MailboxPolicy};
use wire::{
    Body, ConnectionKind, Cursor, Deframer, DepositAuth, Frame, Notice, PROTOCOL_VERSION, Request, RequestId,
    Response, ServerId, Slot,
};

use crate::citizen::{Citizen, Mailbox, claim, noise, random};
use crate::relay::Relay;
use crate::{Failure, affinity};

/// Addresses that attack, from 127.0.0.2 on.
const SOURCES: u8 = 32;
/// Connections of each address at a time.
const EACH: usize = 8;
/// Large envelopes that wait for a receiver who does not read.
const WAITING: u16 = 24;

/// What the flood consists of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Attack {
    /// A hello, byte by byte.
    Loris,
    /// A hello, and nothing behind it.
    Handshakes,
    /// Connections that say nothing at all.
    Connections,
    /// Frames that are none.
    Garbage,
    /// Requests without reading their answers.
    Pipelining,
    /// Receivers who do not read.
    Unreading,
    /// Deposits of strangers without a puzzle's solution.
    Doorstep,
    /// Claims without an invitation.
    Registrations,
}

impl Attack {
    /// All of them.
    pub const ALL: [Attack; 8] = [
        Attack::Loris,
        Attack::Handshakes,
        Attack::Connections,
        Attack::Garbage,
        Attack::Pipelining,
        Attack::Unreading,
        Attack::Doorstep,
        Attack::Registrations,
    ];

    /// As the command line calls it.
    pub fn name(self) -> String {
        format!("{self:?}").to_lowercase()
    }
}

/// Whom it is directed against.
pub struct Target(Arc<Prepared>);

struct Prepared {
    at: SocketAddr,
    server_id: ServerId,
    connector: TlsConnector,
    hello: Vec<u8>,
    knock: Vec<u8>,
    unread: Mailbox,
    stop: AtomicBool,
    done: AtomicU64,
}

/// A flood under way.
pub struct Flood {
    prepared: Arc<Prepared>,
    thread: JoinHandle<()>,
}

impl Target {
    /// Makes what the floods need beforehand: a doorstep, and a full inbox of an owner who will not read.
    pub async fn prepare(relay: &Relay, citizen: &mut Citizen) -> Result<Target, Failure> {
        let doorstep = citizen.mailbox(relay, MailboxPolicy::Doorstep).await?;
        let unread = citizen.mailbox(relay, MailboxPolicy::Inbox).await?;
        let mut sender = citizen.link(relay, ConnectionKind::Anonymous).await?;
        for index in 0..WAITING {
            let Response::Stored = sender.answer(unread.stamped(index, &noise(65_536)?)).await? else {
                return Err("not stored".into());
            };
        }
        let knock = Deposit {
            sid: doorstep.sid,
            auth: DepositAuth::Open { puzzle: None },
            envelope: noise(16 * 1024)?,
        };
        let config = Arc::new(crate::link::tls()?);
        let name = ServerName::try_from("relay.oubliette.invalid")?;
        let mut hello = Vec::new();
        rustls::ClientConnection::new(config.clone(), name)?.write_tls(&mut hello)?;
        Ok(Target(Arc::new(Prepared {
            at: relay.at,
            server_id: sender.machine.proof().ok_or("no proof")?.server_id,
            connector: TlsConnector::from(config),
            hello,
            knock: Frame::request(RequestId(1), knock).encode().to_vec(),
            unread,
            stop: AtomicBool::new(false),
            done: AtomicU64::new(0),
        })))
    }

    /// Begins it, on a thread of its own.
    pub fn attack(self, attack: Attack) -> Flood {
        let prepared = self.0.clone();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let Ok(runtime) = runtime else { return };
            // The honest pair shares this core with the flood, and would feel its work in place of the relay's.
            if affinity::give_way().is_err() {
                return;
            }
            let set = tokio::task::LocalSet::new();
            for number in 0..usize::from(SOURCES) * EACH {
                set.spawn_local(attacker(prepared.clone(), attack, number));
            }
            let watch = prepared.clone();
            runtime.block_on(set.run_until(async move {
                while !watch.stop.load(Ordering::Relaxed) {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }));
        });
        Flood { prepared: self.0, thread }
    }
}

impl Flood {
    /// Ends it, and says how many of its deeds there were.
    pub fn stop(self) -> u64 {
        self.prepared.stop.store(true, Ordering::Relaxed);
        // A thread that panicked has flooded less than it should, which its count shows.
        let _ended = self.thread.join();
        self.prepared.done.load(Ordering::Relaxed)
    }
}

/// One connection after the other, until the flood ends.
async fn attacker(prepared: Arc<Prepared>, attack: Attack, number: usize) {
    let source = u8::try_from(number % usize::from(SOURCES)).unwrap_or_default().saturating_add(2);
    loop {
        // However it ended: the next one.
        let _ended: io::Result<()> = once(&prepared, attack, source).await;
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

async fn once(prepared: &Prepared, attack: Attack, source: u8) -> io::Result<()> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((Ipv4Addr::new(127, 0, 0, source), 0).into())?;
    let mut socket = socket.connect(prepared.at).await?;
    match attack {
        Attack::Loris => {
            for byte in &prepared.hello {
                socket.write_all(&[*byte]).await?;
                prepared.count(1);
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
            return Ok(());
        }
        Attack::Handshakes => {
            socket.write_all(&prepared.hello).await?;
            prepared.count(1);
            let _its_answer = socket.read(&mut [0; 4096]).await?;
            return Ok(());
        }
        Attack::Connections => {
            prepared.count(1);
            let _the_end = socket.read(&mut [0; 16]).await?;
            return Ok(());
        }
        _ => {}
    }
    let mut raw = Raw::shake(prepared, socket).await?;
    match attack {
        Attack::Garbage => raw.repeat(prepared, &[0, 0, 5, 0xee, 0, 0, 0, 1].repeat(32), 32).await,
        Attack::Pipelining => raw.pour(prepared, &[0, 0, 5, 2, 0, 0, 0, 1].repeat(512), 512).await,
        Attack::Doorstep => raw.repeat(prepared, &prepared.knock, 1).await,
        Attack::Registrations => {
            let name = format!("m{}", u64::from_be_bytes(random()));
            let claim = claim(&name, prepared.server_id, &random_vouchers(), None)
                .map_err(|error| io::Error::other(error.to_string()))?;
            raw.repeat(prepared, &Frame::request(RequestId(1), claim).encode(), 1).await
        }
        _ => raw.never_read(prepared).await,
    }
}

fn random_vouchers() -> [wire::Voucher; wire::request::VOUCHERS] {
    std::array::from_fn(|_| wire::Voucher(random()))
}

impl Prepared {
    fn count(&self, deeds: u64) {
        self.done.fetch_add(deeds, Ordering::Relaxed);
    }
}

/// A connection with TLS and no manners.
struct Raw {
    stream: TlsStream<TcpStream>,
    deframer: Deframer,
}

impl Raw {
    async fn shake(prepared: &Prepared, socket: TcpStream) -> io::Result<Raw> {
        let name = ServerName::try_from("relay.oubliette.invalid").map_err(io::Error::other)?;
        let stream = prepared.connector.connect(name, socket).await?;
        Ok(Raw { stream, deframer: Deframer::new() })
    }

    /// Sends so many frames, reads their answers, and again.
    async fn repeat(&mut self, prepared: &Prepared, frames: &[u8], count: u64) -> io::Result<()> {
        let _welcome = self.frame().await?;
        loop {
            self.stream.write_all(frames).await?;
            self.stream.flush().await?;
            for _ in 0..count {
                self.frame().await?;
            }
            prepared.count(count);
            tokio::task::yield_now().await;
        }
    }

    /// Sends and never reads.
    async fn pour(&mut self, prepared: &Prepared, frames: &[u8], count: u64) -> io::Result<()> {
        loop {
            self.stream.write_all(frames).await?;
            prepared.count(count);
            tokio::task::yield_now().await;
        }
    }

    /// Opens the full inbox, asks for everything, and takes nothing. Each of them supersedes the one before.
    async fn never_read(&mut self, prepared: &Prepared) -> io::Result<()> {
        let Body::Notice(Notice::Welcome(welcome)) = self.frame().await?.body else {
            return Err(io::ErrorKind::InvalidData.into());
        };
        let exported =
            self.stream.get_ref().1.export_keying_material([0_u8; 32], b"EXPORTER-oubliette", None);
        let proof = ConnectionProof {
            version: PROTOCOL_VERSION,
            server_id: welcome.server_id,
            welcome_nonce: welcome.nonce,
            binding: wire::request::Binding::TlsExporter(exported.map_err(io::Error::other)?),
        };
        let opening = Request::from(prepared.unread.opening(&proof));
        self.stream.write_all(&Frame::request(RequestId(1), opening).encode()).await?;
        self.stream.flush().await?;
        self.frame().await?;
        let collect = Collect { slot: Slot(0), after: Cursor(0), credit: 256, follow: true };
        self.stream.write_all(&Frame::request(RequestId(2), collect).encode()).await?;
        self.stream.flush().await?;
        prepared.count(1);
        tokio::time::sleep(Duration::from_secs(2)).await;
        Ok(())
    }

    async fn frame(&mut self) -> io::Result<Frame> {
        let mut buffer = [0_u8; 4096];
        loop {
            if let Some(raw) = self.deframer.next_frame().map_err(io::Error::other)? {
                return Frame::decode(&raw).map_err(io::Error::other);
            }
            match self.stream.read(&mut buffer).await? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                read => self.deframer.extend(buffer.get(..read).unwrap_or_default()),
            }
        }
    }
}
