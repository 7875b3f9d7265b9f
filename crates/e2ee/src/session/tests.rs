//! What sessions are kept, and what of those that are not.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use super::*;
use crate::OpenError;
use crate::common::{Person, TODAY, acquainted, rng, text_message};
use crate::conversation::day_of;

fn seen(number: usize) -> SeenSession {
    let mut id = [0; 32];
    id[..8].copy_from_slice(&number.to_be_bytes());
    SeenSession { id: SessionId(id), fallback: Curve25519Key([7; 32]), gone: None }
}

fn letter_in_a_fresh_session(alice: &Person, bob: &Person) -> wire::Envelope {
    let (state, message, theirs) = (alice.conversation(bob), text_message("fresh"), bob.verified());
    let (account, inbox) = (&alice.account, bob.inbox);
    let sealed = state.seal_fresh_session(account, &theirs, &message, &[], inbox, alice.now, &mut rng());
    sealed.unwrap().envelope
}

/// Rather no new session than an old one that could begin again; the conversation itself goes on.
#[test]
fn beyond_1024_beginnings_no_session_begins_and_those_there_are_go_on() {
    let (mut alice, mut bob) = acquainted();
    let fresh = letter_in_a_fresh_session(&alice, &bob);
    assert!(bob.try_read(&alice, &fresh).is_ok());
    let mut state = bob.conversation(&alice);
    state.sessions.seen.extend((1..SEEN_SESSIONS_MAX).map(seen));
    bob.commit(state);
    assert_eq!(bob.try_read(&alice, &fresh).unwrap_err(), OpenError::TooManySessions);
    let letter = alice.say(&bob, "in the session that there is");
    bob.read(&alice, &letter);
}

#[test]
fn a_beginning_is_remembered_for_thirty_days_after_its_fallback_key_is_gone() {
    let (alice, bob) = acquainted();
    let mut sessions = bob.conversation(&alice).sessions;
    assert_eq!(sessions.seen.len(), 1, "Alice's HELLO");
    sessions.seen.push(seen(1));
    let at = |days: u64| UnixSeconds(bob.now.0 + days * 86_400);
    // The account holds the fallback key of Alice's HELLO, and not the one of the other.
    for (days, held) in [(0, 2), (29, 2), (30, 1), (400, 1)] {
        sessions.sweep(&bob.account, at(days));
        assert_eq!(sessions.seen.len(), held, "day {days}");
    }
    let account = bob.account.rotate_fallback(TODAY).published(TODAY);
    let account = account.swept(day_of(at(crate::account::SUPERSEDED_DAYS.into())));
    // While a session lives, its id does too.
    for days in [400, 429, 430] {
        sessions.sweep(&account, at(days));
        assert_eq!(sessions.seen.len(), 1, "day {days}");
    }
    sessions.kept.clear();
    sessions.sweep(&account, at(430));
    assert!(sessions.seen.is_empty());
}

#[test]
fn a_fifth_session_pushes_out_the_one_that_least_recently_opened_something_new() {
    let (mut alice, mut bob) = acquainted();
    let first = bob.conversation(&alice).sending_session().unwrap();
    for number in 2..=5 {
        let envelope = letter_in_a_fresh_session(&alice, &bob);
        bob.read(&alice, &envelope);
        if number < 5 {
            // Alice goes on in the first session: her number moves, her choice of session does not.
            let mut state = alice.conversation(&bob);
            state.next_number += 1;
            alice.commit(state);
            let letter = alice.say(&bob, "still here");
            bob.read(&alice, &letter);
        }
        let kept = bob.conversation(&alice).sessions.kept;
        assert_eq!(kept.len(), number.min(SESSIONS_PER_CONTACT_MAX));
        assert!(kept.iter().any(|kept| kept.id.0 == first));
    }
}
