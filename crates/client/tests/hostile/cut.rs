//! Connections cut at any byte: what was sent arrives exactly once.

use client::{Handled, PullOptions, SendOptions, SentState};

use crate::{
    common::{Person, Relay},
    proxy::{Cut, Proxy, Way},
};

/// No connection is cut: only measured.
const NOWHERE: Cut = Cut { connection: usize::MAX, way: Way::ToClient, after: 0 };

fn friends() -> (Relay, Proxy, Person, Person) {
    let relay = Relay::start();
    let proxy = Proxy::before(&relay);
    let (alice, bob) = (proxy.person(&relay, "alice"), proxy.person(&relay, "bob"));
    alice.add(&bob);
    bob.add(&alice);
    alice.stored(&bob, "hello");
    assert_eq!(bob.texts(), ["hello"]);
    assert!(alice.texts().is_empty());
    (relay, proxy, alice, bob)
}

/// Cuts in reach of the last bytes, which carry the answer, and some all over.
fn places(total: usize) -> Vec<usize> {
    let near = [1, 25, 40, 60].map(|back| total.saturating_sub(back));
    let far = [1, 3, 5].map(|part| total * part / 6);
    near.into_iter().chain(far).collect()
}

/// N09, K05: the relay has stored and the sender never learns it; the same bytes go again and are shown once.
#[test]
fn a_deposit_cut_at_any_byte_is_shown_exactly_once() {
    let (_relay, proxy, alice, bob) = friends();
    // A send drains on connection 0 and deposits on connection 1.
    proxy.cut(NOWHERE);
    alice.stored(&bob, "measure");
    let seen = proxy.heal();
    assert_eq!((seen.len(), bob.texts()), (2, vec!["measure".to_owned()]));
    let (mut stored_unseen, mut lost_before) = (0, 0);
    for (way, total) in [(Way::ToServer, seen[1][0]), (Way::ToClient, seen[1][1])] {
        for after in places(total) {
            let text = format!("{way:?} {after}");
            proxy.cut(Cut { connection: 1, way, after });
            let sent = alice.client().send("bob", &text, &SendOptions::default()).unwrap();
            proxy.heal();
            let (early, waits) = (bob.texts(), sent.state != SentState::Stored);
            assert!(waits || early.len() == 1, "{text}: STORED was told and it is not there");
            stored_unseen += usize::from(waits && early.len() == 1);
            lost_before += usize::from(waits && early.is_empty());
            assert_eq!(alice.client().flush().unwrap(), u32::from(waits), "{text}");
            assert_eq!([early, bob.texts()].concat(), [text]);
        }
    }
    assert!(stored_unseen > 0 && lost_before > 0, "{stored_unseen} {lost_before}");
    assert!(alice.client().outbox().unwrap().is_empty());
}

/// N09: a delivery that is cut before the commit, between commit and ACK, or after it (P2).
#[test]
fn a_collection_cut_at_any_byte_shows_everything_exactly_once() {
    let (_relay, proxy, alice, bob) = friends();
    let sent = ["one", "two"];
    let send_all = || sent.iter().for_each(|text| alice.stored(&bob, text));
    send_all();
    proxy.cut(NOWHERE);
    assert_eq!(bob.texts(), sent);
    let seen = proxy.heal();
    let mut interrupted = 0;
    for (way, total) in [(Way::ToServer, seen[0][0]), (Way::ToClient, seen[0][1])] {
        for after in places(total) {
            send_all();
            proxy.cut(Cut { connection: 0, way, after });
            let mut shown = Vec::new();
            let summary = bob.client().pull(&PullOptions::default(), &mut |message| {
                shown.push(message.body.text().unwrap().to_owned());
                Handled::Yes
            });
            interrupted += usize::from(summary.unwrap().unreachable.is_some());
            proxy.heal();
            shown.extend(bob.texts());
            assert_eq!(shown, sent, "{way:?} {after}");
        }
    }
    assert!(interrupted > 6, "{interrupted}");
}

/// N09: a first message goes to the doorstep, where no stamp keeps a repetition out.
#[test]
fn a_first_message_cut_at_any_byte_is_one_request() {
    let relay = Relay::start();
    let proxy = Proxy::before(&relay);
    let bob = proxy.person(&relay, "bob");
    for (n, back) in [1, 30, 400].into_iter().enumerate() {
        let name = format!("alice{n}");
        let alice = proxy.person(&relay, &name);
        alice.add(&bob);
        proxy.cut(NOWHERE);
        alice.stored(&bob, "measure");
        let seen = proxy.heal();
        let after = seen.last().unwrap()[1].saturating_sub(back);
        // Record and bundle are fresh by now: drain, then deposit.
        proxy.cut(Cut { connection: 1, way: Way::ToClient, after });
        let _ = alice.client().send("bob", "hello", &SendOptions::default()).unwrap();
        proxy.heal();
        bob.client().collect().unwrap();
        let _ = alice.client().flush().unwrap();
        bob.client().collect().unwrap();
        let requests = bob.client().requests().unwrap();
        let mine = requests.iter().find(|request| request.label == name).unwrap();
        assert_eq!(mine.texts, ["measure", "hello"], "{back}");
    }
}
