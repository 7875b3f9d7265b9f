//! Keeps the public log of whose key is whose (`spec/ledger.md`): its tree and signed head in memory, its leaves in the store.
//!
//! A relay from before there was a log begins by saying of each of its leaves whose it is, which takes a tenth of a second
//! for each name. Until then, and without an endorsed key, it shows no log, and serves as ever.

use std::collections::HashMap;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ledger::{Hash, Tree};
use serde::{Deserialize, Serialize};
use store::{Cause, LeafMark, LeafSlot, Store, StoreError};
use wire::limits::{HEAD_AHEAD_HOURS_MAX, HEARTBEAT_HOURS_MAX, LEAVES_MAX};
use wire::request::Feed;
use wire::response::Leaves;
use wire::{Leaf, LeafKind, Name, NameTag, TreeHead, UnixSeconds};

use crate::clock::wall;
use crate::identity::LedgerKey;
use crate::relay::Relay;
use crate::tagger::Tagger;

/// For so long nobody is shown a log of which it was just said that the relay went back; as a rule it can be by then.
const NUMBER_WAIT: Duration = Duration::from_secs(3);
/// How often it is looked meanwhile whether it can.
const NUMBER_LOOK: Duration = Duration::from_millis(20);
/// A heartbeat is due when the last leaf is so old: the sweep, which looks, comes every hour.
const HEARTBEAT: Duration = Duration::from_secs((HEARTBEAT_HOURS_MAX - 4) * 3_600);
/// A head of a time further ahead is taken by no client.
const HEAD_AHEAD_S: u64 = HEAD_AHEAD_HOURS_MAX * 3_600;

/// The log of one relay.
#[derive(Debug)]
pub struct Ledger {
    state: Mutex<State>,
    key: Mutex<Option<LedgerKey>>,
    /// Computes the tags of names, one after the other.
    pub tagger: Tagger,
}

/// How it stands with the log.
#[derive(Debug)]
enum State {
    /// Nobody has read the leaves yet, or some of them are being filled in.
    Beginning { done: u64, of: u64 },
    /// The same, and the disk has no room for what is to be written first.
    NoRoom,
    /// A leaf cannot be read: no head can be signed.
    Damaged { leaf: u64 },
    /// It is kept.
    Kept(Box<Log>),
}

/// What stands behind the head.
#[derive(Debug)]
struct Log {
    tree: Tree,
    /// When the relay went back, and how many leaves stood.
    restored: Vec<(u32, u64)>,
    /// The time of the last leaf.
    time: u32,
    /// When the last leaf came, by a clock that does not jump.
    since: Instant,
    /// [`TreeHead::EMPTY`] while no key may sign, and while it is too early for the number ([`Log::seconds_early`]).
    head: TreeHead,
}

/// How it stands with the log, for the operator.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It is shown to everybody.
    Kept,
    /// Its leaves are being filled in: so many of all.
    Beginning {
        /// Done.
        done: u64,
        /// Of these.
        of: u64,
    },
    /// It is not shown before there is room on the disk.
    NoRoom,
    /// The root key has not endorsed the key that signs, or no longer.
    NeedsRootKey,
    /// The relay went back, and the machine's clock has yet to pass the number of its log.
    Early {
        /// In so many seconds it has.
        seconds: u64,
    },
    /// This leaf cannot be read.
    Damaged {
        /// Where it stands.
        leaf: u64,
    },
}

impl Ledger {
    /// Of a relay that has yet to read its leaves ([`begin`]).
    pub fn new(key: Option<LedgerKey>) -> io::Result<Self> {
        let state = Mutex::new(State::Beginning { done: 0, of: 0 });
        Ok(Self { state, key: Mutex::new(key), tagger: Tagger::start()? })
    }

    /// The key that signs from now on.
    pub fn take_key(&self, key: Option<LedgerKey>) {
        *self.key.lock().unwrap_or_else(PoisonError::into_inner) = key;
        if let State::Kept(log) = &mut *self.state() {
            self.sign(log);
        }
    }

    /// How it stands.
    pub fn standing(&self) -> Standing {
        match &*self.state() {
            State::Beginning { done, of } => Standing::Beginning { done: *done, of: *of },
            State::NoRoom => Standing::NoRoom,
            State::Damaged { leaf } => Standing::Damaged { leaf: *leaf },
            State::Kept(log) if log.head == TreeHead::EMPTY => match log.seconds_early(wall()) {
                0 => Standing::NeedsRootKey,
                seconds => Standing::Early { seconds },
            },
            State::Kept(_) => Standing::Kept,
        }
    }

    /// The newest head, which covers every leaf of the store as of now; [`TreeHead::EMPTY`] where no log is shown.
    pub fn head(&self, store: &dyn Store) -> TreeHead {
        let mut state = self.state();
        let State::Kept(log) = &mut *state else { return TreeHead::EMPTY };
        match self.catch_up(log, store) {
            Ok(()) => log.head.clone(),
            Err(Behind::Leaf(leaf)) => {
                tracing::error!(
                    leaf,
                    "a leaf of the ledger cannot be read: no log is shown (see docs/operator)"
                );
                *state = State::Damaged { leaf };
                TreeHead::EMPTY
            }
            // The store says so itself where it is asked next.
            Err(Behind::Store) => TreeHead::EMPTY,
        }
    }

    /// Leaves for somebody who has so many. Blocks on the store. A log that is shown again before long is not one that there
    /// is not: whoever saw it would take the relay for a liar.
    pub fn feed(&self, store: &dyn Store, feed: Feed) -> Result<Leaves, Unfed> {
        let none = Leaves { tree_head: TreeHead::EMPTY, first: 0, leaves: Vec::new() };
        let tree_head = self.head(store);
        if tree_head == TreeHead::EMPTY {
            let was_endorsed = self.key.lock().unwrap_or_else(PoisonError::into_inner).is_some();
            return if was_endorsed { Err(Unfed::NotNow) } else { Ok(none) };
        }
        let first = feed.from.min(tree_head.size).min(self.stand_since(feed.log_number));
        let left = usize::try_from(tree_head.size - first).unwrap_or(usize::MAX);
        let slots = store.leaf_slots(first, left.min(LEAVES_MAX)).map_err(Unfed::Store)?;
        let leaves: Option<Vec<Leaf>> = slots.into_iter().map(leaf_of).collect();
        leaves.map(|leaves| Leaves { tree_head, first, leaves }).ok_or(Unfed::NotNow)
    }

    /// The time of the newest leaf, in seconds since 1970.
    pub fn time(&self) -> u64 {
        if let State::Kept(log) = &*self.state() { u64::from(log.time) } else { 0 }
    }

    /// How many leaves stand of what was shown under this number.
    fn stand_since(&self, number: u32) -> u64 {
        let state = self.state();
        let State::Kept(log) = &*state else { return u64::MAX };
        let since = log.restored.iter().filter(|(time, _)| *time > number);
        since.map(|(_, stand)| *stand).min().unwrap_or(u64::MAX)
    }

    /// Appends a heartbeat if nothing else was appended for long. Blocks on the store.
    pub fn beat(&self, store: &dyn Store, now: UnixSeconds) -> Result<(), StoreError> {
        let is_due = match &*self.state() {
            State::Kept(log) => {
                let age = Duration::from_secs(now.0.saturating_sub(u64::from(log.time)));
                log.tree.size() == 0 || age >= HEARTBEAT || log.since.elapsed() >= HEARTBEAT
            }
            _ => false,
        };
        if is_due {
            store.append_mark(LeafMark::Heartbeat, now)?;
        }
        let _shown = self.head(store);
        Ok(())
    }

    /// Takes in the leaves that the store has gained, and signs what they lead to.
    fn catch_up(&self, log: &mut Log, store: &dyn Store) -> Result<(), Behind> {
        let before = log.tree.size();
        while log.tree.size() < store.leaves() {
            let from = log.tree.size();
            let slots = store.leaf_slots(from, LEAVES_MAX).map_err(|_| Behind::Store)?;
            if slots.is_empty() {
                break;
            }
            for slot in slots {
                let leaf = leaf_of(slot).ok_or(Behind::Leaf(log.tree.size()))?;
                log.push(&leaf);
            }
        }
        let has_grown = log.tree.size() > before;
        if has_grown {
            log.since = Instant::now();
        }
        if has_grown || log.head == TreeHead::EMPTY {
            self.sign(log);
        }
        Ok(())
    }

    fn sign(&self, log: &mut Log) {
        let now = wall();
        if log.seconds_early(now) > 0 {
            log.head = TreeHead::EMPTY;
            return;
        }
        let key = self.key.lock().unwrap_or_else(PoisonError::into_inner);
        // A head of a clock that was far ahead was taken by nobody whose own is right.
        let before = Some(log.head.time).filter(|time| *time <= now.0.saturating_add(HEAD_AHEAD_S));
        let time = now.0.max(u64::from(log.time)).max(before.unwrap_or(0));
        let unsigned = TreeHead {
            log_number: log.number(),
            size: log.tree.size(),
            root: log.tree.root(),
            time,
            ..TreeHead::EMPTY
        };
        log.head = key.as_ref().and_then(|key| key.sign(unsigned)).unwrap_or(TreeHead::EMPTY);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why nobody is fed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unfed {
    /// There is a log, and it cannot be shown just now.
    NotNow,
    /// The store did not answer.
    Store(StoreError),
}

/// Why the log is not as far as the store.
enum Behind {
    /// This leaf cannot be read.
    Leaf(u64),
    /// The store did not answer.
    Store,
}

impl Log {
    fn new() -> Self {
        Self {
            tree: Tree::new(),
            restored: Vec::new(),
            time: 0,
            since: Instant::now(),
            head: TreeHead::EMPTY,
        }
    }

    fn push(&mut self, leaf: &Leaf) {
        if leaf.kind == LeafKind::Restored {
            self.restored.push((leaf.time, leaf.prev_index));
        }
        self.time = leaf.time;
        self.tree.push(leaf);
    }

    /// When the relay last went back.
    fn number(&self) -> u32 {
        self.restored.last().map_or(0, |(time, _)| *time)
    }

    /// In how many seconds a head may be signed under this number: once the machine's clock is past it. So whoever restores
    /// the relay after a head was seen has a later second for the next number, from whatever backup.
    fn seconds_early(&self, now: UnixSeconds) -> u64 {
        match u64::from(self.number()) {
            0 => 0,
            number => (number + 1).saturating_sub(now.0),
        }
    }
}

fn leaf_of(slot: LeafSlot) -> Option<Leaf> {
    if let LeafSlot::Leaf(leaf) = slot { Some(leaf) } else { None }
}

/// Reads the leaves of the store, fills in what those from before there was a log lack, says where the relay went back, and
/// shows the log from then on. Blocks; for long on the first start after an update. Whether that is to be tried again.
#[must_use]
pub fn begin(relay: &Relay) -> bool {
    let mut beginning = Beginning {
        relay,
        log: Log::new(),
        stand: None,
        names: None,
        tags: HashMap::new(),
        newest: HashMap::new(),
    };
    match beginning.run() {
        Ok(()) => {
            let mut log = beginning.log;
            await_number(relay, &log);
            relay.ledger.sign(&mut log);
            *relay.ledger.state() = State::Kept(Box::new(log));
            beat(relay);
            match relay.ledger.standing() {
                Standing::NeedsRootKey => tracing::warn!(
                    "the public log of keys is not shown: bring root.key back once (oublietted identity import-root FILE)"
                ),
                Standing::Early { seconds } => tracing::warn!(
                    seconds,
                    "the public log of keys is not shown yet: this machine's clock is behind what the log says already"
                ),
                _ => {}
            }
        }
        Err(Stopped::Leaf(leaf)) => {
            tracing::error!(leaf, "a leaf of the ledger cannot be read: no log is shown (see docs/operator)");
            *relay.ledger.state() = State::Damaged { leaf };
        }
        Err(Stopped::Store(error)) => {
            let _told = relay.store_failed(error);
            if error == StoreError::NotDone(Cause::DiskFull) {
                *relay.ledger.state() = State::NoRoom;
            }
            // What is damaged stays so, and is counted each time.
            return error != StoreError::NotDone(Cause::Damaged);
        }
        Err(Stopped::Stopping) => {}
    }
    false
}

/// A heartbeat if one is due. Where the system's clock may be far ahead there is none: one leaf of a time that has not come keeps
/// the log from everybody until it has. Blocks on the store.
pub fn beat(relay: &Relay) {
    let store = &*relay.store;
    if relay.believed.doubts_the_system(&relay.clock) {
        let _shown = relay.ledger.head(store);
    } else if let Err(error) = relay.ledger.beat(store, wall()) {
        let _told = relay.store_failed(error);
    }
}

/// Waits for the second after that in which the relay said that it went back, so that whoever comes at once is shown the log.
fn await_number(relay: &Relay, log: &Log) {
    let until = Instant::now() + NUMBER_WAIT;
    while log.seconds_early(wall()) > 0 && Instant::now() < until && !relay.stopping.is_cancelled() {
        std::thread::sleep(NUMBER_LOOK);
    }
}

/// Why the log could not begin.
enum Stopped {
    Leaf(u64),
    Store(StoreError),
    Stopping,
}

impl From<StoreError> for Stopped {
    fn from(error: StoreError) -> Self {
        Stopped::Store(error)
    }
}

struct Beginning<'a> {
    relay: &'a Relay,
    log: Log,
    /// How many leaves stand where the relay went back, and their root.
    stand: Option<(u64, Hash)>,
    /// Of which name each leaf is; read only where one is wanted.
    names: Option<std::collections::BTreeMap<u64, Name>>,
    /// Tags of the names that were computed.
    tags: HashMap<Name, NameTag>,
    /// Where the newest leaf with each tag stands.
    newest: HashMap<NameTag, u64>,
}

impl Beginning<'_> {
    fn run(&mut self) -> Result<(), Stopped> {
        let store = self.relay.store.clone();
        let went_back = store.went_back()?;
        loop {
            let from = self.log.tree.size();
            let slots = store.leaf_slots(from, LEAVES_MAX)?;
            if slots.is_empty() {
                break;
            }
            for slot in slots {
                if self.relay.stopping.is_cancelled() {
                    return Err(Stopped::Stopping);
                }
                self.pass(went_back);
                let leaf = match slot {
                    LeafSlot::Leaf(leaf) => leaf,
                    LeafSlot::Untagged { time } => self.fill(time)?,
                    LeafSlot::Lost if went_back.is_some() => self.replace_lost()?,
                    LeafSlot::Lost => return Err(Stopped::Leaf(self.log.tree.size())),
                };
                if !matches!(leaf.kind, LeafKind::Heartbeat | LeafKind::Restored) {
                    self.newest.insert(leaf.tag, self.log.tree.size());
                }
                self.log.push(&leaf);
            }
        }
        if went_back.is_some() {
            let size = self.log.tree.size();
            let (stand, root) = self.stand.unwrap_or((size, self.log.tree.root()));
            // Not what is believed of the calendar, which went back with the store: restored twice from one backup, the relay would
            // sign two histories under one number.
            store.append_mark(LeafMark::Restored { stand, root }, wall())?;
            tracing::info!(leaves = stand, "the ledger says that this relay went back");
            for slot in store.leaf_slots(size, LEAVES_MAX)? {
                self.log.push(&leaf_of(slot).ok_or(Stopped::Leaf(self.log.tree.size()))?);
            }
        }
        Ok(())
    }

    /// A leaf from before there was a log.
    fn fill(&mut self, time: u32) -> Result<Leaf, Stopped> {
        let (index, store) = (self.log.tree.size(), self.relay.store.clone());
        if self.names.is_none() {
            tracing::info!("the public log of keys is being made: a tenth of a second for each name");
            self.names = Some(store.names_of_leaves()?);
        }
        let name = self.names.as_ref().and_then(|names| names.get(&index).cloned());
        let tag = name.clone().map(|name| {
            let compute = |name: &Name| NameTag(crypto::name_tag(&self.relay.server_id.0, name.as_str()));
            *self.tags.entry(name).or_insert_with_key(compute)
        });
        let before = tag.and_then(|tag| self.newest.get(&tag).copied()).unwrap_or(Leaf::NONE);
        store.fill_leaf(index, name.as_ref().zip(tag), before, time.max(self.log.time))?;
        *self.relay.ledger.state() = State::Beginning { done: index + 1, of: store.leaves() };
        self.read(index)
    }

    /// Where it goes on from what a backup held, or from what a repair that died half-way had lost.
    fn pass(&mut self, went_back: Option<u64>) {
        if went_back == Some(self.log.tree.size()) {
            self.stand.get_or_insert((self.log.tree.size(), self.log.tree.root()));
        }
    }

    /// A leaf that is gone for good.
    fn replace_lost(&mut self) -> Result<Leaf, Stopped> {
        let index = self.log.tree.size();
        self.stand.get_or_insert((index, self.log.tree.root()));
        self.relay.store.replace_lost_leaf(index, self.log.time)?;
        self.read(index)
    }

    fn read(&self, index: u64) -> Result<Leaf, Stopped> {
        let slot = self.relay.store.leaf_slots(index, 1)?.pop();
        slot.and_then(leaf_of).ok_or(Stopped::Leaf(index))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use store::conformance::Person;
    use store::{ForeignRow, LedgerStore, MemoryStore, Options};

    use super::*;
    use crate::identity::Identity;
    use crate::relay::tests::over;

    /// A ledger over a store that said at this time that it went back.
    fn went_back_at(time: u64) -> (Ledger, MemoryStore) {
        let base = tempfile::tempdir().unwrap();
        let (identity, store) = (base.path().join("identity"), base.path().join("store"));
        let key = Identity::load_or_make(&identity, &store, wall()).unwrap().ledger_key();
        let store = MemoryStore::new();
        let mark = LeafMark::Restored { stand: 0, root: Tree::new().root() };
        store.append_mark(mark, UnixSeconds(time)).unwrap();
        let ledger = Ledger::new(key).unwrap();
        *ledger.state() = State::Kept(Box::new(Log::new()));
        (ledger, store)
    }

    #[test]
    fn a_mark_that_came_late_names_the_leaves_of_the_backup_and_not_those_of_its_day() {
        let store = MemoryStore::new();
        for number in 1..=3 {
            Person::register(&store, number);
        }
        let root = |stand: usize| {
            let mut tree = Tree::new();
            store
                .leaf_slots(0, stand)
                .unwrap()
                .into_iter()
                .filter_map(leaf_of)
                .for_each(|leaf| tree.push(&leaf));
            tree.root()
        };
        for (said, stands) in [(2_u64.to_be_bytes().to_vec(), 2), (Vec::new(), 3)] {
            let mut rows = store.dangerous_rows();
            rows.push(ForeignRow { key: b"went-back".to_vec(), body: said, ..rows[0].clone() });
            assert_eq!(rows[0].table, 1);
            let restored = MemoryStore::dangerous_from_rows(rows, Options::default()).unwrap();
            let relay = over(restored);
            assert!(!begin(&relay));
            let slots = relay.store.leaf_slots(3, 9).unwrap();
            let [LeafSlot::Leaf(mark), ..] = &slots[..] else { unreachable!("{slots:?}") };
            let expected = (LeafKind::Restored, stands as u64, NameTag(root(stands)));
            assert_eq!((mark.kind, mark.prev_index, mark.tag), expected);
            assert_eq!(relay.store.went_back(), Ok(None));
        }
    }

    #[test]
    fn a_number_is_shown_once_its_second_is_over() {
        let all = Feed { log_number: 0, from: 0 };
        let (ledger, store) = went_back_at(wall().0 + 3_600);
        assert_eq!(ledger.feed(&store, all).unwrap_err(), Unfed::NotNow);
        assert!(matches!(ledger.standing(), Standing::Early { seconds: 3_500..=3_601 }));
        let now = wall().0;
        let (ledger, store) = went_back_at(now);
        let early = ledger.head(&store);
        assert!(early == TreeHead::EMPTY || wall().0 > now, "whoever restores it now has the same second");
        let (ledger, store) = went_back_at(now - 1);
        assert_eq!(u64::from(ledger.head(&store).log_number), now - 1);
        assert_eq!(ledger.standing(), Standing::Kept);
    }

    #[test]
    fn a_head_that_no_right_clock_takes_is_followed_by_one_of_now() {
        let (ledger, store) = went_back_at(wall().0 - 60);
        assert_ne!(ledger.head(&store), TreeHead::EMPTY);
        for (ahead_s, is_kept) in [(HEAD_AHEAD_S, true), (HEAD_AHEAD_S + 60, false)] {
            let ahead = wall().0 + ahead_s;
            if let State::Kept(log) = &mut *ledger.state() {
                log.head.time = ahead;
                ledger.sign(log);
            }
            let signed = ledger.head(&store).time;
            assert_eq!(signed == ahead, is_kept, "{ahead_s} seconds ahead, and then {signed}");
            assert!(is_kept || signed <= wall().0, "{signed}");
        }
    }

    #[test]
    fn a_log_that_was_early_is_shown_without_another_leaf() {
        let (ledger, store) = went_back_at(wall().0);
        let until = Instant::now() + NUMBER_WAIT;
        while ledger.head(&store) == TreeHead::EMPTY && Instant::now() < until {
            std::thread::sleep(NUMBER_LOOK);
        }
        assert_eq!(ledger.standing(), Standing::Kept);
        assert!(wall().0 > u64::from(ledger.head(&store).log_number));
    }
}
