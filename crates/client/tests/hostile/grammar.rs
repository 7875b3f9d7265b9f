//! A relay that says what no relay may say: the connection ends, and nothing else.

use bytes::Bytes;
use client::{PullOptions, SendOptions};
use wire::{
    ChallengeNonce, Cursor, Frame, Notice, RecordHash, RequestId, Response, Slot,
    response::{Challenge, Drained},
};

use crate::{evil::Evil, shell::When};

/// S13, S16, S22: everything that a client must not follow, sign, or even answer.
fn outbursts() -> Vec<(&'static str, Bytes)> {
    let with_kind = |kind: u8, frame: Frame| {
        let mut bytes = frame.encode().to_vec();
        bytes[3] = kind;
        Bytes::from(bytes)
    };
    let challenge = Challenge { nonce: ChallengeNonce([1; 32]), seq: 0, record_hash: RecordHash([2; 32]) };
    let drained = Drained { slot: Slot(1), cursor: Cursor(9) };
    vec![
        ("an unknown notice", with_kind(0x6f, Frame::notice(Notice::Superseded(Slot(0))))),
        ("an unknown response", with_kind(0x7f, Frame::response(RequestId(1), Response::Pong))),
        (
            "a challenge nobody asked for",
            Frame::response(RequestId(1), Response::Challenge(challenge)).encode(),
        ),
        ("an answer to nothing", Frame::response(RequestId(4_000), Response::Stored).encode()),
        ("a request", Bytes::from_static(&[0, 0, 5, 0x02, 0, 0, 0, 1])),
        ("a drained slot that is not open", Frame::notice(Notice::Drained(drained)).encode()),
        ("a frame that announces 16 MiB", Bytes::from_static(&[0xff; 64])),
    ]
}

/// S13, S16: while sending.
#[test]
fn a_senseless_answer_to_a_deposit_loses_nothing() {
    let evil = Evil::start();
    let (alice, bob) = evil.friends();
    for (what, bytes) in outbursts() {
        let before = evil.shell().deposits.len();
        evil.shell().outburst = Some((When::Deposit, bytes.to_vec()));
        let sent = alice.client().send("bob", what, &SendOptions::default());
        assert!(sent.is_err(), "{what}: {sent:?}");
        evil.shell().outburst = None;
        assert_eq!(alice.client().outbox().unwrap().len(), 1, "{what}");
        assert_eq!(alice.client().flush().unwrap(), 1, "{what}");
        assert_eq!(evil.shell().deposits.len(), before + 1, "{what}");
        assert_eq!(bob.texts(), [what]);
    }
    assert_eq!(evil.shell().answers_to_outbursts, 0);
}

/// S13, S16: the same while collecting: what waits comes with the next pull.
#[test]
fn a_senseless_word_while_collecting_loses_nothing() {
    let evil = Evil::start();
    let (alice, bob) = evil.friends();
    for (when, skip) in [(When::Open, 4), (When::Read, 0)] {
        for (what, bytes) in outbursts().into_iter().skip(skip) {
            alice.stored(&bob, what);
            evil.shell().outburst = Some((when, bytes.to_vec()));
            let (list, summary) = bob.pull_with(&PullOptions::default());
            assert!(list.is_empty() && summary.unreachable.is_some(), "{when:?} {what}: {summary:?}");
            evil.shell().outburst = None;
            assert_eq!(bob.texts(), [what], "{when:?}");
        }
    }
    assert_eq!(evil.shell().answers_to_outbursts, 0);
}

/// S13, S16: the same while looking a name up: nobody is added.
#[test]
fn a_senseless_word_instead_of_a_record_adds_nobody() {
    let evil = Evil::start();
    let (alice, bob) = (evil.join("alice"), evil.join("bob"));
    for (what, bytes) in outbursts() {
        evil.shell().outburst = Some((When::Lookup, bytes.to_vec()));
        assert!(alice.client().add(&bob.client().address().unwrap(), None).is_err(), "{what}");
        assert!(alice.client().contacts().unwrap().is_empty(), "{what}");
    }
    evil.shell().outburst = None;
    alice.add(&bob);
    assert_eq!(evil.shell().answers_to_outbursts, 0);
}
