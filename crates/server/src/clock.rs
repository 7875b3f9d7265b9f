//! The two clocks of the shell: one that never goes back for waiting, one of the calendar, which may jump.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use proto::Now;
use wire::UnixSeconds;

/// Milliseconds since this process took its first look.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    started: Instant,
}

impl Clock {
    /// Starts at zero now.
    pub fn start() -> Self {
        Self { started: Instant::now() }
    }

    /// What the state machines call now.
    pub fn now(&self) -> Now {
        Now(u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX))
    }

    /// The instant at which [`Clock::now`] will be `at`.
    pub fn instant(&self, at: Now) -> Instant {
        self.started + std::time::Duration::from_millis(at.0)
    }

    /// Whole seconds since the start.
    pub fn uptime_s(&self) -> u64 {
        self.started.elapsed().as_secs()
    }
}

/// Calendar time; a clock before 1970 counts as 1970.
pub fn wall() -> UnixSeconds {
    UnixSeconds(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()))
}
