//! Crashes, outages, wrong servers and wrong keys: nothing is lost, nothing is shown twice, nothing is told that
//! is not so.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::{fs, os::unix::fs::PermissionsExt};

use client::{
    Client, ClientError, FailPoint, JoinAt, JoinRequest, Language, Options, Protector, PullOptions,
    SendOptions, SentState, Unlock,
};
use common::{Person, Relay, friends, options, passphrase};
use wire::ShortFingerprint;

#[test]
fn a_wrong_fingerprint_stops_before_anything_is_sent() {
    let relay = Relay::start();
    let alice = Person::stranger("alice");
    let mut invitation = relay.invite("alice");
    let mut bytes = *invitation.server.as_bytes();
    bytes[19] ^= 1;
    invitation.server = ShortFingerprint::from(bytes);
    let error = Client::join(&alice.profile(), &alice.request(invitation), options()).err().unwrap();
    assert_eq!((error.exit_code(), error.code().as_str()), (6, "OUB-E060"));
    assert!(error.risk().is_some());
}

#[test]
fn another_server_at_the_same_place_is_an_identity_error() {
    let mut relay = Relay::start();
    let (alice, bob) = friends(&relay);
    relay.kill();
    fs::remove_dir_all(relay.data()).unwrap();
    relay.restart();
    let error = alice.client().send("bob", "hi", &SendOptions::default()).unwrap_err();
    assert_eq!(error.exit_code(), 6, "{error:?}");
    let (list, summary) = bob.pull_with(&PullOptions::default());
    assert!(list.is_empty());
    assert_eq!(summary.unreachable.unwrap().exit_code(), 6);
}

#[test]
fn a_wrong_identity_in_the_address_is_refused() {
    let relay = Relay::start();
    let (alice, bob) = (relay.person("alice"), relay.person("bob"));
    let mut address = bob.client().address().unwrap();
    let mut pins = address.pins.unwrap();
    pins.identity = ShortFingerprint::from([7; 20]);
    address.pins = Some(pins);
    let error = alice.client().add(&address, None).unwrap_err();
    assert_eq!(error.exit_code(), 6, "{error:?}");
    assert!(alice.client().contacts().unwrap().is_empty());
}

#[test]
fn a_key_that_the_old_one_did_not_sign_stops_sending_with_exit_6() {
    let mut relay = Relay::start();
    let (alice, bob) = (relay.person("alice"), relay.person("bob"));
    alice.add(&bob);
    relay.forget_everybody();
    let _impostor = relay.person("bob");
    // An hour later the record is looked up again.
    let error = alice.client_hours_later(2).send("bob", "secret", &SendOptions::default()).unwrap_err();
    assert_eq!((error.exit_code(), error.code().as_str()), (6, "OUB-E061"), "{error:?}");
    let waiting = alice.client().outbox().unwrap();
    assert_eq!((waiting.len(), waiting[0].state), (1, client::OutboxState::Waiting), "nothing was sealed");
    assert_eq!(alice.client().contact("bob").unwrap().trust, client::Trust::Changed);
}

#[test]
fn with_the_server_down_a_message_waits_or_fails_as_asked() {
    let mut relay = Relay::start();
    let (alice, bob) = friends(&relay);
    relay.kill();
    assert!(matches!(alice.send(&bob, "later").state, SentState::Queued(_)));
    let strict = SendOptions { no_queue: true, ..SendOptions::default() };
    let error = alice.client().send("bob", "never", &strict);
    // Behind a waiting message nothing overtakes: it is not kept either.
    assert_eq!(error.unwrap_err().exit_code(), 4);
    assert_eq!(alice.client().outbox().unwrap().len(), 1);
    relay.restart();
    alice.stored(&bob, "now");
    assert_eq!(bob.texts(), ["later", "now"]);
}

#[test]
fn a_client_that_dies_while_sending_loses_nothing_and_repeats_nothing() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let points = [FailPoint::OutboxCommitted, FailPoint::Sealed, FailPoint::StoredNotNoted];
    for (n, point) in points.into_iter().enumerate() {
        let text = format!("through {n}");
        assert!(
            alice.client_that_dies(point).send("bob", &text, &SendOptions::default()).is_err(),
            "{point:?}"
        );
        assert_eq!(alice.client().flush().unwrap(), 1, "{point:?}");
        assert_eq!(bob.texts(), [text], "{point:?}");
    }
}

#[test]
fn a_server_killed_after_storing_stores_the_same_bytes_once() {
    let mut relay = Relay::start();
    let (alice, bob) = friends(&relay);
    // STORED left the relay, and the client never noted it: as if the answer had been lost.
    let died = alice.client_that_dies(FailPoint::StoredNotNoted).send("bob", "once", &SendOptions::default());
    assert!(died.is_err());
    relay.restart();
    assert_eq!(alice.client().flush().unwrap(), 1);
    assert_eq!(bob.texts(), ["once"]);
    assert!(bob.texts().is_empty());
}

#[test]
fn a_first_message_survives_the_same_deaths() {
    let relay = Relay::start();
    let (alice, bob) = (relay.person("alice"), relay.person("bob"));
    alice.add(&bob);
    for point in [FailPoint::Sealed, FailPoint::StoredNotNoted] {
        let text = format!("{point:?}");
        assert!(alice.client_that_dies(point).send("bob", &text, &SendOptions::default()).is_err());
        assert_eq!(alice.client().flush().unwrap(), 1);
    }
    bob.client().collect().unwrap();
    assert_eq!(bob.client().requests().unwrap()[0].texts, ["Sealed", "StoredNotNoted"]);
}

#[test]
fn a_client_that_dies_while_receiving_shows_everything_once() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    for point in [FailPoint::DeliveredNotCommitted, FailPoint::CommittedNotAcked] {
        alice.stored(&bob, "one");
        alice.stored(&bob, "two");
        let mut shown = 0;
        let died = bob.client_that_dies(point).pull(&PullOptions::default(), &mut |_| {
            shown += 1;
            client::Handled::Yes
        });
        assert!(died.is_err() && shown == 0, "{point:?}");
        assert_eq!(bob.texts(), ["one", "two"], "{point:?}");
        assert!(bob.texts().is_empty(), "{point:?}");
    }
}

#[test]
fn joining_goes_on_where_it_was_interrupted() {
    let relay = Relay::start();
    for point in [FailPoint::RegisteredNotNoted, FailPoint::CreatedNotNoted] {
        let name = format!("{point:?}").to_lowercase();
        let person = Person::stranger(&name);
        let request = person.request(relay.invite(&name));
        let dying = Options { fail_point: Some(point), ..options() };
        assert!(Client::join(&person.profile(), &request, dying).is_err());
        let early = Client::open(&person.profile(), &Unlock::KeyFile, options()).err().unwrap();
        assert_eq!(early, ClientError::JoinUnfinished);
        let (client, joined) = Client::join(&person.profile(), &request, options()).unwrap();
        assert_eq!(joined.recovery_words.len(), 24);
        assert_eq!(client.address().unwrap(), joined.address);
    }
}

#[test]
fn joining_once_more_gives_the_words_until_somebody_has_them() {
    let mut relay = Relay::start();
    let alice = Person::stranger("alice");
    let request = alice.request(relay.invite("alice"));
    let (_, joined) = Client::join(&alice.profile(), &request, options()).unwrap();
    assert_eq!(joined.recovery_words.len(), 24);
    let other = alice.request(relay.invite("bob"));
    let words = passphrase(&joined.recovery_words.join(" "));
    let typed =
        JoinRequest { at: JoinAt::Recover { address: joined.address.clone(), words }, ..other.clone() };
    // Nothing is asked for that.
    relay.kill();
    let (client, again) = Client::join(&alice.profile(), &request, options()).unwrap();
    assert_eq!(again, joined);
    let words = client.recovery_words(Language::English).unwrap();
    assert_eq!(words.as_ref(), Some(&joined.recovery_words));
    assert_ne!(client.recovery_words(Language::French).unwrap(), words);
    let doctor = client.doctor(Language::English);
    let check = doctor.iter().find(|check| check.subject == "words").unwrap();
    assert_eq!((check.verdict, check.remedy.as_deref()), (client::Verdict::Warning, Some("oub id --words")));
    for request in [&other, &typed] {
        let error = Client::join(&alice.profile(), request, options()).err().unwrap();
        assert_eq!(error.code(), "OUB-E072", "another name, or words that somebody has: {error:?}");
    }
    client.forget_recovery_words().unwrap();
    client.forget_recovery_words().unwrap();
    assert_eq!(client.recovery_words(Language::English).unwrap(), None);
    assert!(!client.has_recovery_words().unwrap());
    assert!(client.doctor(Language::English).iter().all(|check| check.subject != "words"));
    let error = Client::join(&alice.profile(), &request, options()).err().unwrap();
    assert_eq!(error.code(), "OUB-E072", "{error:?}");
}

#[test]
fn open_permissions_are_refused_with_a_remedy() {
    let relay = Relay::start();
    let alice = relay.person("alice");
    let profile = alice.profile();
    for path in [profile.dir().to_path_buf(), profile.vault_path(), profile.key_file_path()] {
        let before = fs::metadata(&path).unwrap().permissions();
        let lax = fs::Permissions::from_mode(before.mode() | 0o044);
        fs::set_permissions(&path, lax).unwrap();
        let error = Client::open(&profile, &Unlock::KeyFile, options()).err().unwrap();
        assert_eq!((error.exit_code(), error.code().as_str()), (7, "OUB-E076"));
        assert!(error.do_().contains("chmod"), "{}", error.do_());
        fs::set_permissions(&path, before).unwrap();
    }
    assert!(Client::open(&profile, &Unlock::KeyFile, options()).is_ok());
    for side in ["vault.db", "protector.json", "vault.key", "collector.lock"] {
        let path = profile.dir().join(side);
        if path.exists() {
            assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600, "{side}");
        }
    }
}

#[test]
fn only_the_passphrase_opens_the_vault_and_the_file_shows_nothing() {
    let relay = Relay::start();
    let alice = Person::stranger("alice");
    let mut request = alice.request(relay.invite("alice"));
    request.protect = Protector::Passphrase(passphrase("correct horse"));
    let (client, _) = Client::join(&alice.profile(), &request, options()).unwrap();
    drop(client);
    let open = |unlock: Unlock| Client::open(&alice.profile(), &unlock, options());
    let wrong = open(Unlock::Passphrase(passphrase("incorrect horse"))).err().unwrap();
    assert_eq!(wrong, ClientError::WrongPassphrase);
    assert_eq!(open(Unlock::KeyFile).err().unwrap(), ClientError::PassphraseNeeded);
    assert!(open(Unlock::Passphrase(passphrase("correct horse"))).is_ok());
    for entry in fs::read_dir(alice.profile().dir()).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        for canary in [b"alice".as_slice(), b"CREATE TABLE", b"SQLite format 3"] {
            assert!(!bytes.windows(canary.len()).any(|window| window == canary));
        }
    }
}

#[test]
fn a_missing_identity_and_a_foreign_key_file_have_their_sentences() {
    let relay = Relay::start();
    let (alice, bob) = (relay.person("alice"), relay.person("bob"));
    let nobody = Person::stranger("nobody");
    let none = Client::open(&nobody.profile(), &Unlock::KeyFile, options()).err().unwrap();
    assert_eq!((none.exit_code(), none.code().as_str()), (7, "OUB-E070"));
    fs::copy(bob.profile().key_file_path(), alice.profile().key_file_path()).unwrap();
    let foreign = Client::open(&alice.profile(), &Unlock::KeyFile, options()).err().unwrap();
    assert_eq!(foreign.exit_code(), 7, "{foreign:?}");
}

#[test]
fn each_message_to_a_busy_doorstep_solves_its_own_puzzle() {
    let relay = Relay::start();
    let bob = relay.person("bob");
    // The first thirty-two deposits of a day are free.
    for (name, messages) in [("alice", 16), ("carol", 16), ("dave", 5)] {
        let person = relay.person(name);
        person.add(&bob);
        (0..messages).for_each(|number| {
            drop(person.client().queue("bob", &format!("{number}"), &SendOptions::default()))
        });
        assert_eq!(person.client().flush().unwrap(), messages, "{name}: {:?}", person.client().outbox());
    }
    bob.client().collect().unwrap();
    let counts: Vec<_> = bob.client().requests().unwrap().iter().map(|request| request.texts.len()).collect();
    assert_eq!(counts, [16, 16, 5]);
}

#[test]
fn eight_processes_worth_of_senders_neither_lose_nor_double() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let profile = alice.profile();
    let threads: Vec<_> = (0..8)
        .map(|sender| {
            let profile = profile.clone();
            std::thread::spawn(move || {
                let client = Client::open(&profile, &Unlock::KeyFile, options()).unwrap();
                for n in 0..3 {
                    client.send("bob", &format!("{sender}:{n}"), &SendOptions::default()).unwrap();
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    let _ = alice.client().flush().unwrap();
    let mut texts = bob.texts();
    let shown = texts.len();
    texts.sort();
    texts.dedup();
    assert_eq!((texts.len(), shown), (24, 24));
    assert!(alice.client().outbox().unwrap().is_empty());
}
