//! A proof of fraud as a file (`spec/ledger.md § Proof of fraud`): one JSON object, which needs nothing else to be checked.

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use ledger::{FraudProof, Hash};
use serde::{Deserialize, Serialize};
use wire::{ServerId, ShortFingerprint, TreeHead, UnixSeconds, Wire};

use crate::{
    ClientError,
    vault::{
        key::{from_hex, to_hex},
        permissions::{file_error, write_file},
    },
};

/// A proof has a few hundred digits for each doubling of a log; nothing longer is one.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// A proof that holds: a relay signed two histories.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fraud {
    /// Which, as addresses have it.
    pub server: String,
    /// Leaves of the one head, and when it was signed.
    pub one: (u64, UnixSeconds),
    /// Of the other.
    pub other: (u64, UnixSeconds),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    v: u8,
    t: String,
    server: String,
    one: String,
    other: String,
    root: String,
    consistency: Vec<String>,
}

/// Reads a proof and checks it.
pub(crate) fn verify(path: &Path) -> Result<Fraud, ClientError> {
    let bad = |reason: &str| ClientError::NoFraud { path: path.to_path_buf(), reason: reason.to_owned() };
    let mut text = String::new();
    let file = File::open(path).map_err(|error| file_error(path, &error))?;
    file.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(|error| file_error(path, &error))?;
    let written: Written = serde_json::from_str(&text).map_err(|_| bad("it is no proof of fraud"))?;
    let proof = read(&written).ok_or_else(|| bad("it is no proof of fraud"))?;
    proof.verify().map_err(|error| bad(&error.to_string()))?;
    let of = |head: &TreeHead| (head.size, UnixSeconds(head.time));
    let server = ShortFingerprint::from_full(&proof.server_id.0).to_string();
    Ok(Fraud { server, one: of(&proof.one), other: of(&proof.other) })
}

/// Writes a proof into a folder, for whoever shall see it.
pub(crate) fn keep(dir: &Path, proof: &FraudProof) -> Result<(), ClientError> {
    let written = Written {
        v: 1,
        t: "fraud".to_owned(),
        server: to_hex(&proof.server_id.0),
        one: to_hex(&proof.one.to_bytes()),
        other: to_hex(&proof.other.to_bytes()),
        root: to_hex(&proof.root),
        consistency: proof.consistency.iter().map(|hash| to_hex(hash)).collect(),
    };
    let text = serde_json::to_string(&written)
        .map_err(|_| ClientError::Unexpected { place: "writing a proof of fraud" })?;
    write_file(&path_in(dir, &proof.server_id), (text + "\n").as_bytes())
}

/// Where the proof against a server lies, if there is one.
pub(crate) fn kept(dir: &Path, server_id: &ServerId) -> Option<PathBuf> {
    Some(path_in(dir, server_id)).filter(|path| path.exists())
}

fn path_in(dir: &Path, server_id: &ServerId) -> PathBuf {
    dir.join(format!("fraud-{}.json", ShortFingerprint::from_full(&server_id.0)))
}

fn read(written: &Written) -> Option<FraudProof> {
    let Written { v: 1, t, server, one, other, root, consistency } = written else { return None };
    let head = |text: &str| TreeHead::from_bytes(&from_hex(text)?).ok();
    let hash = |text: &String| -> Option<Hash> { from_hex(text)?.try_into().ok() };
    (t == "fraud").then_some(())?;
    Some(FraudProof {
        server_id: ServerId(hash(server)?),
        one: head(one)?,
        other: head(other)?,
        root: hash(root)?,
        consistency: consistency.iter().map(hash).collect::<Option<_>>()?,
    })
}
