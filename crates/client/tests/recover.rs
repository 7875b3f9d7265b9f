//! 24 words take a name back when every key is lost, and contacts are asked before they write again.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use client::{
    Client, ClientError, FailPoint, JoinAt, JoinRequest, Joined, Language, Options, Protector, QueuedReason,
    SentState, Trust,
};
use common::{Person, Relay, make_friends, options, passphrase};
use crypto::IdentitySecret;
use getrandom::{SysRng, rand_core::UnwrapErr};
use proto::signed::sign_rotation;
use store::{DirectoryStore, EmbeddedStore, ReplaceOutcome, ReplaceRequest};
use wire::{
    Address, CommitmentNonce, Name, UnixSeconds, VoucherHash,
    limits::CHANGES_PER_DAY_MAX,
    request::{AnswerKind, VOUCHERS},
};

struct Cast {
    relay: Relay,
    alice: Person,
    bob: Person,
    address: Address,
    words: String,
}

/// Alice and Bob, and Bob's words as he wrote them down.
fn cast() -> Cast {
    let relay = Relay::start();
    let (alice, bob) = (relay.person("alice"), Person::stranger("bob"));
    let joined = bob.join(&relay).unwrap();
    make_friends(&alice, &bob);
    Cast { relay, alice, bob, address: joined.address, words: joined.recovery_words.join(" ") }
}

fn request(address: &Address, words: &str) -> JoinRequest {
    JoinRequest {
        at: JoinAt::Recover { address: address.clone(), words: passphrase(words) },
        name: None,
        protect: Protector::KeyFile,
        language: Language::English,
    }
}

fn take_back(person: &Person, address: &Address, words: &str) -> Result<Joined, ClientError> {
    Client::join(&person.profile(), &request(address, words), options()).map(|(_, joined)| joined)
}

#[test]
fn the_words_take_the_name_back_and_contacts_decide_before_they_write() {
    let Cast { relay: _relay, alice, bob: _lost, address, words } = cast();
    let bob = Person::stranger("bob");
    let joined = take_back(&bob, &address, &words).unwrap();
    assert_eq!(joined.address.name, address.name);
    assert_ne!(joined.address.pins, address.pins, "another key");
    assert!(joined.recovery_words.is_empty(), "the words stay the same");
    let error = alice.client_hours_later(2).send("bob", "to whom?", &Default::default()).unwrap_err();
    assert_eq!((error.exit_code(), error.code()), (6, "OUB-E061".to_owned()));
    assert_eq!(alice.client().contact("bob").unwrap().trust, Trust::Changed);
    assert!(!alice.client().contact("bob").unwrap().connected, "offers and sessions of the old key are void");
    alice.verify("bob");
    assert_eq!(alice.client().flush().unwrap(), 1);
    bob.client().collect().unwrap();
    assert_eq!(bob.client().requests().unwrap()[0].texts, ["to whom?"]);
    bob.client().accept("alice", None).unwrap();
    alice.texts();
    alice.stored(&bob, "welcome back");
    assert_eq!(bob.texts(), ["to whom?", "welcome back"]);
    // And once more, with the same words.
    let third = Person::stranger("bob");
    assert_eq!(take_back(&third, &joined.address, &words).unwrap().address.name, address.name);
}

#[test]
fn whoever_writes_under_the_new_key_is_a_request_that_says_whose_name_it_claims() {
    let Cast { relay, alice, bob: _lost, address, words } = cast();
    let bob = Person::stranger("bob");
    take_back(&bob, &address, &words).unwrap();
    bob.add(&alice);
    bob.stored(&alice, "it is me");
    alice.client().collect().unwrap();
    let requests = alice.client().requests().unwrap();
    assert_eq!((requests[0].label.as_str(), requests[0].claims.as_deref()), ("bob-2", Some("bob")));
    alice.verify("bob");
    assert!(alice.client().requests().unwrap().is_empty(), "it was the contact");
    assert_eq!(alice.texts(), ["it is me"]);
    // All of it within a second of what the lost device said: nothing is thought to be missing.
    bob.stored(&alice, "and again");
    let (texts, summary) = alice.pull_with(&client::PullOptions::default());
    assert_eq!((texts.len(), summary.missing), (1, vec![]));
    let carol = Person::stranger("carol");
    carol.join(&relay).unwrap();
    carol.add(&alice);
    carol.stored(&alice, "somebody new");
    alice.client().collect().unwrap();
    assert_eq!(alice.client().requests().unwrap()[0].claims, None);
}

#[test]
fn other_words_and_no_words_change_nothing() {
    let Cast { relay, alice, bob, address, words } = cast();
    let other = Person::stranger("carol").join(&relay).unwrap().recovery_words.join(" ");
    for (words, code) in [(other.as_str(), "OUB-E066"), ("twelve words", "OUB-E038"), ("", "OUB-E038")] {
        let nobody = Person::stranger("bob");
        let error = take_back(&nobody, &address, words).unwrap_err();
        assert_eq!(error.code(), code, "{error:?}");
        assert!(code != "OUB-E038" || !nobody.profile().exists(), "nothing is made of words that are none");
    }
    let mut elsewhere = address.clone();
    elsewhere.name = wire::Name::parse("alice").unwrap();
    assert_eq!(take_back(&Person::stranger("bob"), &elsewhere, &words).unwrap_err().exit_code(), 6);
    alice.stored(&bob, "all as before");
    assert_eq!(bob.texts(), ["all as before"]);
}

#[test]
fn the_words_outrank_a_thief_who_rotated_the_key() {
    let Cast { relay: _relay, alice: _alice, bob, address, words } = cast();
    let thief = bob.twin();
    thief.client().rotate_identity().unwrap();
    let owner = Person::stranger("bob");
    take_back(&owner, &address, &words).unwrap();
    let error = thief.client().rotate_identity().unwrap_err();
    assert_eq!(error.exit_code(), 6, "{error:?}");
}

/// So many changes of key, as many a day as the relay takes, the last of them today.
fn rotate_for_days(relay: &mut Relay, name: &str, thief: IdentitySecret, times: u32) {
    relay.kill();
    let store = EmbeddedStore::open(&relay.data().join("store")).unwrap();
    let name = Name::parse(name).unwrap();
    let days = u64::from((times - 1) / CHANGES_PER_DAY_MAX);
    let began = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs() - days * 86_400;
    let mut key = thief;
    for n in 0..times {
        let before = store.record(&name, None).unwrap().unwrap().record.body;
        let next = IdentitySecret::generate(&mut UnwrapErr(SysRng));
        let replaced = store.replace(ReplaceRequest {
            kind: AnswerKind::Rotate,
            record: sign_rotation(&key, &next, &before),
            expected_seq: before.seq,
            vouchers: [VoucherHash([0; 32]); VOUCHERS],
            commitment_nonce: CommitmentNonce([n as u8; 16]),
            now: UnixSeconds(began + u64::from(n / CHANGES_PER_DAY_MAX) * 86_400),
        });
        assert!(matches!(replaced, Ok(ReplaceOutcome::Replaced(_))), "{n}: {replaced:?}");
        key = next;
    }
    drop(store);
    relay.restart();
}

/// D07: a thief who goes on for a week neither keeps the owner from his name nor his contacts from finding that out.
#[test]
fn a_hundred_changes_by_a_thief_end_with_the_words() {
    let Cast { mut relay, alice, bob, address, words } = cast();
    rotate_for_days(&mut relay, "bob", bob.identity(), 100);
    let owner = Person::stranger("bob");
    let joined = take_back(&owner, &address, &words).unwrap();
    // Alice knows the first of 102 records. Each command reads a part, and nothing leaves before the end is reached.
    for part in ["first", "second"] {
        let sent = alice.client_hours_later(2).send("bob", part, &Default::default()).unwrap();
        let SentState::Queued(QueuedReason::Unreachable(why)) = sent.state else {
            panic!("{:?}", sent.state)
        };
        assert_eq!(why.code(), "OUB-E049");
        assert_eq!(alice.client().contact("bob").unwrap().trust, Trust::Unverified, "{part}");
    }
    let error = alice.client_hours_later(2).send("bob", "third", &Default::default()).unwrap_err();
    assert_eq!(error.code(), "OUB-E061", "{error:?}");
    alice.verify("bob");
    assert_eq!(alice.client().flush().unwrap(), 3);
    owner.client().collect().unwrap();
    assert_eq!(owner.client().requests().unwrap()[0].texts, ["first", "second", "third"]);
    // Who comes now knows the newest address, and needs no more of the chain than its end.
    let carol = relay.person("carol");
    carol.add_address(&joined.address);
    carol.stored(&owner, "good to have you back");
}

#[test]
fn taking_a_name_back_goes_on_where_it_was_interrupted() {
    let Cast { relay: _relay, alice: _alice, bob: _lost, address, words } = cast();
    let bob = Person::stranger("bob");
    for point in [FailPoint::RegisteredNotNoted, FailPoint::CreatedNotNoted] {
        let dying = Options { fail_point: Some(point), ..options() };
        Client::join(&bob.profile(), &request(&address, &words), dying).map(drop).unwrap_err();
    }
    let joined = take_back(&bob, &address, &words).unwrap();
    assert_eq!(bob.client().address().unwrap(), joined.address);
    let again = take_back(&bob, &address, &words).unwrap_err();
    assert!(matches!(again, ClientError::AlreadyJoined { .. }));
}
