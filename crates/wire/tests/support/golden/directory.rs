//! Golden frames that speak of names: records, challenges, bundles.

use wire::request::*;
use wire::response::*;
use wire::*;

use super::{Fields, Golden, alice, f, request, response, under};

pub(super) fn registry_frames() -> Vec<Golden> {
    let claim = |invite| Claim { record: record(Authority::First), vouchers: vouchers(), invite };
    let answer = |kind, authority| Answer {
        kind,
        record: record(authority),
        vouchers: vouchers(),
        proof: Signature([0x9f; 3373]),
    };
    let first = || record_fields(0, vec![f("authority", [0])]);
    let proof = || f("proof", [0x9f; 3373]);
    let ((by_old, old_fields), (by_recovery, recovery_fields)) = (old(), recovery());
    let stands =
        || [f("leaf_index", 9_u64.to_be_bytes()), tree_head_fields(), f("commitment_nonce", [0x14; 16])];
    let registered =
        Registered { leaf_index: 9, tree_head: tree_head(), commitment_nonce: CommitmentNonce([0x14; 16]) };
    let replaced =
        Replaced { leaf_index: 9, tree_head: tree_head(), commitment_nonce: CommitmentNonce([0x14; 16]) };
    vec![
        request("claim-open", claim(None), vec![first(), voucher_fields()]),
        request(
            "claim-invited",
            claim(Some(InviteCode([0xc0; 16]))),
            vec![first(), voucher_fields(), f("invite", [0xc0; 16])],
        ),
        response("registered", Response::Registered(Box::new(registered)), stands().to_vec()),
        response(
            "challenge",
            Response::Challenge(Challenge {
                nonce: ChallengeNonce([0xcc; 32]),
                seq: 6,
                record_hash: RecordHash([0xcd; 32]),
            }),
            vec![f("nonce", [0xcc; 32]), f("seq", 6_u32.to_be_bytes()), f("record_hash", [0xcd; 32])],
        ),
        request(
            "answer-rotate",
            answer(AnswerKind::Rotate, by_old.clone()),
            vec![f("kind", [1]), record_fields(1, old_fields.clone()), voucher_fields(), proof()],
        ),
        request(
            "answer-recover",
            answer(AnswerKind::Recover, by_recovery),
            vec![f("kind", [2]), record_fields(1, recovery_fields), voucher_fields(), proof()],
        ),
        request(
            "answer-tombstone",
            answer(AnswerKind::Tombstone, by_old),
            vec![f("kind", [3]), record_fields(1, old_fields), voucher_fields(), proof()],
        ),
        response("replaced", Response::Replaced(Box::new(replaced)), stands().to_vec()),
        request(
            "publish",
            Publish { name: alice(), bundle: bundle() },
            vec![f("name", "alice"), bundle_fields()],
        ),
    ]
}

pub(super) fn anonymous_frames() -> Vec<Golden> {
    vec![
        request("lookup-newest", Lookup { name: alice(), seq: None }, vec![f("name", "alice")]),
        request(
            "lookup-of-a-number",
            Lookup { name: alice(), seq: Some(2) },
            vec![f("name", "alice"), f("seq", [0, 0, 0, 2])],
        ),
        response(
            "record",
            Response::Record(Box::new(Record {
                record: record(Authority::First),
                commitment_nonce: CommitmentNonce([0x14; 16]),
                leaf_index: 9,
                tree_head: tree_head(),
            })),
            vec![
                record_fields(0, vec![f("authority", [0])]),
                f("commitment_nonce", [0x14; 16]),
                f("leaf_index", 9_u64.to_be_bytes()),
                tree_head_fields(),
            ],
        ),
        request("fetch", Fetch { name: alice() }, vec![f("name", "alice")]),
        response("bundle", Response::Bundle(Box::new(bundle())), vec![bundle_fields()]),
        request(
            "feed",
            Feed { log_number: 3, from: 9 },
            vec![f("log_number", [0, 0, 0, 3]), f("from", 9_u64.to_be_bytes())],
        ),
        response(
            "leaves",
            Response::Leaves(Box::new(Leaves {
                tree_head: tree_head(),
                first: 9,
                leaves: vec![leaf(1), leaf(200)],
            })),
            vec![
                tree_head_fields(),
                f("first", 9_u64.to_be_bytes()),
                under("leaves[0]", leaf_fields(1)),
                under("leaves[1]", leaf_fields(200)),
            ],
        ),
    ]
}

fn leaf(kind: u8) -> Leaf {
    Leaf {
        kind: LeafKind::of(kind),
        tag: NameTag([0x7a; 32]),
        prev_index: 4,
        commitment: Commitment([0xc0; 32]),
        time: 0x6a00_0000,
    }
}

fn leaf_fields(kind: u8) -> Fields {
    [
        f("kind", [kind]),
        f("tag", [0x7a; 32]),
        f("prev_index", 4_u64.to_be_bytes()),
        f("commitment", [0xc0; 32]),
        f("time", 0x6a00_0000_u32.to_be_bytes()),
    ]
    .concat()
}

fn record(authority: Authority) -> IdentityRecord {
    let seq = if authority == Authority::First { 0 } else { 1 };
    IdentityRecord {
        body: RecordBody {
            name: alice(),
            server_id: ServerId([0x5d; 32]),
            seq,
            identity_key: PublicKey([0x1d; 1984]),
            recovery: RecoveryCommitment([0x4c; 32]),
            prev_hash: RecordHash([0x9a; 32]),
        },
        authority,
        sig_new: Signature([0x51; 3373]),
    }
}

fn record_fields(seq: u8, authority: Vec<Fields>) -> Fields {
    under(
        "record",
        [
            f("body.name", "alice"),
            f("body.server_id", [0x5d; 32]),
            f("body.seq", [0, 0, 0, seq]),
            f("body.identity_key", [0x1d; 1984]),
            f("body.recovery", [0x4c; 32]),
            f("body.prev_hash", [0x9a; 32]),
            authority.concat(),
            f("sig_new", [0x51; 3373]),
        ]
        .concat(),
    )
}

fn old() -> (Authority, Vec<Fields>) {
    let authority = Authority::Old(Box::new(Signature([0x01; 3373])));
    (authority, vec![f("authority", [1]), f("authority.signature", [0x01; 3373])])
}

fn recovery() -> (Authority, Vec<Fields>) {
    let authority = Authority::Recovery {
        key: Box::new(PublicKey([0x2e; 1984])),
        signature: Box::new(Signature([0x2f; 3373])),
    };
    let fields =
        vec![f("authority", [2]), f("authority.key", [0x2e; 1984]), f("authority.signature", [0x2f; 3373])];
    (authority, fields)
}

fn vouchers() -> [VoucherHash; VOUCHERS] {
    [0xa0, 0xa1, 0xa2, 0xa3].map(|byte| VoucherHash([byte; 32]))
}

fn voucher_fields() -> Fields {
    (0..4).flat_map(|i| f(&format!("vouchers[{i}]"), [0xa0 + i; 32])).collect()
}

fn tree_head() -> TreeHead {
    TreeHead {
        log_id: [0x10; 32],
        log_number: 2,
        size: 3,
        root: [0x11; 32],
        time: 4,
        signature: [0x12; 64],
        endorsement: [0x13; 128],
    }
}

fn tree_head_fields() -> Fields {
    under(
        "tree_head",
        [
            f("log_id", [0x10; 32]),
            f("log_number", 2_u32.to_be_bytes()),
            f("size", 3_u64.to_be_bytes()),
            f("root", [0x11; 32]),
            f("time", 4_u64.to_be_bytes()),
            f("signature", [0x12; 64]),
            f("endorsement", [0x13; 128]),
        ]
        .concat(),
    )
}

fn bundle() -> PrekeyBundle {
    PrekeyBundle {
        body: BundleBody {
            identity: IdentityFingerprint([0xb0; 32]),
            counter: 5,
            day: Day(20_000),
            not_after: Day(20_090),
            olm_identity: Curve25519Key([0xb1; 32]),
            olm_fallback: Curve25519Key([0xb2; 32]),
            prekey_id: PrekeyId([0xb3; 8]),
            prekey: XWingPublicKey([0xb4; 1216]),
            doorstep: DepositId([0xb5; 16]),
            suites: vec![1, 2],
        },
        signature: Signature([0xb6; 3373]),
    }
}

fn bundle_fields() -> Fields {
    under(
        "bundle",
        [
            f("body.identity", [0xb0; 32]),
            f("body.counter", 5_u64.to_be_bytes()),
            f("body.day", 20_000_u16.to_be_bytes()),
            f("body.not_after", 20_090_u16.to_be_bytes()),
            f("body.olm_identity", [0xb1; 32]),
            f("body.olm_fallback", [0xb2; 32]),
            f("body.prekey_id", [0xb3; 8]),
            f("body.prekey", [0xb4; 1216]),
            f("body.doorstep", [0xb5; 16]),
            f("body.suites[0]", [1]),
            f("body.suites[1]", [2]),
            f("signature", [0xb6; 3373]),
        ]
        .concat(),
    )
}
