//! `kill -9` at every commit, and after every answer of the relay: nothing is lost, nothing comes twice, nothing
//! comes out of order (P2).
//!
//! Each death is a real one: a process of its own runs the real library against the real relay and kills itself,
//! at the first commit, then at the second, and so on until a run comes to its end; then the same with what the
//! relay says. After each death another process does the same again without dying. `OUBLIETTE_LONG=1` goes through
//! all of it many times over, the vaults growing older.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../common/mod.rs"]
mod common;
mod death;
mod roles;
mod tally;

use client::Client;
use common::{Person, Relay, friends, make_friends};
use death::Death;
use roles::{Role, play};
use tally::{Tally, texts_of};

/// More steps than any command of these tests takes.
const STEPS_MAX: u32 = 200;

/// Goes through all the deaths of a scene until so many processes died; twelve times as many in the long run.
fn until_died(wanted: u32, tally: &mut Tally, mut round: impl FnMut(&mut Tally)) {
    let factor = if std::env::var_os("OUBLIETTE_LONG").is_some() { 12 } else { 1 };
    while tally.deaths() < wanted * factor {
        let before = tally.deaths();
        round(tally);
        assert!(tally.deaths() > before, "nobody died");
    }
}

/// Every death of one command, until it outlives its death.
fn each_death(mut scene: impl FnMut(Death) -> bool) {
    for death in [Death::at_commit as fn(u32) -> Death, Death::at_answer] {
        let lived = (1..STEPS_MAX).find(|n| !scene(death(*n)));
        assert!(lived.is_some(), "no end after {STEPS_MAX} steps");
    }
}

#[test]
fn a_send_may_die_anywhere() {
    let mut tally = Tally::new("send");
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    until_died(85, &mut tally, |tally| {
        each_death(|death| {
            let text = tally.next_text();
            let role = Role::Send { to: "bob", text: &text };
            let died = play(&alice, &role, Some(death)).died;
            assert_eq!(play(&alice, &role, None).said, ["stored"], "{death:?}");
            tally.sent(&text);
            tally.shown(bob.texts());
            if tally.cycles().is_multiple_of(8) {
                bob.stored(&alice, "go on");
                assert_eq!(alice.texts(), ["go on"]);
            }
            tally.note(died)
        });
    });
    assert!(alice.client().outbox().unwrap().is_empty());
    tally.assert_exact(&bob, "alice", 1);
}

#[test]
fn a_first_message_and_its_acceptance_may_die_anywhere() {
    let mut tally = Tally::new("hello and accept");
    until_died(50, &mut tally, |tally| {
        // A doorstep takes 128 strangers a day.
        let relay = Relay::start();
        let bob = relay.person("bob");
        each_death(|death| {
            let stranger = relay.person(&format!("stranger{}", tally.cycles()));
            stranger.add(&bob);
            let hello = tally.next_text();
            let role = Role::Send { to: "bob", text: &hello };
            let died_writing = play(&stranger, &role, Some(death)).died;
            assert_eq!(play(&stranger, &role, None).said, ["stored"], "{death:?}");
            bob.client().collect().unwrap();
            let asked = bob.client().requests().unwrap();
            assert_eq!(asked.len(), 1, "{death:?}: {asked:?}");
            assert_eq!(asked[0].texts, [hello.as_str()], "{death:?}");

            let role = Role::Accept { label: &stranger.name };
            let died_accepting = play(&bob, &role, Some(death)).died;
            play(&bob, &role, None);
            assert!(bob.client().outbox().unwrap().is_empty() && bob.client().requests().unwrap().is_empty());
            assert!(stranger.texts().is_empty() && stranger.client().contact("bob").unwrap().connected);
            let thanks = format!("{hello}, thanks");
            stranger.stored(&bob, &thanks);
            tally.sent(&hello);
            tally.sent(&thanks);
            tally.shown(bob.texts());
            bob.stored(&stranger, "welcome");
            assert_eq!(stranger.texts(), ["welcome"], "{death:?}");
            // Twice: two commands died here.
            tally.note(died_writing) | tally.note(died_accepting)
        });
    });
    tally.assert_shown();
}

#[test]
fn a_join_may_die_anywhere() {
    let mut tally = Tally::new("join");
    until_died(15, &mut tally, |tally| {
        let relay = Relay::start();
        let bob = relay.person("bob");
        each_death(|death| {
            let person = Person::stranger(&format!("person{}", tally.cycles()));
            let invitation = relay.invite(&person.name).to_string();
            let role = Role::Join { invitation: &invitation };
            let died = play(&person, &role, Some(death)).died;
            assert_eq!(play(&person, &role, None).said, ["joined"], "{death:?}");
            bob.add(&person);
            let text = tally.next_text();
            bob.stored(&person, &text);
            tally.sent(&text);
            person.client().collect().unwrap();
            tally.shown(person.client().requests().unwrap().remove(0).texts);
            tally.note(died)
        });
    });
    tally.assert_shown();
}

#[test]
fn a_pull_of_several_messages_may_die_anywhere() {
    let mut tally = Tally::new("pull");
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    until_died(85, &mut tally, |tally| {
        each_death(|death| {
            for _ in 0..3 {
                let text = tally.next_text();
                alice.stored(&bob, &text);
                tally.sent(&text);
            }
            let first = play(&bob, &Role::Pull, Some(death));
            tally.shown(first.said);
            tally.shown(play(&bob, &Role::Pull, None).said);
            bob.stored(&alice, "got it");
            assert_eq!(alice.texts(), ["got it"]);
            tally.note(first.died)
        });
    });
    tally.assert_exact(&bob, "alice", 1);
}

#[test]
fn a_refill_may_die_anywhere_and_gives_its_stamps_once() {
    let mut tally = Tally::new("refill");
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let stamps = || alice.client().contact("bob").unwrap().stamps;
    let mut refilled = Vec::new();
    until_died(40, &mut tally, |tally| {
        each_death(|death| {
            let before = stamps();
            bob.make_refill_due();
            let died = play(&bob, &Role::Flush, Some(death)).died;
            play(&bob, &Role::Flush, None);
            alice.client().collect().unwrap();
            refilled.push(stamps() - before);
            let text = tally.next_text();
            alice.stored(&bob, &text);
            tally.sent(&text);
            tally.shown(bob.texts());
            tally.note(died)
        });
    });
    // Once and whole; now and then Alice's own refill to Bob leaves meanwhile, and spends one.
    assert!(refilled.iter().all(|stamps| (255..=256).contains(stamps)), "{refilled:?}");
    tally.assert_exact(&bob, "alice", 1);
}

#[test]
fn a_rotation_may_die_anywhere_and_happens_once() {
    let mut tally = Tally::new("rotate");
    let key = |client: &Client| client.identity_fingerprint().unwrap();
    until_died(30, &mut tally, |tally| {
        // A name changes its key so many times a day.
        let relay = Relay::start();
        let (alice, bob) = friends(&relay);
        let mut said = Vec::new();
        each_death(|death| {
            let before = key(&alice.client());
            let died = play(&alice, &Role::Rotate, Some(death)).died;
            // Any command that collects goes on with what was begun.
            alice.client().collect().unwrap();
            if key(&alice.client()) == before {
                assert!(died, "{death:?}");
                play(&alice, &Role::Rotate, None);
            }
            assert_ne!(key(&alice.client()), before, "{death:?}");
            let text = tally.next_text();
            alice.stored(&bob, &text);
            tally.sent(&text);
            tally.shown(bob.texts());
            said.push(text);
            bob.stored(&alice, "still you");
            assert_eq!(alice.texts(), ["still you"], "{death:?}");
            tally.note(died)
        });
        let rotations = u32::try_from(said.len()).unwrap();
        assert_eq!(alice.client().rotate_identity().unwrap().sequence, rotations + 1, "each rotation once");
        assert_eq!(texts_of(&bob, "alice")[1..], said, "after the first message");
    });
    tally.assert_shown();
}

#[test]
fn a_release_may_die_anywhere_and_loses_nothing() {
    let mut tally = Tally::new("release");
    until_died(15, &mut tally, |tally| {
        let relay = Relay::start();
        let alice = relay.person("alice");
        each_death(|death| {
            let owner = relay.person(&format!("owner{}", tally.cycles()));
            make_friends(&alice, &owner);
            let text = tally.next_text();
            alice.stored(&owner, &text);
            tally.sent(&text);
            let died = play(&owner, &Role::Release, Some(death)).died;
            play(&owner, &Role::Release, None);
            assert_eq!(owner.client().collect().unwrap_err().code(), "OUB-E187", "{death:?}");
            let address = owner.client().address().unwrap();
            assert_eq!(
                alice.client_hours_later(2).add(&address, None).unwrap_err().exit_code(),
                5,
                "{death:?}"
            );
            tally.shown(texts_of(&owner, "alice").split_off(1));
            tally.note(died)
        });
    });
    tally.assert_shown();
}

/// Not a test of its own: what the dying processes of the others run.
#[test]
#[ignore = "a role that the other tests' processes play"]
fn plays_a_role() {
    roles::act();
}
