//! The collector's lock: on one machine only one process collects for a vault (DESIGN § 8.3).

use std::{
    fs::{File, OpenOptions, TryLockError},
    os::unix::fs::OpenOptionsExt,
    time::{Duration, Instant},
};

use super::{Vault, permissions::file_error};
use crate::ClientError;

/// The name of the file that is locked.
pub(super) const FILE: &str = "collector.lock";

/// Held by the process that collects; the system lets go of it when the process ends, however it ends.
pub(crate) struct CollectorLock {
    _file: File,
}

impl Vault {
    /// Waits at most `wait` for the right to collect.
    pub(crate) fn collector_lock(&self, wait: Duration) -> Result<CollectorLock, ClientError> {
        let path = self.profile().dir().join(FILE);
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(|error| file_error(&path, &error))?;
        let end = Instant::now() + wait;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(CollectorLock { _file: file }),
                Err(TryLockError::WouldBlock) if Instant::now() < end => {
                    std::thread::sleep(Duration::from_millis(20));
                }
                Err(TryLockError::WouldBlock) => return Err(ClientError::CollectorBusy),
                Err(TryLockError::Error(error)) => return Err(file_error(&path, &error)),
            }
        }
    }
}
