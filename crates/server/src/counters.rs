//! What the server counts instead of narrating: totals without persons, for `status` and the hourly log line.

use std::sync::atomic::{AtomicU64, Ordering};

/// Defines counters whose only operations are adding one or more, and reading.
macro_rules! counters {
    ($($(#[doc = $doc:literal])+ $name:ident),+ $(,)?) => {
        /// Counters since the start of the process.
        #[derive(Default, Debug)]
        pub struct Counters {
            $($(#[doc = $doc])+ pub $name: Counter,)+
        }

        impl Counters {
            /// Every counter with its name, in the order of their definition.
            pub fn all(&self) -> Vec<(&'static str, u64)> {
                vec![$((stringify!($name), self.$name.get()),)+]
            }

            /// Every counter with its name and what it counts.
            pub fn described(&self) -> Vec<(&'static str, &'static str, u64)> {
                vec![$((stringify!($name), concat!($($doc),+).trim_ascii(), self.$name.get()),)+]
            }
        }
    };
}

counters! {
    /// Connections accepted.
    accepted,
    /// Connections turned away for want of a place.
    turned_away,
    /// Connections closed because no proxy said for whom it speaks, where that is asked for.
    proxy_headers_wrong,
    /// Handshakes that did not end in time or not in TLS 1.3 with our ALPN.
    handshakes_failed,
    /// Handshakes that gave way to newer ones.
    pushed_out,
    /// Connections closed because the peer did not read.
    unread,
    /// Deposits answered with STORED.
    stored,
    /// Deposits answered with a refusal of the store.
    refused,
    /// Commits of the writer, each one sync.
    commits,
    /// Requests refused because a source had spent its budget.
    over_budget,
    /// Wrong answers to a challenge.
    answers_wrong,
    /// Calls that storage itself could not carry out.
    store_errors,
    /// Envelopes that a sweep let expire.
    expired,
    /// Backups handed over to their end.
    backups,
}

/// One number that only grows.
#[derive(Default, Debug)]
pub struct Counter(AtomicU64);

impl Counter {
    /// One more.
    pub fn add_one(&self) {
        self.add(1);
    }

    /// So many more.
    pub fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    /// How many so far.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
