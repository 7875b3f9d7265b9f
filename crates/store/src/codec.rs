//! Rows on disk: every value carries its key and a checksum, so that damage is noticed and never served.

/// Bytes of checksum that close a row.
const CHECKSUM_BYTES: usize = 8;
/// Up to this layout the checksum was of the other kind.
const BLAKE3_UNTIL: u32 = 3;

/// A row's value: `table ‖ key ‖ body ‖ checksum`. The key inside makes a row that was moved fail as well.
pub(crate) fn seal(table: u8, key: &[u8], body: &[&[u8]]) -> Vec<u8> {
    let len: usize = body.iter().map(|part| part.len()).sum();
    let mut value = Vec::with_capacity(1 + key.len() + len + CHECKSUM_BYTES);
    value.push(table);
    value.extend_from_slice(key);
    for part in body {
        value.extend_from_slice(part);
    }
    let sum = checksum(&value);
    value.extend_from_slice(&sum);
    value
}

/// The same as programs of an older layout read it.
pub(crate) fn seal_of_layout(layout: u32, table: u8, key: &[u8], body: &[u8]) -> Vec<u8> {
    let mut value = seal(table, key, &[body]);
    if layout <= BLAKE3_UNTIL {
        value.truncate(value.len().saturating_sub(CHECKSUM_BYTES));
        let [sum @ .., _, _, _, _, _, _, _, _] = crypto::envelope_hash(&value);
        value.extend_from_slice(&sum);
    }
    value
}

/// The body of a row, or `None` if a single bit of it is not as it was written.
pub(crate) fn unseal<'a>(table: u8, key: &[u8], value: &'a [u8]) -> Option<&'a [u8]> {
    let (rest, sum) = value.split_at_checked(value.len().checked_sub(CHECKSUM_BYTES)?)?;
    // A row of layout 3 or before has the other one.
    if checksum(rest) != sum && !crypto::envelope_hash(rest).starts_with(sum) {
        return None;
    }
    let (&first, rest) = rest.split_first()?;
    if first != table {
        return None;
    }
    rest.strip_prefix(key)
}

/// It guards against accidents: whoever can write rows can write checksums, of whichever kind.
fn checksum(bytes: &[u8]) -> [u8; CHECKSUM_BYTES] {
    xxhash_rust::xxh3::xxh3_64(bytes).to_be_bytes()
}

/// Cuts fixed pieces off the front of a body; `None` as soon as it is too short.
pub(crate) struct Cut<'a>(pub(crate) &'a [u8]);

impl<'a> Cut<'a> {
    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*head)
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(u8::from_be_bytes)
    }

    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }

    pub(crate) fn bytes(&mut self, len: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(head)
    }

    pub(crate) fn rest(&mut self) -> &'a [u8] {
        core::mem::take(&mut self.0)
    }

    /// Everything was used.
    pub(crate) fn end(self) -> Option<()> {
        self.0.is_empty().then_some(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn every_flipped_bit_is_noticed() {
        let row = seal(3, b"key", &[b"bo", b"dy"]);
        assert_eq!(unseal(3, b"key", &row), Some(&b"body"[..]));
        for place in 0..row.len() * 8 {
            let mut bad = row.clone();
            bad[place / 8] ^= 1 << (place % 8);
            assert_eq!(unseal(3, b"key", &bad), None);
        }
    }

    #[test]
    fn a_row_of_layout_three_is_still_one() {
        let mut row = [&[3][..], b"key", b"body"].concat();
        row.extend_from_slice(&crypto::envelope_hash(&row)[..CHECKSUM_BYTES]);
        assert_eq!(unseal(3, b"key", &row), Some(&b"body"[..]));
        *row.last_mut().unwrap() ^= 1;
        assert_eq!(unseal(3, b"key", &row), None);
    }

    #[test]
    fn a_row_in_another_place_is_not_taken() {
        let row = seal(3, b"key", &[b"bo", b"dy"]);
        assert_eq!(unseal(3, b"kez", &row), None);
        assert_eq!(unseal(4, b"key", &row), None);
        for len in 0..row.len() {
            assert_eq!(unseal(3, b"key", &row[..len]), None);
        }
    }
}
