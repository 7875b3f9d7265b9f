//! The Merkle tree of RFC 6962 § 2.1, and its consistency proofs (§ 2.1.2).

use wire::{Leaf, Wire};

/// A node or root.
pub type Hash = [u8; 32];

/// A tree that only grows: so much of it as the next root needs.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Tree {
    size: u64,
    /// The roots of the whole subtrees side by side, the largest first: one for each bit of `size`.
    peaks: Vec<Hash>,
}

impl Tree {
    /// Without a leaf.
    pub fn new() -> Self {
        Self::default()
    }

    /// Of whole subtrees of 2^`level` leaves each, given by their roots.
    pub fn of_subtrees(level: u32, roots: &[Hash]) -> Self {
        let mut tree = Self::new();
        roots.iter().for_each(|root| tree.push_hash(*root));
        Self { size: tree.size << level, ..tree }
    }

    /// How many leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf.
    pub fn push(&mut self, leaf: &Leaf) {
        self.push_hash(hash_of(leaf));
    }

    pub(crate) fn push_hash(&mut self, mut hash: Hash) {
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                hash = crypto::node_hash(&left, &hash);
            }
        }
        self.peaks.push(hash);
        self.size += 1;
    }

    /// The root of all leaves.
    pub fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev();
        let Some(last) = peaks.next() else { return crypto::sha256(&[]) };
        peaks.fold(*last, |right, left| crypto::node_hash(left, &right))
    }
}

/// A tree with the root of each of its whole subtrees: the root of its first leaves, however many, costs a hash for each
/// bit of their number.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Subtrees {
    /// The roots of the whole subtrees of 2^n leaves, side by side; the first level is the leaves.
    levels: Vec<Vec<Hash>>,
}

impl Subtrees {
    /// Without a leaf.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends a leaf.
    pub fn push(&mut self, leaf: &Leaf) {
        self.push_hash(hash_of(leaf));
    }

    pub(crate) fn push_hash(&mut self, hash: Hash) {
        let mut next = Some(hash);
        for level in 0.. {
            let Some(hash) = next else { return };
            if self.levels.len() == level {
                self.levels.push(Vec::new());
            }
            let Some(row) = self.levels.get_mut(level) else { return };
            row.push(hash);
            let (pairs, rest) = row.as_chunks::<2>();
            next =
                pairs.last().filter(|_| rest.is_empty()).map(|[left, right]| crypto::node_hash(left, right));
        }
    }

    /// How many leaves.
    pub fn size(&self) -> u64 {
        self.leaves().len() as u64
    }

    /// The hashes of all leaves.
    pub fn leaves(&self) -> &[Hash] {
        self.level(0)
    }

    /// The roots of all whole subtrees of 2^`level` leaves.
    pub fn level(&self, level: usize) -> &[Hash] {
        self.levels.get(level).map_or(&[], Vec::as_slice)
    }

    /// The root of all leaves.
    pub fn root(&self) -> Hash {
        self.root_at(self.size()).unwrap_or_else(|| crypto::sha256(&[]))
    }

    /// The root of the first leaves; `None` where there are not so many.
    pub fn root_at(&self, size: u64) -> Option<Hash> {
        let size = usize::try_from(size).ok()?;
        let mut peaks = self.peaks(size)?.into_iter();
        let Some(last) = peaks.next() else { return Some(crypto::sha256(&[])) };
        Some(peaks.fold(last, |right, left| crypto::node_hash(&left, &right)))
    }

    /// The roots of the whole subtrees that the first leaves are, the smallest first; `None` where there are not so many.
    fn peaks(&self, size: usize) -> Option<Vec<Hash>> {
        let levels = 0..usize::BITS - size.leading_zeros();
        let ones = levels.filter(|level| size >> level & 1 == 1);
        ones.map(|level| self.level(level as usize).get((size >> level) - 1).copied()).collect()
    }
}

pub(crate) fn hash_of(leaf: &Leaf) -> Hash {
    crypto::leaf_hash(&leaf.to_bytes())
}

/// The root of these leaves, given by their hashes.
pub fn root_of(leaves: &[Hash]) -> Hash {
    let mut tree = Tree::new();
    leaves.iter().for_each(|leaf| tree.push_hash(*leaf));
    tree.root()
}

/// The largest power of two below `size`, which is above 1.
fn split(size: usize) -> usize {
    size.next_power_of_two() / 2
}

/// Proves that the tree of all these leaves begins with the first `size` of them. Nothing for none and for all.
pub fn consistency(leaves: &[Hash], size: usize) -> Vec<Hash> {
    let mut proof = Vec::new();
    if size > 0 && size < leaves.len() {
        subproof(leaves, size, true, &mut proof);
    }
    proof
}

fn subproof(leaves: &[Hash], size: usize, is_whole: bool, proof: &mut Vec<Hash>) {
    if size == leaves.len() {
        if !is_whole {
            proof.push(root_of(leaves));
        }
        return;
    }
    let (left, right) = leaves.split_at(split(leaves.len()));
    if size <= left.len() {
        subproof(left, size, is_whole, proof);
        proof.push(root_of(right));
    } else {
        subproof(right, size - left.len(), false, proof);
        proof.push(root_of(left));
    }
}

/// Whether a tree of `size` leaves with this root begins with `from` leaves of that root, as the proof says (RFC 9162
/// § 2.1.4.2).
pub fn follows(from: u64, from_root: &Hash, size: u64, root: &Hash, proof: &[Hash]) -> bool {
    if from == 0 || from >= size {
        return from == size && from_root == root && proof.is_empty();
    }
    let mut path = Vec::with_capacity(proof.len() + 1);
    if from.is_power_of_two() {
        path.push(*from_root);
    }
    path.extend_from_slice(proof);
    let (mut node, mut last) = (from - 1, size - 1);
    while node & 1 == 1 {
        (node, last) = (node >> 1, last >> 1);
    }
    let mut path = path.into_iter();
    let Some(start) = path.next() else { return false };
    let (mut first, mut second) = (start, start);
    for hash in path {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            (first, second) = (crypto::node_hash(&hash, &first), crypto::node_hash(&hash, &second));
            while node & 1 == 0 && node != 0 {
                (node, last) = (node >> 1, last >> 1);
            }
        } else {
            second = crypto::node_hash(&second, &hash);
        }
        (node, last) = (node >> 1, last >> 1);
    }
    last == 0 && first == *from_root && second == *root
}

#[cfg(test)]
#[allow(clippy::indexing_slicing)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn leaves(count: usize) -> Vec<Hash> {
        (0..count).map(|n| crypto::leaf_hash(&n.to_be_bytes())).collect()
    }

    /// The definition of RFC 6962 § 2.1, word for word.
    fn by_definition(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => crypto::sha256(&[]),
            [leaf] => *leaf,
            _ => {
                let (left, right) = leaves.split_at(split(leaves.len()));
                crypto::node_hash(&by_definition(left), &by_definition(right))
            }
        }
    }

    #[test]
    fn a_root_is_that_of_the_definition() {
        for count in 0..70 {
            let leaves = leaves(count);
            assert_eq!(root_of(&leaves), by_definition(&leaves), "{count} leaves");
        }
    }

    /// Seven inputs, of the Certificate Transparency project's own tests.
    #[test]
    fn the_known_answers_of_certificate_transparency() {
        let inputs: [&[u8]; 8] = [
            &[],
            &[0x00],
            &[0x10],
            &[0x20, 0x21],
            &[0x30, 0x31],
            &[0x40, 0x41, 0x42, 0x43],
            &[0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
            &[0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f],
        ];
        let hashes: Vec<Hash> = inputs.iter().map(|input| crypto::leaf_hash(input)).collect();
        let hex = |hash: Hash| hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        assert_eq!(hex(root_of(&[])), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_eq!(hex(root_of(&hashes)), "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328");
    }

    #[test]
    fn every_consistency_proof_holds_and_no_other_size_or_root() {
        let all = leaves(40);
        for size in 1..=all.len() {
            let (whole, root) = (&all[..size], root_of(&all[..size]));
            for from in 1..=size {
                let from_root = root_of(&all[..from]);
                let proof = consistency(whole, from);
                let (n, m) = (from as u64, size as u64);
                assert!(follows(n, &from_root, m, &root, &proof), "{from} of {size}");
                if from < size {
                    assert!(!follows(n, &[7; 32], m, &root, &proof), "another root of {from} of {size}");
                    assert!(!follows(n, &from_root, m, &[7; 32], &proof), "{from} of another {size}");
                    let mut longer = proof.clone();
                    longer.push([7; 32]);
                    assert!(!follows(n, &from_root, m, &root, &longer), "{from} of {size}, one hash more");
                }
            }
        }
    }

    /// As many hashes as bits, and not as many as leaves: whoever names many places of a long log keeps nobody busy.
    #[test]
    fn the_root_of_the_first_leaves_takes_a_subtree_for_each_bit_of_their_number() {
        let all = leaves(300);
        let mut subtrees = Subtrees::new();
        all.iter().for_each(|leaf| subtrees.push_hash(*leaf));
        assert_eq!((subtrees.size(), subtrees.leaves()), (300, all.as_slice()));
        for size in 0..=all.len() {
            assert_eq!(subtrees.root_at(size as u64), Some(root_of(&all[..size])), "{size} leaves");
            assert_eq!(subtrees.peaks(size).map(|peaks| peaks.len()), Some(size.count_ones() as usize));
        }
        assert_eq!((subtrees.root(), subtrees.root_at(301)), (root_of(&all), None));
        assert_eq!(subtrees.level(8), [root_of(&all[..256])]);
    }

    /// Whoever kept the roots of whole subtrees goes on behind them.
    #[test]
    fn a_tree_begins_with_whole_subtrees() {
        let all = leaves(300);
        let kept: Vec<Hash> = all[..256].chunks(64).map(root_of).collect();
        let mut tree = Tree::of_subtrees(6, &kept);
        all[256..].iter().for_each(|leaf| tree.push_hash(*leaf));
        assert_eq!((tree.size(), tree.root()), (300, root_of(&all)));
    }

    proptest! {
        #[test]
        fn no_made_up_proof_panics(from: u64, size: u64, proof in proptest::collection::vec(any::<[u8; 32]>(), 0..70)) {
            follows(from, &[1; 32], size, &[2; 32], &proof);
        }
    }
}
