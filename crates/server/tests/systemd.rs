//! What systemd is told: ready, alive, stopping; and what the unit allows.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use support::peer::Peer;
use support::{Data, PATIENCE, Server, oublietted};
use wire::{Request, Response};

/// Reads what is told until `wanted` came; everything on the way is kept.
fn until(socket: &UnixDatagram, wanted: &str, heard: &mut Vec<String>) {
    let end = Instant::now() + PATIENCE;
    let mut buffer = [0; 1_024];
    while !heard.iter().any(|line| line == wanted) {
        assert!(Instant::now() < end, "{wanted} is never told, only {heard:?}");
        if let Ok(read) = socket.recv(&mut buffer) {
            let text = String::from_utf8_lossy(buffer.get(..read).unwrap());
            heard.extend(text.lines().map(str::to_owned));
        }
    }
}

#[test]
fn systemd_hears_ready_then_the_watchdog_then_stopping() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    let data = Data::new();
    let mut command = oublietted(&["serve", "--listen", "127.0.0.1:0", "--data"]);
    command
        .arg(data.path())
        .env("NOTIFY_SOCKET", &path)
        .env("WATCHDOG_USEC", "600000")
        .env_remove("WATCHDOG_PID");
    let server = Server::start(command);
    let mut heard = Vec::new();
    until(&socket, "READY=1", &mut heard);
    assert_eq!(data.run(&["health"]).status.code(), Some(0), "ready means that it serves");
    heard.retain(|line| line != "WATCHDOG=1");
    until(&socket, "WATCHDOG=1", &mut heard);
    assert!(!heard.contains(&"STOPPING=1".to_owned()));
    assert_eq!(server.terminate().0.code(), Some(0));
    until(&socket, "STOPPING=1", &mut heard);
}

/// Exposure that `systemd-analyze security` may find, in tenths.
const EXPOSURE_MAX: u32 = 15;

#[test]
fn the_unit_is_hardened_as_far_as_systemd_can_tell() {
    let unit = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/oublietted.service");
    let run =
        Command::new("systemd-analyze").args(["security", "--offline=true", "--no-pager", unit]).output();
    let Ok(output) = run else {
        println!("SKIPPED: systemd-analyze is not here; nobody judged the unit");
        return;
    };
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let Some(line) = text.lines().find(|line| line.contains("Overall exposure level")) else {
        println!("SKIPPED: systemd-analyze does not judge units offline here: {text}");
        return;
    };
    let figure = line.split_whitespace().find_map(|word| word.parse::<f32>().ok()).unwrap();
    println!("systemd-analyze security: exposure {figure}");
    assert!((figure * 10.0).round() as u32 <= EXPOSURE_MAX, "{text}");
}

/// Starts a server as systemd does: with a socket as its third descriptor, and two variables that say so.
fn start_with(socket: impl Into<OwnedFd>, data: &Data) -> Result<Server, (ExitStatus, String)> {
    start_configured(socket, data, &["--listen", "127.0.0.1:1"])
}

/// Likewise, with these flags.
fn start_configured(
    socket: impl Into<OwnedFd>,
    data: &Data,
    flags: &[&str],
) -> Result<Server, (ExitStatus, String)> {
    let program = oublietted(&[&["serve"], flags, &["--data"]].concat());
    let mut command = Command::new("sh");
    command.args(["-c", "exec 3<&0 </dev/null; LISTEN_PID=$$ LISTEN_FDS=1 exec \"$@\"", "sh"]);
    command.arg(program.get_program()).args(program.get_args()).arg(data.path());
    for (name, value) in program.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    Server::try_start_with(command, socket.into().into())
}

#[test]
fn whoever_comes_while_the_relay_starts_anew_is_served() {
    let held = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = held.local_addr().unwrap().port();
    let data = Data::new();
    let first = start_with(held.try_clone().unwrap(), &data).unwrap_or_else(|(_, log)| panic!("{log}"));
    assert_eq!(first.port, port, "the setting is not used");
    let mut peer = Peer::connect(port);
    assert_eq!(peer.ask(Request::Ping), Response::Pong);
    assert_eq!(first.terminate().0.code(), Some(0));

    // Nobody runs now; whoever comes waits in the system's queue.
    assert!(TcpStream::connect(("127.0.0.1", port)).is_ok());
    let early = std::thread::spawn(move || Peer::connect(port).ask(Request::Ping));
    let second = start_with(held, &data).unwrap_or_else(|(_, log)| panic!("{log}"));
    assert_eq!(early.join().unwrap(), Response::Pong);
    assert!(second.log().contains("the sockets are systemd's"), "{}", second.log());
}

#[test]
fn a_socket_that_cannot_be_listened_on_is_refused() {
    let deaf = UdpSocket::bind("127.0.0.1:0").unwrap();
    let Err((status, log)) = start_with(deaf, &Data::new()) else { panic!("it serves by datagrams") };
    assert_eq!(status.code(), Some(2), "{log}");
    assert!(log.contains("OUB-S026") && log.contains("ListenStream="), "{log}");
}

/// A socket that was handed over is of proxies where the settings name its address, and is looked for there.
#[test]
fn an_address_of_proxies_may_be_handed_over_and_has_to_be() {
    let held = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, data) = (held.local_addr().unwrap(), Data::new());
    let other = format!("127.0.0.1:{}", if address.port() == 1 { 2 } else { 1 });
    let file = data.path().with_extension("toml");
    let start = |of_proxies: &str| {
        let listen = format!("listen = [\"{address}\", \"{other}\"]\n");
        std::fs::write(&file, format!("{listen}proxy-header = [\"{of_proxies}\"]")).unwrap();
        start_configured(held.try_clone().unwrap(), &data, &["--config", file.to_str().unwrap()])
    };
    let Err((status, log)) = start(&other) else { panic!("it serves where it was not told to") };
    assert!(status.code() == Some(2) && log.contains("OUB-S026") && log.contains(&other), "{log}");
    let server = start(&address.to_string()).unwrap_or_else(|(_, log)| panic!("{log}"));
    assert!(Peer::try_connect(server.port).is_none());
    assert!(Peer::try_connect_behind(server.port, b"PROXY UNKNOWN\r\n").is_some());
}
