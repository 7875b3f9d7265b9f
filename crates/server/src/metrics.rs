//! Metrics for Prometheus: totals without persons, on a listener of their own that is off unless configured.
//!
//! The numbers are those of the last full minute or so: on a server of five people, counters to the second would
//! say who wrote when (DESIGN § 12). No label holds anything but a bound or a version.

use std::fmt::Write as _;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use crate::pulse::Histogram;
use crate::relay::Relay;
use crate::status::{Certificates, Status};

/// How long the same numbers are given.
const MINUTE: Duration = Duration::from_secs(60);
/// Scrapes at once; more wait.
const AT_ONCE_MAX: usize = 4;
/// A scrape has so long from connect to the last byte.
const PATIENCE: Duration = Duration::from_secs(5);
/// Longest request that is read.
const REQUEST_BYTES_MAX: usize = 4_096;
/// Pause after the system could not accept.
const PAUSE: Duration = Duration::from_millis(100);

/// What is served, and since when.
struct Board {
    relay: Arc<Relay>,
    certificates: Certificates,
    page: Mutex<Option<(Instant, Arc<str>)>>,
}

/// Takes the address.
pub async fn bind(address: SocketAddr) -> Result<TcpListener, crate::listener::ListenError> {
    TcpListener::bind(address).await.map_err(|error| crate::listener::ListenError { address, error })
}

/// Answers scrapes until the server stops.
pub async fn run(listener: TcpListener, relay: Arc<Relay>, certificates: Certificates) {
    let stopping = relay.stopping.clone();
    let places = Arc::new(Semaphore::new(AT_ONCE_MAX));
    let board = Arc::new(Board { relay, certificates, page: Mutex::default() });
    loop {
        let Ok(place) = places.clone().acquire_owned().await else { return };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stopping.cancelled() => return,
        };
        let Ok((socket, _)) = accepted else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let board = board.clone();
        tokio::spawn(async move {
            // Whoever asked and went away needs no answer.
            let _ended = tokio::time::timeout(PATIENCE, answer(socket, board)).await;
            drop(place);
        });
    }
}

async fn answer(mut socket: TcpStream, board: Arc<Board>) -> io::Result<()> {
    let request = read_head(&mut socket).await?;
    let (status, body): (&str, Arc<str>) = match path_of(&request) {
        Some("/metrics") => ("200 OK", tokio::task::spawn_blocking(move || board.page()).await?),
        Some("/healthz") => match board.relay.pulse.is_well() {
            true => ("200 OK", "serving\n".into()),
            false => ("503 Service Unavailable", "a commit hangs\n".into()),
        },
        Some(_) => ("404 Not Found", "only /metrics and /healthz\n".into()),
        None => ("405 Method Not Allowed", "only GET\n".into()),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n\
         Content-Length: {}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n",
        body.len()
    );
    socket.write_all(head.as_bytes()).await?;
    socket.write_all(body.as_bytes()).await?;
    socket.shutdown().await
}

/// Everything up to the empty line; a body is nobody's.
async fn read_head(socket: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut request = Vec::with_capacity(512);
    while request.len() < REQUEST_BYTES_MAX {
        if socket.read_buf(&mut request).await? == 0 || request.windows(4).any(|four| four == b"\r\n\r\n") {
            break;
        }
    }
    Ok(request)
}

/// The path of `GET path HTTP/1.x`.
fn path_of(request: &[u8]) -> Option<&str> {
    let line = request.split(|byte| *byte == b'\r').next()?;
    let mut words = std::str::from_utf8(line).ok()?.split(' ');
    let (method, path, version) = (words.next()?, words.next()?, words.next()?);
    (method == "GET" && version.starts_with("HTTP/1.")).then_some(path)
}

impl Board {
    /// The page, at most a minute old. Blocks on the store.
    fn page(&self) -> Arc<str> {
        let mut page = self.page.lock().unwrap_or_else(PoisonError::into_inner);
        match page.as_ref() {
            Some((since, text)) if since.elapsed() < MINUTE => text.clone(),
            _ => {
                let text: Arc<str> = self.write().into();
                *page = Some((Instant::now(), text.clone()));
                text
            }
        }
    }

    fn write(&self) -> String {
        let status = Status::read(&self.relay, &self.certificates);
        let mut out = String::with_capacity(8 * 1024);
        family(&mut out, "build_info", "gauge", "The running program.");
        let _ = writeln!(out, "oubliette_build_info{{version=\"{}\"}} 1", status.version);
        for (name, help, value) in gauges(&status) {
            family(&mut out, name, "gauge", help);
            let _ = writeln!(out, "oubliette_{name} {value}");
        }
        for (name, help, value) in self.relay.counters.described() {
            family(&mut out, &format!("{name}_total"), "counter", help);
            let _ = writeln!(out, "oubliette_{name}_total {value}");
        }
        let pulse = &self.relay.pulse;
        let seconds = |us: u64| us as f64 / 1e6;
        let help = "Time of a commit with its sync.";
        histogram(&mut out, "commit_seconds", help, &pulse.commit_us, seconds);
        let help = "Deposits and acks in one commit.";
        histogram(&mut out, "commit_changes", help, &pulse.changes, |count| count as f64);
        out
    }
}

fn gauges(status: &Status) -> [(&'static str, &'static str, u64); 15] {
    [
        ("uptime_seconds", "Since the start.", status.uptime_s),
        ("connections", "Connections now.", status.connections),
        ("open_mailboxes", "Mailboxes open on a connection now.", status.open_mailboxes),
        ("mailboxes", "Live mailboxes.", status.mailboxes),
        ("waiting_envelopes", "Envelopes that wait for their reader.", status.waiting),
        ("waiting_bytes", "Their bytes.", status.waiting_bytes),
        ("store_disk_bytes", "Bytes of the store on the disk.", status.disk_bytes),
        ("unforgotten_rows", "Rows let go of whose bytes may still be on the disk.", status.unforgotten),
        ("registrations", "Changes of records so far.", status.registrations),
        ("ledger_leaves", "Leaves of the public log of keys.", status.ledger_leaves),
        ("ledger_shown", "1 while that log is shown to clients.", status.shows_ledger().into()),
        ("damaged_records", "Damaged records met; none was served.", status.damaged),
        ("leaf_days_left", "Days until the leaf certificate ends; it renews itself.", status.leaf_days_left),
        ("tls_ca_days_left", "Days until the tls-ca ends; root.key renews it.", status.tls_ca_days_left),
        ("root_key_here", "1 while root.key is on this machine.", status.root_key_is_here.into()),
    ]
}

fn family(out: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(out, "# HELP oubliette_{name} {help}\n# TYPE oubliette_{name} {kind}");
}

fn histogram<const N: usize>(
    out: &mut String,
    name: &str,
    help: &str,
    histogram: &Histogram<N>,
    scale: impl Fn(u64) -> f64,
) {
    family(out, name, "histogram", help);
    let (counts, all, sum) = histogram.read();
    for (bound, count) in counts {
        let _ = writeln!(out, "oubliette_{name}_bucket{{le=\"{}\"}} {count}", scale(bound));
    }
    let _ = writeln!(out, "oubliette_{name}_bucket{{le=\"+Inf\"}} {all}");
    let _ = writeln!(out, "oubliette_{name}_sum {}\noubliette_{name}_count {all}", scale(sum));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_get_of_http_1_has_a_path() {
        assert_eq!(path_of(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"), Some("/metrics"));
        for wrong in
            [&b"POST /metrics HTTP/1.1\r\n"[..], b"GET /metrics\r\n", b"", b"\xff\xff", b"GET / HTTP/2\r\n"]
        {
            assert_eq!(path_of(wrong), None);
        }
    }
}
