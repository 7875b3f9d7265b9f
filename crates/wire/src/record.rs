//! Who has a name: the chain of signed records (`spec/directory.md § Records`).

use crate::plain::wire_struct;
use crate::{
    DecodeError, Name, PublicKey, Reader, RecordHash, RecoveryCommitment, ServerId, Signature, Wire, Writer,
};

/// What is signed, hashed and committed to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RecordBody {
    /// Whose.
    pub name: Name,
    /// At which server.
    pub server_id: ServerId,
    /// 0 for the first, then one higher each time.
    pub seq: u32,
    /// The identity key from now on.
    pub identity_key: PublicKey,
    /// Hash of the recovery public key.
    pub recovery: RecoveryCommitment,
    /// Hash of the previous record's body; zero for the first.
    pub prev_hash: RecordHash,
}

/// A body with its signatures.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct IdentityRecord {
    /// What is signed.
    pub body: RecordBody,
    /// By what right it follows its predecessor.
    pub authority: Authority,
    /// By the new identity key, label `oubliette/record/1`.
    pub sig_new: Signature,
}

/// By what right a record follows its predecessor.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Authority {
    /// The first record has no predecessor.
    First,
    /// `sig_old`: by the identity key of the predecessor.
    Old(Box<Signature>),
    /// By the recovery key that the predecessor committed to.
    Recovery {
        /// The key, whose hash is the predecessor's commitment.
        key: Box<PublicKey>,
        /// Its signature over the new body.
        signature: Box<Signature>,
    },
}

/// The signed head of the ledger (`spec/ledger.md § Head`); [`TreeHead::EMPTY`] where none is kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TreeHead {
    /// Which log: the root key of its relay.
    pub log_id: [u8; 32],
    /// When it last went back, in seconds since 1970; 0 if never.
    pub log_number: u32,
    /// Leaves covered.
    pub size: u64,
    /// RFC 6962 root.
    pub root: [u8; 32],
    /// Seconds since 1970.
    pub time: u64,
    /// Ed25519 by the ledger key.
    pub signature: [u8; 64],
    /// The root key's endorsement of the ledger key.
    pub endorsement: [u8; 128],
}

impl TreeHead {
    /// Stands where no ledger is kept: all zero.
    pub const EMPTY: TreeHead = TreeHead {
        log_id: [0; 32],
        log_number: 0,
        size: 0,
        root: [0; 32],
        time: 0,
        signature: [0; 64],
        endorsement: [0; 128],
    };
}

wire_struct!(RecordBody { name, server_id, seq, identity_key, recovery, prev_hash });
wire_struct!(IdentityRecord { body, authority, sig_new });
wire_struct!(TreeHead { log_id, log_number, size, root, time, signature, endorsement });

impl Wire for Authority {
    fn write(&self, out: &mut Writer) {
        match self {
            Authority::First => out.u8(0),
            Authority::Old(signature) => {
                out.u8(1);
                signature.write(out);
            }
            Authority::Recovery { key, signature } => {
                out.u8(2);
                key.write(out);
                signature.write(out);
            }
        }
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match input.u8()? {
            0 => Ok(Authority::First),
            1 => Ok(Authority::Old(Wire::read(input)?)),
            2 => Ok(Authority::Recovery { key: Wire::read(input)?, signature: Wire::read(input)? }),
            value => Err(DecodeError::Tag { what: "authority", value }),
        }
    }
}
