//! How the server does, in numbers without persons.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};
use wire::UnixSeconds;

use crate::clock::wall;
use crate::identity::{Identity, ROOT_KEY};
use crate::leaf::LeafResolver;
use crate::ledger::Standing;
use crate::relay::Relay;

/// The answer to `status`. Fields are only ever added.
#[derive(Clone, Serialize, Deserialize, Debug)]
pub struct Status {
    /// Of the program.
    pub version: String,
    /// Protocol versions spoken.
    pub protocol: String,
    /// Since the start.
    pub uptime_s: u64,
    /// Connections now.
    pub connections: u64,
    /// Mailboxes open on a connection now.
    pub open_mailboxes: u64,
    /// Live mailboxes.
    pub mailboxes: u64,
    /// Envelopes waiting.
    pub waiting: u64,
    /// Their bytes.
    pub waiting_bytes: u64,
    /// By how many seconds the system's clock is ahead of the time that the relay believes (negative: behind);
    /// 0 within a day.
    pub clock_ahead_s: i64,
    /// Bytes of the store on the disk.
    pub disk_bytes: u64,
    /// Rows let go of whose bytes may still be on the disk.
    pub unforgotten: u64,
    /// Changes of records so far, from the first on.
    pub registrations: u64,
    /// Leaves of the public log of keys.
    #[serde(default)]
    pub ledger_leaves: u64,
    /// How it stands with that log.
    #[serde(default)]
    pub ledger: Option<Standing>,
    /// Damaged records met.
    pub damaged: u64,
    /// Whole days until the leaf certificate ends (it renews itself).
    pub leaf_days_left: u64,
    /// Whole days until the tls-ca ends (it renews itself while root.key is here).
    pub tls_ca_days_left: u64,
    /// Whether root.key is on this machine.
    pub root_key_is_here: bool,
    /// Where everybody may join, by this.
    pub open: Option<String>,
    /// Counters since the start.
    pub counters: serde_json::Map<String, serde_json::Value>,
}

/// What status knows of certificates.
#[derive(Clone, Debug)]
pub struct Certificates {
    /// The leaf in use.
    pub leaf: Arc<LeafResolver>,
    identity: Arc<Path>,
    ca_not_after: Arc<AtomicU64>,
}

impl Certificates {
    /// As they are now.
    pub fn new(leaf: Arc<LeafResolver>, identity: &Identity) -> Self {
        let ca_not_after = Arc::new(AtomicU64::new(identity.ca_not_after().0));
        Self { leaf, identity: identity.folder().into(), ca_not_after }
    }

    /// The tls-ca was looked after: when it ends now.
    pub fn ca_ends(&self, not_after: UnixSeconds) {
        self.ca_not_after.store(not_after.0, Ordering::Relaxed);
    }

    /// When the tls-ca ends.
    pub fn ca_not_after(&self) -> UnixSeconds {
        UnixSeconds(self.ca_not_after.load(Ordering::Relaxed))
    }

    /// Whether root.key is on this machine: it comes and goes while the server runs.
    pub fn root_key_is_here(&self) -> bool {
        self.identity.join(ROOT_KEY).exists()
    }
}

impl Status {
    /// Reads everything now. Blocks on the store.
    pub fn read(relay: &Relay, certificates: &Certificates) -> Self {
        let totals = relay.store.totals();
        let days_left = |end: UnixSeconds| end.0.saturating_sub(wall().0) / 86_400;
        let count = |(name, value): (&str, u64)| (name.to_owned(), value.into());
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            protocol: wire::PROTOCOL_VERSION.to_string(),
            uptime_s: relay.clock.uptime_s(),
            connections: relay.admission.connections() as u64,
            open_mailboxes: relay.hub.len() as u64,
            mailboxes: totals.mailboxes,
            waiting: totals.waiting,
            waiting_bytes: totals.bytes,
            clock_ahead_s: relay.believed.disagreement_s(&relay.clock).unwrap_or(0),
            disk_bytes: relay.store.disk_bytes(),
            unforgotten: relay.store.unforgotten(),
            registrations: totals.leaves,
            ledger_leaves: relay.store.leaves(),
            ledger: Some(relay.ledger.standing()),
            damaged: totals.damaged,
            leaf_days_left: days_left(certificates.leaf.not_after()),
            tls_ca_days_left: days_left(certificates.ca_not_after()),
            root_key_is_here: certificates.root_key_is_here(),
            open: relay.open_address(),
            counters: relay.counters.all().into_iter().map(count).collect(),
        }
    }

    /// Whether the public log of keys is shown to clients.
    pub fn shows_ledger(&self) -> bool {
        self.ledger == Some(Standing::Kept)
    }

    /// For people.
    pub fn screen(&self) -> String {
        let Self { version, protocol, uptime_s, connections, mailboxes, waiting, damaged, .. } = self;
        let root = if self.root_key_is_here { "root key on this machine" } else { "root key kept elsewhere" };
        let mut screen = format!(
            "oublietted {version}, protocol {protocol}, up {}\n\
             connections   {connections} now, {} mailboxes open\n\
             mailboxes     {mailboxes}, with {waiting} envelopes waiting ({} KiB)\n\
             disk          {} KiB\n\
             certificate   {} days left (renews itself), authority {} days, {root}\n",
            uptime(*uptime_s),
            self.open_mailboxes,
            self.waiting_bytes / 1024,
            self.disk_bytes / 1024,
            self.leaf_days_left,
            self.tls_ca_days_left,
        );
        if let Some(standing) = &self.ledger {
            screen.push_str(&format!(
                "ledger        {} leaves, {}\n",
                self.ledger_leaves,
                ledger_words(standing)
            ));
        }
        if let Some(address) = &self.open {
            screen.push_str(&format!("open          everybody may join:   oub join {address} --name NAME\n"));
        }
        if *damaged > 0 {
            screen.push_str(&format!("DAMAGED       {damaged} stored records; see docs/operator\n"));
        }
        if self.clock_ahead_s != 0 {
            let (days, way) = (
                self.clock_ahead_s.unsigned_abs() / 86_400,
                if self.clock_ahead_s > 0 { "ahead of" } else { "behind" },
            );
            screen.push_str(&format!(
                "CLOCK         the system's is {days} days {way} the relay's; see docs/operator\n"
            ));
        }
        screen.push_str("since the start\n");
        let columns = self.counters.keys().map(String::len).max().unwrap_or_default();
        for (name, value) in &self.counters {
            screen.push_str(&format!("  {:<columns$}  {value}\n", name.replace('_', " ")));
        }
        screen
    }

    /// One JSON line for scripts.
    pub fn json(&self) -> String {
        let mut value = serde_json::to_value(self).unwrap_or_default();
        if let Some(fields) = value.as_object_mut() {
            fields.insert("v".into(), 1.into());
            fields.insert("t".into(), "status".into());
        }
        value.to_string()
    }
}

/// How it stands with the public log of keys, and what to do.
fn ledger_words(standing: &Standing) -> String {
    match standing {
        Standing::Kept => "shown to clients".to_owned(),
        Standing::Beginning { of: 0, .. } => "being read".to_owned(),
        Standing::Beginning { done, of } => format!("being made: {done} of {of} (shown when all are)"),
        Standing::NoRoom => "not shown, and names cannot join or change: make room on the disk".to_owned(),
        Standing::NeedsRootKey => {
            "not shown: bring root.key back once, by   oublietted identity import-root FILE".to_owned()
        }
        Standing::Early { seconds } => {
            format!("shown in {seconds} s, when this machine's clock is past its number; see docs/operator")
        }
        Standing::Damaged { leaf } => format!("NOT SHOWN: leaf {leaf} cannot be read; see docs/operator"),
    }
}

fn uptime(seconds: u64) -> String {
    match seconds {
        s if s >= 86_400 => format!("{} d {} h", s / 86_400, s % 86_400 / 3_600),
        s if s >= 3_600 => format!("{} h {} min", s / 3_600, s % 3_600 / 60),
        s => format!("{} min {} s", s / 60, s % 60),
    }
}
