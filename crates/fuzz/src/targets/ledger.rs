//! A public log under a script: a relay that is honest, or lost its place, or lies, and a client that replays it.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use ed25519_dalek::{Signer, SigningKey};
use ledger::{Endorsement, Replay, Tree, head, heartbeat, of_record, replay, restored};
use wire::{CommitmentNonce, Leaf, LeafKind, NameTag, RecordHash, ServerId, TreeHead, UnixSeconds};

use crate::features::Features;
use crate::tape::Tape;

/// Leaves of one script: more show nothing new.
const LEAVES_MAX: usize = 64;

/// Tries one script.
pub fn run(input: &[u8]) -> Features {
    let (mut features, mut tape) = (Features::default(), Tape::new(input));
    let (mut relay, mut client) = (Relay::default(), Client::default());
    while let Some(step) = tape.step() {
        if relay.leaves.len() >= LEAVES_MAX || relay.backups.len() >= LEAVES_MAX {
            break;
        }
        relay.backups.push(relay.leaves.clone());
        match step % 12 {
            0 | 1 => relay.change(LeafKind::Register, tape.byte()),
            2 => relay.change(LeafKind::Rotate, tape.byte()),
            3 => relay.change(LeafKind::Recover, tape.byte()),
            4 => relay.change(LeafKind::Tombstone, tape.byte()),
            5 => relay.push(heartbeat(relay.time)),
            6 => relay.go_back(usize::from(tape.byte())),
            7 => relay.lose(usize::from(tape.byte())),
            8 => relay.lie(&mut tape),
            _ => client.sync(&relay, &mut tape, &mut features),
        }
        relay.time += 1;
    }
    features.count("leaves", client.known.len());
    features
}

/// What signs: the same in every run.
struct Keys {
    root: SigningKey,
    ledger: SigningKey,
    endorsement: Endorsement,
}

impl Keys {
    fn get() -> &'static Self {
        static KEYS: OnceLock<Keys> = OnceLock::new();
        KEYS.get_or_init(|| {
            let (root, ledger) = (SigningKey::from_bytes(&[1; 32]), SigningKey::from_bytes(&[2; 32]));
            let ledger_key = ledger.verifying_key().to_bytes();
            let signature = root.sign(&crypto::endorsement_message(&ledger_key, 0, u64::MAX)).to_bytes();
            let endorsement = Endorsement { ledger_key, not_before: 0, not_after: u64::MAX, signature };
            Self { root, ledger, endorsement }
        })
    }

    fn server_id(&self) -> ServerId {
        ServerId(crypto::server_id_of_root(&self.root.verifying_key().to_bytes()))
    }
}

struct Relay {
    leaves: Vec<Leaf>,
    /// What it had before each step.
    backups: Vec<Vec<Leaf>>,
    /// Where the newest leaf of each name is said to stand, and whether the name was given up.
    names: BTreeMap<u8, (u64, bool)>,
    time: u32,
    is_honest: bool,
}

impl Default for Relay {
    fn default() -> Self {
        Self { leaves: Vec::new(), backups: Vec::new(), names: BTreeMap::new(), time: 1, is_honest: true }
    }
}

fn tag(name: u8) -> NameTag {
    NameTag([name; 32])
}

impl Relay {
    fn push(&mut self, leaf: Leaf) {
        self.leaves.push(leaf);
    }

    /// What a directory lets happen.
    fn change(&mut self, kind: LeafKind, name: u8) {
        let name = 1 + name % 4;
        let before = self.names.get(&name).copied();
        let may = match kind {
            LeafKind::Register => before.is_none_or(|(_, given_up)| given_up),
            _ => before.is_some_and(|(_, given_up)| !given_up),
        };
        if !may {
            return;
        }
        let index = self.leaves.len() as u64;
        let prev = before.map_or(Leaf::NONE, |(at, _)| at);
        self.push(of_record(
            kind,
            tag(name),
            prev,
            &CommitmentNonce([1; 16]),
            &RecordHash([2; 32]),
            self.time,
        ));
        self.names.insert(name, (index, kind == LeafKind::Tombstone));
    }

    /// Restored from a backup, and says so.
    fn go_back(&mut self, which: usize) {
        let backup = which.checked_rem(self.backups.len()).and_then(|which| self.backups.get(which));
        self.leaves = backup.cloned().unwrap_or_default();
        let stand = self.leaves.len();
        self.names.clear();
        for (index, leaf) in (0..).zip(&self.leaves) {
            if matches!(
                leaf.kind,
                LeafKind::Register | LeafKind::Rotate | LeafKind::Recover | LeafKind::Tombstone
            ) {
                let [name, ..] = leaf.tag.0;
                self.names.insert(name, (index, leaf.kind == LeafKind::Tombstone));
            }
        }
        self.say_restored(stand);
    }

    /// Repaired: a leaf is lost, its record is not.
    fn lose(&mut self, at: usize) {
        let Some(at) = at.checked_rem(self.leaves.len()) else { return };
        let is_of_somebody = |leaf: &&mut Leaf| !matches!(leaf.kind, LeafKind::Restored);
        let Some(leaf) = self.leaves.get_mut(at).filter(is_of_somebody) else { return };
        *leaf = heartbeat(leaf.time);
        self.say_restored(at);
    }

    fn say_restored(&mut self, stand: usize) {
        let root = root_of(self.leaves.get(..stand).unwrap_or_default());
        self.push(restored(stand as u64, root, self.time));
    }

    /// Anything, or an earlier state in silence.
    fn lie(&mut self, tape: &mut Tape<'_>) {
        self.is_honest = false;
        let choice = tape.byte();
        let at = usize::from(tape.byte()) % (self.leaves.len() + 1);
        if choice < 64 {
            return self.leaves.truncate(at);
        }
        let leaf = Leaf {
            kind: LeafKind::of(choice % 9),
            tag: tag(tape.byte() % 5),
            prev_index: if tape.byte() < 128 { Leaf::NONE } else { at as u64 },
            commitment: wire::Commitment([tape.byte() % 2; 32]),
            time: u32::from(tape.byte()),
        };
        match self.leaves.get_mut(at) {
            Some(place) => *place = leaf,
            None => self.push(leaf),
        }
    }

    fn number(&self) -> u32 {
        self.leaves.iter().rfind(|leaf| leaf.kind == LeafKind::Restored).map_or(0, |leaf| leaf.time)
    }

    fn head(&self) -> TreeHead {
        let keys = Keys::get();
        let mut signed = TreeHead {
            log_id: keys.root.verifying_key().to_bytes(),
            log_number: self.number(),
            size: self.leaves.len() as u64,
            root: root_of(&self.leaves),
            time: u64::from(self.time),
            signature: [0; 64],
            endorsement: keys.endorsement.to_bytes(),
        };
        signed.signature = keys.ledger.sign(&head::message(&signed)).to_bytes();
        signed
    }

    /// How many of somebody's leaves stand, who has so many under this number.
    fn stand(&self, number: u32, from: u64) -> u64 {
        let since = self.leaves.iter().filter(|leaf| leaf.kind == LeafKind::Restored && leaf.time > number);
        let stand = since.map(|leaf| leaf.prev_index).min().unwrap_or(u64::MAX);
        from.min(self.leaves.len() as u64).min(stand)
    }
}

fn root_of(leaves: &[Leaf]) -> [u8; 32] {
    let mut tree = Tree::new();
    leaves.iter().for_each(|leaf| tree.push(leaf));
    tree.root()
}

#[derive(Default)]
struct Client {
    known: Vec<Leaf>,
    before: Option<TreeHead>,
}

impl Client {
    fn sync(&mut self, relay: &Relay, tape: &mut Tape<'_>, features: &mut Features) {
        let server_id = Keys::get().server_id();
        let mut signed = relay.head();
        let number = self.before.as_ref().map_or(0, |head| head.log_number);
        let mut first = relay.stand(number, self.known.len() as u64);
        let spoils = tape.byte();
        match spoils {
            200..208 => first = u64::from(tape.byte()),
            208..216 => signed.size ^= u64::from(tape.byte()),
            216..224 => signed.log_number = u32::from(tape.byte()),
            224..232 => signed.time = u64::from(tape.byte()),
            232..240 => signed = TreeHead::EMPTY,
            _ => {}
        }
        let from =
            |first| relay.leaves.get(usize::try_from(first).unwrap_or(usize::MAX)..).unwrap_or_default();
        let mut judged = replay(&server_id, &self.known, self.before.as_ref(), &signed, first, from(first));
        if judged.is_err() && signed.log_number > number {
            first = 0;
            judged = replay(&server_id, &self.known, self.before.as_ref(), &signed, first, from(first));
        }
        let fed = from(first);
        features.outcome("replay", &judged);
        let gossip = ledger::Gossip::of(&signed, UnixSeconds(9));
        let told = gossip.and_then(|gossip| ledger::Gossip::from_bytes(&gossip.to_bytes()));
        assert_eq!(told, gossip, "gossip reads back as other gossip");
        let Ok(judged) = judged else {
            assert!(!relay.is_honest || spoils >= 200, "an honest log is refused");
            return;
        };
        let stand = usize::try_from(first).unwrap_or(usize::MAX);
        let all = [self.known.get(..stand).unwrap_or_default(), fed].concat();
        self.check(&judged, &signed, &all, number, first);
        features.note("number", (number > 0, signed.log_number > number));
        (self.known, self.before) = (all, Some(signed));
    }

    /// What is accepted leads to the head, and tells nothing anew but what a RESTORED leaf says is gone.
    fn check(&self, judged: &Replay, signed: &TreeHead, all: &[Leaf], number: u32, first: u64) {
        assert_eq!(
            (judged.size(), judged.root()),
            (all.len() as u64, root_of(all)),
            "another log was judged"
        );
        assert_eq!(
            (judged.size(), judged.root()),
            (signed.size, signed.root),
            "the head was not signed for it"
        );
        assert!(all.windows(2).all(|pair| matches!(pair, [a, b] if a.time <= b.time)), "time fell");
        let since = all.iter().filter(|leaf| leaf.kind == LeafKind::Restored && leaf.time > number);
        let stand = since.map(|leaf| leaf.prev_index).min().unwrap_or(u64::MAX);
        if first == 0 && signed.log_number > number {
            return;
        }
        let stands = self.known.len().min(usize::try_from(stand).unwrap_or(usize::MAX));
        assert_eq!(all.get(..stands), self.known.get(..stands), "what stands was told anew");
    }
}
