//! [`Options`]: how a client behaves towards the world.

use std::time::Duration;

use crate::{FailPoint, Progress, Proxy, SharedResident, SharedWorld, Teller};

/// How the client behaves towards the world.
#[derive(Clone, Debug)]
pub struct Options {
    /// Give a server up after this long without progress.
    pub timeout: Duration,
    /// Stops the client dead at one step: tests of P2 only.
    #[doc(hidden)]
    pub fail_point: Option<FailPoint>,
    /// Lets refills, requests and new beginnings leave so many seconds before their random due time: tests only,
    /// since the delay hides from the relay which collection caused them.
    #[doc(hidden)]
    pub dues_early_s: u64,
    /// Clock, randomness and the way to servers: the real ones by default.
    pub world: SharedWorld,
    /// What every connection goes through; without one, straight to the server.
    pub proxy: Option<Proxy>,
    /// Whoever stays connected for this vault already, and is asked before anything is collected.
    pub resident: SharedResident,
    /// Told how far a file has come.
    pub progress: Option<Teller<Progress>>,
    /// Send nothing to anybody who is not verified, whatever a single call says; taking something back is free.
    pub require_verified: bool,
    /// Tell people who become contacts from now on what was read, as [`crate::Client::set_receipts`] does for one.
    pub receipts: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(30),
            fail_point: None,
            dues_early_s: 0,
            world: SharedWorld::default(),
            proxy: None,
            resident: SharedResident::default(),
            progress: None,
            require_verified: false,
            receipts: false,
        }
    }
}
