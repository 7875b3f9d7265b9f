//! Somebody else at the relay's place, and relays that speak another TLS: refused before a byte of ours has left.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::Arc,
    time::Duration,
};

use rcgen::{
    BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, PKCS_ED25519, PublicKeyData, date_time_ymd,
};
use rustls::{
    ServerConfig, ServerConnection,
    crypto::{CryptoProvider, SupportedKxGroup, aws_lc_rs},
    pki_types::{CertificateDer, PrivateKeyDer},
};
use wire::{Address, HostPort, Name, ShortFingerprint, address::Pins};

use crate::{common::Person, evil::Evil};

const RELAY_NAME: &str = "relay.oubliette.invalid";

/// A relay's root, as it is known by its fingerprint.
struct Root {
    issuer: Issuer<'static, KeyPair>,
    der: CertificateDer<'static>,
    fingerprint: ShortFingerprint,
}

/// What somebody shows in a handshake, and the key that he has.
struct Shown {
    chain: Vec<CertificateDer<'static>>,
    key: KeyPair,
}

/// What came of it at his end.
#[derive(Debug)]
struct Heard {
    /// Whether the client finished its handshake.
    is_through: bool,
    /// What it said inside.
    inside: usize,
    /// Everything that it sent.
    raw: Vec<u8>,
}

fn key() -> KeyPair {
    KeyPair::generate_for(&PKCS_ED25519).unwrap()
}

fn ca() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(1));
    params
}

fn leaf_for(name: &str) -> CertificateParams {
    CertificateParams::new(vec![name.to_owned()]).unwrap()
}

impl Root {
    fn new() -> Root {
        let key = key();
        let fingerprint = ShortFingerprint::from_full(&crypto::sha256(&[&key.subject_public_key_info()]));
        let der = ca().self_signed(&key).unwrap().der().clone();
        Root { issuer: Issuer::new(ca(), key), der, fingerprint }
    }

    /// A leaf of these parameters that this root signed, shown with it.
    fn shows(&self, params: CertificateParams) -> Shown {
        let key = key();
        let leaf = params.signed_by(&key, &self.issuer).unwrap().der().clone();
        Shown { chain: vec![leaf, self.der.clone()], key }
    }
}

fn provider(groups: Vec<&'static dyn SupportedKxGroup>) -> CryptoProvider {
    CryptoProvider { kx_groups: groups, ..aws_lc_rs::default_provider() }
}

fn config(shown: Shown, provider: CryptoProvider) -> ServerConfig {
    let key = PrivateKeyDer::try_from(shown.key.serialize_der()).unwrap();
    let mut config = ServerConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(shown.chain, key)
        .unwrap();
    config.alpn_protocols = vec![b"oub/1".to_vec()];
    config
}

/// Keeps what goes through it.
struct Tap {
    socket: TcpStream,
    raw: Vec<u8>,
}

impl Read for Tap {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let len = self.socket.read(buffer)?;
        self.raw.extend(&buffer[..len]);
        Ok(len)
    }
}

impl Write for Tap {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.socket.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.socket.flush()
    }
}

/// One connection of alice's to whoever answers like this, in place of the relay with this fingerprint; how it ended for
/// her, and for him.
fn visit(
    fingerprint: ShortFingerprint,
    answers: impl FnOnce(Tap) -> Heard + Send + 'static,
) -> (client::ClientError, Heard) {
    let evil = Evil::start();
    let alice: Person = evil.join("alice").person;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = HostPort::new("127.0.0.1", listener.local_addr().unwrap().port()).unwrap();
    let impostor = std::thread::spawn(move || {
        let (socket, _) = listener.accept().unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
        answers(Tap { socket, raw: Vec::new() })
    });
    let pins = Pins { server: fingerprint, identity: ShortFingerprint::from_full(&[7; 32]) };
    let address = Address { name: Name::parse("bob").unwrap(), at, pins: Some(pins) };
    let error = alice.client().add(&address, None).unwrap_err();
    (error, impostor.join().unwrap())
}

/// Shakes hands as far as the client goes along, then hears whatever it says, and says nothing.
fn shake_hands(config: ServerConfig) -> impl FnOnce(Tap) -> Heard {
    move |mut tap| {
        let mut tls = ServerConnection::new(Arc::new(config)).unwrap();
        while tls.is_handshaking() && tls.complete_io(&mut tap).is_ok_and(|(read, wrote)| read + wrote > 0) {}
        let is_through = !tls.is_handshaking();
        let mut inside = Vec::new();
        // The alert, if there is one; then the silence of somebody who waits for a greeting.
        while tls.read_tls(&mut tap).is_ok_and(|read| read > 0) && tls.process_new_packets().is_ok() {}
        let _ended = tls.reader().read_to_end(&mut inside);
        Heard { is_through, inside: inside.len(), raw: tap.raw }
    }
}

fn groups() -> Vec<&'static dyn SupportedKxGroup> {
    aws_lc_rs::default_provider().kx_groups
}

/// The kinds of the TLS records in these bytes.
fn records(raw: &[u8]) -> Vec<u8> {
    let (mut kinds, mut rest) = (Vec::new(), raw);
    while let [kind, _, _, high, low, behind @ ..] = rest {
        kinds.push(*kind);
        let len = usize::from(u16::from_be_bytes([*high, *low]));
        rest = behind.get(len..).unwrap_or_default();
    }
    kinds
}

/// What each of these shows must not be taken for the relay.
fn assert_refused(fingerprint: ShortFingerprint, what: &str, shown: Shown) {
    let (error, heard) = visit(fingerprint, shake_hands(config(shown, provider(groups()))));
    assert!(!heard.is_through && heard.inside == 0, "{what}: {heard:?}");
    assert!(matches!(error.exit_code(), 4 | 6), "{what}: {error:?}");
}

/// The control of all the others: what the relay itself shows is taken, and then the client waits to be greeted.
#[test]
fn an_honest_chain_is_taken_and_the_client_says_nothing_before_the_greeting() {
    let root = Root::new();
    let shown = root.shows(leaf_for(RELAY_NAME));
    let (error, heard) = visit(root.fingerprint, shake_hands(config(shown, provider(groups()))));
    assert!(heard.is_through, "{error:?}: {heard:?}");
    assert_eq!(heard.inside, 0);
}

/// N03: the genuine root is public, so anybody can append it to a chain of his own.
#[test]
fn a_genuine_root_behind_an_attackers_leaf_is_worth_nothing() {
    let (root, attacker) = (Root::new(), Root::new());
    let mut shown = attacker.shows(leaf_for(RELAY_NAME));
    shown.chain[1] = root.der.clone();
    assert_refused(root.fingerprint, "his leaf, the genuine root", shown);
    let mut shown = attacker.shows(leaf_for(RELAY_NAME));
    shown.chain.push(root.der.clone());
    assert_refused(root.fingerprint, "his leaf, his root, the genuine root", shown);
    let key = key();
    let leaf = leaf_for(RELAY_NAME).self_signed(&key).unwrap().der().clone();
    assert_refused(root.fingerprint, "signed by itself", Shown { chain: vec![leaf, root.der.clone()], key });
    let mut shown = attacker.shows(leaf_for(RELAY_NAME));
    shown.chain.truncate(1);
    assert_refused(root.fingerprint, "his leaf alone", shown);
}

/// N03: who stole a leaf's key is not an authority.
#[test]
fn a_leaf_signs_no_other_leaf() {
    let root = Root::new();
    let stolen = root.shows(leaf_for(RELAY_NAME));
    let thief = Issuer::new(leaf_for(RELAY_NAME), stolen.key);
    let key = key();
    let leaf = leaf_for(RELAY_NAME).signed_by(&key, &thief).unwrap().der().clone();
    let chain = [vec![leaf], stolen.chain].concat();
    assert_refused(root.fingerprint, "a leaf signed by a leaf", Shown { chain, key });
}

/// N03, N04: a certificate of the genuine root that is not the relay's, or not of today.
#[test]
fn another_name_and_another_time_are_refused() {
    let root = Root::new();
    assert_refused(root.fingerprint, "another name", root.shows(leaf_for("relay.example.org")));
    let no_name = CertificateParams::default();
    assert_refused(root.fingerprint, "no name", root.shows(no_name));
    let mut over = leaf_for(RELAY_NAME);
    (over.not_before, over.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2021, 1, 1));
    assert_refused(root.fingerprint, "expired", root.shows(over));
    let mut early = leaf_for(RELAY_NAME);
    (early.not_before, early.not_after) = (date_time_ymd(2199, 1, 1), date_time_ymd(2200, 1, 1));
    assert_refused(root.fingerprint, "not yet valid", root.shows(early));
}

/// N05: a relay that can do no hybrid key exchange hears one hello, and then at most that this is all.
#[test]
fn a_relay_without_the_hybrid_key_exchange_hears_nothing() {
    let classical = [aws_lc_rs::kx_group::X25519, aws_lc_rs::kx_group::SECP256R1];
    for group in classical {
        let root = Root::new();
        let shown = root.shows(leaf_for(RELAY_NAME));
        let (error, heard) = visit(root.fingerprint, shake_hands(config(shown, provider(vec![group]))));
        assert!(!heard.is_through && heard.inside == 0, "{group:?}: {heard:?}");
        assert_eq!(error.exit_code(), 4, "{error:?}");
        assert_eq!(records(&heard.raw), [22], "{group:?}: a hello and nothing else");
    }
}

/// N05: neither does one that answers in TLS 1.2.
#[test]
fn a_relay_that_answers_in_tls_1_2_hears_an_alert() {
    let (error, heard) = visit(Root::new().fingerprint, |mut tap| {
        let mut hello = [0; 16 * 1024];
        assert!(tap.read(&mut hello).unwrap() > 0);
        // ServerHello: 1.2, random, no session, ECDHE-ECDSA-AES128-GCM, no compression, no extensions.
        let body = [&[3, 3][..], &[7; 32], &[0, 0xc0, 0x2b, 0]].concat();
        let message = [&[2, 0, 0, body.len() as u8][..], &body].concat();
        tap.write_all(&[&[22, 3, 3, 0, message.len() as u8][..], &message].concat()).unwrap();
        while tap.read(&mut hello).is_ok_and(|read| read > 0) {}
        Heard { is_through: false, inside: 0, raw: tap.raw }
    });
    assert_eq!(error.exit_code(), 4, "{error:?}");
    assert_eq!(records(&heard.raw), [22, 21], "a hello, and an alert");
}
