//! Walks `vectors/ledger`: every case there must come out as it says. Its format: `vectors/ledger/README.md`.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use ledger::{FraudError, FraudProof, Gossip, Hash, Replay, Tree};
use wire::{
    Commitment, CommitmentNonce, Leaf, LeafKind, NameTag, RecordHash, ServerId, TreeHead, UnixSeconds, Wire,
};

/// One case: the fields of its file, each of which must be used. A field may stand there more than once.
struct Case {
    name: String,
    comment: String,
    fields: BTreeMap<String, Vec<String>>,
}

impl Case {
    fn parse(name: &str, text: &str) -> Result<Case, String> {
        let mut case = Case { name: name.to_owned(), comment: String::new(), fields: BTreeMap::new() };
        for line in text.lines() {
            if let Some(comment) = line.strip_prefix("# ") {
                case.comment += &format!("{comment} ");
                continue;
            }
            let Some((field, value)) = line.split_once(" = ") else {
                return Err(format!("{name}: {line} is no field"));
            };
            case.fields.entry(field.to_owned()).or_default().push(value.to_owned());
        }
        Ok(case)
    }

    fn all(&mut self, field: &str) -> Vec<String> {
        self.fields.remove(field).unwrap_or_default()
    }

    fn text(&mut self, field: &str) -> String {
        let [value] = <[String; 1]>::try_from(self.all(field))
            .unwrap_or_else(|values| panic!("{}: {field} stands there {} times", self.name, values.len()));
        value
    }

    fn bytes(&mut self, field: &str) -> Vec<u8> {
        bytes_of(&self.text(field))
    }

    fn array<const N: usize>(&mut self, field: &str) -> [u8; N] {
        self.bytes(field).try_into().unwrap_or_else(|_| panic!("{}: {field} has not {N} bytes", self.name))
    }

    fn number<T: std::str::FromStr>(&mut self, field: &str) -> T {
        self.text(field).parse().unwrap_or_else(|_| panic!("{}: {field}", self.name))
    }

    fn leaf(&mut self, field: &str) -> Leaf {
        Leaf::from_bytes(&self.bytes(field)).unwrap()
    }

    fn leaves(&mut self, field: &str) -> Vec<Leaf> {
        self.all(field).iter().map(|leaf| Leaf::from_bytes(&bytes_of(leaf)).unwrap()).collect()
    }

    fn hashes(&mut self, field: &str) -> Vec<Hash> {
        self.all(field).iter().map(|hash| bytes_of(hash).try_into().unwrap()).collect()
    }

    fn head(&mut self, field: &str) -> TreeHead {
        TreeHead::from_bytes(&self.bytes(field)).unwrap()
    }

    fn server_id(&mut self) -> ServerId {
        ServerId(self.array("server_id"))
    }

    fn nonce(&mut self) -> CommitmentNonce {
        CommitmentNonce(self.array("nonce"))
    }

    /// Hash of the record with the body that stands there.
    fn record(&mut self) -> RecordHash {
        RecordHash(crypto::record_hash(&self.bytes("body")))
    }
}

/// A value is `text:…`, or tokens of hex, each perhaps repeated: `0102 00*44`.
fn bytes_of(value: &str) -> Vec<u8> {
    if let Some(text) = value.strip_prefix("text:") {
        return text.as_bytes().to_vec();
    }
    let token = |token: &str| match token.split_once('*') {
        Some((bytes, count)) => from_hex(bytes).repeat(count.parse().unwrap()),
        None => from_hex(token),
    };
    value.split(' ').flat_map(token).collect()
}

fn from_hex(text: &str) -> Vec<u8> {
    assert_eq!(text.len() % 2, 0, "hex comes in pairs");
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn hex(bytes: impl AsRef<[u8]>) -> String {
    bytes.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn all() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/ledger");
    let mut cases = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "txt") {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            cases.push(Case::parse(&name, &std::fs::read_to_string(&path).unwrap()).unwrap());
        }
    }
    cases
}

#[test]
fn every_case_comes_out_as_its_file_says() {
    let wrong: Vec<String> = all().into_iter().filter_map(|case| judge(case).err()).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_kind_of_case_is_there() {
    let cases = all();
    let functions: BTreeSet<&str> = cases.iter().map(|case| case.fields["function"][0].as_str()).collect();
    assert_eq!(functions, BTreeSet::from(FUNCTIONS.map(|(name, _)| name)));
    assert!(cases.len() >= 128, "only {} cases were found", cases.len());
}

#[test]
fn every_case_says_what_a_wrong_implementation_would_do() {
    for case in all() {
        assert!(case.comment.contains("wrong implementation"), "{}", case.name);
    }
}

#[test]
fn most_cases_are_refusals() {
    let (refused, accepted): (Vec<_>, Vec<_>) =
        all().into_iter().partition(|case| case.fields["result"][0].starts_with("refused"));
    assert!(refused.len() > accepted.len(), "{} refused, {} accepted", refused.len(), accepted.len());
}

#[test]
fn a_line_that_nobody_knows_is_an_error() {
    let of_nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let judged = |line: &str| {
        let text = format!("# Made up.\nfunction = root\nresult = {of_nothing}\n{line}");
        Case::parse("made-up", &text).and_then(judge)
    };
    assert_eq!(judged(""), Ok(()));
    assert!(judged("leaves = 00").is_err(), "no root has such a field");
    assert!(judged("leaf 00").is_err(), "this is no field");
}

/// What a case comes out as, which is what its `result` says.
type Function = fn(&mut Case) -> String;

const FUNCTIONS: [(&str, Function); 10] = [
    ("name-tag", name_tag),
    ("commitment", commitment),
    ("commits", commits),
    ("leaf", leaf),
    ("root", root),
    ("consistency", consistency),
    ("head", head),
    ("replay", replay),
    ("gossip", gossip),
    ("fraud", fraud),
];

/// Runs a case, or says in what it is not as its file says.
fn judge(mut case: Case) -> Result<(), String> {
    let (name, result) = (case.text("function"), case.text("result"));
    let Some((_, function)) = FUNCTIONS.iter().find(|(known, _)| *known == name) else {
        return Err(format!("{}: nobody knows {name}", case.name));
    };
    let came = function(&mut case);
    let is_word = result == "accepted" || result.starts_with("refused");
    let expected = if is_word { result } else { hex(bytes_of(&result)) };
    if came != expected {
        return Err(format!("{}: came out as {came}, not {expected}", case.name));
    }
    match case.fields.is_empty() {
        true => Ok(()),
        false => Err(format!("{}: nobody looked at {:?}", case.name, case.fields.keys())),
    }
}

fn came<T, E: std::fmt::Debug>(result: Result<T, E>) -> String {
    result.map_or_else(|error| format!("refused {error:?}"), |_| "accepted".to_owned())
}

fn holds(holds: bool) -> String {
    if holds { "accepted".to_owned() } else { "refused".to_owned() }
}

fn name_tag(case: &mut Case) -> String {
    hex(crypto::name_tag(&case.array("server_id"), &case.text("name")))
}

fn commitment(case: &mut Case) -> String {
    let (nonce, record) = (case.nonce(), case.record());
    let leaf = ledger::of_record(LeafKind::Register, NameTag([1; 32]), Leaf::NONE, &nonce, &record, 0);
    hex(leaf.commitment.0)
}

fn commits(case: &mut Case) -> String {
    let (leaf, tag) = (case.leaf("leaf"), NameTag(case.array("tag")));
    holds(ledger::commits_to(&leaf, &tag, &case.nonce(), &case.record()))
}

/// The bytes of a leaf; their hash is the root of a tree of it alone.
fn leaf(case: &mut Case) -> String {
    let leaf = Leaf {
        kind: LeafKind::of(case.number("kind")),
        tag: NameTag(case.array("tag")),
        prev_index: case.number("prev_index"),
        commitment: Commitment(case.array("commitment")),
        time: case.number("time"),
    };
    match leaf.kind {
        LeafKind::Heartbeat => assert_eq!(leaf, ledger::heartbeat(leaf.time)),
        LeafKind::Restored => assert_eq!(leaf, ledger::restored(leaf.prev_index, leaf.tag.0, leaf.time)),
        _ => {}
    }
    let mut tree = Tree::new();
    tree.push(&leaf);
    assert_eq!(tree.root(), case.array::<32>("hash"), "{}", case.name);
    hex(leaf.to_bytes())
}

/// Grown leaf by leaf, and of all hashes at once.
fn root(case: &mut Case) -> String {
    let leaves = case.leaves("leaf");
    let mut tree = Tree::new();
    leaves.iter().for_each(|leaf| tree.push(leaf));
    assert_eq!(tree.root(), ledger::root_of(&hashes_of(&leaves)), "{}", case.name);
    hex(tree.root())
}

/// Whether a proof holds. Where the leaves stand there, it is the one that is made of them.
fn consistency(case: &mut Case) -> String {
    let (size, root) = (case.number("size"), case.array("root"));
    let (later_size, later_root) = (case.number("later_size"), case.array("later_root"));
    let (proof, leaves) = (case.hashes("proof"), case.leaves("leaf"));
    if !leaves.is_empty() {
        let made = ledger::consistency(&hashes_of(&leaves), usize::try_from(size).unwrap());
        assert_eq!(made, proof, "{}", case.name);
    }
    holds(ledger::follows(size, &root, later_size, &later_root, &proof))
}

fn hashes_of(leaves: &[Leaf]) -> Vec<Hash> {
    leaves.iter().map(|leaf| crypto::leaf_hash(&leaf.to_bytes())).collect()
}

fn head(case: &mut Case) -> String {
    came(ledger::head::verify(&case.head("head"), &case.server_id()))
}

fn replay(case: &mut Case) -> String {
    let (server_id, known) = (case.server_id(), case.leaves("known"));
    let before = case.fields.contains_key("before").then(|| case.head("before"));
    let (head, first, fed) = (case.head("head"), case.number("first"), case.leaves("fed"));
    let replayed = ledger::replay(&server_id, &known, before.as_ref(), &head, first, &fed);
    if let Ok(replay) = &replayed {
        let leaves = [&known[..usize::try_from(first).unwrap()], &fed].concat();
        assert_eq!(replay.hashes(), hashes_of(&leaves), "{}", case.name);
        is_as_said(replay, case);
        // What was taken is known from now on, and replays without its head.
        let known = Replay::of(&leaves).unwrap_or_else(|_| panic!("{}: known leaves", case.name));
        assert_eq!(known.root(), replay.root(), "{}", case.name);
    }
    came(replayed)
}

fn is_as_said(replay: &Replay, case: &mut Case) {
    if case.fields.contains_key("number") {
        assert_eq!(replay.number(), case.number::<u32>("number"), "{}", case.name);
        assert_eq!(replay.root(), case.array::<32>("root"), "{}", case.name);
    }
}

/// Zero where no log is kept, or its size does not fit.
fn gossip(case: &mut Case) -> String {
    let (head, now) = (case.head("head"), UnixSeconds(case.number("now")));
    let Some(gossip) = Gossip::of(&head, now) else {
        assert_eq!(Gossip::from_bytes(&[0; Gossip::BYTES]), None);
        return hex([0; Gossip::BYTES]);
    };
    assert_eq!(Gossip::from_bytes(&gossip.to_bytes()), Some(gossip), "{}", case.name);
    hex(gossip.to_bytes())
}

fn fraud(case: &mut Case) -> String {
    let proof = FraudProof {
        server_id: case.server_id(),
        one: case.head("one"),
        other: case.head("other"),
        root: case.array("root"),
        consistency: case.hashes("proof"),
    };
    match proof.verify() {
        Err(FraudError::Head(error)) => format!("refused {error:?}"),
        result => came(result),
    }
}
