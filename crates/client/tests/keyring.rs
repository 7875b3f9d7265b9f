//! The keyring as protector, with a scripted stand-in for `secret-tool`: what join chose is kept, and a keyring
//! that is locked, hangs, lies or forgets costs nothing but a sentence.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::{
    fs,
    io::Write,
    path::PathBuf,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use client::{Client, ClientError, Keyring, Protection, Protector, SharedWorld, Unlock, Verdict};
use common::{Person, Relay, options, passphrase};
use tempfile::TempDir;

/// Keeps each secret in a file named for its entry, and writes its arguments down.
const HONEST: &str = r#"
printf '%s\n' "$*" >>"$0.log"
for entry; do :; done
file="$0.$entry"
case $1 in
  store) cat >"$file" ;;
  lookup) [ -f "$file" ] && cat "$file" ;;
  clear) rm "$file" ;;
esac
"#;
const LOCKED: &str =
    "cat >/dev/null; echo 'secret-tool: Cannot create an item in a locked collection' >&2; exit 1";
const HANGING: &str = "exec sleep 600";
/// Ends, and leaves something behind that holds its output open.
const LINGERING: &str = "sleep 600 & echo $! >\"$0.pid\"; exit 0";
const FORGETFUL: &str = "[ \"$1\" = lookup ] && exit 1; cat >/dev/null";
const NO_BUS: &str = "echo 'secret-tool: Cannot autolaunch D-Bus without X11 $DISPLAY' >&2; exit 1";

/// A stand-in that may change its mind.
struct StandIn {
    folder: TempDir,
}

impl StandIn {
    fn new(script: &str) -> StandIn {
        let standin = StandIn { folder: tempfile::tempdir().unwrap() };
        standin.becomes(script);
        standin
    }

    fn becomes(&self, script: &str) {
        // Written by another process: a thread that forks just now must not inherit the file open for writing, or
        // it cannot be executed. And renamed: a program that runs cannot be written to.
        let fresh = self.folder.path().join("fresh");
        let mut writer = Command::new("sh")
            .args(["-c", "cat >\"$0\" && chmod 755 \"$0\""])
            .arg(&fresh)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        writer.stdin.take().unwrap().write_all(format!("#!/bin/sh\n{script}\n").as_bytes()).unwrap();
        assert!(writer.wait().unwrap().success());
        fs::rename(&fresh, self.program()).unwrap();
    }

    fn program(&self) -> PathBuf {
        self.folder.path().join("secret-tool")
    }

    fn keyring(&self) -> Keyring {
        Keyring::default().with_program(self.program()).with_patience(Duration::from_secs(5))
    }

    fn hasty(&self) -> Keyring {
        self.keyring().with_patience(Duration::from_millis(300))
    }

    /// The one file in which a secret lies.
    fn secret(&self) -> PathBuf {
        let files = fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().path());
        let secrets = |path: &PathBuf| {
            let name = path.file_name().unwrap().to_str().unwrap();
            name.starts_with("secret-tool.") && !name.ends_with(".log")
        };
        let all: Vec<_> = files.filter(secrets).collect();
        assert_eq!(all.len(), 1, "{all:?}");
        all[0].clone()
    }
}

fn join(relay: &Relay, person: &Person, keyring: Keyring) -> Result<Client, ClientError> {
    let mut request = person.request(relay.invite(&person.name));
    request.protect = Protector::Keyring(keyring);
    Client::join(&person.profile(), &request, options()).map(|(client, _)| client)
}

fn open(person: &Person, keyring: Keyring) -> Result<Client, ClientError> {
    Client::open(&person.profile(), &Unlock::Keyring(keyring), options())
}

#[test]
fn the_keyring_keeps_the_key_and_nothing_else_opens_the_vault() {
    let relay = Relay::start();
    let alice = Person::stranger("alice");
    let standin = StandIn::new(HONEST);
    let client = join(&relay, &alice, standin.keyring()).unwrap();
    assert_eq!(alice.profile().protection().unwrap(), Protection::Keyring);
    let protector = client
        .doctor(client::Language::English)
        .into_iter()
        .find(|check| check.subject == "protector")
        .unwrap();
    assert!(protector.verdict == Verdict::Good && protector.finding.contains("keyring"), "{protector:?}");
    drop(client);
    assert_eq!(open(&alice, standin.keyring()).unwrap().name().unwrap().as_str(), "alice");
    for other in [Unlock::KeyFile, Unlock::Passphrase(passphrase("x"))] {
        let error = Client::open(&alice.profile(), &other, options()).err().unwrap();
        assert_eq!((error.exit_code(), error.code().as_str()), (7, "OUB-E094"));
    }
    // Neither the folder nor the arguments hold what the keyring holds.
    let secret = fs::read(standin.secret()).unwrap();
    assert_eq!(secret.len(), 64);
    let mut places = vec![standin.folder.path().join("secret-tool.log")];
    places.extend(fs::read_dir(alice.profile().dir()).unwrap().map(|entry| entry.unwrap().path()));
    for place in places {
        let bytes = fs::read(&place).unwrap();
        assert!(!bytes.windows(32).any(|window| window == &secret[..32]), "{}", place.display());
    }
    assert!(!alice.profile().key_file_path().exists());
}

#[test]
fn a_keyring_that_cannot_be_used_stops_join_before_anything_is_registered() {
    let relay = Relay::start();
    let alice = Person::stranger("alice");
    let cases = [(LOCKED, "OUB-E090"), (NO_BUS, "OUB-E090"), (FORGETFUL, "OUB-E090"), (HANGING, "OUB-E091")];
    for (script, code) in cases {
        let error = join(&relay, &alice, StandIn::new(script).hasty()).err().unwrap();
        assert_eq!((error.exit_code(), error.code().as_str()), (7, code), "{error:?}");
        assert!(!error.do_().is_empty() && !alice.profile().exists(), "{script}");
    }
    let absent = Keyring::default().with_program("/nonexistent/secret-tool");
    let error = join(&relay, &alice, absent).err().unwrap();
    assert!(error.why().contains("not installed"), "{error:?}");
    // The same folder still takes an identity, and the same name is free.
    join(&relay, &alice, StandIn::new(HONEST).keyring()).unwrap();
}

#[test]
fn a_keyring_that_hangs_is_given_up_in_time_and_the_vault_opens_when_it_answers_again() {
    let relay = Relay::start();
    let alice = Person::stranger("alice");
    let standin = StandIn::new(HONEST);
    join(&relay, &alice, standin.keyring()).unwrap();
    for script in [HANGING, LINGERING] {
        standin.becomes(script);
        let began = Instant::now();
        let error = open(&alice, standin.hasty()).err().unwrap();
        // Not a matter of speed: the stand-in would hold it for ten minutes.
        assert!(began.elapsed() < Duration::from_secs(60), "{script}");
        assert_eq!((error.exit_code(), error.code().as_str()), (7, "OUB-E091"), "{error:?}");
    }
    let left = fs::read_to_string(standin.folder.path().join("secret-tool.pid")).unwrap();
    assert!(Command::new("kill").arg(left.trim()).status().unwrap().success());
    standin.becomes(HONEST);
    open(&alice, standin.keyring()).unwrap();
}

#[test]
fn an_entry_that_was_erased_or_changed_is_told_and_nothing_is_overwritten() {
    let relay = Relay::start();
    let alice = Person::stranger("alice");
    let standin = StandIn::new(HONEST);
    join(&relay, &alice, standin.keyring()).unwrap();
    let folder = || {
        let files = fs::read_dir(alice.profile().dir()).unwrap().map(|entry| entry.unwrap().path());
        let mut all: Vec<_> = files.map(|path| (path.clone(), fs::read(path).unwrap())).collect();
        all.sort();
        all
    };
    let (before, entry) = (folder(), standin.secret());
    let secret = fs::read(&entry).unwrap();

    for changed in [b"".to_vec(), b"not a key".to_vec(), secret.iter().rev().copied().collect()] {
        fs::write(&entry, changed).unwrap();
        assert_eq!(open(&alice, standin.keyring()).err().unwrap().code(), "OUB-E093");
    }
    fs::remove_file(&entry).unwrap();
    let error = open(&alice, standin.keyring()).err().unwrap();
    assert_eq!((error.exit_code(), error.code().as_str()), (7, "OUB-E092"));
    assert!(error.why().contains(entry.extension().unwrap().to_str().unwrap()), "{error:?}");
    // Joining once more does not make a new key in its place either.
    let mut request = alice.request(relay.invite("alice2"));
    request.protect = Protector::Keyring(standin.keyring());
    let again = Client::join(&alice.profile(), &request, options()).err().unwrap();
    assert_eq!(again.code(), "OUB-E092");
    assert!(!entry.exists());
    assert_eq!(folder(), before);

    fs::write(&entry, &secret).unwrap();
    open(&alice, standin.keyring()).unwrap();
}

#[test]
fn a_probe_tells_a_keyring_from_what_only_looks_like_one() {
    let world = SharedWorld::default();
    let honest = StandIn::new(HONEST);
    honest.keyring().probe(&world).unwrap();
    let left = fs::read_dir(honest.folder.path()).unwrap().count();
    assert_eq!(left, 2, "the program and its log: the probe cleans up");
    let never_erases = HONEST.replace("rm \"$file\"", "true");
    let garbles = HONEST.replace("cat \"$file\"", "echo 00");
    for script in [LOCKED, NO_BUS, FORGETFUL, HANGING, &never_erases, &garbles] {
        let error = StandIn::new(script).hasty().probe(&world).err().unwrap();
        assert_eq!(error.exit_code(), 7, "{script}: {error:?}");
    }
}

#[test]
fn a_complaint_cannot_steer_the_terminal() {
    let rude = "printf '\\033[2Jgone\\n\\nmore' >&2; exit 1";
    let error = StandIn::new(rude).keyring().probe(&SharedWorld::default()).err().unwrap();
    assert_eq!(error.why(), "[2Jgone");
}
