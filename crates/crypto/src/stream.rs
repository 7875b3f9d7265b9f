//! Seals what is longer than one message, chunk by chunk (`spec/primitives.md § Streams`).

use aead_stream::{DecryptorBE32, EncryptorBE32};
use chacha20poly1305::ChaCha20Poly1305;
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::label::Label;
use crate::secret::Secret;

/// Plaintext of every chunk but the last, which holds fewer.
pub const STREAM_CHUNK_BYTES: usize = 64 * 1024;
/// What sealing adds to each chunk.
pub const STREAM_TAG_BYTES: usize = 16;

/// Every stream has a key of its own, so this part of the nonce need not tell streams apart.
const NONCE_PREFIX: [u8; 7] = [0; 7];

/// A chunk does not open: another key, altered bytes, or not the chunk that belongs here.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the stream does not open here")]
pub struct BadStream;

/// The key of one backup: what its keeper holds, with the salt and the header of this file.
pub fn backup_key(secret: &Secret<32>, salt: &[u8; 16], header: &[u8]) -> Secret<32> {
    let derive = Hkdf::<Sha256>::new(Some(salt), secret.expose());
    let info = [Label::BACKUP.as_bytes(), header];
    Secret::filled_by(|key| {
        derive.expand_multi_info(&info, key).expect("32 bytes are far below what HKDF can give");
    })
}

/// Seals the chunks of one stream, in order. A key seals one stream only.
pub struct StreamSealer(EncryptorBE32<ChaCha20Poly1305>);

impl StreamSealer {
    /// Begins a stream under a key made for it.
    pub fn new(key: &Secret<32>) -> Self {
        Self(EncryptorBE32::new(key.expose().into(), &NONCE_PREFIX.into()))
    }

    /// The next chunk; another one must follow.
    ///
    /// # Errors
    ///
    /// [`BadStream`] after 2^32 - 1 chunks.
    pub fn next(&mut self, chunk: &[u8; STREAM_CHUNK_BYTES]) -> Result<Vec<u8>, BadStream> {
        self.0.encrypt_next(chunk.as_slice()).map_err(|_| BadStream)
    }

    /// The last chunk, shorter than the others.
    ///
    /// # Errors
    ///
    /// [`BadStream`] when it is not shorter.
    pub fn last(self, chunk: &[u8]) -> Result<Vec<u8>, BadStream> {
        if chunk.len() >= STREAM_CHUNK_BYTES {
            return Err(BadStream);
        }
        self.0.encrypt_last(chunk).map_err(|_| BadStream)
    }
}

/// Opens the chunks of one stream, in order.
pub struct StreamOpener(DecryptorBE32<ChaCha20Poly1305>);

impl StreamOpener {
    /// Begins at the stream's first chunk.
    pub fn new(key: &Secret<32>) -> Self {
        Self(DecryptorBE32::new(key.expose().into(), &NONCE_PREFIX.into()))
    }

    /// The next chunk, which is not the last.
    ///
    /// # Errors
    ///
    /// [`BadStream`] when anything at all differs.
    pub fn next(&mut self, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, BadStream> {
        self.0.decrypt_next(sealed).map(Zeroizing::new).map_err(|_| BadStream)
    }

    /// The last chunk.
    ///
    /// # Errors
    ///
    /// [`BadStream`] when anything at all differs, or when it is not the last.
    pub fn last(self, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, BadStream> {
        self.0.decrypt_last(sealed).map(Zeroizing::new).map_err(|_| BadStream)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    static CHUNK: [u8; STREAM_CHUNK_BYTES] = [7; STREAM_CHUNK_BYTES];

    fn key() -> Secret<32> {
        backup_key(&Secret::new([1; 32]), &[2; 16], b"header")
    }

    fn sealed() -> [Vec<u8>; 3] {
        let mut sealer = StreamSealer::new(&key());
        [sealer.next(&CHUNK).unwrap(), sealer.next(&CHUNK).unwrap(), sealer.last(b"end").unwrap()]
    }

    #[test]
    fn a_stream_opens_in_its_order_only() {
        let [one, two, end] = sealed();
        let mut opener = StreamOpener::new(&key());
        assert!(opener.next(&one).unwrap().iter().all(|byte| *byte == 7));
        assert_eq!(opener.next(&one), Err(BadStream), "doubled");
        assert!(opener.next(&two).is_ok());
        assert_eq!(opener.next(&end), Err(BadStream), "the last one as another");
        assert_eq!(opener.last(&end).unwrap().as_slice(), b"end");
        assert_eq!(StreamOpener::new(&key()).next(&two), Err(BadStream), "moved");
        assert_eq!(StreamOpener::new(&key()).last(&one), Err(BadStream), "cut short");
    }

    #[test]
    fn any_altered_byte_is_refused() {
        let [_, _, end] = sealed();
        for at in 0..end.len() {
            let mut altered = end.clone();
            altered[at] ^= 1;
            let mut opener = StreamOpener::new(&key());
            assert!(opener.next(&sealed()[0]).is_ok() && opener.next(&sealed()[1]).is_ok());
            assert_eq!(opener.last(&altered), Err(BadStream), "byte {at}");
        }
    }

    #[test]
    fn secret_salt_and_header_all_count() {
        let of =
            |secret: u8, salt: u8, header: &[u8]| backup_key(&Secret::new([secret; 32]), &[salt; 16], header);
        let keys = [of(1, 2, b"a"), of(2, 2, b"a"), of(1, 3, b"a"), of(1, 2, b"b")];
        for (at, one) in keys.iter().enumerate() {
            assert!(keys.iter().skip(at + 1).all(|other| one != other));
        }
    }
}
