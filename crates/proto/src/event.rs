//! What the machines ask of their shells, and tell them.

use wire::request::ConnectionProof;
use wire::request::{AnswerKind, Claim, Create, Deposit, Feed, VOUCHERS};
use wire::response::Welcome;
use wire::{
    Cursor, Day, DepositAuth, DepositId, Envelope, Generation, IdentityRecord, Name, OwnerId, PairingMove,
    PairingNumber, PairingShare, PairingStep, PrekeyBundle, RequestId, Response, Slot, StampIndex, StampKey,
    VoucherHash,
};

use crate::ticket::{DeliveryTicket, Ticket, asked};

/// What a server's machine asks of storage. Every ticket is completed by the method named in
/// [`asked`], or given to [`refuse`](crate::ServerConnection::refuse).
#[derive(Debug)]
pub enum ServerEvent {
    /// A name is to be claimed: may this peer bring one more claim? [`verify`](Ticket::verify) → `admitted`. Whoever
    /// has spent his budget is refused before his signatures cost anything.
    Admit {
        /// Completes it.
        ticket: Ticket<asked::Admit>,
    },
    /// The record is a verified first record. Register the name → `registered` (also when exactly this
    /// record is registered already), or, when another stands there, `taken`.
    Claim {
        /// Completes it.
        ticket: Ticket<asked::Claim>,
        /// What was claimed.
        claim: Box<Claim>,
    },
    /// The answer to a challenge was right. Replace by compare-and-set → `replaced`, else refuse `Stale`.
    Replace {
        /// Completes it.
        ticket: Ticket<asked::Replace>,
        /// What the answer does.
        kind: AnswerKind,
        /// The sequence number that must still be registered.
        expected_seq: u32,
        /// The record that takes its place.
        record: Box<IdentityRecord>,
        /// Hashes of four new vouchers.
        vouchers: [VoucherHash; VOUCHERS],
    },
    /// An answer to a challenge was wrong and has been refused. To be counted by source and in total,
    /// never by name.
    AnswerWrong,
    /// Find the newest record of this name → `identity_found`.
    FindIdentity {
        /// Completes it.
        ticket: Ticket<asked::FindIdentity>,
        /// Whose.
        name: Name,
    },
    /// The bundle is signed by the name's identity. Publish it → `published`, else refuse `Stale`.
    Publish {
        /// Completes it.
        ticket: Ticket<asked::Publish>,
        /// Whose.
        name: Name,
        /// The bundle.
        bundle: Box<PrekeyBundle>,
    },
    /// Look a record up → `looked_up`.
    Lookup {
        /// Completes it.
        ticket: Ticket<asked::Lookup>,
        /// Whose.
        name: Name,
        /// Which of the chain, the newest when absent.
        seq: Option<u32>,
    },
    /// Fetch a bundle → `fetched`.
    Fetch {
        /// Completes it.
        ticket: Ticket<asked::Fetch>,
        /// Whose.
        name: Name,
    },
    /// Give leaves of the ledger → `fed`.
    Feed {
        /// Completes it.
        ticket: Ticket<asked::Feed>,
        /// From where on.
        feed: Feed,
    },
    /// Store the envelope durably → `deposited`. The deposits of one connection are asked in the order in
    /// which they came, and are to be stored in that order.
    Deposit {
        /// Completes it.
        ticket: Ticket<asked::Deposit>,
        /// The envelope, where it goes, and by what right.
        deposit: Box<Deposit>,
    },
    /// One step of a pairing → `paired`, else refuse `NoSuchPairing` or `PairingTaken`.
    Pairing {
        /// Completes it.
        ticket: Ticket<asked::Pairing>,
        /// What is asked for.
        step: PairingStep,
    },
    /// Create a mailbox → `created`.
    Create {
        /// Completes it.
        ticket: Ticket<asked::Create>,
        /// What is asked for.
        create: Create,
    },
    /// Find the key that opens this mailbox → `owner_found`; `None` when there is no such mailbox.
    FindOwner {
        /// Completes it.
        ticket: Ticket<asked::FindOwner>,
        /// Which.
        rid: OwnerId,
    },
    /// Ownership is proved. Open the mailbox, take it over from any other connection → `opened`.
    Open {
        /// Completes it.
        ticket: Ticket<asked::Open>,
        /// What this connection will call it.
        slot: Slot,
        /// Which.
        rid: OwnerId,
    },
    /// Read at most `max` envelopes after a cursor, in order → `delivered`; an empty batch says that nothing
    /// is waiting. One read per slot is under way at a time.
    Read {
        /// Completes it.
        ticket: Ticket<asked::Read>,
        /// Which opened mailbox.
        slot: Slot,
        /// The same, as storage calls it.
        sid: DepositId,
        /// Only what stands after this place.
        after: Cursor,
        /// At most so many.
        max: u16,
    },
    /// Let go of everything through a cursor → `acked`.
    Ack {
        /// Completes it.
        ticket: Ticket<asked::Ack>,
        /// Of which mailbox.
        sid: DepositId,
        /// Up to and including this place.
        through: Cursor,
    },
    /// Accept stamps of a new generation → `generated`.
    Generate {
        /// Completes it.
        ticket: Ticket<asked::Generate>,
        /// At which mailbox.
        sid: DepositId,
        /// Its number.
        generation: Generation,
        /// Its key.
        key: StampKey,
    },
    /// End a generation → `retired`.
    Retire {
        /// Completes it.
        ticket: Ticket<asked::Retire>,
        /// At which mailbox.
        sid: DepositId,
        /// Its number.
        generation: Generation,
    },
    /// Drop what comes with these stamps, in silence → `crossed_off`.
    CrossOff {
        /// Completes it.
        ticket: Ticket<asked::CrossOff>,
        /// At which mailbox.
        sid: DepositId,
        /// Of which generation.
        generation: Generation,
        /// Which, strictly rising.
        indices: Vec<StampIndex>,
    },
}

/// What became of one step of a pairing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PairingAnswer {
    /// Of `Begin`: the number.
    Begun(PairingNumber),
    /// Of `Meet`: the share that waits there.
    Met(PairingShare),
    /// Of `Reply`: it waits.
    Replied,
    /// Of `Settle`: it is over.
    Settled,
    /// Of `Await`: what the other one has done.
    Awaited(Box<PairingMove>),
}

/// What storage says of a mailbox that was just opened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Opening {
    /// Where senders drop envelopes.
    pub sid: DepositId,
    /// Envelopes waiting.
    pub waiting: u32,
    /// Arrival day of the oldest (day 0 when none waits).
    pub oldest: Day,
    /// Expired unread since the mailbox was made.
    pub expired: u32,
    /// Live generations, rising.
    pub generations: Vec<Generation>,
}

/// One envelope that storage hands over.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Delivery {
    /// Its place, higher than that of the one before.
    pub cursor: Cursor,
    /// By what right it was dropped. A puzzle's solution is not repeated on the wire.
    pub auth: DepositAuth,
    /// The sealed bytes.
    pub envelope: Envelope,
}

/// What a client's machine tells its owner.
#[derive(Debug)]
pub enum ClientEvent {
    /// The server is the expected one. Requests given before now have left.
    Ready {
        /// Its greeting.
        welcome: Box<Welcome>,
        /// What proofs on this connection cover.
        proof: ConnectionProof,
    },
    /// The answer to a request, of a type that fits it, or a refusal.
    Answered {
        /// Which request.
        id: RequestId,
        /// What the server says.
        response: Response,
    },
    /// One envelope for the owner.
    Deliver {
        /// Which opened mailbox.
        slot: Slot,
        /// By what right it was dropped.
        auth: DepositAuth,
        /// The sealed bytes.
        envelope: Envelope,
        /// To be given to `ack` once the vault has committed.
        ticket: DeliveryTicket,
    },
    /// Nothing more is waiting after this cursor.
    Drained {
        /// Which opened mailbox.
        slot: Slot,
        /// The last place delivered.
        cursor: Cursor,
    },
    /// Another connection of the owner took this mailbox over; the slot is dead.
    Superseded {
        /// Which opened mailbox.
        slot: Slot,
    },
    /// The last event: nothing more comes, and nothing more is sent. Requests without an answer may or may
    /// not have been done; repeat the same bytes.
    Closed {
        /// Why.
        reason: CloseReason,
    },
}

/// Why a connection ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CloseReason {
    /// This side closed.
    #[error("closed by this side")]
    Ours,
    /// The other side closed.
    #[error("the server closed the connection")]
    Theirs,
    /// No `WELCOME` in time.
    #[error("the server did not greet in time")]
    NoWelcome,
    /// No answer in time.
    #[error("the server did not answer in time")]
    Silent,
    /// It is not the pinned server.
    #[error("this is another server than the expected one")]
    WrongServer,
    /// No version in common; the server speaks these.
    #[error("the server speaks protocol versions {min} to {max} only")]
    Version {
        /// Lowest.
        min: u8,
        /// Highest.
        max: u8,
    },
    /// The bytes are not frames of this protocol.
    #[error("the server sent something that is not this protocol")]
    NotFrames,
    /// A frame out of turn: the wrong type of answer, an answer to nothing, a delivery beyond the credit.
    #[error("the server broke the rules of the protocol")]
    OutOfTurn,
}
