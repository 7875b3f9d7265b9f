//! Crockford's base32 for what people copy: digits and capitals without I, L, O and U.
//!
//! Lower case is read as capitals. The look-alikes that Crockford folds (`O` as 0, `I` and `L` as 1) are
//! refused: a fingerprint with a guessed letter is a fingerprint nobody compared.

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const BITS: u32 = 5;

/// Characters that hold `bytes` bytes.
pub(crate) const fn chars(bytes: usize) -> usize {
    (bytes * 8).div_ceil(BITS as usize)
}

/// The text of some bytes; the last character is filled up with zero bits.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(chars(bytes.len()));
    let (mut held, mut bits) = (0_u32, 0);
    for byte in bytes {
        held = (held << 8) | u32::from(*byte);
        bits += 8;
        while bits >= BITS {
            bits -= BITS;
            text.push(character(held >> bits));
        }
        held &= (1 << bits) - 1;
    }
    if bits > 0 {
        text.push(character(held << (BITS - bits)));
    }
    text
}

/// The `N` bytes of a text of exactly their length, whose filling bits are zero.
pub(crate) fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != chars(N) {
        return None;
    }
    let mut bytes = [0; N];
    let mut places = bytes.iter_mut();
    let (mut held, mut bits) = (0_u32, 0);
    for character in text.bytes() {
        held = (held << BITS) | value(character)?;
        bits += BITS;
        if bits >= 8 {
            bits -= 8;
            *places.next()? = u8::try_from(held >> bits).ok()?;
            held &= (1 << bits) - 1;
        }
    }
    (held == 0).then_some(bytes)
}

fn character(value: u32) -> char {
    ALPHABET.get((value & 31) as usize).map_or('0', |byte| char::from(*byte))
}

fn value(character: u8) -> Option<u32> {
    let capital = character.to_ascii_uppercase();
    ALPHABET.iter().position(|known| *known == capital).and_then(|place| u32::try_from(place).ok())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_bytes_have_their_known_text() {
        assert_eq!(encode(&[]), "");
        assert_eq!(encode(&[0xff]), "ZW");
        assert_eq!(encode(&[0x00, 0x44, 0x32, 0x14, 0xc7]), "01234567");
        assert_eq!(decode("ZYXWVTSR"), Some([0xff, 0xbb, 0xcd, 0xeb, 0x38]));
    }

    #[test]
    fn every_character_that_is_not_of_the_alphabet_is_refused() {
        for byte in (0..=127_u8).filter(|byte| !ALPHABET.contains(&byte.to_ascii_uppercase())) {
            let text = format!("0000000{}", char::from(byte));
            assert_eq!(decode::<5>(&text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn bytes_come_back_in_either_case(bytes: [u8; 20], code: [u8; 16]) {
            prop_assert_eq!(decode(&encode(&bytes)), Some(bytes));
            prop_assert_eq!(decode(&encode(&code).to_lowercase()), Some(code));
            prop_assert_eq!(encode(&bytes).len(), chars(20));
        }

        /// No two texts in capitals stand for the same bytes.
        #[test]
        fn every_text_that_decodes_encodes_to_itself(text in "[0-9A-HJKMNP-TV-Z]{26}") {
            if let Some(code) = decode::<16>(&text) {
                prop_assert_eq!(encode(&code), text);
            }
        }

        #[test]
        fn other_lengths_are_refused(text in "[0-9A-Z]{0,40}") {
            prop_assume!(text.len() != 32);
            prop_assert_eq!(decode::<20>(&text), None);
        }
    }
}
