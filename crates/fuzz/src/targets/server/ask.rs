//! Well-formed requests out of a script, so that a script gets past the first checks.

use super::{BINDING, NONCE, SERVER};
use crate::tape::Tape;
use crate::world::{World, bundle, identity};
use bytes::Bytes;
use crypto::{IdentitySecret, OwnerSecret};
use proto::signed;
use std::sync::OnceLock;
use wire::limits::PAIRING_CARD_BYTES;
use wire::request::*;
use wire::{
    ChallengeNonce, Cursor, DepositAuth, DepositId, DepositMac, Envelope, Frame, Generation, IdentityRecord,
    Name, OwnerId, OwnerKey, OwnerSignature, PROTOCOL_VERSION, PairingCard, PairingConfirmation, PairingKey,
    PairingNumber, PairingShare, RecoveryCommitment, Request, RequestId, SealedCard, Settlement, Slot,
    StampCommitment, StampIndex, StampKey, StampTag, Voucher, VoucherHash,
};

/// The nonce of every challenge in this target, so that right answers can be made beforehand.
pub const CHALLENGE: ChallengeNonce = ChallengeNonce([7; 32]);

/// What is expensive to sign, signed once.
pub struct Signed {
    /// Alice's first record, and another's for the same name.
    pub records: [IdentityRecord; 2],
    publish: Publish,
    answers: Vec<Answer>,
    open: OwnerSignature,
}

impl Signed {
    /// Signed at the first use.
    pub fn get() -> &'static Signed {
        static SIGNED: OnceLock<Signed> = OnceLock::new();
        SIGNED.get_or_init(|| {
            let records = [1, 2].map(|n| signed::sign_first(&identity(n), alice(), SERVER, commitment()));
            let [first, _] = &records;
            let publish =
                Publish { name: alice(), bundle: bundle(&World::get().alice, 1, DepositId([1; 16])) };
            let answers = answers(first);
            let open = signed::sign_open(&owner(), &OwnerId([0x1d; 16]), &connection());
            Signed { records, publish, answers, open }
        })
    }
}

/// Owner of every mailbox here.
pub fn owner_key() -> OwnerKey {
    OwnerKey(owner().public())
}

/// Any request, under any id, as bytes.
pub fn frame(tape: &mut Tape<'_>) -> Vec<u8> {
    let id = RequestId(u32::from(tape.byte()).max(1));
    Frame::request(id, request(tape)).encode().to_vec()
}

fn request(tape: &mut Tape<'_>) -> Request {
    let choice = tape.byte();
    if choice >= 240 {
        return pairing(choice, tape);
    }
    if choice == FEED {
        return Feed { log_number: 0, from: 3 }.into();
    }
    match choice % 16 {
        0 => Request::Ping,
        1 => Lookup { name: name(tape), seq: (choice & 16 != 0).then(|| u32::from(tape.byte())) }.into(),
        2 => Fetch { name: name(tape) }.into(),
        3 => deposit(tape).into(),
        4 => claim(tape).into(),
        5 => answer(tape).into(),
        6 => publish(tape).into(),
        7 => create(tape).into(),
        8 | 9 => open(tape).into(),
        10 | 11 => collect(tape).into(),
        12 => Ack { slot: slot(tape), through: Cursor(u64::from(tape.byte())) }.into(),
        13 => {
            Generate { slot: slot(tape), generation: Generation(tape.byte()), key: StampKey([8; 32]) }.into()
        }
        14 => Retire { slot: slot(tape), generation: Generation(tape.byte()) }.into(),
        _ => {
            let (slot, generation, first) = (slot(tape), Generation(tape.byte()), u16::from(tape.byte()));
            CrossOff { slot, generation, indices: (first..first + 3).map(StampIndex).collect() }.into()
        }
    }
}

/// The choice that asks for leaves of the ledger.
const FEED: u8 = 239;

/// Any card.
pub fn card(byte: u8) -> SealedCard {
    SealedCard {
        confirmation: PairingConfirmation([byte; 32]),
        card: PairingCard(Box::new([byte; PAIRING_CARD_BYTES])),
    }
}

fn pairing(choice: u8, tape: &mut Tape<'_>) -> Request {
    let key = PairingKey([choice & 1; 16]);
    let Some(number) = PairingNumber::new(u16::from(tape.byte())) else {
        return Begin { number: None, key, share: PairingShare([choice; 32]) }.into();
    };
    let share = PairingShare([choice; 32]);
    match choice % 5 {
        0 => Begin { number: Some(number), key, share }.into(),
        1 => Meet { number }.into(),
        2 => {
            let settlement =
                if choice & 2 == 0 { Settlement::Burned } else { Settlement::Card(card(choice)) };
            Settle { number, key, settlement }.into()
        }
        3 => Reply { number, key, share, card: card(choice) }.into(),
        _ => Await { number, key }.into(),
    }
}

fn deposit(tape: &mut Tape<'_>) -> Deposit {
    let auth = match tape.byte() {
        0..64 => DepositAuth::Open { puzzle: None },
        index => DepositAuth::Stamped {
            generation: Generation(1),
            index: StampIndex(u16::from(index)),
            commitment: StampCommitment([index; 16]),
            tag: StampTag([index; 16]),
            mac: DepositMac([index; 16]),
        },
    };
    let envelope = Envelope::new(Bytes::from(vec![tape.byte(); 4096])).expect("4 KiB are an envelope");
    Deposit { sid: DepositId([tape.byte() % 2; 16]), auth, envelope }
}

fn claim(tape: &mut Tape<'_>) -> Claim {
    let [first, second] = &Signed::get().records;
    let record = if tape.byte().is_multiple_of(2) { first } else { second };
    Claim { record: record.clone(), vouchers: vouchers(), invite: None }
}

fn answer(tape: &mut Tape<'_>) -> Answer {
    let answers = &Signed::get().answers;
    let choice = usize::from(tape.byte());
    let mut answer = answers.get(choice % answers.len()).cloned().expect("there are answers");
    if choice > 200 {
        answer.kind = AnswerKind::Recover;
    }
    answer
}

fn publish(tape: &mut Tape<'_>) -> Publish {
    let mut publish = Signed::get().publish.clone();
    if tape.byte() > 200 {
        publish.bundle.body.counter += 1;
    }
    publish
}

fn create(tape: &mut Tape<'_>) -> Create {
    let (choice, rid) = (tape.byte(), OwnerId([tape.byte(); 16]));
    let policy = if choice % 2 == 0 { MailboxPolicy::Inbox } else { MailboxPolicy::Doorstep };
    let owner_key = if choice < 200 { owner_key() } else { OwnerKey([choice; 32]) };
    Create { rid, owner_key, policy, voucher: Voucher([1; 16]) }
}

fn open(tape: &mut Tape<'_>) -> Open {
    match tape.byte() {
        0..192 => Open { rid: OwnerId([0x1d; 16]), proof: Signed::get().open },
        other => Open { rid: OwnerId([other; 16]), proof: Signed::get().open },
    }
}

fn collect(tape: &mut Tape<'_>) -> Collect {
    let (slot, after) = (slot(tape), Cursor(u64::from(tape.byte() % 8)));
    Collect { slot, after, credit: 1 + u16::from(tape.byte()), follow: tape.byte().is_multiple_of(2) }
}

fn slot(tape: &mut Tape<'_>) -> Slot {
    Slot(tape.byte() % 3)
}

fn name(tape: &mut Tape<'_>) -> Name {
    if tape.byte().is_multiple_of(4) { Name::parse("nobody").expect("a name") } else { alice() }
}

fn alice() -> Name {
    Name::parse("alice").expect("a name")
}

fn vouchers() -> [VoucherHash; 4] {
    [1, 2, 3, 4].map(|n| VoucherHash([n; 32]))
}

fn owner() -> OwnerSecret {
    OwnerSecret::from_seed([0x0a; 32])
}

fn recovery() -> IdentitySecret {
    IdentitySecret::recovery_from_entropy(&[9; 32])
}

fn commitment() -> RecoveryCommitment {
    RecoveryCommitment(recovery().public().commitment())
}

fn connection() -> ConnectionProof {
    ConnectionProof { version: PROTOCOL_VERSION, server_id: SERVER, welcome_nonce: NONCE, binding: BINDING }
}

/// A right answer of each kind, and one by the wrong key.
fn answers(first: &IdentityRecord) -> Vec<Answer> {
    let (old, new) = (identity(1), identity(2));
    let rotated = signed::sign_rotation(&old, &new, &first.body);
    let recovered = signed::sign_recovery(&recovery(), &new, commitment(), &first.body);
    let given_up = signed::sign_tombstone(&old, &first.body);
    vec![
        sign(first, AnswerKind::Rotate, rotated.clone(), &old),
        sign(first, AnswerKind::Recover, recovered, &recovery()),
        sign(first, AnswerKind::Tombstone, given_up, &old),
        sign(first, AnswerKind::Rotate, rotated, &new),
    ]
}

fn sign(first: &IdentityRecord, kind: AnswerKind, record: IdentityRecord, by: &IdentitySecret) -> Answer {
    let (authority, name) = (wire::PublicKey(by.public().to_bytes()), alice());
    let (old, new) = (signed::record_hash(&first.body), signed::record_hash(&record.body));
    let subject = ChallengeProof { name: &name, old, new, nonce: CHALLENGE, authority: &authority };
    let proof = signed::sign_challenge(by, kind, &subject, &connection());
    Answer { kind, record, vouchers: vouchers(), proof }
}
