//! A key is replaced only by the holder of the old (or recovery) key, at this server, on this connection, now.

use crypto::IdentitySecret;
use proto::{Now, signed};
use wire::limits::{CHALLENGE_MS_MAX, CHALLENGES_PER_CONNECTION_MAX};
use wire::request::{Answer, AnswerKind, Binding, ChallengeProof, ConnectionProof};
use wire::response::Challenge;
use wire::{
    ConnectionKind, IdentityRecord, RecoveryCommitment, RefusalKind, Response, ServerId, WelcomeNonce,
};

use crate::people::*;
use crate::relay::Relay;
use crate::stories::join;
use crate::wire_between::{Chop, Pair};

/// Alice's name is taken; somebody claims it and is challenged.
fn challenged(relay: &mut Relay, nonce: u8) -> (Pair, Challenge) {
    let mut pair = Pair::new(ConnectionKind::Registry, Chop::Whole, nonce);
    let challenge = claim_again(relay, &mut pair);
    (pair, challenge)
}

fn claim_again(relay: &mut Relay, pair: &mut Pair) -> Challenge {
    match pair.ask(relay, claim(rival_record(2))) {
        Response::Challenge(challenge) => challenge,
        other => panic!("not challenged: {other:?}"),
    }
}

fn answer(
    kind: AnswerKind,
    record: IdentityRecord,
    authority: &IdentitySecret,
    challenge: &Challenge,
    connection: &ConnectionProof,
) -> Answer {
    let key = wire::PublicKey(authority.public().to_bytes());
    let subject = ChallengeProof {
        name: &record.body.name,
        old: challenge.record_hash,
        new: signed::record_hash(&record.body),
        nonce: challenge.nonce,
        authority: &key,
    };
    let proof = signed::sign_challenge(authority, kind, &subject, connection);
    Answer { kind, record, vouchers: vouchers(0x60), proof }
}

fn rotation() -> IdentityRecord {
    signed::sign_rotation(&identity(1), &identity(2), &first_record().body)
}

fn right_answer(pair: &Pair, challenge: &Challenge) -> Answer {
    answer(AnswerKind::Rotate, rotation(), &identity(1), challenge, &pair.client.proof().unwrap())
}

#[track_caller]
fn assert_refused(relay: &mut Relay, pair: &mut Pair, answer: Answer) {
    let before = relay.records.clone();
    let Response::Refused(refusal) = pair.ask(relay, answer) else { panic!("a wrong answer was taken") };
    assert_eq!(refusal.kind, RefusalKind::ChallengeFailed);
    assert_eq!(relay.records, before, "nothing changes");
}

fn joined() -> Relay {
    let mut relay = Relay::default();
    join(&mut relay, Chop::Whole);
    relay
}

#[test]
fn the_holder_of_the_registered_key_rotates_it() {
    let relay = &mut joined();
    let (mut pair, challenge) = challenged(relay, 9);
    assert_eq!(challenge.record_hash, signed::record_hash(&first_record().body));
    let answer = right_answer(&pair, &challenge);
    assert!(matches!(pair.ask(relay, answer), Response::Replaced(_)));
    assert_eq!(relay.newest(&name("alice")).unwrap(), &rotation());
    assert_eq!(relay.log.last(), Some(&"rotate"));
}

#[test]
fn the_holder_of_the_recovery_key_recovers_the_name() {
    let relay = &mut joined();
    let (mut pair, challenge) = challenged(relay, 9);
    let record =
        signed::sign_recovery(&recovery_key(), &identity(2), commitment(&identity(50)), &first_record().body);
    let proof = pair.client.proof().unwrap();
    let answer = answer(AnswerKind::Recover, record, &recovery_key(), &challenge, &proof);
    assert!(matches!(pair.ask(relay, answer), Response::Replaced(_)));
    assert_eq!(relay.log.last(), Some(&"recover"));
}

#[test]
fn a_name_that_was_given_up_stays_given_up() {
    let relay = &mut joined();
    let (mut pair, challenge) = challenged(relay, 9);
    let proof = pair.client.proof().unwrap();
    let record = signed::sign_tombstone(&identity(1), &first_record().body);
    let farewell = answer(AnswerKind::Tombstone, record.clone(), &identity(1), &challenge, &proof);
    assert!(matches!(pair.ask(relay, farewell), Response::Replaced(_)));
    let challenge = claim_again(relay, &mut pair);
    let back = signed::sign_rotation(&identity(1), &identity(2), &record.body);
    let regret = answer(AnswerKind::Rotate, back, &identity(1), &challenge, &proof);
    assert_refused(relay, &mut pair, regret);
    let Response::Refused(refusal) = pair.ask(relay, publish(2)) else { panic!() };
    assert_eq!(refusal.kind, RefusalKind::NoSuchName);
}

#[test]
fn an_answer_without_a_challenge_is_refused() {
    let relay = &mut joined();
    let (first, challenge) = challenged(relay, 9);
    let answer = right_answer(&first, &challenge);
    let mut pair = Pair::new(ConnectionKind::Registry, Chop::Whole, 9);
    assert_refused(relay, &mut pair, answer);
}

#[test]
fn a_right_answer_is_taken_once() {
    let relay = &mut joined();
    let (mut pair, challenge) = challenged(relay, 9);
    let answer = right_answer(&pair, &challenge);
    assert!(matches!(pair.ask(relay, answer.clone()), Response::Replaced(_)));
    assert_refused(relay, &mut pair, answer);
}

/// Also two answers pipelined behind one challenge, with storage still busy with the first.
#[test]
fn of_two_answers_on_the_way_the_second_is_refused() {
    let relay = &mut joined();
    let (mut pair, challenge) = challenged(relay, 9);
    let answer = right_answer(&pair, &challenge);
    let first = pair.client.request(pair.now, answer.clone()).unwrap();
    let second = pair.client.request(pair.now, answer).unwrap();
    while let Some(frame) = pair.client.poll_output() {
        pair.server.handle_input(pair.now, &frame);
    }
    pair.settle(relay);
    assert!(matches!(pair.answer_to(first), Response::Replaced(_)));
    assert!(matches!(pair.answer_to(second), Response::Refused(_)));
}

/// C01: the nonce is spent by a wrong answer too.
#[test]
fn a_wrong_answer_spends_the_nonce() {
    let relay = &mut joined();
    let (mut pair, challenge) = challenged(relay, 9);
    let good = right_answer(&pair, &challenge);
    let mut bad = good.clone();
    bad.proof.0[100] ^= 1;
    assert_refused(relay, &mut pair, bad);
    assert_eq!(relay.log.last(), Some(&"answer wrong"), "counted by source and in total");
    assert_refused(relay, &mut pair, good);
}

#[test]
fn every_flipped_part_of_an_answer_is_refused() {
    type Spoil = fn(&mut Answer);
    let spoils: [(&str, Spoil); 9] = [
        ("classical half of the proof", |answer| answer.proof.0[3] ^= 1),
        ("post-quantum half of the proof", |answer| answer.proof.0[1000] ^= 1),
        ("sig_new", |answer| answer.record.sig_new.0[5] ^= 1),
        ("sequence number", |answer| answer.record.body.seq += 1),
        ("hash of the predecessor", |answer| answer.record.body.prev_hash.0[0] ^= 1),
        ("recovery commitment", |answer| answer.record.body.recovery = RecoveryCommitment([7; 32])),
        ("identity key", |answer| answer.record.body.identity_key = first_record().body.identity_key),
        ("server", |answer| answer.record.body.server_id = ServerId([1; 32])),
        ("kind", |answer| answer.kind = AnswerKind::Tombstone),
    ];
    let tried = spoils.len();
    for (what, spoil) in spoils {
        let relay = &mut joined();
        let (mut pair, challenge) = challenged(relay, 9);
        let mut answer = right_answer(&pair, &challenge);
        spoil(&mut answer);
        let Response::Refused(refusal) = pair.ask(relay, answer) else { panic!("{what} is not covered") };
        assert_eq!(refusal.kind, RefusalKind::ChallengeFailed, "{what}");
        assert_eq!(relay.records[&name("alice")].len(), 1, "{what}");
    }
    println!("promise P7: {tried} answers forged in one part, 0 accepted");
}

#[test]
fn the_claimants_own_key_is_no_authority() {
    let relay = &mut joined();
    let (mut pair, challenge) = challenged(relay, 9);
    let proof = pair.client.proof().unwrap();
    let forged = signed::sign_rotation(&identity(2), &identity(2), &first_record().body);
    assert_refused(relay, &mut pair, answer(AnswerKind::Rotate, forged, &identity(2), &challenge, &proof));
}

#[test]
fn another_recovery_key_than_the_committed_one_recovers_nothing() {
    let relay = &mut joined();
    let (mut pair, challenge) = challenged(relay, 9);
    let proof = pair.client.proof().unwrap();
    let forged =
        signed::sign_recovery(&identity(66), &identity(2), commitment(&identity(66)), &first_record().body);
    assert_refused(relay, &mut pair, answer(AnswerKind::Recover, forged, &identity(66), &challenge, &proof));
}

/// The old record's public signature alone is not fresh: the proof must be by the same key.
#[test]
fn a_record_signed_long_ago_needs_a_proof_of_today() {
    let relay = &mut joined();
    let (mut pair, challenge) = challenged(relay, 9);
    let proof = pair.client.proof().unwrap();
    assert_refused(
        relay,
        &mut pair,
        answer(AnswerKind::Rotate, rotation(), &identity(2), &challenge, &proof),
    );
}

/// C03: an evil server passes our challenge on; the victim answers for the server that it sees.
#[test]
fn an_answer_relayed_from_another_server_is_refused() {
    let relay = &mut joined();
    let (mut pair, challenge) = challenged(relay, 9);
    let there = ConnectionProof { server_id: ServerId([0xee; 32]), ..pair.client.proof().unwrap() };
    assert_refused(
        relay,
        &mut pair,
        answer(AnswerKind::Rotate, rotation(), &identity(1), &challenge, &there),
    );
    println!("promise P7: 1 right answer relayed from another server, 0 accepted");
}

/// C02: recorded on one connection, replayed on another with the same challenge nonce.
#[test]
fn an_answer_for_another_connection_is_refused() {
    let relay = &mut joined();
    let (mut pair, challenge) = challenged(relay, 9);
    let there = ConnectionProof { welcome_nonce: WelcomeNonce([8; 32]), ..pair.client.proof().unwrap() };
    assert_refused(
        relay,
        &mut pair,
        answer(AnswerKind::Rotate, rotation(), &identity(1), &challenge, &there),
    );
    println!("promise P7: 1 right answer replayed on another connection, 0 accepted");
}

#[test]
fn an_answer_bound_to_another_channel_is_refused() {
    let bindings = [Binding::None, Binding::TlsExporter([0xb2; 32])];
    for binding in bindings {
        let relay = &mut joined();
        let (mut pair, challenge) = challenged(relay, 9);
        let there = ConnectionProof { binding, ..pair.client.proof().unwrap() };
        assert_refused(
            relay,
            &mut pair,
            answer(AnswerKind::Rotate, rotation(), &identity(1), &challenge, &there),
        );
    }
    println!("promise P7: {} answers bound to another channel, 0 accepted", bindings.len());
}

#[test]
fn an_answer_of_another_protocol_version_is_refused() {
    let relay = &mut joined();
    let (mut pair, challenge) = challenged(relay, 9);
    let there = ConnectionProof { version: 2, ..pair.client.proof().unwrap() };
    assert_refused(
        relay,
        &mut pair,
        answer(AnswerKind::Rotate, rotation(), &identity(1), &challenge, &there),
    );
}

#[test]
fn a_challenge_lives_sixty_seconds() {
    for (waited, taken) in [(CHALLENGE_MS_MAX - 1, true), (CHALLENGE_MS_MAX, false)] {
        let relay = &mut joined();
        let (mut pair, challenge) = challenged(relay, 9);
        let answer = right_answer(&pair, &challenge);
        pair.now = Now(pair.now.0 + waited);
        match taken {
            true => assert!(matches!(pair.ask(relay, answer), Response::Replaced(_))),
            false => assert_refused(relay, &mut pair, answer),
        }
    }
}

#[test]
fn a_new_challenge_for_a_name_voids_the_one_before() {
    let relay = &mut joined();
    let (mut pair, first) = challenged(relay, 9);
    let second = claim_again(relay, &mut pair);
    assert_ne!(first.nonce, second.nonce);
    let answer = right_answer(&pair, &first);
    assert_refused(relay, &mut pair, answer);
}

/// R09: half-open key replacements are bounded, and are given free by time.
#[test]
fn open_challenges_of_a_connection_are_bounded() {
    let relay = &mut Relay::default();
    let mut pair = Pair::new(ConnectionKind::Registry, Chop::Whole, 9);
    let record = |n: usize, key: u8| {
        signed::sign_first(&identity(key), name(&format!("name{n}")), SERVER, commitment(&recovery_key()))
    };
    for n in 0..=CHALLENGES_PER_CONNECTION_MAX {
        assert!(matches!(pair.ask(relay, claim(record(n, 1))), Response::Registered(_)));
        let second = pair.ask(relay, claim(record(n, 2)));
        match n < CHALLENGES_PER_CONNECTION_MAX {
            true => assert!(matches!(second, Response::Challenge(_))),
            false => assert_eq!(second, Response::Refused(RefusalKind::Busy.into())),
        }
    }
    pair.now = Now(pair.now.0 + CHALLENGE_MS_MAX);
    assert!(matches!(pair.ask(relay, claim(record(0, 2))), Response::Challenge(_)));
}

#[test]
fn a_claim_for_another_server_or_with_a_bad_signature_never_reaches_the_directory() {
    let elsewhere =
        signed::sign_first(&identity(1), name("alice"), ServerId([1; 32]), commitment(&recovery_key()));
    let mut unsigned = first_record();
    unsigned.sig_new.0[0] ^= 1;
    let without_recovery =
        signed::sign_first(&identity(1), name("alice"), SERVER, RecoveryCommitment([0; 32]));
    for record in [elsewhere, unsigned, rotation(), without_recovery] {
        let relay = &mut Relay::default();
        let mut pair = Pair::new(ConnectionKind::Registry, Chop::Whole, 9);
        assert_eq!(pair.ask(relay, claim(record)), Response::Refused(RefusalKind::Signature.into()));
        assert!(relay.log.is_empty());
    }
}

#[test]
fn a_bundle_of_another_identity_is_not_published() {
    let relay = &mut joined();
    let mut pair = Pair::new(ConnectionKind::Registry, Chop::Whole, 9);
    let mut spoiled = publish(2);
    spoiled.bundle.body.counter = 3;
    let mut foreign = publish(2);
    foreign.bundle = bundle(&identity(2), 2);
    for publish in [spoiled, foreign] {
        assert_eq!(pair.ask(relay, publish), Response::Refused(RefusalKind::Signature.into()));
    }
    let mut nobodys = publish(2);
    nobodys.name = name("bob");
    assert_eq!(pair.ask(relay, nobodys), Response::Refused(RefusalKind::NoSuchName.into()));
    assert_eq!(relay.bundles[&name("alice")].body.counter, 1);
}
