//! Who may have how much: connections, handshakes, look-ups and doorstep deposits per source, in memory only.
//!
//! A source is an IPv4 address or an IPv6 /64. What it spent is counted under a salted hash whose salt changes
//! every hour; only connections that are open now are counted under the address itself, as the system does.
//! A proxy or tunnel speaks for many people, so what comes from one has the total budgets only.

use std::collections::{BTreeMap, HashMap};
use std::future::pending;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use wire::limits::{
    DEPOSITS_PER_SECOND_MAX, DOORSTEP_PER_HOUR_MAX, FEEDS_PER_MINUTE_MAX, KNOCKS_PER_SECOND_MAX,
    LOOKUPS_PER_MINUTE_MAX, PAIRINGS_PER_MINUTE_MAX, REGISTRY_PER_MINUTE_MAX,
};
use wire::{DepositId, EnvelopeSize};

use crate::network::Network;
use crate::spent::Spent;

/// How long a salt lives.
const SALT_LIFE: Duration = Duration::from_secs(3_600);
const MINUTE: Duration = Duration::from_secs(60);
/// What may begin at once before its pace is kept, as a part of a second.
const BURST: Duration = Duration::from_millis(20);
/// The same at one mailbox.
const MAILBOX_BURST: Duration = Duration::from_millis(125);
/// Mailboxes whose pace is remembered. Where more are deposited at within a burst, the others keep none.
const PACED_MAX: usize = 16_384;
/// So many connections are turned away in the time of one handshake.
const REFUSALS: u32 = 8;

/// What an operator may choose.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Budgets {
    /// Connections at once.
    pub connections_max: usize,
    /// Connections of one source at once.
    pub connections_per_source_max: usize,
    /// Handshakes under way at once; the oldest gives way to the next.
    pub handshakes_max: usize,
    /// Handshakes of one source within a minute.
    pub handshakes_per_minute_max: u32,
    /// Handshakes begun within a second, whoever begins them.
    pub handshakes_per_second_max: u32,
    /// Where proxies stand: no budget of their own, since they speak for many.
    pub proxies: Vec<Network>,
}

/// The budgets, shared by all connections.
#[derive(Debug)]
pub struct Admission {
    budgets: Budgets,
    state: Mutex<State>,
}

/// Where a connection comes from, as far as budgets go; nothing for a proxy.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Source(Option<IpAddr>);

impl Source {
    /// That of everybody behind a proxy.
    pub const PROXY: Self = Self(None);

    /// One that connects from there.
    #[cfg(test)]
    pub(crate) fn of(address: IpAddr) -> Self {
        Self(Some(address))
    }

    /// Whether it is a proxy, and speaks for many.
    pub fn is_of_many(self) -> bool {
        self.0.is_none()
    }
}

#[derive(Debug)]
struct State {
    total: usize,
    connections: HashMap<IpAddr, usize>,
    /// Handshakes under way, oldest first.
    newcomers: BTreeMap<u64, Arc<Notify>>,
    next_newcomer: u64,
    handshakes: Pace,
    refusals: Pace,
    knocks: Pace,
    mailboxes: HashMap<DepositId, Pace>,
    salt: RandomState,
    salted: Instant,
    minutes: Spent<(u64, Budget)>,
    doorsteps: Spent<u64>,
}

/// At what distance from each other things may begin, whoever begins them.
#[derive(Debug)]
struct Pace {
    /// When the next may.
    next: Instant,
    /// So far `next` may lie behind.
    burst: Duration,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Budget {
    Handshakes,
    Lookups,
    Feeds,
    Registry,
    Pairings,
}

/// One connection's place; given back when dropped.
#[derive(Debug)]
pub struct Place {
    admission: Arc<Admission>,
    source: Source,
    /// As long as its handshake is under way.
    newcomer: Option<Newcomer>,
}

/// A handshake under way: its number, and how it hears that it has to go.
type Newcomer = (u64, Arc<Notify>);

impl Admission {
    /// Nobody is here yet.
    pub fn new(budgets: Budgets) -> Arc<Self> {
        let now = Instant::now();
        let state = State {
            total: 0,
            connections: HashMap::new(),
            newcomers: BTreeMap::new(),
            next_newcomer: 0,
            handshakes: Pace::from(now, BURST),
            refusals: Pace::from(now, BURST),
            knocks: Pace::from(now, BURST),
            mailboxes: HashMap::new(),
            salt: RandomState::new(),
            salted: now,
            minutes: Spent::default(),
            doorsteps: Spent::default(),
        };
        Arc::new(Self { budgets, state: Mutex::new(state) })
    }

    /// Whether a proxy stands there.
    pub fn is_proxy(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        self.budgets.proxies.iter().any(|network| network.contains(peer))
    }

    /// The source of a peer's address.
    pub fn source_of(&self, peer: IpAddr) -> Source {
        let peer = peer.to_canonical();
        match peer {
            ip if self.is_proxy(ip) => Source::PROXY,
            IpAddr::V6(ip) => Source(Some(IpAddr::V6((ip.to_bits() & !u128::from(u64::MAX)).into()))),
            ip => Source(Some(ip)),
        }
    }

    /// A place for one more connection, or none.
    pub fn admit(self: &Arc<Self>, source: Source) -> Option<Place> {
        // Whom a full server turns away has not spent anything of his own.
        if self.connections() >= self.budgets.connections_max
            || !self.within_minute(source, Budget::Handshakes, self.budgets.handshakes_per_minute_max)
        {
            return None;
        }
        let mut state = self.state();
        // Another listener may have given the last place away meanwhile.
        if state.total >= self.budgets.connections_max {
            return None;
        }
        if let Some(ip) = source.0 {
            let count = state.connections.entry(ip).or_default();
            if *count >= self.budgets.connections_per_source_max {
                return None;
            }
            *count += 1;
        }
        state.total += 1;
        Some(Place { admission: self.clone(), source, newcomer: None })
    }

    /// How long the next handshake has to wait so that all of them keep their pace. A handshake costs the
    /// server more than it costs whoever begins it; waiting costs those who are connected nothing.
    pub fn pace(&self) -> Duration {
        let now = Instant::now();
        self.state().handshakes.next(self.step(), now).saturating_duration_since(now)
    }

    /// How long the next connection has to wait after one that was turned away: that costs little, and whoever
    /// does it all the time must not have a whole processor.
    pub fn pace_refusals(&self) -> Duration {
        let now = Instant::now();
        self.state().refusals.next(self.step() / REFUSALS, now).saturating_duration_since(now)
    }

    fn step(&self) -> Duration {
        Duration::from_secs(1) / self.budgets.handshakes_per_second_max.max(1)
    }

    /// When the next deposit without a stamp may go: whoever repeats one pays nothing for it.
    pub fn next_knock(&self, now: Instant) -> Instant {
        self.state().knocks.next(Duration::from_secs(1) / KNOCKS_PER_SECOND_MAX, now)
    }

    /// When the next deposit at this mailbox may go: one stamp is enough to bring the same one again and again.
    pub fn next_deposit(&self, sid: &DepositId, size: EnvelopeSize, now: Instant) -> Instant {
        let counts_for = match size {
            EnvelopeSize::Small => 1,
            EnvelopeSize::Medium => 2,
            EnvelopeSize::Large => 4,
        };
        let step = Duration::from_secs(1) * counts_for / DEPOSITS_PER_SECOND_MAX;
        self.state().mailbox(sid, now).map_or(now, |pace| pace.next(step, now))
    }

    /// Whether this source may look one more name up (`LOOKUP`, `FETCH`), or otherwise hear whether there is one.
    pub fn lookup(&self, source: Source) -> bool {
        self.within_minute(source, Budget::Lookups, LOOKUPS_PER_MINUTE_MAX)
    }

    /// Whether this source may have one more answer with leaves of the ledger: a log is read in many.
    pub fn feed(&self, source: Source) -> bool {
        self.within_minute(source, Budget::Feeds, FEEDS_PER_MINUTE_MAX)
    }

    /// Whether this source may bring one more claim or bundle. An answer is paid for by its claim.
    pub fn registry(&self, source: Source) -> bool {
        self.within_minute(source, Budget::Registry, REGISTRY_PER_MINUTE_MAX)
    }

    /// Whether this source may begin, meet or reply to one more pairing.
    pub fn pairing(&self, source: Source) -> bool {
        self.within_minute(source, Budget::Pairings, PAIRINGS_PER_MINUTE_MAX)
    }

    /// Whether this source may knock at this doorstep once more; if not, in how many seconds it may. Only doorsteps that there are may be asked about:
    /// ids that somebody makes up would fill the memory of what everybody spent.
    pub fn doorstep(&self, source: Source, sid: &DepositId) -> Result<(), u32> {
        let Some(ip) = source.0 else { return Ok(()) };
        let now = Instant::now();
        let mut state = self.state();
        state.change_salt(now);
        let key = state.salt.hash_one((ip, sid));
        if state.doorsteps.spend(key, DOORSTEP_PER_HOUR_MAX, SALT_LIFE, now) {
            return Ok(());
        }
        // With the salt everybody's count is gone, which is before any of them is an hour old.
        let left = SALT_LIFE.saturating_sub(now.duration_since(state.salted)).as_secs() + 1;
        Err(u32::try_from(left).unwrap_or(u32::MAX))
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
        state.minutes.spend(key, max, MINUTE, now)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A count that a panicking thread left behind is still a count.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pace {
    fn from(now: Instant, burst: Duration) -> Self {
        Self { next: now.checked_sub(burst).unwrap_or(now), burst }
    }

    /// Takes the next place, `step` behind the one before.
    fn next(&mut self, step: Duration, now: Instant) -> Instant {
        self.next = self.next.max(Self::from(now, self.burst).next) + step;
        self.next
    }

    /// Whether it holds nobody back more than one that begins now.
    fn is_over(&self, now: Instant) -> bool {
        self.next <= Self::from(now, self.burst).next
    }
}

impl State {
    /// Forgets once an hour what every source spent.
    fn change_salt(&mut self, now: Instant) {
        if now.duration_since(self.salted) >= SALT_LIFE {
            self.salt = RandomState::new();
            self.salted = now;
            self.minutes = Spent::default();
            self.doorsteps = Spent::default();
        }
    }

    /// The pace of a mailbox. Ids that somebody makes up are let go of with the others that hold nobody back.
    fn mailbox(&mut self, sid: &DepositId, now: Instant) -> Option<&mut Pace> {
        if self.mailboxes.len() >= PACED_MAX && !self.mailboxes.contains_key(sid) {
            self.mailboxes.retain(|_, pace| !pace.is_over(now));
            if self.mailboxes.len() >= PACED_MAX {
                return None;
            }
        }
        Some(self.mailboxes.entry(*sid).or_insert_with(|| Pace::from(now, MAILBOX_BURST)))
    }

    /// One more handshake; where there are too many the oldest hears that it has to go. Who is slow on
    /// purpose is the oldest before long, and who is not has finished by then.
    fn newcomer(&mut self, max: usize) -> Newcomer {
        if self.newcomers.len() >= max
            && let Some((_, oldest)) = self.newcomers.pop_first()
        {
            oldest.notify_one();
        }
        let (serial, pushed_out) = (self.next_newcomer, Arc::new(Notify::new()));
        self.next_newcomer += 1;
        self.newcomers.insert(serial, pushed_out.clone());
        (serial, pushed_out)
    }
}

impl Place {
    /// Its handshake is under way from now on.
    pub fn begin(&mut self) {
        let newcomer = self.admission.state().newcomer(self.admission.budgets.handshakes_max);
        self.newcomer = Some(newcomer);
    }

    /// Resolves when this handshake has to give way to a newer one.
    pub async fn pushed_out(&self) {
        match &self.newcomer {
            Some((_, pushed_out)) => pushed_out.notified().await,
            None => pending().await,
        }
    }

    /// Whose budgets it takes from.
    pub fn source(&self) -> Source {
        self.source
    }

    /// The handshake is over: nobody pushes this connection out any more.
    pub fn shaken(&mut self) {
        if let Some((serial, _)) = self.newcomer.take() {
            self.admission.state().newcomers.remove(&serial);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.shaken();
        let mut state = self.admission.state();
        state.total = state.total.saturating_sub(1);
        let Some(ip) = self.source.0 else { return };
        let left = state.connections.get(&ip).map_or(0, |count| count.saturating_sub(1));
        if left == 0 {
            state.connections.remove(&ip);
        } else {
            state.connections.insert(ip, left);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(crate) mod tests {
    use std::task::{Context, Poll, Waker};

    use super::*;

    pub(crate) fn budgets() -> Budgets {
        Budgets {
            connections_max: 10,
            connections_per_source_max: 2,
            handshakes_max: 10,
            handshakes_per_minute_max: 1_000,
            handshakes_per_second_max: 1_000,
            proxies: vec!["127.0.0.0/8".parse().unwrap(), "2001:db8:9::/48".parse().unwrap()],
        }
    }

    fn source(admission: &Admission, text: &str) -> Source {
        admission.source_of(text.parse().unwrap())
    }

    fn admit(admission: &Arc<Admission>, text: &str) -> Option<Place> {
        let mut place = admission.admit(source(admission, text))?;
        place.begin();
        Some(place)
    }

    fn is_pushed_out(place: &Place) -> bool {
        let leaves = std::pin::pin!(place.pushed_out());
        leaves.poll(&mut Context::from_waker(Waker::noop())) == Poll::Ready(())
    }

    #[test]
    fn each_mailbox_takes_deposits_at_a_pace_of_its_own_after_a_burst() {
        let admission = Admission::new(budgets());
        let now = Instant::now() + MAILBOX_BURST;
        let next = |sid, size| admission.next_deposit(&DepositId([sid; 16]), size, now);
        let at_once = (0..).take_while(|_| next(1, EnvelopeSize::Small) <= now).count();
        assert_eq!(at_once, DEPOSITS_PER_SECOND_MAX as usize / 8);
        let large = (0..).take_while(|_| next(2, EnvelopeSize::Large) <= now).count();
        assert_eq!(large, at_once / 4);
        let late = next(1, EnvelopeSize::Small);
        let later = (0..DEPOSITS_PER_SECOND_MAX).fold(late, |_, _| next(1, EnvelopeSize::Small));
        assert_eq!(later.duration_since(late), Duration::from_secs(1));
    }

    #[test]
    fn made_up_mailboxes_neither_grow_memory_nor_hold_up_those_that_are_deposited_at() {
        let admission = Admission::new(budgets());
        let mut now = Instant::now();
        let sid = |number: usize| DepositId((number as u128).to_be_bytes());
        let next = |number, now| admission.next_deposit(&sid(number), EnvelopeSize::Small, now);
        for number in 0..PACED_MAX + 1_000 {
            assert!(next(number, now) <= now);
            assert!(admission.state().mailboxes.len() <= PACED_MAX);
        }
        now += Duration::from_secs(1);
        let busy = (0..DEPOSITS_PER_SECOND_MAX).fold(now, |_, _| next(7, now));
        assert!(busy > now && next(usize::MAX, now) <= now);
        assert_eq!(admission.state().mailboxes.len(), 2, "only what holds somebody back is remembered");
        assert!(next(7, now) > busy);
    }

    #[test]
    fn a_source_has_its_own_budget_and_gets_places_back() {
        let admission = Admission::new(budgets());
        let first = admit(&admission, "192.0.2.1");
        let second = admit(&admission, "192.0.2.1");
        assert!(first.is_some() && second.is_some());
        assert!(admit(&admission, "192.0.2.1").is_none());
        assert!(admit(&admission, "192.0.2.2").is_some());
        drop(first);
        assert!(admit(&admission, "::ffff:192.0.2.1").is_some());
    }

    #[test]
    fn a_proxy_has_the_total_budgets_only() {
        let admission = Admission::new(Budgets { connections_max: 3, ..budgets() });
        let places: Vec<_> = (0..4).map(|_| admit(&admission, "127.0.0.1")).collect();
        assert_eq!(places.iter().flatten().count(), 3);
        assert_eq!(admission.connections(), 3);
        let proxy = source(&admission, "2001:db8:9::1");
        assert!((0..200).all(|_| admission.lookup(proxy)));
        let stranger = source(&admission, "::1");
        assert!(!(0..200).all(|_| admission.lookup(stranger)), "loopback is a proxy only where it is named");
    }

    #[test]
    fn a_network_of_ipv6_is_one_source() {
        let admission = Admission::new(budgets());
        let of = |text| source(&admission, text);
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:2"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
    }

    #[test]
    fn the_sixty_first_look_up_of_a_minute_is_refused() {
        let admission = Admission::new(budgets());
        let (one, other) = (source(&admission, "192.0.2.1"), source(&admission, "192.0.2.2"));
        assert!((0..60).all(|_| admission.lookup(one)));
        assert!(!admission.lookup(one));
        assert!(admission.lookup(other));
        assert!((0..300).all(|_| admission.feed(one)), "a whole log within a minute");
        assert!(!admission.feed(one));
    }

    #[test]
    fn the_ninth_knock_of_an_hour_at_one_doorstep_is_refused() {
        let admission = Admission::new(budgets());
        let (one, other) = (DepositId([1; 16]), DepositId([2; 16]));
        let stranger = source(&admission, "192.0.2.1");
        assert!((0..8).all(|_| admission.doorstep(stranger, &one).is_ok()));
        let left_s = admission.doorstep(stranger, &one).unwrap_err();
        assert!((3_590..=3_601).contains(&left_s), "the hour has just begun: {left_s}");
        assert!(admission.doorstep(stranger, &other).is_ok());
    }

    #[test]
    fn a_source_that_shakes_hands_too_often_is_turned_away_for_a_minute() {
        let admission = Admission::new(Budgets { handshakes_per_minute_max: 5, ..budgets() });
        assert!((0..5).all(|_| admit(&admission, "192.0.2.1").is_some()));
        assert!(admit(&admission, "192.0.2.1").is_none());
        assert!(admit(&admission, "192.0.2.2").is_some());
        assert!((0..50).all(|_| admit(&admission, "127.0.0.1").is_some()));
    }

    #[test]
    fn whom_a_full_server_turns_away_has_spent_nothing() {
        let admission =
            Admission::new(Budgets { connections_max: 1, handshakes_per_minute_max: 2, ..budgets() });
        let place = admit(&admission, "192.0.2.1");
        assert!((0..9).all(|_| admit(&admission, "192.0.2.2").is_none()));
        drop(place);
        assert!(admit(&admission, "192.0.2.2").is_some());
    }

    #[test]
    fn those_who_are_turned_away_keep_a_pace_too() {
        let admission = Admission::new(budgets());
        let waits: Vec<_> = (0..8 * 300).map(|_| admission.pace_refusals()).collect();
        assert!(waits.iter().take(8 * 20).all(Duration::is_zero));
        assert!(*waits.last().unwrap() > Duration::from_millis(100));
        assert!(admission.pace().is_zero(), "and hold up no handshake");
    }

    #[test]
    fn the_oldest_handshake_gives_way_and_a_finished_one_never() {
        let admission = Admission::new(Budgets { handshakes_max: 2, ..budgets() });
        let mut finished = admit(&admission, "127.0.0.1").unwrap();
        finished.shaken();
        let places: Vec<_> = (0..4).map(|_| admit(&admission, "127.0.0.1").unwrap()).collect();
        assert_eq!(places.iter().map(is_pushed_out).collect::<Vec<_>>(), [true, true, false, false]);
        assert!(!is_pushed_out(&finished));
        drop(places);
        let next = [admit(&admission, "127.0.0.1").unwrap(), admit(&admission, "127.0.0.1").unwrap()];
        assert!(!next.iter().any(is_pushed_out), "who left holds no place");
    }

    #[test]
    fn handshakes_keep_their_pace_after_a_burst() {
        let admission = Admission::new(budgets());
        let waits: Vec<_> = (0..300).map(|_| admission.pace()).collect();
        assert!(waits.iter().take(20).all(Duration::is_zero), "a burst waits for nothing");
        assert!(
            *waits.last().unwrap() > Duration::from_millis(150),
            "three hundred take a third of a second"
        );
    }
}
