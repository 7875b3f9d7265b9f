//! How much fits where, related by const assertions so that a text never grows into a telling size.

use crate::said::FILE_PART_BYTES;
use wire::limits::{
    ENVELOPE_BYTES, GREETING_BYTES_MAX, HELLO_STAMPS, HOST_BYTES_MAX, NAME_BYTES_MAX, SHORT_TEXT_BYTES,
};

/// X-Wing encapsulation.
pub(crate) const ENC_BYTES: usize = 1120;
/// ChaCha20-Poly1305 tag.
pub(crate) const TAG_BYTES: usize = 16;
/// Suite ‖ form.
pub(crate) const INBOX_HEADER_BYTES: usize = 2;
/// Suite ‖ form ‖ prekey id.
pub(crate) const DOORSTEP_HEADER_BYTES: usize = 10;
/// The length before the padding.
pub(crate) const LENGTH_BYTES: usize = 2;
/// The most that Olm adds to a plaintext: a pre-key message with a ten-byte chain index and a full block of
/// padding (103 + 3 for the pre-key part, 34 + 11 + 4 + 16 + 32 for the message), and our type byte.
pub(crate) const OLM_OVERHEAD_BYTES: usize = 1 + 207;
/// One stamp inside a Content: generation ‖ index ‖ secret ‖ tag.
pub(crate) const STAMP_BYTES: usize = 1 + 2 + 16 + 16;
/// One offer inside a Content: n ‖ day ‖ key ‖ psk.
pub(crate) const OFFER_BYTES: usize = 4 + 2 + 1216 + 32;
/// Everything of a Content but reply path, stamps and body.
pub(crate) const CONTENT_FIXED_BYTES: usize = 16 + 8 + 8 + 1 + (8 + 8) + 8 + OFFER_BYTES + 44 + 2 + 1 + 2;
/// What a note has beside its words: flags ‖ quoted message id ‖ seconds until it disappears.
pub(crate) const NOTE_BYTES: usize = 1 + 16 + 4;
/// What a part of a file has beside its bytes: file id ‖ index.
pub(crate) const FILE_PART_FIXED_BYTES: usize = 16 + 2;
/// From ‖ to ‖ prekey id, in front of a HELLO's Content.
pub(crate) const HELLO_PREFIX_BYTES: usize = 32 + 32 + 8;

/// What an inner plaintext may have in an inbox envelope of `size` bytes.
pub(crate) const fn inbox_room(size: usize) -> usize {
    size - INBOX_HEADER_BYTES - ENC_BYTES - TAG_BYTES - LENGTH_BYTES
}

/// What an inner plaintext may have at a doorstep, where one size exists.
pub(crate) const DOORSTEP_ROOM: usize =
    DOORSTEP_ENVELOPE_BYTES - DOORSTEP_HEADER_BYTES - ENC_BYTES - TAG_BYTES - LENGTH_BYTES;

/// The one size of a doorstep's envelopes.
pub(crate) const DOORSTEP_ENVELOPE_BYTES: usize = ENVELOPE_BYTES[1];

/// The largest record body, with its signature, commitment nonce and leaf index.
const INTRO_BYTES_MAX: usize = (1 + NAME_BYTES_MAX) + 32 + 4 + 1984 + 32 + 32 + 3373 + 16 + 8;
/// The largest bundle.
const BUNDLE_BYTES_MAX: usize = 32 + 8 + 2 + 2 + 32 + 32 + 8 + 1216 + 16 + (1 + 8) + 3373;
/// The largest reply path of a HELLO.
const HELLO_REPLY_BYTES_MAX: usize = 32 + (1 + HOST_BYTES_MAX) + 2 + 16 + 2 + HELLO_STAMPS * STAMP_BYTES;
/// The largest plaintext of a HELLO's Olm message.
const HELLO_OLM_BYTES_MAX: usize =
    HELLO_PREFIX_BYTES + CONTENT_FIXED_BYTES + HELLO_REPLY_BYTES_MAX + GREETING_BYTES_MAX;

const _: () = assert!(
    CONTENT_FIXED_BYTES + NOTE_BYTES + SHORT_TEXT_BYTES + OLM_OVERHEAD_BYTES <= inbox_room(ENVELOPE_BYTES[0]),
    "a short text always fits the smallest envelope, whatever else rides along"
);
const _: () = assert!(
    CONTENT_FIXED_BYTES + FILE_PART_FIXED_BYTES + FILE_PART_BYTES + OLM_OVERHEAD_BYTES
        <= inbox_room(ENVELOPE_BYTES[2]),
    "a part of a file fits the largest envelope"
);
const _: () = assert!(
    INTRO_BYTES_MAX + BUNDLE_BYTES_MAX + 2 + HELLO_OLM_BYTES_MAX + OLM_OVERHEAD_BYTES <= DOORSTEP_ROOM,
    "the largest HELLO fits the doorstep"
);
const _: () = assert!(inbox_room(ENVELOPE_BYTES[2]) <= u16::MAX as usize, "the padding's length is a u16");
