//! The four derivations of a stamp (`spec/primitives.md § Stamps`).
//!
//! The owner's key makes x, x makes c, the relay's key and c make t, x and the envelope make m. The relay
//! sees c, t and m, so it recognises a stamp without being able to use it on another envelope.

use crate::hash::{blake3_of, first_half, keyed};
use crate::label::Label;

/// x: the secret of stamp `index` of a generation, from the owner's key K_o.
pub fn stamp_secret(owner_key: &[u8; 32], sid: &[u8; 16], generation: u8, index: u16) -> [u8; 16] {
    let place = place(sid, generation, index);
    first_half(keyed(owner_key, Label::STAMP_X, &[&place]))
}

/// c: the commitment to a stamp's secret.
pub fn stamp_commitment(secret: &[u8; 16]) -> [u8; 16] {
    first_half(blake3_of(Label::STAMP_C, &[secret]))
}

/// t: by what the relay knows a stamp, from the generation's key K_m.
pub fn stamp_tag(
    stamp_key: &[u8; 32],
    sid: &[u8; 16],
    generation: u8,
    index: u16,
    commitment: &[u8; 16],
) -> [u8; 16] {
    let place = place(sid, generation, index);
    first_half(keyed(stamp_key, Label::STAMP_T, &[&place, commitment]))
}

/// m: binds a stamp to one envelope.
pub fn deposit_mac(
    secret: &[u8; 16],
    sid: &[u8; 16],
    generation: u8,
    index: u16,
    envelope: &[u8],
) -> [u8; 16] {
    let key = zeroize::Zeroizing::new(blake3::derive_key(Label::STAMP_M.as_str(), secret));
    let mut hasher = blake3::Hasher::new_keyed(&key);
    hasher.update(&place(sid, generation, index)).update(envelope);
    first_half(hasher.finalize().into())
}

/// `sid ‖ g u8 ‖ i u32`: where a stamp stands. All lengths are fixed, so nothing needs to be written.
fn place(sid: &[u8; 16], generation: u8, index: u16) -> [u8; 21] {
    let mut place = [0; 21];
    let (to_sid, rest) = place.split_at_mut(16);
    to_sid.copy_from_slice(sid);
    let (to_generation, to_index) = rest.split_at_mut(1);
    to_generation.copy_from_slice(&[generation]);
    to_index.copy_from_slice(&u32::from(index).to_be_bytes());
    place
}
