//! Who may have how much: connections, look-ups and doorstep deposits per source, in memory only.
//!
//! A source is an IPv4 address or an IPv6 /64, known here as a salted hash whose salt changes every hour.
//! Loopback is whatever proxy or tunnel runs on this machine, so it has the total budgets only (DESIGN § 13).

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use wire::DepositId;
use wire::limits::LOOKUPS_PER_MINUTE_MAX;

/// How long a salt lives.
const SALT_LIFE: Duration = Duration::from_secs(3_600);
/// Sources remembered; beyond that new ones wait for the next salt.
const SOURCES_MAX: usize = 65_536;
/// Deposits of one source at one doorstep within an hour (DESIGN § 8.1).
const DOORSTEP_PER_HOUR_MAX: u32 = 8;
/// Registry requests of one source within a minute: each costs the server several signature checks.
const REGISTRY_PER_MINUTE_MAX: u32 = 30;

/// The budgets, shared by all connections.
#[derive(Debug)]
pub struct Admission {
    connections_max: usize,
    per_source_max: usize,
    state: Mutex<State>,
}

/// Where a connection comes from, as far as budgets go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Source(Option<IpAddr>);

impl Source {
    /// The source of a peer's address.
    pub fn of(peer: IpAddr) -> Self {
        match peer.to_canonical() {
            ip if ip.is_loopback() => Self(None),
            IpAddr::V6(ip) => Self(Some(IpAddr::V6((ip.to_bits() & !u128::from(u64::MAX)).into()))),
            ip => Self(Some(ip)),
        }
    }
}

#[derive(Debug)]
struct State {
    total: usize,
    salt: RandomState,
    salted: Instant,
    connections: HashMap<u64, usize>,
    minutes: HashMap<(u64, Budget), Spent>,
    doorsteps: HashMap<u64, u32>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Budget {
    Lookups,
    Registry,
}

#[derive(Debug)]
struct Spent {
    since: Instant,
    count: u32,
}

/// One connection's place; given back when dropped.
#[derive(Debug)]
pub struct Place {
    admission: Arc<Admission>,
    /// Its source's hash, with the salt's birth: after a change of salt the old count is gone already.
    counted: Option<(u64, Instant)>,
}

impl Admission {
    /// Budgets for so many connections in total, and of one source.
    pub fn new(connections_max: usize, per_source_max: usize) -> Arc<Self> {
        let state = State {
            total: 0,
            salt: RandomState::new(),
            salted: Instant::now(),
            connections: HashMap::new(),
            minutes: HashMap::new(),
            doorsteps: HashMap::new(),
        };
        Arc::new(Self { connections_max, per_source_max, state: Mutex::new(state) })
    }

    /// A place for one more connection, or none.
    pub fn admit(self: &Arc<Self>, source: Source) -> Option<Place> {
        let mut state = self.state();
        state.change_salt(Instant::now());
        if state.total >= self.connections_max {
            return None;
        }
        let counted = match source.0 {
            None => None,
            Some(ip) => Some((state.count_connection(ip, self.per_source_max)?, state.salted)),
        };
        state.total += 1;
        Some(Place { admission: self.clone(), counted })
    }

    /// Whether this source may look one more name up (`LOOKUP`, `FETCH`, and every challenge).
    pub fn lookup(&self, source: Source) -> bool {
        self.within_minute(source, Budget::Lookups, LOOKUPS_PER_MINUTE_MAX)
    }

    /// Whether this source may bring one more claim, answer or bundle.
    pub fn registry(&self, source: Source) -> bool {
        self.within_minute(source, Budget::Registry, REGISTRY_PER_MINUTE_MAX)
    }

    /// Whether this source may knock at this doorstep once more.
    pub fn doorstep(&self, source: Source, sid: &DepositId) -> bool {
        let Some(ip) = source.0 else { return true };
        let mut state = self.state();
        state.change_salt(Instant::now());
        let key = state.salt.hash_one((ip, sid));
        if state.doorsteps.len() >= SOURCES_MAX && !state.doorsteps.contains_key(&key) {
            return false;
        }
        let count = state.doorsteps.entry(key).or_default();
        *count = count.saturating_add(1);
        *count <= DOORSTEP_PER_HOUR_MAX
    }

    /// Connections served now.
    pub fn connections(&self) -> usize {
        self.state().total
    }

    fn within_minute(&self, source: Source, budget: Budget, max: u32) -> bool {
        let Some(ip) = source.0 else { return true };
        let now = Instant::now();
        let mut state = self.state();
        state.change_salt(now);
        let key = (state.salt.hash_one(ip), budget);
        if state.minutes.len() >= SOURCES_MAX && !state.minutes.contains_key(&key) {
            return false;
        }
        let spent = state.minutes.entry(key).or_insert(Spent { since: now, count: 0 });
        if now.duration_since(spent.since) >= Duration::from_secs(60) {
            *spent = Spent { since: now, count: 0 };
        }
        spent.count = spent.count.saturating_add(1);
        spent.count <= max
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A count that a panicking thread left behind is still a count.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Forgets every source once an hour. Connections that stay open are then counted in the total only.
    fn change_salt(&mut self, now: Instant) {
        if now.duration_since(self.salted) >= SALT_LIFE {
            self.salt = RandomState::new();
            self.salted = now;
            self.connections = HashMap::new();
            self.minutes = HashMap::new();
            self.doorsteps = HashMap::new();
        }
    }

    fn count_connection(&mut self, ip: IpAddr, max: usize) -> Option<u64> {
        let key = self.salt.hash_one(ip);
        let count = self.connections.entry(key).or_default();
        if *count >= max {
            return None;
        }
        *count += 1;
        Some(key)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.admission.state();
        state.total = state.total.saturating_sub(1);
        let Some((key, _)) = self.counted.filter(|(_, salted)| *salted == state.salted) else { return };
        let left = state.connections.get(&key).map_or(0, |count| count.saturating_sub(1));
        if left == 0 {
            state.connections.remove(&key);
        } else {
            state.connections.insert(key, left);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        Source::of(text.parse().unwrap())
    }

    #[test]
    fn a_source_has_its_own_budget_and_gets_places_back() {
        let admission = Admission::new(10, 2);
        let first = admission.admit(source("192.0.2.1"));
        let second = admission.admit(source("192.0.2.1"));
        assert!(first.is_some() && second.is_some());
        assert!(admission.admit(source("192.0.2.1")).is_none());
        assert!(admission.admit(source("192.0.2.2")).is_some());
        drop(first);
        assert!(admission.admit(source("::ffff:192.0.2.1")).is_some());
    }

    #[test]
    fn loopback_has_the_total_budget_only() {
        let admission = Admission::new(3, 1);
        let places: Vec<_> = (0..4).map(|_| admission.admit(source("127.0.0.1"))).collect();
        assert_eq!(places.iter().flatten().count(), 3);
        assert_eq!(admission.connections(), 3);
        assert!((0..200).all(|_| admission.lookup(source("::1"))));
    }

    #[test]
    fn a_network_of_ipv6_is_one_source() {
        assert_eq!(source("2001:db8::1"), source("2001:db8::ffff:2"));
        assert_ne!(source("2001:db8::1"), source("2001:db8:0:1::1"));
    }

    #[test]
    fn the_sixty_first_look_up_of_a_minute_is_refused() {
        let admission = Admission::new(10, 2);
        assert!((0..60).all(|_| admission.lookup(source("192.0.2.1"))));
        assert!(!admission.lookup(source("192.0.2.1")));
        assert!(admission.lookup(source("192.0.2.2")));
    }

    #[test]
    fn the_ninth_knock_of_an_hour_at_one_doorstep_is_refused() {
        let admission = Admission::new(10, 2);
        let (one, other) = (DepositId([1; 16]), DepositId([2; 16]));
        assert!((0..8).all(|_| admission.doorstep(source("192.0.2.1"), &one)));
        assert!(!admission.doorstep(source("192.0.2.1"), &one));
        assert!(admission.doorstep(source("192.0.2.1"), &other));
    }
}
