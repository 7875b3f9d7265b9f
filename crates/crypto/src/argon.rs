//! From a passphrase to a key (`spec/primitives.md § Passphrases`).

use argon2::{Algorithm, Argon2, Params, Version};

use crate::secret::Secret;

const MEMORY_KIB: u32 = 64 * 1024;
const PASSES: u32 = 3;
const LANES: u32 = 1;

/// A stolen vault is guessed at by machines: each guess costs this much memory (D09).
const _: () = assert!(MEMORY_KIB >= 64 * 1024 && PASSES >= 3);

/// Argon2id (RFC 9106), version 0x13, 64 MiB, three passes, one lane, 32 bytes.
///
/// Takes some tenths of a second and 64 MiB: that is its purpose.
pub fn passphrase_key(passphrase: &[u8], salt: &[u8; 16]) -> Secret<32> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(32)).expect("constants within RFC 9106");
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    Secret::filled_by(|key| {
        argon.hash_password_into(passphrase, salt, key).expect("a passphrase is shorter than 4 GiB");
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn salt_and_passphrase_both_count() {
        let key = passphrase_key(b"correct horse", &[1; 16]);
        assert_eq!(key, passphrase_key(b"correct horse", &[1; 16]));
        assert_ne!(key, passphrase_key(b"correct horse", &[2; 16]));
        assert_ne!(key, passphrase_key(b"correct hors", &[1; 16]));
    }
}
