//! Cases of `vectors/proto`, found by walking the directory.

use std::path::Path;

use crypto::{IdentitySecret, Label};
use proto::signed::{self, Change};
use proto::{Now, ServerConnection};
use wire::request::{AnswerKind, Binding, ChallengeProof, ConnectionProof};
use wire::{
    Authority, ChallengeNonce, IdentityRecord, OwnerId, PublicKey, RecordBody, RecordHash,
    RecoveryCommitment, ServerId, Signature, WelcomeNonce, Wire,
};

use crate::people::*;
use crate::relay::Relay;
use crate::wire_between::server_config;

/// One file: its lines in order.
struct Case {
    file: String,
    lines: Vec<(String, String)>,
}

impl Case {
    fn read(path: &Path) -> Case {
        let text = std::fs::read_to_string(path).unwrap();
        let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
        let split = |line: &str| {
            let (key, value) = line.split_once(" = ").unwrap_or_else(|| panic!("{path:?}: {line}"));
            (key.to_owned(), value.to_owned())
        };
        Case {
            file: path.file_name().unwrap().to_string_lossy().into_owned(),
            lines: lines.map(split).collect(),
        }
    }

    fn get(&self, key: &str) -> &str {
        let line = self.lines.iter().find(|(one, _)| one == key);
        &line.unwrap_or_else(|| panic!("{} lacks {key}", self.file)).1
    }

    fn bytes<const N: usize>(&self, key: &str) -> [u8; N] {
        unhex(self.get(key)).try_into().unwrap()
    }
}

fn unhex(text: &str) -> Vec<u8> {
    assert!(text.len().is_multiple_of(2), "{text}");
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn every_case_of_the_folder_holds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/proto");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "txt") {
            continue;
        }
        let case = Case::read(&path);
        match case.get("function") {
            "connection" => connection(&case),
            "open-message" => open_message(&case),
            "challenge-message" => challenge_message(&case),
            "chain" => chain(&case),
            other => panic!("{}: nobody knows {other}", case.file),
        }
        count += 1;
    }
    assert!(count >= 40, "{count} cases");
}

fn connection(case: &Case) {
    let mut relay = Relay::default();
    let mut server = ServerConnection::new(server_config(0x4e), Now(0));
    server.poll_output().unwrap();
    let mut closed = false;
    for (key, value) in &case.lines {
        match key.as_str() {
            "client" => {
                server.handle_input(Now(0), &unhex(value));
                relay.act(Now(0), &mut server);
            }
            "server" => {
                let frame = server.poll_output().map(|frame| hex(&frame));
                assert_eq!(frame.as_ref(), Some(value), "{}", case.file);
            }
            "closed" => closed = true,
            _ => {}
        }
    }
    assert_eq!(server.poll_output(), None, "{}: says more", case.file);
    assert_eq!(server.is_closed(), closed, "{}", case.file);
}

fn connection_proof(case: &Case) -> ConnectionProof {
    let binding = match case.get("binding").strip_prefix("exporter:") {
        Some(value) => Binding::TlsExporter(unhex(value).try_into().unwrap()),
        None => Binding::None,
    };
    let (server_id, welcome_nonce) =
        (ServerId(case.bytes("server_id")), WelcomeNonce(case.bytes("welcome_nonce")));
    ConnectionProof { version: 1, server_id, welcome_nonce, binding }
}

fn open_message(case: &Case) {
    let message = signed::open_proof_message(&OwnerId(case.bytes("rid")), &connection_proof(case));
    assert_eq!(hex(&message), case.get("message"), "{}", case.file);
}

fn challenge_message(case: &Case) {
    let kind = match case.get("kind") {
        "rotate" => AnswerKind::Rotate,
        "recover" => AnswerKind::Recover,
        "tombstone" => AnswerKind::Tombstone,
        other => panic!("{other}"),
    };
    let challenge = ChallengeProof {
        name: &name(case.get("name")),
        old: RecordHash(case.bytes("old")),
        new: RecordHash(case.bytes("new")),
        nonce: ChallengeNonce(case.bytes("nonce")),
        authority: &PublicKey([0; 1984]),
    };
    assert_eq!(signed::challenge_label(kind).as_str(), case.get("label"));
    let message = signed::challenge_message(&challenge, &connection_proof(case));
    assert_eq!(hex(&message), case.get("message"), "{}", case.file);
}

fn who(word: &str) -> IdentitySecret {
    match word {
        "old" | "old-as-recovery" => identity(1),
        "new" => identity(2),
        "stranger" => identity(3),
        "recovery" => recovery_key(),
        other => panic!("{other}"),
    }
}

fn key_of(secret: &IdentitySecret) -> PublicKey {
    PublicKey(secret.public().to_bytes())
}

fn chain(case: &Case) {
    let previous = first_record().body;
    let body = RecordBody {
        name: name(case.get("name")),
        server_id: if case.get("server") == "right" { SERVER } else { ServerId([1; 32]) },
        seq: case.get("seq").parse().unwrap(),
        identity_key: key_of(&who(case.get("key"))),
        recovery: match case.get("recovery") {
            "same" => previous.recovery,
            "other" => commitment(&identity(50)),
            _ => RecoveryCommitment([0; 32]),
        },
        prev_hash: if case.get("prev") == "right" {
            signed::record_hash(&previous)
        } else {
            RecordHash([0; 32])
        },
    };
    let signer = who(case.get("signer"));
    let sign = |who: &IdentitySecret, label| Signature(who.sign(label, &body.to_bytes()).to_bytes());
    let recovery_label = case.get("authority") == "recovery" || case.get("signer") == "old-as-recovery";
    let label = if recovery_label { Label::RECORD_RECOVERY } else { Label::RECORD_OLD };
    let authority = match case.get("authority") {
        "first" => Authority::First,
        "old" => Authority::Old(Box::new(sign(&signer, label))),
        _ => {
            Authority::Recovery { key: Box::new(key_of(&signer)), signature: Box::new(sign(&signer, label)) }
        }
    };
    let sig_new = sign(&who(case.get("new_signer")), Label::RECORD);
    let result = match signed::verify_next(&IdentityRecord { body, authority, sig_new }, &previous) {
        Ok(Change::Rotated) => "rotated".to_owned(),
        Ok(Change::Recovered) => "recovered".to_owned(),
        Ok(Change::Released) => "released".to_owned(),
        Err(error) => format!("refused {error:?}"),
    };
    assert_eq!(result, case.get("result"), "{}", case.file);
}
