//! A relay that repeats, permutes, mislabels, drops and invents deliveries.

use client::{Handled, PullOptions, Received, SendOptions};
use wire::{DepositAuth, Envelope, RefusalKind};

use crate::evil::{Evil, Victim, befriend};
use crate::shell::Shell;

fn texts(list: &[Received]) -> Vec<&str> {
    list.iter().map(|message| message.body.text().unwrap()).collect()
}

fn send_all(from: &Victim, to: &Victim, texts: &[&str]) {
    texts.iter().for_each(|text| from.stored(to, text));
}

/// S10: the whole history again, twice, and the doorstep's too.
#[test]
fn what_is_delivered_again_is_not_shown_again() {
    let evil = Evil::start();
    let (alice, bob) = evil.friends();
    send_all(&alice, &bob, &["one", "two", "three"]);
    assert_eq!(bob.texts(), ["one", "two", "three"]);
    for _ in 0..2 {
        for sid in [bob.doorstep, bob.inbox] {
            let mut shell = evil.shell();
            let history = shell.history(sid);
            assert!(!history.is_empty());
            shell.mailbox(sid).waiting.extend(history);
        }
        let (list, summary) = bob.pull_with(&PullOptions::default());
        assert!(list.is_empty() && summary.unreachable.is_none(), "{list:?}");
        assert_eq!(summary.quarantined, 0, "a repetition is no failure");
    }
    alice.stored(&bob, "four");
    assert_eq!(bob.texts(), ["four"], "and the conversation goes on");
    assert_eq!(bob.client().log("alice", None).unwrap().len(), 6);
}

/// S11: the order of the sender's numbers, not of the relay's.
#[test]
fn what_is_delivered_in_any_order_is_shown_in_the_senders() {
    let evil = Evil::start();
    let (alice, bob) = evil.friends();
    let sent = ["one", "two", "three", "four", "five"];
    for turn in [0, 2, 3] {
        send_all(&alice, &bob, &sent);
        let mut waiting = evil.shell().take(bob.inbox);
        waiting.reverse();
        waiting.rotate_left(turn);
        evil.shell().mailbox(bob.inbox).waiting = waiting;
        let (list, _) = bob.pull_with(&PullOptions::default());
        assert_eq!(texts(&list), sent, "turn {turn}");
        assert!(list.iter().all(|message| message.missing_before == 0), "turn {turn}");
    }
}

/// S08: what is not shown (here the client's own ACCEPT) has a number too, and hides no hole before it.
#[test]
fn a_hole_is_told_by_the_next_text_whatever_else_came_between() {
    let evil = Evil::start();
    let (alice, bob) = (evil.join("alice"), evil.join("bob"));
    alice.add(&bob);
    bob.add(&alice);
    alice.stored(&bob, "one");
    evil.shell().take(bob.doorstep);
    bob.stored(&alice, "hello");
    // Her ACCEPT is number 2.
    assert_eq!(alice.texts(), ["hello"]);
    alice.stored(&bob, "three");
    let (list, _) = bob.pull_with(&PullOptions::default());
    assert_eq!(texts(&list), ["three"]);
    assert_eq!((list[0].number, list[0].missing_before), (3, 1));
    assert_eq!(bob.client().log("alice", None).unwrap().last().unwrap().missing_before, 1);
}

/// S08 and S11: the hole is told by the message behind it, and closes when what was held back comes.
#[test]
fn a_message_held_back_leaves_a_hole_that_is_told() {
    let evil = Evil::start();
    let (alice, bob) = evil.friends();
    send_all(&alice, &bob, &["one", "two", "three", "four"]);
    let mut waiting = evil.shell().take(bob.inbox);
    let held_back = [waiting.remove(1), waiting.remove(1)];
    evil.shell().mailbox(bob.inbox).waiting = waiting;
    let (list, _) = bob.pull_with(&PullOptions::default());
    assert_eq!(texts(&list), ["one", "four"]);
    assert_eq!([list[0].missing_before, list[1].missing_before], [0, 2]);
    evil.shell().mailbox(bob.inbox).waiting.extend(held_back);
    let (list, _) = bob.pull_with(&PullOptions::default());
    assert_eq!(texts(&list), ["two", "three"]);
    let log = bob.client().log("alice", None).unwrap();
    assert!(log.iter().all(|entry| entry.missing_before == 0));
}

/// S09: the end held back for ever shows in nothing, on either side: no client can know alone. The first message
/// that does come tells how many are missing, and with the next contact the sender's side learns how far it was
/// seen (`e2ee`: what_was_seen_is_answered).
#[test]
fn a_tail_held_back_is_told_by_the_next_that_comes_and_not_before() {
    let evil = Evil::start();
    let (alice, bob) = evil.friends();
    send_all(&alice, &bob, &["one", "two", "three", "four"]);
    let mut waiting = evil.shell().take(bob.inbox);
    let tail = waiting.split_off(2);
    evil.shell().mailbox(bob.inbox).waiting = waiting;
    let (list, summary) = bob.pull_with(&PullOptions::default());
    assert_eq!(texts(&list), ["one", "two"]);
    assert!(summary.unreachable.is_none() && summary.quarantined == 0 && summary.expired == 0);
    assert!(alice.client().outbox().unwrap().is_empty(), "alice was told STORED for all four");
    bob.stored(&alice, "is that all?");
    assert_eq!(alice.texts(), ["is that all?"]);
    alice.stored(&bob, "five");
    let (list, _) = bob.pull_with(&PullOptions::default());
    assert_eq!((texts(&list), list[0].missing_before), (vec!["five"], 2));
    evil.shell().mailbox(bob.inbox).waiting.extend(tail);
    assert_eq!(bob.texts(), ["three", "four"]);
}

/// P1: what expired is told by the next pull, whichever command heard of it, once, and explains the hole that it leaves.
#[test]
fn what_expired_is_told_once_whichever_command_heard_of_it() {
    let evil = Evil::start();
    let (alice, bob) = evil.friends();
    let expires = |so_far, now| {
        let mut shell = evil.shell();
        let mailbox = shell.mailbox(bob.inbox);
        (mailbox.expired, mailbox.given) = (so_far, mailbox.given + now);
    };
    let told = || bob.pull_with(&PullOptions::default()).1.expired;
    expires(3, 3);
    bob.stored(&alice, "sending drains, and says nothing of what it hears");
    bob.client().collect().unwrap();
    assert_eq!((told(), told()), (3, 0));
    expires(5, 2);
    assert_eq!((told(), told()), (2, 0), "what the relay counts in all");
    alice.stored(&bob, "behind a hole of five");
    assert_eq!(bob.texts(), ["behind a hole of five"]);
    assert!(bob.client().take_notices().unwrap().is_empty(), "nobody else collected them");
    expires(1, 0);
    assert_eq!(told(), 0, "a relay that went back");
    expires(2, 1);
    assert_eq!((told(), told()), (1, 0));
}

/// S12: the right to deposit says nothing about who wrote.
#[test]
fn nothing_is_ever_attributed_to_another_sender() {
    let evil = Evil::start();
    let (alice, bob) = evil.friends();
    let carol = evil.join("carol");
    befriend(&carol, &bob);
    alice.stored(&bob, "from alice");
    carol.stored(&bob, "from carol");
    let waiting = evil.shell().take(bob.inbox);
    let [(alices, from_alice), (carols, from_carol)] = waiting.try_into().unwrap();
    {
        let mut shell = evil.shell();
        let crossed = [(carols, from_alice.clone()), (alices, from_carol)];
        shell.mailbox(bob.inbox).waiting.extend(crossed);
        // Into mailboxes that it was not sealed for, with and without the stamp.
        shell.mailbox(carol.inbox).waiting.push((alices, from_alice.clone()));
        let bare = (DepositAuth::Open { puzzle: None }, from_alice);
        shell.mailbox(carol.doorstep).waiting.push(bare.clone());
        shell.mailbox(bob.doorstep).waiting.push(bare);
    }
    let (list, summary) = bob.pull_with(&PullOptions::default());
    assert!(list.is_empty(), "{list:?}");
    assert!(summary.quarantined >= 2, "{summary:?}");
    let (list, summary) = carol.pull_with(&PullOptions::default());
    assert!(list.is_empty() && summary.quarantined > 0, "{list:?}");
    // Both go on, each under the own name, and each says that something is missing.
    alice.stored(&bob, "alice again");
    carol.stored(&bob, "carol again");
    let (list, _) = bob.pull_with(&PullOptions::default());
    let said: Vec<_> = list.iter().map(|message| (message.from.as_str(), message.missing_before)).collect();
    assert_eq!((texts(&list), said), (vec!["alice again", "carol again"], vec![("alice", 1), ("carol", 1)]));
}

/// S18 and S19: one that does not open holds up none that does, wherever it stands.
#[test]
fn garbage_holds_nothing_up_and_is_counted() {
    let evil = Evil::start();
    let (alice, bob) = evil.friends();
    send_all(&alice, &bob, &["one", "two", "three"]);
    let good = evil.shell().take(bob.inbox);
    let mut mixed = Vec::new();
    for (n, (auth, envelope)) in good.into_iter().enumerate() {
        mixed.extend(garbage(&auth, &envelope, n as u8));
        mixed.push((auth, envelope));
    }
    let bad = mixed.len() as u32 - 3;
    {
        let mut shell = evil.shell();
        for size in [4096, 16384, 65536] {
            let noise = Envelope::new(vec![0x5a; size].into()).unwrap();
            shell.mailbox(bob.doorstep).waiting.push((DepositAuth::Open { puzzle: None }, noise));
        }
        shell.mailbox(bob.inbox).waiting = mixed;
    }
    let (list, summary) = bob.pull_with(&PullOptions::default());
    assert_eq!(texts(&list), ["one", "two", "three"]);
    assert!(list.iter().all(|message| message.missing_before == 0));
    assert_eq!((summary.quarantined, summary.unreachable), (bad + 3, None));
    let checks = bob.client().doctor(client::Language::English);
    let quarantine = checks.iter().find(|check| check.subject == "quarantine").unwrap();
    assert!(quarantine.finding.starts_with(&format!("{bad} ")), "the doorstep's is dropped: {quarantine:?}");
    alice.stored(&bob, "four");
    assert_eq!(bob.texts(), ["four"]);
}

/// S18: on a connection that breaks before it is drained, too; the next one does what this one did not come to.
#[test]
fn what_did_not_open_heals_also_when_the_connection_broke() {
    let evil = Evil::start();
    let (alice, bob) = evil.friends();
    let old = bob.snapshot();
    alice.stored(&bob, "one");
    assert_eq!(bob.texts(), ["one"]);
    bob.stored(&alice, "two");
    assert_eq!(alice.texts(), ["two"]);
    bob.roll_back(&old);
    alice.stored(&bob, "does not open");
    evil.shell().breaks_at = Some(bob.doorstep);
    // The inbox comes first, and is acknowledged when the doorstep breaks.
    let broken = bob.client().pull(&PullOptions::default(), &mut |_| Handled::Yes);
    assert!(broken.is_err() || broken.is_ok_and(|summary| summary.unreachable.is_some()));
    assert!(evil.shell().mailbox(bob.inbox).waiting.is_empty());
    assert_eq!(bob.client().quarantine().unwrap().len(), 1);
    evil.shell().breaks_at = None;
    assert!(bob.texts().is_empty());
    let doorstep = |shell: &mut Shell| shell.mailbox(alice.doorstep).waiting.len();
    assert_eq!(
        (bob.texts_later().len(), doorstep(&mut evil.shell())),
        (0, 1),
        "the conversation begins anew"
    );
    let settled = (0..6).flat_map(|_| [alice.texts_later(), bob.texts_later()]);
    assert_eq!(settled.flatten().collect::<Vec<_>>(), ["one", "does not open"]);
}

/// Noise under a right stamp's number, a good envelope with one bit turned, and one cut out of the middle.
fn garbage(auth: &DepositAuth, envelope: &Envelope, salt: u8) -> Vec<(DepositAuth, Envelope)> {
    let whole = envelope.as_bytes();
    let noise = vec![salt; whole.len()];
    let mut turned = whole.to_vec();
    turned[2000] ^= 1;
    let mut suite = whole.to_vec();
    suite[0] = 0xfe;
    let all = [noise, turned, suite].map(|bytes| Envelope::new(bytes.into()).unwrap());
    let mut list: Vec<_> = all.into_iter().map(|envelope| (*auth, envelope)).collect();
    let unstamped = Envelope::new(vec![salt ^ 0x77; whole.len()].into()).unwrap();
    list.push((DepositAuth::Open { puzzle: None }, unstamped));
    list
}

/// S13: a relay that calls every stamp spent makes a conversation begin anew, and no more of that than once in a run.
#[test]
fn a_relay_that_calls_every_stamp_spent_is_not_asked_for_ever() {
    let evil = Evil::start();
    let (alice, bob) = evil.friends();
    evil.shell().refusals = vec![RefusalKind::Spent; 10_000];
    let before = evil.shell().deposits.len();
    let sent = alice.client().send("bob", "under a lie", &SendOptions::default());
    let asked = evil.shell().deposits.len() - before;
    assert!((1..=8).contains(&asked), "{asked} deposits: {sent:?}");
    // The truth again: nothing is lost.
    evil.shell().refusals.clear();
    for _ in 0..3 {
        alice.client().flush().unwrap();
        bob.client().collect().unwrap();
        bob.client().flush().unwrap();
        alice.client().collect().unwrap();
    }
    let (list, _) = bob.pull_with(&PullOptions::default());
    assert_eq!(texts(&list), ["under a lie"]);
}
