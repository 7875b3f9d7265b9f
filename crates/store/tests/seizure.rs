//! A seized store against an attacker who reads all that fjall kept: who wrote to whom, whose inbox is which?
//!
//! Twenty people live through a week over the real engine. The attacker gets the folder, knows the registration log
//! and every bundle (name → doorstep, which are public), and reads of every row when it was written: its place in the
//! front log, fjall's sequence numbers, from tables and journal. The same attacker on the same week before forgetting is the control:
//! there he must succeed, or his failure afterwards shows nothing.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use fjall::{AbstractTree, Database, KeyspaceCreateOptions};
use store::conformance::{Person, stamped, unmarked};
use store::{
    CreateOutcome, DepositOutcome, DepositRequest, EmbeddedStore, Extent, MailboxStore, NewMailbox, Options,
};
use wire::request::MailboxPolicy;
use wire::{Cursor, Day, DepositId, Generation, OwnerId, StampKey};
use xxhash_rust::xxh3::xxh3_64_with_seed;

const PEOPLE: usize = 20;
const WORLDS: usize = 6;
const FIRST: u16 = 20_000;

/// xorshift64*, replayed by `STORE_SEED`.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        usize::try_from(self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33).unwrap() % sides
    }

    fn id(&mut self) -> [u8; 16] {
        std::array::from_fn(|_| u8::try_from(self.roll(256)).unwrap())
    }

    fn shuffled(&mut self, len: usize) -> Vec<usize> {
        let mut list: Vec<usize> = (0..len).collect();
        for place in (1..len).rev() {
            list.swap(place, self.roll(place + 1));
        }
        list
    }
}

/// What really is.
struct World {
    store: EmbeddedStore,
    /// Of person n: doorstep, inbox, indices spent there so far.
    homes: Vec<(DepositId, DepositId, u16)>,
    /// The one correspondent of each.
    partner: Vec<usize>,
}

impl World {
    fn settle(dir: &Path, dice: &mut Dice) -> Self {
        let options = Options { reserve_bytes: 0, ..Options::default() };
        let store = EmbeddedStore::open_with(dir, options).unwrap();
        let mut homes = vec![(DepositId([0; 16]), DepositId([0; 16]), 0); PEOPLE];
        for person in dice.shuffled(PEOPLE) {
            let registered = Person::register(&store, u8::try_from(person + 1).unwrap());
            let mut mailbox = |policy, voucher: usize| {
                let new = registered.new_mailbox(policy, Day(FIRST));
                let new = NewMailbox { sid: DepositId(dice.id()), rid: OwnerId(dice.id()), ..new };
                let made = store.create(new, &registered.vouchers(0)[voucher]).unwrap();
                assert_eq!(made, CreateOutcome::Created(new.sid));
                new.sid
            };
            let (doorstep, inbox) = (mailbox(MailboxPolicy::Doorstep, 0), mailbox(MailboxPolicy::Inbox, 1));
            let _done = store.generate(&inbox, Generation(1), &StampKey([1 ^ 0x5a; 32])).unwrap();
            homes[person] = (doorstep, inbox, 0);
        }
        let order = dice.shuffled(PEOPLE);
        let mut partner = vec![0; PEOPLE];
        for pair in order.chunks(2) {
            (partner[pair[0]], partner[pair[1]]) = (pair[1], pair[0]);
        }
        Self { store, homes, partner }
    }

    /// One envelope for a person's inbox.
    fn write_to(&mut self, person: usize, today: Day) {
        let (_, inbox, index) = &mut self.homes[person];
        let request = DepositRequest { today, ..stamped(*inbox, 1, *index, u32::from(*index)) };
        *index += 1;
        assert_eq!(self.store.deposit(vec![request]), [Ok(DepositOutcome::Stored)]);
    }

    /// Both mailboxes are emptied, as a client does, now and then.
    fn collect(&self, person: usize) {
        let (doorstep, inbox, _) = self.homes[person];
        for sid in [doorstep, inbox] {
            self.store.ack(&sid, Cursor(u64::MAX)).unwrap();
        }
    }

    /// A day of conversations: a text and its answer, with others' between; some collect, some are away.
    fn live(&mut self, today: Day, dice: &mut Dice) {
        for person in dice.shuffled(PEOPLE) {
            let other = self.partner[person];
            if today.0 == FIRST && person < other {
                let knock = unmarked(self.homes[other].0, u32::try_from(person).unwrap(), today);
                assert_eq!(self.store.deposit(vec![knock]), [Ok(DepositOutcome::Stored)]);
            }
            for _ in 0..=dice.roll(3) {
                self.write_to(other, today);
                if dice.roll(3) == 0 {
                    self.write_to(dice.roll(PEOPLE), today);
                }
                self.write_to(person, today);
            }
            if dice.roll(2) == 0 {
                self.collect(person);
            }
        }
    }
}

/// What a seized folder shows: for each row its table, its key, and when it was written.
fn seize(dir: &Path) -> BTreeMap<String, Vec<(u64, Vec<u8>)>> {
    let database = Database::builder(dir).open().unwrap();
    let mut tables: BTreeMap<String, Vec<(u64, Vec<u8>)>> = BTreeMap::new();
    for name in database.list_keyspace_names() {
        let keyspace = database.keyspace(&name, KeyspaceCreateOptions::default).unwrap();
        let rows = tables.entry(name.split(['.', '-']).next().unwrap().to_owned()).or_default();
        for guard in keyspace.iter() {
            let key = guard.key().unwrap();
            let entry = keyspace.tree.get_internal_entry(&key, fjall::SeqNo::MAX).unwrap().unwrap();
            rows.push((entry.key.seqno, key.to_vec()));
        }
    }
    read_front(dir, &mut tables);
    for rows in tables.values_mut() {
        rows.sort();
    }
    tables
}

/// The front logs, oldest first.
fn front(dir: &Path) -> Vec<PathBuf> {
    let files = std::fs::read_dir(dir.join("front")).unwrap().flatten().map(|entry| entry.path());
    let mut logs: Vec<_> = files.collect();
    let number = |path: &PathBuf| -> u64 {
        path.file_name().unwrap().to_str().unwrap().split('-').next().unwrap().parse().unwrap()
    };
    logs.sort_by_key(number);
    logs
}

/// Adds what only the front logs hold, as `spec/storage.md` describes them; a record is a moment.
fn read_front(dir: &Path, tables: &mut BTreeMap<String, Vec<(u64, Vec<u8>)>>) {
    // Behind everything that fjall numbered.
    let mut moment = 1 << 40;
    for log in front(dir) {
        let name = log.file_stem().unwrap().to_str().unwrap();
        let salt = u64::from_str_radix(name.split('-').nth(1).unwrap(), 16).unwrap();
        let bytes = std::fs::read(&log).unwrap();
        let mut place = 0;
        while let Some((head, rest)) = bytes.get(place..).and_then(|left| left.split_at_checked(20)) {
            let said = [&head[..12], &(place as u64).to_be_bytes()].concat();
            // What stands there was written before this was a log.
            if xxh3_64_with_seed(&said, salt).to_be_bytes() != head[12..] {
                break;
            }
            let len = u32::from_be_bytes(head[..4].try_into().unwrap()) as usize;
            let mut changes = &rest[..len];
            place = (place + 20 + len + 8).next_multiple_of(512);
            moment += 1;
            while let Some((head, rest)) = changes.split_at_checked(8) {
                let (key, rest) = rest.split_at(usize::from(head[3]));
                let len = u32::from_be_bytes(head[4..].try_into().unwrap());
                changes = &rest[if len == u32::MAX { 0 } else { len as usize }..];
                let name = match head[0] {
                    4 => "envelopes",
                    5 => "spent",
                    _ => continue,
                };
                let rows = tables.entry(name.to_owned()).or_default();
                rows.retain(|(_, known)| known != key);
                if len != u32::MAX {
                    rows.push((moment, key.to_vec()));
                }
            }
        }
    }
}

/// The mailbox that was written to at the time nearest to each mailbox's, by rows of one table. Those of equal
/// time are told apart by nothing but the dice.
fn neighbours(rows: &[(u64, Vec<u8>)], of: &DepositId, among: &[DepositId], dice: &mut Dice) -> DepositId {
    let mut scores: BTreeMap<DepositId, f64> = among.iter().map(|sid| (*sid, 0.0)).collect();
    let sid_of = |key: &[u8]| DepositId(key[..16].try_into().unwrap());
    for (time, _) in rows.iter().filter(|(_, key)| sid_of(key) == *of) {
        for (other_time, key) in rows {
            if let Some(score) = scores.get_mut(&sid_of(key)).filter(|_| sid_of(key) != *of) {
                // Rows of one time say nothing of each other.
                if time != other_time && time.abs_diff(*other_time) <= 4 {
                    *score += 1.0 / f64::from(u32::try_from(time.abs_diff(*other_time)).unwrap());
                }
            }
        }
    }
    let best = scores.iter().filter(|(sid, _)| *sid != of).map(|(_, score)| *score).fold(0.0, f64::max);
    let best: Vec<_> = scores.iter().filter(|(sid, score)| *sid != of && **score == best).collect();
    *best[dice.roll(best.len())].0
}

/// Where each mailbox first stands in journals and front logs, which are written from their beginning to their end.
fn first_seen(dir: &Path, sids: &[DepositId]) -> BTreeMap<DepositId, usize> {
    let files = std::fs::read_dir(dir).unwrap().flatten().map(|entry| entry.path());
    let mut journals: Vec<_> =
        files.filter(|path| path.extension().is_some_and(|end| end == "jnl")).collect();
    journals.sort_by_key(|path| path.file_stem().unwrap().to_str().unwrap().parse::<u64>().unwrap());
    journals.extend(front(dir));
    let journal: Vec<u8> = journals.iter().flat_map(|path| std::fs::read(path).unwrap()).collect();
    let mut seen = BTreeMap::new();
    for (place, bytes) in journal.windows(16).enumerate() {
        let sid = DepositId(bytes.try_into().unwrap());
        if sids.contains(&sid) {
            seen.entry(sid).or_insert(place);
        }
    }
    seen
}

/// The inbox that was made next after a doorstep, as one client makes its two; any, if that cannot be seen.
fn created_after(
    born: &BTreeMap<DepositId, usize>,
    doorstep: &DepositId,
    inboxes: &[DepositId],
    dice: &mut Dice,
) -> DepositId {
    let any = inboxes[dice.roll(inboxes.len())];
    let Some(begin) = born.get(doorstep) else { return any };
    let behind = inboxes.iter().filter_map(|inbox| Some((born.get(inbox).filter(|at| *at > begin)?, inbox)));
    behind.min().map_or(any, |(_, inbox)| *inbox)
}

/// Guesses right, of how many, with what chance of a guess at random.
#[derive(Clone, Copy, Default)]
struct Score {
    right: usize,
    of: usize,
}

impl Score {
    fn add(&mut self, right: bool) {
        self.right += usize::from(right);
        self.of += 1;
    }

    fn share(self) -> f64 {
        self.right as f64 / self.of as f64
    }

    /// 95 % of the score interval of Wilson.
    fn interval(self) -> (f64, f64) {
        let (n, p, z) = (self.of as f64, self.share(), 1.96_f64);
        let middle = (p + z * z / (2.0 * n)) / (1.0 + z * z / n);
        let half = z / (1.0 + z * z / n) * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
        ((middle - half).max(0.0), middle + half)
    }

    fn said(self) -> String {
        let (low, high) = self.interval();
        format!(
            "{} of {} ({:.0} %, 95 % interval {:.1}-{:.1} %)",
            self.right,
            self.of,
            self.share() * 100.0,
            low * 100.0,
            high * 100.0
        )
    }
}

/// What the attacker finds out.
#[derive(Clone, Copy, Default)]
struct Loot {
    /// Correspondents, from deposits: which inboxes were filled in turn.
    pairs_by_order: Score,
    /// Correspondents, from how many stamps were spent and how many envelopes wait of each day.
    pairs_by_count: Score,
    /// A name's inbox, from its doorstep: what was created and emptied together.
    inboxes: Score,
}

impl Loot {
    fn attack(&mut self, dir: &Path, world: &Truth, dice: &mut Dice) {
        let tables = seize(dir);
        let empty = Vec::new();
        let rows = |name: &str| tables.get(name).unwrap_or(&empty);
        let inboxes: Vec<DepositId> = world.homes.iter().map(|(_, inbox, _)| *inbox).collect();
        let counts = |sid: &DepositId| {
            let of = |name| rows(name).iter().filter(|(_, key)| key[..16] == sid.0).count();
            (of("spent") * 2 + of("envelopes")) as i64
        };
        let sids = world.homes.iter().flat_map(|(doorstep, inbox, _)| [*doorstep, *inbox]);
        let born = first_seen(dir, &sids.collect::<Vec<_>>());
        let both: Vec<_> = rows("spent").iter().chain(rows("envelopes")).cloned().collect();
        for (person, (doorstep, inbox, _)) in world.homes.iter().enumerate() {
            let partner = inboxes[world.partner[person]];
            self.pairs_by_order.add(neighbours(&both, inbox, &inboxes, dice) == partner);
            self.inboxes.add(created_after(&born, doorstep, &inboxes, dice) == *inbox);
            let mine = counts(inbox);
            let others = dice.shuffled(PEOPLE).into_iter().filter(|other| *other != person);
            let nearest = others.min_by_key(|other| counts(&inboxes[*other]).abs_diff(mine)).unwrap();
            self.pairs_by_count.add(nearest == world.partner[person]);
        }
    }
}

struct Truth {
    homes: Vec<(DepositId, DepositId, u16)>,
    partner: Vec<usize>,
}

#[test]
fn a_seized_store_tells_no_pairs_once_it_forgot() {
    let seed = std::env::var("STORE_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(0x5eed_u64);
    println!("STORE_SEED={seed}");
    let mut dice = Dice(seed);
    let (mut before, mut after) = (Loot::default(), Loot::default());
    for _ in 0..WORLDS {
        let dir = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        let mut world = World::settle(dir.path(), &mut dice);
        for day in FIRST..FIRST + 7 {
            world.store.sweep(Day(day)).unwrap();
            world.live(Day(day), &mut dice);
        }
        let World { store, homes, partner } = world;
        let truth = Truth { homes, partner };
        drop(store);
        before.attack(dir.path(), &truth, &mut dice);
        let store = EmbeddedStore::open(dir.path()).unwrap();
        let waiting = store.totals().waiting;
        store.forget(Day(FIRST + 6), Extent::Due).unwrap();
        drop(store);
        after.attack(dir.path(), &truth, &mut dice);
        assert_eq!(EmbeddedStore::open(dir.path()).unwrap().totals().waiting, waiting);
        assert!(waiting > 50, "{waiting}");
    }
    let (among_others, among_all) = (1.0 / (PEOPLE - 1) as f64, 1.0 / PEOPLE as f64);
    for (loot, when) in [(before, "before forgetting (control)"), (after, "after")] {
        println!("{when}: pairs by order of writing {}", loot.pairs_by_order.said());
        println!("{when}: pairs by counts {}", loot.pairs_by_count.said());
        println!("{when}: inboxes of names {}", loot.inboxes.said());
    }
    println!(
        "promise P4: sender-recipient pairs guessed from a seized store: {} by order, {} by counts; chance {:.1} %; inboxes tied to names: {}; chance {:.1} %; {WORLDS} weeks of {PEOPLE} people; the same attacker before forgetting: {:.0} %, {:.0} %",
        after.pairs_by_order.said(),
        after.pairs_by_count.said(),
        among_others * 100.0,
        after.inboxes.said(),
        among_all * 100.0,
        before.pairs_by_order.share() * 100.0,
        before.inboxes.share() * 100.0,
    );
    assert!(before.pairs_by_order.share() > 0.5 && before.inboxes.share() > 0.5, "the attacker is none");
    assert!(after.pairs_by_order.interval().0 <= among_others, "pairs are told");
    assert!(after.inboxes.interval().0 <= among_all, "inboxes are tied to names");
}
