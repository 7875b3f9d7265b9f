//! What can only be seen from inside: failing commits, full disks, damaged rows, other layouts.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use wire::request::MailboxPolicy;
use wire::{Cursor, Generation, StampIndex};

use super::*;
use crate::conformance::{Person, deposit, stamped, unmarked};
use crate::memory::{Fault, MemoryShelf};
use crate::{
    DepositOutcome, DirectoryStore, GenerationOutcome, MailboxStore, MemoryStore, NewInvite, OperatorStore,
};

fn set(store: &MemoryStore, fault: Option<Fault>) {
    *store.shelf.fault.lock().unwrap() = fault;
}

/// Flips a bit of every row of a table.
fn damage(shelf: &MemoryShelf, wanted: impl Fn(&Table) -> bool, at: usize) {
    for (_, rows) in shelf.tables.write().unwrap().iter_mut().filter(|(table, _)| wanted(table)) {
        rows.values_mut().skip(at).take(1).for_each(|value| value[40] ^= 4);
    }
}

fn again(store: MemoryStore) -> MemoryStore {
    MemoryStore::raise(store.shelf, store.options).unwrap()
}

#[test]
fn a_failed_commit_confirms_nothing_and_stops_the_store() {
    let store = MemoryStore::new();
    let sid = Person::register(&store, 1).inbox(&store);
    assert_eq!(deposit(&store, &stamped(sid, 1, 0, 1)), DepositOutcome::Stored);
    set(&store, Some(Fault::Commit));
    let outcomes = store.deposit(vec![stamped(sid, 1, 1, 2), stamped(sid, 9, 1, 2), stamped(sid, 1, 0, 1)]);
    let unknown = Err(StoreError::Unknown(Cause::Write));
    assert_eq!(outcomes[0], unknown);
    assert!(matches!(outcomes[1], Ok(DepositOutcome::Refused(_))));
    assert_eq!(outcomes[2], unknown);
    set(&store, None);
    let stopped = StoreError::NotDone(Cause::Stopped);
    assert_eq!(
        store.deposit(vec![stamped(sid, 1, 1, 2)]),
        [Err(stopped)],
        "never confirm after a failed sync"
    );
    assert_eq!(store.collect(&sid, Cursor(0), 9), Err(stopped));
    assert_eq!(store.ack(&sid, Cursor(1)), Err(stopped));
    assert_eq!(store.sweep(Day(20_000)), Err(stopped));
    let store = again(store);
    assert_eq!(store.collect(&sid, Cursor(0), 9).unwrap().len(), 1);
    assert_eq!(
        deposit(&store, &stamped(sid, 1, 1, 2)),
        DepositOutcome::Stored,
        "the same bytes again are the cure"
    );
}

#[test]
fn a_repetition_and_a_dropped_deposit_wait_for_a_commit_like_a_new_one() {
    let unknown = Err(StoreError::Unknown(Cause::Write));
    for kind in 0..3 {
        let store = MemoryStore::new();
        let person = Person::register(&store, 1);
        let (inbox, doorstep) = (person.inbox(&store), person.doorstep(&store));
        let crossed_off = store.cross_off(&inbox, Generation(1), &[StampIndex(7)]);
        assert_eq!(crossed_off, Ok(GenerationOutcome::Done));
        for new in [stamped(inbox, 1, 0, 1), unmarked(doorstep, 1, Day(20_000))] {
            assert_eq!(deposit(&store, &new), DepositOutcome::Stored);
            assert_eq!(deposit(&store, &new), DepositOutcome::Again);
        }
        let request = [stamped(inbox, 1, 0, 1), stamped(inbox, 1, 7, 1), unmarked(doorstep, 1, Day(20_000))];
        set(&store, Some(Fault::Commit));
        assert_eq!(store.deposit(vec![request[kind].clone()]), [unknown]);
    }
}

/// The bytes of each row of a table, without its key.
fn sizes(store: &MemoryStore, wanted: impl Fn(&Table, &[u8]) -> bool) -> Vec<usize> {
    let tables = store.shelf.tables.read().unwrap();
    let rows = tables.iter().flat_map(|(table, rows)| rows.iter().map(move |row| (table, row)));
    rows.filter(|(table, (key, _))| wanted(table, key)).map(|(_, (key, row))| row.len() - key.len()).collect()
}

#[test]
fn what_is_not_kept_is_written_as_so_many_zeros_in_one_row_that_no_backup_carries() {
    let store = MemoryStore::new();
    let inbox = Person::register(&store, 1).inbox(&store);
    assert_eq!(store.cross_off(&inbox, Generation(1), &[StampIndex(7)]), Ok(GenerationOutcome::Done));
    let scratch = || sizes(&store, |table, key| crate::scratch::is_scratch(*table, key));
    assert_eq!(deposit(&store, &stamped(inbox, 1, 0, 1)), DepositOutcome::Stored);
    assert_eq!(scratch(), Vec::<usize>::new(), "what is kept needs no other row");
    let kept = sizes(&store, |table, _| matches!(table, Table::Envelopes(_)));
    for (index, outcome) in
        [(0, DepositOutcome::Again), (7, DepositOutcome::Stored), (7, DepositOutcome::Again)]
    {
        assert_eq!(deposit(&store, &stamped(inbox, 1, index, 1)), outcome);
        assert_eq!(scratch(), kept);
        store.shelf.tables.write().unwrap().get_mut(&Table::Meta).unwrap().retain(|key, _| key != b"scratch");
    }
    for _ in 0..3 {
        let repeats = vec![stamped(inbox, 1, 0, 1), stamped(inbox, 1, 7, 1)];
        assert_eq!(store.deposit(repeats), [Ok(DepositOutcome::Again); 2]);
    }
    assert_eq!(scratch(), kept, "one row however many there were");
    let zeros = store.row(Table::Meta, b"scratch").unwrap().unwrap();
    assert!(zeros.iter().all(|byte| *byte == 0));
    let mut carried = Vec::new();
    let damaged = store.freeze().unwrap().rows(|row| {
        carried.push(row.key);
        std::ops::ControlFlow::Continue(())
    });
    assert_eq!(damaged, Ok(crate::LeftOut::default()));
    assert!(carried.iter().any(|key| key == SCHEMA_KEY) && !carried.iter().any(|key| key == b"scratch"));
    assert_eq!(again(store).collect(&inbox, Cursor(0), 9).unwrap().len(), 1);
}

#[test]
fn a_full_disk_refuses_before_confirming_while_collecting_and_acking_go_on() {
    let store = MemoryStore::new();
    let person = Person::register(&store, 1);
    let sid = person.inbox(&store);
    assert_eq!(deposit(&store, &stamped(sid, 1, 0, 1)), DepositOutcome::Stored);
    set(&store, Some(Fault::Full));
    let full = StoreError::NotDone(Cause::DiskFull);
    assert_eq!(store.deposit(vec![stamped(sid, 1, 1, 2)]), [Err(full)]);
    let invite = NewInvite { code: [1; 16].into(), name: None, expires: wire::UnixSeconds(9) };
    assert_eq!(store.invite(invite), Err(full));
    assert_eq!(store.collect(&sid, Cursor(0), 9).unwrap().len(), 1);
    assert!(store.open(&person.rid(MailboxPolicy::Inbox), Day(20_001)).unwrap().is_some());
    store.ack(&sid, Cursor(1)).unwrap();
    store.sweep(Day(20_001)).unwrap();
    assert_eq!(store.retire(&sid, Generation(9)).map(|_| ()), Ok(()));
    set(&store, None);
    assert_eq!(deposit(&store, &stamped(sid, 1, 1, 2)), DepositOutcome::Stored);
    assert_eq!(store.collect(&sid, Cursor(0), 9).unwrap().len(), 1);
}

#[test]
fn a_damaged_name_is_left_out_of_a_listing_that_goes_on() {
    let store = MemoryStore::new();
    for number in 0..5 {
        let _ = Person::register(&store, number);
    }
    damage(&store.shelf, |table| *table == Table::Records, 1);
    let first = store.names(None, 3).unwrap();
    assert_eq!(first.names.len(), 2);
    let rest = store.names(Some(&first.next.expect("more behind the damaged one")), 3).unwrap();
    assert_eq!((rest.names.len(), rest.next), (2, None));
    assert_eq!(store.totals().damaged, 1);
}

#[test]
fn a_damaged_envelope_costs_itself_and_is_reported() {
    let store = MemoryStore::new();
    let sid = Person::register(&store, 1).inbox(&store);
    for number in 0..3 {
        assert_eq!(deposit(&store, &stamped(sid, 1, number, 1)), DepositOutcome::Stored);
    }
    damage(&store.shelf, |table| matches!(table, Table::Envelopes(_)), 1);
    let cursors: Vec<_> =
        store.collect(&sid, Cursor(0), 9).unwrap().iter().map(|stored| stored.cursor.0).collect();
    assert_eq!(cursors, [1, 3]);
    assert_eq!(store.totals().damaged, 1);
    store.ack(&sid, Cursor(3)).unwrap();
    assert!(store.collect(&sid, Cursor(0), 9).unwrap().is_empty());
    assert_eq!(deposit(&store, &stamped(sid, 1, 3, 1)), DepositOutcome::Stored);
}

#[test]
fn a_damaged_mailbox_row_costs_that_mailbox_and_erases_nothing() {
    let store = MemoryStore::new();
    let sids = [1, 2].map(|number| Person::register(&store, number).inbox(&store));
    for sid in sids {
        assert_eq!(deposit(&store, &stamped(sid, 1, 0, 1)), DepositOutcome::Stored);
    }
    damage(&store.shelf, |table| *table == Table::Mailboxes, 0);
    let store = again(store);
    assert_eq!(store.totals().damaged, 1);
    assert_eq!(store.totals().waiting, 1);
    store.sweep(Day(20_002)).unwrap();
    let rows = store.shelf.tables.read().unwrap()[&Table::Envelopes(Day(20_000))].len();
    assert_eq!(rows, 2, "what cannot be seen is not let go");
}

#[test]
fn a_damaged_spent_stamp_confirms_nothing() {
    let store = MemoryStore::new();
    let sid = Person::register(&store, 1).inbox(&store);
    assert_eq!(store.cross_off(&sid, Generation(1), &[StampIndex(5)]), Ok(GenerationOutcome::Done));
    for value in store.shelf.tables.write().unwrap().get_mut(&Table::Spent).unwrap().values_mut() {
        value[3] ^= 1;
    }
    let outcomes = store.deposit(vec![stamped(sid, 1, 5, 1)]);
    assert_eq!(outcomes, [Err(StoreError::NotDone(Cause::Damaged))]);
}

#[test]
fn a_lost_row_leaves_a_hole_and_no_cursor_is_used_again() {
    let store = MemoryStore::new();
    let sid = Person::register(&store, 1).inbox(&store);
    for number in 0..4 {
        assert_eq!(deposit(&store, &stamped(sid, 1, number, 1)), DepositOutcome::Stored);
    }
    let lost = crate::mailbox::envelope_key(&sid, Cursor(2), 0);
    store.shelf.tables.write().unwrap().get_mut(&Table::Envelopes(Day(20_000))).unwrap().remove(&lost[..]);
    let store = again(store);
    assert_eq!(store.totals().damaged, 1);
    let cursors: Vec<_> =
        store.collect(&sid, Cursor(0), 9).unwrap().iter().map(|stored| stored.cursor.0).collect();
    assert_eq!(cursors, [1, 3, 4]);
    assert_eq!(deposit(&store, &stamped(sid, 1, 9, 1)), DepositOutcome::Stored);
    assert_eq!(store.collect(&sid, Cursor(4), 9).unwrap()[0].cursor, Cursor(5));
}

#[test]
fn a_newer_layout_is_refused_and_left_alone() {
    let store = MemoryStore::new();
    let mut batch = Batch::default();
    batch.put(Table::Meta, SCHEMA_KEY, &(SCHEMA + 1).to_be_bytes());
    store.shelf.commit(batch, Durability::Synced).unwrap();
    let refused = MemoryStore::raise(store.shelf, Options::default());
    assert_eq!(refused.err(), Some(RaiseError::Newer(SCHEMA + 1)));
}

#[test]
fn a_store_without_its_keys_is_damaged_rather_than_new() {
    for row in [SCHEMA_KEY, KEYS_KEY] {
        let store = MemoryStore::new();
        Person::register(&store, 1);
        store.shelf.tables.write().unwrap().get_mut(&Table::Meta).unwrap().remove(row);
        let refused = MemoryStore::raise(store.shelf, Options::default());
        assert_eq!(refused.err(), Some(RaiseError::Failed(Cause::Damaged)));
    }
    let store = MemoryStore::new();
    Person::register(&store, 1);
    store.shelf.tables.write().unwrap().remove(&Table::Meta);
    let refused = MemoryStore::raise(store.shelf, Options::default());
    assert_eq!(refused.err(), Some(RaiseError::Failed(Cause::Damaged)));
}

#[test]
fn no_name_and_no_code_lies_in_a_key() {
    let store = MemoryStore::new();
    let person = Person::register(&store, 1);
    let invite =
        NewInvite { code: [0x77; 16].into(), name: Some(person.name()), expires: wire::UnixSeconds(9) };
    store.invite(invite).unwrap();
    let tables = store.shelf.tables.read().unwrap();
    for (table, rows) in tables.iter() {
        for (key, value) in rows {
            let has = |bytes: &[u8], wanted: &[u8]| bytes.windows(wanted.len()).any(|part| part == wanted);
            assert!(!has(key, b"person1") && !has(key, &[0x77; 16]), "{table:?}");
            let inherent = *table == Table::Records;
            assert!(inherent || !has(value, b"person1") && !has(value, &[0x77; 16]), "{table:?}");
        }
    }
}
