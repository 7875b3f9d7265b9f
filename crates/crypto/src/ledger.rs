//! What the ledger hashes, and whose signatures it stands on (`spec/ledger.md`).

use crate::ed25519;
use crate::hash::sha256;
use crate::label::Label;
use crate::signature::BadSignature;

/// What an Ed25519 key has in front of it in a SubjectPublicKeyInfo (RFC 8410).
const SPKI_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
/// For what the root key endorses a ledger key.
const LEDGER_PURPOSE: u8 = 2;

/// The server id of a root key: SHA-256 of its SubjectPublicKeyInfo.
pub fn server_id_of_root(root: &[u8; 32]) -> [u8; 32] {
    sha256(&[&SPKI_PREFIX, root])
}

/// The hash of a leaf (RFC 6962 § 2.1).
pub fn leaf_hash(leaf: &[u8]) -> [u8; 32] {
    sha256(&[&[0], leaf])
}

/// The hash of two subtrees side by side (RFC 6962 § 2.1).
pub fn node_hash(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    sha256(&[&[1], left, right])
}

/// A leaf's commitment to the record with this hash.
pub fn ledger_commitment(nonce: &[u8; 16], record_hash: &[u8; 32]) -> [u8; 32] {
    sha256(&[Label::LEDGER_COMMITMENT.as_bytes(), nonce, record_hash])
}

/// Which log and number a piece of gossip speaks of.
pub fn gossip_log(log_id: &[u8; 32], log_number: u32) -> [u8; 4] {
    let [a, b, c, d, ..] = sha256(&[Label::GOSSIP.as_bytes(), log_id, &log_number.to_be_bytes()]);
    [a, b, c, d]
}

/// What the root key signs to endorse a ledger key from one second since 1970 to another.
pub fn endorsement_message(ledger_key: &[u8; 32], not_before: u64, not_after: u64) -> Vec<u8> {
    let mut message = Label::ENDORSEMENT.as_bytes().to_vec();
    message.push(LEDGER_PURPOSE);
    message.extend_from_slice(ledger_key);
    message.extend_from_slice(&not_before.to_be_bytes());
    message.extend_from_slice(&not_after.to_be_bytes());
    message
}

/// What the ledger key signs of a head: its fields as they stand on the wire before the signature.
pub fn tree_head_message(fields: &[u8]) -> Vec<u8> {
    [Label::TREE_HEAD.as_bytes(), fields].concat()
}

/// Verifies an Ed25519 signature of a root or ledger key, strictly (`spec/primitives.md § Ed25519`).
///
/// # Errors
///
/// When the key is none, or the signature is not its own over this message.
pub fn verify_ledger(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> Result<(), BadSignature> {
    let key = ed25519::parse(key).map_err(|_| BadSignature)?;
    ed25519::verify(&key, message, signature)
}

/// Whether a root key is that of a server.
pub fn is_root_of(root: &[u8; 32], server_id: &[u8; 32]) -> bool {
    server_id_of_root(root) == *server_id
}
