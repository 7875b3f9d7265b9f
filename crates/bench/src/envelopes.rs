//! Random envelopes of 4 KiB: enough of them that no compression pays, few enough to fit the cache.

use crate::Failure;
use bytes::Bytes;
use getrandom::SysRng;
use rand_core::{Rng, UnwrapErr};
use wire::Envelope;

/// Bytes of each.
pub const BYTES: usize = 4096;
/// How many differ.
const DIFFERENT: usize = 128;

/// A handful of random envelopes, used in turn.
pub struct Envelopes(Vec<Envelope>);

impl Envelopes {
    /// Draws them.
    pub fn draw() -> Result<Envelopes, Failure> {
        let one = |_| {
            let mut bytes = vec![0_u8; BYTES];
            UnwrapErr(SysRng).fill_bytes(&mut bytes);
            Ok(Envelope::new(Bytes::from(bytes))?)
        };
        (0..DIFFERENT).map(one).collect::<Result<_, Failure>>().map(Envelopes)
    }

    /// The one for the nth deposit.
    pub fn nth(&self, n: usize) -> Result<Envelope, Failure> {
        Ok(self.0.get(n % DIFFERENT).ok_or("no envelope")?.clone())
    }
}

/// Random bytes for an id or a key.
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    UnwrapErr(SysRng).fill_bytes(&mut bytes);
    bytes
}
