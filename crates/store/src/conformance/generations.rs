//! Cases: stamp generations.

use wire::{Cursor, DepositId, Generation, RefusalKind, StampIndex, StampKey};

use super::Make;
use super::fixture::{Person, deposit, stamp_key, stamped, waiting};
use crate::DepositOutcome::{Again, Refused as Denied, Stored};
use crate::GenerationOutcome::{Done, More, Refused};
use crate::{Options, ROWS_AT_ONCE};

pub(super) fn a_generation_is_accepted_from_generate_to_retire(make: Make<'_>) {
    let store = make(Options::default());
    let sid = Person::register(&*store, 1).inbox(&*store);
    assert_eq!(deposit(&*store, &stamped(sid, 2, 0, 1)), Denied(RefusalKind::Stamp));
    assert_eq!(store.generate(&sid, Generation(2), &stamp_key(2)), Ok(Done));
    assert_eq!(deposit(&*store, &stamped(sid, 2, 0, 1)), Stored);
    assert_eq!(deposit(&*store, &stamped(sid, 1, 0, 2)), Stored);
    assert_eq!(store.retire(&sid, Generation(1)), Ok(Done));
    assert_eq!(deposit(&*store, &stamped(sid, 1, 1, 3)), Denied(RefusalKind::Stamp));
    assert_eq!(
        deposit(&*store, &stamped(sid, 1, 0, 2)),
        Denied(RefusalKind::Stamp),
        "its spent records are gone"
    );
    assert_eq!(waiting(&*store, &sid).len(), 2, "what waits stays");
    assert_eq!(deposit(&*store, &stamped(sid, 2, 0, 1)), Again, "another generation's spent records stay");
}

pub(super) fn many_spent_records_go_by_and_by(make: Make<'_>) {
    let store = make(Options::default());
    let sid = Person::register(&*store, 1).inbox(&*store);
    let indices: Vec<StampIndex> = (0..=u16::MAX).map(StampIndex).take(2 * ROWS_AT_ONCE + 1).collect();
    assert_eq!(store.cross_off(&sid, Generation(1), &indices), Ok(Done));
    for retired in [More, More, Done, Done] {
        assert_eq!(store.retire(&sid, Generation(1)), Ok(retired));
        assert_eq!(
            deposit(&*store, &stamped(sid, 1, u16::MAX, 1)),
            Denied(RefusalKind::Stamp),
            "the key is the first to go"
        );
    }
}

pub(super) fn a_generation_number_is_used_once(make: Make<'_>) {
    let store = make(Options::default());
    let sid = Person::register(&*store, 1).inbox(&*store);
    assert_eq!(store.generate(&sid, Generation(1), &stamp_key(1)), Ok(Done), "the identical request");
    let refused = Ok(Refused(RefusalKind::Generation));
    assert_eq!(store.generate(&sid, Generation(1), &StampKey([9; 32])), refused);
    assert_eq!(store.retire(&sid, Generation(1)), Ok(Done));
    assert_eq!(store.retire(&sid, Generation(1)), Ok(Done), "the identical request");
    assert_eq!(store.generate(&sid, Generation(1), &stamp_key(1)), refused);
    assert_eq!(store.retire(&sid, Generation(200)), refused);
}

pub(super) fn at_most_four_generations_live(make: Make<'_>) {
    let store = make(Options::default());
    let sid = Person::register(&*store, 1).inbox(&*store);
    for number in [255, 0, 128] {
        assert_eq!(store.generate(&sid, Generation(number), &stamp_key(number)), Ok(Done));
    }
    let refused = Ok(Refused(RefusalKind::Generation));
    assert_eq!(store.generate(&sid, Generation(7), &stamp_key(7)), refused);
    assert_eq!(store.retire(&sid, Generation(0)), Ok(Done));
    assert_eq!(store.generate(&sid, Generation(7), &stamp_key(7)), Ok(Done));
    for number in [1, 7, 128, 255] {
        assert_eq!(deposit(&*store, &stamped(sid, number, 0, u32::from(number))), Stored);
    }
}

pub(super) fn crossed_off_stamps_keep_saying_stored(make: Make<'_>) {
    let store = make(Options::default());
    let sid = Person::register(&*store, 1).inbox(&*store);
    let crossed = [StampIndex(3), StampIndex(4)];
    assert_eq!(store.cross_off(&sid, Generation(1), &crossed), Ok(Done));
    assert_eq!(store.cross_off(&sid, Generation(1), &crossed), Ok(Done));
    assert_eq!(deposit(&*store, &stamped(sid, 1, 3, 1)), Stored);
    assert_eq!(deposit(&*store, &stamped(sid, 1, 3, 1)), Again, "as with any other stamp");
    assert_eq!(
        deposit(&*store, &stamped(sid, 1, 3, 2)),
        Denied(RefusalKind::Spent),
        "as with any other stamp"
    );
    assert_eq!(store.cross_off(&sid, Generation(1), &crossed), Ok(Done));
    assert_eq!(deposit(&*store, &stamped(sid, 1, 3, 1)), Again, "crossing off again forgets nothing");
    assert_eq!(deposit(&*store, &stamped(sid, 1, 5, 3)), Stored);
    assert_eq!(waiting(&*store, &sid).len(), 1, "only what was not crossed off");
}

pub(super) fn crossing_off_leaves_spent_stamps_alone(make: Make<'_>) {
    let store = make(Options::default());
    let sid = Person::register(&*store, 1).inbox(&*store);
    assert_eq!(deposit(&*store, &stamped(sid, 1, 3, 1)), Stored);
    assert_eq!(store.cross_off(&sid, Generation(1), &[StampIndex(3)]), Ok(Done));
    assert_eq!(waiting(&*store, &sid).len(), 1);
    assert_eq!(deposit(&*store, &stamped(sid, 1, 3, 1)), Again);
    assert_eq!(deposit(&*store, &stamped(sid, 1, 3, 2)), Denied(RefusalKind::Spent));
    store.ack(&sid, Cursor(u64::MAX)).expect("works");
}

pub(super) fn generations_of_a_doorstep_or_of_nobody_are_refused(make: Make<'_>) {
    let store = make(Options::default());
    let person = Person::register(&*store, 1);
    let (doorstep, nowhere) = (person.doorstep(&*store), DepositId([0xee; 16]));
    for sid in [doorstep, nowhere] {
        let refused = Ok(Refused(RefusalKind::NoSuchMailbox));
        assert_eq!(store.generate(&sid, Generation(1), &stamp_key(1)), refused);
        assert_eq!(store.retire(&sid, Generation(1)), refused);
        let refused = Ok(Refused(RefusalKind::Generation));
        assert_eq!(store.cross_off(&sid, Generation(1), &[StampIndex(1)]), refused);
    }
}
