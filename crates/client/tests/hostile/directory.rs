//! A relay that lies about who people are.

use client::{ClientError, Language, OutboxState, SendOptions, Trust};
use crypto::IdentitySecret;
use e2ee::Account;
use getrandom::{SysRng, rand_core::UnwrapErr};
use proto::signed::sign_first;
use wire::{Day, DepositId, IdentityFingerprint, Name, PrekeyBundle, RecoveryCommitment, RefusalKind};

use crate::evil::{Evil, Victim};

/// Somebody whose keys the test holds: bob himself, or who wants to be him.
struct Puppet {
    identity: IdentitySecret,
    account: Account,
    name: Name,
}

impl Puppet {
    fn named(name: &str) -> Puppet {
        let mut rng = UnwrapErr(SysRng);
        let account = Account::generate(&mut rng, today());
        Puppet { identity: IdentitySecret::generate(&mut rng), account, name: Name::parse(name).unwrap() }
    }

    fn bundle(&self, counter: u64, day: Day) -> PrekeyBundle {
        self.account.bundle(&self.identity, counter, day, DepositId([9; 16]))
    }

    /// What the relay shows from now on when asked for this name.
    fn stand_in(&self, evil: &Evil) {
        let record =
            sign_first(&self.identity, self.name.clone(), evil.server_id, RecoveryCommitment([3; 32]));
        let mut shell = evil.shell();
        shell.records.insert(self.name.clone(), vec![record]);
        shell.bundles.insert(self.name.clone(), self.bundle(5, today()));
    }

    fn show(&self, evil: &Evil, bundle: PrekeyBundle) {
        evil.shell().bundles.insert(self.name.clone(), bundle);
    }
}

fn today() -> Day {
    Day((std::time::UNIX_EPOCH.elapsed().unwrap().as_secs() / 86_400) as u16)
}

fn refused(alice: &Victim) -> ClientError {
    alice.client().send("bob", "secret", &SendOptions::default()).unwrap_err()
}

/// Nothing was sealed, nothing left.
fn assert_nothing_left(evil: &Evil, alice: &Victim, deposits: usize) {
    assert_eq!(evil.shell().deposits.len(), deposits, "something was deposited");
    let waiting = alice.client().outbox().unwrap();
    assert!(!waiting.is_empty() && waiting.iter().all(|entry| entry.state == OutboxState::Waiting));
}

/// S01: whoever has the full address is not fooled even on first contact.
#[test]
fn an_attackers_record_does_not_pass_for_a_full_address() {
    let evil = Evil::start();
    let (alice, bob) = (evil.join("alice"), evil.join("bob"));
    let address = bob.client().address().unwrap();
    Puppet::named("bob").stand_in(&evil);
    let error = alice.client().add(&address, None).unwrap_err();
    assert_eq!(error.exit_code(), 6, "{error:?}");
    assert!(alice.client().contacts().unwrap().is_empty() && evil.shell().deposits.is_empty());
}

/// S02: a silent key change stops what waits; it is not sealed again for the new key.
#[test]
fn an_attackers_record_after_first_contact_gets_nothing() {
    let evil = Evil::start();
    let (alice, _bob) = evil.friends();
    let before = evil.shell().deposits.len();
    Puppet::named("bob").stand_in(&evil);
    // An hour later the record is looked up again.
    let late = alice.client_hours_later(2).send("bob", "secret", &SendOptions::default());
    assert_eq!(late.unwrap_err().exit_code(), 6);
    assert_nothing_left(&evil, &alice, before);
    assert_eq!(alice.client().contact("bob").unwrap().trust, Trust::Changed);
    // However often one tries.
    let again = alice.client().flush().unwrap_err();
    assert_eq!(again.exit_code(), 6, "{again:?}");
    assert_nothing_left(&evil, &alice, before);
    println!("promise P6: a key that the old one did not sign: 2 attempts to send, 0 bytes sealed to it");
}

/// S01: the record is right, the keys for first contact are the attacker's.
#[test]
fn an_attackers_bundle_gets_no_first_message() {
    let evil = Evil::start();
    let (alice, bob) = (evil.join("alice"), evil.join("bob"));
    alice.add(&bob);
    let attacker = Puppet::named("bob");
    attacker.show(&evil, attacker.bundle(5, today()));
    assert_eq!(refused(&alice).exit_code(), 6);
    assert_nothing_left(&evil, &alice, 0);
    // Nor with the right identity written into it: the signature is another's.
    let mut forged = attacker.bundle(6, today());
    forged.body.identity = wire::IdentityFingerprint(bob.client().identity_fingerprint().unwrap());
    attacker.show(&evil, forged);
    assert_eq!(alice.client().flush().unwrap_err().exit_code(), 6);
    assert_nothing_left(&evil, &alice, 0);
    println!("promise P6: 2 bundles by another key than the pinned one: 0 bytes sealed to them");
}

/// S04: a bundle that was replaced does not come back.
#[test]
fn an_older_bundle_than_seen_is_refused() {
    let evil = Evil::start();
    let alice = evil.join("alice");
    let bob = Puppet::named("bob");
    bob.stand_in(&evil);
    alice.client().add(&evil.address("bob"), None).unwrap();
    // The doorstep of bundle 5 is said to be gone, so the bundle is fetched again: number 4, rightly signed.
    evil.shell().refusals.push(RefusalKind::NoSuchMailbox);
    bob.show(&evil, bob.bundle(5, today()));
    let kept = alice.client().send("bob", "secret", &SendOptions::default());
    assert_eq!(evil.shell().deposits.len(), 1, "fetched anew, the same, and kept: {kept:?}");
    evil.shell().refusals.push(RefusalKind::NoSuchMailbox);
    bob.show(&evil, bob.bundle(4, today()));
    assert_eq!(refused(&alice).exit_code(), 6);
    // What was sealed under bundle 5 was tried once more; nothing is sealed under the other.
    assert_eq!(evil.shell().deposits.len(), 2);
    let states: Vec<_> = alice.client().outbox().unwrap().iter().map(|entry| entry.state).collect();
    assert_eq!(states, [OutboxState::Sealed, OutboxState::Waiting]);
}

/// S04: nor one whose time is over.
#[test]
fn an_expired_bundle_is_refused() {
    let evil = Evil::start();
    let alice = evil.join("alice");
    let bob = Puppet::named("bob");
    bob.stand_in(&evil);
    bob.show(&evil, bob.bundle(5, Day(today().0 - 100)));
    alice.client().add(&evil.address("bob"), None).unwrap();
    assert!(matches!(refused(&alice), ClientError::NoBundle { .. }));
    assert_nothing_left(&evil, &alice, 0);
}

/// S14: what people compare comes from both keys, names and the server, and from nothing that a server chooses
/// freely; who was shown an attacker's key has another number.
#[test]
fn the_safety_number_is_made_of_keys_and_names_alone() {
    let evil = Evil::start();
    let (alice, bob) = (evil.join("alice"), evil.join("bob"));
    alice.add(&bob);
    bob.add(&alice);
    let number = |from: &Victim, of: &str| from.client().safety_number(of, Language::English).unwrap();
    let [one, other] = [&alice, &bob].map(|person| {
        let client = person.client();
        (IdentityFingerprint(client.identity_fingerprint().unwrap()), client.name().unwrap())
    });
    let side =
        |(fingerprint, name): &(IdentityFingerprint, Name)| (*fingerprint, name.clone(), evil.server_id);
    let ((mine, my_name, server_id), (theirs, their_name, _)) = (side(&one), side(&other));
    let expected = e2ee::SafetyNumber::between(
        &e2ee::Side { fingerprint: mine, name: &my_name, server_id },
        &e2ee::Side { fingerprint: theirs, name: &their_name, server_id },
    );
    assert_eq!(number(&alice, "bob").digits, expected.digits());
    assert_eq!(number(&bob, "alice").code, number(&alice, "bob").code);
    // Carol trusts on first use, and is shown another bob.
    let carol = evil.join("carol");
    bob.add(&carol);
    Puppet::named("bob").stand_in(&evil);
    let fooled = carol.client().add(&evil.address("bob"), None).unwrap();
    assert_eq!(fooled.trust, Trust::Unverified, "and it is said");
    assert_ne!(number(&carol, "bob"), number(&bob, "carol"));
}

/// S07, S15: a server that says that somebody cannot do this kind of encryption, or does another, gets nothing:
/// there is no other.
#[test]
fn without_a_suite_of_ours_nothing_leaves() {
    let evil = Evil::start();
    let alice = evil.join("alice");
    let bob = Puppet::named("bob");
    bob.stand_in(&evil);
    alice.client().add(&evil.address("bob"), None).unwrap();
    for suites in [vec![0], vec![2], vec![2, 200]] {
        let mut bundle = bob.bundle(5, today());
        bundle.body.suites = suites;
        let signature = bob.identity.sign(crypto::Label::BUNDLE, &wire::Wire::to_bytes(&bundle.body));
        bundle.signature = wire::Signature(signature.to_bytes());
        bob.show(&evil, bundle);
        let error = refused(&alice);
        assert!(matches!(error, ClientError::NoBundle { .. }), "{error:?}");
        assert_nothing_left(&evil, &alice, 0);
    }
    evil.shell().bundles.remove(&bob.name);
    assert!(matches!(refused(&alice), ClientError::NoBundle { .. }));
    assert_nothing_left(&evil, &alice, 0);
}
