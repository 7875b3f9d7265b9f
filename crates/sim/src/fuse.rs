//! [`Fuse`]: sudden death at a chosen point, as `kill -9` would bring it.
//!
//! A client passes points: each poll of a stream, each dial, each commit of its vault, each drawing of
//! randomness (so also the middle of a transaction). When the fuse has burnt down, the point unwinds instead of
//! returning; whoever called the client catches that, and drops everything that the process held. A
//! transaction that was open is rolled back, as SQLite does with what a dead process left.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicI64, Ordering};

/// Counts points down to a death.
#[derive(Default, Debug)]
pub(crate) struct Fuse(AtomicI64);

/// What unwinds: told apart from a panic, which would be a fault of ours.
struct Dead;

impl Fuse {
    /// Dies at the so-manieth point from now; never when `None`.
    pub(crate) fn set(&self, points: Option<u32>) {
        self.0.store(points.map_or(0, |points| i64::from(points.max(1))), Ordering::Relaxed);
    }

    /// One point.
    pub(crate) fn burn(&self) {
        let left = self.0.load(Ordering::Relaxed);
        if left > 0 {
            self.0.store(left - 1, Ordering::Relaxed);
            if left == 1 {
                // Not `panic!`: the hook that prints has nothing to say here.
                resume_unwind(Box::new(Dead));
            }
        }
    }
}

/// Does some work of a process; `None` when it died on the way. A real panic goes on.
pub(crate) fn outlive<T>(work: impl FnOnce() -> T) -> Option<T> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(value) => Some(value),
        Err(payload) if payload.is::<Dead>() => None,
        Err(payload) => resume_unwind(payload),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fuse_kills_at_its_point_and_once() {
        let fuse = Fuse::default();
        fuse.set(Some(3));
        let mut passed = 0;
        let lived = outlive(|| {
            for _ in 0..5 {
                fuse.burn();
                passed += 1;
            }
        });
        assert_eq!((lived, passed), (None, 2));
        assert_eq!(outlive(|| fuse.burn()), Some(()));
    }
}
