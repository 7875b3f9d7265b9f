//! Metrics say how the server is, to whoever may ask, and nothing of anybody; alerts and dashboard ask for what is there.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::Command;
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

/// The alerts and the dashboard that the package brings, and what proves the alerts.
const ALERTS: &str = include_str!("../../../deploy/monitoring/alerts.yml");
const ALERTS_TEST: &str = include_str!("../../../deploy/monitoring/alerts.test.yml");
const DASHBOARD: &str = include_str!("../../../deploy/monitoring/grafana.json");
const GUIDE: &str = include_str!("../../../docs/operator/README.md");
/// The labels that a query may name. Whoever adds one says first why it holds no person.
const LABELS: [&str; 3] = ["le", "instance", "job"];
const FUNCTIONS: [&str; 12] = [
    "rate",
    "increase",
    "resets",
    "changes",
    "sum",
    "by",
    "without",
    "histogram_quantile",
    "and",
    "or",
    "absent",
    "up",
];

/// The words of a text, metrics among them.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|sign: char| !sign.is_ascii_alphanumeric() && sign != '_').filter(|word| !word.is_empty())
}

fn metrics_in(text: &str) -> BTreeSet<&str> {
    words(text).filter(|word| word.starts_with("oubliette_")).collect()
}

/// What stands behind `key: ` on the lines that begin so.
fn values_of<'a>(yaml: &'a str, key: &str) -> Vec<&'a str> {
    yaml.lines().filter_map(|line| line.trim_start().strip_prefix(key)?.strip_prefix(": ")).collect()
}

/// Every query of the dashboard.
fn queries(board: &serde_json::Value) -> Vec<&str> {
    let panels = board["panels"].as_array().unwrap();
    let targets = panels.iter().flat_map(|panel| panel["targets"].as_array().unwrap());
    targets.map(|target| target["expr"].as_str().unwrap()).collect()
}

#[test]
fn alerts_and_dashboard_ask_for_what_the_server_gives_and_for_nobody() {
    let data = Data::new();
    let server = data.serve(&["--metrics-listen", "127.0.0.1:0"]);
    let page = get(metrics_port(&server), METRICS);
    let samples = page.split_once("\r\n\r\n").unwrap().1.lines().filter(|line| !line.starts_with('#'));
    let given: BTreeSet<&str> = samples.filter_map(|line| line.split(['{', ' ']).next()).collect();
    for (file, text) in
        [("alerts.yml", ALERTS), ("alerts.test.yml", ALERTS_TEST), ("grafana.json", DASHBOARD)]
    {
        let asked = metrics_in(text);
        let missing: Vec<_> = asked.difference(&given).collect();
        assert!(!asked.is_empty() && missing.is_empty(), "{file} asks for {missing:?}");
    }
    assert!(page.contains("oubliette_commit_seconds_bucket{le=\"0.1\"}"), "{page}");
    let board: serde_json::Value = serde_json::from_str(DASHBOARD).unwrap();
    assert_eq!(board["templating"]["list"][0]["name"], "datasource");
    for panel in board["panels"].as_array().unwrap() {
        let targets = panel["targets"].as_array().unwrap();
        for asks in targets.iter().chain([panel]) {
            assert_eq!(asks["datasource"]["uid"], "${datasource}", "{panel}");
        }
    }
    for query in queries(&board).into_iter().chain(values_of(ALERTS, "expr")) {
        for word in words(query).filter(|word| !word.starts_with(|sign: char| sign.is_ascii_digit())) {
            let known = FUNCTIONS.contains(&word) || LABELS.contains(&word) || given.contains(word);
            assert!(known || word == "oubliette", "{word} in {query}");
        }
    }
    for shown in [ALERTS, DASHBOARD].iter().flat_map(|text| text.split("{{").skip(1)) {
        let shown = shown.split("}}").next().unwrap().trim();
        assert!(shown == "$value" || LABELS.contains(&shown), "{shown}");
    }
}

#[test]
fn what_the_guide_calls_worth_an_alarm_has_an_alert_that_says_what_to_do() {
    let (_, rest) = GUIDE.split_once("\nWorth an alarm: ").unwrap();
    let sentence = rest.split_once("\n\n").unwrap().0.trim_end_matches('.');
    let causes: Vec<&str> = sentence.split(';').map(str::trim).collect();
    let queries = values_of(ALERTS, "expr");
    assert_eq!(causes.len(), queries.len(), "{causes:?} {queries:?}");
    for (cause, query) in causes.into_iter().zip(&queries) {
        // A histogram is asked for in parts.
        let stands = |metric: &&str| metrics_in(query).iter().any(|asked| asked.starts_with(metric));
        let metrics = metrics_in(cause);
        assert!(metrics.iter().all(stands), "{cause}: {query}");
        assert!(!metrics.is_empty() || query.starts_with("up{"), "{cause}: {query}");
        for bound in
            cause.split_whitespace().filter(|word| word.starts_with(|sign: char| sign.is_ascii_digit()))
        {
            assert!(query.split([' ', '"', ')']).any(|word| word == bound), "{cause}: {query}");
        }
    }
    let counted = |key: &str| ALERTS.lines().filter(|line| line.trim_start().starts_with(key)).count();
    assert_eq!([counted("- alert: "), counted("summary: "), counted("description: ")], [queries.len(); 3]);
    let prose = ALERTS.split_whitespace().collect::<Vec<_>>().join(" ");
    let sections: Vec<_> = prose.split("The guide, § ").skip(1).collect();
    assert_eq!(sections.len(), queries.len());
    for section in sections {
        let title = section.split([':', '.']).next().unwrap();
        assert!(GUIDE.contains(&format!("\n## {title}\n")), "no section {title}");
        // What is in quotation marks begins one of its points.
        let points = section.split_once(" - alert:").map_or(section, |(own, _)| own);
        for point in points.split('“').skip(1).map(|rest| rest.split('”').next().unwrap()) {
            let found = GUIDE.lines().any(|line| line.starts_with("* **") && line.contains(point));
            assert!(found, "no point {point}");
        }
    }
}

#[test]
fn prometheus_understands_the_alerts_and_they_ring_when_they_should() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/monitoring");
    for args in [["check", "rules", "alerts.yml"], ["test", "rules", "alerts.test.yml"]] {
        let Ok(output) = Command::new("promtool").args(args).current_dir(folder).output() else {
            println!("SKIPPED: promtool is not here (apt-get install prometheus); nobody judged the alerts");
            return;
        };
        let said = [output.stdout, output.stderr].concat();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&said));
    }
}
