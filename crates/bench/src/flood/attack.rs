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
use wire::limits::CROSS_OFF_INDICES_MAX;
use wire::request::{
    Ack, Await, Begin, Collect, ConnectionProof, CrossOff, Deposit, Generate, Lookup, MailboxPolicy, Open,
    Retire, VOUCHERS,
};
use wire::{
    Body, ConnectionKind, Cursor, Deframer, DepositAuth, Envelope, Frame, Generation, Name, Notice,
    PROTOCOL_VERSION, PairingKey, PairingShare, Request, RequestId, Response, ServerId, Slot, StampIndex,
    StampKey,
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
/// Registered people who turn upon their relay, each with as many inboxes as may be.
const TRAITORS: usize = 8;
/// Look-ups, questions and small deposits that are under way together on one connection.
const LOOKUPS: usize = 32;
/// Deposits at a doorstep that are, of the same envelope.
const KNOCKS: usize = 8;
/// Envelopes of an owner who reads the same ones again and again.
const READ: u16 = 256;
/// Connections that deposit at an inbox whose owner reads what comes.
const DEPOSITORS: usize = 3;
/// Stamps for each of them: those of some forty seconds.
const STAMPS_EACH: u16 = 20_000;

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
    /// Look-ups of a name that there is, through a proxy.
    Lookups,
    /// Questions after pairings that nobody began.
    Awaits,
    /// The same deposit at a doorstep again and again, through a proxy.
    Retries,
    /// The same deposit under one stamp again and again.
    Stamps,
    /// Owners who make generations of stamps, cross all of each off, and retire them.
    Owners,
    /// Owners who have what waits for them delivered again and again.
    Readers,
    /// Owners who write to themselves as fast as they can, and read it.
    Writers,
}

impl Attack {
    /// All of them.
    pub const ALL: [Attack; 15] = [
        Attack::Loris,
        Attack::Handshakes,
        Attack::Connections,
        Attack::Garbage,
        Attack::Pipelining,
        Attack::Unreading,
        Attack::Doorstep,
        Attack::Registrations,
        Attack::Lookups,
        Attack::Awaits,
        Attack::Retries,
        Attack::Stamps,
        Attack::Owners,
        Attack::Readers,
        Attack::Writers,
    ];

    /// As the command line calls it.
    pub fn name(self) -> String {
        format!("{self:?}").to_lowercase()
    }

    /// Whether promise P8 speaks of it. It does not of registered people together at full pace
    /// (`docs/decisions/0018-shares-of-the-writer.md`): they flood only where that is asked for.
    pub fn is_promised(self) -> bool {
        self != Attack::Writers
    }

    fn is_of_owners(self) -> bool {
        matches!(self, Attack::Owners | Attack::Readers | Attack::Writers)
    }

    /// How the relay is set up: what has budgets for each source is let through by none that is a proxy.
    pub fn configuration(self) -> &'static str {
        match self {
            Attack::Lookups | Attack::Retries => "proxies = [\"127.0.0.0/8\"]\n",
            _ => "proxies = []\n",
        }
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
    knocks: Vec<u8>,
    stamped: Vec<u8>,
    envelope: Envelope,
    unread: Mailbox,
    lookups: Vec<u8>,
    inboxes: Vec<Mailbox>,
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
    pub async fn prepare(
        relay: &Relay,
        citizen: &mut Citizen,
        name: &str,
        attack: Attack,
    ) -> Result<Target, Failure> {
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
        let envelope = noise(4_096)?;
        let stamped = unread.stamped(WAITING, &envelope);
        let lookup = Request::from(Lookup { name: Name::parse(name)?, seq: None });
        let inboxes = if attack.is_of_owners() { inboxes(relay).await? } else { Vec::new() };
        let config = Arc::new(crate::link::tls()?);
        let name = ServerName::try_from("relay.oubliette.invalid")?;
        let mut hello = Vec::new();
        rustls::ClientConnection::new(config.clone(), name)?.write_tls(&mut hello)?;
        Ok(Target(Arc::new(Prepared {
            at: relay.at,
            server_id: sender.machine.proof().ok_or("no proof")?.server_id,
            connector: TlsConnector::from(config),
            hello,
            stamped: pipelined(std::iter::repeat_n(Request::from(stamped), LOOKUPS)),
            envelope,
            knocks: pipelined(std::iter::repeat_n(Request::from(knock.clone()), KNOCKS)),
            knock: Frame::request(RequestId(1), knock).encode().to_vec(),
            unread,
            lookups: pipelined(std::iter::repeat_n(lookup, LOOKUPS)),
            inboxes,
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

/// The inboxes of everybody who turns upon the relay.
async fn inboxes(relay: &Relay) -> Result<Vec<Mailbox>, Failure> {
    let mut inboxes = Vec::new();
    for number in 0..TRAITORS {
        let mut traitor = Citizen::register(relay, &format!("traitor{number}")).await?;
        for _ in 0..VOUCHERS {
            let inbox = traitor.mailbox(relay, MailboxPolicy::Inbox).await?;
            let mut sender = traitor.link(relay, ConnectionKind::Anonymous).await?;
            for index in 0..READ {
                let Response::Stored = sender.answer(inbox.stamped(index, &noise(4_096)?)).await? else {
                    return Err("not stored".into());
                };
            }
            inboxes.push(inbox);
        }
    }
    Ok(inboxes)
}

/// One connection after the other, until the flood ends.
async fn attacker(prepared: Arc<Prepared>, attack: Attack, number: usize) {
    let hands = if attack == Attack::Writers { 1 + DEPOSITORS } else { 1 };
    if attack.is_of_owners() && number >= prepared.inboxes.len() * hands {
        return;
    }
    // Each traitor from a place of his own, with the connections of all his inboxes.
    let place = if attack.is_of_owners() { number % prepared.inboxes.len() / VOUCHERS } else { number };
    let source = u8::try_from(place % usize::from(SOURCES)).unwrap_or_default().saturating_add(2);
    loop {
        // However it ended: the next one.
        let _ended: io::Result<()> = once(&prepared, attack, source, number).await;
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

async fn once(prepared: &Prepared, attack: Attack, source: u8, number: usize) -> io::Result<()> {
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
        Attack::Lookups => raw.repeat(prepared, &prepared.lookups, LOOKUPS as u64).await,
        Attack::Awaits => raw.ask_after(prepared).await,
        Attack::Retries => raw.repeat(prepared, &prepared.knocks, KNOCKS as u64).await,
        Attack::Stamps => raw.repeat(prepared, &prepared.stamped, LOOKUPS as u64).await,
        Attack::Writers => match number.checked_sub(prepared.inboxes.len()) {
            None => raw.let_go(prepared, number).await,
            Some(number) => raw.write(prepared, number).await,
        },
        Attack::Owners | Attack::Readers => match prepared.inboxes.get(number) {
            Some(inbox) if attack == Attack::Owners => raw.cross_off(prepared, inbox).await,
            Some(inbox) => raw.read_again(prepared, inbox).await,
            None => Ok(()),
        },
        _ => raw.never_read(prepared).await,
    }
}

/// Requests behind each other, each with a number of its own.
fn pipelined(requests: impl Iterator<Item = impl Into<Request>>) -> Vec<u8> {
    (1..)
        .map(RequestId)
        .zip(requests)
        .flat_map(|(id, request)| Frame::request(id, request).encode().to_vec())
        .collect()
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
        self.open(&prepared.unread).await?;
        let collect = Collect { slot: Slot(0), after: Cursor(0), credit: 256, follow: true };
        self.ask(collect).await?;
        prepared.count(1);
        tokio::time::sleep(Duration::from_secs(2)).await;
        Ok(())
    }

    /// Generation after generation: made, crossed off, retired.
    async fn cross_off(&mut self, prepared: &Prepared, inbox: &Mailbox) -> io::Result<()> {
        self.open(inbox).await?;
        for generation in (1..).map(Generation) {
            let key = StampKey(random());
            self.answered(Generate { slot: Slot(0), generation, key }).await?;
            let all: Vec<StampIndex> = (0..=u16::MAX).map(StampIndex).collect();
            let some = all.chunks(CROSS_OFF_INDICES_MAX);
            let cross_off =
                |some: &[StampIndex]| CrossOff { slot: Slot(0), generation, indices: some.to_vec() };
            self.stream.write_all(&pipelined(some.map(cross_off))).await?;
            self.stream.flush().await?;
            for _ in all.chunks(CROSS_OFF_INDICES_MAX) {
                self.frame().await?;
                prepared.count(1);
            }
            self.answered(Retire { slot: Slot(0), generation }).await?;
        }
        Ok(())
    }

    /// The same envelopes, as often as they are given.
    async fn read_again(&mut self, prepared: &Prepared, inbox: &Mailbox) -> io::Result<()> {
        self.open(inbox).await?;
        let collect = Collect { slot: Slot(0), after: Cursor(0), credit: READ, follow: false };
        loop {
            self.ask(collect.clone()).await?;
            while !matches!(self.frame().await?.body, Body::Notice(Notice::Drained(_))) {
                prepared.count(1);
            }
        }
    }

    /// Deposits one after the other, each under a stamp of its own.
    async fn write(&mut self, prepared: &Prepared, number: usize) -> io::Result<()> {
        let _welcome = self.frame().await?;
        let (inboxes, envelope) = (&prepared.inboxes, &prepared.envelope);
        let Some(inbox) = inboxes.get(number % inboxes.len()) else { return Ok(()) };
        let hand = u16::try_from(number / inboxes.len()).map_err(io::Error::other)?;
        let mine: Vec<u16> = (READ + hand * STAMPS_EACH..).take(usize::from(STAMPS_EACH)).collect();
        for some in mine.chunks(LOOKUPS) {
            self.stream
                .write_all(&pipelined(some.iter().map(|index| inbox.stamped(*index, envelope))))
                .await?;
            self.stream.flush().await?;
            for _ in some {
                let Body::Response(Response::Stored) = self.frame().await?.body else {
                    return Err(io::ErrorKind::InvalidData.into());
                };
                prepared.count(1);
            }
        }
        std::future::pending().await
    }

    /// Takes what comes, and lets go of it.
    async fn let_go(&mut self, prepared: &Prepared, number: usize) -> io::Result<()> {
        let Some(inbox) = prepared.inboxes.get(number) else { return Ok(()) };
        self.open(inbox).await?;
        self.ask(Collect { slot: Slot(0), after: Cursor(0), credit: READ, follow: true }).await?;
        for delivered in 1_usize.. {
            let through = loop {
                if let Body::Notice(Notice::Deliver(deliver)) = self.frame().await?.body {
                    break deliver.cursor;
                }
            };
            if delivered.is_multiple_of(LOOKUPS) {
                self.ask(Ack { slot: Slot(0), through }).await?;
            }
        }
        Ok(())
    }

    /// Begins a pairing, and asks whether somebody has come.
    async fn ask_after(&mut self, prepared: &Prepared) -> io::Result<()> {
        let _welcome = self.frame().await?;
        let key = PairingKey(random());
        let begun = self.answered(Begin { number: None, key, share: PairingShare(random()) }).await?;
        let Body::Response(Response::Begun(number)) = begun.body else {
            return Err(io::ErrorKind::InvalidData.into());
        };
        let asking = std::iter::repeat_n(Await { number, key }, LOOKUPS);
        let asking = pipelined(asking);
        loop {
            self.stream.write_all(&asking).await?;
            self.stream.flush().await?;
            for _ in 0..LOOKUPS {
                self.frame().await?;
            }
            prepared.count(LOOKUPS as u64);
            tokio::task::yield_now().await;
        }
    }

    async fn open(&mut self, mailbox: &Mailbox) -> io::Result<()> {
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
        let opening: Open = mailbox.opening(&proof);
        self.answered(opening).await.map(drop)
    }

    async fn ask(&mut self, request: impl Into<Request>) -> io::Result<()> {
        self.stream.write_all(&Frame::request(RequestId(1), request).encode()).await?;
        self.stream.flush().await
    }

    async fn answered(&mut self, request: impl Into<Request>) -> io::Result<Frame> {
        self.ask(request).await?;
        self.frame().await
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
