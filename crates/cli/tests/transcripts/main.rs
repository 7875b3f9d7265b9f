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
mod dice;
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
mod programs;
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
mod words;

use dice::Dice;
use programs::bin_dir;
