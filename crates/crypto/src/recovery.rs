//! From 24 words to a recovery key (`spec/primitives.md § Recovery key`).

use hkdf::Hkdf;
use sha2::Sha256;

use crate::label::Label;
use crate::secret::Secret;

/// Both seeds of the recovery key: HKDF-SHA256 without salt over the words' entropy, one info each.
pub(crate) fn seeds(entropy: &[u8; 32]) -> (Secret<32>, Secret<32>) {
    let derive = Hkdf::<Sha256>::new(None, entropy);
    (expand(&derive, Label::RECOVERY_ED25519), expand(&derive, Label::RECOVERY_ML_DSA_65))
}

fn expand(derive: &Hkdf<Sha256>, label: Label) -> Secret<32> {
    Secret::filled_by(|seed| {
        derive.expand(label.as_bytes(), seed).expect("32 bytes are far below what HKDF can give");
    })
}
