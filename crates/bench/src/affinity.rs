//! Which core does what: relays on the first, everything that loads them on the second.

use crate::Failure;
use rustix::process::{Resource, Rlimit, getrlimit, setpriority_process, setrlimit};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// The core of every relay that is started here.
pub const RELAY_CORE: usize = 0;
/// The core of this program.
pub const LOAD_CORE: usize = 1;

/// Moves this process to its core; on a machine with a single one, says that the figures are worth little.
pub fn pin() -> Result<(), Failure> {
    if !can_pin() {
        eprintln!("bench: no second core: relay and load share one, and the figures say little");
        return Ok(());
    }
    let mut mine = CpuSet::new();
    mine.set(LOAD_CORE);
    Ok(sched_setaffinity(None, &mine)?)
}

/// Whether there are two cores to pin to.
pub fn can_pin() -> bool {
    static COULD: std::sync::OnceLock<bool> = std::sync::OnceLock::new();
    *COULD.get_or_init(|| {
        sched_getaffinity(None).is_ok_and(|set| set.is_set(RELAY_CORE) && set.is_set(LOAD_CORE))
    })
}

/// This thread gets what the others of this core leave.
pub fn give_way() -> Result<(), Failure> {
    // The system has a priority for each thread, and `None` is the one that asks.
    Ok(setpriority_process(None, 19)?)
}

/// As many descriptors as the system lets us have; relays that are started afterwards inherit them.
pub fn raise_descriptors() -> Result<(), Failure> {
    let now = getrlimit(Resource::Nofile);
    Ok(setrlimit(Resource::Nofile, Rlimit { current: now.maximum, maximum: now.maximum })?)
}
