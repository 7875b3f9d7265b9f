//! Metrics say how the server is, to whoever may ask, and nothing of anybody.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use support::peer::Peer;
use support::person::{Mailbox, Person, envelope};
use support::{Data, PATIENCE, Server};
use wire::Response;
use wire::request::MailboxPolicy;

/// The port after `metrics on`.
fn metrics_port(server: &Server) -> u16 {
    let log = server.log();
    let line = log.lines().find_map(|line| line.strip_prefix("oublietted: metrics on ")).expect("a line");
    line.rsplit(':').next().unwrap().parse().unwrap()
}

fn get(port: u16, request: &str) -> String {
    let mut socket = TcpStream::connect(("127.0.0.1", port)).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    // What was answered before a reset counts.
    let _reset = socket.read_to_string(&mut answer);
    answer
}

const METRICS: &str = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";

fn inbox(server: &Server, person: &Person) -> Mailbox {
    let inbox = person.create(server.port, MailboxPolicy::Inbox, 0);
    let mut peer = Peer::connect(server.port);
    let slot = inbox.open(&mut peer).slot;
    inbox.generate(&mut peer, slot);
    inbox
}

fn value(page: &str, name: &str) -> u64 {
    let line = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {name} in {page}")).parse::<f64>().unwrap() as u64
}

#[test]
fn a_scrape_under_load_shows_the_load_and_nobody() {
    let data = Data::new();
    let server = data.serve(&["--metrics-listen", "127.0.0.1:0"]);
    let port = metrics_port(&server);
    let person = Person::registered(server.port, "canary-7f4q", data.invite("canary-7f4q", &[]).code);
    let inbox = inbox(&server, &person);
    let (page, addresses) = std::thread::scope(|scope| {
        let load: Vec<_> = (0..4_u16)
            .map(|thread| {
                let (inbox, port) = (&inbox, server.port);
                scope.spawn(move || {
                    let mut peer = Peer::connect(port);
                    let until = Instant::now() + Duration::from_millis(700);
                    let mut number = thread * 10_000;
                    while Instant::now() < until {
                        let deposit = inbox.stamped(number, envelope(0xc5, 4_096));
                        assert!(matches!(peer.ask(deposit), Response::Stored));
                        number += 1;
                    }
                    peer.tls.sock.local_addr().unwrap().to_string()
                })
            })
            .collect();
        std::thread::sleep(Duration::from_millis(400));
        let page = get(port, METRICS);
        (page, load.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>())
    });
    assert!(page.starts_with("HTTP/1.1 200 OK\r\n"), "{page}");
    let (stored, commits) = (value(&page, "oubliette_stored_total"), value(&page, "oubliette_commits_total"));
    assert!(stored > 0 && commits > 0 && value(&page, "oubliette_connections") >= 4, "{page}");
    assert!(value(&page, "oubliette_commit_seconds_count") >= commits);
    assert_eq!(
        value(&page, "oubliette_commit_changes_bucket{le=\"+Inf\"}"),
        value(&page, "oubliette_commit_changes_count")
    );
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let ids = [hex(inbox.sid.as_bytes()), hex(inbox.rid.as_bytes()), "canary".into(), "127.0.0.1".into()];
    for canary in ids.iter().chain(&addresses) {
        assert!(!page.contains(canary.as_str()), "{canary} in {page}");
    }
    // Labels hold a bound or the program's version.
    for label in page.split('{').skip(1).filter_map(|rest| rest.split('=').next()) {
        assert!(matches!(label, "le" | "version"), "{label}");
    }
    // A minute has one set of numbers: who compares two scrapes does not see who wrote in between.
    let body = |page: &str| page.split_once("\r\n\r\n").unwrap().1.to_owned();
    assert!(matches!(
        Peer::connect(server.port).ask(inbox.stamped(60_000, envelope(1, 4_096))),
        Response::Stored
    ));
    assert_eq!(body(&get(port, METRICS)), body(&page));
}

#[test]
fn without_being_asked_for_there_is_no_listener() {
    let data = Data::new();
    let server = data.serve(&[]);
    assert!(!server.log().contains("metrics on"));
}

#[test]
fn what_is_no_scrape_is_refused_and_holds_nobody_up() {
    let data = Data::new();
    let server = data.serve(&["--metrics-listen", "127.0.0.1:0"]);
    let port = metrics_port(&server);
    assert!(get(port, "GET /healthz HTTP/1.1\r\n\r\n").contains("200 OK"));
    assert!(get(port, "GET /etc/passwd HTTP/1.1\r\n\r\n").contains("404 Not Found"));
    assert!(get(port, "POST /metrics HTTP/1.1\r\n\r\n").contains("405 Method Not Allowed"));
    let long = format!("GET /{} HTTP/1.1\r\n", "a".repeat(64 * 1024));
    assert!(!get(port, &long).contains("200 OK"));
    let silent: Vec<_> = (0..5).map(|_| TcpStream::connect(("127.0.0.1", port)).unwrap()).collect();
    // Those who say nothing are cut after some seconds; those who ask come through meanwhile or then.
    assert!(get(port, METRICS).contains("200 OK") || get(port, METRICS).contains("200 OK"));
    silent.iter().for_each(|socket| {
        // Cut already, most of them.
        let _gone = socket.shutdown(Shutdown::Both);
    });
    // The relay itself does not notice.
    Peer::connect(server.port);
    assert_eq!(data.run(&["health"]).status.code(), Some(0));
}
