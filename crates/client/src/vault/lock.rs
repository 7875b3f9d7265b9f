//! Two locks between processes: only one collects for a vault (DESIGN § 8.3), and only one hands out.

use std::{
    fs::{File, OpenOptions, TryLockError},
    os::unix::fs::OpenOptionsExt,
    time::{Duration, Instant},
};

use super::{Vault, permissions::file_error};
use crate::ClientError;

/// The file that is locked by whoever collects.
pub(super) const COLLECTOR: &str = "collector.lock";
const HANDING: &str = "handing.lock";
/// Locked, shared, by those who wait for the right to collect: who can let go of it sees that somebody wants it.
const WANTED: &str = "collector.wanted";

/// Who waits for less does without: a connection is not given up for it.
const WANTED_WAIT: Duration = Duration::from_secs(1);

/// Held by the process that collects; the system lets go of it when the process ends, however it ends.
pub(crate) struct CollectorLock {
    _file: File,
}

/// Held by the process that hands messages out and marks them: two at once would hand the same ones out.
pub(crate) struct HandingLock {
    _file: File,
}

impl Vault {
    /// Waits at most `wait` for the right to collect.
    pub(crate) fn collector_lock(&self, wait: Duration) -> Result<CollectorLock, ClientError> {
        match self.lock(COLLECTOR, Duration::ZERO) {
            Ok(file) => return Ok(CollectorLock { _file: file }),
            Err(ClientError::CollectorBusy) if wait < WANTED_WAIT => {}
            Err(ClientError::CollectorBusy) => {
                let wanted = self.lock_file(WANTED)?;
                // Who cannot say that he waits waits all the same.
                let _ = wanted.try_lock_shared();
                return Ok(CollectorLock { _file: self.lock(COLLECTOR, wait)? });
            }
            Err(error) => return Err(error),
        }
        Ok(CollectorLock { _file: self.lock(COLLECTOR, wait)? })
    }

    /// Waits at most `wait` for the right to hand out.
    pub(crate) fn handing_lock(&self, wait: Duration) -> Result<HandingLock, ClientError> {
        let file = self.lock(HANDING, wait).map_err(|error| match error {
            ClientError::CollectorBusy => ClientError::HandingBusy,
            error => error,
        })?;
        Ok(HandingLock { _file: file })
    }

    fn lock(&self, name: &str, wait: Duration) -> Result<File, ClientError> {
        let file = self.lock_file(name)?;
        let end = Instant::now() + wait;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) if Instant::now() < end => {
                    std::thread::sleep(Duration::from_millis(20));
                }
                Err(TryLockError::WouldBlock) => return Err(ClientError::CollectorBusy),
                Err(TryLockError::Error(error)) => {
                    return Err(file_error(&self.profile().dir().join(name), &error));
                }
            }
        }
    }

    /// Whether another process waits for the right to collect.
    pub(crate) fn is_collector_wanted(&self) -> bool {
        self.lock_file(WANTED).is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
    }

    fn lock_file(&self, name: &str) -> Result<File, ClientError> {
        let path = self.profile().dir().join(name);
        let opened = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
        opened.map_err(|error| file_error(&path, &error))
    }
}
