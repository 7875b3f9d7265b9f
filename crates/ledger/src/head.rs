//! The signed head of a log (`spec/ledger.md § Head`).

use wire::{ServerId, TreeHead, Wire};

/// Bytes of a head before its signature.
const SIGNED_BYTES: usize = 32 + 4 + 8 + 32 + 8;

/// Why a head counts for nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum HeadError {
    /// The log is another server's.
    #[error("the head is of another server's log")]
    OtherServer,
    /// The root key did not endorse the key that signed, or not for this time.
    #[error("the key of the head is not endorsed")]
    NotEndorsed,
    /// The signature is not that of the endorsed key.
    #[error("the head is not signed by the endorsed key")]
    NotSigned,
}

/// By what right a ledger key signs: the root key says so, for a time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Endorsement {
    /// The Ed25519 key that signs heads.
    pub ledger_key: [u8; 32],
    /// From this second on.
    pub not_before: u64,
    /// Until this second.
    pub not_after: u64,
    /// By the root key, over [`crypto::endorsement_message`].
    pub signature: [u8; 64],
}

impl Endorsement {
    /// As it stands in a head.
    pub fn to_bytes(&self) -> [u8; 128] {
        let mut out = [0; 128];
        let parts = [
            self.ledger_key.as_slice(),
            &self.not_before.to_be_bytes(),
            &self.not_after.to_be_bytes(),
            &[0; 16],
            &self.signature,
        ];
        for (to, from) in out.iter_mut().zip(parts.concat()) {
            *to = from;
        }
        out
    }

    /// Reads one; `None` where the spare bytes are not zero.
    pub fn from_bytes(bytes: &[u8; 128]) -> Option<Self> {
        let (ledger_key, rest) = bytes.split_first_chunk::<32>()?;
        let (not_before, rest) = rest.split_first_chunk::<8>()?;
        let (not_after, rest) = rest.split_first_chunk::<8>()?;
        let (spare, rest) = rest.split_first_chunk::<16>()?;
        let signature = rest.first_chunk::<64>()?;
        (*spare == [0; 16]).then_some(Self {
            ledger_key: *ledger_key,
            not_before: u64::from_be_bytes(*not_before),
            not_after: u64::from_be_bytes(*not_after),
            signature: *signature,
        })
    }

    /// Whether this root key gave it.
    pub fn is_by(&self, root: &[u8; 32]) -> bool {
        let message = crypto::endorsement_message(&self.ledger_key, self.not_before, self.not_after);
        crypto::verify_ledger(root, &message, &self.signature).is_ok()
    }

    /// Whether it holds at this second.
    pub fn holds_at(&self, time: u64) -> bool {
        (self.not_before..=self.not_after).contains(&time)
    }
}

/// What the ledger key signs of a head.
pub fn message(head: &TreeHead) -> Vec<u8> {
    let bytes = head.to_bytes();
    crypto::tree_head_message(bytes.get(..SIGNED_BYTES).unwrap_or_default())
}

/// Whether a log is kept at all.
pub fn is_empty(head: &TreeHead) -> bool {
    *head == TreeHead::EMPTY
}

/// Verifies a head of a server.
///
/// # Errors
///
/// When the log is another server's, the key is not endorsed for the head's time, or a signature does not hold.
pub fn verify(head: &TreeHead, server_id: &ServerId) -> Result<(), HeadError> {
    if !crypto::is_root_of(&head.log_id, &server_id.0) {
        return Err(HeadError::OtherServer);
    }
    let endorsement = Endorsement::from_bytes(&head.endorsement).ok_or(HeadError::NotEndorsed)?;
    if !endorsement.is_by(&head.log_id) || !endorsement.holds_at(head.time) {
        return Err(HeadError::NotEndorsed);
    }
    crypto::verify_ledger(&endorsement.ledger_key, &message(head), &head.signature)
        .map_err(|_| HeadError::NotSigned)
}
