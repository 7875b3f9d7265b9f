//! A contact who sends what no client of ours would: it is set aside, and everything behind it is shown.

use std::num::NonZeroU32;

use client::{PullOptions, SendOptions, SentState};
use e2ee::{
    Content, EnvelopeHash, Kind, MessageId, RecordUpdate, Seen, StreamId,
    said::{Answer, EXPIRE_S_MAX, Edit, FILE_BYTES_MAX, FileHead, FilePart, Note, Question},
};
use proto::signed::sign_rotation;
use vodozemac::olm::{Account, DecryptionError, OlmMessage, SessionConfig};

use wire::{
    CommitmentNonce, Day, DepositId, Generation, ServerId, Stamp, StampIndex, StampSecret, StampTag,
    TreeHead, UnixSeconds,
};

use crate::{
    chains::draw,
    evil::Evil,
    keys::low_order_points,
    olm::{altered, index_of},
    peer::{Peer, random},
};

/// What the library derives at most for one message (`vodozemac`, pinned).
const JUMP_MAX: u64 = 2_000;

/// P04: a counter of 2³² − 1, and every other beyond the limit, is refused; the conversation goes on with the
/// next message as if nothing had come.
#[test]
fn a_jump_of_the_ratchet_is_refused_and_forgotten() {
    let evil = Evil::start();
    let bob = evil.join("bob");
    let mut mallory = Peer::befriended(&evil, "mallory", &bob);
    let honest = mallory.ratchet(b"never delivered as it is");
    let at = index_of(&honest[1..]);
    let jumps = [at + JUMP_MAX + 1, u64::from(u32::MAX), u64::from(u32::MAX) + 1, u64::MAX];
    let fresh = random();
    for (n, index) in jumps.into_iter().enumerate() {
        for ratchet in [None, Some(&fresh)] {
            let olm = [&[1][..], &altered(&honest[1..], ratchet, index)].concat();
            let letter = mallory.letter_around(&olm, 4_096);
            mallory.drop_in(&evil, letter);
        }
        mallory.say(&evil, "and on it goes");
        let (list, summary) = bob.pull_with(&PullOptions::default());
        let texts: Vec<_> = list.iter().map(|message| message.body.text().unwrap()).collect();
        assert_eq!((texts, summary.quarantined), (vec!["and on it goes"], 2), "{n}");
        assert!(summary.unreachable.is_none());
    }
}

/// P04: refused before anything is derived. Work is not measured by the clock: the library compares the gap
/// first, and says so by another error than that of a MAC which it computed and which does not hold.
#[test]
fn a_jump_is_refused_before_a_key_is_derived_for_it() {
    let (alice, mut bob) = (Account::new(), Account::new());
    bob.generate_fallback_key();
    let fallback = bob.fallback_key().into_values().next().unwrap();
    let config = SessionConfig::version_2();
    let mut sending = alice.create_outbound_session(config, bob.curve25519_key(), fallback).unwrap();
    let OlmMessage::PreKey(first) = sending.encrypt("first").unwrap() else { panic!("a pre-key message") };
    let mut receiving = bob.create_inbound_session(config, alice.curve25519_key(), &first).unwrap().session;
    let back = receiving.encrypt("back").unwrap();
    sending.decrypt(&back).unwrap();
    let (_, honest) = sending.encrypt("next").unwrap().to_parts();
    let before = serde_json::to_string(&receiving.pickle()).unwrap();
    let mut open = |index| {
        let forged = OlmMessage::from_parts(1, &altered(&honest, None, index)).unwrap();
        receiving.decrypt(&forged).unwrap_err()
    };
    for index in [JUMP_MAX + 1, u64::from(u32::MAX), u64::MAX] {
        let error = open(index);
        assert!(matches!(error, DecryptionError::TooBigMessageGap(gap, JUMP_MAX) if gap == index), "{error}");
    }
    assert!(matches!(open(JUMP_MAX), DecryptionError::InvalidMAC(_)), "this one was derived");
    assert_eq!(serde_json::to_string(&receiving.pickle()).unwrap(), before);
}

/// The MAC of 8 bytes that version 1 of a session has, for one message of version 2.
fn with_a_short_mac(olm: &[u8]) -> Vec<u8> {
    [&[3], &olm[1..olm.len() - 24]].concat()
}

/// Bodies that are no Olm message, and Olm messages that hold no Content. Each takes its step of the ratchet.
fn unreadable(mallory: &mut Peer) -> Vec<(&'static str, Vec<u8>)> {
    let content = mallory.text("malformed").to_bytes();
    let with = |at: usize, byte: u8| {
        let mut changed = content.clone();
        changed[at] = byte;
        changed
    };
    // message id, stream, number, flags
    let (number, flags) = (16 + 8, 16 + 8 + 8);
    let len = content.len();
    let contents = [
        ("nothing", vec![]),
        ("one byte", vec![0]),
        ("half a content", content[..len / 2].to_vec()),
        ("all but a byte", content[..len - 1].to_vec()),
        ("a byte too many", [&content[..], &[0]].concat()),
        ("number 2^63", with(number, 0x80)),
        ("every flag", with(flags, 0xff)),
        ("a text that is not UTF-8", with(len - 1, 0xff)),
        ("65,535 stamps in few bytes", with(len - "malformed".len() - 4, 0xff)),
        ("noise", (0..2_000).map(|n| (n * 7919 % 251) as u8).collect()),
    ];
    let mut list: Vec<_> = contents.map(|(what, content)| (what, mallory.ratchet(&content))).into();
    let good = mallory.ratchet(&content);
    list.push(("an empty body", vec![]));
    list.push(("a type of no message", [&[2], &good[1..]].concat()));
    list.push(("an ordinary message said to begin a session", [&[0], &good[1..]].concat()));
    list.push(("a version of no message", [&[1, 9], &good[2..]].concat()));
    list.push(("a message with a MAC of 8 bytes", [&[1][..], &with_a_short_mac(&good[1..])].concat()));
    list.push(("a length of 2^63", [&[1, 4, 0x0a], &[0xff; 9][..], &[0x7f]].concat()));
    for point in low_order_points() {
        list.push(("a ratchet key of low order", [&[1][..], &altered(&good[1..], Some(&point), 0)].concat()));
    }
    list
}

/// P03, S19: every malformed thing at every layer is set aside, and the good one behind it is shown.
#[test]
fn what_cannot_be_read_is_set_aside_and_the_next_is_shown() {
    let evil = Evil::start();
    let bob = evil.join("bob");
    let mut mallory = Peer::befriended(&evil, "mallory", &bob);
    for (what, body) in unreadable(&mut mallory) {
        let letter = mallory.letter_around(&body, 4_096);
        mallory.drop_in(&evil, letter);
        mallory.say(&evil, what);
        let (list, summary) = bob.pull_with(&PullOptions::default());
        let texts: Vec<_> = list.iter().map(|message| message.body.text().unwrap()).collect();
        assert_eq!((texts, summary.quarantined), (vec![what], 1));
        assert!(summary.unreachable.is_none(), "{what}");
    }
    bob.client().log("mallory", None).unwrap();
}

/// Contents that can be read, and hold the most, the least and the oddest of everything.
fn extreme(mallory: &mut Peer) -> Vec<Content> {
    let text = |mallory: &mut Peer, text: &str| mallory.text(text);
    let mut list = vec![
        text(mallory, ""),
        text(mallory, &"\0".repeat(900)),
        text(mallory, &"\n".repeat(60_000)),
        text(mallory, &"\u{1b}[2J\u{9b}\u{7f}".repeat(8_000)),
        text(mallory, &"Z\u{335}\u{353}\u{322}".repeat(8_000)),
        text(mallory, &"\u{10ffff}".repeat(15_000)),
    ];
    for kind in [17, 0x7f, 0xff] {
        let body = vec![0xff; 60_000];
        list.push(mallory.content(Kind::Unknown { kind, body }));
    }
    for kind in extreme_kinds() {
        list.push(mallory.content(kind));
    }
    // Well signed, and in no log; more of them than are kept.
    let mut record = mallory.record.clone();
    let mut next = &mallory.identity;
    let keys: Vec<_> = (0..10).map(|_| draw()).collect();
    let mut told = Vec::new();
    for key in &keys {
        record = sign_rotation(next, key, &record.body);
        next = key;
        let update = RecordUpdate {
            record: record.clone(),
            commitment_nonce: CommitmentNonce([0xff; 16]),
            leaf_index: u64::MAX,
        };
        told.push(Kind::RecordUpdate(Box::new(update)));
    }
    list.extend(told.into_iter().map(|kind| mallory.content(kind)));
    let mut late = mallory.text("from the end of time");
    (late.sent_at, late.gossip) = (UnixSeconds(u64::MAX), [0xff; 44]);
    list.push(late);
    let mut seen = mallory.text("who has seen it all");
    seen.seen = Some(Seen { stream: StreamId([0xff; 8]), through: (1 << 48) - 1 });
    list.push(seen);
    let mut offer = mallory.text("the last offer there is");
    offer.offer.as_mut().unwrap().day = Day(u16::MAX);
    list.push(offer);
    let mut stamps = mallory.text("256 stamps of nobody");
    let none = Stamp {
        generation: Generation(255),
        index: StampIndex(u16::MAX),
        secret: StampSecret([0xff; 16]),
        tag: StampTag([0xff; 16]),
    };
    stamps.stamps = vec![none; 256];
    list.push(stamps);
    let mut elsewhere = mallory.reply_path(0);
    (elsewhere.server_id, elsewhere.inbox) = (ServerId([0xff; 32]), DepositId([0xff; 16]));
    list.push(mallory.content(Kind::Accept(elsewhere)));
    let mut other = mallory.text("a stream of its own");
    (other.stream, other.number) = (StreamId([0; 8]), (1 << 48) - 1);
    list.push(other);
    list
}

/// Every kind with a body at its bounds, about messages that are not there.
fn extreme_kinds() -> Vec<Kind> {
    let message = MessageId([0xff; 16]);
    let long = "\u{202e}".repeat(19_000);
    let choices = (0..16).map(|n| format!("{n:0>100}")).collect();
    let head = |bytes| FileHead { bytes, hash: [0; 32], name: "../".repeat(85), text: long.clone() };
    vec![
        Kind::Question(Question { until: UnixSeconds(u64::MAX), choices, text: long.clone() }),
        Kind::Answer(Answer { question: message, text: long.clone() }),
        Kind::File(head(FILE_BYTES_MAX)),
        Kind::File(head(0)),
        Kind::FilePart(FilePart { file: message, index: 279, bytes: vec![0; 37_216] }),
        Kind::FilePart(FilePart { file: message, index: 0, bytes: vec![0; 60_000] }),
        Kind::Note(Note {
            quotes: Some(message),
            expire_s: NonZeroU32::new(EXPIRE_S_MAX),
            text: long.clone(),
        }),
        Kind::Timer(EXPIRE_S_MAX),
        Kind::Timer(0),
        Kind::Edit(Edit { message, text: long }),
        Kind::Delete(message),
        Kind::Head(Box::new(TreeHead {
            log_number: u32::MAX,
            size: u64::MAX,
            time: u64::MAX,
            ..TreeHead::EMPTY
        })),
        Kind::Receipt((0..64).map(|n| MessageId([n; 16])).collect()),
        Kind::Unopened((0..64).map(|n| EnvelopeHash([n; 16])).collect()),
    ]
}

/// P03: nothing that can be read stops a client: it is handed out once, stands in the log, and the conversation
/// goes on both ways.
#[test]
fn extreme_contents_are_taken_and_the_conversation_goes_on() {
    let evil = Evil::start();
    let bob = evil.join("bob");
    let mut mallory = Peer::befriended(&evil, "mallory", &bob);
    for content in extreme(&mut mallory) {
        let olm = mallory.ratchet(&content.to_bytes());
        let letter = mallory.letter_around(&olm, 65_536);
        mallory.drop_in(&evil, letter);
        mallory.say(&evil, "and on it goes");
        let (list, summary) = bob.pull_with(&PullOptions::default());
        let last = list.last().unwrap_or_else(|| panic!("{content:?}"));
        assert_eq!(last.body.text(), Some("and on it goes"), "{content:?}");
        assert_eq!((summary.quarantined, summary.unreachable), (0, None), "{content:?}");
        assert!(bob.texts().is_empty(), "once only");
    }
    assert_eq!(
        bob.number_in_vault("SELECT count(*) FROM record_update"),
        8,
        "keys that the log does not have"
    );
    let log = bob.client().log("mallory", None).unwrap();
    assert!(log.len() > 44, "{}", log.len());
    let sent = bob.client().send("mallory", "still here", &SendOptions::default()).unwrap();
    assert_eq!(sent.state, SentState::Stored);
    let heard = mallory.listen(&evil);
    assert!(heard.iter().any(|content| content.kind == Kind::Text("still here".into())), "{heard:?}");
}
