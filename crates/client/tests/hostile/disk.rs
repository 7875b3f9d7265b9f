//! What lies on the disk: who holds the key looks at every page, used and free, and at the write-ahead log.

use std::{collections::BTreeSet, fs, os::unix::fs::PermissionsExt as _};

use aes::Aes256;
use cbc::cipher::{BlockModeDecrypt, KeyIvInit, block_padding::NoPadding};
use client::{Client, Profile, Protector, PullOptions, Unlock};
use rusqlite::Connection;

use crate::{
    common::{Person, Relay, opening, options, passphrase},
    evil::Evil,
    peer::Peer,
};

/// SQLCipher 4: pages of 4,096 bytes, whose last 80 are an IV, a MAC, and nothing.
const PAGE: usize = 4_096;
const RESERVED: usize = 80;
const SALT: usize = 16;

fn key(profile: &Profile) -> [u8; 32] {
    fs::read(profile.key_file_path()).unwrap().try_into().unwrap()
}

fn decrypted(key: &[u8; 32], page: &[u8], skip: usize) -> Vec<u8> {
    let (data, reserved) = page.split_at(PAGE - RESERVED);
    let iv: &[u8; 16] = reserved[..16].try_into().unwrap();
    let cipher = cbc::Decryptor::<Aes256>::new(key.into(), iv.into());
    cipher.decrypt_padded_vec::<NoPadding>(&data[skip..]).unwrap()
}

/// Every page of the file and every frame of the log, opened.
fn pages(profile: &Profile) -> Vec<Vec<u8>> {
    let key = key(profile);
    let file = fs::read(profile.vault_path()).unwrap();
    let whole = file.chunks_exact(PAGE).enumerate();
    let mut all: Vec<_> =
        whole.map(|(n, page)| decrypted(&key, page, if n == 0 { SALT } else { 0 })).collect();
    let log = fs::read(profile.vault_path().with_extension("db-wal")).unwrap_or_default();
    for frame in log.get(32..).unwrap_or_default().chunks_exact(24 + PAGE) {
        let first = frame[..4] == [0, 0, 0, 1];
        all.push(decrypted(&key, &frame[24..], if first { SALT } else { 0 }));
    }
    all
}

fn holds(pages: &[Vec<u8>], needle: &[u8]) -> bool {
    pages.iter().any(|page| page.windows(needle.len()).any(|window| window == needle))
}

fn open(profile: &Profile) -> Connection {
    opening::open(&profile.vault_path(), &key(profile))
}

/// The account's snapshot, as whoever holds the key reads it.
pub fn account(profile: &Profile) -> Vec<u8> {
    open(profile).query_row("SELECT account FROM me", [], |row| row.get(0)).unwrap()
}

/// Every key in a ratchet's pickle, as the JSON that it is kept in: runs of 32 numbers.
fn ratchet_keys(profile: &Profile) -> BTreeSet<String> {
    let db = open(profile);
    let mut rows = db.prepare("SELECT conversation FROM contact").unwrap();
    let blobs: Vec<Vec<u8>> = rows.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let mut keys = BTreeSet::new();
    for blob in blobs {
        let text: String = blob.iter().map(|byte| char::from(*byte)).collect();
        let lists = text.split('[').filter_map(|rest| rest.split_once(']')).map(|(list, _)| list);
        keys.extend(lists.filter(|list| list.split(',').count() == 32).map(str::to_owned));
    }
    keys
}

/// D04: a ratchet's key that was replaced is in no page, free or used, and not in the log.
#[test]
fn keys_that_were_replaced_are_nowhere_in_the_file() {
    let evil = Evil::start();
    let (alice, bob) = evil.friends();
    let mut erased = 0;
    for round in 0..4 {
        let before = ratchet_keys(&bob.profile());
        let present = pages(&bob.profile());
        let found = before.iter().filter(|key| holds(&present, key.as_bytes())).count();
        assert!(
            found * 2 > before.len(),
            "the search finds keys that are there: {found} of {}",
            before.len()
        );
        for text in ["one", "two", "three"] {
            alice.stored(&bob, text);
        }
        assert_eq!(bob.texts().len(), 3);
        bob.stored(&alice, "back");
        assert_eq!(alice.texts(), ["back"]);
        bob.client().collect().unwrap();
        let gone: Vec<_> = before.difference(&ratchet_keys(&bob.profile())).cloned().collect();
        let now = pages(&bob.profile());
        for key in &gone {
            assert!(!holds(&now, key.as_bytes()), "round {round}: a key lingers");
        }
        erased += gone.len();
    }
    assert!(erased >= 8, "{erased}");
}

/// D04: recovery words, from the moment when somebody has them.
#[test]
fn words_that_are_on_paper_are_nowhere_in_the_file() {
    let evil = Evil::start();
    let bob = evil.join("bob");
    let entropy: Vec<u8> =
        open(&bob.profile()).query_row("SELECT recovery_entropy FROM me", [], |row| row.get(0)).unwrap();
    assert!(entropy.len() == 32 && holds(&pages(&bob.profile()), &entropy), "it is there to be erased");
    // The row moves about before that.
    bob.client().collect().unwrap();
    fs::write(bob.profile().dir().join("former-1.db"), b"has them too").unwrap();
    bob.client().forget_recovery_words().unwrap();
    assert!(!holds(&pages(&bob.profile()), &entropy));
    assert!(!bob.profile().dir().join("former-1.db").exists());
    assert_eq!(bob.client().recovery_words(client::Language::English).unwrap(), None);
}

/// D04: texts that somebody declined.
#[test]
fn a_declined_text_is_nowhere_in_the_file() {
    let evil = Evil::start();
    let bob = evil.join("bob");
    let mut mallory = Peer::new(&evil, "mallory", &bob);
    let short = "a short canary in a first message";
    mallory.knock(&evil, &bob, short);
    let long = "canary of a longer kind ".repeat(40);
    mallory.knock(&evil, &bob, &long);
    bob.client().collect().unwrap();
    let needles = [short.as_bytes(), b"canary of a longer kind canary"];
    assert!(needles.iter().all(|needle| holds(&pages(&bob.profile()), needle)), "it is there to be erased");
    bob.client().decline("mallory").unwrap();
    assert!(!needles.iter().any(|needle| holds(&pages(&bob.profile()), needle)));
}

/// D03: every file and folder is its owner's alone, at every moment of a life; with a passphrase no file shows a
/// name, a text, an address or the passphrase.
#[test]
fn a_stolen_disk_shows_nothing_without_the_passphrase() {
    let relay = Relay::start();
    let (alice, bob) = (Person::stranger("alice-canary"), relay.person("bob-canary"));
    let mut request = alice.request(relay.invite("alice-canary"));
    request.protect = Protector::Passphrase(passphrase("passphrase canary"));
    let (client, joined) = Client::join(&alice.profile(), &request, options()).unwrap();
    client.add(&bob.client().address().unwrap(), Some("alias canary")).unwrap();
    bob.add_address(&joined.address);
    client.send("alias canary", "sent canary", &Default::default()).unwrap();
    assert_eq!(bob.texts(), ["sent canary"]);
    bob.client().send("alice-canary", "received canary", &Default::default()).unwrap();
    let mut sink = |_: &client::Received| client::Handled::Yes;
    assert_eq!(client.pull(&PullOptions::default(), &mut sink).unwrap().handled, 1);
    // While it is open, and after.
    let fingerprint = client.identity_fingerprint().unwrap();
    let host = joined.address.at.to_string();
    for open in [Some(client), None] {
        let entries: Vec<_> = fs::read_dir(alice.profile().dir()).unwrap().flatten().collect();
        assert!(entries.len() >= 3);
        for entry in entries {
            let (path, mode) = (entry.path(), entry.metadata().unwrap().permissions().mode() & 0o7777);
            assert_eq!(mode, 0o600, "{}", path.display());
            let bytes = fs::read(&path).unwrap();
            let canaries =
                [b"canary".as_slice(), &fingerprint, &fingerprint[..8], host.as_bytes(), b"SQLite format"];
            for canary in canaries {
                let shown = bytes.windows(canary.len()).any(|window| window == canary);
                assert!(!shown, "{} shows {canary:?}", path.display());
            }
        }
        drop(open);
    }
    let mode = fs::metadata(alice.profile().dir()).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode, 0o700);
    let unlock = Unlock::Passphrase(passphrase("passphrase canary"));
    assert_eq!(Client::open(&alice.profile(), &unlock, options()).unwrap().contacts().unwrap().len(), 1);
}
