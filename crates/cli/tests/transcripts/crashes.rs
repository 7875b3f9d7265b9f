//! `kill -9` at any moment: what was accepted is kept, what was read is read once.

use std::io::Read as _;
use std::thread::sleep;
use std::time::Duration;

use crate::Dice;
use crate::person::{Person, friends};
use crate::relay::Relay;

#[test]
fn killing_pull_at_random_moments_loses_and_doubles_nothing() {
    const MESSAGES: usize = 12;
    let mut dice = Dice::new("killing_pull");
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let sent: Vec<String> = (0..MESSAGES).map(|number| format!("message {number:02}")).collect();
    for text in &sent {
        alice.ok(&["send", "bob", text]);
    }

    let mut handed_out: Vec<String> = Vec::new();
    let mut excused = 0;
    for _ in 0..12 {
        let lines = pull_and_kill(&bob, Duration::from_millis(dice.below(160)));
        if let (Some(first), Some(last)) = (lines.first(), handed_out.last())
            && first == last
        {
            // Printed by a pull that died before it could note so: the one repetition that cannot be avoided.
            handed_out.pop();
            excused += 1;
        }
        handed_out.extend(lines);
    }
    let rest = bob.pull();
    if rest.first().is_some_and(|first| handed_out.last() == Some(first)) {
        handed_out.pop();
        excused += 1;
    }
    handed_out.extend(rest);
    println!("12 kills: {MESSAGES} messages, {excused} shown again after a kill between showing and noting");
    assert_eq!(handed_out, sent, "on the screen: all, in order");
    assert_eq!(received(&bob, "alice"), sent, "in the vault: all, once, in order");
    assert!(bob.pull().is_empty());
}

/// Whole lines that a pull printed before it was killed.
fn pull_and_kill(bob: &Person, after: Duration) -> Vec<String> {
    let mut child = bob.command(&["pull", "--json"]).spawn().unwrap();
    sleep(after);
    child.kill().unwrap();
    child.wait().unwrap();
    let mut out = String::new();
    child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    let whole = out.split_inclusive('\n').filter(|line| line.ends_with('\n'));
    whole
        .map(|line| {
            serde_json::from_str::<serde_json::Value>(line).unwrap()["text"].as_str().unwrap().to_owned()
        })
        .collect()
}

/// Texts from `contact` in the history, without the greeting.
fn received(person: &Person, contact: &str) -> Vec<String> {
    let log = person.json(&["log", contact]);
    let texts =
        log.iter().filter(|line| line["direction"] == "received").map(|line| line["text"].as_str().unwrap());
    texts.skip(1).map(str::to_owned).collect()
}

#[test]
fn killing_the_relay_during_sends_loses_nothing() {
    const MESSAGES: usize = 16;
    let mut dice = Dice::new("killing_the_relay");
    let mut relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let sent: Vec<String> = (0..MESSAGES).map(|number| format!("message {number:02}")).collect();

    std::thread::scope(|scope| {
        let (alice, sent) = (&alice, &sent);
        let sender = scope.spawn(move || {
            for text in sent {
                // Stored or queued, both end with 0: accepted means kept.
                alice.ok(&["send", "bob", text]);
            }
        });
        for _ in 0..100 {
            if sender.is_finished() {
                break;
            }
            sleep(Duration::from_millis(50 + dice.below(250)));
            relay.kill();
            sleep(Duration::from_millis(dice.below(100)));
            relay.start_again();
        }
        sender.join().unwrap();
    });

    alice.ok(&["pull"]);
    assert_eq!(alice.ok(&["outbox"]).out, "");
    assert_eq!(bob.pull(), sent);
    assert!(bob.pull().is_empty());
}

#[test]
fn killing_send_at_random_moments_sends_at_most_once() {
    let mut dice = Dice::new("killing_send");
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let sent: Vec<String> = (0..8).map(|number| format!("message {number}")).collect();
    for text in &sent {
        let args = ["send", "bob", text, "--idempotency", text];
        for _ in 0..2 {
            let mut child = alice.command(&args).spawn().unwrap();
            sleep(Duration::from_millis(dice.below(120)));
            child.kill().unwrap();
            child.wait().unwrap();
        }
        alice.ok(&args);
    }
    assert_eq!(bob.pull(), sent);
}
