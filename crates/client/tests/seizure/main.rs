//! Twenty people and a real relay, which is then seized: disk, log, backup and memory (promise P4).
//!
//! What people wrote, called each other and keep secret is looked for in all of it. Names stand in public records:
//! they must be found in the store, raw, which shows that the search sees, and nowhere else but in memory.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../common/mod.rs"]
mod common;
mod heap;

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::Command;

use client::{SendOptions, SentState};
use common::{Person, Relay, opening, oublietted};
use heap::Needles;

const PEOPLE: usize = 20;

/// A word of 20 letters that stands nowhere else.
fn word() -> String {
    let mut bytes = [0; 20];
    getrandom::fill(&mut bytes).unwrap();
    bytes.iter().map(|byte| char::from(b'a' + byte % 26)).collect()
}

/// Everything that must not be found.
#[derive(Default)]
struct Canaries {
    words: Vec<Vec<u8>>,
}

impl Canaries {
    fn text(&mut self) -> String {
        let word = word();
        self.words.push(word.clone().into_bytes());
        word
    }

    fn alias(&mut self) -> String {
        self.text()
    }

    /// What a vault keeps secret of its owner.
    fn secrets_of(&mut self, person: &Person) {
        let key = fs::read(person.profile().key_file_path()).unwrap();
        let vault = opening::open(&person.profile().vault_path(), &key);
        let mut secrets = vec![key];
        for from in ["identity_seeds FROM me", "owner_seed FROM mailbox"] {
            let mut rows = vault.prepare(&format!("SELECT {from}")).unwrap();
            let found = rows.query_map([], |row| row.get::<_, Vec<u8>>(0)).unwrap();
            secrets.extend(found.map(Result::unwrap));
        }
        assert!(secrets.len() >= 4 && secrets.iter().all(|secret| secret.len() >= 16), "{}", secrets.len());
        self.words.extend(secrets);
    }
}

/// Every file of a folder.
fn files(folder: &Path) -> Vec<u8> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            all.extend(files(&entry.path()));
        } else if kind.is_file() {
            all.extend(fs::read(entry.path()).unwrap());
        }
    }
    all
}

/// What the process may write to and what it reads; `None` where the system forbids the look.
fn memory(pid: u32) -> Option<Vec<u8>> {
    let file = fs::File::open(format!("/proc/{pid}/mem")).ok()?;
    let mut all = Vec::new();
    for line in fs::read_to_string(format!("/proc/{pid}/maps")).ok()?.lines() {
        let (range, rest) = line.split_once(' ')?;
        let (from, until) = range.split_once('-')?;
        let (from, until) = (u64::from_str_radix(from, 16).ok()?, u64::from_str_radix(until, 16).ok()?);
        if !rest.starts_with('r') || rest.contains("[v") {
            continue;
        }
        let mut part = vec![0; usize::try_from(until - from).ok()?];
        // A mapping that went away meanwhile has nothing to say.
        if file.read_exact_at(&mut part, from).is_ok() {
            all.extend(part);
        }
    }
    (!all.is_empty()).then_some(all)
}

fn say(from: &Person, to: &str, text: &str) {
    let sent = from.client().send(to, text, &SendOptions::default()).unwrap();
    assert_eq!(sent.state, SentState::Stored, "{} to {to}", from.name);
}

/// A greeting, an acceptance, texts both ways; the last one waits.
fn converse(first: &Person, second: &Person, canaries: &mut Canaries) {
    let (theirs, mine) = (canaries.alias(), canaries.alias());
    first.client().add(&second.client().address().unwrap(), Some(&theirs)).unwrap();
    say(first, &theirs, &canaries.text());
    second.client().collect().unwrap();
    second.client().accept(&first.name, Some(&mine)).unwrap();
    assert!(!second.pull().is_empty());
    first.pull();
    say(second, &mine, &canaries.text());
    assert!(!first.pull().is_empty());
    say(first, &theirs, &canaries.text());
    assert!(!second.pull().is_empty());
    say(second, &mine, &canaries.text());
}

#[test]
fn a_seized_relay_tells_nothing_that_people_wrote_or_keep() {
    let relay = Relay::start();
    let people: Vec<Person> = (0..PEOPLE).map(|_| relay.person(&word())).collect();
    let mut canaries = Canaries::default();
    for (place, person) in people.iter().enumerate() {
        converse(person, &people[(place + 1) % PEOPLE], &mut canaries);
        canaries.secrets_of(person);
    }
    if let Ok(host) = fs::read_to_string("/etc/hostname")
        && host.trim().len() >= 8
    {
        canaries.words.push(host.trim().as_bytes().to_vec());
    }
    let admin = |args: &[&str]| {
        let output = Command::new(oublietted()).args(args).arg("--data").arg(relay.data()).output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };
    let status = [admin(&["status"]), admin(&["status", "--json"])].concat();
    let folder = tempfile::tempdir().unwrap();
    let (key, file) = (folder.path().join("key"), folder.path().join("backup"));
    admin(&["backup-key", key.to_str().unwrap()]);
    admin(&["backup", file.to_str().unwrap(), "--key-file", key.to_str().unwrap()]);

    let (store, log) = (files(&relay.data()), relay.log().into_bytes());
    let said = [log.clone(), status, fs::read(&file).unwrap()].concat();
    let memory = memory(relay.pid());
    let needles = Needles::new(&canaries.words);
    let names: Vec<Vec<u8>> = people.iter().map(|person| person.name.clone().into_bytes()).collect();
    let names = Needles::new(&names);
    assert_eq!(names.found_in(&store).len(), PEOPLE, "public records hold names: else the search is blind");
    assert!(names.found_in(&said).is_empty(), "a name stands in log, status or backup");
    let mut found = vec![("store", needles.found_in(&store).len()), ("log", needles.found_in(&said).len())];
    match &memory {
        Some(memory) => {
            // The search sees memory too: the folder's path stands in its arguments.
            let path = Needles::new(&[relay.data().to_str().unwrap().as_bytes().to_vec()]);
            assert_eq!(path.found_in(memory), [0]);
            found.push(("memory", needles.found_in(memory).len()));
        }
        None => eprintln!("SKIPPED: the memory of the relay may not be read here (root may)"),
    }
    // Addresses: the one that it listens on is announced, and no peer's is.
    let addresses = |bytes: &[u8]| bytes.windows(9).filter(|window| window == b"127.0.0.1").count();
    assert_eq!((addresses(&store), addresses(&log)), (0, 1), "{}", relay.log());
    println!(
        "promise P4: canaries found in a seized relay {found:?}, looked for {} in {} forms each; {PEOPLE} people; store {} KiB, log {} bytes, backup, status, memory {} KiB; by design: {PEOPLE} names in public records",
        canaries.words.len(),
        heap::forms_of(&[7; 20]).len(),
        store.len() / 1024,
        log.len(),
        memory.map_or(0, |memory| memory.len() / 1024),
    );
    assert!(found.iter().all(|(_, count)| *count == 0), "{found:?}");
}
