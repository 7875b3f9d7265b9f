//! The public log of a relay: its leaves are the store's, its keys those of a seed.

use ed25519_dalek::{Signer, SigningKey};
use ledger::{Endorsement, Tree, head};
use store::{LeafMark, LeafSlot, LedgerStore, MemoryStore};
use wire::limits::{HEARTBEAT_HOURS_MAX, LEAVES_MAX};
use wire::request::Feed;
use wire::response::Leaves;
use wire::{Leaf, LeafKind, Name, NameTag, ServerId, TreeHead, UnixSeconds};

use super::Relay;

/// Leaves of one run at most.
const RUN_MAX: usize = 4_096;

/// A heartbeat is due when the last leaf is so old.
const HEARTBEAT_S: u64 = (HEARTBEAT_HOURS_MAX - 4) * 3_600;

/// What signs the heads of one relay.
pub(crate) struct LogKey {
    root: SigningKey,
    ledger: SigningKey,
    endorsement: Endorsement,
}

/// A tag that costs nothing: what matters here is that it tells names apart.
pub(crate) fn name_tag(server_id: &ServerId, name: &Name) -> NameTag {
    NameTag(crypto::sha256(&[&server_id.0, name.as_str().as_bytes()]))
}

impl LogKey {
    /// Out of the bytes that would be the server's id.
    pub(crate) fn of(seed: [u8; 32]) -> Self {
        let (root, ledger) =
            (SigningKey::from_bytes(&seed), SigningKey::from_bytes(&crypto::sha256(&[&seed])));
        let (key, not_before, not_after) = (ledger.verifying_key().to_bytes(), 0, u64::MAX);
        let signature = root.sign(&crypto::endorsement_message(&key, not_before, not_after)).to_bytes();
        Self { root, ledger, endorsement: Endorsement { ledger_key: key, not_before, not_after, signature } }
    }

    /// The id of the server whose root key this is.
    pub(crate) fn server_id(&self) -> ServerId {
        ServerId(crypto::server_id_of_root(&self.root.verifying_key().to_bytes()))
    }
}

impl Relay {
    /// The signed head of everything that the store has; none where no log is kept.
    pub(super) fn head(&self, clock: u64) -> TreeHead {
        let Some(key) = &self.log_key else { return TreeHead::EMPTY };
        self.beat(clock);
        let (mut tree, mut log_number, mut time) = (Tree::new(), 0, clock);
        for leaf in leaves_of(&self.store) {
            if leaf.kind == LeafKind::Restored {
                log_number = leaf.time;
            }
            time = time.max(u64::from(leaf.time));
            tree.push(&leaf);
        }
        let mut signed = TreeHead {
            log_id: key.root.verifying_key().to_bytes(),
            log_number,
            size: tree.size(),
            root: tree.root(),
            time,
            signature: [0; 64],
            endorsement: key.endorsement.to_bytes(),
        };
        signed.signature = key.ledger.sign(&head::message(&signed)).to_bytes();
        signed
    }

    /// Says that nothing happened, where that is due: whoever asks after a quiet week is not shown an old log.
    fn beat(&self, clock: u64) {
        let last = leaves_of(&self.store).last().map_or(0, |leaf| u64::from(leaf.time));
        if clock.saturating_sub(last) >= HEARTBEAT_S {
            let appended = self.store.append_mark(LeafMark::Heartbeat, UnixSeconds(clock));
            assert!(appended.is_ok(), "a store in memory takes a leaf");
        }
    }

    pub(super) fn feed(&self, feed: Feed, clock: u64) -> Leaves {
        let tree_head = self.head(clock);
        let all = leaves_of(&self.store);
        let since = all.iter().filter(|leaf| leaf.kind == LeafKind::Restored && leaf.time > feed.log_number);
        let stand = since.map(|leaf| leaf.prev_index).min().unwrap_or(u64::MAX);
        let first = feed.from.min(tree_head.size).min(stand);
        let skip = usize::try_from(first).unwrap_or(usize::MAX);
        let leaves = if self.log_key.is_some() {
            all.into_iter().skip(skip).take(LEAVES_MAX).collect()
        } else {
            Vec::new()
        };
        Leaves { tree_head, first, leaves }
    }

    /// Says that the store is an older one.
    pub(super) fn say_restored(&self, clock: u64) {
        if self.log_key.is_none() {
            return;
        }
        let mut tree = Tree::new();
        leaves_of(&self.store).iter().for_each(|leaf| tree.push(leaf));
        let mark = LeafMark::Restored { stand: tree.size(), root: tree.root() };
        let appended = self.store.append_mark(mark, UnixSeconds(clock));
        assert!(appended.is_ok(), "a store in memory takes a leaf");
    }
}

fn leaves_of(store: &MemoryStore) -> Vec<Leaf> {
    let slots = store.leaf_slots(0, RUN_MAX).unwrap_or_default();
    let leaf = |slot| if let LeafSlot::Leaf(leaf) = slot { Some(leaf) } else { None };
    slots.into_iter().filter_map(leaf).collect()
}
