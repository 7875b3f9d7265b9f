//! A bot that only sends, to a person who only collects: complete, in order, and the chain renews itself.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use client::{Handled, PullOptions, SendOptions, SentState};
use common::{Person, Relay, friends};

/// Alerts in a run of `./test`; ten thousand with OUBLIETTE_LONG=1.
fn alerts() -> usize {
    if std::env::var_os("OUBLIETTE_LONG").is_some() { 10_000 } else { 600 }
}

fn collect(person: &Person, next: &mut usize, refills: bool) {
    let client = if refills { person.client_later() } else { person.client() };
    let summary = client.pull(&PullOptions::default(), &mut |message| {
        assert_eq!(message.body.text(), Some(format!("alert {next}").as_str()), "in order");
        assert_eq!(message.missing_before, 0);
        *next += 1;
        Handled::Yes
    });
    assert!(summary.unwrap().unreachable.is_none());
}

/// Item 5: the stamps come back in refills, the relay holds what is not collected, nobody ever answers in words.
#[test]
fn alerts_arrive_complete_and_stamps_come_back_by_themselves() {
    let relay = Relay::start();
    let (bot, person) = friends(&relay);
    let (mut sent, mut next) = (0, 0);
    while sent < alerts() {
        // A burst as a cron job makes it: each command drains first, and so finds its refills.
        let client = bot.client();
        for _ in 0..100 {
            client.send("bob", &format!("alert {sent}"), &SendOptions::default()).unwrap();
            sent += 1;
        }
        collect(&person, &mut next, true);
    }
    for _ in 0..20 {
        bot.client().flush().unwrap();
        collect(&person, &mut next, true);
    }
    assert_eq!(next, sent);
    println!("{sent} alerts, none lost, none twice, none out of order");
}

/// A month without a word in return: the next message begins a fresh Olm session, and so does the one after it as
/// long as nobody answers. What was sealed before still opens.
#[test]
fn after_a_month_without_an_answer_the_chain_renews_itself() {
    let relay = Relay::start();
    let (bot, person) = friends(&relay);
    bot.stored(&person, "alert 0");
    for (sent, days) in [(1, 31), (2, 32), (3, 63 - 10)] {
        let client = bot.client_hours_later(days * 24);
        let state = client.send("bob", &format!("alert {sent}"), &SendOptions::default()).unwrap().state;
        assert_eq!(state, SentState::Stored, "after {days} days");
    }
    let mut next = 0;
    collect(&person, &mut next, false);
    assert_eq!(next, 4);
    person.stored(&bot, "seen");
    assert_eq!(bot.texts(), ["seen"]);
}

/// The look-up before a fresh session may bring another key than the one the conversation began with.
#[test]
fn after_a_month_without_an_answer_whoever_changed_the_key_is_still_written_to() {
    let relay = Relay::start();
    let (bot, person) = friends(&relay);
    bot.stored(&person, "alert 0");
    person.client().rotate_identity().unwrap();
    let sent = bot.client_hours_later(31 * 24).send("bob", "alert 1", &SendOptions::default()).unwrap();
    assert_eq!(sent.state, SentState::Stored);
    assert_eq!(person.texts(), ["alert 0", "alert 1"]);
}
