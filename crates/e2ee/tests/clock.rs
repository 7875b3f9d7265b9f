//! A clock that was ahead for a moment: what a conversation noted under it (`spec/vault.md § A clock that was ahead`).
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::*;
use wire::UnixSeconds;

const DAY: u64 = 86_400;
const AHEAD: [u64; 2] = [30, 3_650];

fn at(days: u64) -> UnixSeconds {
    UnixSeconds(START.0 + days * DAY)
}

fn later(time: UnixSeconds) -> UnixSeconds {
    UnixSeconds(time.0 + 1)
}

#[test]
fn a_hello_sealed_under_a_clock_that_was_ahead_is_over_fourteen_days_after_it_is_right() {
    for days in AHEAD {
        let (mut alice, bob) = Person::pair();
        let theirs = bob.verified();
        for _ in 0..16 {
            let (intro, now) = (alice.intro(), at(days));
            let state = alice.conversation(&bob);
            let text = text_message("anybody?");
            let sealed = state.seal_hello(&alice.account, &theirs, &intro, &text, now, &mut rng());
            alice.commit(sealed.unwrap().conversation);
        }
        let noted = alice.conversation(&bob);
        assert_eq!((noted.hellos_left(at(15)), noted.is_greeting_over(at(15))), (0, false), "not yet right");
        let right = noted.put_right(at(0));
        assert_eq!((right.hellos_left(at(13)), right.is_greeting_over(at(13))), (0, false));
        assert_eq!((right.hellos_left(at(14)), right.is_greeting_over(at(14))), (16, true));
        // What is right stays so.
        assert_eq!(*right.put_right(at(5)).snapshot(), *right.snapshot());
    }
}

#[test]
fn what_goes_unanswered_under_a_clock_that_was_ahead_wants_a_fresh_session_in_thirty_days() {
    for days in AHEAD {
        let (mut alice, mut bob) = acquainted();
        let letter = bob.say(&alice, "yes");
        alice.read(&bob, &letter);
        // An offer of a day that has come is sealed to for so long; ten years later none is, and a HELLO goes.
        alice.now = at(days);
        match alice.conversation(&bob).can_use_inbox(alice.today()) {
            true => drop(alice.say(&bob, "are you there?")),
            false => drop(alice.hello(&bob, "are you there?")),
        }
        let noted = alice.conversation(&bob);
        assert!(!noted.wants_fresh_session(at(30)), "not yet right");
        let right = noted.put_right(at(0));
        assert!(!right.wants_fresh_session(UnixSeconds(at(30).0 - 1)) && right.wants_fresh_session(at(30)));
    }
}

/// Bob used an offer under a clock that was ahead: the one before goes with the second drain under the right one, and
/// a drain alone has it so, since the first may have begun before the use.
#[test]
fn an_offer_used_under_a_clock_that_was_ahead_lets_the_former_go_with_the_second_drain() {
    for days in AHEAD {
        let (mut alice, mut bob) = acquainted();
        let letter = alice.say(&bob, "under the first offer");
        bob.read(&alice, &letter);
        let letter = bob.say(&alice, "the next offer");
        alice.read(&bob, &letter);
        let letter = alice.say(&bob, "under it");
        bob.now = at(days);
        bob.read(&alice, &letter);
        bob.now = at(0);
        let noted = bob.conversation(&alice);
        assert_eq!(noted.offer_secrets(), 2);
        let once = noted.put_right(bob.now).drained(later(bob.now), later(bob.now));
        assert_eq!(once.offer_secrets(), 2, "it may have begun before the use");
        let twice = once.drained(later(later(bob.now)), at(1));
        assert_eq!(twice.offer_secrets(), 1);
        // A clock that is behind for a moment lets nothing go.
        let behind = once.put_right(UnixSeconds(0)).swept(&bob.account, UnixSeconds(0));
        assert_eq!(behind.swept(&bob.account, at(1)).offer_secrets(), 2);
    }
}

#[test]
fn offers_of_before_a_new_beginning_under_a_clock_that_was_ahead_are_gone_with_their_days() {
    for days in AHEAD {
        let (alice, bob) = acquainted();
        let anew = bob.conversation(&alice).begun_anew(bob.me, alice.me, at(days)).put_right(at(0));
        let held = |day| anew.swept(&bob.account, at(day)).offer_secrets();
        let end = (days + 7).min(92);
        assert_eq!((held(end - 1), held(end)), (1, 0), "{days} days ahead");
        let right = bob.conversation(&alice).begun_anew(bob.me, alice.me, at(0));
        assert_eq!(right.swept(&bob.account, at(7)).offer_secrets(), 0);
    }
}
