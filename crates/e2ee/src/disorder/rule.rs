//! The owner's rule of `spec/e2ee.md § Offers`, on numbers and days alone, beside which the code is held.

use std::collections::BTreeMap;

const DAY: u64 = 86_400;

/// What the specification says is held of one series.
#[derive(Clone, Default)]
pub(super) struct Rule {
    /// The secrets held: number and day of making.
    pub(super) held: BTreeMap<u32, u64>,
    made: u32,
    used: u32,
    used_at: u64,
    /// When each number went, and why.
    pub(super) gone: BTreeMap<u32, (u64, Why)>,
}

/// Why the specification lets a secret go.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Why {
    /// n was used: n − 2 and older go at once.
    TwoLater,
    /// A COLLECT begun after the successor's first use reached DRAINED.
    Drained,
    /// Seven days after the successor's first use.
    SevenDays,
    /// 92 days after its day.
    Old,
    /// At most three are held.
    Fourth,
}

impl Rule {
    /// A Content is sealed: says which offer rides in it.
    pub(super) fn sealed(&mut self, now: u64) -> u32 {
        let unused = self.held.get(&self.made).filter(|_| self.made > self.used);
        if unused.is_none_or(|day| now / DAY - day >= 30) {
            self.made += 1;
            self.held.insert(self.made, now / DAY);
            let fourth = self.held.keys().nth_back(3).copied();
            self.let_go(now, Why::Fourth, |n, _| Some(n) == fourth);
        }
        self.made
    }

    /// An envelope under offer `n` was opened and committed.
    pub(super) fn opened(&mut self, n: u32, now: u64) {
        if n > self.used {
            (self.used, self.used_at) = (n, now);
            self.let_go(now, Why::TwoLater, |held, _| held + 2 <= n);
        }
    }

    /// A COLLECT begun at `began` reached DRAINED.
    pub(super) fn drained(&mut self, began: u64, now: u64) {
        let used = self.used;
        if began > self.used_at {
            self.let_go(now, Why::Drained, |held, _| held < used);
        }
    }

    /// The clock alone.
    pub(super) fn swept(&mut self, now: u64) {
        let used = self.used;
        if now - self.used_at >= 7 * DAY {
            self.let_go(now, Why::SevenDays, |held, _| held < used);
        }
        self.let_go(now, Why::Old, |_, day| now / DAY - day >= 92);
    }

    fn let_go(&mut self, now: u64, why: Why, goes: impl Fn(u32, u64) -> bool) {
        let gone: Vec<u32> = self.held.iter().filter(|(n, day)| goes(**n, **day)).map(|(n, _)| *n).collect();
        for n in gone {
            self.held.remove(&n);
            self.gone.insert(n, (now, why));
        }
    }
}
