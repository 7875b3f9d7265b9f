//! From a passphrase to a key (`spec/primitives.md § Passphrases`), and from a name to its tag (`spec/ledger.md § Leaf`).

use argon2::{Algorithm, Argon2, Params, Version};

use crate::label::Label;
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
    Secret::filled_by(|key| {
        argon().hash_password_into(passphrase, salt, key).expect("a passphrase is shorter than 4 GiB");
    })
}

/// The tag under which the ledger of a server speaks of a name. Costs the same: whoever has the feed can guess names, and
/// each guess costs him as much.
pub fn name_tag(server_id: &[u8; 32], name: &str) -> [u8; 32] {
    let mut tag = [0; 32];
    let labelled = [Label::NAME_TAG.as_bytes(), name.as_bytes()].concat();
    argon().hash_password_into(&labelled, server_id, &mut tag).expect("a name is shorter than 4 GiB");
    tag
}

fn argon() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(32)).expect("constants within RFC 9106");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
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

    #[test]
    fn server_and_name_both_count() {
        let tag = name_tag(&[1; 32], "alice");
        assert_eq!(tag, name_tag(&[1; 32], "alice"));
        assert_ne!(tag, name_tag(&[2; 32], "alice"));
        assert_ne!(tag, name_tag(&[1; 32], "alicf"));
    }
}
