//! Looking for what must not be there, in every form in which software likes to write bytes.

use std::collections::HashMap;

/// Bytes that are looked for in all their forms.
pub struct Needles {
    /// By their first eight bytes.
    forms: HashMap<[u8; 8], Vec<(usize, Vec<u8>)>>,
    /// Whether any form begins with these two bytes.
    begins: Vec<bool>,
}

impl Needles {
    pub fn new(wanted: &[Vec<u8>]) -> Self {
        let (mut forms, mut begins): (HashMap<_, Vec<_>>, _) = (HashMap::new(), vec![false; 1 << 16]);
        for (number, bytes) in wanted.iter().enumerate() {
            for form in forms_of(bytes) {
                begins[usize::from(u16::from_be_bytes([form[0], form[1]]))] = true;
                forms.entry(form[..8].try_into().unwrap()).or_default().push((number, form));
            }
        }
        Self { forms, begins }
    }

    /// The numbers of those found anywhere, each once.
    pub fn found_in(&self, heap: &[u8]) -> Vec<usize> {
        let mut found = Vec::new();
        for (place, window) in heap.windows(8).enumerate() {
            if !self.begins[usize::from(u16::from_be_bytes([window[0], window[1]]))] {
                continue;
            }
            for (number, form) in self.forms.get(window).into_iter().flatten() {
                if heap[place..].starts_with(form) {
                    found.push(*number);
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// Raw, hexadecimal in both cases, UTF-16 in both orders, base64 in both alphabets and all three alignments.
pub fn forms_of(bytes: &[u8]) -> Vec<Vec<u8>> {
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut forms = vec![bytes.to_vec(), hex.to_uppercase().into_bytes(), hex.into_bytes()];
    forms.push(bytes.iter().flat_map(|byte| [*byte, 0]).collect());
    forms.push(bytes.iter().flat_map(|byte| [0, *byte]).collect());
    for alphabet in [b"+/", b"-_"] {
        forms.extend((0..3).map(|shift| base64(bytes, shift, alphabet)));
    }
    forms.retain(|form| form.len() >= 8);
    forms
}

/// What every base64 text that holds `bytes` at this alignment has in common.
pub fn base64(bytes: &[u8], shift: usize, last_two: &[u8; 2]) -> Vec<u8> {
    let letters: Vec<u8> = (b'A'..=b'Z').chain(b'a'..=b'z').chain(b'0'..=b'9').chain(*last_two).collect();
    let bits: Vec<u8> =
        bytes.iter().flat_map(|byte| (0..8).rev().map(move |place| byte >> place & 1)).collect();
    // Bits of the first letter that belong to what stands before.
    let skipped = (6 - shift * 8 % 6) % 6;
    let groups = bits[skipped..].chunks_exact(6);
    groups.map(|group| letters[usize::from(group.iter().fold(0, |sum, bit| sum << 1 | bit))]).collect()
}

#[test]
fn every_form_is_found_wherever_it_stands() {
    let secret = b"a canary of 24 letters..".to_vec();
    let needles = Needles::new(&[b"something else entirely!".to_vec(), secret.clone()]);
    for (number, form) in forms_of(&secret).into_iter().enumerate() {
        let heap = [&b"noise"[..], &form, b"noise"].concat();
        assert_eq!(needles.found_in(&heap), [1], "form {number}");
    }
    // What an encoder makes of it, at each alignment.
    for (text, shift) in [
        (&b"YSBjYW5hcnkgb2YgMjQgbGV0dGVycy4u"[..], 0),
        (b"eGEgY2FuYXJ5IG9mIDI0IGxldHRlcnMuLg==", 1),
        (b"eHhhIGNhbmFyeSBvZiAyNCBsZXR0ZXJzLi4=", 2),
    ] {
        assert_eq!(needles.found_in(text), [1], "alignment {shift}");
    }
    assert!(needles.found_in(b"nothing of the kind stands here").is_empty());
}
