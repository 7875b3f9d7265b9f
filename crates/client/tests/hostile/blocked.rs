//! A relay that would like to know which stamps belong to one person.

use wire::Envelope;

use crate::evil::Evil;

/// Who is blocked and floods has his stamps crossed off, which shows the relay whose they are: the relay must not be
/// able to make up the flood.
#[test]
fn a_relay_cannot_make_up_a_flood_to_learn_whose_stamps_belong_together() {
    let evil = Evil::start();
    let (alice, bob) = evil.friends();
    alice.stored(&bob, "one");
    let waiting = evil.shell().take(bob.inbox);
    bob.client().set_blocked("alice", true).unwrap();
    evil.shell().mailbox(bob.inbox).waiting = waiting.clone();
    assert!(bob.texts().is_empty());

    // Her spent stamp over envelopes that she never sealed, and her own envelope again and again.
    let (auth, own) = waiting[0].clone();
    {
        let mut shell = evil.shell();
        let waiting = &mut shell.mailbox(bob.inbox).waiting;
        for n in 0..400_u32 {
            let mut bytes = vec![0x5a; 4096];
            bytes[..4].copy_from_slice(&n.to_be_bytes());
            waiting.push((auth, Envelope::new(bytes.into()).unwrap()));
            waiting.push((auth, own.clone()));
        }
    }
    assert!(bob.texts().is_empty());
    assert_eq!(bob.client().contact("alice").unwrap().crossed_off, 0);
    assert_eq!(evil.shell().crossed_off, 0, "nothing was said to the relay");
}
