//! What rides in every message, so that two people notice when they were shown two logs (`spec/ledger.md § Gossip`).

use wire::{TreeHead, UnixSeconds};

/// Sizes beyond this do not fit 48 bits.
const SIZE_MAX: u64 = (1 << 48) - 1;

/// 44 bytes: of which log, how many leaves with which root, and how old the head is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Gossip {
    /// Log and number ([`crypto::gossip_log`]).
    pub log: [u8; 4],
    /// Leaves covered, below 2^48.
    pub size: u64,
    /// Their root.
    pub root: [u8; 32],
    /// Hours since the head's time; the highest number where more.
    pub age: u16,
}

impl Gossip {
    /// Length on the wire.
    pub const BYTES: usize = 44;

    /// Of a head, now; `None` where there is none, or it is too large to tell.
    pub fn of(head: &TreeHead, now: UnixSeconds) -> Option<Self> {
        let hours = now.0.saturating_sub(head.time) / 3_600;
        (head.size <= SIZE_MAX && !crate::head::is_empty(head)).then(|| Self {
            log: crypto::gossip_log(&head.log_id, head.log_number),
            size: head.size,
            root: head.root,
            age: u16::try_from(hours).unwrap_or(u16::MAX),
        })
    }

    /// As it stands in a content.
    pub fn to_bytes(self) -> [u8; Self::BYTES] {
        let size = self.size.to_be_bytes();
        let [_, _, size @ ..] = size;
        let parts = [self.log.as_slice(), &size, &self.root, &self.age.to_be_bytes()].concat();
        let mut out = [0; Self::BYTES];
        for (to, from) in out.iter_mut().zip(parts) {
            *to = from;
        }
        out
    }

    /// Reads it; `None` where nothing is said, which is all zero.
    pub fn from_bytes(bytes: &[u8; Self::BYTES]) -> Option<Self> {
        if *bytes == [0; Self::BYTES] {
            return None;
        }
        let (log, rest) = bytes.split_first_chunk::<4>()?;
        let (size, rest) = rest.split_first_chunk::<6>()?;
        let (root, rest) = rest.split_first_chunk::<32>()?;
        let age = rest.first_chunk::<2>()?;
        let size = size.iter().fold(0, |sum, byte| (sum << 8) | u64::from(*byte));
        Some(Self { log: *log, size, root: *root, age: u16::from_be_bytes(*age) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gossip_stands_in_44_bytes_and_comes_back() {
        let head =
            TreeHead { log_id: [3; 32], log_number: 2, size: SIZE_MAX, root: [5; 32], ..TreeHead::EMPTY };
        let gossip = Gossip::of(&head, UnixSeconds(7_200)).expect("the largest that fits");
        assert_eq!((gossip.size, gossip.age), (SIZE_MAX, 2));
        assert_eq!(Gossip::from_bytes(&gossip.to_bytes()), Some(gossip));
        assert_eq!(Gossip::from_bytes(&[0; 44]), None);
        assert_eq!(Gossip::of(&TreeHead { size: SIZE_MAX + 1, ..head.clone() }, UnixSeconds(0)), None);
        assert_eq!(Gossip::of(&head, UnixSeconds(u64::MAX)).map(|gossip| gossip.age), Some(u16::MAX));
    }
}
