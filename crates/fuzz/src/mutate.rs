//! Mutations: one input becomes another that is almost as good.

use crate::random::Random;
use crate::target::Shape;

/// Inputs never grow beyond this.
pub const INPUT_BYTES_MAX: usize = 60 * 1024;

/// Numbers at which arithmetic turns.
const INTERESTING: [u64; 16] = [
    0,
    1,
    2,
    3,
    0x7f,
    0x80,
    0xff,
    0x100,
    0x1000,
    0x4000,
    0x7fff,
    0xffff,
    0x1_0000,
    0x7fff_ffff,
    u32::MAX as u64,
    u64::MAX,
];

/// Words of our texts.
const WORDS: [&str; 20] = [
    "oub://",
    "/i/",
    "/",
    "#",
    ".",
    "@",
    ":",
    "-",
    "24268",
    ":0",
    ":65535",
    "[::1]",
    "[2001:db8::1]",
    "127.0.0.1",
    "localhost",
    "alice",
    "..",
    "é",
    "0123456789ABCDEFGHJKMNPQRSTVWXYZ",
    "\u{200d}",
];

/// Signs of TOML, keys of our configuration, and values that they take.
const CONFIG_WORDS: [&str; 22] = [
    "data = ",
    "listen = ",
    "public-host = ",
    "open = ",
    "connections-max = ",
    "connections-per-source-max = ",
    "[",
    "]",
    "[[",
    "{",
    "}",
    "\"",
    "\"\"\"",
    "\n",
    "#",
    ".",
    "true",
    "-1",
    "0x7fffffffffffffff",
    "\"[::]:24268\"",
    "\"relay.example:1\"",
    "1979-05-27T07:32:00Z",
];

/// Signs of JSON, our verbs, and their values.
const JSON_WORDS: [&str; 22] = [
    "{",
    "}",
    "[",
    "]",
    "\"",
    ":",
    ",",
    "\\u0000",
    "\\ud800",
    "null",
    "1e999",
    "-0",
    "18446744073709551616",
    "\"verb\":",
    "\"invite\"",
    "\"status\"",
    "\"health\"",
    "\"name\":\"alice\"",
    "\"valid_s\":60",
    "\"failed\"",
    "\"serving\"",
    "\"invitation\"",
];

/// A new input out of `input`, with parts of `other`.
pub fn mutate(shape: Shape, input: &[u8], other: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = input.to_vec();
    let rounds = 1 + random.below(4);
    for _ in 0..rounds {
        match shape {
            Shape::Frames if random.below(3) > 0 => bytes = frames(&bytes, other, random),
            Shape::Text if random.below(2) > 0 => word(&mut bytes, &WORDS, random),
            Shape::Config if random.below(2) > 0 => word(&mut bytes, &CONFIG_WORDS, random),
            Shape::Json if random.below(2) > 0 => word(&mut bytes, &JSON_WORDS, random),
            _ => any(&mut bytes, other, random),
        }
    }
    bytes.truncate(INPUT_BYTES_MAX);
    bytes
}

/// Knows nothing of what the bytes mean.
fn any(bytes: &mut Vec<u8>, other: &[u8], random: &mut Random) {
    match random.below(9) {
        0 => flip(bytes, random),
        1 => set(bytes, random),
        2 => number(bytes, random),
        3 => bytes.truncate(random.below(bytes.len() + 1)),
        4 => insert(bytes, random),
        5 => remove(bytes, random),
        6 => repeat(bytes, random),
        7 => splice(bytes, other, random),
        _ => add(bytes, random),
    }
}

fn flip(bytes: &mut [u8], random: &mut Random) {
    let bit = random.below(8);
    if let Some(byte) = place(bytes, random) {
        *byte ^= 1 << bit;
    }
}

fn set(bytes: &mut [u8], random: &mut Random) {
    let value = random.byte();
    if let Some(byte) = place(bytes, random) {
        *byte = value;
    }
}

/// One more or one less: lengths off by one.
fn add(bytes: &mut [u8], random: &mut Random) {
    let delta = if random.below(2) == 0 { 1 } else { u8::MAX };
    if let Some(byte) = place(bytes, random) {
        *byte = byte.wrapping_add(delta);
    }
}

/// An interesting number of 1, 2, 3, 4 or 8 bytes, big-endian.
fn number(bytes: &mut [u8], random: &mut Random) {
    let value = random.choose(&INTERESTING).copied().unwrap_or(0).to_be_bytes();
    let width = random.choose(&[1, 2, 3, 4, 8]).copied().unwrap_or(1);
    let at = random.below(bytes.len());
    for (target, source) in bytes.iter_mut().skip(at).zip(value.iter().skip(8 - width)) {
        *target = *source;
    }
}

fn insert(bytes: &mut Vec<u8>, random: &mut Random) {
    let at = random.below(bytes.len() + 1);
    let fresh: Vec<u8> = (0..=random.below(8)).map(|_| random.byte()).collect();
    bytes.splice(at..at, fresh);
}

fn remove(bytes: &mut Vec<u8>, random: &mut Random) {
    let (from, to) = range(bytes.len(), random);
    bytes.drain(from..to);
}

fn repeat(bytes: &mut Vec<u8>, random: &mut Random) {
    let (from, to) = range(bytes.len(), random);
    let part = bytes.get(from..to).unwrap_or_default().to_vec();
    bytes.splice(to..to, part);
}

/// A stretch of another input in place of a stretch of this one.
fn splice(bytes: &mut Vec<u8>, other: &[u8], random: &mut Random) {
    let (from, to) = range(bytes.len(), random);
    let (start, end) = range(other.len(), random);
    bytes.splice(from..to, other.get(start..end).unwrap_or_default().iter().copied());
}

fn word(bytes: &mut Vec<u8>, words: &[&str], random: &mut Random) {
    let (from, to) = range(bytes.len(), random);
    let to = if random.below(2) == 0 { from } else { to };
    let word = random.choose(words).copied().unwrap_or_default();
    bytes.splice(from..to, word.bytes());
}

/// Takes the stream apart where its lengths say, changes one frame, and puts it together with right lengths.
fn frames(bytes: &[u8], other: &[u8], random: &mut Random) -> Vec<u8> {
    let mut parts = cut(bytes);
    let at = random.below(parts.len());
    match random.below(6) {
        0 if parts.len() > 1 => drop(parts.remove(at)),
        1 if parts.len() < 64 => parts.extend(parts.get(at).cloned()),
        2 => {
            let others = cut(other);
            parts.extend(random.choose(&others).cloned());
        }
        3 => {
            // The same body under another kind.
            let kind = random.byte() % 0x54;
            if let Some(first) = parts.get_mut(at).and_then(|frame| frame.first_mut()) {
                *first = kind;
            }
        }
        4 => {
            let id = [0, 0, 0, random.byte() % 4];
            let bytes = parts.get_mut(at).into_iter().flatten().skip(1);
            bytes.zip(id).for_each(|(byte, id)| *byte = id);
        }
        _ => {
            if let Some(frame) = parts.get_mut(at) {
                any(frame, other, random);
            }
        }
    }
    join(&parts)
}

/// What follows each length; a rest without a whole frame is a part too.
fn cut(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut parts = Vec::new();
    while let Some(([a, b, c], rest)) = bytes.split_first_chunk::<3>() {
        let len = usize::try_from(u32::from_be_bytes([0, *a, *b, *c])).unwrap_or(usize::MAX);
        let (frame, left) = rest.split_at(len.min(rest.len()));
        parts.push(frame.to_vec());
        bytes = left;
    }
    parts
}

fn join(parts: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for part in parts {
        let [_, length @ ..] = u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes();
        bytes.extend_from_slice(&length);
        bytes.extend_from_slice(part);
    }
    bytes
}

fn place<'a>(bytes: &'a mut [u8], random: &mut Random) -> Option<&'a mut u8> {
    let at = random.below(bytes.len());
    bytes.get_mut(at)
}

/// A stretch, more often a short one.
fn range(len: usize, random: &mut Random) -> (usize, usize) {
    let from = random.below(len + 1);
    let most = if random.below(4) == 0 { len } else { 16 };
    (from, len.min(from + random.below(most + 1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_of_frames_survives_being_cut_and_joined() {
        let stream = [0, 0, 5, 2, 0, 0, 0, 1, 0, 0, 6, 3, 0, 0, 0, 2, 9];
        assert_eq!(join(&cut(&stream)), stream);
    }

    #[test]
    fn nothing_and_everything_can_be_mutated() {
        let mut random = Random::seeded(1);
        for shape in [Shape::Bytes, Shape::Frames, Shape::Text, Shape::Config, Shape::Json] {
            let mut input = Vec::new();
            for _ in 0..5_000 {
                input = mutate(shape, &input, b"\0\0\x05\x02\0\0\0\x01", &mut random);
                assert!(input.len() <= INPUT_BYTES_MAX);
            }
        }
    }
}
