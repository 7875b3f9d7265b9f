//! What a backup is made of, inside the sealing: records, one after the other.

use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};
use store::{Place, Row};
use wire::Day;

/// The format that this program writes, and the highest that it reads.
pub const FORMAT: u32 = 1;
/// Longest record: an envelope of the largest size with what belongs to it is far below.
const RECORD_BYTES_MAX: u32 = 1024 * 1024;
/// Longest name of a file.
const NAME_BYTES_MAX: usize = 64;

/// The first record: whose backup this is, and of when.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct Manifest {
    /// How the records are to be read.
    pub format: u32,
    /// The program that made it.
    pub version: String,
    /// Seconds since 1970.
    pub made: u64,
    /// The server's fingerprint, as it stands in addresses.
    pub server: String,
    /// Until when the tls-ca in it stands, in seconds since 1970.
    pub tls_ca_not_after: u64,
    /// Whether `root.key` is in it.
    pub root_key: bool,
}

/// The last record: how much there must have been.
#[derive(Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, Debug)]
pub struct Tally {
    /// Rows of the store.
    pub rows: u64,
    /// Envelopes among them.
    pub envelopes: u64,
    /// Files of the identity.
    pub files: u64,
    /// Rows of the store that were damaged already and are not in it.
    pub damaged: u64,
    /// Blocks of rows that were damaged already: rows of them may be missing that nobody can count. Programs before this
    /// one say nothing of them.
    #[serde(default)]
    pub damaged_blocks: u64,
}

/// One record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Record {
    /// The first.
    Manifest(Manifest),
    /// A file of the identity.
    File {
        /// Its name, without a folder.
        name: String,
        /// What it holds.
        bytes: Vec<u8>,
    },
    /// A row of the store.
    Row(Row),
    /// The last.
    End(Tally),
}

const MANIFEST: u8 = 1;
const FILE: u8 = 2;
const ROW: u8 = 3;
const END: u8 = 4;

/// The number of the table of envelopes (`spec/storage.md § Tables`).
const ENVELOPES: u8 = 4;

impl Tally {
    /// Counts a record.
    pub fn count(&mut self, record: &Record) {
        match record {
            Record::File { .. } => self.files += 1,
            Record::Row(row) => {
                self.rows += 1;
                self.envelopes += u64::from(row.place.table == ENVELOPES);
            }
            Record::Manifest(_) | Record::End(_) => {}
        }
    }
}

impl Record {
    /// `kind u8 ‖ length u32 ‖ body`.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let (kind, body) = match self {
            Self::Manifest(manifest) => (MANIFEST, serde_json::to_vec(manifest)?),
            Self::File { name, bytes } => {
                let length = u8::try_from(name.len()).map_err(|_| broken("a name is too long"))?;
                (FILE, [&[length], name.as_bytes(), bytes].concat())
            }
            Self::Row(Row { place, key, value }) => {
                let length = u16::try_from(key.len()).map_err(|_| broken("a key is too long"))?;
                let head = [&[place.table][..], &place.day.0.to_be_bytes(), &length.to_be_bytes()].concat();
                (ROW, [&head, key.as_slice(), value].concat())
            }
            Self::End(tally) => (END, serde_json::to_vec(tally)?),
        };
        let length = u32::try_from(body.len()).ok().filter(|length| *length <= RECORD_BYTES_MAX);
        let length = length.ok_or_else(|| broken("a record is too long"))?;
        out.write_all(&[kind])?;
        out.write_all(&length.to_be_bytes())?;
        out.write_all(&body)
    }

    /// The next record.
    ///
    /// # Errors
    ///
    /// `InvalidData` when what stands there is none; whatever `from` says, `UnexpectedEof` included.
    pub fn read(from: &mut dyn Read) -> io::Result<Self> {
        let mut head = [0; 5];
        from.read_exact(&mut head)?;
        let [kind, length @ ..] = head;
        let length = u32::from_be_bytes(length);
        if length > RECORD_BYTES_MAX {
            return Err(broken("a record is too long"));
        }
        let mut body = Vec::new();
        from.take(u64::from(length)).read_to_end(&mut body)?;
        if body.len() != length as usize {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match kind {
            MANIFEST => Ok(Self::Manifest(serde_json::from_slice(&body)?)),
            FILE => file(&body).ok_or_else(|| broken("a file's record is not one")),
            ROW => row(&body).ok_or_else(|| broken("a row's record is not one")),
            END => Ok(Self::End(serde_json::from_slice(&body)?)),
            _ => Err(broken("a record of an unknown kind")),
        }
    }
}

fn broken(reason: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

fn file(body: &[u8]) -> Option<Record> {
    let (length, rest) = body.split_first()?;
    let (name, bytes) = rest.split_at_checked(usize::from(*length))?;
    let plain = |byte: &u8| byte.is_ascii_lowercase() || matches!(byte, b'.' | b'-');
    // A name that leads elsewhere is none: it will be joined to a folder.
    let sound = !name.is_empty() && name.len() <= NAME_BYTES_MAX && name.iter().all(plain);
    let name = String::from_utf8(name.to_vec()).ok().filter(|name| sound && !name.starts_with('.'))?;
    Some(Record::File { name, bytes: bytes.to_vec() })
}

fn row(body: &[u8]) -> Option<Record> {
    let ([table, day @ .., long, short], rest) = body.split_first_chunk::<5>()?;
    let (key, value) = rest.split_at_checked(usize::from(u16::from_be_bytes([*long, *short])))?;
    let place = Place { table: *table, day: Day(u16::from_be_bytes(*day)) };
    Some(Record::Row(Row { place, key: key.to_vec(), value: value.to_vec() }))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn samples() -> Vec<Record> {
        let server = "7F4QK2MD".to_owned();
        let version = "0.1.0".to_owned();
        let manifest = Manifest { format: 1, version, made: 5, server, tls_ca_not_after: 7, root_key: true };
        let place = Place { table: 4, day: Day(20_000) };
        vec![
            Record::Manifest(manifest),
            Record::File { name: "root.key".into(), bytes: b"key".to_vec() },
            Record::Row(Row { place, key: b"key".to_vec(), value: b"value".to_vec() }),
            Record::End(Tally { rows: 1, envelopes: 1, files: 1, damaged: 0, damaged_blocks: 0 }),
        ]
    }

    #[test]
    fn every_record_comes_back_as_it_was_and_cut_anywhere_it_does_not() {
        for record in samples() {
            let mut bytes = Vec::new();
            record.write(&mut bytes).unwrap();
            assert_eq!(Record::read(&mut bytes.as_slice()).unwrap(), record);
            for at in 0..bytes.len() {
                assert!(Record::read(&mut bytes.get(..at).unwrap()).is_err(), "{record:?} cut at {at}");
            }
        }
    }

    #[test]
    fn a_file_that_leads_elsewhere_is_refused() {
        for name in ["", ".", "..", "../root.key", "/etc/passwd", "a/b", ".hidden", "a b", "ROOT"] {
            let mut bytes = Vec::new();
            Record::File { name: name.into(), bytes: vec![] }.write(&mut bytes).unwrap();
            assert!(Record::read(&mut bytes.as_slice()).is_err(), "{name}");
        }
    }

    #[test]
    fn arbitrary_bytes_are_read_or_refused_and_never_waited_for() {
        let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
        for _ in 0..2_000 {
            let mut bytes = Vec::new();
            for _ in 0..64 {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                bytes.push((seed >> 56) as u8 & 0x0f);
            }
            // A declared length beyond what follows must end in a refusal, at once.
            let mut from = bytes.as_slice();
            while Record::read(&mut from).is_ok() {}
        }
    }
}
