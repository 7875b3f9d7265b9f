//! A client whose TLS records pass through the attacker's hands before they reach the server.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{ChaCha20Poly1305, KeyInit};
use rustls::{ClientConnection, ConnectionTrafficSecrets};
use wire::request::{Binding, ConnectionProof};
use wire::{Body, Deframer, Frame, Notice, PROTOCOL_VERSION, Request, RequestId};

use crate::support::PATIENCE;
use crate::support::peer::{client_tls, client_tls_with_keys};

/// One connection after its handshake: what the client makes is given to the attacker as bytes.
pub struct Line {
    tls: ClientConnection,
    socket: TcpStream,
    deframer: Deframer,
    /// Everything that went to the server so far, as a recorder on the path has it.
    pub recorded: Vec<u8>,
    pub proof: ConnectionProof,
    next_id: u32,
}

impl Line {
    /// Connects, shakes hands, hears `WELCOME`.
    pub fn connect(port: u16) -> Self {
        Self::connect_through(port, |hello| hello).expect("an untouched handshake ends well")
    }

    /// The same, with the first flight altered on its way; `None` when no connection comes of it.
    pub fn connect_through(port: u16, alter: impl FnOnce(Vec<u8>) -> Vec<u8>) -> Option<Self> {
        let mut tls = client_tls();
        let mut socket = dial(port);
        let mut recorded = Vec::new();
        let mut alter = Some(alter);
        while tls.is_handshaking() || tls.wants_write() {
            let mut out = Vec::new();
            while tls.wants_write() {
                tls.write_tls(&mut out).ok()?;
            }
            if let Some(alter) = alter.take() {
                out = alter(out);
            }
            socket.write_all(&out).ok()?;
            recorded.extend(out);
            if tls.is_handshaking() {
                if tls.read_tls(&mut socket).ok()? == 0 {
                    return None;
                }
                tls.process_new_packets().ok()?;
            }
        }
        let exported = tls.export_keying_material([0; 32], b"EXPORTER-oubliette", None).ok()?;
        let proof = ConnectionProof {
            version: PROTOCOL_VERSION,
            server_id: wire::ServerId([0; 32]),
            welcome_nonce: wire::WelcomeNonce([0; 32]),
            binding: Binding::TlsExporter(exported),
        };
        let mut line = Self { tls, socket, deframer: Deframer::new(), recorded, proof, next_id: 1 };
        let Body::Notice(Notice::Welcome(welcome)) = line.hear()?.body else { panic!("no WELCOME") };
        line.proof.server_id = welcome.server_id;
        line.proof.welcome_nonce = welcome.nonce;
        Some(line)
    }

    /// A request as a frame, under the next id.
    pub fn frame(&mut self, request: impl Into<Request>) -> Vec<u8> {
        let id = RequestId(self.next_id);
        self.next_id += 1;
        Frame::request(id, request).encode().to_vec()
    }

    /// Bytes as the client's next TLS records.
    pub fn seal(&mut self, plain: &[u8]) -> Vec<u8> {
        self.tls.writer().write_all(plain).unwrap();
        let mut records = Vec::new();
        while self.tls.wants_write() {
            self.tls.write_tls(&mut records).unwrap();
        }
        records
    }

    /// Puts bytes on the wire; a server that has closed takes no more.
    pub fn put(&mut self, bytes: &[u8]) -> bool {
        self.recorded.extend_from_slice(bytes);
        self.socket.write_all(bytes).is_ok()
    }

    /// The next frame of the server, or `None` at the end.
    pub fn hear(&mut self) -> Option<Frame> {
        let mut buffer = [0; 16 * 1024];
        loop {
            if let Some(raw) = self.deframer.next_frame().unwrap() {
                return Some(Frame::decode(&raw).unwrap());
            }
            match self.tls.reader().read(&mut buffer) {
                Ok(0) => return None,
                Ok(read) => {
                    self.deframer.extend(&buffer[..read]);
                    continue;
                }
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(_) => return None,
            }
            match self.tls.read_tls(&mut self.socket) {
                Ok(0) => return None,
                Ok(_) => {
                    let _state = self.tls.process_new_packets().ok()?;
                }
                Err(error) if is_timeout(&error) => panic!("the server neither answers nor closes"),
                Err(_) => return None,
            }
        }
    }

    /// Reads raw bytes until the server closes: how many there were.
    pub fn rest(mut self) -> usize {
        rest(&mut self.socket).len()
    }

    /// What the server says next, as it lies on the wire.
    pub fn raw(&mut self) -> Vec<u8> {
        let mut buffer = [0; 16 * 1024];
        let read = self.socket.read(&mut buffer).unwrap_or(0);
        buffer[..read].to_vec()
    }

    /// No byte will follow; waits until the server has closed too.
    pub fn end(self) {
        let _gone = self.socket.shutdown(std::net::Shutdown::Write);
        self.rest();
    }

    pub fn tls(&mut self) -> &mut ClientConnection {
        &mut self.tls
    }
}

/// A connection after its handshake whose records the attacker makes himself: the library makes none without content.
pub struct Forge {
    socket: TcpStream,
    cipher: ChaCha20Poly1305,
    iv: [u8; 12],
    next: u64,
}

impl Forge {
    pub fn connect(port: u16) -> Self {
        let (mut tls, mut socket) = (client_tls_with_keys(), dial(port));
        while tls.is_handshaking() || tls.wants_write() {
            tls.complete_io(&mut socket).unwrap();
        }
        // The greeting, of which nobody here wants to know.
        while tls.reader().read(&mut [0; 1024]).is_err() {
            tls.complete_io(&mut socket).unwrap();
        }
        let (next, secrets) = tls.dangerous_extract_secrets().unwrap().tx;
        let ConnectionTrafficSecrets::Chacha20Poly1305 { key, iv } = secrets else { panic!("another suite") };
        let cipher = ChaCha20Poly1305::new(key.as_ref().try_into().unwrap());
        Self { socket, cipher, iv: iv.as_ref().try_into().unwrap(), next }
    }

    /// The next record with this content, rightly encrypted (RFC 8446 § 5.2).
    pub fn record(&mut self, content: &[u8]) -> Vec<u8> {
        let mut nonce = self.iv;
        nonce[4..].iter_mut().zip(self.next.to_be_bytes()).for_each(|(byte, number)| *byte ^= number);
        self.next += 1;
        let inner = [content, &[23]].concat();
        let head = [&[23, 3, 3][..], &u16::try_from(inner.len() + 16).unwrap().to_be_bytes()].concat();
        let payload = Payload { msg: &inner, aad: &head };
        [head.clone(), self.cipher.encrypt(&nonce.into(), payload).unwrap()].concat()
    }

    /// Puts bytes on the wire; a server that has closed takes no more.
    pub fn put(&mut self, bytes: &[u8]) {
        let _closed_meanwhile = self.socket.write_all(bytes);
    }

    /// The same, and says how long the record is that comes back; `None` at the end.
    pub fn ask(&mut self, bytes: &[u8]) -> Option<usize> {
        self.put(bytes);
        let mut head = [0; 5];
        self.socket.read_exact(&mut head).ok()?;
        let mut body = vec![0; usize::from(u16::from_be_bytes([head[3], head[4]]))];
        self.socket.read_exact(&mut body).ok()?;
        Some(body.len())
    }

    /// Reads raw bytes until the server closes: how many there were.
    pub fn rest(mut self) -> usize {
        rest(&mut self.socket).len()
    }
}

/// A socket to the server with nothing said on it.
pub fn dial(port: u16) -> TcpStream {
    let socket = TcpStream::connect(("127.0.0.1", port)).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.set_write_timeout(Some(PATIENCE)).unwrap();
    socket.set_nodelay(true).unwrap();
    socket
}

/// Everything until the other side closes, which it does within [`PATIENCE`].
pub fn rest(socket: &mut TcpStream) -> Vec<u8> {
    let began = Instant::now();
    let mut all = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        match socket.read(&mut buffer) {
            Ok(0) => return all,
            Ok(read) => all.extend_from_slice(&buffer[..read]),
            Err(error) if is_timeout(&error) => panic!("not closed after {:?}", began.elapsed()),
            Err(_) => return all,
        }
        assert!(began.elapsed() < 3 * PATIENCE, "the server goes on and on");
    }
}

/// The first flight of a client of ours.
pub fn client_hello() -> Vec<u8> {
    let mut tls = client_tls();
    let mut hello = Vec::new();
    while tls.wants_write() {
        tls.write_tls(&mut hello).unwrap();
    }
    hello
}

pub fn is_timeout(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut)
}

/// A socket to the server from another address of this machine.
pub fn dial_from(ip: [u8; 4], port: u16) -> std::io::Result<TcpStream> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let socket = runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4()?;
        socket.bind((std::net::Ipv4Addr::from(ip), 0).into())?;
        socket.connect(([127, 0, 0, 1], port).into()).await?.into_std()
    })?;
    socket.set_nonblocking(false)?;
    socket.set_read_timeout(Some(Duration::from_secs(5)))?;
    Ok(socket)
}
