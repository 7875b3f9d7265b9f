//! Transcripts: the real `oub` against a real `oublietted`, through the doors that people use.
//!
//! Each test has a relay of its own on a port that the system chose, and throw-away folders.
//! `OUB_TEST_SEED` replays the random moments of a run; each such test prints its seed.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod absence;
mod bots;
mod chat;
mod colours;
mod completion;
mod contacts;
mod crashes;
mod crowd;
mod daemon;
mod french;
mod guide;
mod hooks;
mod identity;
mod keyring;
mod ledger;
mod machine;
mod manual;
mod mistakes;
mod output;
mod pair;
mod person;
mod proxy;
mod relay;
mod release;
mod said;
mod screen;
mod secrets;
mod settings;
mod socket;
mod terminal;
mod unit;
mod verbs;

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

/// The folder of both programs, which are built first if they are not fresh.
fn bin_dir() -> &'static PathBuf {
    static DIR: OnceLock<PathBuf> = OnceLock::new();
    DIR.get_or_init(|| {
        let oub = PathBuf::from(env!("CARGO_BIN_EXE_oub"));
        let dir = oub.parent().unwrap().to_owned();
        let mut build = Command::new(env!("CARGO"));
        build
            .args(["build", "--quiet", "-p", "cli", "-p", "server", "--target-dir"])
            .arg(dir.parent().unwrap());
        if !cfg!(debug_assertions) {
            build.arg("--release");
        }
        let status = build.current_dir(env!("CARGO_MANIFEST_DIR")).status().unwrap();
        assert!(status.success(), "the programs cannot be built");
        dir
    })
}

/// A small generator whose seed is printed, so that an unlucky run can be repeated.
struct Dice(u64);

impl Dice {
    fn new(test: &str) -> Self {
        let given = std::env::var("OUB_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
        let clock =
            || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().subsec_nanos();
        let seed = given.unwrap_or_else(|| u64::from(clock()));
        println!("{test}: OUB_TEST_SEED={seed}");
        Self(seed | 1)
    }

    /// A number below `bound`.
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}
