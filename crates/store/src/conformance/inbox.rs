//! Cases: deposits under stamps.

use wire::{Cursor, DepositAuth, DepositId, Generation, RefusalKind, StampIndex, StampTag};

use super::Make;
use super::fixture::{Person, TODAY, deposit, envelope, stamped, stamped_with, waiting};
use crate::DepositOutcome::{Again, Refused, Stored};
use crate::Options;

pub(super) fn a_deposit_is_collected_as_it_was_dropped(make: Make<'_>) {
    let store = make(Options::default());
    let sid = Person::register(&*store, 1).inbox(&*store);
    let request = stamped(sid, 1, 7, 1);
    assert_eq!(deposit(&*store, &request), Stored);
    let found = waiting(&*store, &sid);
    let found: Vec<_> = found.iter().map(|stored| (stored.auth, stored.envelope.clone())).collect();
    assert_eq!(found, [(request.auth, request.envelope)]);
}

pub(super) fn a_batch_keeps_its_order_and_answers_each_in_its_place(make: Make<'_>) {
    let store = make(Options::default());
    let (one, two) =
        (Person::register(&*store, 1).inbox(&*store), Person::register(&*store, 2).inbox(&*store));
    let batch = vec![
        stamped(one, 1, 0, 10),
        stamped(two, 1, 0, 20),
        stamped(one, 9, 0, 30),
        stamped(one, 1, 1, 11),
        stamped(one, 1, 0, 10),
        stamped(one, 1, 0, 12),
        stamped(two, 1, 1, 21),
    ];
    let outcomes: Vec<_> =
        store.deposit(batch.clone()).into_iter().map(|outcome| outcome.expect("works")).collect();
    let refused = Refused(RefusalKind::Stamp);
    assert_eq!(outcomes, [Stored, Stored, refused, Stored, Again, Refused(RefusalKind::Spent), Stored]);
    let at =
        |sid: DepositId| waiting(&*store, &sid).into_iter().map(|stored| stored.envelope).collect::<Vec<_>>();
    assert_eq!(at(one), [envelope(4_096, 10), envelope(4_096, 11)]);
    assert_eq!(at(two), [envelope(4_096, 20), envelope(4_096, 21)]);
    assert!(store.deposit(Vec::new()).is_empty());
}

pub(super) fn the_same_deposit_is_stored_once_and_answered_for_ever(make: Make<'_>) {
    let store = make(Options::default());
    let sid = Person::register(&*store, 1).inbox(&*store);
    let request = stamped(sid, 1, 7, 1);
    assert_eq!(deposit(&*store, &request), Stored);
    assert_eq!(deposit(&*store, &request), Again);
    assert_eq!(waiting(&*store, &sid).len(), 1);
    store.ack(&sid, Cursor(u64::MAX)).expect("works");
    assert_eq!(deposit(&*store, &request), Again, "a retry must not reveal that it was collected");
    assert!(waiting(&*store, &sid).is_empty());
}

pub(super) fn a_stamp_spent_on_another_envelope_is_refused(make: Make<'_>) {
    let store = make(Options::default());
    let sid = Person::register(&*store, 1).inbox(&*store);
    assert_eq!(deposit(&*store, &stamped(sid, 1, 7, 1)), Stored);
    assert_eq!(deposit(&*store, &stamped(sid, 1, 7, 2)), Refused(RefusalKind::Spent));
    assert_eq!(deposit(&*store, &stamped(sid, 1, 7, 1)), Again);
    assert_eq!(deposit(&*store, &stamped(sid, 1, 8, 2)), Stored);
}

pub(super) fn within_one_batch_a_stamp_is_spent_once(make: Make<'_>) {
    let store = make(Options::default());
    let sid = Person::register(&*store, 1).inbox(&*store);
    let batch = vec![stamped(sid, 1, 7, 1), stamped(sid, 1, 7, 2), stamped(sid, 1, 7, 1)];
    let outcomes: Vec<_> = store.deposit(batch).into_iter().map(|outcome| outcome.expect("works")).collect();
    assert_eq!(outcomes, [Stored, Refused(RefusalKind::Spent), Again]);
    assert_eq!(waiting(&*store, &sid).len(), 1);
}

pub(super) fn unknown_mailboxes_and_bad_stamps_look_alike(make: Make<'_>) {
    let store = make(Options::default());
    let sid = Person::register(&*store, 1).inbox(&*store);
    let nowhere = DepositId([0xee; 16]);
    let refused = Refused(RefusalKind::Stamp);
    assert_eq!(deposit(&*store, &stamped(nowhere, 1, 7, 1)), refused);
    assert_eq!(deposit(&*store, &stamped(sid, 2, 7, 1)), refused, "a generation that never was");
    let mut elsewhere = stamped(nowhere, 1, 7, 1);
    elsewhere.sid = sid;
    assert_eq!(deposit(&*store, &elsewhere), refused, "a stamp of another mailbox");
    assert!(waiting(&*store, &sid).is_empty());
    assert!(waiting(&*store, &nowhere).is_empty());
}

pub(super) fn a_damaged_commitment_or_mark_is_refused(make: Make<'_>) {
    let store = make(Options::default());
    let sid = Person::register(&*store, 1).inbox(&*store);
    let good = stamped(sid, 1, 7, 1);
    let DepositAuth::Stamped { commitment, tag, mac, .. } = good.auth else { return };
    for place in 0..16 {
        let mut bad = tag.0;
        bad.get_mut(place).into_iter().for_each(|byte| *byte ^= 1);
        let auth = DepositAuth::Stamped {
            generation: Generation(1),
            index: StampIndex(7),
            commitment,
            tag: StampTag(bad),
            mac,
        };
        let request = crate::DepositRequest { auth, ..good.clone() };
        assert_eq!(deposit(&*store, &request), Refused(RefusalKind::Stamp));
        let auth = DepositAuth::Stamped {
            generation: Generation(1),
            index: StampIndex(7),
            commitment: bad.into(),
            tag,
            mac,
        };
        let request = crate::DepositRequest { auth, ..good.clone() };
        assert_eq!(deposit(&*store, &request), Refused(RefusalKind::Stamp));
    }
    assert_eq!(deposit(&*store, &good), Stored);
}

pub(super) fn a_full_inbox_says_so_to_stamp_holders_only(make: Make<'_>) {
    let store = make(Options { inbox_envelopes_max: 4, ..Options::default() });
    let sid = Person::register(&*store, 1).inbox(&*store);
    for number in 0..8 {
        assert_eq!(deposit(&*store, &stamped(sid, 1, number, 1)), Stored, "exact only at twice the quota");
    }
    assert_eq!(deposit(&*store, &stamped(sid, 1, 8, 1)), Refused(RefusalKind::Full));
    assert_eq!(deposit(&*store, &stamped(sid, 1, 0, 1)), Again, "retries are judged before the quota");
    assert_eq!(deposit(&*store, &stamped(sid, 1, 0, 2)), Refused(RefusalKind::Spent));
    assert_eq!(
        deposit(&*store, &stamped(sid, 2, 0, 1)),
        Refused(RefusalKind::Stamp),
        "no stamp, no word of it"
    );
}

pub(super) fn fullness_spends_no_stamp_and_changes_only_with_the_hourly_count(make: Make<'_>) {
    let store = make(Options { inbox_envelopes_max: 4, ..Options::default() });
    let sid = Person::register(&*store, 1).inbox(&*store);
    for number in 0..4 {
        assert_eq!(deposit(&*store, &stamped(sid, 1, number, 1)), Stored);
    }
    store.sweep(TODAY).expect("works");
    let late = stamped(sid, 1, 9, 1);
    assert_eq!(deposit(&*store, &late), Refused(RefusalKind::Full));
    store.ack(&sid, Cursor(u64::MAX)).expect("works");
    assert_eq!(deposit(&*store, &late), Refused(RefusalKind::Full), "collecting must not show at once");
    store.sweep(TODAY).expect("works");
    assert_eq!(deposit(&*store, &late), Stored);
}

pub(super) fn an_inbox_takes_every_size_and_counts_bytes(make: Make<'_>) {
    let store = make(Options { inbox_bytes_max: 128 * 1024, ..Options::default() });
    let sid = Person::register(&*store, 1).inbox(&*store);
    let sizes = [4_096, 16_384, 65_536, 65_536, 65_536];
    for (number, bytes) in (0..).zip(sizes) {
        let request = stamped_with(sid, 1, number, envelope(bytes, 1), TODAY);
        assert_eq!(deposit(&*store, &request), Stored);
    }
    let found = waiting(&*store, &sid);
    assert!(found.iter().map(|stored| stored.envelope.as_bytes().len()).eq(sizes));
    let request = stamped_with(sid, 1, 20, envelope(65_536, 1), TODAY);
    assert_eq!(deposit(&*store, &request), Refused(RefusalKind::Full), "256 KiB would be passed");
}
