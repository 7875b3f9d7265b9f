//! Walks `vectors/crypto`: every case there must come out as it says.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::collections::BTreeMap;
use std::path::Path;

use common::{from_hex, hex};
use crypto::{
    CompositeSignature, IdentitySecret, Label, OwnerSecret, PairingSide, Secret, WrongWords, XWingSecret,
};

/// One case: the fields of its file, each of which must be used.
struct Case {
    name: String,
    fields: BTreeMap<String, String>,
}

impl Case {
    fn parse(name: &str, text: &str) -> Case {
        let mut fields = BTreeMap::new();
        for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
            let (field, value) = line.split_once(" =").unwrap_or_else(|| panic!("{name}: {line}"));
            let twice = fields.insert(field.to_owned(), value.trim_start().to_owned());
            assert!(twice.is_none(), "{name}: {field} stands there twice");
        }
        assert!(text.starts_with("# "), "{name}: a comment says what a wrong implementation does");
        Case { name: name.to_owned(), fields }
    }

    fn optional(&mut self, field: &str) -> Option<String> {
        self.fields.remove(field)
    }

    fn text(&mut self, field: &str) -> String {
        self.optional(field).unwrap_or_else(|| panic!("{}: no {field}", self.name))
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

    fn label(&mut self, field: &str) -> Label {
        let text = self.bytes(field);
        *Label::ALL.iter().find(|label| label.as_bytes() == text).unwrap()
    }

    fn utf8(&mut self, field: &str) -> String {
        String::from_utf8(self.bytes(field)).unwrap()
    }

    /// The result that the file names must be what came out.
    fn gives(&mut self, result: impl AsRef<[u8]>) {
        assert_eq!(self.text("result"), hex(result.as_ref()), "{}", self.name);
    }

    fn gives_or_refuses<E: std::fmt::Debug>(&mut self, result: Result<impl AsRef<[u8]>, E>) {
        let came = result.map_or_else(|_| "refused".to_owned(), |bytes| hex(bytes.as_ref()));
        assert_eq!(self.text("result"), came, "{}", self.name);
    }

    fn secret(&mut self) -> IdentitySecret {
        IdentitySecret::from_seeds(self.array("classical_seed"), self.array("post_quantum_seed"))
    }
}

/// A value is hex, or `text:…`, or `repeat:BYTE:COUNT`.
fn bytes_of(value: &str) -> Vec<u8> {
    if let Some(text) = value.strip_prefix("text:") {
        return text.as_bytes().to_vec();
    }
    match value.strip_prefix("repeat:").and_then(|rest| rest.split_once(':')) {
        Some((byte, count)) => from_hex(byte).repeat(count.parse().unwrap()),
        None => from_hex(value),
    }
}

#[test]
fn every_case_comes_out_as_its_file_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/crypto");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "txt") {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            run(Case::parse(&name, &std::fs::read_to_string(&path).unwrap()));
            seen += 1;
        }
    }
    assert!(seen >= 54, "only {seen} cases were found");
}

fn run(mut case: Case) {
    let function = case.text("function");
    match function.as_str() {
        "stamp_secret" | "stamp_commitment" | "stamp_tag" | "deposit_mac" => stamp(&function, &mut case),
        "open_base" | "open_psk" | "envelope_public_sha256" => envelope(&function, &mut case),
        "owner_sign" | "check_owner_key" => owner(&function, &mut case),
        "sign" => sign(&mut case),
        "signature" => signature(&mut case),
        "verify" => verify(&mut case),
        "safety_number" => safety_number(&mut case),
        "puzzle" => puzzle(&mut case),
        "pairing_share" | "pairing_open" => pairing(&function, &mut case),
        "record_hash" | "voucher_hash" | "envelope_hash" | "keyed_name" => hash(&function, &mut case),
        _ => identity(&function, &mut case),
    }
    assert!(case.fields.is_empty(), "{}: nobody looked at {:?}", case.name, case.fields.keys());
}

fn stamp(function: &str, case: &mut Case) {
    if function == "stamp_commitment" {
        let commitment = crypto::stamp_commitment(&case.array("secret"));
        return case.gives(commitment);
    }
    let (sid, generation, index) = (case.array("sid"), case.number("generation"), case.number("index"));
    let result = match function {
        "stamp_secret" => crypto::stamp_secret(&case.array("owner_key"), &sid, generation, index),
        "stamp_tag" => {
            crypto::stamp_tag(&case.array("stamp_key"), &sid, generation, index, &case.array("commitment"))
        }
        _ => crypto::deposit_mac(&case.array("secret"), &sid, generation, index, &case.bytes("envelope")),
    };
    case.gives(result);
}

fn pairing(function: &str, case: &mut Case) {
    let side = match case.text("side").as_str() {
        "begins" => PairingSide::Begins,
        "replies" => PairingSide::Replies,
        other => panic!("{}: {other} is no side", case.name),
    };
    let (words, seed) = (String::from_utf8(case.bytes("words")).unwrap(), Secret::new(case.array("seed")));
    if function == "pairing_share" {
        return case.gives(crypto::pairing_share(side, &words, &seed));
    }
    let (context, share) = (case.bytes("context"), case.array("share"));
    let sealed = case.bytes("sealed");
    let (confirmation, card) = sealed.split_first_chunk().unwrap();
    let opened = crypto::agree_on_pairing(side, &words, &context, &seed, &share)
        .map_err(|_| WrongWords)
        .and_then(|keys| keys.open(confirmation, card));
    case.gives_or_refuses(opened);
}

fn envelope(function: &str, case: &mut Case) {
    let secret = XWingSecret::from_seed(case.array("seed"));
    if function == "envelope_public_sha256" {
        return case.gives(crypto::sha256(&[&secret.public()]));
    }
    let (enc, info, aad) = (case.array("enc"), case.bytes("info"), case.bytes("aad"));
    let ciphertext = case.bytes("ciphertext");
    let opened = if function == "open_base" {
        crypto::open_base(&secret, &enc, &info, &aad, &ciphertext)
    } else {
        let (psk, psk_id) = (case.array("psk"), case.bytes("psk_id"));
        crypto::open_psk(&secret, &enc, &psk, &psk_id, &info, &aad, &ciphertext)
    };
    case.gives_or_refuses(opened.map(|plaintext| plaintext.to_vec()));
}

fn owner(function: &str, case: &mut Case) {
    if function == "check_owner_key" {
        let public = case.array("public");
        let checked = crypto::check_owner_key(&public);
        let verified = crypto::verify_owner(&public, Label::OPEN, b"proof", &[0; 64]);
        assert!(checked.is_ok() || verified.is_err(), "{}: a bad key verifies nothing", case.name);
        return case.gives_or_refuses(checked.map(|()| public));
    }
    let secret = OwnerSecret::from_seed(case.array("seed"));
    let (purpose, message) = (case.label("purpose"), case.bytes("message"));
    let signature = secret.sign(purpose, &message);
    assert!(crypto::verify_owner(&secret.public(), purpose, &message, &signature).is_ok());
    case.gives(signature);
}

fn sign(case: &mut Case) {
    let secret = case.secret();
    let (purpose, message) = (case.label("purpose"), case.bytes("message"));
    let signature = secret.sign(purpose, &message);
    let (classical, post_quantum) = signature.as_bytes().split_at(64);
    assert_eq!(case.text("classical_half"), hex(classical), "{}", case.name);

    // The transcript is not public; that ML-DSA accepts it shows that the other half signed it too.
    let public = secret.public().to_bytes();
    let key = ml_dsa::VerifyingKey::<ml_dsa::MlDsa65>::decode(public[32..].try_into().unwrap());
    let post_quantum = ml_dsa::Signature::try_from(post_quantum).unwrap();
    let transcript = case.bytes("transcript");
    assert!(key.verify_with_context(&transcript, b"oubliette", &post_quantum), "{}", case.name);
    assert!(!key.verify_with_context(&transcript, b"", &post_quantum), "{}", case.name);
}

fn signature(case: &mut Case) {
    let secret = case.secret();
    let (purpose, message) = (case.label("purpose"), case.bytes("message"));
    assert_eq!(case.text("signature"), hex(secret.sign(purpose, &message).as_bytes()), "{}", case.name);
}

fn verify(case: &mut Case) {
    let (classical_seed, post_quantum_seed) = (case.array("classical_seed"), case.array("post_quantum_seed"));
    let (purpose, message) = (case.label("purpose"), case.bytes("message"));
    let signer = IdentitySecret::from_seeds(classical_seed, post_quantum_seed);
    let mut signature = signer.sign(purpose, &message).to_bytes();
    let untouched = CompositeSignature::from_bytes(&signature);
    assert!(signer.public().verify(purpose, &message, &untouched).is_ok(), "{}", case.name);

    if let Some(at) = case.optional("flip") {
        signature[at.parse::<usize>().unwrap()] ^= 1;
    }
    if case.optional("add_order_to_s").is_some() {
        common::add_group_order(&mut signature[32..64]);
    }
    let shown_seed = case.optional("shown_post_quantum_seed").map(|seed| bytes_of(&seed).try_into().unwrap());
    let shown = IdentitySecret::from_seeds(classical_seed, shown_seed.unwrap_or(post_quantum_seed)).public();
    let shown_message = case.optional("shown_message").map_or(message, |text| bytes_of(&text));
    let purpose =
        if case.fields.contains_key("shown_purpose") { case.label("shown_purpose") } else { purpose };
    let verified = shown.verify(purpose, &shown_message, &CompositeSignature::from_bytes(&signature));
    case.gives_or_refuses(verified.map(|()| b"holds"));
}

fn safety_number(case: &mut Case) {
    let mut side = |which: &str| {
        let (fingerprint, name, server) = (
            case.array(&format!("{which}_fingerprint")),
            case.utf8(&format!("{which}_name")),
            case.array(&format!("{which}_server")),
        );
        crypto::safety_half(crypto::SAFETY_NUMBER_VERSION, &fingerprint, &name, &server)
    };
    let number = crypto::SafetyNumber::of(side("one"), side("other"));
    assert_eq!(case.text("digits"), number.digits());
    assert_eq!(case.text("words"), number.word_indices().map(|index| index.to_string()).join(" "));
}

fn puzzle(case: &mut Case) {
    let (seed, sid, hash) = (case.array("seed"), case.array("sid"), case.array("envelope_hash"));
    let (bits, nonce) = (case.number("bits"), case.number("result"));
    assert_eq!(crypto::solve_puzzle(&seed, &sid, &hash, bits, 1 << 20), Some(nonce));
    assert!(crypto::puzzle_ok(&seed, &sid, &hash, nonce, bits));
}

fn hash(function: &str, case: &mut Case) {
    match function {
        "record_hash" => {
            let hash = crypto::record_hash(&case.bytes("body"));
            case.gives(hash);
        }
        "voucher_hash" => {
            let hash = crypto::voucher_hash(&case.array("voucher"));
            case.gives(hash);
        }
        "envelope_hash" => {
            let hash = crypto::envelope_hash(&case.bytes("envelope"));
            case.gives(hash);
        }
        _ => {
            let hash = crypto::keyed_name(&case.array("key"), &case.utf8("name"));
            case.gives(hash);
        }
    }
}

fn identity(function: &str, case: &mut Case) {
    if function == "recovery_seeds" {
        let seeds = IdentitySecret::recovery_from_entropy(&case.array("entropy")).seeds();
        return case.gives(seeds.expose());
    }
    let public = case.secret().public();
    match function {
        "public_key_sha256" => case.gives(crypto::sha256(&[public.as_bytes()])),
        "identity_fingerprint" => case.gives(public.fingerprint()),
        "recovery_commitment" => case.gives(public.commitment()),
        _ => panic!("{}: nobody knows {function}", case.name),
    }
}
