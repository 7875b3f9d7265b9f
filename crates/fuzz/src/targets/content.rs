//! The plaintext of a message: what decodes encodes to the same bytes.

use crate::features::Features;
use e2ee::Content;

/// Tries one plaintext.
pub fn run(input: &[u8]) -> Features {
    let mut features = Features::default();
    let decoded = Content::from_bytes(input);
    features.outcome("content", &decoded);
    if let Ok(content) = decoded {
        assert_eq!(content.to_bytes(), input, "another encoding was accepted");
        features.note("kind", core::mem::discriminant(&content.kind));
        features.note("parts", (content.seen.is_some(), content.offer.is_some(), content.reply.is_some()));
        features.count("stamps", content.stamps.len());
    }
    features
}
