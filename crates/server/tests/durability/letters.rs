//! The envelopes of these tests: their bytes follow from where they go and their number, so that anybody can
//! tell whether one is whole.

use wire::Envelope;

use crate::chance::Chance;

/// Stamps of an inbox that one depositor uses.
pub const LANE: u16 = 16_384;

/// How large number `index` of an inbox is: mostly small, some middling, a few large.
pub fn mixed_bytes(inbox: usize, index: u16) -> usize {
    match Chance::of((inbox as u64) << 32 | u64::from(index)).below(32) {
        0 => 64 * 1024,
        1..=4 => 16 * 1024,
        _ => 4 * 1024,
    }
}

/// The envelope that a number of an inbox always is, at this size.
pub fn letter(inbox: usize, index: u16, bytes: usize) -> Envelope {
    let mut chance = Chance::of((inbox as u64) << 32 | u64::from(index) | 1 << 48);
    let mut body = Vec::with_capacity(bytes);
    body.push(u8::try_from(inbox).unwrap());
    body.extend_from_slice(&index.to_be_bytes());
    while body.len() < bytes {
        body.extend_from_slice(&chance.next().to_be_bytes());
    }
    body.truncate(bytes);
    Envelope::new(body.into()).unwrap()
}

/// Which one this is; `None` when a single byte of it is not as it was sent.
pub fn number_of(inbox: usize, envelope: &Envelope) -> Option<u16> {
    let bytes = envelope.as_bytes();
    let index = u16::from_be_bytes([bytes[1], bytes[2]]);
    (*envelope == letter(inbox, index, bytes.len())).then_some(index)
}
