//! What no code path may do, read from the source: an envelope that is not sealed, a connection that is not the
//! one place's, a secret in a temporary file.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The crates that are compiled into a client.
const CRATES: [&str; 7] = ["wire", "crypto", "proto", "e2ee", "client-core", "client", "cli"];

/// Product code only: what stands before a file's tests.
fn sources() -> Vec<(String, String)> {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut open: Vec<PathBuf> = CRATES.iter().map(|name| crates.join(name).join("src")).collect();
    let mut found = Vec::new();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let product = text.split("#[cfg(test)]\n#[allow").next().unwrap();
                let product = product.split("#[cfg(test)]\nmod tests").next().unwrap().to_owned();
                let name = path.strip_prefix(crates).unwrap().display().to_string();
                if !name.ends_with("vectors.rs") && !name.ends_with("/tests.rs") {
                    found.push((name, product));
                }
            }
        }
    }
    assert!(found.len() > 100, "{}", found.len());
    found.sort();
    found
}

/// The files in which one of these words stands.
fn holding(words: &[&str]) -> Vec<String> {
    let holds = |text: &str| {
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        code.into_iter().any(|line| words.iter().any(|word| line.contains(word)))
    };
    sources().into_iter().filter(|(_, text)| holds(text)).map(|(name, _)| name).collect()
}

/// S07, S15: bytes become an envelope in one place, behind the HPKE of X-Wing; elsewhere they are only read back.
#[test]
fn there_is_no_way_to_an_envelope_but_through_both_layers() {
    let makers = holding(&["Envelope::new("]);
    let known = ["client/src/vault/inbox.rs", "client/src/vault/outbox.rs", "e2ee/src/envelope.rs"];
    let test_only = |file: &str| file.starts_with("wire/") || file.starts_with("e2ee/src/vectors/");
    let unknown = |file: &&String| !test_only(file) && !known.contains(&file.as_str());
    let others: Vec<_> = makers.iter().filter(unknown).collect();
    assert!(others.is_empty(), "{others:?}");
    assert!(makers.iter().any(|file| file == "e2ee/src/envelope.rs"), "{makers:?}");
    let sealers = holding(&["seal_base(", "seal_psk("]);
    assert_eq!(sealers, ["crypto/src/hpke.rs", "e2ee/src/envelope.rs"]);
    // One KEM in one place; no Olm but of the second configuration.
    assert_eq!(holding(&["use ::hpke::kem"]), ["crypto/src/hpke.rs"]);
    assert_eq!(holding(&["SessionConfig::version_1", "SessionConfig::default"]), Vec::<String>::new());
}

/// P11, S22: the client connects in one place, to where it was told; it resolves, fetches and previews nothing.
#[test]
fn there_is_one_place_that_connects() {
    let words = ["TcpStream::connect", "UdpSocket", "lookup_host", "ToSocketAddrs"];
    assert_eq!(holding(&words), ["client/src/transport/dial.rs"]);
    assert_eq!(holding(&["UnixStream::connect"]), ["cli/src/daemon/socket.rs"], "to our own daemon");
    let dialling = holding(&[".dial("]);
    assert_eq!(dialling, ["client/src/transport/line.rs"], "and one that asks for it");
}

/// D03: nothing of ours writes a temporary file; SQLite keeps its own in memory.
#[test]
fn nothing_writes_temporary_files() {
    assert_eq!(holding(&["temp_dir()", "tempfile::", "/tmp"]), Vec::<String>::new());
    assert_eq!(
        holding(&["PRAGMA temp_store = MEMORY"]),
        ["client/src/vault/backup.rs", "client/src/vault/mod.rs"]
    );
}
