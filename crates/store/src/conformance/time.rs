//! Cases: what time lets go of.

use wire::limits::{DOORSTEP_DAYS_MAX, INBOX_DAYS_MAX, MAILBOX_UNOPENED_DAYS_MAX};
use wire::request::MailboxPolicy;
use wire::{Cursor, Day, RefusalKind};

use super::Make;
use super::fixture::{Person, TODAY, deposit, envelope, stamped, stamped_with, unmarked, waiting};
use crate::DepositOutcome::{Again, Refused, Stored};
use crate::{CreateOutcome, Options, Swept};

fn after(days: u16) -> Day {
    Day(TODAY.0 + days)
}

pub(super) fn an_envelope_expires_after_its_ttl_and_is_counted_once(make: Make<'_>) {
    let store = make(Options::default());
    let person = Person::register(&*store, 1);
    let sid = person.inbox(&*store);
    let rid = person.rid(MailboxPolicy::Inbox);
    assert_eq!(deposit(&*store, &stamped(sid, 1, 0, 1)), Stored);
    assert_eq!(deposit(&*store, &stamped_with(sid, 1, 1, envelope(4_096, 2), after(3))), Stored);
    let swept = store.sweep(after(INBOX_DAYS_MAX)).expect("works");
    assert_eq!(swept, Swept::default(), "arrival is known by day, so the whole last day is given");
    let swept = store.sweep(after(INBOX_DAYS_MAX + 1)).expect("works");
    assert_eq!(swept, Swept { envelopes: 1, mailboxes: 0 });
    let opened = store.open(&rid, after(INBOX_DAYS_MAX + 1)).expect("works").expect("exists");
    assert_eq!((opened.waiting, opened.expired, opened.oldest), (1, 1, after(3)));
    let opened = store.open(&rid, after(INBOX_DAYS_MAX + 4)).expect("works").expect("exists");
    assert_eq!((opened.waiting, opened.expired), (0, 2), "opening lets expire by itself");
    let opened = store.open(&rid, after(INBOX_DAYS_MAX + 4)).expect("works").expect("exists");
    assert_eq!(opened.expired, 2, "an answer may be lost, and the next one says it again");
}

pub(super) fn a_doorstep_keeps_for_fourteen_days(make: Make<'_>) {
    let store = make(Options::default());
    let sid = Person::register(&*store, 1).doorstep(&*store);
    assert_eq!(deposit(&*store, &unmarked(sid, 1, TODAY)), Stored);
    store.sweep(after(DOORSTEP_DAYS_MAX)).expect("works");
    assert_eq!(waiting(&*store, &sid).len(), 1);
    store.sweep(after(DOORSTEP_DAYS_MAX + 1)).expect("works");
    assert!(waiting(&*store, &sid).is_empty());
    let late = unmarked(sid, 1, after(DOORSTEP_DAYS_MAX + 1));
    assert_eq!(deposit(&*store, &late), Stored, "its hash was kept for fourteen days and no longer");
}

pub(super) fn spent_stamps_outlive_ack_and_expiry(make: Make<'_>) {
    let store = make(Options::default());
    let sid = Person::register(&*store, 1).inbox(&*store);
    assert_eq!(deposit(&*store, &stamped(sid, 1, 0, 1)), Stored);
    assert_eq!(deposit(&*store, &stamped(sid, 1, 1, 2)), Stored);
    store.ack(&sid, Cursor(1)).expect("works");
    let later = after(INBOX_DAYS_MAX + 20);
    store.sweep(later).expect("works");
    for (index, number) in [(0, 1), (1, 2)] {
        let same = stamped_with(sid, 1, index, envelope(4_096, number), later);
        assert_eq!(deposit(&*store, &same), Again);
        let other = stamped_with(sid, 1, index, envelope(4_096, 9), later);
        assert_eq!(deposit(&*store, &other), Refused(RefusalKind::Spent));
    }
    assert!(waiting(&*store, &sid).is_empty());
}

pub(super) fn a_mailbox_unopened_for_ninety_days_is_gone(make: Make<'_>) {
    let store = make(Options::default());
    let person = Person::register(&*store, 1);
    let (doorstep, inbox) = (person.doorstep(&*store), person.inbox(&*store));
    let last = after(MAILBOX_UNOPENED_DAYS_MAX);
    assert_eq!(deposit(&*store, &stamped_with(inbox, 1, 0, envelope(4_096, 1), last)), Stored);
    let over = after(MAILBOX_UNOPENED_DAYS_MAX + 1);
    let gone = Refused(RefusalKind::Gone);
    let request = stamped_with(inbox, 1, 1, envelope(4_096, 2), over);
    assert_eq!(deposit(&*store, &request), gone, "before the sweep as after it");
    assert_eq!(store.sweep(over), Ok(Swept { envelopes: 1, mailboxes: 2 }));
    assert_eq!(deposit(&*store, &request), gone);
    assert_eq!(deposit(&*store, &unmarked(doorstep, 1, over)), gone);
    let rid = person.rid(MailboxPolicy::Inbox);
    assert_eq!(store.open(&rid, over), Ok(None));
    assert_eq!(store.find_owner(&rid), Ok(None));
    assert!(waiting(&*store, &inbox).is_empty());
    assert_eq!(store.totals().mailboxes, 0);
    let [_, voucher, ..] = person.vouchers(0);
    let create = store.create(person.new_mailbox(MailboxPolicy::Inbox, over), &voucher);
    assert_eq!(create, Ok(CreateOutcome::RidTaken), "what is gone does not come back");
}

pub(super) fn opening_keeps_a_mailbox_alive(make: Make<'_>) {
    let store = make(Options::default());
    let person = Person::register(&*store, 1);
    let sid = person.inbox(&*store);
    let last = after(MAILBOX_UNOPENED_DAYS_MAX);
    assert!(store.open(&person.rid(MailboxPolicy::Inbox), last).expect("works").is_some());
    let later = Day(last.0 + MAILBOX_UNOPENED_DAYS_MAX);
    store.sweep(later).expect("works");
    assert_eq!(deposit(&*store, &stamped_with(sid, 1, 0, envelope(4_096, 1), later)), Stored);
}

pub(super) fn a_clock_that_goes_back_breaks_no_order(make: Make<'_>) {
    let store = make(Options::default());
    let sid = Person::register(&*store, 1).inbox(&*store);
    for (number, day) in (0..).zip([5, 3, 9, 0]) {
        let request = stamped_with(sid, 1, number, envelope(4_096, u32::from(number)), after(day));
        assert_eq!(deposit(&*store, &request), Stored);
    }
    let found: Vec<_> = waiting(&*store, &sid).into_iter().map(|stored| stored.envelope).collect();
    assert_eq!(found, [0, 1, 2, 3].map(|number| envelope(4_096, number)));
    store.sweep(after(5 + INBOX_DAYS_MAX)).expect("works");
    assert_eq!(waiting(&*store, &sid).len(), 4, "nothing is let go early");
    store.sweep(after(6 + INBOX_DAYS_MAX)).expect("works");
    assert_eq!(waiting(&*store, &sid).len(), 2);
}
