//! Steps at which a test can stop a client dead, as `kill -9` would (P2).

/// Stops the client with an error right at a step: nothing after it happens.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum FailPoint {
    /// After the outbox row is committed, before anything is sealed.
    OutboxCommitted,
    /// After sealing is committed, before the deposit leaves.
    Sealed,
    /// After `STORED` came, before it is noted.
    StoredNotNoted,
    /// After deliveries came, before the vault's transaction.
    DeliveredNotCommitted,
    /// After the vault's transaction, before the acknowledgement.
    CommittedNotAcked,
    /// During join, after `REGISTERED` came, before it is noted.
    RegisteredNotNoted,
    /// During join, after both mailboxes exist, before they are noted.
    CreatedNotNoted,
    /// During a rotation, after the new key is committed, before anything leaves.
    RotationBegun,
    /// During a rotation, after `REPLACED` came, before it is noted.
    ReplacedNotNoted,
    /// During a rotation, after the new key is mine, before its bundle is published.
    RotatedNotPublished,
    /// During a pairing, after it is decided, before anything of that leaves.
    PairingDecided,
    /// During a pairing, after the relay has my card, before there is a contact.
    PairingSettled,
    /// While a name is given up, after its last record is committed, before anything leaves.
    ReleaseBegun,
    /// While a name is given up, after `REPLACED` came, before it is noted.
    TombstoneNotNoted,
    /// While a name is given up, after its last record stands, before the mailboxes are left.
    ReleasedNotLeft,
}
