//! The time of day, from the one place that asks the system for it.

use std::time::{SystemTime, UNIX_EPOCH};

use wire::UnixSeconds;

/// Seconds since 1970; a clock before that reads 0.
pub(crate) fn now() -> UnixSeconds {
    UnixSeconds(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()))
}
