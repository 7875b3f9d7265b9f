//! A relay that keeps its own root key and breaks its word: real TLS, the real codec and machine, a shell that
//! does what the test says.

use std::{
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, Instant},
};

use client::{Client, JoinAt, JoinRequest, Language, Protector};
use proto::{Now, ServerConfig, ServerConnection};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, PKCS_ED25519, PublicKeyData};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use wire::{DepositId, HostPort, Name, ServerId, UnixSeconds, WelcomeNonce, request::Binding};

use crate::{
    common::{Person, options},
    shell::Shell,
};

pub struct Evil {
    pub server_id: ServerId,
    pub at: HostPort,
    shell: Arc<Mutex<Shell>>,
}

/// Somebody who joined here, and where his mailboxes are.
pub struct Victim {
    pub person: Person,
    pub doorstep: DepositId,
    pub inbox: DepositId,
}

impl std::ops::Deref for Victim {
    type Target = Person;
    fn deref(&self) -> &Person {
        &self.person
    }
}

impl Evil {
    pub fn start() -> Evil {
        let (server_id, acceptor) = chain();
        let shell = Arc::new(Mutex::new(Shell::default()));
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let at = HostPort::new("127.0.0.1", listener.local_addr().unwrap().port()).unwrap();
        listener.set_nonblocking(true).unwrap();
        let shared = shell.clone();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                while let Ok((socket, _)) = listener.accept().await {
                    tokio::spawn(serve(socket, acceptor.clone(), server_id, shared.clone()));
                }
            });
        });
        Evil { server_id, at, shell }
    }

    pub fn shell(&self) -> MutexGuard<'_, Shell> {
        self.shell.lock().unwrap()
    }

    pub fn join(&self, name: &str) -> Victim {
        let person = Person::stranger(name);
        let request = JoinRequest {
            at: JoinAt::Open { at: self.at.clone(), server: None },
            name: Some(Name::parse(name).unwrap()),
            protect: Protector::KeyFile,
            language: Language::English,
        };
        Client::join(&person.profile(), &request, options()).unwrap();
        let shell = self.shell();
        let [.., doorstep, inbox] = shell.mailboxes.as_slice() else { panic!("no mailboxes") };
        Victim { person, doorstep: doorstep.sid, inbox: inbox.sid }
    }

    /// Two who wrote to each other and accepted.
    pub fn friends(&self) -> (Victim, Victim) {
        let (alice, bob) = (self.join("alice"), self.join("bob"));
        befriend(&alice, &bob);
        (alice, bob)
    }

    /// An address here, with the fingerprints that its owner would print.
    pub fn address(&self, name: &str) -> wire::Address {
        wire::Address { name: Name::parse(name).unwrap(), at: self.at.clone(), pins: None }
    }
}

pub fn befriend(alice: &Person, bob: &Person) {
    alice.add(bob);
    bob.add(alice);
    alice.stored(bob, "hello");
    assert_eq!(bob.texts(), ["hello"]);
    assert!(alice.texts().is_empty());
    bob.stored(alice, "hello too");
    assert_eq!(alice.texts(), ["hello too"]);
}

/// A root, and a leaf that it signed.
fn chain() -> (ServerId, TlsAcceptor) {
    let root_key = KeyPair::generate_for(&PKCS_ED25519).unwrap();
    let server_id = ServerId(crypto::sha256(&[&root_key.subject_public_key_info()]));
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(1));
    let root = params.self_signed(&root_key).unwrap().der().clone();
    let key = KeyPair::generate_for(&PKCS_ED25519).unwrap();
    let leaf = CertificateParams::new(vec!["relay.oubliette.invalid".to_owned()]).unwrap();
    let leaf = leaf.signed_by(&key, &Issuer::new(params, root_key)).unwrap().der().clone();
    (server_id, acceptor(vec![leaf, root], PrivateKeyDer::try_from(key.serialize_der()).unwrap()))
}

fn acceptor(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> TlsAcceptor {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    config.alpn_protocols = vec![b"oub/1".to_vec()];
    TlsAcceptor::from(Arc::new(config))
}

async fn serve(socket: TcpStream, acceptor: TlsAcceptor, server_id: ServerId, shell: Arc<Mutex<Shell>>) {
    let _ = socket.set_nodelay(true);
    let Ok(mut stream) = acceptor.accept(socket).await else { return };
    let exported = stream.get_ref().1.export_keying_material([0; 32], b"EXPORTER-oubliette", None);
    let mut nonce = [0; 32];
    getrandom::fill(&mut nonce).unwrap();
    let wall = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let config = ServerConfig {
        server_id,
        welcome_nonce: WelcomeNonce(nonce),
        binding: Binding::TlsExporter(exported.unwrap()),
        wall: UnixSeconds(wall),
        open_registration: true,
    };
    let _ = drive(&mut stream, ServerConnection::new(config, Now(0)), &shell).await;
}

async fn drive(
    stream: &mut TlsStream<TcpStream>,
    mut machine: ServerConnection,
    shell: &Mutex<Shell>,
) -> std::io::Result<()> {
    let started = Instant::now();
    let mut buffer = vec![0; 16 * 1024];
    let resumed = stream.get_ref().1.handshake_kind() == Some(rustls::HandshakeKind::Resumed);
    let number = shell.lock().unwrap().hear(resumed);
    loop {
        let now = Now(started.elapsed().as_millis() as u64);
        let mut outburst = None;
        while let Some(event) = machine.poll_event() {
            outburst = outburst.or(shell.lock().unwrap().answer(now, &mut machine, event));
        }
        while let Some(bytes) = machine.poll_output() {
            stream.write_all(&bytes).await?;
        }
        if let Some(bytes) = outburst {
            stream.write_all(&bytes).await?;
            stream.flush().await?;
            return listen_on(stream, shell).await;
        }
        stream.flush().await?;
        if machine.is_closed() {
            return stream.shutdown().await;
        }
        match stream.read(&mut buffer).await? {
            0 => machine.input_closed(),
            len => {
                shell.lock().unwrap().note(number, &buffer[..len]);
                machine.handle_input(now, &buffer[..len]);
            }
        }
    }
}

/// After an outburst: whatever the client says now, it should not have said.
async fn listen_on(stream: &mut TlsStream<TcpStream>, shell: &Mutex<Shell>) -> std::io::Result<()> {
    let mut buffer = vec![0; 1024];
    let read = tokio::time::timeout(Duration::from_secs(5), stream.read(&mut buffer)).await;
    if let Ok(Ok(1..)) | Err(_) = read {
        shell.lock().unwrap().answers_to_outbursts += 1;
    }
    Ok(())
}
