//! Holds what a server serves against a ledger.

use std::collections::BTreeSet;
use std::path::Path;

use wire::request::Collect;
use wire::{Cursor, Notice, Response};

use crate::chance::Chance;
use crate::ledger::{Heard, Ledger};
use crate::letters::{LANE, letter, number_of};
use crate::support::peer::Peer;
use crate::support::person::Mailbox;
use crate::world::{World, status};

/// How the last server ended: what its acks were worth then.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// The process: an answered ack survives.
    Process,
    /// The power: an ack survives from the next sync on.
    Power,
}

/// What was found; nothing of it a fault.
#[derive(Clone, Copy, Default, Debug)]
pub struct Found {
    /// Confirmed envelopes that had to be there, and were.
    pub kept: usize,
    /// Confirmed while a cut was under way, and gone.
    pub doubtful: usize,
    /// Acked, not synced, and here again.
    pub redelivered: usize,
}

impl std::ops::AddAssign for Found {
    fn add_assign(&mut self, other: Self) {
        self.kept += other.kept;
        self.doubtful += other.doubtful;
        self.redelivered += other.redelivered;
    }
}

/// Every confirmed envelope that nobody let go of is served, whole, once, in order; nothing let go of is.
pub fn examine(world: &World, ledger: &Ledger, data: &Path, port: u16, end: End) -> Found {
    let mut found = Found::default();
    for inbox in 0..world.inboxes.len() {
        found += examine_inbox(world, ledger, port, end, inbox);
    }
    assert_eq!(status(data, "damaged"), 0, "damage in a store that nobody damaged");
    found
}

fn examine_inbox(world: &World, ledger: &Ledger, port: u16, end: End, inbox: usize) -> Found {
    let account = &ledger.inboxes[inbox];
    let served = everything(&world.inboxes[inbox], inbox, port);
    let mut found = Found::default();
    let for_good = match end {
        End::Process => account.acked,
        End::Power => ledger.acked_for_good(inbox),
    };
    let mut here = BTreeSet::new();
    let mut lanes = [None; (u16::MAX / LANE) as usize + 1];
    for pair in served.windows(2) {
        assert_eq!(pair[0].0 + 1, pair[1].0, "a hole in inbox {inbox}");
    }
    for (cursor, index) in served {
        let letter = account.letters.get(&index).expect("nobody sent what is served");
        assert!(here.insert(index), "letter {index} of inbox {inbox} twice");
        assert_eq!(*account.places.get(&cursor).unwrap_or(&index), index, "another letter at {cursor}");
        assert_eq!(letter.cursor.unwrap_or(cursor), cursor, "letter {index} moved");
        let lane = &mut lanes[usize::from(index / LANE)];
        assert!(lane.replace(index).is_none_or(|before| before < index), "out of order at {cursor}");
        assert!(cursor > for_good, "cursor {cursor} of inbox {inbox} was let go of, and is back");
        found.redelivered += usize::from(cursor <= account.acked);
        found.kept += usize::from(letter.heard == Heard::Stored);
    }
    for (index, letter) in &account.letters {
        let let_go = letter.cursor.is_some_and(|cursor| cursor <= account.ack_sent);
        if here.contains(index) || let_go {
            continue;
        }
        match letter.heard {
            Heard::Stored => panic!("letter {index} of inbox {inbox} was confirmed and is lost: {letter:?}"),
            Heard::StoredDuringTheCut => found.doubtful += 1,
            Heard::Nothing => {}
        }
    }
    found
}

/// All that waits: cursor and number. A connection hands out one credit's worth.
fn everything(inbox: &Mailbox, number: usize, port: u16) -> Vec<(u64, u16)> {
    let mut served: Vec<(u64, u16)> = Vec::new();
    loop {
        let mut owner = Peer::connect(port);
        let opened = inbox.open(&mut owner);
        let expected = opened.waiting as usize;
        let after = Cursor(served.last().map_or(0, |(cursor, _)| *cursor));
        let credit = u16::try_from((expected - served.len()).clamp(1, 256)).unwrap();
        let ask = Collect { slot: opened.slot, after, credit, follow: false };
        assert!(matches!(owner.ask(ask), Response::Collecting));
        let until = expected.min(served.len() + 256);
        while served.len() < until {
            let Notice::Deliver(delivered) = owner.notice() else { panic!("fewer than {expected} served") };
            let index = number_of(number, &delivered.envelope).expect("a wrong byte was served");
            served.push((delivered.cursor.0, index));
        }
        if served.len() == expected {
            return served;
        }
    }
}

/// Senders who heard nothing send the same again, and some who were confirmed do too: all hear `STORED`, and
/// only what was not there is added.
pub fn retry(world: &World, ledger: &mut Ledger, port: u16, chance: &mut Chance) -> usize {
    let mut retried = 0;
    for inbox in 0..world.inboxes.len() {
        let mailbox = &world.inboxes[inbox];
        let before: BTreeSet<_> =
            everything(mailbox, inbox, port).into_iter().map(|(_, index)| index).collect();
        let account = &ledger.inboxes[inbox];
        let silent = account.unanswered();
        let all: Vec<_> = account.letters.keys().copied().collect();
        let some = (0..all.len().min(24)).map(|_| all[chance.below(all.len() as u64) as usize]);
        let again: Vec<_> = silent.iter().copied().chain(some).collect();
        let unseen = silent.iter().filter(|index| account.letters[index].cursor.is_none());
        let fresh: BTreeSet<u16> = unseen.filter(|index| !before.contains(index)).copied().collect();
        let mut sender = Peer::connect(port);
        for chunk in again.chunks(32) {
            let mut ids = Vec::new();
            for index in chunk {
                let bytes = ledger.inboxes[inbox].letters[index].bytes;
                ids.push(sender.send(mailbox.stamped(*index, letter(inbox, *index, bytes))));
            }
            for _ in &ids {
                let (_, answer) = sender.answer().expect("an answer to a retry");
                assert!(matches!(answer, Response::Stored), "a retry was answered by {answer:?}");
            }
        }
        again.iter().for_each(|index| ledger.stored(inbox, *index));
        let after: BTreeSet<_> =
            everything(mailbox, inbox, port).into_iter().map(|(_, index)| index).collect();
        let account = &mut ledger.inboxes[inbox];
        let mut uncertain = std::mem::take(&mut account.uncertain);
        uncertain.retain(|index| !after.contains(index));
        // One that was confirmed before the cut, and delivered and let go of during it, is uncertain and was not expected.
        let expected = before.len() + fresh.iter().filter(|index| !uncertain.contains(index)).count();
        let surplus = after.difference(&before).filter(|index| !fresh.contains(index));
        let surplus: Vec<_> = surplus.map(|index| (index, account.letters[index])).collect();
        assert_eq!(
            after.len(),
            expected,
            "a retry added what was there, or did not add what was not, in inbox {inbox}: acked {}, ack sent {}, \
             added beside what was expected {surplus:?}",
            account.acked,
            account.ack_sent
        );
        // Stored and let go of before the cut was over, wherever they stood.
        for index in uncertain {
            account.letters.get_mut(&index).unwrap().cursor = Some(0);
        }
        retried += again.len();
    }
    retried
}
