//! Minting stamps for one mailbox, and spending those of others (`spec/mailbox.md § Stamps`).

use crypto::{Label, Secret, deposit_mac, equal, keyed, stamp_commitment, stamp_secret, stamp_tag};
use rand_core::CryptoRng;
use wire::limits::STAMPS_PER_GENERATION;
use wire::{
    DepositAuth, DepositId, DepositMac, Envelope, Generation, Stamp, StampCommitment, StampIndex, StampKey,
    StampSecret, StampTag,
};

/// Rounds of the permutation behind the order of handing out.
const ORDER_ROUNDS: u8 = 8;

/// One generation of one mailbox's stamps: 65,536 indices, handed out in a random order.
#[derive(Clone)]
pub struct Mint {
    pub(crate) sid: DepositId,
    pub(crate) generation: Generation,
    /// K_o: one per mailbox, never leaves the client.
    pub(crate) owner_key: Secret<32>,
    /// K_m: one per generation, known to the relay.
    pub(crate) stamp_key: Secret<32>,
    /// Chooses the order of handing out.
    pub(crate) order: Secret<32>,
    /// How many were handed out.
    pub(crate) handed_out: u32,
}

/// The deposit's proof does not belong to a stamp of this generation and this envelope.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the stamp does not hold for this envelope")]
pub struct BadStamp;

impl Mint {
    /// The first generation of a new mailbox.
    pub fn generate(sid: DepositId, rng: &mut impl CryptoRng) -> Mint {
        let owner_key = Secret::generate(rng);
        Self::of_generation(sid, Generation(1), owner_key, rng)
    }

    /// The next generation: after three quarters, and after a restore, which never hands out old ones.
    #[must_use]
    pub fn next_generation(&self, rng: &mut impl CryptoRng) -> Mint {
        let generation = Generation(self.generation.0.wrapping_add(1));
        Self::of_generation(self.sid, generation, self.owner_key.clone(), rng)
    }

    fn of_generation(
        sid: DepositId,
        generation: Generation,
        owner_key: Secret<32>,
        rng: &mut impl CryptoRng,
    ) -> Mint {
        let (stamp_key, order) = (Secret::generate(rng), Secret::generate(rng));
        Mint { sid, generation, owner_key, stamp_key, order, handed_out: 0 }
    }

    /// Hands out the next `count` stamps, fewer when the generation runs out. Commit the mint first.
    #[must_use]
    pub fn mint(&self, count: usize) -> (Mint, Vec<Stamp>) {
        let count = u32::try_from(count).unwrap_or(u32::MAX).min(self.left());
        let last = self.handed_out.saturating_add(count);
        let stamps = (self.handed_out..last).map(|place| self.stamp(self.index_at(place))).collect();
        (Mint { handed_out: last, ..self.clone() }, stamps)
    }

    /// Says which stamp a delivered envelope was dropped with. Who holds it is a hint until Olm has spoken.
    pub fn verify(&self, auth: &DepositAuth, envelope: &Envelope) -> Result<StampIndex, BadStamp> {
        let DepositAuth::Stamped { generation, index, commitment, mac, .. } = auth else {
            return Err(BadStamp);
        };
        if *generation != self.generation {
            return Err(BadStamp);
        }
        let secret = self.secret(*index);
        let expected = deposit_mac(&secret, self.sid.as_bytes(), generation.0, index.0, envelope.as_bytes());
        let known = equal(&stamp_commitment(&secret), commitment.as_bytes());
        let bound = equal(&expected, mac.as_bytes());
        match (known, bound) {
            (Some(_), Some(_)) => Ok(*index),
            _ => Err(BadStamp),
        }
    }

    /// Which generation.
    pub fn generation(&self) -> Generation {
        self.generation
    }

    /// Which mailbox.
    pub fn mailbox(&self) -> DepositId {
        self.sid
    }

    /// K_m, for the relay (`GENERATE`).
    pub fn key(&self) -> StampKey {
        StampKey(*self.stamp_key.expose())
    }

    /// Stamps not yet handed out.
    pub fn left(&self) -> u32 {
        STAMPS_PER_GENERATION.saturating_sub(self.handed_out)
    }

    /// Whether three quarters are handed out.
    pub fn wants_successor(&self) -> bool {
        self.left() <= STAMPS_PER_GENERATION / 4
    }

    fn secret(&self, index: StampIndex) -> [u8; 16] {
        stamp_secret(self.owner_key.expose(), self.sid.as_bytes(), self.generation.0, index.0)
    }

    fn stamp(&self, index: StampIndex) -> Stamp {
        let secret = self.secret(index);
        let commitment = stamp_commitment(&secret);
        let (key, sid) = (self.stamp_key.expose(), self.sid.as_bytes());
        let tag = stamp_tag(key, sid, self.generation.0, index.0, &commitment);
        Stamp { generation: self.generation, index, secret: StampSecret(secret), tag: StampTag(tag) }
    }

    /// A keyed permutation of all indices (a Feistel network over two bytes), so that an index tells the
    /// relay neither when it was handed out nor which others went to the same contact.
    fn index_at(&self, place: u32) -> StampIndex {
        let [_, _, mut left, mut right] = place.to_be_bytes();
        for round in 0..ORDER_ROUNDS {
            let [mask, ..] = keyed(self.order.expose(), Label::STAMP_ORDER, &[&[round, right]]);
            (left, right) = (right, left ^ mask);
        }
        StampIndex(u16::from_be_bytes([left, right]))
    }
}

impl core::fmt::Debug for Mint {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(out, "Mint({:?}, {} left)", self.generation, self.left())
    }
}

/// Spends a stamp on one envelope. Commit both before the deposit leaves: retries are byte for byte.
pub fn authorise(stamp: &Stamp, sid: &DepositId, envelope: &Envelope) -> DepositAuth {
    let (generation, index, secret) = (stamp.generation, stamp.index, stamp.secret.as_bytes());
    let mac = deposit_mac(secret, sid.as_bytes(), generation.0, index.0, envelope.as_bytes());
    DepositAuth::Stamped {
        generation,
        index,
        commitment: StampCommitment(stamp_commitment(secret)),
        tag: stamp.tag,
        mac: DepositMac(mac),
    }
}
