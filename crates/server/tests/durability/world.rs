//! A person with inboxes on a data folder, and servers that come and go on it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard};

use wire::request::MailboxPolicy;

use crate::ledger::Ledger;
use crate::support::peer::Peer;
use crate::support::person::{Mailbox, Person};
use crate::support::{Server, invitation_in, oublietted};

/// Under load; a fourth voucher is for a quiet one.
pub const INBOXES: usize = 3;

/// Who writes, who reads, and what they were told.
pub struct World {
    pub data: PathBuf,
    pub inboxes: Vec<Mailbox>,
    /// One that no load comes to, and no ledger knows.
    pub quiet: Mailbox,
    ledger: Mutex<Ledger>,
}

/// `serve` on a folder, on a port of the system's choice.
pub fn serving(data: &Path) -> Command {
    oublietted(&["serve", "--listen", "127.0.0.1:0", "--data", data.to_str().unwrap()])
}

pub fn serve(data: &Path) -> Server {
    Server::start(serving(data))
}

/// An admin verb's words.
pub fn run(data: &Path, verb: &[&str]) -> String {
    let output = oublietted(verb).args(["--data", data.to_str().unwrap()]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A number of `status`.
pub fn status(data: &Path, field: &str) -> u64 {
    let status: serde_json::Value = serde_json::from_str(&run(data, &["status", "--json"])).unwrap();
    status[field].as_u64().unwrap()
}

impl World {
    /// Registers on a server that runs on this folder.
    pub fn begin(data: &Path, port: u16) -> Arc<Self> {
        let invitation = invitation_in(&run(data, &["invite", "alice"]));
        let alice = Person::registered(port, "alice", invitation.code);
        let inbox = |voucher| {
            let inbox = alice.create(port, MailboxPolicy::Inbox, voucher);
            let mut owner = Peer::connect(port);
            let slot = inbox.open(&mut owner).slot;
            inbox.generate(&mut owner, slot);
            inbox
        };
        let (inboxes, quiet) = ((0..INBOXES).map(inbox).collect(), inbox(INBOXES));
        let ledger = Mutex::new(Ledger::new(INBOXES));
        Arc::new(Self { data: data.to_path_buf(), inboxes, quiet, ledger })
    }

    pub fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// What was said up to now, to be held against a copy.
    pub fn snapshot(&self) -> Ledger {
        self.ledger().clone()
    }
}
