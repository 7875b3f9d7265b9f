//! [`Liar`]: what a directory shows that wants people to seal to its own keys.

use crypto::IdentitySecret;
use e2ee::Account;
use proto::signed::{sign_first, sign_rotation};
use wire::{Day, DepositId, IdentityRecord, Name, PrekeyBundle, RecordBody, RecoveryCommitment, ServerId};

use crate::random::Random;

/// One lie, told for the life of one connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Lie {
    /// There is no such name.
    Nobody,
    /// The name has always had another key.
    Foreign,
    /// The name has a new key, which the old one did not sign.
    Unsigned,
    /// The name still has its former key.
    Older,
    /// The record is right, the bundle is not.
    ForeignBundle,
}

impl Lie {
    pub(crate) const ALL: [Lie; 5] =
        [Lie::Nobody, Lie::Foreign, Lie::Unsigned, Lie::Older, Lie::ForeignBundle];
}

/// The keys of the lies.
pub(crate) struct Liar {
    identity: IdentitySecret,
    account: Account,
}

impl Liar {
    pub(crate) fn new(random: &mut Random) -> Self {
        Self { identity: IdentitySecret::generate(random), account: Account::generate(random, Day(0)) }
    }

    pub(crate) fn foreign_record(&self, name: &Name, server: &ServerId) -> IdentityRecord {
        sign_first(&self.identity, name.clone(), *server, RecoveryCommitment([7; 32]))
    }

    pub(crate) fn unsigned_successor(&self, before: &RecordBody) -> IdentityRecord {
        sign_rotation(&self.identity, &self.identity, before)
    }

    pub(crate) fn foreign_bundle(&self, doorstep: DepositId, today: Day) -> PrekeyBundle {
        self.account.bundle(&self.identity, 1_000, today, doorstep)
    }
}
