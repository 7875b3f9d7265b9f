//! Walks `vectors/e2ee`: each file is one case, named for the property that it shows.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use crate::envelope::{Form, aad, info, pad, unpad};
use crate::stamps::Mint;
use crate::{Content, Language, authorise, recovery_entropy, recovery_words};
use crypto::{Secret, stamp_commitment, stamp_tag};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use wire::{
    DepositAuth, DepositId, Envelope, Generation, IdentityFingerprint, Stamp, StampIndex, StampSecret,
    StampTag,
};

mod sealed;
mod transcripts;

type Case = BTreeMap<String, String>;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/e2ee")
}

fn read(path: &Path) -> Case {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines()
        .filter(|line| !line.starts_with('#') && !line.trim().is_empty())
        .map(|line| line.split_once(" = ").unwrap_or_else(|| panic!("{}: {line}", path.display())))
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}

/// Hex tokens, each perhaps repeated: `0102 00*44`.
fn bytes(case: &Case, key: &str) -> Vec<u8> {
    let value = case.get(key).unwrap_or_else(|| panic!("no {key}"));
    value
        .split_whitespace()
        .flat_map(|token| {
            let (hex, count) = token.split_once('*').unwrap_or((token, "1"));
            unhex(hex).repeat(count.parse().unwrap())
        })
        .collect()
}

fn unhex(hex: &str) -> Vec<u8> {
    assert!(hex.len().is_multiple_of(2), "half a byte");
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn array<const N: usize>(case: &Case, key: &str) -> [u8; N] {
    bytes(case, key).try_into().unwrap()
}

fn number<T: std::str::FromStr>(case: &Case, key: &str) -> T {
    case[key].parse().ok().unwrap()
}

fn is_accepted(case: &Case) -> bool {
    match case["result"].as_str() {
        "accepted" => true,
        "refused" => false,
        other => panic!("result {other}"),
    }
}

#[test]
fn every_vector_holds() {
    let mut count = 0;
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "txt") {
            continue;
        }
        println!("{}", path.display());
        check(&read(&path));
        count += 1;
    }
    assert!(count >= 185, "{count} vectors");
}

fn check(case: &Case) {
    match case["function"].as_str() {
        "padding" => check_padding(case),
        "content" => check_content(case),
        "info" => check_info(case),
        "deposit" => check_deposit(case),
        "words" => check_words(case),
        "envelope" => sealed::check_envelope(case),
        "bundle" => sealed::check_bundle(case),
        "hello" => sealed::check_hello(case),
        "session" => sealed::check_session(case),
        "open_hello" => transcripts::check_hello(case),
        "open_inbox" => transcripts::check_inbox(case),
        other => panic!("no function {other}"),
    }
}

fn check_padding(case: &Case) {
    let padded = bytes(case, "padded");
    let unpadded = unpad(&padded).ok();
    assert_eq!(unpadded.is_some(), is_accepted(case));
    if let Some(unpadded) = unpadded {
        assert_eq!(*unpadded, bytes(case, "bytes"));
        assert_eq!(*pad(&unpadded, padded.len()).unwrap(), padded);
    }
}

fn check_content(case: &Case) {
    let encoded = bytes(case, "content");
    let content = Content::from_bytes(&encoded);
    assert_eq!(content.is_ok(), is_accepted(case), "{content:?}");
    if let Ok(content) = content {
        assert_eq!(content.to_bytes(), encoded, "one encoding per value");
        assert_eq!(content.number, number::<u64>(case, "number"));
        assert_eq!(content.kind.number(), number::<u8>(case, "kind"));
    }
}

fn check_info(case: &Case) {
    let form = match case["form"].as_str() {
        "1" => Form::Hello,
        "2" => Form::Inbox,
        "3" => Form::Session,
        other => panic!("form {other}"),
    };
    let to = IdentityFingerprint(array(case, "recipient"));
    let from = IdentityFingerprint(array(case, "sender"));
    assert_eq!(info(form, &to, &from, &bytes(case, "key")), bytes(case, "info"));
    let aad = aad(&bytes(case, "header"), &DepositId(array(case, "mailbox")), number(case, "size"));
    assert_eq!(aad, bytes(case, "aad"));
}

fn check_deposit(case: &Case) {
    let sid = DepositId(array(case, "sid"));
    let (generation, index) = (Generation(number(case, "generation")), StampIndex(number(case, "index")));
    let mint = Mint {
        sid,
        generation,
        owner_key: Secret::new(array(case, "owner_key")),
        stamp_key: Secret::new(array(case, "stamp_key")),
        order: Secret::new([0; 32]),
        handed_out: 0,
    };
    let envelope = Envelope::new(bytes(case, "envelope").into()).unwrap();
    let secret: [u8; 16] = array(case, "secret");
    let tag: [u8; 16] = array(case, "tag");
    let auth = authorise(
        &Stamp { generation, index, secret: StampSecret(secret), tag: StampTag(tag) },
        &sid,
        &envelope,
    );
    let DepositAuth::Stamped { commitment, mac, .. } = auth else { panic!("stamped") };
    assert_eq!(commitment.as_bytes(), &array(case, "commitment"));
    assert_eq!(mac.as_bytes(), &array(case, "mac"));
    assert_eq!(mint.verify(&auth, &envelope).is_ok(), is_accepted(case));
    if is_accepted(case) {
        let commitment = stamp_commitment(&secret);
        assert_eq!(tag, stamp_tag(mint.key().as_bytes(), sid.as_bytes(), generation.0, index.0, &commitment));
    }
}

fn check_words(case: &Case) {
    let language = if case["language"] == "fr" { Language::French } else { Language::English };
    let entropy = recovery_entropy(&case["words"]).ok();
    assert_eq!(entropy.is_some(), is_accepted(case));
    if let Some(entropy) = entropy {
        assert_eq!(entropy.expose(), &array(case, "entropy"));
        // Compared without the marks: both ways of writing an accent are the same word.
        let shown = recovery_words(entropy.expose(), language).join(" ");
        assert_eq!(unaccented(&shown), unaccented(&case["words"]));
    }
}

fn unaccented(words: &str) -> String {
    words.chars().filter(char::is_ascii).collect()
}
