//! Golden frames that speak of mailboxes: deposits, what owners ask, and what they are told.

use bytes::Bytes;
use wire::request::*;
use wire::response::*;
use wire::*;

use super::{Fields, Golden, f, notice, request, response};

pub(super) fn deposit_frames() -> Vec<Golden> {
    let deposit =
        |auth, size, byte| Deposit { sid: DepositId([0xd1; 16]), auth, envelope: envelope(size, byte) };
    let sid = || f("sid", [0xd1; 16]);
    let solution = PuzzleSolution { seed: [0x5e; 16], nonce: 0x0123_4567_89ab_cdef };
    vec![
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

pub(super) fn owner_frames() -> Vec<Golden> {
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

pub(super) fn notices() -> Vec<Golden> {
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
