//! Through a proxy: everything goes through it, or nothing goes.

use std::collections::BTreeSet;
use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::Value;

use crate::daemon::{Daemon, eventually};
use crate::person::{Person, Ran};
use crate::relay::Relay;

/// A name that nobody but the proxy can resolve.
const ONION: &str = "relay.onion";

/// How a proxy behaves.
#[derive(Clone)]
enum Manner {
    /// It leads to the relay whatever the name, and takes any credentials.
    Leads(String),
    /// The same for one user.
    Knows(String, &'static str, &'static str),
    /// It takes no credentials.
    Unasked(String),
    /// It answers with this number.
    Refuses(u8),
    /// It is a web server.
    Web,
}

/// Whom a proxy was asked for, and by whom.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Seen {
    host: String,
    user: String,
    password: String,
}

/// A small SOCKS5 server. It ends with the test.
struct Proxy {
    port: u16,
    seen: Arc<Mutex<Vec<Seen>>>,
    /// Ways that are open now.
    open: Arc<Mutex<usize>>,
}

impl Proxy {
    fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let proxy = Self { port, seen: Arc::default(), open: Arc::default() };
        let (seen, open) = (Arc::clone(&proxy.seen), Arc::clone(&proxy.open));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (manner, seen, open) = (manner.clone(), Arc::clone(&seen), Arc::clone(&open));
                thread::spawn(move || serve(stream, &manner, &seen, &open));
            }
        });
        proxy
    }

    fn url(&self) -> String {
        format!("socks5://127.0.0.1:{}", self.port)
    }

    fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

fn serve(mut client: TcpStream, manner: &Manner, seen: &Mutex<Vec<Seen>>, open: &Mutex<usize>) -> Option<()> {
    let methods = greeted(&mut client).ok()?;
    let (mut user, mut password) = (String::new(), String::new());
    match manner {
        Manner::Web => return client.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").ok(),
        Manner::Unasked(_) => client.write_all(&[5, 0]).ok()?,
        _ => {
            assert_eq!(methods.first(), Some(&2), "credentials come first");
            client.write_all(&[5, 2]).ok()?;
            let [version] = read(&mut client).ok()?;
            assert_eq!(version, 1);
            (user, password) = (text(&mut client).ok()?, text(&mut client).ok()?);
            let known = match manner {
                Manner::Knows(_, name, word) => user == *name && password == *word,
                _ => true,
            };
            client.write_all(&[1, u8::from(!known)]).ok()?;
            known.then_some(())?;
        }
    }
    let [5, 1, 0, kind] = read(&mut client).ok()? else { panic!("no CONNECT") };
    let host = match kind {
        1 => std::net::Ipv4Addr::from(read::<4>(&mut client).ok()?).to_string(),
        _ => text(&mut client).ok()?,
    };
    let _port: [u8; 2] = read(&mut client).ok()?;
    seen.lock().unwrap().push(Seen { host, user, password });
    let relay = match manner {
        Manner::Leads(relay) | Manner::Knows(relay, ..) | Manner::Unasked(relay) => relay,
        Manner::Refuses(reply) => return client.write_all(&[5, *reply, 0, 1, 0, 0, 0, 0, 0, 0]).ok(),
        Manner::Web => return None,
    };
    let server = TcpStream::connect(relay).ok()?;
    client.write_all(&[5, 0, 0, 1, 127, 0, 0, 1, 0, 80]).ok()?;
    *open.lock().unwrap() += 1;
    let (there, back) = ((client.try_clone(), server.try_clone()), (server, client));
    let up = thread::spawn(move || pass(there.0.ok()?, there.1.ok()?));
    pass(back.0, back.1);
    let _ = up.join();
    *open.lock().unwrap() -= 1;
    Some(())
}

fn greeted(client: &mut TcpStream) -> io::Result<Vec<u8>> {
    let [version, count] = read(client)?;
    assert_eq!(version, 5);
    let mut methods = vec![0; usize::from(count)];
    client.read_exact(&mut methods)?;
    Ok(methods)
}

fn read<const N: usize>(from: &mut TcpStream) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    from.read_exact(&mut bytes).map(|()| bytes)
}

/// A length and so many bytes.
fn text(from: &mut TcpStream) -> io::Result<String> {
    let [len] = read(from)?;
    let mut bytes = vec![0; usize::from(len)];
    from.read_exact(&mut bytes)?;
    Ok(String::from_utf8(bytes).unwrap())
}

fn pass(mut from: TcpStream, mut to: TcpStream) -> Option<()> {
    let _ended = io::copy(&mut from, &mut to);
    let _gone = to.shutdown(Shutdown::Both);
    let _gone = from.shutdown(Shutdown::Both);
    Some(())
}

/// Somebody whose configuration file names a proxy, registered through it.
fn joined_through(name: &str, proxy: &str, relay: &Relay, host: &str) -> Person {
    let person = Person::new(name);
    person.ok(&["config", "set", "proxy", proxy]);
    let link = relay.invite(name).replacen("127.0.0.1", host, 1);
    person.ok(&["join", &link, "--protect", "file"]);
    person
}

#[test]
fn a_whole_story_goes_through_the_proxy_and_no_two_connections_look_alike() {
    let relay = Relay::start();
    let proxy = Proxy::start(Manner::Leads(relay.listens_on.clone()));
    let [alice, bob] = ["alice", "bob"].map(|name| joined_through(name, &proxy.url(), &relay, ONION));
    alice.ok(&["add", &bob.address()]);
    alice.ok(&["send", "bob", "hello bob"]);
    bob.ok(&["requests"]);
    bob.ok(&["accept", "alice"]);
    assert_eq!(bob.pull(), ["hello bob"]);
    bob.ok(&["send", "alice", "hello alice"]);
    assert_eq!(alice.pull(), ["hello alice"]);
    eventually("every command has closed its connections", || *proxy.open.lock().unwrap() == 0);
    let mut daemon = Daemon::of(&bob);
    eventually("doorstep and inbox are open, on two connections", || *proxy.open.lock().unwrap() == 2);
    alice.ok(&["send", "bob", "and now?"]);
    alice.ok(&["ledger", "sync"]);
    eventually("the daemon received it", || {
        bob.json(&["log", "alice"]).iter().any(|it| it["text"] == "and now?")
    });
    daemon.terminate();
    assert_eq!(bob.pull(), ["and now?"]);

    let seen = proxy.seen();
    assert!(seen.len() > 20, "{seen:?}");
    assert!(seen.iter().all(|each| each.host == ONION), "names are resolved by nobody else: {seen:?}");
    let users: BTreeSet<_> = seen.iter().map(|each| &each.user).collect();
    let passwords: BTreeSet<_> = seen.iter().map(|each| &each.password).collect();
    assert_eq!((users.len(), passwords.len()), (seen.len(), seen.len()), "each has its own: {seen:?}");

    let straight = alice.run(&["pull", "--proxy", "none", "--timeout", "5s"]);
    straight.assert_problem(4, "OUB-E041");
    assert_eq!(proxy.seen().len(), seen.len(), "none is none");
}

#[test]
fn a_proxy_that_is_not_there_is_told_and_nothing_goes_past_it() {
    let relay = Relay::start();
    let proxy = Proxy::start(Manner::Leads(relay.listens_on.clone()));
    let alice = joined_through("alice", &proxy.url(), &relay, "127.0.0.1");
    assert!(proxy.seen().iter().all(|each| each.host == "127.0.0.1"), "this machine is no exception");
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let told = alice.run(&["pull", "--proxy", &nobody]);
    told.assert_problem(4, "OUB-E195");
    assert!(told.err.contains(&format!("the proxy {nobody} cannot be reached")), "{}", told.err);
    assert!(told.err.contains("is Tor running?"), "{}", told.err);
    let french = alice.run(&["--lang", "fr", "pull", "--proxy", &nobody]);
    assert!(french.err.contains(&format!("le proxy {nobody} est injoignable")), "{}", french.err);
    assert_eq!(alice.run(&["pull", "--proxy", "none"]).code, Some(0), "the relay was there all along");
}

#[test]
fn a_message_waits_while_the_proxy_is_away() {
    let relay = Relay::start();
    let proxy = Proxy::start(Manner::Leads(relay.listens_on.clone()));
    let [alice, bob] = ["alice", "bob"].map(|name| joined_through(name, &proxy.url(), &relay, ONION));
    alice.ok(&["add", &bob.address()]);
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let waits = alice.run(&["send", "bob", "later", "--proxy", &nobody]);
    assert_eq!(waits.code, Some(0), "{waits:?}");
    assert!(waits.err.contains("the proxy"), "{}", waits.err);
    alice.run(&["send", "bob", "now", "--no-queue", "--proxy", &nobody]).assert_problem(4, "OUB-E043");
    alice.ok(&["pull"]);
    assert!(bob.ok(&["requests"]).out.contains("later"));
}

#[test]
fn the_reason_of_a_proxy_is_told() {
    let relay = Relay::start();
    let good = Proxy::start(Manner::Leads(relay.listens_on.clone()));
    let alice = joined_through("alice", &good.url(), &relay, ONION);
    let pull = |proxy: &str| alice.run(&["pull", "--proxy", proxy]);
    for (reply, reason) in [
        (1, "it does not say why (answer 1)"),
        (2, "its rules do not allow it"),
        (4, "it cannot reach that host"),
        (5, "nothing listens there"),
        (0xf0, "the onion service is not there"),
    ] {
        let told = pull(&Proxy::start(Manner::Refuses(reply)).url());
        told.assert_problem(4, "OUB-E198");
        assert!(told.err.contains("the proxy found no way to relay.onion"), "{}", told.err);
        assert!(told.err.contains(reason), "{reply}: {}", told.err);
    }
    pull(&Proxy::start(Manner::Web).url()).assert_problem(4, "OUB-E196");

    let strict = Proxy::start(Manner::Knows(relay.listens_on.clone(), "alice", "p@ss"));
    let at = format!("127.0.0.1:{}", strict.port);
    pull(&at).assert_problem(4, "OUB-E197");
    pull(&format!("socks5://alice:wrong@{at}")).assert_problem(4, "OUB-E197");
    assert_eq!(strict.seen(), []);
    assert_eq!(pull(&format!("socks5://alice:p%40ss@{at}")).code, Some(0));
    assert!(strict.seen().iter().all(|each| each.user == "alice" && each.password == "p@ss"));
    assert!(!strict.seen().is_empty());

    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = silent.local_addr().unwrap().to_string();
    let told = alice.run(&["pull", "--proxy", &at, "--timeout", "1s"]);
    told.assert_problem(4, "OUB-E195");
    assert!(told.err.contains("it did not answer in time"), "{}", told.err);
}

#[test]
fn the_doctor_says_whether_the_proxy_answers() {
    let relay = Relay::start();
    let proxy = Proxy::start(Manner::Leads(relay.listens_on.clone()));
    let alice = joined_through("alice", &proxy.url(), &relay, ONION);
    let verdict = |proxy: &str| {
        let ran = alice.run(&["--json", "doctor", "--proxy", proxy]);
        let line = ran.lines().into_iter().find(|line| line["subject"] == "proxy");
        (ran.code, line.map(|line| (line["verdict"].clone(), line["finding"].to_string())))
    };
    let (code, said) = verdict(&format!("socks5://alice:secret@127.0.0.1:{}", proxy.port));
    let (good, finding) = said.unwrap();
    assert!(code == Some(0) && good == "good" && finding.contains(&proxy.port.to_string()), "{finding}");
    assert!(!finding.contains("secret") && !finding.contains("alice"), "{finding}");
    let plain = Proxy::start(Manner::Unasked(relay.listens_on.clone()));
    let (code, said) = verdict(&plain.url());
    assert_eq!(
        (code, said.unwrap().0),
        (Some(0), Value::from("warning")),
        "it cannot tell connections apart"
    );
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let (code, said) = verdict(&nobody);
    assert_eq!((code, said.unwrap().0), (Some(4), Value::from("bad")));
    assert_eq!(verdict("none").1, None);
}

#[test]
fn a_password_of_a_proxy_is_shown_nowhere() {
    let bob = Person::new("bob");
    let secret = "socks5://bob:secret@127.0.0.1:9050";
    let hidden = |ran: &Ran| {
        let said = format!("{}{}", ran.out, ran.err);
        assert!(!said.contains("secret"), "{said}");
        said
    };
    let masked = "socks5://***@127.0.0.1:9050";
    assert!(hidden(&bob.ok(&["config", "set", "proxy", secret])).contains(masked));
    let written = std::fs::read_to_string(bob.home.path().join("config.toml")).unwrap();
    assert_eq!(written, format!("proxy = \"{secret}\"\n"));
    assert_eq!(hidden(&bob.ok(&["config", "get", "proxy"])), format!("{masked}\n"));
    assert!(hidden(&bob.ok(&["config", "--origin"])).contains(masked));
    assert!(hidden(&bob.ok(&["--json", "config"])).contains(masked));
    assert!(hidden(&bob.ok(&["--json", "config", "set", "proxy", secret])).contains(masked));
    let with_variable = |args: &[&str], value: &str| Ran::of(bob.command(args).env("OUB_PROXY", value));
    let origin = hidden(&with_variable(&["config", "--origin"], "a:secret@h:1"));
    assert!(origin.contains("proxy = \"***@h:1\"") && origin.contains("# variable OUB_PROXY"), "{origin}");
    assert_eq!(
        with_variable(&["config", "get", "proxy"], "").out,
        format!("{masked}\n"),
        "empty is not said"
    );
    hidden(&with_variable(&["pull", "--help"], secret));
    for language in ["en", "fr"] {
        let wrong = with_variable(&["pull", "--lang", language], "a:secret@h");
        assert!(wrong.code == Some(2) && hidden(&wrong).contains("OUB_PROXY"), "{wrong:?}");
        let wrong = bob.run(&["pull", "--lang", language, "--proxy", "http://a:secret@h:1"]);
        assert!(wrong.code == Some(2) && hidden(&wrong).contains("http://***@h:1"), "{wrong:?}");
    }
    for nothing in [&["--proxy", ""][..], &["--proxy="]] {
        let wrong = bob.run(&[&["pull"], nothing].concat());
        let says = "invalid value '' for '--proxy <PROXY>': write a SOCKS5 proxy";
        assert!(wrong.code == Some(2) && wrong.err.contains(says), "nothing is no way round it: {wrong:?}");
    }
    bob.run(&["config", "set", "proxy", ""]).assert_problem(2, "OUB-E179");
    let wrong = bob.run(&["--json", "pull", "--proxy=a:secret@h"]);
    assert!(wrong.code == Some(2) && hidden(&wrong).contains("OUB-E097"), "{wrong:?}");
    let wrong = bob.run(&["config", "set", "proxy", "a:secret@h"]);
    wrong.assert_problem(2, "OUB-E179");
    hidden(&wrong);
    std::fs::write(bob.home.path().join("config.toml"), "proxy = \"a:secret@h\"\n").unwrap();
    let wrong = bob.run(&["pull"]);
    wrong.assert_problem(2, "OUB-E175");
    hidden(&wrong);
}

#[test]
fn a_unit_has_its_proxy_from_the_file_alone() {
    let relay = Relay::start();
    let bob = Person::joined("bob", &relay);
    let install = ["daemon", "install", "--print"];
    bob.run(&[&install[..], &["--proxy", "127.0.0.1:9050"]].concat()).assert_problem(2, "OUB-E123");
    bob.ok(&["config", "set", "proxy", "socks5://bob:secret@127.0.0.1:9050"]);
    let unit = bob.ok(&install).out;
    assert!(!unit.contains("secret") && !unit.contains("9050"), "{unit}");
}
