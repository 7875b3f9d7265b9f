//! A name that was given up, rested, and belongs to somebody else: nothing of the former owner's comes to him.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use client::{Language, OutboxState, SendOptions, Trust};
use common::{Person, Relay, friends};
use proto::signed::sign_tombstone;
use store::{DirectoryStore, EmbeddedStore, ReplaceOutcome, ReplaceRequest};
use wire::{
    CommitmentNonce, Name, UnixSeconds, VoucherHash,
    request::{AnswerKind, VOUCHERS},
};

const DAY_S: u64 = 86_400;

/// The owner lets go of the name, so many days ago: the verb does it now, and no test has thirty days.
fn give_up(relay: &mut Relay, owner: &Person, days_ago: u64) {
    relay.kill();
    let store = EmbeddedStore::open(&relay.data().join("store")).unwrap();
    let before = store.record(&Name::parse(&owner.name).unwrap(), None).unwrap().unwrap().record.body;
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let replaced = store.replace(ReplaceRequest {
        kind: AnswerKind::Tombstone,
        record: sign_tombstone(&owner.identity(), &before),
        expected_seq: before.seq,
        vouchers: [VoucherHash([0; 32]); VOUCHERS],
        commitment_nonce: CommitmentNonce([5; 16]),
        now: UnixSeconds(now - days_ago * DAY_S),
    });
    assert!(matches!(replaced, Ok(ReplaceOutcome::Replaced(_))), "{replaced:?}");
    drop(store);
    relay.restart();
}

/// C15: old mail, old stamps and old contacts stay with the keys that they were for.
#[test]
fn who_takes_a_name_over_gets_nothing_that_was_the_former_owners() {
    let mut relay = Relay::start();
    let (alice, former) = friends(&relay);
    let address = former.client().address().unwrap();
    alice.stored(&former, "for the one I know");
    give_up(&mut relay, &former, 31);
    let bob = relay.person("bob");
    assert_ne!(bob.client().address().unwrap(), address);
    // What waits is the former owner's, whose mailboxes have no name.
    assert!(bob.texts().is_empty() && bob.client().requests().unwrap().is_empty());
    assert_eq!(former.texts(), ["for the one I know"]);
    // Who had him as a contact is asked, and until then nothing is sealed to the other key.
    let error = alice.client_hours_later(2).send("bob", "for whom?", &SendOptions::default()).unwrap_err();
    assert_eq!(error.code(), "OUB-E061", "{error:?}");
    assert_eq!(alice.client().contact("bob").unwrap().trust, Trust::Changed);
    assert!(bob.texts().is_empty() && bob.client().requests().unwrap().is_empty());
    // His old address leads nobody to the new one, and without a fingerprint it is who is there now.
    let carol = relay.person("carol");
    assert_eq!(carol.client().add(&address, None).unwrap_err().code(), "OUB-E063");
    carol.add(&bob);
    carol.stored(&bob, "welcome");
    bob.client().collect().unwrap();
    assert_eq!(bob.client().requests().unwrap()[0].texts, ["welcome"]);
    // The former owner publishes nothing under the name any more.
    let refused = former.client_hours_later(8 * 24).collect().unwrap_err();
    assert_eq!(refused.exit_code(), 6, "{refused:?}");
}

/// C15: and before it has rested nobody takes it.
#[test]
fn a_name_that_was_given_up_yesterday_is_nobodys() {
    let mut relay = Relay::start();
    let (alice, former) = friends(&relay);
    give_up(&mut relay, &former, 1);
    let refused = String::from_utf8(relay.asked_to_invite("bob").stderr).unwrap();
    assert!(refused.contains("OUB-S053") && refused.contains("--expires 36d"), "{refused}");
    let error = alice.client_hours_later(2).send("bob", "anybody?", &SendOptions::default()).unwrap_err();
    assert_eq!(error.code(), "OUB-E190", "{error:?}");
}

/// C15: who has seen that the name was given up takes whoever has it next for somebody else.
#[test]
fn the_next_owner_of_a_name_is_never_taken_for_the_one_who_gave_it_up() {
    let mut relay = Relay::start();
    let (alice, former) = friends(&relay);
    give_up(&mut relay, &former, 31);
    let late = |text: &str| alice.client_hours_later(2).send("bob", text, &SendOptions::default());
    assert_eq!(late("anybody?").unwrap_err().code(), "OUB-E190");
    let bob = relay.person("bob");
    assert_eq!(late("and now?").unwrap_err().code(), "OUB-E190");
    let error = alice.client().add(&bob.client().address().unwrap(), None).unwrap_err();
    assert_eq!(error.code(), "OUB-E061", "{error:?}");
    // No word puts him in the former one's place, where what was said to that one would be sealed to him.
    let number = alice.client().safety_number("bob", Language::English).unwrap();
    assert_eq!(alice.client().mark_verified("bob", &number).unwrap_err().code(), "OUB-E190");
    assert_eq!(alice.client().trust_new_key("bob").unwrap_err().code(), "OUB-E190");
    alice.client_hours_later(15 * 24).flush().unwrap();
    bob.client().collect().unwrap();
    assert!(bob.texts().is_empty() && bob.client().requests().unwrap().is_empty());
    let kept = alice.client().outbox().unwrap();
    assert!(kept.iter().all(|entry| entry.state == OutboxState::Refused), "{kept:?}");
    // Only who forgets the former one has room for the next.
    alice.client().remove("bob").unwrap();
    alice.add(&bob);
    alice.stored(&bob, "pleased to meet you");
}
