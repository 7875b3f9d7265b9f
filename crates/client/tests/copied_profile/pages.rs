//! The pages of a copied vault, decrypted one by one: what no query shows is there too.

use std::path::{Path, PathBuf};

use aes::{
    Aes256,
    cipher::{BlockCipherDecrypt, KeyInit},
};
use client::Profile;
use rusqlite::Connection;

use crate::common::opening;

const PAGE: usize = 4096;
/// At the end of each page: the initialisation vector and a MAC (SQLCipher 4).
const RESERVED: usize = 80;
const BLOCK: usize = 16;

/// Every page of the database, in use or free, and every frame of the write-ahead log.
pub struct Pages {
    pub database: Vec<Vec<u8>>,
    pub log: Vec<Vec<u8>>,
}

impl Pages {
    pub fn of(profile: &Profile) -> Pages {
        let cipher = Aes256::new_from_slice(&key(profile)).unwrap();
        let file = std::fs::read(profile.vault_path()).unwrap();
        let log = std::fs::read(with_suffix(&profile.vault_path(), "-wal")).unwrap_or_default();
        let pages = file.chunks(PAGE).enumerate();
        let database: Vec<_> = pages.map(|(at, page)| decrypted(&cipher, page, at == 0)).collect();
        // The first page begins with the salt; its size of pages follows where it does in every SQLite file.
        assert_eq!(database[0][BLOCK..BLOCK + 2], [0x10, 0x00], "these are the pages");
        let frames = log.get(32..).unwrap_or_default().chunks(24 + PAGE);
        let log = frames.filter(|frame| frame.len() == 24 + PAGE);
        let log = log.map(|frame| decrypted(&cipher, &frame[24..], frame[..4] == [0, 0, 0, 1]));
        Pages { log: log.collect(), database }
    }

    /// Whether some part of a secret is anywhere. One that lies across two pages is found by a quarter of it.
    pub fn hold(&self, secret: &[u8]) -> bool {
        let parts: Vec<&[u8]> = secret.chunks(secret.len().div_ceil(4)).collect();
        let holds = |page: &Vec<u8>| parts.iter().any(|part| contains(page, part));
        self.database.iter().chain(&self.log).any(holds)
    }
}

pub fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// CBC, from the block before; the first page has its salt where the first block would be.
fn decrypted(cipher: &Aes256, page: &[u8], is_first: bool) -> Vec<u8> {
    let (text, reserved) = page.split_at(PAGE - RESERVED);
    let mut before: &[u8] = &reserved[..BLOCK];
    let mut plain = Vec::with_capacity(PAGE);
    let first = if is_first { BLOCK } else { 0 };
    plain.extend_from_slice(&text[..first]);
    for block in text[first..].chunks(BLOCK) {
        let mut out = aes::Block::try_from(block).unwrap();
        cipher.decrypt_block(&mut out);
        plain.extend(out.iter().zip(before).map(|(one, other)| one ^ other));
        before = block;
    }
    plain
}

fn key(profile: &Profile) -> [u8; 32] {
    std::fs::read(profile.key_file_path()).unwrap().try_into().unwrap()
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Opens a copied vault as the thief does who has the key file.
pub fn open(profile: &Profile) -> Connection {
    opening::open(&profile.vault_path(), &key(profile))
}

/// The states that a query finds in a copied vault.
pub fn column(profile: &Profile, query: &str) -> Vec<Vec<u8>> {
    let db = open(profile);
    let mut query = db.prepare(query).unwrap();
    query.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}
