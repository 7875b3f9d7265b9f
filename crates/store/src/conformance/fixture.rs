//! People, stamps and envelopes of the cases. A store checks no signatures, so none is real.

use bytes::Bytes;
use wire::request::{MailboxPolicy, VOUCHERS};
use wire::{
    Authority, CommitmentNonce, Cursor, Day, DepositAuth, DepositId, Envelope, Generation, IdentityRecord,
    Name, NameTag, OwnerId, OwnerKey, PublicKey, RecordBody, RecordHash, RecoveryCommitment, ServerId,
    Signature, StampIndex, StampKey, UnixSeconds, VoucherHash,
};

use crate::{
    CreateOutcome, DepositOutcome, DepositRequest, GenerationOutcome, NewMailbox, RegisterOutcome,
    RegisterRequest, Store, Stored,
};

/// The day on which most cases begin.
pub(crate) const TODAY: Day = Day(20_000);

/// Somebody registered, with vouchers in hand.
#[derive(Clone, Copy, Debug)]
pub struct Person {
    /// Tells persons of one case apart; fills names, ids and keys.
    pub number: u8,
}

impl Person {
    /// Registers person `number`.
    pub fn register(store: &dyn Store, number: u8) -> Self {
        let person = Self { number };
        let outcome = store.register(person.claim(UnixSeconds(u64::from(TODAY.0) * 86_400)));
        assert!(matches!(outcome, Ok(RegisterOutcome::Registered(_))), "{outcome:?}");
        person
    }

    /// What registers them, at this time.
    pub fn claim(&self, now: UnixSeconds) -> RegisterRequest {
        RegisterRequest {
            record: record(&self.name(), 0, self.number),
            vouchers: self.vouchers(0),
            invite: None,
            open: true,
            tag: Some(NameTag([self.number; 32])),
            commitment_nonce: CommitmentNonce([self.number; 16]),
            now,
        }
    }

    /// Their name.
    pub fn name(&self) -> Name {
        Name::parse(&format!("person{}", self.number)).expect("letters and digits")
    }

    /// Hashes of the vouchers of their `round`-th record.
    pub fn vouchers(&self, round: u8) -> [VoucherHash; VOUCHERS] {
        [0, 1, 2, 3].map(|place| VoucherHash([self.number.wrapping_mul(41) ^ (round * 8 + place + 1); 32]))
    }

    /// Their inbox, made today, with stamp generation 1.
    pub fn inbox(&self, store: &dyn Store) -> DepositId {
        let sid = self.mailbox(store, MailboxPolicy::Inbox, TODAY);
        assert_eq!(store.generate(&sid, Generation(1), &stamp_key(1)), Ok(GenerationOutcome::Done));
        sid
    }

    /// Their doorstep, made today.
    pub fn doorstep(&self, store: &dyn Store) -> DepositId {
        self.mailbox(store, MailboxPolicy::Doorstep, TODAY)
    }

    /// One of their mailboxes.
    pub fn mailbox(&self, store: &dyn Store, policy: MailboxPolicy, today: Day) -> DepositId {
        let new = self.new_mailbox(policy, today);
        let voucher = self.vouchers(0).into_iter().nth(usize::from(policy == MailboxPolicy::Inbox));
        let outcome = store.create(new, &voucher.expect("four vouchers"));
        assert_eq!(outcome, Ok(CreateOutcome::Created(new.sid)));
        new.sid
    }

    /// What they ask for.
    pub fn new_mailbox(&self, policy: MailboxPolicy, today: Day) -> NewMailbox {
        let (rid, sid) = (self.rid(policy), DepositId([self.number ^ self.salt(policy); 16]));
        NewMailbox { rid, sid, owner_key: OwnerKey([self.number; 32]), policy, today }
    }

    /// By what they open it.
    pub fn rid(&self, policy: MailboxPolicy) -> OwnerId {
        OwnerId([self.number ^ self.salt(policy) ^ 0xff; 16])
    }

    fn salt(&self, policy: MailboxPolicy) -> u8 {
        match policy {
            MailboxPolicy::Doorstep => 0x40,
            MailboxPolicy::Inbox => 0x80,
        }
    }
}

/// K_m of a generation of the cases.
pub(crate) fn stamp_key(generation: u8) -> StampKey {
    StampKey([generation ^ 0x5a; 32])
}

/// A record of a name.
pub fn record(name: &Name, seq: u32, fill: u8) -> IdentityRecord {
    let body = RecordBody {
        name: name.clone(),
        server_id: ServerId([7; 32]),
        seq,
        identity_key: PublicKey([fill; 1984]),
        recovery: RecoveryCommitment([fill; 32]),
        prev_hash: RecordHash([if seq == 0 { 0 } else { fill }; 32]),
    };
    let authority = match seq {
        0 => Authority::First,
        _ => Authority::Old(Box::new(Signature([fill; 3373]))),
    };
    IdentityRecord { body, authority, sig_new: Signature([fill; 3373]) }
}

/// An envelope told apart by its number.
pub fn envelope(bytes: usize, number: u32) -> Envelope {
    let mut filled = vec![0x6f; bytes];
    for (to, from) in filled.iter_mut().zip(number.to_be_bytes()) {
        *to = from;
    }
    Envelope::new(Bytes::from(filled)).expect("one of the three sizes")
}

/// A deposit under stamp `index` of generation `generation`, 4 KiB, today.
pub fn stamped(sid: DepositId, generation: u8, index: u16, number: u32) -> DepositRequest {
    stamped_with(sid, generation, index, envelope(4_096, number), TODAY)
}

pub(crate) fn stamped_with(
    sid: DepositId,
    generation: u8,
    index: u16,
    envelope: Envelope,
    today: Day,
) -> DepositRequest {
    let secret = [generation ^ 0x33; 16];
    let commitment = crypto::stamp_commitment(&secret);
    let tag = crypto::stamp_tag(&stamp_key(generation).0, sid.as_bytes(), generation, index, &commitment);
    let mac = crypto::deposit_mac(&secret, sid.as_bytes(), generation, index, envelope.as_bytes());
    let auth = DepositAuth::Stamped {
        generation: Generation(generation),
        index: StampIndex(index),
        commitment: commitment.into(),
        tag: tag.into(),
        mac: mac.into(),
    };
    DepositRequest { sid, auth, envelope, today }
}

/// A deposit at a doorstep, 16 KiB, without puzzle.
pub fn unmarked(sid: DepositId, number: u32, today: Day) -> DepositRequest {
    DepositRequest {
        sid,
        auth: DepositAuth::Open { puzzle: None },
        envelope: envelope(16_384, number),
        today,
    }
}

/// One deposit in a batch of its own.
pub fn deposit(store: &dyn Store, request: &DepositRequest) -> DepositOutcome {
    let mut outcomes = store.deposit(vec![request.clone()]);
    assert_eq!(outcomes.len(), 1);
    outcomes.pop().expect("just counted").expect("storage works")
}

/// Everything that waits, collected in one go.
pub(crate) fn waiting(store: &dyn Store, sid: &DepositId) -> Vec<Stored> {
    store.collect(sid, Cursor(0), 256).expect("storage works")
}
