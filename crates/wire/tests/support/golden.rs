//! One frame of every kind (several where there are forms), each field filled with a byte of its own, beside the
//! list of its fields as a reader of the spec would write it down.

use bytes::Bytes;
use wire::request::*;
use wire::response::*;
use wire::*;

/// Paths in the grammar and bytes; no lengths, no counts, no flags of options.
pub type Fields = Vec<(String, Vec<u8>)>;

/// A frame with what its fields must look like.
pub struct Golden {
    /// The name of its vector.
    pub name: &'static str,
    pub frame: Frame,
    pub fields: Fields,
}

/// All of them.
pub fn all() -> Vec<Golden> {
    [unit_frames(), registry_frames(), anonymous_frames(), owner_frames(), notices()]
        .into_iter()
        .flatten()
        .collect()
}

fn request(name: &'static str, request: impl Into<Request>, fields: Vec<Fields>) -> Golden {
    Golden { name, frame: Frame::request(RequestId(7), request), fields: fields.concat() }
}

fn response(name: &'static str, response: Response, fields: Vec<Fields>) -> Golden {
    Golden { name, frame: Frame::response(RequestId(7), response), fields: fields.concat() }
}

fn notice(name: &'static str, notice: Notice, fields: Vec<Fields>) -> Golden {
    Golden { name, frame: Frame::notice(notice), fields: fields.concat() }
}

/// One field.
fn f(path: &str, bytes: impl AsRef<[u8]>) -> Fields {
    vec![(path.to_owned(), bytes.as_ref().to_vec())]
}

/// The fields of a struct under a path.
fn under(path: &str, fields: Fields) -> Fields {
    fields.into_iter().map(|(inner, bytes)| (format!("{path}.{inner}"), bytes)).collect()
}

fn alice() -> Name {
    Name::parse("alice").unwrap()
}

fn unit_frames() -> Vec<Golden> {
    use Response::*;
    vec![
        request("ping", Request::Ping, vec![]),
        response("pong", Pong, vec![]),
        response("published", Published, vec![]),
        response("stored", Stored, vec![]),
        response("collecting", Collecting, vec![]),
        response("acked", Acked, vec![]),
        response("generated", Generated, vec![]),
        response("retired", Retired, vec![]),
        response("crossed-off", CrossedOff, vec![]),
        response("refused-plain", Refused(RefusalKind::ChallengeFailed.into()), vec![f("kind", [17])]),
        response(
            "refused-with-retry-after",
            Refused(Refusal::retry_after(RefusalKind::Busy, 60)),
            vec![f("kind", [4]), f("retry_after_s", [0, 0, 0, 60])],
        ),
        response(
            "refused-puzzle",
            Refused(
                RefusalKind::Puzzle(Puzzle { seed: [0x5e; 16], bits: 22, until: UnixSeconds(0x6a00_0000) })
                    .into(),
            ),
            vec![
                f("kind", [48]),
                f("kind.seed", [0x5e; 16]),
                f("kind.bits", [22]),
                f("kind.until", 0x6a00_0000_u64.to_be_bytes()),
            ],
        ),
    ]
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

fn registry_frames() -> Vec<Golden> {
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

fn envelope(size: EnvelopeSize, byte: u8) -> Envelope {
    Envelope::new(Bytes::from(vec![byte; size.bytes()])).unwrap()
}

fn stamped() -> DepositAuth {
    DepositAuth::Stamped {
        generation: Generation(3),
        index: StampIndex(0x0102),
        commitment: StampCommitment([0xca; 16]),
        tag: StampTag([0x7a; 16]),
        mac: DepositMac([0x3a; 16]),
    }
}

fn stamped_fields() -> Fields {
    [
        f("auth", [1]),
        f("auth.generation", [3]),
        f("auth.index", [1, 2]),
        f("auth.commitment", [0xca; 16]),
        f("auth.tag", [0x7a; 16]),
        f("auth.mac", [0x3a; 16]),
    ]
    .concat()
}

fn anonymous_frames() -> Vec<Golden> {
    let deposit =
        |auth, size, byte| Deposit { sid: DepositId([0xd1; 16]), auth, envelope: envelope(size, byte) };
    let sid = || f("sid", [0xd1; 16]);
    let solution = PuzzleSolution { seed: [0x5e; 16], nonce: 0x0123_4567_89ab_cdef };
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
            "deposit-stamped-4k",
            deposit(stamped(), EnvelopeSize::Small, 0xe4),
            vec![sid(), stamped_fields(), f("envelope", vec![0xe4; 4096])],
        ),
        request(
            "deposit-open-16k",
            deposit(DepositAuth::Open { puzzle: None }, EnvelopeSize::Medium, 0xe6),
            vec![sid(), f("auth", [0]), f("envelope", vec![0xe6; 16384])],
        ),
        request(
            "deposit-puzzle-16k",
            deposit(DepositAuth::Open { puzzle: Some(solution) }, EnvelopeSize::Medium, 0xe6),
            vec![
                sid(),
                f("auth", [0]),
                f("auth.puzzle.seed", [0x5e; 16]),
                f("auth.puzzle.nonce", 0x0123_4567_89ab_cdef_u64.to_be_bytes()),
                f("envelope", vec![0xe6; 16384]),
            ],
        ),
        request(
            "deposit-stamped-64k",
            deposit(stamped(), EnvelopeSize::Large, 0xe8),
            vec![sid(), stamped_fields(), f("envelope", vec![0xe8; 65536])],
        ),
    ]
}

fn owner_frames() -> Vec<Golden> {
    let slot = || f("slot", [1]);
    let create = |policy| Create {
        rid: OwnerId([0xf1; 16]),
        owner_key: OwnerKey([0xf2; 32]),
        policy,
        voucher: Voucher([0xf3; 16]),
    };
    let create_fields = |policy| {
        vec![
            f("rid", [0xf1; 16]),
            f("owner_key", [0xf2; 32]),
            f("policy", [policy]),
            f("voucher", [0xf3; 16]),
        ]
    };
    let opened = |generations| {
        Response::Opened(Opened {
            slot: Slot(1),
            sid: DepositId([0xd1; 16]),
            waiting: 300,
            oldest: Day(20_000),
            expired: 2,
            generations,
        })
    };
    let opened_fields = || {
        [
            slot(),
            f("sid", [0xd1; 16]),
            f("waiting", 300_u32.to_be_bytes()),
            f("oldest", 20_000_u16.to_be_bytes()),
            f("expired", 2_u32.to_be_bytes()),
        ]
        .concat()
    };
    vec![
        request("create-doorstep", create(MailboxPolicy::Doorstep), create_fields(1)),
        request("create-inbox", create(MailboxPolicy::Inbox), create_fields(2)),
        response(
            "created",
            Response::Created(Created { sid: DepositId([0xd1; 16]) }),
            vec![f("sid", [0xd1; 16])],
        ),
        request(
            "open",
            Open { rid: OwnerId([0xf1; 16]), proof: OwnerSignature([0xf4; 64]) },
            vec![f("rid", [0xf1; 16]), f("proof", [0xf4; 64])],
        ),
        response("opened-doorstep", opened(vec![]), vec![opened_fields()]),
        response(
            "opened-inbox",
            opened(vec![Generation(2), Generation(3)]),
            vec![opened_fields(), f("generations[0]", [2]), f("generations[1]", [3])],
        ),
        request(
            "collect-and-follow",
            Collect { slot: Slot(1), after: Cursor(77), credit: 256, follow: true },
            vec![slot(), f("after", 77_u64.to_be_bytes()), f("credit", [1, 0]), f("follow", [1])],
        ),
        request(
            "ack",
            Ack { slot: Slot(1), through: Cursor(78) },
            vec![slot(), f("through", 78_u64.to_be_bytes())],
        ),
        request(
            "generate",
            Generate { slot: Slot(1), generation: Generation(3), key: StampKey([0x6e; 32]) },
            vec![slot(), f("generation", [3]), f("key", [0x6e; 32])],
        ),
        request(
            "retire",
            Retire { slot: Slot(1), generation: Generation(3) },
            vec![slot(), f("generation", [3])],
        ),
        request(
            "cross-off",
            CrossOff {
                slot: Slot(1),
                generation: Generation(3),
                indices: vec![StampIndex(0), StampIndex(0xff), StampIndex(0x100), StampIndex(0xffff)],
            },
            vec![
                slot(),
                f("generation", [3]),
                f("indices[0]", [0, 0]),
                f("indices[1]", [0, 0xff]),
                f("indices[2]", [1, 0]),
                f("indices[3]", [0xff, 0xff]),
            ],
        ),
    ]
}

fn notices() -> Vec<Golden> {
    let deliver = |auth, size, byte| {
        Notice::Deliver(Box::new(Deliver {
            slot: Slot(1),
            cursor: Cursor(78),
            auth,
            envelope: envelope(size, byte),
        }))
    };
    let place = || [f("slot", [1]), f("cursor", 78_u64.to_be_bytes())].concat();
    vec![
        notice(
            "welcome",
            Notice::Welcome(Welcome {
                versions: VersionRange { min: 1, max: 2 },
                server_id: ServerId([0x5d; 32]),
                nonce: WelcomeNonce([0x77; 32]),
                time: UnixSeconds(0x6a00_0001),
                frame_bytes_max: 81_920,
                outstanding_max: 64,
                idle_ms_max: 600_000,
                flags: Welcome::OPEN_REGISTRATION,
            }),
            vec![
                f("versions.min", [1]),
                f("versions.max", [2]),
                f("server_id", [0x5d; 32]),
                f("nonce", [0x77; 32]),
                f("time", 0x6a00_0001_u64.to_be_bytes()),
                f("frame_bytes_max", 81_920_u32.to_be_bytes()),
                f("outstanding_max", [0, 64]),
                f("idle_ms_max", 600_000_u32.to_be_bytes()),
                f("flags", [0, 1]),
            ],
        ),
        notice(
            "deliver-stamped",
            deliver(stamped(), EnvelopeSize::Small, 0xe4),
            vec![place(), stamped_fields(), f("envelope", vec![0xe4; 4096])],
        ),
        notice(
            "deliver-open",
            deliver(DepositAuth::Open { puzzle: None }, EnvelopeSize::Medium, 0xe6),
            vec![place(), f("auth", [0]), f("auth.puzzle", [0]), f("envelope", vec![0xe6; 16384])],
        ),
        notice("drained", Notice::Drained(Drained { slot: Slot(1), cursor: Cursor(78) }), vec![place()]),
        notice("superseded", Notice::Superseded(Slot(1)), vec![f("slot", [1])]),
    ]
}
