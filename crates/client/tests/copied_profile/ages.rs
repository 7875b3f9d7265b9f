//! The ages at which secrets disappear from a vault, as observed day by day.

use std::collections::{BTreeMap, BTreeSet};

use client::{Handled, PullOptions, SendOptions, SentState};

use crate::{
    common::{Person, Relay, friends},
    pages::{self, Pages},
    witness::Witness,
};

/// What a secret is, by where it lies and how it is written there.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum What {
    Prekey,
    Fallback,
    Offer,
    Ratchet,
}

/// For each secret of Bob's vault, the first and the last day on which it was there.
type Lives = BTreeMap<Vec<u8>, (What, u64, u64)>;

/// Days of looking: a jump in between saves time.
const DAYS: [std::ops::Range<u64>; 2] = [0..50, 90..100];

/// Bob collects daily; on some days Alice writes to him and he answers.
#[test]
fn every_secret_disappears_from_the_vault_when_its_time_is_over() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let (hers, his) = (Witness::default(), Witness::default());
    let mut lives = Lives::new();
    for day in DAYS.into_iter().flatten() {
        hers.set_days_ahead(day);
        his.set_days_ahead(day);
        if [0, 1, 2, 40].contains(&day) {
            round_trip((&alice, &hers), (&bob, &his));
            his.let_seconds_pass();
        }
        read(&bob, &his);
        note(&bob, &his, day, &mut lives);
    }
    let ages = |what| ages(&lives, what);
    for what in [What::Prekey, What::Fallback, What::Offer, What::Ratchet] {
        println!("{what:?}: gone after so many days: {:?}", ages(what));
    }
    let set = |what| ages(what).into_keys().collect::<Vec<_>>();
    assert_eq!(set(What::Prekey), [24], "7 days, and 17 after its successor was published");
    assert_eq!(set(What::Fallback), [45], "28 days, and 17");
    // Each goes with the COLLECT after its successor's first use: those made on the days 0 and 1 on the days 2 and
    // 40. The one of day 2 has none.
    assert_eq!(set(What::Offer), [2, 39, 92]);
}

fn round_trip((alice, hers): (&Person, &Witness), (bob, his): (&Person, &Witness)) {
    for ((from, world), (to, other)) in [((alice, hers), (bob, his)), ((bob, his), (alice, hers))] {
        let sent = world.client(from).send(&to.name, "how are you?", &SendOptions::default()).unwrap();
        assert_eq!(sent.state, SentState::Stored);
        read(to, other);
    }
}

fn read(person: &Person, world: &Witness) {
    world.client(person).pull(&PullOptions::default(), &mut |_| Handled::Yes).unwrap();
}

/// Takes down what the vault holds; what it held before and holds no more is in no page of it.
fn note(bob: &Person, his: &Witness, day: u64, lives: &mut Lives) {
    let copy = bob.twin();
    let pages = Pages::of(&copy.profile());
    let mut live = BTreeSet::new();
    let places = [
        ("SELECT account FROM me", What::Prekey, What::Fallback),
        ("SELECT conversation FROM contact", What::Offer, What::Ratchet),
    ];
    for (query, drawn, spelt) in places {
        for secret in his.secrets_in(&pages::column(&copy.profile(), query)) {
            let what = if secret.len() == 32 { drawn } else { spelt };
            lives.entry(secret.clone()).or_insert((what, day, day)).2 = day;
            live.insert(secret);
        }
    }
    let gone = lives.keys().filter(|secret| !live.contains(*secret));
    gone.for_each(|secret| assert!(!pages.hold(secret), "a secret that went lies in the vault"));
}

/// How many went at which age, of those that went from one day of looking to the next.
fn ages(lives: &Lives, what: What) -> BTreeMap<u64, usize> {
    let mut ages = BTreeMap::new();
    for (_, first, last) in lives.values().filter(|(kind, ..)| *kind == what) {
        if DAYS.iter().any(|days| days.contains(&(last + 1))) {
            *ages.entry(last + 1 - first).or_default() += 1;
        }
    }
    ages
}
