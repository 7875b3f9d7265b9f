//! The vault's encryption comes from aws-lc, and is the one that OpenSSL made (docs/decisions/0016).
#![allow(missing_docs, clippy::unwrap_used)]

#[path = "../common/opening.rs"]
mod opening;

use std::path::Path;

use opening::open;
use rusqlite::Connection;

/// Written over OpenSSL 3.6.3, under the key below: one table with one row.
const OPENSSL: &[u8] = include_bytes!("openssl.db");
const KEY: [u8; 32] = [0x42; 32];
const ROW: &str = "SELECT text FROM t WHERE n = 1";

fn text(db: &Connection, sql: &str) -> rusqlite::Result<String> {
    db.query_row(sql, [], |row| row.get(0))
}

#[test]
fn the_provider_is_aws_lc() {
    let version = text(&open(Path::new(":memory:"), &KEY), "PRAGMA cipher_provider_version").unwrap();
    assert!(version.contains("AWS-LC"), "{version}");
}

#[test]
fn a_file_of_openssls_opens_is_whole_and_takes_more() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("openssl.db");
    std::fs::write(&path, OPENSSL).unwrap();
    let db = open(&path, &KEY);
    assert_eq!(text(&db, ROW).unwrap(), "written over OpenSSL");
    let mut check = db.prepare("PRAGMA cipher_integrity_check").unwrap();
    assert!(check.query([]).unwrap().next().unwrap().is_none(), "a page's HMAC is not what it was");
    db.execute("UPDATE t SET text = 'and over aws-lc'", []).unwrap();
    drop(check);
    drop(db);
    assert_eq!(text(&open(&path, &KEY), ROW).unwrap(), "and over aws-lc");
}

#[test]
fn another_key_or_a_flipped_bit_opens_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("openssl.db");
    std::fs::write(&path, OPENSSL).unwrap();
    assert!(text(&open(&path, &[0x43; 32]), ROW).is_err());
    let mut flipped = OPENSSL.to_vec();
    *flipped.get_mut(5_000).unwrap() ^= 1;
    std::fs::write(&path, flipped).unwrap();
    assert!(text(&open(&path, &KEY), ROW).is_err());
}
