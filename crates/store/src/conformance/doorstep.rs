//! Cases: deposits without stamps.

use wire::limits::{DOORSTEP_DAILY_MAX, DOORSTEP_FREE_MAX, PUZZLE_STEP};
use wire::refusal::Puzzle;
use wire::stamp::PuzzleSolution;
use wire::{Cursor, Day, DepositAuth, DepositId, RefusalKind};

use super::Make;
use super::fixture::{Person, TODAY, deposit, envelope, stamped, unmarked, waiting};
use crate::DepositOutcome::{Again, Refused, Stored};
use crate::{DepositOutcome, DepositRequest, Options, Store};

/// Puzzles that cost a test nothing.
fn easy() -> Options {
    Options { puzzle_bits: 1, ..Options::default() }
}

/// What a polite client does: deposit, solve if asked, deposit again.
fn insist(store: &dyn Store, request: &DepositRequest) -> DepositOutcome {
    match deposit(store, request) {
        Refused(RefusalKind::Puzzle(puzzle)) => deposit(store, &solved(request, &puzzle)),
        outcome => outcome,
    }
}

fn solved(request: &DepositRequest, puzzle: &Puzzle) -> DepositRequest {
    let hash = crypto::envelope_hash(request.envelope.as_bytes());
    let nonce = crypto::solve_puzzle(&puzzle.seed, request.sid.as_bytes(), &hash, puzzle.bits, 1 << 24);
    let solution = PuzzleSolution { seed: puzzle.seed, nonce: nonce.expect("few bits") };
    DepositRequest { auth: DepositAuth::Open { puzzle: Some(solution) }, ..request.clone() }
}

fn fill(store: &dyn Store, sid: DepositId, numbers: core::ops::Range<u32>, today: Day) {
    for number in numbers {
        assert_eq!(insist(store, &unmarked(sid, number, today)), Stored, "deposit {number}");
    }
}

pub(super) fn a_doorstep_takes_one_size_only(make: Make<'_>) {
    let store = make(easy());
    let sid = Person::register(&*store, 1).doorstep(&*store);
    for bytes in [4_096, 65_536] {
        let request = DepositRequest { envelope: envelope(bytes, 1), ..unmarked(sid, 1, TODAY) };
        assert_eq!(deposit(&*store, &request), Refused(RefusalKind::EnvelopeSize));
    }
    assert_eq!(deposit(&*store, &unmarked(sid, 1, TODAY)), Stored);
}

pub(super) fn a_stamp_does_not_open_a_doorstep_nor_an_open_hand_an_inbox(make: Make<'_>) {
    let store = make(easy());
    let person = Person::register(&*store, 1);
    let (doorstep, inbox) = (person.doorstep(&*store), person.inbox(&*store));
    assert_eq!(deposit(&*store, &stamped(doorstep, 1, 1, 1)), Refused(RefusalKind::Stamp));
    let refused = Refused(RefusalKind::NoSuchMailbox);
    assert_eq!(deposit(&*store, &unmarked(inbox, 1, TODAY)), refused);
    assert_eq!(deposit(&*store, &unmarked(DepositId([0xee; 16]), 1, TODAY)), refused);
}

pub(super) fn a_retry_at_a_doorstep_is_free_and_stored_once(make: Make<'_>) {
    let store = make(easy());
    let sid = Person::register(&*store, 1).doorstep(&*store);
    let request = unmarked(sid, 1, TODAY);
    assert_eq!(deposit(&*store, &request), Stored);
    store.ack(&sid, Cursor(u64::MAX)).expect("works");
    for day in [0, 1, 14] {
        let later = DepositRequest { today: Day(TODAY.0 + day), ..request.clone() };
        assert_eq!(deposit(&*store, &later), Again, "after {day} days");
        store.sweep(later.today).expect("works");
    }
    fill(&*store, sid, 2..33, TODAY);
    assert!(waiting(&*store, &sid).len() == 31, "the retries lowered no allowance, the ack took the first");
}

pub(super) fn from_the_33rd_deposit_of_a_day_a_puzzle_is_asked(make: Make<'_>) {
    let store = make(Options { puzzle_bits: 12, ..Options::default() });
    let sid = Person::register(&*store, 1).doorstep(&*store);
    for number in 0..DOORSTEP_FREE_MAX {
        assert_eq!(deposit(&*store, &unmarked(sid, number, TODAY)), Stored);
    }
    let request = unmarked(sid, 99, TODAY);
    let Refused(RefusalKind::Puzzle(puzzle)) = deposit(&*store, &request) else {
        assert_eq!(deposit(&*store, &request), Stored, "a puzzle was to be asked");
        return;
    };
    assert_eq!((puzzle.bits, puzzle.until.0), (12, (u64::from(TODAY.0) + 1) * 86_400));
    assert_eq!(deposit(&*store, &solved(&request, &puzzle)), Stored);
    assert_eq!(deposit(&*store, &request), Again, "a retry needs no puzzle");
    assert_eq!(
        waiting(&*store, &sid).last().map(|stored| stored.auth),
        Some(DepositAuth::Open { puzzle: None })
    );
    let tomorrow = unmarked(sid, 100, Day(TODAY.0 + 1));
    assert_eq!(deposit(&*store, &tomorrow), Stored, "the first of a new day is free");
}

pub(super) fn puzzles_grow_with_what_the_doorstep_took_today(make: Make<'_>) {
    let store = make(Options { puzzle_bits: 6, ..Options::default() });
    let sid = Person::register(&*store, 1).doorstep(&*store);
    fill(&*store, sid, 0..DOORSTEP_FREE_MAX, TODAY);
    let mut asked = Vec::new();
    for number in DOORSTEP_FREE_MAX..DOORSTEP_DAILY_MAX {
        let request = unmarked(sid, number, TODAY);
        let Refused(RefusalKind::Puzzle(puzzle)) = deposit(&*store, &request) else {
            assert_eq!(number, u32::MAX, "no puzzle was asked");
            return;
        };
        asked.push(puzzle.bits);
        assert_eq!(deposit(&*store, &solved(&request, &puzzle)), Stored);
    }
    let expected: Vec<u8> = (6..14).flat_map(|bits| [bits; PUZZLE_STEP as usize]).collect();
    assert_eq!(asked, expected);
    let tomorrow = Day(TODAY.0 + 1);
    fill(&*store, sid, 500..500 + DOORSTEP_FREE_MAX, tomorrow);
    let first = deposit(&*store, &unmarked(sid, 600, tomorrow));
    assert!(matches!(first, Refused(RefusalKind::Puzzle(puzzle)) if puzzle.bits == 6), "{first:?}");
}

pub(super) fn a_puzzle_solved_for_another_envelope_or_day_is_asked_again(make: Make<'_>) {
    let store = make(Options { puzzle_bits: 14, ..Options::default() });
    let sid = Person::register(&*store, 1).doorstep(&*store);
    fill(&*store, sid, 0..DOORSTEP_FREE_MAX, TODAY);
    let request = unmarked(sid, 99, TODAY);
    let Refused(RefusalKind::Puzzle(puzzle)) = deposit(&*store, &request) else { return };
    let solution = solved(&request, &puzzle);
    let reused = DepositRequest { envelope: envelope(16_384, 100), ..solution.clone() };
    assert!(matches!(deposit(&*store, &reused), Refused(RefusalKind::Puzzle(_))));
    let DepositAuth::Open { puzzle: Some(good) } = solution.auth else { return };
    let other_seed = PuzzleSolution { seed: [0; 16], nonce: good.nonce };
    let forged = DepositRequest { auth: DepositAuth::Open { puzzle: Some(other_seed) }, ..request.clone() };
    assert!(matches!(deposit(&*store, &forged), Refused(RefusalKind::Puzzle(_))));
    let tomorrow = Day(TODAY.0 + 1);
    fill(&*store, sid, 200..200 + DOORSTEP_FREE_MAX, tomorrow);
    let late = DepositRequest { today: tomorrow, ..solution };
    assert!(
        matches!(deposit(&*store, &late), Refused(RefusalKind::Puzzle(next)) if next.seed != puzzle.seed)
    );
}

pub(super) fn beyond_the_daily_allowance_strangers_hear_busy(make: Make<'_>) {
    let store = make(easy());
    let sid = Person::register(&*store, 1).doorstep(&*store);
    fill(&*store, sid, 0..DOORSTEP_DAILY_MAX, TODAY);
    assert_eq!(insist(&*store, &unmarked(sid, 999, TODAY)), Refused(RefusalKind::Busy));
    assert_eq!(deposit(&*store, &unmarked(sid, 5, TODAY)), Again, "a retry costs nothing");
    assert_eq!(insist(&*store, &unmarked(sid, 999, Day(TODAY.0 + 1))), Stored);
}

pub(super) fn collecting_gives_no_allowance_back_before_midnight(make: Make<'_>) {
    let store = make(easy());
    let sid = Person::register(&*store, 1).doorstep(&*store);
    fill(&*store, sid, 0..DOORSTEP_DAILY_MAX, TODAY);
    store.ack(&sid, Cursor(u64::MAX)).expect("works");
    store.sweep(TODAY).expect("works");
    assert_eq!(insist(&*store, &unmarked(sid, 999, TODAY)), Refused(RefusalKind::Busy));
}

pub(super) fn the_allowance_shrinks_with_what_waits(make: Make<'_>) {
    let store = make(easy());
    let sid = Person::register(&*store, 1).doorstep(&*store);
    for day in 0..4 {
        let first = u32::from(day) * 1_000;
        fill(&*store, sid, first..first + DOORSTEP_DAILY_MAX, Day(TODAY.0 + day));
    }
    let fifth = Day(TODAY.0 + 4);
    store.sweep(fifth).expect("works");
    assert_eq!(insist(&*store, &unmarked(sid, 9_999, fifth)), Refused(RefusalKind::Busy), "512 wait");
    store.ack(&sid, Cursor(100)).expect("works");
    assert_eq!(
        insist(&*store, &unmarked(sid, 9_999, fifth)),
        Refused(RefusalKind::Busy),
        "not before midnight"
    );
    let sixth = Day(TODAY.0 + 5);
    fill(&*store, sid, 5_000..5_100, sixth);
    assert_eq!(insist(&*store, &unmarked(sid, 9_998, sixth)), Refused(RefusalKind::Busy), "512 − 412 = 100");
}
