//! Alice, Bob and a relay: what people do, through the door that applications use.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use client::{
    Client, ClientError, Direction, Handled, Language, PullOptions, QueuedReason, SendOptions, SentState,
    Trust, Unlock,
};
use common::{Person, Relay, friends, options};

#[test]
fn a_first_message_waits_until_it_is_accepted_and_then_both_write() {
    let relay = Relay::start();
    let (alice, bob) = (relay.person("alice"), relay.person("bob"));
    alice.add(&bob);
    alice.stored(&bob, "hello bob");
    assert!(bob.texts().is_empty(), "a stranger's words are not shown");
    let requests = bob.client().requests().unwrap();
    assert_eq!((requests.len(), requests[0].label.as_str()), (1, "alice"));
    assert_eq!(requests[0].texts, ["hello bob"]);
    let contact = bob.client().accept("alice", None).unwrap();
    assert_eq!(contact.trust, Trust::Unverified);
    assert_eq!(bob.texts(), ["hello bob"]);
    assert!(alice.texts().is_empty());
    assert!(alice.client().contact("bob").unwrap().connected);
    for round in 0..3 {
        bob.stored(&alice, &format!("b{round}"));
        assert_eq!(alice.texts(), [format!("b{round}")]);
        alice.stored(&bob, &format!("a{round}"));
        assert_eq!(bob.texts(), [format!("a{round}")]);
    }
    let log = alice.client().log("bob", None).unwrap();
    // All of it within a second or two: the order is the one in which it happened, not that of the clock.
    let texts: Vec<_> = log.iter().filter_map(|entry| entry.body.text()).collect();
    assert_eq!(texts, ["hello bob", "b0", "a0", "b1", "a1", "b2", "a2"]);
    assert_eq!(log.iter().filter(|entry| entry.direction == Direction::Sent).count(), 4);
    assert!(alice.client().outbox().unwrap().is_empty());
}

/// A text too long for a greeting waits for the answer; a first message without words goes ahead, or nobody would ever
/// be asked.
#[test]
fn a_first_text_that_is_too_long_announces_itself_and_follows_the_answer() {
    let relay = Relay::start();
    let (alice, bob) = (relay.person("alice"), relay.person("bob"));
    alice.add(&bob);
    let long = "a long story ".repeat(200);
    let sent = alice.send(&bob, &long);
    assert_eq!(sent.state, SentState::Queued(QueuedReason::TooLongForFirstContact));
    bob.client().collect().unwrap();
    assert!(bob.client().requests().unwrap()[0].texts.is_empty());
    bob.client().accept("alice", None).unwrap();
    alice.texts();
    assert_eq!(bob.texts(), [long]);
}

#[test]
fn people_who_added_each_other_need_no_request() {
    let relay = Relay::start();
    let (alice, bob) = (relay.person("alice"), relay.person("bob"));
    alice.add(&bob);
    bob.add(&alice);
    alice.stored(&bob, "one");
    bob.stored(&alice, "two");
    assert_eq!(alice.texts(), ["two"]);
    assert_eq!(bob.texts(), ["one"], "bob's send drained it, and bob's pull shows it");
    assert!(alice.client().requests().unwrap().is_empty() && bob.client().requests().unwrap().is_empty());
    assert!(alice.texts().is_empty());
    assert!(
        alice.client().contact("bob").unwrap().connected && bob.client().contact("alice").unwrap().connected
    );
}

#[test]
fn messages_arrive_once_and_in_order_in_numbers() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let sent: Vec<String> = (0..80).map(|n| format!("message {n}")).collect();
    for text in &sent {
        alice.stored(&bob, text);
    }
    assert_eq!(bob.texts(), sent);
    assert!(bob.texts().is_empty());
}

#[test]
fn a_queued_heap_leaves_in_order_on_one_connection() {
    let mut relay = Relay::start();
    let (alice, bob) = friends(&relay);
    relay.kill();
    let sent: Vec<String> = (0..40).map(|n| format!("message {n}")).collect();
    for text in &sent {
        assert!(matches!(alice.send(&bob, text).state, SentState::Queued(_)));
    }
    assert_eq!(alice.client().outbox().unwrap().len(), 40);
    relay.restart();
    assert_eq!(alice.client().flush().unwrap(), 40);
    assert_eq!(bob.texts(), sent);
}

#[test]
fn stamps_are_refilled_before_they_run_out() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    for n in 0..210 {
        alice.stored(&bob, &format!("{n}"));
    }
    assert_eq!(bob.texts().len(), 210);
    let before = alice.client().contact("bob").unwrap().stamps;
    // An ordinary answer carries new stamps where there is room.
    bob.stored(&alice, "thanks");
    assert_eq!(alice.texts(), ["thanks"]);
    assert!(alice.client().contact("bob").unwrap().stamps > before, "{before}");
}

/// Together or one by one: a mark stands in the vault before the next message is handed out, or with its 63 neighbours.
#[test]
fn what_was_taken_is_marked_when_the_next_is_handed_out_or_with_its_neighbours() {
    const MESSAGES: usize = 70;
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    (0..MESSAGES).for_each(|number| alice.stored(&bob, &format!("{number}")));
    bob.client().collect().unwrap();
    for (mark_together, marked_at_first) in [(false, 1), (true, 0)] {
        let options = PullOptions { mark_together, max: Some(2), peek: true, ..PullOptions::default() };
        assert_eq!(
            bob.client().hand_out(&options, &mut |_| Handled::Yes).unwrap().handled,
            0,
            "only looked at"
        );
        let (beside, mut unread, options) =
            (bob.client(), Vec::new(), PullOptions { peek: false, max: Some(3), ..options });
        let before = beside.overview().unwrap()[0].unread;
        let summary = bob.client().hand_out(&options, &mut |_| {
            unread.push(before - beside.overview().unwrap()[0].unread);
            Handled::Yes
        });
        assert_eq!(summary.unwrap().handled, 3);
        assert_eq!(unread, [0, marked_at_first, 2 * marked_at_first]);
        assert_eq!(before - beside.overview().unwrap()[0].unread, 3, "all of them at the end");
    }
    let (mut most, mut taken, beside) = (0, 0, bob.client());
    let options = PullOptions { mark_together: true, ..PullOptions::default() };
    let before = beside.overview().unwrap()[0].unread;
    let summary = bob.client().hand_out(&options, &mut |_| {
        most = most.max(taken - (before - beside.overview().unwrap()[0].unread));
        taken += 1;
        Handled::Yes
    });
    assert_eq!((summary.unwrap().handled, most), (MESSAGES as u32 - 6, 63));
    assert!(bob.texts().is_empty());
}

#[test]
fn what_the_sink_does_not_take_is_handed_out_again() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    alice.stored(&bob, "one");
    alice.stored(&bob, "two");
    let mut offered = Vec::new();
    let summary = bob.client().pull(&PullOptions::default(), &mut |message| {
        offered.push(message.body.text().unwrap().to_owned());
        Handled::NoAndStop
    });
    assert_eq!((offered, summary.unwrap().handled), (vec!["one".to_owned()], 0));
    let peek = PullOptions { peek: true, ..PullOptions::default() };
    assert_eq!(bob.pull_with(&peek).0.len(), 2);
    let one = PullOptions { max: Some(1), from: Some("alice".into()), ..PullOptions::default() };
    assert_eq!(bob.pull_with(&one).0.len(), 1);
    assert_eq!(bob.texts(), ["two"]);
}

#[test]
fn an_idempotency_key_sends_once() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let options = SendOptions { idempotency: Some("nightly".into()), ..SendOptions::default() };
    let first = alice.client().send("bob", "done", &options).unwrap();
    let again = alice.client().send("bob", "done", &options).unwrap();
    assert_eq!(first, again);
    let conflict = alice.client().send("bob", "other", &options).unwrap_err();
    assert_eq!(conflict, ClientError::IdempotencyConflict);
    assert_eq!(bob.texts(), ["done"]);
}

#[test]
fn both_sides_see_the_same_safety_number_and_verification_is_kept() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let strict = SendOptions { require_verified: true, ..SendOptions::default() };
    let refused = alice.client().send("bob", "secret", &strict).unwrap_err();
    assert_eq!((refused.exit_code(), refused.code().as_str()), (6, "OUB-E062"));
    let (mine, theirs) = (
        alice.client().safety_number("bob", Language::English).unwrap(),
        bob.client().safety_number("alice", Language::English).unwrap(),
    );
    assert_eq!((&mine.digits, &mine.words), (&theirs.digits, &theirs.words));
    assert_eq!(mine.words.len(), 10);
    assert_eq!(alice.verify("bob").trust, Trust::Verified);
    assert_eq!(alice.client().send("bob", "secret", &strict).unwrap().state, SentState::Stored);
}

#[test]
fn a_blocked_contact_is_neither_shown_nor_written_to() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    bob.client().set_blocked("alice", true).unwrap();
    alice.stored(&bob, "are you there?");
    assert!(bob.texts().is_empty());
    let refused = bob.client().send("alice", "no", &SendOptions::default()).unwrap_err();
    assert_eq!(refused.exit_code(), 5);
    bob.client().set_blocked("alice", false).unwrap();
    assert!(bob.texts().is_empty(), "what came while blocked stays unseen");
    alice.stored(&bob, "again");
    assert_eq!(bob.texts(), ["again"]);
}

#[test]
fn a_declined_stranger_stays_out_of_sight() {
    let relay = Relay::start();
    let (mallory, bob) = (relay.person("mallory"), relay.person("bob"));
    mallory.add(&bob);
    mallory.stored(&bob, "buy this");
    bob.client().collect().unwrap();
    bob.client().decline("mallory").unwrap();
    mallory.stored(&bob, "really");
    assert!(bob.texts().is_empty());
    assert!(bob.client().requests().unwrap().is_empty());
}

/// A program may follow for months: keys, bundle and log want what a pull does for them.
#[test]
fn who_follows_for_long_keeps_up_what_a_pull_keeps_up() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let client = bob.client_that_keeps_up_every(2);
    let follow_for = Some(std::time::Duration::from_secs(15));
    let options = PullOptions { follow: true, follow_for, ..PullOptions::default() };
    let follower = std::thread::spawn(move || {
        let mut texts = Vec::new();
        let summary = client.pull(&options, &mut |message| {
            texts.push(message.body.text().unwrap().to_owned());
            Handled::YesAndStop
        });
        (texts, summary.unwrap().unreachable)
    });
    std::thread::sleep(std::time::Duration::from_millis(1_000));
    bob.change_vault("UPDATE me SET bundle_published = 0");
    let is_published = || bob.number_in_vault("SELECT bundle_published FROM me") == 1;
    let published = (0..100).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(100));
        is_published()
    });
    alice.stored(&bob, "still there?");
    assert_eq!(follower.join().unwrap(), (vec!["still there?".to_owned()], None));
    assert!(published);
}

#[test]
fn following_hands_messages_out_as_they_come() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let client = bob.client();
    let follower = std::thread::spawn(move || {
        let options = PullOptions {
            follow: true,
            follow_for: Some(std::time::Duration::from_secs(20)),
            ..PullOptions::default()
        };
        let mut seen = Vec::new();
        let summary = client.pull(&options, &mut |message| {
            seen.push(message.body.text().unwrap().to_owned());
            if seen.len() == 2 { Handled::YesAndStop } else { Handled::Yes }
        });
        (seen, summary.unwrap().handled)
    });
    std::thread::sleep(std::time::Duration::from_millis(500));
    alice.stored(&bob, "one");
    alice.stored(&bob, "two");
    assert_eq!(follower.join().unwrap(), (vec!["one".to_owned(), "two".to_owned()], 2));
}

#[test]
fn doctor_says_that_a_mailbox_is_gone_and_makes_none() {
    let relay = Relay::start();
    let alice = relay.person("alice");
    alice.change_vault("UPDATE mailbox SET rid = zeroblob(16) WHERE policy = 1");
    let checks = alice.client().doctor(client::Language::English);
    let mailboxes = checks.iter().find(|check| check.subject == "mailboxes").unwrap();
    assert_eq!(
        (mailboxes.verdict, mailboxes.remedy.as_deref()),
        (client::Verdict::Warning, Some("oub pull"))
    );
    assert_eq!(alice.number_in_vault("SELECT count(*) FROM voucher"), 2, "one was spent");
    assert_eq!(alice.number_in_vault("SELECT copy FROM me"), 0);
    alice.client().collect().unwrap();
    assert_eq!(alice.number_in_vault("SELECT count(*) FROM voucher"), 1);
}

#[test]
fn doctor_finds_everything_in_order() {
    let relay = Relay::start();
    let alice = relay.person("alice");
    let checks = alice.client().doctor(client::Language::English);
    assert!(checks.iter().all(|check| check.verdict == client::Verdict::Good), "{checks:#?}");
    assert!(checks.iter().any(|check| check.subject == "mailboxes"));
}

#[test]
fn a_name_is_registered_once_and_an_invitation_is_used_once() {
    let relay = Relay::start();
    let alice = relay.person("alice");
    let invitation = relay.invite("carol");
    let again = Client::join(&alice.profile(), &alice.request(invitation.clone()), options()).err().unwrap();
    assert_eq!(again.code(), "OUB-E072", "{again:?}");
    let (carol, eve) = (Person::stranger("carol"), Person::stranger("eve"));
    Client::join(&carol.profile(), &carol.request(invitation.clone()), options()).unwrap();
    let refused = Client::join(&eve.profile(), &eve.request(invitation), options()).err().unwrap();
    assert_eq!(refused.exit_code(), 5, "{refused:?}");
    // A clear no leaves room for another name in the same profile.
    let mut second = eve.request(relay.invite("eve"));
    second.name = None;
    Client::join(&eve.profile(), &second, options()).unwrap();
    assert_eq!(
        Client::open(&eve.profile(), &Unlock::KeyFile, options()).unwrap().name().unwrap().as_str(),
        "eve"
    );
}

#[test]
fn an_unknown_name_and_an_unknown_contact_are_told_apart() {
    let relay = Relay::start();
    let alice = relay.person("alice");
    let mut address = alice.client().address().unwrap();
    address.name = wire::Name::parse("nobody").unwrap();
    address.pins = None;
    assert_eq!(alice.client().add(&address, None).unwrap_err().code(), "OUB-E053");
    assert_eq!(alice.client().send("nobody", "hi", &SendOptions::default()).unwrap_err().exit_code(), 2);
    let own = alice.client().address().unwrap();
    assert_eq!(alice.client().add(&own, None).unwrap_err(), ClientError::OwnAddress);
}

/// Sixteen HELLOs leave, the rest waits; then the other one writes too. What lets him in goes before what waits.
#[test]
fn an_acceptance_overtakes_the_texts_that_wait() {
    let relay = Relay::start();
    let (alice, bob) = (relay.person("alice"), relay.person("bob"));
    bob.add(&alice);
    for number in 1..=18 {
        bob.send(&alice, &format!("b{number}"));
    }
    alice.add(&bob);
    // As if she had not collected before she wrote.
    let busy = std::fs::File::create(alice.profile().dir().join("collector.lock")).unwrap();
    busy.lock().unwrap();
    alice.stored(&bob, "hello");
    drop(busy);
    assert_eq!(bob.texts(), ["hello"]);
    alice.client().collect().unwrap();
    let log = alice.client().log("bob", None).unwrap();
    let number = |text: &str| log.iter().find(|entry| entry.body.text() == Some(text)).unwrap().number;
    assert_eq!((number("b16"), number("b17"), number("b18")), (16, 18, 19));
}
