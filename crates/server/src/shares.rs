//! Who gets how much of the writer: those who bring little come first, and those who bring much take turns, with little
//! of each commit and a rest behind it while others are there. So whoever is registered, and deposits as fast as he can,
//! takes what is left over.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::time::{Duration, Instant};

use crate::lanes::Lanes;

/// Whoever brings more in one [`SECOND`] brings much, in that one and the next;
const LITTLE: u32 = 256;
const SECOND: Duration = Duration::from_secs(1);
/// and so does whoever has so many waiting at once.
const AT_ONCE: usize = 4;
/// As long as somebody who brings little has deposited within the last second or two, so many changes of the others go
/// into one commit,
const LEFT_OVER: usize = 64;
/// and so many times its own length passes before the next one that has any of them: half of the time is theirs.
const REST: u32 = 1;
/// However long a disk took, nobody waits longer for that.
const REST_MAX: Duration = Duration::from_millis(250);

/// What waits for the writer. What one of them brought keeps its order.
#[derive(Debug)]
pub struct Shares<K, T> {
    little: Lanes<K, T>,
    much: Lanes<K, T>,
    recent: Recent<K>,
    rests_until: Instant,
    is_last: bool,
}

/// Who brought what in this second and in the one before.
#[derive(Debug)]
struct Recent<K> {
    since: Instant,
    now: Brought<K>,
    before: Brought<K>,
}

#[derive(Debug)]
struct Brought<K> {
    counts: HashMap<K, u32>,
    /// Those of them who bring little, and wait for an answer.
    wait: HashSet<K>,
}

/// What goes into one commit.
#[derive(Debug)]
pub struct Batch<T> {
    /// In this order.
    pub changes: Vec<T>,
    /// What they cost together.
    pub cost: usize,
    /// What to say when it is stored.
    pub taken: Taken,
}

/// When a batch was taken, and whether any of it is of those who bring much.
#[derive(Clone, Copy, Debug)]
pub struct Taken {
    at: Instant,
    is_of_much: bool,
}

/// How large a commit may become: the change that goes beyond is the last.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Changes.
    pub changes: usize,
    /// What they cost together.
    pub cost: usize,
}

impl<K: Copy + Eq + Hash, T> Shares<K, T> {
    /// Nothing waits.
    pub fn new(now: Instant) -> Self {
        let recent = Recent { since: now, now: Brought::default(), before: Brought::default() };
        Self { little: Lanes::default(), much: Lanes::default(), recent, rests_until: now, is_last: false }
    }

    /// Nobody else is coming: what waits goes without a rest.
    pub fn nobody_else_comes(&mut self) {
        self.is_last = true;
    }

    /// Somebody brought a change, and perhaps waits for what becomes of it.
    pub fn add(&mut self, of: K, cost: usize, change: T, waits: bool, now: Instant) {
        // Whoever is held back brings less than he would.
        let at_once = if self.much.waiting(&of) > 0 { AT_ONCE } else { self.little.waiting(&of) + 1 };
        if self.recent.is_much(of, at_once, waits, now) {
            self.much.add(of, cost, change);
        } else {
            self.little.add(of, cost, change);
        }
    }

    /// When there may be a batch: at once if somebody who brings little waits. `None` if nobody does.
    pub fn next_at(&mut self, now: Instant) -> Option<Instant> {
        if !self.little.is_empty() {
            return Some(now);
        }
        (!self.much.is_empty()).then(|| if self.is_room_left(now) { self.rests_until.max(now) } else { now })
    }

    /// The next one.
    pub fn batch(&mut self, size: Size, now: Instant) -> Batch<T> {
        let mut batch = Batch { changes: Vec::new(), cost: 0, taken: Taken { at: now, is_of_much: false } };
        batch.fill(&mut self.little, size);
        let is_room_left = self.is_room_left(now);
        if is_room_left && now < self.rests_until {
            return batch;
        }
        let before = batch.changes.len();
        let changes = if is_room_left { size.changes.min(before + LEFT_OVER) } else { size.changes };
        batch.fill(&mut self.much, Size { changes, ..size });
        batch.taken.is_of_much = batch.changes.len() > before;
        batch
    }

    /// A batch is stored.
    pub fn stored(&mut self, taken: Taken, now: Instant) {
        if taken.is_of_much {
            self.rests_until = now + (now.duration_since(taken.at) * REST).min(REST_MAX);
        }
    }

    /// Whether those who bring much leave room for somebody.
    fn is_room_left(&mut self, now: Instant) -> bool {
        self.recent.go_on(now);
        let Recent { now, before, .. } = &self.recent;
        let is_anybody_there = !now.wait.is_empty() || !before.wait.is_empty();
        is_anybody_there && !self.is_last
    }
}

impl<T> Batch<T> {
    fn fill<K: Copy + Eq + Hash>(&mut self, from: &mut Lanes<K, T>, size: Size) {
        while self.changes.len() < size.changes && self.cost < size.cost {
            let Some((cost, change)) = from.take() else { return };
            self.cost += cost;
            self.changes.push(change);
        }
    }
}

impl<K> Default for Brought<K> {
    fn default() -> Self {
        Self { counts: HashMap::new(), wait: HashSet::new() }
    }
}

impl<K: Copy + Eq + Hash> Recent<K> {
    /// Counts one more of somebody who has so many waiting, and says whether that is much.
    fn is_much(&mut self, of: K, at_once: usize, waits: bool, now: Instant) -> bool {
        self.go_on(now);
        let count = self.now.counts.entry(of).or_default();
        *count = if at_once >= AT_ONCE { u32::MAX } else { count.saturating_add(1) };
        let is_much = *count > LITTLE || self.before.counts.get(&of).is_some_and(|count| *count > LITTLE);
        if is_much {
            self.now.wait.remove(&of);
            self.before.wait.remove(&of);
        } else if waits {
            self.now.wait.insert(of);
        }
        is_much
    }

    /// Forgets what was longer ago.
    fn go_on(&mut self, now: Instant) {
        let passed = now.duration_since(self.since);
        if passed >= SECOND {
            let last = std::mem::take(&mut self.now);
            self.before = if passed < 2 * SECOND { last } else { Brought::default() };
            self.since = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Size = Size { changes: 1_024, cost: 1 << 20 };
    const COMMIT: Duration = Duration::from_millis(1);

    /// A clock and a writer that takes [`COMMIT`] for each commit.
    struct Played {
        shares: Shares<char, char>,
        now: Instant,
        /// Whose changes were stored, commit for commit.
        stored: Vec<String>,
    }

    impl Played {
        fn new() -> Self {
            let now = Instant::now();
            Self { shares: Shares::new(now), now, stored: Vec::new() }
        }

        fn deposit(&mut self, of: char, count: usize) {
            (0..count).for_each(|_| self.shares.add(of, 1, of, true, self.now));
        }

        /// What is stored within so long, of this one.
        fn run(&mut self, length: Duration, of: char) -> usize {
            let until = self.now + length;
            let before = self.stored.len();
            while let Some(at) = self.shares.next_at(self.now).filter(|at| *at < until) {
                self.now = self.now.max(at);
                let batch = self.shares.batch(SIZE, self.now);
                assert!(!batch.changes.is_empty());
                self.now += COMMIT;
                self.shares.stored(batch.taken, self.now);
                self.stored.push(batch.changes.into_iter().collect());
            }
            self.now = self.now.max(until);
            self.stored.iter().skip(before).map(|commit| commit.matches(of).count()).sum()
        }
    }

    #[test]
    fn whoever_is_alone_has_all_of_it() {
        let mut played = Played::new();
        played.deposit('m', 3_000);
        assert_eq!(played.run(COMMIT * 3, 'm'), 3_000);
    }

    #[test]
    fn who_brings_little_waits_for_one_commit_and_the_others_have_half_of_the_time() {
        let mut played = Played::new();
        played.deposit('m', 100_000);
        let mut of_much = 0;
        for _ in 0..100 {
            played.deposit('l', 1);
            let before = played.stored.len();
            of_much += played.run(COMMIT * 20, 'm');
            assert!(played.stored.iter().skip(before).take(2).any(|commit| commit.contains('l')));
        }
        let commits = 2_000 / (1 + usize::try_from(REST).unwrap_or_default());
        let half = commits * LEFT_OVER;
        assert!((half * 9 / 10..=half + AT_ONCE).contains(&of_much), "{of_much} of {half}");
    }

    #[test]
    fn whoever_is_held_back_goes_on_being_one_who_brings_much() {
        let mut played = Played::new();
        // Two with more than goes at once, who add little to it; one who writes now and then.
        played.deposit('m', 100_000);
        played.deposit('n', 100_000);
        for _ in 0..250 {
            played.deposit('l', 1);
            played.deposit('m', 1);
            played.deposit('n', 1);
            played.run(COMMIT * 20, 'm');
        }
        // The first has what they brought before they had brought much.
        let largest = played.stored.iter().skip(1).map(String::len).max().unwrap_or_default();
        assert!(largest <= LEFT_OVER + 1, "{largest}");
        // When the one is silent, they have all of it.
        played.run(SECOND * 2, 'm');
        played.run(COMMIT, 'm');
        assert!(played.shares.next_at(played.now).is_none());
    }

    #[test]
    fn who_catches_up_after_a_hiccup_brings_little() {
        let mut played = Played::new();
        played.deposit('m', 10_000);
        // A trip is a deposit and an ack, and due every 20 ms; the 26th is held up for half a second.
        for trip in 0..100 {
            played.deposit('l', 1);
            played.shares.add('l', 1, 'l', false, played.now);
            let wait = match trip {
                25 => COMMIT * 500,
                26..51 => COMMIT * 4,
                _ => COMMIT * 20,
            };
            let Recent { now, before, .. } = &played.shares.recent;
            assert!(now.wait.contains(&'l') || before.wait.contains(&'l'), "brings much with trip {trip}");
            played.run(wait, 'l');
        }
    }

    #[test]
    fn an_order_is_kept_from_one_class_to_the_other() {
        let mut shares = Shares::new(Instant::now());
        let now = shares.rests_until;
        (0..1_000_u32).for_each(|number| shares.add('a', 1, number, true, now));
        assert!(shares.little.waiting(&'a') > 0 && shares.much.waiting(&'a') > 0);
        let mut stored = Vec::new();
        while shares.next_at(now + SECOND * 3).is_some() {
            stored.extend(shares.batch(Size { changes: 100, cost: 1_000 }, now + SECOND * 3).changes);
        }
        assert!(stored.iter().copied().eq(0..1_000));
    }

    #[test]
    fn a_slow_disk_makes_no_long_rest_and_the_end_none() {
        let (mut shares, begun) = (Shares::new(Instant::now()), Instant::now());
        shares.add('l', 1, 'l', true, begun);
        (0..100).for_each(|_| shares.add('m', 1, 'm', true, begun));
        let taken = shares.batch(SIZE, begun).taken;
        let now = begun + SECOND / 2;
        shares.stored(taken, now);
        assert_eq!(shares.next_at(now), Some(now + REST_MAX));
        shares.nobody_else_comes();
        assert_eq!(shares.next_at(now), Some(now));
        assert_eq!(shares.batch(SIZE, now).changes.len(), 100 - (AT_ONCE - 1) - LEFT_OVER);
    }

    #[test]
    fn what_was_longer_ago_is_forgotten() {
        let mut played = Played::new();
        played.deposit('m', 1_000);
        played.run(SECOND * 3, 'm');
        played.deposit('m', 1);
        assert_eq!(played.shares.little.waiting(&'m'), 1);
        assert_eq!(played.shares.recent.now.counts.len() + played.shares.recent.before.counts.len(), 1);
    }
}
