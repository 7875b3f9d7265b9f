//! One mailbox: the row on disk, and the counters in memory that make judging a deposit cheap.

use std::collections::VecDeque;

use wire::limits::{
    DOORSTEP_DAILY_MAX, DOORSTEP_DAYS_MAX, DOORSTEP_ENVELOPES_MAX, ENVELOPE_BYTES, GENERATIONS_MAX,
    INBOX_DAYS_MAX, MAILBOX_UNOPENED_DAYS_MAX,
};
use wire::request::MailboxPolicy;
use wire::{Cursor, Day, Generation, OwnerId, OwnerKey, StampKey, VoucherHash};

use crate::codec::Cut;
use crate::shelf::{Key, key_of};

/// A row without its generations, and what each of them adds.
const FIXED_BYTES: usize = 128;
const GENERATION_BYTES: usize = 33;

/// What is kept on disk of a mailbox besides its envelopes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct MailboxRow {
    pub(crate) rid: OwnerId,
    pub(crate) owner_key: OwnerKey,
    pub(crate) policy: MailboxPolicy,
    /// Tells an identical `CREATE` from another one.
    pub(crate) voucher: VoucherHash,
    pub(crate) opened: Day,
    pub(crate) gone: bool,
    pub(crate) expired: u32,
    /// Everything up to here was acked or expired: the low-water mark.
    pub(crate) acked: u64,
    pub(crate) generations: Vec<(Generation, StampKey)>,
    /// One bit for each generation number ever used.
    pub(crate) used: [u8; 32],
}

impl MailboxRow {
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(FIXED_BYTES + GENERATION_BYTES * self.generations.len());
        out.extend_from_slice(self.rid.as_bytes());
        out.extend_from_slice(self.owner_key.as_bytes());
        out.push(match self.policy {
            MailboxPolicy::Doorstep => 0,
            MailboxPolicy::Inbox => 1,
        });
        out.extend_from_slice(self.voucher.as_bytes());
        out.extend_from_slice(&self.opened.0.to_be_bytes());
        out.push(u8::from(self.gone));
        out.extend_from_slice(&self.expired.to_be_bytes());
        out.extend_from_slice(&self.acked.to_be_bytes());
        out.extend_from_slice(&self.used);
        for (generation, key) in &self.generations {
            out.push(generation.0);
            out.extend_from_slice(key.as_bytes());
        }
        out
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut cut = Cut(bytes);
        let mut row = Self {
            rid: OwnerId(cut.array()?),
            owner_key: OwnerKey(cut.array()?),
            policy: match cut.u8()? {
                0 => MailboxPolicy::Doorstep,
                1 => MailboxPolicy::Inbox,
                _ => return None,
            },
            voucher: VoucherHash(cut.array()?),
            opened: Day(cut.u16()?),
            gone: cut.u8()? != 0,
            expired: cut.u32()?,
            acked: cut.u64()?,
            used: cut.array()?,
            generations: Vec::new(),
        };
        row.generations.reserve_exact((cut.0.len() / GENERATION_BYTES).min(GENERATIONS_MAX));
        while row.generations.len() < GENERATIONS_MAX && !cut.0.is_empty() {
            row.generations.push((Generation(cut.u8()?), StampKey(cut.array()?)));
        }
        cut.end().map(|()| row)
    }

    pub(crate) fn key_of(&self, generation: Generation) -> Option<&StampKey> {
        self.generations.iter().find(|(live, _)| *live == generation).map(|(_, key)| key)
    }

    pub(crate) fn was_used(&self, generation: Generation) -> bool {
        let byte = self.used.get(usize::from(generation.0 / 8)).copied().unwrap_or(0);
        byte & (1 << (generation.0 % 8)) != 0
    }

    pub(crate) fn mark_used(&mut self, generation: Generation) {
        if let Some(byte) = self.used.get_mut(usize::from(generation.0 / 8)) {
            *byte |= 1 << (generation.0 % 8);
        }
    }

    /// Closed, or due to be: unopened for longer than 90 days.
    pub(crate) fn is_gone(&self, today: Day) -> bool {
        self.gone || today.0 > self.opened.0.saturating_add(MAILBOX_UNOPENED_DAYS_MAX)
    }

    fn ttl(&self) -> u16 {
        match self.policy {
            MailboxPolicy::Doorstep => DOORSTEP_DAYS_MAX,
            MailboxPolicy::Inbox => INBOX_DAYS_MAX,
        }
    }
}

/// A mailbox as the engine holds it in memory.
#[derive(Clone, Debug)]
pub(crate) struct Mailbox {
    pub(crate) row: MailboxRow,
    pub(crate) waiting: Waiting,
    pub(crate) allowance: Allowance,
    /// The hourly count behind `FULL`: envelopes and bytes.
    pub(crate) counted: (u32, u64),
}

/// A hundred thousand of them shall fit into some twenty megabytes.
const _: () = assert!(size_of::<Mailbox>() <= 200);

impl Mailbox {
    pub(crate) fn new(row: MailboxRow) -> Self {
        let waiting = Waiting::behind(row.acked);
        Self { row, waiting, allowance: Allowance::NEVER, counted: (0, 0) }
    }

    /// The last cursor that is past its TTL, if any is: kept for its TTL in whole days after the day of
    /// arrival, so never let go early.
    pub(crate) fn expires_through(&self, today: Day) -> Option<u64> {
        self.waiting.last_before(Day(today.0.saturating_sub(self.row.ttl())))
    }
}

/// The waiting envelopes of a mailbox: cursors without a gap, behind the low-water mark.
///
/// In most mailboxes nothing waits, and then there is nothing but the next cursor.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    first: u64,
    line: Option<Box<Line>>,
}

/// One byte for each envelope and a few for each day, so that quotas, ack and expiry never read the disk.
#[derive(Clone, Debug, Default)]
struct Line {
    /// The size class of each: index in `ENVELOPE_BYTES`, or `LOST`.
    sizes: VecDeque<u8>,
    /// For each day the first cursor that arrived on it; both rising.
    days: VecDeque<(Day, u64)>,
    bytes: u64,
}

/// Stands for a cursor whose row was not found at start.
pub(crate) const LOST: u8 = u8::MAX;

impl Waiting {
    pub(crate) fn behind(acked: u64) -> Self {
        Self { first: acked.saturating_add(1), line: None }
    }

    /// Adds an envelope behind the last.
    pub(crate) fn push(&mut self, day: Day, class: u8) {
        let cursor = self.next();
        let line = self.line.get_or_insert_default();
        if line.days.back().is_none_or(|(last, _)| *last < day) {
            line.days.push_back((day, cursor));
        }
        line.sizes.push_back(class);
        line.bytes = line.bytes.saturating_add(class_bytes(class));
    }

    /// Lets go of everything up to and including `through`.
    pub(crate) fn forget(&mut self, through: u64) {
        let Some(line) = &mut self.line else { return };
        while self.first <= through {
            let Some(class) = line.sizes.pop_front() else { break };
            line.bytes = line.bytes.saturating_sub(class_bytes(class));
            self.first = self.first.saturating_add(1);
        }
        while line.days.get(1).is_some_and(|(_, start)| *start <= self.first) {
            line.days.pop_front();
        }
        if line.sizes.is_empty() {
            self.line = None;
        }
    }

    /// The cursor that the next envelope gets.
    pub(crate) fn next(&self) -> u64 {
        self.first.saturating_add(self.line.as_ref().map_or(0, |line| line.sizes.len() as u64))
    }

    pub(crate) fn first(&self) -> u64 {
        self.first
    }

    pub(crate) fn len(&self) -> u32 {
        self.line.as_ref().map_or(0, |line| u32::try_from(line.sizes.len()).unwrap_or(u32::MAX))
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.line.as_ref().map_or(0, |line| line.bytes)
    }

    /// Arrival day of the oldest; day 0 when none waits.
    pub(crate) fn oldest(&self) -> Day {
        self.each_day().next().unwrap_or(Day(0))
    }

    /// Arrival day of the newest, if any waits: days never go back within a mailbox.
    pub(crate) fn newest(&self) -> Option<Day> {
        self.line.as_ref()?.days.back().map(|(day, _)| *day)
    }

    /// On which day a waiting cursor arrived, and its size class: where its row lies.
    pub(crate) fn place_of(&self, cursor: u64) -> Option<(Day, u8)> {
        let line = self.line.as_ref()?;
        let place = usize::try_from(cursor.checked_sub(self.first)?).ok()?;
        let class = *line.sizes.get(place)?;
        let (day, _) = line.days.iter().rev().find(|(_, start)| *start <= cursor)?;
        Some((*day, class))
    }

    /// The days on which something waiting arrived.
    pub(crate) fn each_day(&self) -> impl Iterator<Item = Day> + '_ {
        self.line.iter().flat_map(|line| &line.days).map(|(day, _)| *day)
    }

    /// How many of a day wait, and their bytes.
    pub(crate) fn of_day(&self, day: Day) -> (u64, u64) {
        let Some(line) = &self.line else { return (0, 0) };
        let Some(place) = line.days.iter().position(|(arrived, _)| *arrived == day) else { return (0, 0) };
        let from = line.days.get(place).map_or(self.first, |(_, start)| (*start).max(self.first));
        let until = line.days.get(place.saturating_add(1)).map_or(self.next(), |(_, start)| *start);
        let cut = |cursor: u64| usize::try_from(cursor.saturating_sub(self.first)).unwrap_or(usize::MAX);
        let (from, until) = (cut(from), cut(until).min(line.sizes.len()));
        let sizes = line.sizes.iter().skip(from).take(until.saturating_sub(from));
        sizes.fold((0, 0), |(count, bytes), class| (count + 1, bytes + class_bytes(*class)))
    }

    fn last_before(&self, day: Day) -> Option<u64> {
        let mut days = self.line.iter().flat_map(|line| &line.days);
        let kept = days.find(|(arrived, _)| *arrived >= day).map_or(self.next(), |(_, start)| *start);
        (kept > self.first).then(|| kept.saturating_sub(1))
    }
}

/// The size class of an envelope of so many bytes.
pub(crate) fn class_of(bytes: usize) -> u8 {
    let found = ENVELOPE_BYTES.iter().position(|size| *size == bytes);
    found.and_then(|class| u8::try_from(class).ok()).unwrap_or(LOST)
}

pub(crate) fn class_bytes(class: u8) -> u64 {
    ENVELOPE_BYTES.get(usize::from(class)).map_or(0, |bytes| *bytes as u64)
}

/// A doorstep's deposits of one day (DESIGN § 8.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Allowance {
    pub(crate) day: Day,
    pub(crate) left: u32,
    pub(crate) taken: u32,
}

impl Allowance {
    /// Before the first day.
    pub(crate) const NEVER: Self = Self { day: Day(0), left: 0, taken: 0 };

    /// The allowance of `today`: computed once a day, from what waits at that moment; collecting later
    /// gives nothing back.
    #[must_use]
    pub(crate) fn rolled(self, today: Day, waiting: u32) -> Self {
        if self.day >= today {
            return self;
        }
        let left = DOORSTEP_DAILY_MAX.min(DOORSTEP_ENVELOPES_MAX.saturating_sub(waiting));
        Self { day: today, left, taken: 0 }
    }

    #[must_use]
    pub(crate) fn lowered(self) -> Self {
        Self { left: self.left.saturating_sub(1), taken: self.taken.saturating_add(1), ..self }
    }

    pub(crate) fn to_bytes(self) -> [u8; 10] {
        let mut out = [0; 10];
        let bytes = self
            .day
            .0
            .to_be_bytes()
            .into_iter()
            .chain(self.left.to_be_bytes())
            .chain(self.taken.to_be_bytes());
        for (to, from) in out.iter_mut().zip(bytes) {
            *to = from;
        }
        out
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut cut = Cut(bytes);
        let read = Self { day: Day(cut.u16()?), left: cut.u32()?, taken: cut.u32()? };
        cut.end().map(|()| read)
    }
}

/// The key of an envelope's row. The size class is part of it, so that counters are rebuilt from keys alone.
pub(crate) fn envelope_key(sid: &wire::DepositId, cursor: Cursor, class: u8) -> Key {
    key_of(&[sid.as_bytes(), &cursor.0.to_be_bytes(), &[class]])
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn forgetting_keeps_days_and_bytes_right() {
        let mut waiting = Waiting::behind(4);
        for (day, class) in [(7, 0), (7, 1), (9, 2), (9, 0)] {
            waiting.push(Day(day), class);
        }
        assert_eq!((waiting.len(), waiting.bytes(), waiting.next()), (4, 4096 + 16384 + 65536 + 4096, 9));
        assert_eq!(
            (waiting.place_of(6), waiting.place_of(7), waiting.place_of(9)),
            (Some((Day(7), 1)), Some((Day(9), 2)), None)
        );
        assert_eq!(waiting.last_before(Day(9)), Some(6));
        assert_eq!(waiting.of_day(Day(7)), (2, 4096 + 16384));
        assert_eq!((waiting.of_day(Day(8)), waiting.of_day(Day(9))), ((0, 0), (2, 65536 + 4096)));
        waiting.forget(6);
        assert_eq!((waiting.len(), waiting.oldest(), waiting.bytes()), (2, Day(9), 65536 + 4096));
        waiting.forget(u64::MAX);
        assert_eq!((waiting.len(), waiting.oldest(), waiting.bytes(), waiting.next()), (0, Day(0), 0, 9));
    }

    #[test]
    fn the_allowance_is_computed_once_a_day_from_what_waits_then() {
        let first = Allowance::NEVER.rolled(Day(5), 500);
        assert_eq!(first.left, 12);
        assert_eq!(first.lowered().rolled(Day(5), 0).left, 11);
        assert_eq!(first.lowered().rolled(Day(6), 0), Allowance { day: Day(6), left: 128, taken: 0 });
    }
}
