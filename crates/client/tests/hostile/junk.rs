//! Envelopes that open nowhere, by the hundred (with `--long` by the thousand): set aside within bounds, and nobody behind them waits.

use client::PullOptions;
use wire::{DepositAuth, Envelope};

use crate::{
    evil::{Evil, Victim, befriend},
    peer::{Peer, at_doorstep, bundle_of, random, to_doorstep},
};

fn count() -> usize {
    if std::env::var_os("OUBLIETTE_LONG").is_some() { 10_000 } else { 600 }
}

fn quarantine(victim: &Victim) -> u32 {
    let checks = victim.client().doctor(client::Language::English);
    let check = checks.iter().find(|check| check.subject == "quarantine").unwrap();
    check.finding.split(' ').next().unwrap().parse().unwrap_or(0)
}

/// P02: a stranger's junk, some of which opens its outer layer. What carol wrote before, within and behind it
/// is shown; nothing of it stays.
#[test]
fn junk_at_the_doorstep_delays_nobody_and_does_not_stay() {
    let evil = Evil::start();
    let (alice, bob, carol) = (evil.join("alice"), evil.join("bob"), evil.join("carol"));
    befriend(&carol, &bob);
    let theirs = bundle_of(&evil, &bob);
    alice.add(&bob);
    carol.stored(&bob, "before");
    for n in 0..count() {
        if n == count() / 2 {
            alice.stored(&bob, "within");
        }
        let junk = match n % 10 {
            0 => to_doorstep(1, &theirs, &random::<9_000>()),
            _ => Envelope::new(vec![n as u8; 16_384].into()).unwrap(),
        };
        // Each is another one: what was seen is not even tried.
        let mut bytes = junk.as_bytes().to_vec();
        bytes[16_000..16_008].copy_from_slice(&(n as u64).to_be_bytes());
        let junk = if n % 10 == 0 { junk } else { Envelope::new(bytes.into()).unwrap() };
        at_doorstep(&evil, &bob, junk);
    }
    carol.stored(&bob, "behind");
    let (list, summary) = bob.pull_with(&PullOptions::default());
    let texts: Vec<_> = list.iter().map(|message| message.body.text().unwrap()).collect();
    assert_eq!(texts, ["before", "behind"]);
    assert_eq!(bob.client().requests().unwrap()[0].texts, ["within"]);
    assert_eq!((summary.quarantined as usize, summary.unreachable), (count(), None));
    assert_eq!(quarantine(&bob), 0);
}

/// P02: the same from a contact who has stamps, and from a relay that needs none. It is kept, within 32 MiB.
#[test]
fn junk_in_the_inbox_is_kept_within_bounds_and_delays_nobody() {
    let evil = Evil::start();
    let (bob, carol) = (evil.join("bob"), evil.join("carol"));
    befriend(&carol, &bob);
    let mut mallory = Peer::befriended(&evil, "mallory", &bob);
    carol.stored(&bob, "before");
    for n in 0..200_u64 {
        let letter = mallory.letter_around(&random::<500>(), 4_096);
        if n == 100 {
            carol.stored(&bob, "within");
        }
        mallory.drop_in(&evil, letter);
    }
    for n in 0..count() as u64 {
        let mut bytes = vec![0x5a; 65_536];
        bytes[..8].copy_from_slice(&n.to_be_bytes());
        let auth = DepositAuth::Open { puzzle: None };
        let junk = Envelope::new(bytes.into()).unwrap();
        evil.shell().mailbox(bob.inbox).waiting.push((auth, junk));
    }
    carol.stored(&bob, "behind");
    let (list, summary) = bob.pull_with(&PullOptions::default());
    let texts: Vec<_> = list.iter().map(|message| message.body.text().unwrap()).collect();
    assert_eq!(texts, ["before", "within", "behind"]);
    assert_eq!((summary.quarantined as usize, summary.unreachable), (200 + count(), None));
    assert!(quarantine(&bob) <= 512, "{}", quarantine(&bob));
    mallory.say(&evil, "and mallory still can");
    assert_eq!(bob.texts(), ["and mallory still can"]);
}

/// P02: what a stranger leaves does not push out what may still open.
#[test]
fn a_strangers_junk_does_not_push_out_what_a_contact_sent() {
    let evil = Evil::start();
    let bob = evil.join("bob");
    let mut mallory = Peer::befriended(&evil, "mallory", &bob);
    let letter = mallory.letter_around(&random::<500>(), 4_096);
    mallory.drop_in(&evil, letter);
    bob.client().collect().unwrap();
    assert_eq!(quarantine(&bob), 1);
    // 33 MiB in one drain.
    for n in 0..33 * 64_u64 {
        let mut bytes = vec![0x77; 16_384];
        bytes[..8].copy_from_slice(&n.to_be_bytes());
        at_doorstep(&evil, &bob, Envelope::new(bytes.into()).unwrap());
    }
    bob.client().collect().unwrap();
    assert_eq!(quarantine(&bob), 1);
}

/// P02, P05: who is blocked may use up his stamps, not my disk: of what he writes only the number is kept.
#[test]
fn what_a_blocked_contact_writes_is_not_kept() {
    let evil = Evil::start();
    let bob = evil.join("bob");
    let mut mallory = Peer::befriended(&evil, "mallory", &bob);
    bob.client().set_blocked("mallory", true).unwrap();
    let size = || -> u64 {
        let files = ["vault.db", "vault.db-wal"].map(|name| bob.profile().dir().join(name));
        files.iter().filter_map(|file| std::fs::metadata(file).ok()).map(|file| file.len()).sum()
    };
    bob.client().collect().unwrap();
    let before = size();
    for _ in 0..60 {
        let content = mallory.text(&"flood ".repeat(10_000)).to_bytes();
        let olm = mallory.ratchet(&content);
        let letter = mallory.letter_around(&olm, 65_536);
        mallory.drop_in(&evil, letter);
    }
    bob.client().collect().unwrap();
    let grown = size().saturating_sub(before);
    assert!(grown < 256 * 1024, "{grown} bytes of 60 × 60,000");
    bob.client().set_blocked("mallory", false).unwrap();
    mallory.say(&evil, "unblocked");
    assert_eq!(bob.texts(), ["unblocked"]);
}
