//! What a client makes of what it is fed (`spec/ledger.md § Replay`).

use std::collections::HashMap;

use wire::limits::{LEDGER_LEAVES_MAX, RESTORED_MAX};
use wire::{Leaf, LeafKind, NameTag, ServerId, TreeHead};

use crate::head;
use crate::tree::{Hash, Subtrees};

/// What is wrong with a log.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Trouble {
    /// Fewer leaves than before, or none.
    #[error("the log has fewer leaves than before")]
    WentBack,
    /// The leaves do not lead from the known ones to the signed root, or break a rule.
    #[error("the log is not the one that was shown before, grown")]
    Forked,
    /// The head is not signed by a key that the server's root key endorses.
    #[error("the head of the log is not signed by the server")]
    NotSigned,
}

/// All leaves of a log, as far as its rules and root go.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Replay {
    tree: Subtrees,
    number: u32,
    restored_times: u32,
    time: u32,
    /// Where the last RESTORED leaf stands: what a name had before it may be lost.
    restored: Option<u64>,
    /// Where the newest leaf of each name stands, and of which kind it is.
    names: HashMap<NameTag, (u64, LeafKind)>,
}

impl Replay {
    /// Of no leaf.
    pub fn new() -> Self {
        Self::default()
    }

    /// Of leaves that were replayed before.
    ///
    /// # Errors
    ///
    /// [`Trouble::Forked`] where they break a rule: they are damaged.
    pub fn of(leaves: &[Leaf]) -> Result<Self, Trouble> {
        let mut replay = Self::new();
        replay.extend(leaves)?;
        Ok(replay)
    }

    fn extend(&mut self, leaves: &[Leaf]) -> Result<(), Trouble> {
        // What stood behind the leaf that a later RESTORED names may follow one that was lost.
        let mut stands = vec![u64::MAX; leaves.len()];
        let mut stand = u64::MAX;
        for (leaf, at) in leaves.iter().zip(&mut stands).rev() {
            *at = stand;
            if leaf.kind == LeafKind::Restored {
                stand = stand.min(leaf.prev_index);
            }
        }
        leaves.iter().zip(stands).try_for_each(|(leaf, stand)| self.push(leaf, self.size() >= stand))
    }

    fn push(&mut self, leaf: &Leaf, is_excused: bool) -> Result<(), Trouble> {
        let index = self.tree.size();
        if leaf.time < self.time || index >= LEDGER_LEAVES_MAX || !has_its_zeros(leaf) {
            return Err(Trouble::Forked);
        }
        match leaf.kind {
            LeafKind::Register | LeafKind::Rotate | LeafKind::Recover | LeafKind::Tombstone => {
                let before = self.names.insert(leaf.tag, (index, leaf.kind));
                let is_next = before.map_or(Leaf::NONE, |(at, _)| at) == leaf.prev_index
                    && may_follow(leaf.kind, before.map(|(_, kind)| kind));
                let is_first_since =
                    self.restored.is_some_and(|restored| before.is_none_or(|(at, _)| at < restored));
                if !is_next && !is_excused && !is_first_since {
                    return Err(Trouble::Forked);
                }
            }
            LeafKind::Restored => {
                let stand = self.tree.root_at(leaf.prev_index);
                if stand.is_none_or(|stand| !is_excused && stand != leaf.tag.0) {
                    return Err(Trouble::Forked);
                }
                // Restored twice to the same place, it has two numbers all the same.
                if leaf.time <= self.number || self.restored_times >= RESTORED_MAX {
                    return Err(Trouble::Forked);
                }
                self.number = leaf.time;
                self.restored = Some(index);
                self.restored_times += 1;
            }
            LeafKind::Heartbeat | LeafKind::Other(_) => {}
        }
        self.time = leaf.time;
        self.tree.push(leaf);
        Ok(())
    }

    /// How many leaves.
    pub fn size(&self) -> u64 {
        self.tree.size()
    }

    /// When the relay last went back: the number of the log.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// How often it went back.
    pub fn restored_times(&self) -> u32 {
        self.restored_times
    }

    /// The root of all.
    pub fn root(&self) -> Hash {
        self.tree.root()
    }

    /// The root of the first of them; `None` where there are not so many.
    pub fn root_at(&self, size: u64) -> Option<Hash> {
        self.tree.root_at(size)
    }

    /// The hashes of all leaves.
    pub fn hashes(&self) -> &[Hash] {
        self.tree.leaves()
    }

    /// The roots of all whole subtrees of 2^`level` leaves.
    pub fn subtrees(&self, level: usize) -> &[Hash] {
        self.tree.level(level)
    }

    /// Where the newest leaf of a name stands.
    pub fn newest(&self, tag: &NameTag) -> Option<u64> {
        self.names.get(tag).map(|(index, _)| *index)
    }
}

/// Whether a change of this kind may follow that one of the same name.
fn may_follow(kind: LeafKind, before: Option<LeafKind>) -> bool {
    match (kind, before) {
        (LeafKind::Register, before) => matches!(before, None | Some(LeafKind::Tombstone)),
        (_, before) => before.is_some_and(|before| before != LeafKind::Tombstone),
    }
}

/// Whether a leaf that is of nobody says nothing besides.
fn has_its_zeros(leaf: &Leaf) -> bool {
    match leaf.kind {
        LeafKind::Heartbeat => {
            leaf.tag.0 == [0; 32] && leaf.prev_index == Leaf::NONE && leaf.commitment.0 == [0; 32]
        }
        LeafKind::Restored => leaf.commitment.0 == [0; 32],
        _ => true,
    }
}

/// How many leaves stand of what was shown under a number: the lowest that the RESTORED leaves beyond it name.
fn stand_since(number: u32, leaves: &[Leaf]) -> u64 {
    let beyond = leaves.iter().filter(|leaf| leaf.kind == LeafKind::Restored && leaf.time > number);
    beyond.map(|leaf| leaf.prev_index).min().unwrap_or(u64::MAX)
}

/// Judges a whole feed: `known` are the leaves from before, `before` the head that covered them, and `fed` those from
/// `first` on, of this `head`.
///
/// # Errors
///
/// What is wrong: nothing of the feed is to be kept. A server that never showed a log is not asked about here.
pub fn replay(
    server_id: &ServerId,
    known: &[Leaf],
    before: Option<&TreeHead>,
    head: &TreeHead,
    first: u64,
    fed: &[Leaf],
) -> Result<Replay, Trouble> {
    if head::is_empty(head) {
        return Err(Trouble::WentBack);
    }
    head::verify(head, server_id).map_err(|_| Trouble::NotSigned)?;
    let number = before.map_or(0, |before| before.log_number);
    if let Some(before) = before {
        let is_less = head.log_number == number && (head.size < before.size || head.time < before.time);
        if head.log_number < number || is_less {
            return Err(Trouble::WentBack);
        }
    }
    let stand = usize::try_from(first).ok().and_then(|first| known.get(..first)).ok_or(Trouble::Forked)?;
    let leaves = [stand, fed].concat();
    // What was known stands, but for what a RESTORED leaf beyond the number known says is gone. A relay that was repaired, and
    // then restored from a backup of before, knows no better: under another number all may be told again.
    let is_whole = first == 0 && head.log_number > number && before.is_some();
    if !is_whole && first != stand_since(number, &leaves).min(known.len() as u64) {
        return Err(Trouble::Forked);
    }
    let replay = Replay::of(&leaves)?;
    let fits = replay.size() == head.size
        && replay.number() == head.log_number
        && u64::from(replay.time) <= head.time
        && replay.root() == head.root;
    if fits { Ok(replay) } else { Err(Trouble::Forked) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{heartbeat, restored};

    /// A log that goes back as often as there is room for, each time to all that it had.
    fn went_back(times: u32) -> Vec<Leaf> {
        let (mut tree, mut leaves) = (Subtrees::new(), Vec::new());
        for time in 1..=times {
            tree.push(&heartbeat(time));
            let back = restored(tree.size(), tree.root(), time);
            tree.push(&back);
            leaves.extend([heartbeat(time), back]);
        }
        leaves
    }

    #[test]
    fn a_log_goes_back_so_often_and_no_more() {
        let all = went_back(RESTORED_MAX + 1);
        let (most, _) = all.split_at(2 * RESTORED_MAX as usize);
        let replay = Replay::of(most).expect("as often as may be");
        assert_eq!((replay.restored_times(), replay.number()), (RESTORED_MAX, RESTORED_MAX));
        assert_eq!(Replay::of(&all), Err(Trouble::Forked));
    }
}
