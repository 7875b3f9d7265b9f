//! [`Faults`]: which kinds of bad luck a run may have, and what people do in it beside writing texts.

use crate::random::Random;

/// Switches, one for each kind.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Faults {
    /// Connections refused, cut after some bytes, answers withheld, bytes that arrive when nobody waits any more.
    pub network: bool,
    /// A relay that is down, dies, refuses, or loses what it had only handed to the system.
    pub relay: bool,
    /// Answers in another order, bytes in pieces.
    pub order: bool,
    /// Clients that die at any point.
    pub crash: bool,
    /// Hours and days that pass, clocks that disagree.
    pub clock: bool,
    /// A directory that shows other keys, older keys, or nobody.
    pub lies: bool,
    /// A second process at work on the same vault.
    pub second: bool,
    /// Holidays longer than the relay keeps what waits.
    pub expiry: bool,
    /// With these, holidays after which a relay has closed the mailboxes.
    pub absence: bool,
    /// Keys that are replaced while a first contact is under way, either way.
    pub early_rotation: bool,
    /// A vault that is restored from an older copy of its folder.
    pub rollback: bool,
    /// A device that is lost, and its person's backup, restored on another one.
    pub backup: bool,
    /// A device that is lost, and no backup: the name is taken back with the recovery words.
    pub words: bool,
    /// A relay that is restored from an older backup.
    pub relay_rollback: bool,
    /// No fault: people also edit, take back, quote, ask, answer, send files, receipts and words with a time.
    pub said: bool,
    /// No fault: people also meet under a code that one tells another.
    pub pairing: bool,
    /// No fault: relays keep a public log of keys.
    pub log: bool,
}

/// Earlier seeds stand in our records as they were found, and have what every seed had then.
const DRAWN_FROM: u64 = 10_000_000;

/// Those before it were tried before backups could be lost and restored.
const BACKUPS_FROM: u64 = 12_000_000;

/// Those before it, before vaults went back in time, and names were taken back with the words.
const COPIES_FROM: u64 = 15_000_000;

/// Those before it, before relays kept a public log.
const LOGS_FROM: u64 = 18_000_000;

/// Every switch by its name.
type Switch = (&'static str, fn(&mut Faults) -> &mut bool);

const SWITCHES: [Switch; 17] = [
    ("network", |faults| &mut faults.network),
    ("relay", |faults| &mut faults.relay),
    ("order", |faults| &mut faults.order),
    ("crash", |faults| &mut faults.crash),
    ("clock", |faults| &mut faults.clock),
    ("lies", |faults| &mut faults.lies),
    ("second", |faults| &mut faults.second),
    ("expiry", |faults| &mut faults.expiry),
    ("absence", |faults| &mut faults.absence),
    ("early-rotation", |faults| &mut faults.early_rotation),
    ("rollback", |faults| &mut faults.rollback),
    ("backup", |faults| &mut faults.backup),
    ("words", |faults| &mut faults.words),
    ("relay-rollback", |faults| &mut faults.relay_rollback),
    ("said", |faults| &mut faults.said),
    ("pairing", |faults| &mut faults.pairing),
    ("log", |faults| &mut faults.log),
];

impl Faults {
    /// A world without bad luck.
    pub const NONE: Faults = Faults {
        network: false,
        relay: false,
        order: false,
        crash: false,
        clock: false,
        lies: false,
        second: false,
        expiry: false,
        absence: false,
        early_rotation: false,
        rollback: false,
        backup: false,
        words: false,
        relay_rollback: false,
        said: false,
        pairing: false,
        log: false,
    };

    /// What a seed has. From seed 10,000,000 on one in four has long holidays, and one in eight early changes of keys; from
    /// 12,000,000 on, one in eight lost devices; from 15,000,000 on, one in eight vaults that go back, and one in sixteen names
    /// that are taken back with the words; from 18,000,000 on, every relay keeps a public log of keys. With the first, checkers excuse what expired, with the second it is not
    /// known where a stream begins, with the others somebody forgot what he said, so that not every seed should.
    pub fn drawn_by(seed: u64) -> Faults {
        if seed < DRAWN_FROM {
            return Faults::ALL;
        }
        let mut random = Random::of(seed, 7);
        let (expiry, early_rotation) = (random.happens(250), random.happens(125));
        let backup = seed >= BACKUPS_FROM && random.happens(125);
        let rollback = seed >= COPIES_FROM && random.happens(125);
        let words = seed >= COPIES_FROM && random.happens(62);
        let log = seed >= LOGS_FROM;
        Faults { expiry, early_rotation, backup, rollback, words, log, ..Faults::ALL }
    }

    /// Everything that a client must live through today.
    pub const ALL: Faults = Faults {
        network: true,
        relay: true,
        order: true,
        crash: true,
        clock: true,
        lies: true,
        second: true,
        said: true,
        pairing: true,
        ..Faults::NONE
    };

    /// Turns one kind on or off by its name; `false` when there is none of this name.
    pub fn set(&mut self, name: &str, on: bool) -> bool {
        match SWITCHES.iter().find(|(known, _)| *known == name) {
            Some((_, switch)) => {
                *switch(self) = on;
                true
            }
            None => false,
        }
    }

    /// The names of all kinds.
    pub fn names() -> Vec<&'static str> {
        SWITCHES.iter().map(|(name, _)| *name).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_switch_has_a_name_and_moves_only_itself() {
        for name in Faults::names() {
            let mut faults = Faults::NONE;
            assert!(faults.set(name, true) && faults != Faults::NONE, "{name}");
            assert!(faults.set(name, false) && faults == Faults::NONE, "{name}");
        }
        assert!(!Faults::NONE.clone().set("kindness", true));
    }
}
