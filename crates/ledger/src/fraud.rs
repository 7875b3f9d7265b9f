//! Two heads that no append-only log can have both (`spec/ledger.md § Proof of fraud`).

use wire::{ServerId, TreeHead};

use crate::head::{self, HeadError};
use crate::tree::{Hash, follows};

/// Shows to anybody that a relay signed two histories.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FraudProof {
    /// Whose log.
    pub server_id: ServerId,
    /// The head with fewer leaves, or one of two with as many.
    pub one: TreeHead,
    /// The other.
    pub other: TreeHead,
    /// The root that as many leaves as `one` has have in the other's tree.
    pub root: Hash,
    /// That they have it there; nothing where both heads have as many leaves.
    pub consistency: Vec<Hash>,
}

/// Why two heads prove nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum FraudError {
    /// A head counts for nothing.
    #[error(transparent)]
    Head(#[from] HeadError),
    /// They are of different numbers: the relay said openly that it went back.
    #[error("the relay went back between the two heads, and said so")]
    OtherNumber,
    /// One log can have both.
    #[error("an honest log can have both heads")]
    Honest,
    /// The proof of consistency does not hold.
    #[error("the proof does not show what the second head begins with")]
    NotShown,
}

impl FraudProof {
    /// Checks it.
    ///
    /// # Errors
    ///
    /// When it proves nothing, and why.
    pub fn verify(&self) -> Result<(), FraudError> {
        head::verify(&self.one, &self.server_id)?;
        head::verify(&self.other, &self.server_id)?;
        if self.one.log_number != self.other.log_number {
            return Err(FraudError::OtherNumber);
        }
        if self.root == self.one.root {
            return Err(FraudError::Honest);
        }
        match follows(self.one.size, &self.root, self.other.size, &self.other.root, &self.consistency) {
            true => Ok(()),
            false => Err(FraudError::NotShown),
        }
    }
}
