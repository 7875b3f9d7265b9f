//! Many processes, one identity: nothing is lost and nothing comes twice.

use std::collections::BTreeSet;

use crate::person::friends;
use crate::relay::Relay;

#[test]
fn eight_senders_at_once_lose_nothing() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let alice = &alice;
    std::thread::scope(|scope| {
        for sender in 0..8 {
            scope.spawn(move || {
                for number in 0..3 {
                    alice.ok(&["send", "bob", &format!("{sender}.{number}")]);
                }
            });
        }
    });
    alice.ok(&["pull"]);
    assert_eq!(alice.ok(&["outbox"]).out, "");
    let pulled = bob.pull();
    assert_eq!(pulled.len(), 24, "{pulled:?}");
    assert_eq!(pulled.iter().collect::<BTreeSet<_>>().len(), 24, "{pulled:?}");
    for sender in 0..8 {
        let mine: Vec<&String> =
            pulled.iter().filter(|text| text.starts_with(&format!("{sender}."))).collect();
        assert!(mine.is_sorted(), "each sender's own order stays: {pulled:?}");
    }
}

#[test]
fn two_pulls_at_once_hand_out_everything() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    for number in 0..6 {
        alice.ok(&["send", "bob", &format!("{number}")]);
    }
    let children: Vec<_> = (0..2).map(|_| bob.command(&["pull", "--json"]).spawn().unwrap()).collect();
    let mut pulled = BTreeSet::new();
    for child in children {
        let ran = crate::person::Ran::of_child(child);
        assert!(matches!(ran.code, Some(0 | 4)), "{ran:?}");
        pulled.extend(crate::person::texts(&ran.lines()));
    }
    pulled.extend(bob.pull());
    assert_eq!(pulled.len(), 6, "{pulled:?}");
    assert_eq!(bob.ok(&["log", "alice", "-n", "6"]).out.lines().count(), 6);
}
