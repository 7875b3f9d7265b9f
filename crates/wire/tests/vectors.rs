//! Walks `vectors/wire`: one case a file, its format in `vectors/wire/README.md`.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use support::grammar::Grammar;
use support::{golden, read_one};
use wire::{Address, Invitation, Name, kind};

struct Vector {
    name: String,
    comment: String,
    /// `None` = accept; else the `Debug` of the error.
    refusal: Option<String>,
    subject: Subject,
}

enum Subject {
    Frame(Vec<u8>),
    Name(String),
    /// The text, and what it is printed as where that differs.
    Address(String, Option<String>),
    Invitation(String, Option<String>),
}

#[test]
fn every_vector_is_accepted_or_refused_as_it_says() {
    let mut wrong = Vec::new();
    for vector in all() {
        let came = match &vector.subject {
            Subject::Frame(bytes) => frame_again(bytes),
            Subject::Name(text) => again(text, None, Name::parse),
            Subject::Address(text, prints) => again(text, prints.as_ref(), Address::parse),
            Subject::Invitation(text, prints) => again(text, prints.as_ref(), Invitation::parse),
        };
        if came.clone().err() != vector.refusal {
            wrong.push(format!("{}: {came:?}, not {:?}", vector.name, vector.refusal));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The error's `Debug`, or proof that the value encodes to the bytes it came from.
fn frame_again(bytes: &[u8]) -> Result<(), String> {
    assert!(read_one(bytes)?.encode() == bytes, "encodes to other bytes");
    Ok(())
}

fn again<T: ToString, E: core::fmt::Debug>(
    text: &str,
    prints: Option<&String>,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Result<(), String> {
    let value = parse(text).map_err(|error| format!("{error:?}"))?;
    assert_eq!(&value.to_string(), prints.map_or(text, String::as_str));
    Ok(())
}

#[test]
fn every_kind_of_frame_has_an_accepted_vector() {
    let accepted: BTreeSet<u8> = all()
        .iter()
        .filter(|vector| vector.refusal.is_none())
        .filter_map(|vector| if let Subject::Frame(bytes) = &vector.subject { Some(bytes[3]) } else { None })
        .collect();
    assert_eq!(accepted, kind::ALL.iter().map(|(kind, _)| *kind).collect());
}

/// A change of the encoding shows here even if encoder and decoder changed together.
#[test]
fn every_golden_frame_stands_as_a_vector() {
    let frames: BTreeMap<String, Vec<u8>> = all()
        .into_iter()
        .filter_map(|vector| {
            if let Subject::Frame(bytes) = vector.subject { Some((vector.name, bytes)) } else { None }
        })
        .collect();
    for case in golden::all() {
        let name = format!("accept-{}", case.name);
        assert!(
            frames.get(&name).is_some_and(|bytes| *bytes == case.frame.encode()),
            "{name} differs or is missing"
        );
    }
}

#[test]
fn every_vector_says_what_a_wrong_implementation_would_do() {
    for vector in all() {
        assert!(vector.comment.contains("wrong implementation"), "{}", vector.name);
    }
}

#[test]
fn most_vectors_are_refusals() {
    let (refused, accepted): (Vec<_>, Vec<_>) =
        all().into_iter().partition(|vector| vector.refusal.is_some());
    assert!(refused.len() > accepted.len(), "{} refused, {} accepted", refused.len(), accepted.len());
}

/// Writes the `accept` vectors of the golden frames anew, each field on its line. Only for a deliberate change
/// of the protocol: `cargo test --release -p wire --test vectors -- --ignored`.
#[test]
#[ignore = "writes into vectors/wire"]
fn write_the_accepted_frames() {
    let grammar = Grammar::of_the_spec();
    for case in golden::all() {
        let bytes = case.frame.encode();
        let rule = grammar.frame(bytes[3]);
        let mut text = format!(
            "# {} as the spec lays it out.\n# A wrong implementation would refuse it, or write other bytes for the same value.\naccept\nframe\n",
            rule.name
        );
        let mut line = |bytes: &[u8], what: &str| text += &format!("{:<24} # {what}\n", compact(bytes));
        line(&bytes[..3], "len");
        line(&bytes[3..4], &format!("kind {}", rule.name));
        line(&bytes[4..8], "request id");
        for (path, bytes) in grammar.cut(rule, &bytes[8..]).unwrap() {
            line(&bytes, &path);
        }
        std::fs::write(folder().join(format!("accept-{}.txt", case.name)), text).unwrap();
    }
}

/// Hex, with runs of eight and more equal bytes as `e4*4096`.
fn compact(bytes: &[u8]) -> String {
    let runs = bytes.chunk_by(|a, b| a == b);
    let words = runs.map(|run| match run.len() {
        0..8 => run.iter().map(|byte| format!("{byte:02x}")).collect::<String>(),
        many => format!(" {:02x}*{many} ", run[0]),
    });
    words.collect::<String>().trim().to_owned()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/wire")
}

fn all() -> Vec<Vector> {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    paths.sort();
    assert!(!paths.is_empty());
    paths.iter().map(|path| read(path)).collect()
}

fn read(path: &Path) -> Vector {
    let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
    let text = std::fs::read_to_string(path).unwrap();
    let comment = text.lines().take_while(|line| line.starts_with('#')).collect::<Vec<_>>().join(" ");
    let mut lines = text.lines().skip_while(|line| line.starts_with('#'));
    let refusal = match lines.next().unwrap_or_default() {
        "accept" => None,
        verdict => {
            Some(verdict.strip_prefix("refuse ").unwrap_or_else(|| panic!("{name}: {verdict}")).to_owned())
        }
    };
    let subject = lines.next().unwrap_or_default();
    let rest: Vec<&str> = lines.collect();
    let prints = || rest.first().and_then(|line| line.strip_prefix("prints ")).map(str::to_owned);
    // Texts stand between quotes so that spaces at their ends can be seen.
    let quoted = |text: &str| text.strip_prefix('"').and_then(|t| t.strip_suffix('"')).unwrap().to_owned();
    let subject = match subject.split_once(' ') {
        None if subject == "frame" => Subject::Frame(rest.iter().flat_map(|line| hex(line)).collect()),
        Some(("name", text)) => Subject::Name(quoted(text)),
        Some(("address", text)) => Subject::Address(quoted(text), prints().as_deref().map(quoted)),
        Some(("invitation", text)) => Subject::Invitation(quoted(text), prints().as_deref().map(quoted)),
        _ => panic!("{name}: no such subject: {subject}"),
    };
    Vector { name, comment, refusal, subject }
}

fn hex(line: &str) -> Vec<u8> {
    let data = line.split('#').next().unwrap();
    data.split_whitespace().flat_map(word).collect()
}

fn word(word: &str) -> Vec<u8> {
    if let Some((byte, times)) = word.split_once('*') {
        return vec![u8::from_str_radix(byte, 16).unwrap(); times.parse().unwrap()];
    }
    assert!(word.len().is_multiple_of(2), "odd hex: {word}");
    (0..word.len()).step_by(2).map(|i| u8::from_str_radix(&word[i..i + 2], 16).unwrap()).collect()
}
