//! Cases: creating, opening, collecting, acking.

use wire::request::MailboxPolicy;
use wire::{Cursor, Day, DepositId, Generation, OwnerId, OwnerKey, VoucherHash};

use super::Make;
use super::fixture::{Person, TODAY, deposit, envelope, stamped, unmarked, waiting};
use crate::DepositOutcome::Stored;
use crate::{CreateOutcome, Options, OwnerView};

pub(super) fn a_voucher_makes_one_mailbox(make: Make<'_>) {
    let store = make(Options::default());
    let person = Person::register(&*store, 1);
    let [first, second, ..] = person.vouchers(0);
    let new = person.new_mailbox(MailboxPolicy::Inbox, TODAY);
    assert_eq!(store.create(new, &VoucherHash([0xcc; 32])), Ok(CreateOutcome::BadVoucher), "unknown");
    assert_eq!(store.create(new, &first), Ok(CreateOutcome::Created(new.sid)));
    let other = person.new_mailbox(MailboxPolicy::Doorstep, TODAY);
    assert_eq!(store.create(other, &first), Ok(CreateOutcome::BadVoucher), "spent");
    assert_eq!(store.create(other, &second), Ok(CreateOutcome::Created(other.sid)));
    assert_eq!(store.totals().mailboxes, 2);
}

pub(super) fn an_identical_create_gets_the_same_answer(make: Make<'_>) {
    let store = make(Options::default());
    let person = Person::register(&*store, 1);
    let [voucher, ..] = person.vouchers(0);
    let new = person.new_mailbox(MailboxPolicy::Inbox, TODAY);
    assert_eq!(store.create(new, &voucher), Ok(CreateOutcome::Created(new.sid)));
    let again = crate::NewMailbox { sid: DepositId([0xaa; 16]), ..new };
    assert_eq!(
        store.create(again, &voucher),
        Ok(CreateOutcome::Again(new.sid)),
        "the server drew another sid"
    );
}

pub(super) fn a_known_rid_is_refused_to_other_requests(make: Make<'_>) {
    let store = make(Options::default());
    let person = Person::register(&*store, 1);
    let [first, second, ..] = person.vouchers(0);
    let new = person.new_mailbox(MailboxPolicy::Inbox, TODAY);
    assert_eq!(store.create(new, &first), Ok(CreateOutcome::Created(new.sid)));
    let thief = crate::NewMailbox { owner_key: OwnerKey([0x66; 32]), ..new };
    assert_eq!(store.create(thief, &first), Ok(CreateOutcome::RidTaken));
    let changed = crate::NewMailbox { policy: MailboxPolicy::Doorstep, ..new };
    assert_eq!(store.create(changed, &first), Ok(CreateOutcome::RidTaken));
    assert_eq!(store.create(new, &second), Ok(CreateOutcome::RidTaken));
    let other = person.new_mailbox(MailboxPolicy::Doorstep, TODAY);
    assert_eq!(
        store.create(other, &second),
        Ok(CreateOutcome::Created(other.sid)),
        "the voucher is still good"
    );
}

pub(super) fn many_mailboxes_do_not_mix(make: Make<'_>) {
    let store = make(Options::default());
    let sids: Vec<_> = (1..=12).map(|number| Person::register(&*store, number).inbox(&*store)).collect();
    for round in 0..5u32 {
        let batch: Vec<_> = (0..)
            .zip(&sids)
            .map(|(place, sid)| stamped(*sid, 1, u16::try_from(round).unwrap_or(0), round * 100 + place))
            .collect();
        for outcome in store.deposit(batch) {
            assert_eq!(outcome, Ok(Stored));
        }
    }
    for (place, sid) in (0..).zip(&sids) {
        let found: Vec<_> = waiting(&*store, sid).into_iter().map(|stored| stored.envelope).collect();
        let wanted: Vec<_> = (0..5).map(|round| envelope(4_096, round * 100 + place)).collect();
        assert_eq!(found, wanted);
    }
    if let Some(first) = sids.first() {
        store.ack(first, Cursor(u64::MAX)).expect("works");
        assert!(waiting(&*store, first).is_empty());
    }
    for sid in sids.iter().skip(1) {
        assert_eq!(waiting(&*store, sid).len(), 5);
    }
    assert_eq!(store.totals().waiting, 55);
    assert_eq!(store.totals().bytes, 55 * 4_096);
}

pub(super) fn collecting_is_bounded_and_goes_on_behind_its_cursor(make: Make<'_>) {
    let store = make(Options::default());
    let sid = Person::register(&*store, 1).inbox(&*store);
    let batch = (0..300).map(|number| stamped(sid, 1, number, u32::from(number))).collect();
    assert!(store.deposit(batch).into_iter().all(|outcome| outcome == Ok(Stored)));
    assert!(store.collect(&sid, Cursor(0), 0).expect("works").is_empty());
    assert_eq!(store.collect(&sid, Cursor(0), usize::MAX).expect("works").len(), 256);
    let (mut after, mut seen) = (Cursor(0), Vec::new());
    loop {
        let page = store.collect(&sid, after, 64).expect("works");
        let Some(last) = page.last() else { break };
        assert!(page.len() <= 64 && last.cursor > after);
        after = last.cursor;
        seen.extend(page.into_iter().map(|stored| stored.envelope));
    }
    assert!(seen.into_iter().eq((0..300).map(|number| envelope(4_096, number))));
    assert!(store.collect(&sid, Cursor(u64::MAX), 64).expect("works").is_empty());
}

pub(super) fn acks_are_cumulative_and_idempotent(make: Make<'_>) {
    let store = make(Options::default());
    let sid = Person::register(&*store, 1).inbox(&*store);
    for number in 0..5 {
        assert_eq!(deposit(&*store, &stamped(sid, 1, number, u32::from(number))), Stored);
    }
    let cursors: Vec<_> = waiting(&*store, &sid).into_iter().map(|stored| stored.cursor).collect();
    let third = *cursors.get(2).expect("five wait");
    for _ in 0..2 {
        store.ack(&sid, third).expect("works");
        let left: Vec<_> = waiting(&*store, &sid).into_iter().map(|stored| stored.cursor).collect();
        assert_eq!(left, cursors.get(3..).expect("five wait"));
    }
    store.ack(&sid, Cursor(0)).expect("works");
    store.ack(&DepositId([0xee; 16]), Cursor(9)).expect("acking nowhere is harmless");
    assert_eq!(waiting(&*store, &sid).len(), 2);
}

pub(super) fn an_ack_beyond_the_end_takes_nothing_later(make: Make<'_>) {
    let store = make(Options::default());
    let sid = Person::register(&*store, 1).inbox(&*store);
    store.ack(&sid, Cursor(u64::MAX)).expect("works");
    assert_eq!(deposit(&*store, &stamped(sid, 1, 0, 1)), Stored);
    store.ack(&sid, Cursor(u64::MAX)).expect("works");
    assert_eq!(deposit(&*store, &stamped(sid, 1, 1, 2)), Stored);
    assert_eq!(waiting(&*store, &sid).len(), 1);
}

pub(super) fn cursors_rise_for_ever(make: Make<'_>) {
    let store = make(Options::default());
    let sid = Person::register(&*store, 1).inbox(&*store);
    let mut highest = Cursor(0);
    for number in 0..10 {
        assert_eq!(deposit(&*store, &stamped(sid, 1, number, 1)), Stored);
        let cursor = waiting(&*store, &sid).first().expect("one waits").cursor;
        assert!(cursor > highest, "a cursor used again would hide an envelope from a collector");
        highest = cursor;
        store.ack(&sid, cursor).expect("works");
    }
}

pub(super) fn opening_tells_how_the_mailbox_stands(make: Make<'_>) {
    let store = make(Options::default());
    let person = Person::register(&*store, 1);
    let (doorstep, inbox) = (person.doorstep(&*store), person.inbox(&*store));
    let view = OwnerView { sid: inbox, owner_key: OwnerKey([1; 32]), policy: MailboxPolicy::Inbox };
    assert_eq!(store.find_owner(&person.rid(MailboxPolicy::Inbox)), Ok(Some(view)));
    assert_eq!(store.find_owner(&OwnerId([0xee; 16])), Ok(None));
    assert_eq!(store.open(&OwnerId([0xee; 16]), TODAY), Ok(None));
    let later = Day(TODAY.0 + 2);
    assert_eq!(deposit(&*store, &unmarked(doorstep, 1, TODAY)), Stored);
    assert_eq!(deposit(&*store, &unmarked(doorstep, 2, later)), Stored);
    let opened = store.open(&person.rid(MailboxPolicy::Doorstep), later).expect("works").expect("exists");
    assert_eq!((opened.sid, opened.waiting, opened.oldest, opened.expired), (doorstep, 2, TODAY, 0));
    let opened = store.open(&person.rid(MailboxPolicy::Inbox), later).expect("works").expect("exists");
    assert_eq!((opened.sid, opened.waiting, opened.oldest), (inbox, 0, Day(0)));
    assert_eq!(opened.generations, [Generation(1)]);
}
