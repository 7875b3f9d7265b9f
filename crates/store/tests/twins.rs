//! Random histories on both engines, the embedded one restarted and forgetting now and then: nobody can tell them apart.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::path::Path;

use store::conformance::{Person, stamped, unmarked};
use store::{DepositRequest, EmbeddedStore, Extent, MailboxStore, MemoryStore, Options, Store};
use wire::request::MailboxPolicy;
use wire::{Cursor, Day, DepositId, Generation, StampIndex, StampKey};

const STEPS: u32 = 1_500;
const PERSONS: u8 = 3;

fn options() -> Options {
    Options { reserve_bytes: 0, inbox_envelopes_max: 12, ..Options::default() }
}

fn open(dir: &Path) -> EmbeddedStore {
    EmbeddedStore::open_with(dir, options()).unwrap()
}

/// xorshift64*, replayed by `STORE_SEED`.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) % sides
    }

    fn small(&mut self, sides: u8) -> u8 {
        u8::try_from(self.roll(u64::from(sides))).unwrap()
    }
}

/// One random deposit; few stamps, few envelopes, so that everything meets itself again.
fn request(dice: &mut Dice, sids: &[(DepositId, DepositId)], today: Day) -> DepositRequest {
    let (inbox, doorstep) = sids[usize::from(dice.small(PERSONS))];
    let number = u32::from(dice.small(60));
    if dice.roll(4) == 0 {
        return unmarked(doorstep, number, today);
    }
    let sid = if dice.roll(20) == 0 { DepositId([0xee; 16]) } else { inbox };
    DepositRequest { today, ..stamped(sid, dice.small(4), u16::from(dice.small(40)), number) }
}

/// One random step; what it answered, as text.
fn step(
    store: &dyn Store,
    kind: u64,
    dice: &mut Dice,
    sids: &[(DepositId, DepositId)],
    today: Day,
) -> String {
    let person = dice.small(PERSONS);
    let (inbox, doorstep) = sids[usize::from(person)];
    let sid = if dice.roll(3) == 0 { doorstep } else { inbox };
    match kind {
        0..=9 => {
            let batch = (0..=dice.roll(6)).map(|_| request(dice, sids, today)).collect();
            format!("{:?}", store.deposit(batch)).replace("Puzzle", "")
        }
        10..=13 => format!("{:?}", store.collect(&sid, Cursor(dice.roll(30)), usize::from(dice.small(20)))),
        14 => format!("{:?}", store.ack(&sid, Cursor(dice.roll(300)))),
        15 => {
            let policy = if dice.roll(2) == 0 { MailboxPolicy::Inbox } else { MailboxPolicy::Doorstep };
            format!("{:?}", store.open(&Person { number: person + 1 }.rid(policy), today))
        }
        16 => {
            let generation = dice.small(4);
            format!("{:?}", store.generate(&sid, Generation(generation), &StampKey([generation ^ 0x5a; 32])))
        }
        17 if dice.roll(8) == 0 => format!("{:?}", store.retire(&sid, Generation(dice.small(4)))),
        17 => {
            let indices: Vec<_> = (0..3).map(|place| StampIndex(place * 7)).collect();
            format!("{:?}", store.cross_off(&sid, Generation(dice.small(4)), &indices))
        }
        18 => format!("{:?}", store.sweep(today)),
        _ => format!("{:?}", store.totals()),
    }
}

#[test]
fn the_engines_cannot_be_told_apart_and_a_restart_is_not_noticed() {
    let seed = std::env::var("STORE_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(0xdecade_u64);
    println!("STORE_SEED={seed}");
    let dir = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    let memory = MemoryStore::with(options());
    let mut embedded = open(dir.path());
    let mut sids = Vec::new();
    for number in 1..=PERSONS {
        for store in [&memory as &dyn Store, &embedded] {
            let person = Person::register(store, number);
            sids.push((person.inbox(store), person.doorstep(store)));
        }
    }
    sids.dedup();
    let mut dice = Dice(seed);
    let mut today = Day(20_000);
    for number in 0..STEPS {
        let (kind, fork) = (dice.roll(20), dice.roll(u64::MAX).max(1));
        let one = step(&memory, kind, &mut Dice(fork), &sids, today);
        let two = step(&embedded, kind, &mut Dice(fork), &sids, today);
        let blind = |text: &str| -> String {
            // Seeds of puzzles differ from store to store.
            text.split("seed").map(|part| part.split_once("bits").map_or(part, |(_, rest)| rest)).collect()
        };
        assert_eq!(blind(&one), blind(&two), "step {number}, kind {kind}");
        if dice.roll(40) == 0 {
            today = Day(today.0 + u16::from(dice.small(9)));
            assert_eq!(memory.sweep(today), embedded.sweep(today), "step {number}");
        }
        if dice.roll(80) == 0 {
            let extent = if dice.roll(2) == 0 { Extent::Due } else { Extent::All };
            memory.forget(today, extent).unwrap();
            embedded.forget(today, extent).unwrap();
        }
        if dice.roll(60) == 0 {
            if dice.roll(2) == 0 {
                embedded.flush().unwrap();
            }
            // The hourly count starts from the truth after a restart; a sweep brings the twins together.
            memory.sweep(today).unwrap();
            drop(embedded);
            embedded = open(dir.path());
            embedded.sweep(today).unwrap();
        }
    }
    println!("{STEPS} steps, {:?}", memory.totals());
    assert_eq!(memory.totals(), embedded.totals());
}
