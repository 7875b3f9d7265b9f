//! Behind a proxy that says for whom it speaks: each of them has budgets of his own, and nobody gets past it.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use support::Data;
use support::peer::Peer;
use wire::limits::PROXY_HEADER_MS_MAX;

/// A header of version 2.
fn binary(source: [u8; 4]) -> Vec<u8> {
    let mut bytes = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c".to_vec();
    bytes.extend(source);
    bytes.extend([127, 0, 0, 1, 1, 2, 3, 4]);
    bytes
}

/// Of version 1.
fn line(source: &str) -> Vec<u8> {
    format!("PROXY TCP4 {source} 127.0.0.1 56324 24268\r\n").into_bytes()
}

fn wrong(data: &Data) -> u64 {
    data.counters()["proxy_headers_wrong"].as_u64().unwrap()
}

/// Whether the server closes this connection, after what was written, and how soon.
fn closes(port: u16, said: &[u8]) -> Duration {
    let begun = Instant::now();
    let mut socket = TcpStream::connect(("127.0.0.1", port)).unwrap();
    socket.set_read_timeout(Some(support::PATIENCE)).unwrap();
    socket.write_all(said).unwrap();
    // A reset, where something unread was on its way.
    assert_eq!(socket.read(&mut [0; 16]).unwrap_or(0), 0);
    begun.elapsed()
}

#[test]
fn each_person_behind_a_proxy_has_budgets_of_his_own() {
    let data = Data::new();
    let server = data.serve_configured("proxy-header = true\nconnections-per-source-max = 2");
    let (alice, bob) = (binary([192, 0, 2, 1]), line("192.0.2.2"));
    let one = Peer::try_connect_behind(server.port, &alice).unwrap();
    let _two = Peer::try_connect_behind(server.port, &line("192.0.2.1")).unwrap();
    assert!(Peer::try_connect_behind(server.port, &alice).is_none(), "by whatever version she has two");
    let _his = Peer::try_connect_behind(server.port, &bob).unwrap();
    assert_eq!((data.counters()["turned_away"].as_u64(), wrong(&data)), (Some(1), 0));
    drop(one);
    let until = Instant::now() + support::PATIENCE;
    while Peer::try_connect_behind(server.port, &alice).is_none() {
        assert!(Instant::now() < until, "her place comes back");
        std::thread::sleep(Duration::from_millis(20));
    }
    // Of itself a proxy speaks for many.
    let itself = b"PROXY UNKNOWN\r\n";
    let many: Vec<_> = (0..4).map(|_| Peer::try_connect_behind(server.port, itself).unwrap()).collect();
    drop(many);
    assert!(!server.terminate().1.contains("192.0.2."), "an address in the log");
}

#[test]
fn without_a_right_header_nobody_is_served() {
    let data = Data::new();
    let server = data.serve_configured("proxy-header = true");
    assert!(Peer::try_connect(server.port).is_none(), "a handshake is no header");
    closes(server.port, b"PROXY TCP4 192.0.2.1 127.0.0.1 1\r\n");
    closes(server.port, &[&b"PROXY UNKNOWN "[..], &[b'x'; 200]].concat());
    let late = closes(server.port, &binary([192, 0, 2, 1])[..20]);
    assert!(late >= Duration::from_millis(PROXY_HEADER_MS_MAX), "it was waited for: {late:?}");
    assert_eq!(wrong(&data), 4);
    assert!(Peer::try_connect_behind(server.port, &line("192.0.2.1")).is_some());
    let log = server.terminate().1;
    assert_eq!(log.matches("without a right PROXY header").count(), 1, "once a minute: {log}");
}

#[test]
fn from_elsewhere_than_the_proxies_no_header_is_taken_and_without_the_setting_it_is_none() {
    let data = Data::new();
    let server = data.serve_configured("proxy-header = true\nproxies = [\"192.0.2.0/24\"]");
    assert!(Peer::try_connect_behind(server.port, &line("192.0.2.1")).is_none());
    assert_eq!(wrong(&data), 1);
    server.kill_9();
    let server = data.serve_configured("");
    assert!(Peer::try_connect_behind(server.port, &line("192.0.2.1")).is_none());
    assert!(Peer::try_connect(server.port).is_some());
    assert_eq!((wrong(&data), data.counters()["handshakes_failed"].as_u64()), (0, Some(1)));
}

/// People come straight to one address, and through a proxy to another: to each only as it is meant.
#[test]
fn where_only_some_addresses_are_of_proxies_the_others_take_no_header() {
    let data = Data::new();
    let of_proxies = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let file = data.path().with_extension("toml");
    let toml = format!("connections-per-source-max = 1\nproxy-header = [\"{of_proxies}\"]");
    std::fs::write(&file, toml).unwrap();
    let listen = of_proxies.to_string();
    let server = data.serve(&["--listen", &listen, "--config", file.to_str().unwrap()]);
    let alice = line("192.0.2.1");
    let _one = Peer::try_connect_behind(of_proxies.port(), &alice).unwrap();
    assert!(Peer::try_connect_behind(of_proxies.port(), &alice).is_none(), "she has one");
    assert_eq!((data.counters()["turned_away"].as_u64(), wrong(&data)), (Some(1), 0));
    assert!(Peer::try_connect(of_proxies.port()).is_none(), "a handshake is no header");
    assert_eq!(wrong(&data), 1);
    let straight: Vec<_> = (0..3).map(|_| Peer::try_connect(server.port).unwrap()).collect();
    assert!(Peer::try_connect_behind(server.port, &alice).is_none(), "a header is no handshake");
    assert_eq!(
        (straight.len(), wrong(&data), data.counters()["handshakes_failed"].as_u64()),
        (3, 1, Some(1))
    );
}

#[test]
fn the_setting_is_checked_and_shown() {
    let data = Data::new();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("oublietted.toml");
    let check = |toml: &str| {
        std::fs::write(&file, toml).unwrap();
        let output = data.run(&["check", "--config", file.to_str().unwrap()]);
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(said).unwrap())
    };
    let (code, said) = check("proxy-header = true");
    assert!(code == Some(0) && said.contains("proxy header") && said.contains("127.0.0.0/8"), "{said}");
    let (code, said) = check("proxy-header = true\nproxies = []");
    assert!(code == Some(2) && said.contains("where proxy-header is set, is 0; it must be from 1"), "{said}");
    let listen = "listen = [\"[::]:24268\", \"127.0.0.1:24269\"]\n";
    let (code, said) = check(&format!("{listen}proxy-header = [\"127.0.0.1:24269\"]"));
    assert!(code == Some(0) && said.contains("wanted of every connection to 127.0.0.1:24269,"), "{said}");
    let output = data.run(&["config", "--config", file.to_str().unwrap()]);
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(shown.contains("proxy-header = [\"127.0.0.1:24269\"]\n"), "{shown}");
    // Nobody is to believe that it is wanted where it is not.
    let (code, said) = check(&format!("{listen}proxy-header = [\"127.0.0.1:24270\"]"));
    assert!(code == Some(2) && said.contains("proxy-header names 127.0.0.1:24270, which listen"), "{said}");
    for wrong in ["\"127.0.0.1:24269\"", "1", "[true]", "[\"localhost\"]"] {
        let (code, said) = check(&format!("{listen}proxy-header = {wrong}"));
        assert!(code == Some(2) && said.contains("line 2"), "{wrong}: {said}");
    }
}
