//! A relay's backup: the file as somebody may have changed it, and hostile records under a good seal.

use crate::features::Features;
use crate::tape::Tape;
use crypto::Secret;
use server::backup::record::{Record, Tally};
use server::backup::sealed::{Header, Kind, Opener, Sealer};
use std::io::{Read, Write};

/// Records read of one input at most.
const RECORDS_MAX: usize = 256;

/// `which ‖ file, or records to be sealed`.
pub fn run(input: &[u8]) -> Features {
    let mut features = Features::default();
    let mut tape = Tape::new(input);
    match tape.byte() % 2 {
        0 => file(tape.rest(), &mut features),
        _ => sealed(tape.rest(), &mut features),
    }
    features
}

fn secret() -> Secret<32> {
    Secret::new([1; 32])
}

/// Whatever it begins like, nothing comes out that was not authenticated.
fn file(mut bytes: &[u8], features: &mut Features) {
    let header = Header::read(&mut bytes);
    features.outcome("header", &header);
    let Ok(header) = header else { return };
    let mut plain = Vec::new();
    let read = Opener::begin(bytes, header, &secret()).read_to_end(&mut plain);
    features.note("opened", (header.kind == Kind::KeyFile, read.is_ok()));
    assert!(read.is_ok() || plain.is_empty() || bytes.len() > plain.len(), "more came out than was sealed");
}

/// What somebody who has the secret, or a fault of ours, could write.
fn sealed(plain: &[u8], features: &mut Features) {
    let header = Header { kind: Kind::KeyFile, salt: [3; 16] };
    let mut sealer = Sealer::begin(Vec::new(), header, &secret()).expect("memory takes it");
    sealer.write_all(plain).expect("memory takes it");
    let whole = sealer.finish().expect("memory takes it");
    let mut from = whole.as_slice();
    assert_eq!(Header::read(&mut from), Ok(header));
    let mut opener = Opener::begin(from, header, &secret());
    let mut tally = Tally::default();
    for _ in 0..RECORDS_MAX {
        let record = Record::read(&mut opener);
        features.outcome("record", &record.as_ref().map(drop).map_err(std::io::Error::kind));
        let Ok(record) = record else { break };
        tally.count(&record);
        look(&record, features);
    }
    features.count("files", usize::try_from(tally.files).unwrap_or(usize::MAX));
}

fn look(record: &Record, features: &mut Features) {
    features.note("kind", core::mem::discriminant(record));
    match record {
        Record::File { name, .. } => {
            let leads = name.is_empty() || name.starts_with('.') || name.contains(['/', '\0', '\\']);
            assert!(!leads, "a file that leads elsewhere: {name:?}");
        }
        Record::Row(row) => features.note("row", row.check().is_ok()),
        Record::Manifest(_) | Record::End(_) => {}
    }
    let mut bytes = Vec::new();
    record.write(&mut bytes).expect("what was read can be written");
    let again = Record::read(&mut bytes.as_slice()).expect("what was written can be read");
    assert_eq!(&again, record, "a record changes when written");
}
