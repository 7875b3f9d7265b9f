//! A client's clock that was a month ahead and is put right: what it did meanwhile keeps nobody out for a month.

use client::{ClientError, Pauses, SendOptions, SentState};
use wire::{Name, PrekeyBundle};

use crate::{
    common::opening,
    evil::{Evil, Victim},
};

const MONTH_H: u64 = 30 * 24;

fn shown(evil: &Evil, name: &str) -> PrekeyBundle {
    evil.shell().bundles[&Name::parse(name).unwrap()].clone()
}

fn today() -> u16 {
    (std::time::UNIX_EPOCH.elapsed().unwrap().as_secs() / 86_400) as u16
}

fn pull(person: &Victim, hours_later: u64) {
    person.client_hours_later(hours_later).collect().unwrap();
}

fn swept_day(person: &Victim) -> u16 {
    let key = std::fs::read(person.profile().key_file_path()).unwrap();
    let db = opening::open(&person.profile().vault_path(), &key);
    db.query_row("SELECT swept_day FROM me", [], |row| row.get(0)).unwrap()
}

/// F08: one pull under a clock that is a month ahead publishes a bundle of a day that has not come; the first one
/// afterwards publishes one of today, sweeps, and keeps the weekly pace of keys from there on.
#[test]
fn a_month_ahead_for_one_pull_and_back_keeps_nobody_out() {
    let evil = Evil::start();
    let (alice, bob) = (evil.join("alice"), evil.join("bob"));
    pull(&bob, MONTH_H);
    let ahead = shown(&evil, "bob");
    assert_eq!((ahead.body.day.0, swept_day(&bob)), (today() + 30, today() + 30));
    alice.add(&bob);
    let refused = alice.client().send("bob", "are you there?", &SendOptions::default());
    assert!(matches!(refused, Err(ClientError::NoBundle { .. })), "{refused:?}");
    // Put right.
    pull(&bob, 0);
    let right = shown(&evil, "bob");
    assert_eq!((right.body.day.0, swept_day(&bob)), (today(), today()));
    assert!(right.body.counter > ahead.body.counter);
    let sent = alice.client().send("bob", "now you are", &SendOptions::default()).unwrap();
    assert_eq!(sent.state, SentState::Stored);
    bob.client().collect().unwrap();
    assert_eq!(bob.client().requests().unwrap()[0].texts, ["are you there?", "now you are"]);
    // A second pull of the same day has nothing to put right, and six days later no key is a week old.
    pull(&bob, 6 * 24);
    assert_eq!(shown(&evil, "bob").body, right.body);
    pull(&bob, 8 * 24);
    let week = shown(&evil, "bob").body;
    assert_ne!(week.prekey_id, right.body.prekey_id, "a week after the clock was put right");
    pull(&bob, 29 * 24);
    assert_ne!(shown(&evil, "bob").body.olm_fallback, right.body.olm_fallback, "four weeks after");
}

/// F08: first messages that left under a clock that was a month ahead, and that nobody answered, are over a fortnight after it
/// was put right, and what waits behind them leaves.
#[test]
fn first_messages_of_a_clock_that_was_a_month_ahead_are_over_in_a_fortnight() {
    let evil = Evil::start();
    let (alice, bob) = (evil.join("alice"), evil.join("bob"));
    alice.add(&bob);
    let ahead = alice.client_hours_later(MONTH_H);
    let say = |number: usize| ahead.send("bob", &number.to_string(), &SendOptions::default()).unwrap().state;
    let states: Vec<_> = (1..=17).map(say).collect();
    assert!(states[..16].iter().all(|state| *state == SentState::Stored), "{states:?}");
    assert!(matches!(states[16], SentState::Queued(_)), "{:?}", states[16]);
    drop(ahead);
    evil.shell().take(bob.doorstep);
    // Put right.
    pull(&alice, 0);
    let days_later = |days: u64| {
        let client = alice.client_hours_later(days * 24 + 1);
        client.send_waiting(&mut Pauses::default()).unwrap()
    };
    assert_eq!(days_later(13), 0);
    assert_eq!(days_later(14), 17);
    assert_eq!(evil.shell().take(bob.doorstep).len(), 17);
}
