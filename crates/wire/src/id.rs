//! Fixed-size values that mean something: one type each, never interchangeable.

use crate::plain::wire_wrapper;

/// Defines an opaque array type whose bytes are reached by name only, and whose `Debug` shows nothing.
macro_rules! opaque {
    ($(#[$doc:meta])* $name:ident, $len:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub [u8; $len]);

        impl $name {
            /// Length on the wire, in bytes.
            pub const BYTES: usize = $len;

            /// The bytes as they stand on the wire.
            pub fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }
        }

        impl core::fmt::Debug for $name {
            fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                out.write_str(concat!(stringify!($name), "(..)"))
            }
        }

        $crate::plain::wire_wrapper!($name);

        impl From<[u8; $len]> for $name {
            fn from(bytes: [u8; $len]) -> Self {
                Self(bytes)
            }
        }
    };
}
pub(crate) use opaque;

opaque!(
    /// SHA-256 of the server's root public key (SPKI): who a server is (`spec/overview.md`).
    ServerId, 32
);
opaque!(
    /// SHA-256 over label and both public keys of a person's identity (`spec/e2ee.md § Identity`).
    IdentityFingerprint, 32
);
opaque!(
    /// Where envelopes are dropped: the sid of a mailbox. Known to senders.
    DepositId, 16
);
opaque!(
    /// Where envelopes are collected: the rid of a mailbox. Known to its owner only.
    OwnerId, 16
);
opaque!(
    /// The server's fresh random value of one connection, in its `WELCOME`.
    WelcomeNonce, 32
);
opaque!(
    /// The server's fresh random value of one challenge.
    ChallengeNonce, 32
);
opaque!(
    /// Blinds a record's commitment in the ledger.
    CommitmentNonce, 16
);
opaque!(
    /// SHA-256 of a record's body, or zero where there is no previous record.
    RecordHash, 32
);
opaque!(
    /// SHA-256 of a recovery public key, committed in a record.
    RecoveryCommitment, 32
);
opaque!(
    /// 16 random bytes that let a registered person create one mailbox.
    Voucher, 16
);
opaque!(
    /// What the relay keeps of a voucher: `blake3(label ‖ voucher)[32]`.
    VoucherHash, 32
);
opaque!(
    /// The secret code of an invitation, 16 random bytes.
    InviteCode, 16
);
opaque!(
    /// Names one X-Wing prekey of a bundle.
    PrekeyId, 8
);
opaque!(
    /// A mailbox owner's Ed25519 public key.
    OwnerKey, 32
);
opaque!(
    /// An Ed25519 signature by a mailbox owner's key.
    OwnerSignature, 64
);
opaque!(
    /// A generation's stamp key K_m, known to owner and relay.
    StampKey, 32
);
opaque!(
    /// x of a stamp: the secret from which its m is made.
    StampSecret, 16
);
opaque!(
    /// c of a stamp: a commitment to x.
    StampCommitment, 16
);
opaque!(
    /// t of a stamp: the relay recognises its own stamps by it.
    StampTag, 16
);
opaque!(
    /// m of a deposit: binds a stamp to one envelope.
    DepositMac, 16
);
opaque!(
    /// A composite public key: Ed25519 (32) ‖ ML-DSA-65 (1952).
    PublicKey, 1984
);
opaque!(
    /// A composite signature: Ed25519 (64) ‖ ML-DSA-65 (3309).
    Signature, 3373
);
opaque!(
    /// An X-Wing public key (ML-KEM-768 ‖ X25519).
    XWingPublicKey, 1216
);
opaque!(
    /// A Curve25519 public key of Olm.
    Curve25519Key, 32
);

/// Couples a request with its response; 0 belongs to notices.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct RequestId(pub u32);

impl RequestId {
    /// What every notice carries.
    pub const NOTICE: RequestId = RequestId(0);
}

/// Which of one owner connection's opened mailboxes a frame speaks of.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Slot(pub u8);

/// A place in one mailbox's order of storage; opaque to the client, growing, 0 = before the first.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Cursor(pub u64);

/// Which set of 65,536 stamps of a mailbox.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Generation(pub u8);

/// A stamp's place in its generation.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct StampIndex(pub u16);

/// Whole days since 1970-01-01 UTC.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Day(pub u16);

/// Seconds since 1970-01-01 UTC.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct UnixSeconds(pub u64);

wire_wrapper!(Slot, Cursor, Generation, StampIndex, Day, UnixSeconds);
