//! Prekeys and fallback keys as they come and go: what waited opens, what is replayed does not, what is old is gone.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::*;
use e2ee::{Account, Conversation, HelloIntro, OpenError, SealError, VerifiedBundle, verify_bundle};
use std::collections::BTreeMap;
use wire::limits::DOORSTEP_DAYS_MAX;
use wire::{Day, Envelope, UnixSeconds};

/// A sender may hold a bundle for a day and a sealed HELLO for another, and then it lies at the doorstep. With the
/// midnight that a new bundle waits for, that is one day less than superseded secrets live.
const SLOWEST: u16 = 1 + 1 + DOORSTEP_DAYS_MAX;
const DAYS: u16 = 100;

fn day(days: u16) -> Day {
    Day(TODAY.0 + days)
}

fn noon(days: u16) -> UnixSeconds {
    UnixSeconds(START.0 + u64::from(days) * 86_400 + 43_200)
}

/// Bob's account at the end of each day, and the bundle that he had published by then.
struct Diary {
    accounts: Vec<Account>,
    bundles: Vec<VerifiedBundle>,
}

impl Diary {
    /// Bob is online every so many days and does what a client does after a drain: sweep, rotate, publish.
    fn keep(bob: &mut Person, every: u16, days: u16) -> Self {
        let mut diary = Self { accounts: Vec::new(), bundles: Vec::new() };
        let mut bundle = bob.bundle();
        for at in 0..days {
            if at % every == 0 {
                let (account, changed) = upkeep(&bob.account, day(at));
                if changed {
                    bob.counter += 1;
                    bundle = account.bundle(&bob.identity, bob.counter, day(at), bob.doorstep);
                }
                // As the vault does: bytes are written, and read again.
                bob.account = Account::restore(&account.published(day(at)).snapshot()).unwrap();
            }
            diary.accounts.push(bob.account.clone());
            diary.bundles.push(verify_bundle(&bundle, &bob.identity.public(), day(at)).unwrap());
        }
        diary
    }
}

fn upkeep(account: &Account, today: Day) -> (Account, bool) {
    let mut account = account.swept(today);
    let (prekey, fallback) = (account.prekey_due(today), account.fallback_due(today));
    if prekey {
        account = account.rotate_prekey(&mut rng(), today);
    }
    if fallback {
        account = account.rotate_fallback(today);
    }
    (account, prekey || fallback)
}

/// A HELLO from somebody new to Bob under a bundle of his.
fn hello_under(alice: &Person, intro: &HelloIntro, bob: &Person, bundle: &VerifiedBundle) -> Envelope {
    let (state, message) = (Conversation::new(alice.me, bob.me), text_message("patience"));
    state.seal_hello(&alice.account, bundle, intro, &message, alice.now, &mut rng()).unwrap().envelope
}

#[test]
fn a_hello_that_waited_as_long_as_it_may_opens_in_every_phase_of_rotation() {
    let mut opened = 0;
    for every in [1, 3, 7, 13] {
        let (mut alice, mut bob) = Person::pair();
        let diary = Diary::keep(&mut bob, every, DAYS);
        let intro = alice.intro();
        for at in 0..DAYS - SLOWEST {
            // Fetched at the end of this day, when the relay still shows yesterday's; sealed late on the next, and
            // opened after a sweep even.
            alice.now = noon(at + 1);
            let shown = &diary.bundles[usize::from(at.saturating_sub(1))];
            let envelope = hello_under(&alice, &intro, &bob, shown);
            bob.now = noon(at + SLOWEST);
            bob.account = diary.accounts[usize::from(at + SLOWEST)].clone();
            assert!(bob.try_doorstep(&envelope).is_ok(), "day {at}, online every {every} days");
            opened += 1;
        }
    }
    println!("{opened} HELLOs that were under way for {SLOWEST} days opened");
}

/// As observed: somebody online daily, and somebody online weekly.
#[test]
fn superseded_secrets_are_gone_on_schedule() {
    for (every, prekey_age, fallback_age) in [(1, 24, 45), (7, 28, 49)] {
        let (alice, mut bob) = Person::pair();
        let diary = Diary::keep(&mut bob, every, DAYS);
        let (mut prekeys, mut fallbacks) = (BTreeMap::new(), BTreeMap::new());
        for at in 0..usize::from(DAYS) {
            let body = &diary.bundles[at].bundle().body;
            prekeys.entry(body.prekey_id).or_insert(at);
            fallbacks.entry(body.olm_fallback).or_insert(at);
        }
        let intro = alice.intro();
        let prekey_ages = ages(prekeys, |made| diary.end_of_prekey(&alice, &intro, &mut bob, made));
        let fallback_ages = ages(fallbacks, |made| diary.end_of_fallback(made));
        println!("online every {every} days: prekeys are gone {prekey_ages:?} days after their making,");
        println!("fallback keys {fallback_ages:?} days after theirs");
        assert!(prekey_ages.len() > 8 && prekey_ages.iter().all(|age| *age == prekey_age));
        assert!(fallback_ages.len() > 1 && fallback_ages.iter().all(|age| *age == fallback_age));
    }
}

/// How old each became, of those whose end was seen.
fn ages<K>(made: BTreeMap<K, usize>, end: impl FnMut(usize) -> Option<usize>) -> Vec<usize> {
    let mut made: Vec<usize> = made.into_values().collect();
    made.sort_unstable();
    let ends: Vec<Option<usize>> = made.iter().copied().map(end).collect();
    made.iter().zip(ends).filter_map(|(made, end)| Some(end? - made)).collect()
}

impl Diary {
    /// The first day on which a HELLO sealed when this prekey was new does not open.
    fn end_of_prekey(
        &self,
        alice: &Person,
        intro: &HelloIntro,
        bob: &mut Person,
        made: usize,
    ) -> Option<usize> {
        let probe = hello_under(alice, intro, bob, &self.bundles[made]);
        self.first_refusal(made, OpenError::UnknownPrekey, |account| {
            bob.account = account.clone();
            bob.try_doorstep(&probe).err()
        })
    }

    /// The first day on which an Olm session begun when this fallback key was new cannot be taken up. It comes
    /// in an inbox envelope, which needs no prekey.
    fn end_of_fallback(&self, made: usize) -> Option<usize> {
        let (alice, mut bob) = acquainted();
        let (state, message) = (alice.conversation(&bob), text_message("probe"));
        let (account, bundle) = (&alice.account, &self.bundles[made]);
        let probe = state.seal_fresh_session(account, bundle, &message, &[], bob.inbox, START, &mut rng());
        let probe = probe.unwrap().envelope;
        self.first_refusal(made, OpenError::Olm, |account| {
            bob.account = account.clone();
            bob.try_read(&alice, &probe).err()
        })
    }

    fn first_refusal(
        &self,
        made: usize,
        expected: OpenError,
        mut probe: impl FnMut(&Account) -> Option<OpenError>,
    ) -> Option<usize> {
        let mut days = made..self.accounts.len();
        let (at, error) = days.find_map(|at| Some((at, probe(&self.accounts[at])?)))?;
        assert_eq!(error, expected);
        Some(at)
    }
}

/// Sealed on the last day of a fallback key, so that the replays come while it is superseded.
#[test]
fn a_replayed_hello_opens_nothing_makes_no_session_and_moves_no_choice_on_any_day() {
    let (mut alice, mut bob) = Person::pair();
    (0..28).for_each(|at| daily(&mut alice, &mut bob, at));
    let hello = alice.hello(&bob, "once");
    bob.answer_door(&hello);
    let accept = bob.accept(&alice);
    alice.read(&bob, &accept);
    let mut refused = BTreeMap::<String, Vec<u16>>::new();
    for at in 28..110 {
        daily(&mut alice, &mut bob, at);
        // Other sessions come into use, and push the one of the HELLO out.
        if (30..35).contains(&at) {
            begin_another_session(&mut alice, &mut bob);
        }
        let error = bob.try_doorstep(&hello).unwrap_err();
        refused.entry(error.to_string()).or_default().push(at);
        // The conversation goes on in the session that was in use.
        let in_use = bob.conversation(&alice).sending_session();
        let letter = bob.say(&alice, "how are you?");
        alice.read(&bob, &letter);
        let letter = alice.say(&bob, "well");
        bob.read(&alice, &letter);
        assert_eq!(bob.conversation(&alice).sending_session(), in_use);
    }
    let spans = refused.iter().map(|(why, days)| (why, days[0], days[days.len() - 1]));
    println!("a HELLO of day 27 is refused, from day to day: {:?}", spans.collect::<Vec<_>>());
    assert_eq!(refused.len(), 3, "by the ratchet, as a beginning seen before, and for want of the prekey");
}

/// Upkeep, sweep, and a vault that is written and read again.
fn daily(alice: &mut Person, bob: &mut Person, at: u16) {
    (alice.now, bob.now) = (noon(at), noon(at));
    let (account, changed) = upkeep(&bob.account, day(at));
    bob.counter += u64::from(changed);
    bob.account = Account::restore(&account.published(day(at)).snapshot()).unwrap();
    let state = bob.conversation(alice).swept(&bob.account, bob.now);
    bob.commit(Conversation::restore(&state.snapshot()).unwrap());
}

fn begin_another_session(alice: &mut Person, bob: &mut Person) {
    let (state, message, theirs) = (alice.conversation(bob), text_message("fresh"), bob.verified());
    let (account, inbox) = (&alice.account, bob.inbox);
    let sealed = state.seal_fresh_session(account, &theirs, &message, &[], inbox, alice.now, &mut rng());
    let sealed = sealed.unwrap();
    alice.commit(sealed.conversation);
    bob.read(alice, &sealed.envelope);
}

#[test]
fn counters_never_go_back_to_a_vault_before() {
    let (mut alice, mut bob) = Person::pair();
    bob.counter = 6;
    let before = bob.account.clone();
    bob.restored();
    let newer = bob.hello(&alice, "under bundle seven");
    alice.answer_door(&newer);
    let message = || text_message("x");
    let now = std::mem::replace(&mut bob.account, before);
    bob.counter = 6;
    assert_eq!(alice.seal_hello(&bob, &message()).unwrap_err(), SealError::OldBundle);
    let restored = Conversation::restore(&alice.conversation(&bob).snapshot()).unwrap();
    alice.commit(restored);
    assert_eq!(alice.seal_hello(&bob, &message()).unwrap_err(), SealError::OldBundle);
    // Of the same vault a lower one may still be in effect: the directory shows the newer one from midnight on.
    bob.account = now;
    assert!(alice.seal_hello(&bob, &message()).is_ok());
    bob.counter = 7;
    assert!(alice.seal_hello(&bob, &message()).is_ok());
}
