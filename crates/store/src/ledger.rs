//! The leaves of the ledger beside the records that they are of (`spec/ledger.md`, `spec/storage.md § Tables`).
//!
//! A change of a record writes its leaf in the same commit. Rows from before there was a ledger lack name tag and place of
//! the leaf before; whoever keeps the ledger fills that in, once, before the first head is signed.

use std::collections::BTreeMap;

use ledger::{heartbeat, of_record, restored};
use wire::{CommitmentNonce, Leaf, LeafKind, Name, NameTag, RecordHash, UnixSeconds};

use crate::codec::{Cut, unseal};
use crate::directory::Head;
use crate::engine::{Engine, RaiseError, State, each_row};
use crate::shelf::{Batch, Shelf, Table};
use crate::{Cause, LeafMark, LeafSlot, LedgerStore, StoreError};

/// That the rows came from a backup or a repair, and no leaf says so yet.
pub(crate) const WENT_BACK_KEY: &[u8] = b"went-back";
/// Records read at once when names are looked for.
const RECORDS_STEP: usize = 256;

/// A row of the log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct LogRow {
    pub(crate) kind: LeafKind,
    pub(crate) record: RecordHash,
    pub(crate) nonce: CommitmentNonce,
    pub(crate) time: UnixSeconds,
    /// What the leaf says besides; `None` in rows from before there was a ledger.
    pub(crate) place: Option<LeafPlace>,
}

/// Whose leaf it is and what it follows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct LeafPlace {
    pub(crate) tag: NameTag,
    pub(crate) prev_index: u64,
    pub(crate) time: u32,
}

impl LogRow {
    /// `kind ‖ record hash ‖ nonce ‖ time ‖ [tag ‖ index before ‖ leaf time]`.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut out = vec![self.kind.number()];
        out.extend_from_slice(&self.record.0);
        out.extend_from_slice(&self.nonce.0);
        out.extend_from_slice(&self.time.0.to_be_bytes());
        if let Some(LeafPlace { tag, prev_index, time }) = &self.place {
            out.extend_from_slice(&tag.0);
            out.extend_from_slice(&prev_index.to_be_bytes());
            out.extend_from_slice(&time.to_be_bytes());
        }
        out
    }

    pub(crate) fn from_bytes(body: &[u8]) -> Option<Self> {
        let mut cut = Cut(body);
        let kind = LeafKind::of(cut.u8()?);
        if matches!(kind, LeafKind::Other(_)) {
            return None;
        }
        let (record, nonce) = (RecordHash(cut.array()?), CommitmentNonce(cut.array()?));
        let time = UnixSeconds(cut.u64()?);
        if cut.0.is_empty() {
            return Some(Self { kind, record, nonce, time, place: None });
        }
        let place = LeafPlace { tag: NameTag(cut.array()?), prev_index: cut.u64()?, time: cut.u32()? };
        cut.end()?;
        Some(Self { kind, record, nonce, time, place: Some(place) })
    }

    /// Whether it is of no record.
    fn is_mark(&self) -> bool {
        matches!(self.kind, LeafKind::Heartbeat | LeafKind::Restored)
    }

    /// The time of its leaf, as far as this row tells.
    pub(crate) fn leaf_time(&self) -> u32 {
        self.place.map_or(seconds(self.time), |place| place.time)
    }

    fn slot(&self) -> LeafSlot {
        let Some(LeafPlace { tag, prev_index, time }) = self.place else {
            return LeafSlot::Untagged { time: seconds(self.time) };
        };
        LeafSlot::Leaf(match self.kind {
            LeafKind::Heartbeat => heartbeat(time),
            LeafKind::Restored => restored(prev_index, tag.0, time),
            kind => of_record(kind, tag, prev_index, &self.nonce, &self.record, time),
        })
    }

    /// A leaf that is of no record.
    fn mark(kind: LeafKind, now: UnixSeconds, place: LeafPlace) -> Self {
        let (record, nonce) = (RecordHash([0; 32]), CommitmentNonce([0; 16]));
        Self { kind, record, nonce, time: now, place: Some(place) }
    }

    fn heartbeat(now: UnixSeconds, time: u32) -> Self {
        let place = LeafPlace { tag: NameTag([0; 32]), prev_index: Leaf::NONE, time };
        Self::mark(LeafKind::Heartbeat, now, place)
    }
}

impl<S: Shelf> Engine<S> {
    /// By place; `None` where it is lost, and where there is none.
    pub(crate) fn log_row(&self, index: u64) -> Result<Option<LogRow>, StoreError> {
        match self.row(Table::Log, &index.to_be_bytes()) {
            Err(StoreError::NotDone(Cause::Damaged)) => Ok(None),
            body => Ok(body?.as_deref().and_then(LogRow::from_bytes)),
        }
    }
}

/// Seconds as a leaf has them.
pub(crate) fn seconds(time: UnixSeconds) -> u32 {
    u32::try_from(time.0).unwrap_or(u32::MAX)
}

impl<S: Shelf> LedgerStore for Engine<S> {
    fn leaves(&self) -> u64 {
        self.look(|state| state.leaves)
    }

    fn leaf_slots(&self, from: u64, max: usize) -> Result<Vec<LeafSlot>, StoreError> {
        self.running()?;
        let until = self.leaves().min(from.saturating_add(u64::try_from(max).unwrap_or(u64::MAX)));
        let rows = self.shelf.scan(Table::Log, &from.to_be_bytes(), &until.to_be_bytes(), max);
        let rows: BTreeMap<Vec<u8>, Option<Vec<u8>>> =
            rows.map_err(|cause| self.failed(cause))?.into_iter().collect();
        let slots = (from..until).map(|index| {
            let key = index.to_be_bytes();
            let value = rows.get(key.as_slice()).and_then(Option::as_ref);
            let body = value.and_then(|value| unseal(Table::Log.number(), &key, value));
            body.and_then(LogRow::from_bytes).map_or(LeafSlot::Lost, |row| row.slot())
        });
        Ok(slots.collect())
    }

    fn names_of_leaves(&self) -> Result<BTreeMap<u64, Name>, StoreError> {
        let mut names = BTreeMap::new();
        let mut from = Vec::new();
        loop {
            self.running()?;
            let rows = self.shelf.scan(Table::Records, &from, &[0xff; 64], RECORDS_STEP);
            let rows = rows.map_err(|cause| self.failed(cause))?;
            let Some((last, _)) = rows.last() else { return Ok(names) };
            from = last.iter().copied().chain([0]).collect();
            for (key, value) in &rows {
                let body = value.as_ref().and_then(|value| unseal(Table::Records.number(), key, value));
                // A damaged record is counted where it is asked for.
                if let Some(stored) = body.and_then(crate::directory::record_from) {
                    names.insert(stored.leaf_index, stored.record.body.name);
                }
            }
        }
    }

    fn fill_leaf(
        &self,
        index: u64,
        of: Option<(&Name, NameTag)>,
        prev_index: u64,
        time: u32,
    ) -> Result<(), StoreError> {
        let _writer = self.write()?;
        let key = index.to_be_bytes();
        let mut batch = Batch::default();
        let row = match (self.row(Table::Log, &key), of) {
            (Ok(Some(body)), Some((name, tag))) => {
                let name_key = self.name_key(name);
                if let Some(head) = self.head(&name_key)?.filter(|head| head.tag.is_none()) {
                    batch.put(Table::Names, &name_key, &Head { tag: Some(tag), ..head }.to_bytes());
                }
                let place = Some(LeafPlace { tag, prev_index, time });
                LogRow::from_bytes(&body).map(|row| LogRow { place: row.place.or(place), ..row })
            }
            _ => None,
        };
        let row = row.unwrap_or_else(|| LogRow::heartbeat(UnixSeconds(u64::from(time)), time));
        batch.put(Table::Log, &key, &row.to_bytes());
        self.commit_addition(batch)?;
        self.show(|state| state.marks += u64::from(row.is_mark()));
        Ok(())
    }

    fn replace_lost_leaf(&self, index: u64, time: u32) -> Result<(), StoreError> {
        let _writer = self.write()?;
        let stand = self.went_back()?.unwrap_or(u64::MAX).min(index);
        let row = LogRow::heartbeat(UnixSeconds(u64::from(time)), time);
        let mut batch = Batch::default();
        batch.put(Table::Log, &index.to_be_bytes(), &row.to_bytes());
        // In the same commit: after a crash nothing else tells which leaf it was.
        batch.put(Table::Meta, WENT_BACK_KEY, &stand.to_be_bytes());
        self.commit_addition(batch)?;
        self.show(|state| state.marks += 1);
        Ok(())
    }

    fn append_mark(&self, mark: LeafMark, now: UnixSeconds) -> Result<u64, StoreError> {
        let _writer = self.write()?;
        let (index, last) = self.look(|state| (state.leaves, state.leaf_time));
        // No two leaves that say that the relay went back have one time.
        let least = last.saturating_add(u32::from(matches!(mark, LeafMark::Restored { .. })));
        let time = least.max(seconds(now));
        let next = index.checked_add(1).ok_or(StoreError::NotDone(Cause::Exhausted))?;
        let mut batch = Batch::default();
        let row = match mark {
            LeafMark::Heartbeat => LogRow::heartbeat(now, time),
            LeafMark::Restored { stand, root } => {
                batch.remove(Table::Meta, WENT_BACK_KEY);
                let place = LeafPlace { tag: NameTag(root), prev_index: stand, time };
                LogRow::mark(LeafKind::Restored, now, place)
            }
        };
        batch.put(Table::Log, &index.to_be_bytes(), &row.to_bytes());
        self.commit_addition(batch)?;
        self.show(|state| {
            (state.leaves, state.leaf_time) = (next, time);
            state.marks += 1;
        });
        Ok(index)
    }

    fn went_back(&self) -> Result<Option<u64>, StoreError> {
        let Some(body) = self.row(Table::Meta, WENT_BACK_KEY)? else { return Ok(None) };
        Ok(Some(body.as_ref().try_into().map_or(u64::MAX, u64::from_be_bytes)))
    }
}

/// Counts the leaves that there are.
pub(crate) fn load<S: Shelf>(shelf: &S, state: &mut State, damaged: &mut u64) -> Result<(), RaiseError> {
    shelf.keys(Table::Log, &mut |key| {
        if let Ok(index) = key.try_into().map(u64::from_be_bytes) {
            state.leaves = index.saturating_add(1);
        }
    })?;
    each_row(shelf, Table::Log, damaged, |_, body| {
        let row = LogRow::from_bytes(body)?;
        state.marks += u64::from(row.is_mark());
        state.leaf_time = state.leaf_time.max(row.leaf_time());
        Some(())
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use wire::limits::{LEDGER_LEAVES_MAX, LEDGER_RESERVE};
    use wire::request::AnswerKind;

    use super::*;
    use crate::conformance::{Person, record};
    use crate::foreign::ForeignRow;
    use crate::{
        DirectoryStore, MailboxStore, MemoryStore, Options, RegisterOutcome, RegisterRequest, ReplaceOutcome,
        ReplaceRequest,
    };

    #[test]
    fn a_row_of_the_log_comes_back_with_and_without_its_place() {
        let place = LeafPlace { tag: NameTag([3; 32]), prev_index: Leaf::NONE, time: 9 };
        for place in [None, Some(place)] {
            let row = LogRow {
                kind: LeafKind::Recover,
                record: RecordHash([1; 32]),
                nonce: CommitmentNonce([2; 16]),
                time: UnixSeconds(8),
                place,
            };
            assert_eq!(LogRow::from_bytes(&row.to_bytes()), Some(row.clone()));
            let mut longer = row.to_bytes();
            longer.push(0);
            assert_eq!(LogRow::from_bytes(&longer), None);
        }
    }

    /// A store of two people, with rows as layout 2 wrote them.
    fn of_layout_2() -> Vec<ForeignRow> {
        let store = MemoryStore::new();
        Person::register(&store, 1);
        Person::register(&store, 2);
        let mut rows = store.dangerous_rows();
        for row in &mut rows {
            match row.table {
                7 => row.body.truncate(13),
                12 => row.body.truncate(57),
                _ => {}
            }
        }
        rows
    }

    #[test]
    fn leaves_from_before_there_was_a_ledger_are_filled_in_once_and_followed_from_then_on() {
        let store = MemoryStore::dangerous_from_rows(of_layout_2(), Options::default()).unwrap();
        assert!(matches!(
            store.leaf_slots(0, 9).unwrap()[..],
            [LeafSlot::Untagged { .. }, LeafSlot::Untagged { .. }]
        ));
        let names = store.names_of_leaves().unwrap();
        assert_eq!(names[&0], Person { number: 1 }.name());
        store.fill_leaf(0, Some((&names[&0], NameTag([1; 32]))), Leaf::NONE, 70).unwrap();
        store.fill_leaf(1, None, Leaf::NONE, 80).unwrap();
        let slots = store.leaf_slots(0, 9).unwrap();
        let [LeafSlot::Leaf(one), LeafSlot::Leaf(two)] = &slots[..] else { unreachable!("{slots:?}") };
        assert_eq!((one.kind, one.tag, one.time), (LeafKind::Register, NameTag([1; 32]), 70));
        assert_eq!(two.kind, LeafKind::Heartbeat, "nobody knows whose it was");
        // Filled in, it stays.
        store.fill_leaf(0, Some((&names[&0], NameTag([9; 32]))), 5, 90).unwrap();
        assert_eq!(store.leaf_slots(0, 1).unwrap(), slots[..1]);
        let head = store.head(&store.name_key(&names[&0])).unwrap().unwrap();
        assert_eq!(head.tag, Some(NameTag([1; 32])));
        assert_eq!(store.totals().leaves, 1, "what nobody knows is of nobody");
    }

    #[test]
    fn a_name_without_its_tag_is_free_for_nobody() {
        let store = MemoryStore::dangerous_from_rows(of_layout_2(), Options::default()).unwrap();
        let one = Person { number: 1 }.name();
        let key = store.name_key(&one);
        let given_up = Head { tombstone: Some(UnixSeconds(0)), ..store.head(&key).unwrap().unwrap() };
        let mut batch = Batch::default();
        batch.put(Table::Names, &key, &given_up.to_bytes());
        store.commit_addition(batch).unwrap();
        let now = UnixSeconds(1 << 40);
        assert_eq!(store.is_for_the_taking(&one, None, true, now), Ok(false));
        store.fill_leaf(0, Some((&one, NameTag([1; 32]))), Leaf::NONE, 70).unwrap();
        assert_eq!(store.is_for_the_taking(&one, None, true, now), Ok(true));
    }

    #[test]
    fn a_lost_leaf_is_told_from_one_that_is_there() {
        let store = MemoryStore::new();
        for number in 1..=3 {
            Person::register(&store, number);
        }
        let mut rows = store.dangerous_rows();
        rows.iter_mut().filter(|row| row.table == 12 && row.key[7] == 1).for_each(|row| row.sealed = false);
        let store = MemoryStore::dangerous_from_rows(rows, Options::default()).unwrap();
        let slots = store.leaf_slots(0, 9).unwrap();
        assert!(matches!(slots[..], [LeafSlot::Leaf(_), LeafSlot::Lost, LeafSlot::Leaf(_)]));
        assert_eq!(store.went_back(), Ok(None));
        store.replace_lost_leaf(1, 5).unwrap();
        assert_eq!(store.reopened().went_back(), Ok(Some(1)));
        assert!(
            matches!(&store.leaf_slots(1, 1).unwrap()[..], [LeafSlot::Leaf(leaf)] if leaf.kind == LeafKind::Heartbeat)
        );
    }

    #[test]
    fn a_name_is_not_changed_before_its_leaves_are_filled_in() {
        let store = MemoryStore::dangerous_from_rows(of_layout_2(), Options::default()).unwrap();
        assert_eq!(replaced(&store, 0), ReplaceOutcome::Untagged);
        let (name, tag) = (Person { number: 1 }.name(), NameTag([1; 32]));
        store.fill_leaf(0, Some((&name, tag)), Leaf::NONE, 70).unwrap();
        store.fill_leaf(1, None, Leaf::NONE, 80).unwrap();
        assert!(matches!(replaced(&store, 0), ReplaceOutcome::Replaced(_)));
        let slots = store.leaf_slots(2, 9).unwrap();
        let [LeafSlot::Leaf(leaf)] = &slots[..] else { unreachable!("{slots:?}") };
        assert_eq!((leaf.kind, leaf.tag, leaf.prev_index), (LeafKind::Recover, tag, 0));
    }

    /// A store of one person whose ledger has so many leaves.
    fn with_leaves(count: u64) -> MemoryStore {
        let store = MemoryStore::new();
        Person::register(&store, 1);
        let mut rows = store.dangerous_rows();
        let last = rows.iter().find(|row| row.table == 12).unwrap().clone();
        rows.push(ForeignRow { key: (count - 1).to_be_bytes().to_vec(), ..last });
        let store = MemoryStore::dangerous_from_rows(rows, Options::default()).unwrap();
        assert_eq!(store.leaves(), count);
        store
    }

    fn registered(store: &MemoryStore, number: u8, tag: Option<NameTag>) -> RegisterOutcome {
        let person = Person { number };
        let request = RegisterRequest {
            record: record(&person.name(), 0, number),
            vouchers: person.vouchers(0),
            invite: None,
            open: true,
            tag,
            commitment_nonce: CommitmentNonce([number; 16]),
            now: UnixSeconds(1 << 32),
        };
        store.register(request).unwrap()
    }

    fn replaced(store: &MemoryStore, seq: u32) -> ReplaceOutcome {
        let person = Person { number: 1 };
        let request = ReplaceRequest {
            kind: AnswerKind::Recover,
            record: record(&person.name(), seq + 1, 9),
            expected_seq: seq,
            vouchers: person.vouchers(1),
            commitment_nonce: CommitmentNonce([9; 16]),
            now: UnixSeconds(1 << 32),
        };
        store.replace(request).unwrap()
    }

    #[test]
    fn new_names_leave_the_last_leaves_to_changes_and_these_to_heartbeats() {
        let now = UnixSeconds(1 << 32);
        let is_free = |store: &MemoryStore, number| {
            store.is_for_the_taking(&Person { number }.name(), None, true, now).unwrap()
        };
        let store = with_leaves(LEDGER_LEAVES_MAX - LEDGER_RESERVE - 1);
        assert!(is_free(&store, 2));
        assert!(matches!(registered(&store, 2, Some(NameTag([2; 32]))), RegisterOutcome::Registered(_)));
        assert!(!is_free(&store, 3), "no tag is computed for nothing");
        for tag in [None, Some(NameTag([3; 32]))] {
            assert_eq!(registered(&store, 3, tag), RegisterOutcome::Full);
        }
        assert!(matches!(registered(&store, 2, None), RegisterOutcome::Again(_)), "its answer was lost");
        assert!(matches!(replaced(&store, 0), ReplaceOutcome::Replaced(_)));

        let store = with_leaves(LEDGER_LEAVES_MAX - LEDGER_RESERVE / 4 - 1);
        assert!(matches!(replaced(&store, 0), ReplaceOutcome::Replaced(_)));
        assert_eq!(replaced(&store, 1), ReplaceOutcome::Full);
        assert!(matches!(replaced(&store, 0), ReplaceOutcome::Replaced(_)), "its answer was lost");
        assert_eq!(store.append_mark(LeafMark::Heartbeat, now), Ok(LEDGER_LEAVES_MAX - LEDGER_RESERVE / 4));
    }
}
