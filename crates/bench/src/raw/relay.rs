//! The raw relay itself: one task a connection, one thread for the log.

use super::frame::{self, Frame, Kind};
use super::log::{Log, Record};
use crate::Failure;
use bytes::{Bytes, BytesMut};
use rcgen::{CertificateParams, KeyPair, PKCS_ED25519};
use rustls::crypto::aws_lc_rs;
use rustls::server::NoServerSessionStorage;
use rustls_pki_types::PrivateKeyDer;
use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc};
use tokio_rustls::TlsAcceptor;

/// Read from a peer at a time.
const READ_BYTES: usize = 16 * 1024;

/// What all connections share.
#[derive(Default)]
struct State {
    mailboxes: HashMap<u64, Mailbox>,
    connections: HashMap<usize, Rc<Outbox>>,
    log: Log,
}

/// What waits for one owner, and its connection if it wants what comes.
#[derive(Default)]
struct Mailbox {
    waiting: VecDeque<(u64, Bytes)>,
    last: u64,
    follower: Option<Rc<Outbox>>,
}

/// What one connection has to write.
#[derive(Default)]
struct Outbox {
    bytes: RefCell<BytesMut>,
    bell: Notify,
}

type Shared = Rc<RefCell<State>>;

/// Listens on loopback and says where, until it is killed.
pub fn run(folder: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(folder)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    tokio::task::LocalSet::new().block_on(&runtime, serve(folder))
}

async fn serve(folder: &Path) -> Result<(), Failure> {
    let (log, stored) = Log::start(folder)?;
    let acceptor = TlsAcceptor::from(Arc::new(tls()?));
    let state: Shared = Rc::new(RefCell::new(State { log, ..State::default() }));
    tokio::task::spawn_local(hand_over(state.clone(), stored));
    let socket = tokio::net::TcpSocket::new_v4()?;
    socket.bind(([127, 0, 0, 1], 0).into())?;
    let listener: TcpListener = socket.listen(1024)?;
    eprintln!("oublietted: listening on {}", listener.local_addr()?);
    let mut connection = 0;
    loop {
        let (peer, _) = listener.accept().await?;
        connection += 1;
        let (acceptor, state) = (acceptor.clone(), state.clone());
        tokio::task::spawn_local(async move {
            // How a connection ended is told by whoever measures.
            let _ended = converse(&acceptor, peer, connection, &state).await;
            state.borrow_mut().connections.remove(&connection);
        });
    }
}

/// The same TLS as the relay's.
fn tls() -> Result<rustls::ServerConfig, Failure> {
    let key = KeyPair::generate_for(&PKCS_ED25519)?;
    let certificate =
        CertificateParams::new(vec!["relay.oubliette.invalid".to_owned()])?.self_signed(&key)?;
    let key = PrivateKeyDer::try_from(key.serialize_der())?;
    let mut config = rustls::ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)?;
    config.alpn_protocols = vec![b"oub/1".to_vec()];
    config.send_tls13_tickets = 0;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    Ok(config)
}

async fn converse(
    acceptor: &TlsAcceptor,
    peer: TcpStream,
    connection: usize,
    state: &Shared,
) -> Result<(), Failure> {
    peer.set_nodelay(true)?;
    let mut stream = acceptor.accept(peer).await?;
    let outbox = Rc::new(Outbox::default());
    state.borrow_mut().connections.insert(connection, outbox.clone());
    let (mut input, mut mailbox, mut records) = (BytesMut::new(), 0, Vec::new());
    loop {
        let said = outbox.bytes.borrow_mut().split();
        if !said.is_empty() {
            stream.write_all(&said).await?;
            stream.flush().await?;
            continue;
        }
        input.reserve(READ_BYTES);
        tokio::select! {
            read = stream.read_buf(&mut input) => if read? == 0 { return Ok(()) },
            () = outbox.bell.notified() => continue,
        }
        while let Some(frame) = frame::take(&mut input)? {
            take_up(state, frame, &outbox, (connection, &mut mailbox), &mut records);
        }
        state.borrow().log.append(&mut records);
    }
}

fn take_up(
    state: &Shared,
    frame: Frame,
    outbox: &Rc<Outbox>,
    (connection, mailbox): (usize, &mut u64),
    records: &mut Vec<Record>,
) {
    let Frame { kind, number, envelope } = frame;
    match kind {
        Kind::Sender | Kind::Owner => *mailbox = number,
        Kind::Deposit => {
            records.push(Record { connection, mailbox: *mailbox, number, envelope: Some(envelope) });
        }
        Kind::Collect => {
            let mut state = state.borrow_mut();
            let mailbox = state.mailboxes.entry(*mailbox).or_default();
            let mut out = outbox.bytes.borrow_mut();
            for (place, envelope) in &mailbox.waiting {
                frame::put(&mut out, Kind::Deliver, *place, envelope);
            }
            frame::put(&mut out, Kind::Drained, 0, &[]);
            mailbox.follower = (number == 1).then(|| outbox.clone());
        }
        Kind::Ack => {
            records.push(Record { connection, mailbox: *mailbox, number, envelope: None });
            if let Some(mailbox) = state.borrow_mut().mailboxes.get_mut(mailbox) {
                while mailbox.waiting.pop_front_if(|(place, _)| *place <= number).is_some() {}
            }
            frame::put(&mut outbox.bytes.borrow_mut(), Kind::Acked, number, &[]);
        }
        Kind::Stored | Kind::Deliver | Kind::Drained | Kind::Acked => {}
    }
}

/// Confirms what is on stable storage, and delivers it.
async fn hand_over(state: Shared, mut stored: mpsc::UnboundedReceiver<Vec<Record>>) {
    while let Some(batch) = stored.recv().await {
        let mut state = state.borrow_mut();
        let State { mailboxes, connections, .. } = &mut *state;
        for Record { connection, mailbox, number, envelope } in batch {
            let Some(envelope) = envelope else { continue };
            let mailbox = mailboxes.entry(mailbox).or_default();
            mailbox.last += 1;
            if let Some(follower) = &mailbox.follower {
                frame::put(&mut follower.bytes.borrow_mut(), Kind::Deliver, mailbox.last, &envelope);
                follower.bell.notify_one();
            }
            mailbox.waiting.push_back((mailbox.last, envelope));
            if let Some(depositor) = connections.get(&connection) {
                frame::put(&mut depositor.bytes.borrow_mut(), Kind::Stored, number, &[]);
                depositor.bell.notify_one();
            }
        }
    }
}
