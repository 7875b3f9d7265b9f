//! What a client asks of a server (`spec/wire.md § Requests`).

pub use crate::leaf::Feed;
pub use crate::pairing::{Await, Begin, Meet, Reply, Settle};
use crate::{
    ChallengeNonce, Cursor, DepositAuth, DepositId, Envelope, Generation, IdentityRecord, InviteCode, Name,
    OwnerId, OwnerKey, OwnerSignature, PrekeyBundle, PublicKey, RecordHash, Signature, Slot, StampIndex,
    StampKey, Voucher, VoucherHash, WelcomeNonce,
};

/// How many mailboxes a registration may create.
pub const VOUCHERS: usize = 4;

/// A request; its [`ConnectionKind`](crate::ConnectionKind) is fixed by its variant (none for `Ping`).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Request {
    /// Are you there? Any connection.
    Ping,
    /// Claims a name (registry).
    Claim(Box<Claim>),
    /// Answers a challenge (registry).
    Answer(Box<Answer>),
    /// Publishes a prekey bundle (registry).
    Publish(Box<Publish>),
    /// Looks a name's record up (anonymous).
    Lookup(Lookup),
    /// Fetches a name's prekey bundle (anonymous).
    Fetch(Fetch),
    /// Hands one envelope over (anonymous).
    Deposit(Deposit),
    /// Asks for leaves of the ledger (anonymous).
    Feed(Feed),
    /// Asks for a number to meet somebody under (pairing).
    Begin(Begin),
    /// Asks for what waits under a number (pairing).
    Meet(Meet),
    /// Replies under a number (pairing).
    Reply(Box<Reply>),
    /// Ends what was begun (pairing).
    Settle(Box<Settle>),
    /// Asks what the other one has done (pairing).
    Await(Await),
    /// Creates a mailbox (owner).
    Create(Create),
    /// Opens a mailbox (owner).
    Open(Open),
    /// Asks for deliveries (owner).
    Collect(Collect),
    /// Lets go of everything through a cursor (owner).
    Ack(Ack),
    /// Makes a stamp generation known (owner).
    Generate(Generate),
    /// Ends a stamp generation (owner).
    Retire(Retire),
    /// Makes stamps worthless in silence (owner).
    CrossOff(CrossOff),
}

/// `CLAIM`: first registration, or the start of a challenge.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Claim {
    /// The record with sequence number 0, signed by its own key. Its body holds the name.
    pub record: IdentityRecord,
    /// Hashes of the vouchers that the client drew.
    pub vouchers: [VoucherHash; VOUCHERS],
    /// The invitation's code, where the server asks for one.
    pub invite: Option<InviteCode>,
}

/// What an answer does with the name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AnswerKind {
    /// The registered identity key names its successor.
    Rotate,
    /// The recovery key names a new identity key.
    Recover,
    /// The registered identity key gives the name up.
    Tombstone,
}

/// `ANSWER`: proof of the right to change a name's key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    /// What shall happen.
    pub kind: AnswerKind,
    /// The new record, sequence number one higher, with its authority.
    pub record: IdentityRecord,
    /// Hashes of four new vouchers.
    pub vouchers: [VoucherHash; VOUCHERS],
    /// Signature over the challenge transcript by the authorising key (`spec/directory.md § Proof`).
    pub proof: Signature,
}

/// `PUBLISH`: replaces a name's bundle.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Publish {
    /// Whose.
    pub name: Name,
    /// The new bundle; its counter is higher than the published one's.
    pub bundle: PrekeyBundle,
}

/// `LOOKUP`: the record of a name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lookup {
    /// Whose.
    pub name: Name,
    /// Which of the chain; the newest when absent.
    pub seq: Option<u32>,
}

/// `FETCH`: the bundle of a name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fetch {
    /// Whose.
    pub name: Name,
}

/// `DEPOSIT`: one envelope into one mailbox. There is no sender field.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Deposit {
    /// Into which mailbox.
    pub sid: DepositId,
    /// By what right.
    pub auth: DepositAuth,
    /// The sealed bytes.
    pub envelope: Envelope,
}

/// Which of a person's two mailboxes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum MailboxPolicy {
    /// Open to strangers under strict limits.
    Doorstep,
    /// Asks for stamps.
    Inbox,
}

/// `CREATE`: a new mailbox.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Create {
    /// The owner's id, drawn by the client.
    pub rid: OwnerId,
    /// Whose signature opens it.
    pub owner_key: OwnerKey,
    /// Doorstep or inbox.
    pub policy: MailboxPolicy,
    /// Spends one voucher.
    pub voucher: Voucher,
}

/// `OPEN`: proves ownership for this connection.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Open {
    /// Which mailbox.
    pub rid: OwnerId,
    /// Signature over the open transcript (`spec/mailbox.md § Open`).
    pub proof: OwnerSignature,
}

/// `COLLECT`: asks for deliveries after a cursor.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Collect {
    /// Which opened mailbox.
    pub slot: Slot,
    /// 0 = from the start.
    pub after: Cursor,
    /// How many unacked envelopes the server may have under way, 1..=`CREDIT_MAX`.
    pub credit: u16,
    /// Whether later deposits are pushed as they come.
    pub follow: bool,
}

/// `ACK`: cumulative.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ack {
    /// Which opened mailbox.
    pub slot: Slot,
    /// Everything delivered up to and including this goes.
    pub through: Cursor,
}

/// `GENERATE`: a stamp generation's key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Generate {
    /// Which opened mailbox.
    pub slot: Slot,
    /// Its number, never used before.
    pub generation: Generation,
    /// K_m of this generation.
    pub key: StampKey,
}

/// `RETIRE`: ends a generation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Retire {
    /// Which opened mailbox.
    pub slot: Slot,
    /// Which generation.
    pub generation: Generation,
}

/// `CROSS_OFF`: stamps whose envelopes are dropped in silence from now on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CrossOff {
    /// Which opened mailbox.
    pub slot: Slot,
    /// Which generation.
    pub generation: Generation,
    /// Strictly rising, at most `CROSS_OFF_INDICES_MAX`.
    pub indices: Vec<StampIndex>,
}

/// What a proof covers besides its own fields: this protocol, this server, this connection (DESIGN § 4).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ConnectionProof {
    /// Which protocol version was agreed.
    pub version: u8,
    /// Which server.
    pub server_id: crate::ServerId,
    /// Its nonce for this connection.
    pub welcome_nonce: WelcomeNonce,
    /// 1 = TLS exporter, 0 = none (zero bytes).
    pub binding: Binding,
}

/// Ties a proof to the channel it travels on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Binding {
    /// No channel binding: web clients only, if the operator allows it.
    None,
    /// The TLS exporter `EXPORTER-oubliette`, 32 bytes.
    TlsExporter([u8; 32]),
}

/// The fields that a challenge's proof covers besides the connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ChallengeProof<'a> {
    /// Whose name.
    pub name: &'a Name,
    /// The registered record.
    pub old: RecordHash,
    /// The record that shall replace it.
    pub new: RecordHash,
    /// The server's nonce for this challenge.
    pub nonce: ChallengeNonce,
    /// The key that authorises: registered identity key, or recovery key.
    pub authority: &'a PublicKey,
}
