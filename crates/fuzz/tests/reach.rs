//! The corpora get past the first checks: a target that is refused at the door finds nothing behind it.
#![allow(clippy::unwrap_used, clippy::panic)]

use core::hash::Hash;
use fuzz::corpus;
use fuzz::target::find;
use wire::kind;

/// What some input of the corpus must show.
#[track_caller]
fn assert_reached(target: &str, place: &str, seen: impl Hash + Copy + core::fmt::Debug) {
    let target = find(target).unwrap();
    let inputs = corpus::load(&target).unwrap();
    let reached = inputs.iter().any(|(_, input)| (target.run)(input).has(place, seen));
    assert!(reached, "no input of {} shows {place} {seen:?}", target.name);
}

#[test]
fn every_answer_of_a_server_is_said() {
    let said = [
        kind::WELCOME,
        kind::PONG,
        kind::REFUSED,
        kind::REGISTERED,
        kind::CHALLENGE,
        kind::REPLACED,
        kind::PUBLISHED,
        kind::RECORD,
        kind::BUNDLE,
        kind::LEAVES,
        kind::STORED,
        kind::CREATED,
        kind::OPENED,
        kind::COLLECTING,
        kind::DELIVER,
        kind::DRAINED,
        kind::ACKED,
        kind::GENERATED,
        kind::RETIRED,
        kind::CROSSED_OFF,
        kind::SUPERSEDED,
    ];
    said.into_iter().for_each(|kind| assert_reached("server", "said", kind));
}

#[test]
fn every_kind_of_frame_is_accepted() {
    for (kind, _) in kind::ALL {
        assert_reached("frames", "kind", (*kind, true));
    }
}

#[test]
fn proxies_speak_of_either_family() {
    [true, false].into_iter().for_each(|is_ipv4| assert_reached("proxy-header", "family", is_ipv4));
}

#[test]
fn clients_collect_and_ack() {
    assert_reached("client", "acked", "");
}

#[test]
fn envelopes_open_when_nothing_was_changed() {
    assert_reached("inbox", "base", (0_usize, true));
    assert_reached("inbox", "base", (1_usize, true));
    assert_reached("doorstep", "base", (0_usize, true));
    assert_reached("doorstep", "base", (1_usize, true));
}

#[test]
fn sealed_bodies_open_when_nothing_was_changed() {
    assert_reached("doorstep-body", "form", (1_u8, true));
    assert_reached("inbox-body", "opened", "");
    assert_reached("peer", "open", "");
    assert_reached("peer", "answer opened", "");
}

#[test]
fn recorded_snapshots_restore_and_work() {
    assert_reached("snapshot", "account used", "");
    assert_reached("snapshot", "conversation opens", "");
    assert_reached("snapshot", "conversation seals", "");
    assert_reached("snapshot", "verified", "");
}

#[test]
fn the_store_answers_every_question_over_its_own_and_over_damaged_rows() {
    for place in
        ["record", "bundle", "log", "register", "replace", "open", "collect", "ack", "owner", "sweep"]
    {
        assert_reached("rows", place, "");
    }
    assert_reached("rows", "raised", true);
    assert_reached("rows", "raised", false);
    assert_reached("rows", "record", "NotDone(Damaged)");
}

#[test]
fn configurations_and_questions_are_understood_and_refused() {
    assert_reached("config", "config", "");
    assert_reached("config", "host", true);
    assert_reached("question", "question", "");
    assert_reached("question", "question", "Syntax");
    assert_reached("question", "reply", "");
}

#[test]
fn backups_are_opened_and_their_records_read() {
    assert_reached("backup", "opened", (true, true));
    assert_reached("backup", "record", "");
    assert_reached("backup", "row", false);
}
