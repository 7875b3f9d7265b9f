//! Two people who share a few words agree on keys: SPAKE2 and what follows from it (`spec/pairing.md`).

use core::convert::Infallible;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use hkdf::Hkdf;
use rand_core::{TryCryptoRng, TryRng};
use sha2::Sha256;
use spake2::{Ed25519Group, Identity, Password, Spake2};
use zeroize::Zeroizing;

use crate::compare::equal;
use crate::label::Label;
use crate::secret::Secret;

const SHARE_BYTES: usize = 32;
const KEY_BYTES: usize = 32;

/// Who of the two this is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PairingSide {
    /// Made the words.
    Begins,
    /// Was told them.
    Replies,
}

/// The other side's share is no point of the curve.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the share of the other side is not one")]
pub struct BadShare;

/// The other side had other words, or met under another number or at another server.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the other side had other words")]
pub struct WrongWords;

/// What both sides hold once each has the other's share; the same for both only if the words were.
pub struct PairingKeys {
    side: PairingSide,
    confirms: [Secret<KEY_BYTES>; 2],
    seals: [Secret<KEY_BYTES>; 2],
}

/// The share that a side sends: always the same for the same seed and words, so that only these need to be kept.
///
/// `seed` is fresh for every pairing.
pub fn pairing_share(side: PairingSide, words: &str, seed: &Secret<32>) -> [u8; SHARE_BYTES] {
    // What both must agree on besides the words comes in when they agree.
    start(side, words, b"", seed).1
}

/// The keys, from one's own seed and the other side's share. `context` is what both must agree on besides the words.
///
/// # Errors
///
/// [`BadShare`] when it is no point; who only guessed the words is found out by [`PairingKeys::open`].
pub fn agree_on_pairing(
    side: PairingSide,
    words: &str,
    context: &[u8],
    seed: &Secret<32>,
    theirs: &[u8; SHARE_BYTES],
) -> Result<PairingKeys, BadShare> {
    let tag = match side {
        PairingSide::Begins => b'B',
        PairingSide::Replies => b'A',
    };
    let theirs = [[tag].as_slice(), theirs].concat();
    let (state, _) = start(side, words, context, seed);
    let shared = state.finish(&theirs).map(Zeroizing::new).map_err(|_| BadShare)?;
    let derive = Hkdf::<Sha256>::new(None, &shared);
    let key = |purpose: &[u8]| {
        Secret::filled_by(|key| {
            derive
                .expand_multi_info(&[Label::PAIRING.as_bytes(), purpose, context], key)
                .expect("32 bytes are far below what HKDF can give");
        })
    };
    Ok(PairingKeys {
        side,
        confirms: [key(b"begins, confirms"), key(b"replies, confirms")],
        seals: [key(b"begins, seals"), key(b"replies, seals")],
    })
}

impl PairingKeys {
    /// What this side shows, and its card: ciphertext and 16 bytes of tag. To be called for one card only, or
    /// again for the same one.
    pub fn seal(&self, card: &[u8]) -> ([u8; 32], Vec<u8>) {
        let place = place(self.side);
        let payload = Payload { msg: card, aad: Label::PAIRING.as_bytes() };
        // Every key seals one card, so the nonce has nothing to tell apart.
        let sealed = cipher(self.key(&self.seals, place))
            .encrypt(&Nonce::default(), payload)
            .expect("a card is far shorter than the limit of the cipher");
        (*self.key(&self.confirms, place).expose(), sealed)
    }

    /// The other side's card, if it had the same words.
    ///
    /// # Errors
    ///
    /// [`WrongWords`] when anything at all differs.
    pub fn open(&self, confirmation: &[u8; 32], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, WrongWords> {
        let place = 1 - place(self.side);
        let _same = equal(self.key(&self.confirms, place).expose(), confirmation).ok_or(WrongWords)?;
        let payload = Payload { msg: sealed, aad: Label::PAIRING.as_bytes() };
        cipher(self.key(&self.seals, place))
            .decrypt(&Nonce::default(), payload)
            .map(Zeroizing::new)
            .map_err(|_| WrongWords)
    }

    fn key<'a>(&self, keys: &'a [Secret<KEY_BYTES>; 2], place: usize) -> &'a Secret<KEY_BYTES> {
        let [begins, replies] = keys;
        if place == 0 { begins } else { replies }
    }
}

impl core::fmt::Debug for PairingKeys {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        out.write_str("PairingKeys(..)")
    }
}

fn place(side: PairingSide) -> usize {
    usize::from(side == PairingSide::Replies)
}

fn cipher(key: &Secret<KEY_BYTES>) -> ChaCha20Poly1305 {
    ChaCha20Poly1305::new(key.expose().into())
}

fn start(
    side: PairingSide,
    words: &str,
    context: &[u8],
    seed: &Secret<32>,
) -> (Spake2<Ed25519Group>, [u8; SHARE_BYTES]) {
    let name = |label: Label| Identity::new(&[label.as_bytes(), context].concat());
    let (begins, replies) = (name(Label::PAIRING_BEGINS), name(Label::PAIRING_REPLIES));
    let words = Password::new(words);
    let (state, message) = match side {
        PairingSide::Begins => {
            Spake2::start_a_with_rng(&words, &begins, &replies, Replay::of(seed, Label::PAIRING_BEGINS))
        }
        PairingSide::Replies => {
            Spake2::start_b_with_rng(&words, &begins, &replies, Replay::of(seed, Label::PAIRING_REPLIES))
        }
    };
    let share = message.last_chunk().expect("a side's letter, and a compressed point of 32 bytes");
    (state, *share)
}

/// The same bytes for the same seed: SPAKE2's state cannot be kept in a vault, its seed can.
struct Replay(blake3::OutputReader);

impl Replay {
    fn of(seed: &Secret<32>, label: Label) -> Self {
        Self(blake3::Hasher::new_keyed(seed.expose()).update(label.as_bytes()).finalize_xof())
    }

    fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.fill(&mut bytes);
        bytes
    }
}

impl TryRng for Replay {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_le_bytes(self.array()))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from_le_bytes(self.array()))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.0.fill(bytes);
        Ok(())
    }
}

impl TryCryptoRng for Replay {}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const CONTEXT: &[u8] = b"server, number";

    fn keys(side: PairingSide, words: &str, context: &[u8], theirs: &[u8; 32]) -> PairingKeys {
        agree_on_pairing(side, words, context, &seed(side), theirs).unwrap()
    }

    fn seed(side: PairingSide) -> Secret<32> {
        Secret::new([1 + place(side) as u8; 32])
    }

    fn share(side: PairingSide, words: &str) -> [u8; 32] {
        pairing_share(side, words, &seed(side))
    }

    /// Both sides' keys; the second has `words` and `context`.
    fn pair(words: &str, context: &[u8]) -> (PairingKeys, PairingKeys) {
        let first = share(PairingSide::Begins, "guitare volcan");
        let second = share(PairingSide::Replies, words);
        (
            keys(PairingSide::Begins, "guitare volcan", CONTEXT, &second),
            keys(PairingSide::Replies, words, context, &first),
        )
    }

    #[test]
    fn who_has_the_same_words_opens_the_other_s_card() {
        let (begins, replies) = pair("guitare volcan", CONTEXT);
        for (from, to) in [(&begins, &replies), (&replies, &begins)] {
            let (confirmation, card) = from.seal(b"who I am");
            assert_eq!(to.open(&confirmation, &card).unwrap().as_slice(), b"who I am");
            assert_eq!(from.open(&confirmation, &card), Err(WrongWords), "one's own is not the other's");
        }
    }

    #[test]
    fn other_words_or_another_place_open_nothing() {
        for (words, context) in [("guitare volcans", CONTEXT), ("guitare volcan", b"another".as_slice())] {
            let (begins, replies) = pair(words, context);
            let (confirmation, card) = replies.seal(b"who I am");
            assert_eq!(begins.open(&confirmation, &card), Err(WrongWords));
        }
    }

    #[test]
    fn an_altered_card_or_confirmation_is_refused() {
        let (begins, replies) = pair("guitare volcan", CONTEXT);
        let (confirmation, card) = replies.seal(b"who I am");
        for at in 0..card.len() {
            let mut altered = card.clone();
            altered.get_mut(at).into_iter().for_each(|byte| *byte ^= 1);
            assert_eq!(begins.open(&confirmation, &altered), Err(WrongWords));
        }
        let mut altered = confirmation;
        altered.first_mut().into_iter().for_each(|byte| *byte ^= 1);
        assert_eq!(begins.open(&altered, &card), Err(WrongWords));
    }

    #[test]
    fn a_share_that_is_no_point_is_refused() {
        // y = 2 is on no point of Edwards25519.
        let mut share = [0; 32];
        share.first_mut().into_iter().for_each(|byte| *byte = 2);
        let agreed = agree_on_pairing(PairingSide::Begins, "w", b"", &seed(PairingSide::Begins), &share);
        assert_eq!(agreed.err(), Some(BadShare));
    }

    #[test]
    fn a_share_depends_on_seed_words_and_side_and_on_nothing_else() {
        let of = |side, words, seed: u8| pairing_share(side, words, &Secret::new([seed; 32]));
        let one = of(PairingSide::Begins, "a", 1);
        assert_eq!(one, of(PairingSide::Begins, "a", 1));
        assert_ne!(one, of(PairingSide::Begins, "a", 2));
        assert_ne!(one, of(PairingSide::Begins, "b", 1));
        assert_ne!(one, of(PairingSide::Replies, "a", 1));
    }
}
