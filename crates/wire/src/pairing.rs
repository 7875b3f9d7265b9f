//! Two people meet under a number and a few words (`spec/pairing.md`): what they leave for each other.

use core::fmt;

use crate::id::opaque;
use crate::limits::{PAIRING_CARD_BYTES, PAIRING_NUMBER_MAX};
use crate::plain::{wire_struct, wire_wrapper};
use crate::{DecodeError, Reader, Wire, Writer};

opaque!(
    /// By what a relay knows one of the two again: 16 bytes that this one drew.
    PairingKey, 16
);
opaque!(
    /// A move of the password-authenticated key exchange: a point of Edwards25519, blinded by the words.
    PairingShare, 32
);
opaque!(
    /// Shows that its maker has the same key, and thus the same words.
    PairingConfirmation, 32
);

/// Under which number two people meet at a relay, 1..=`PAIRING_NUMBER_MAX`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct PairingNumber(u16);

impl PairingNumber {
    /// A number within its bounds.
    pub fn new(number: u16) -> Option<Self> {
        (1..=PAIRING_NUMBER_MAX).contains(&number).then_some(Self(number))
    }

    /// The number.
    pub fn get(self) -> u16 {
        self.0
    }
}

impl fmt::Display for PairingNumber {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl Wire for PairingNumber {
    fn write(&self, out: &mut Writer) {
        out.u16(self.0);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Self::new(input.u16()?).ok_or(DecodeError::Range { what: "pairing number" })
    }
}

/// A sealed address, padded: nobody but the other one can tell whose.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SealedCard {
    /// Judged before anything is opened.
    pub confirmation: PairingConfirmation,
    /// Ciphertext and tag.
    pub card: PairingCard,
}

/// The ciphertext of a card with its tag.
#[derive(Clone, PartialEq, Eq)]
pub struct PairingCard(pub Box<[u8; PAIRING_CARD_BYTES]>);

impl fmt::Debug for PairingCard {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("PairingCard(..)")
    }
}

wire_wrapper!(PairingCard);
wire_struct!(SealedCard { confirmation, card });

/// How who began a pairing ends it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Settlement {
    /// The words were other ones, or it was called off: the number is used up.
    Burned,
    /// The reply's confirmation was right: the card of who began.
    Card(SealedCard),
}

impl Wire for Settlement {
    fn write(&self, out: &mut Writer) {
        match self {
            Settlement::Burned => out.u8(0),
            Settlement::Card(card) => {
                out.u8(1);
                card.write(out);
            }
        }
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match input.u8()? {
            0 => Ok(Settlement::Burned),
            1 => SealedCard::read(input).map(Settlement::Card),
            value => Err(DecodeError::Tag { what: "settlement", value }),
        }
    }
}

/// What the other one has done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PairingMove {
    /// Nothing yet.
    Nothing,
    /// To who began: a share and a sealed card.
    Reply {
        /// The other half of the exchange.
        share: PairingShare,
        /// Confirms the key, and says who this is.
        card: SealedCard,
    },
    /// To who replied: how it ended.
    Settled(Settlement),
}

impl Wire for PairingMove {
    fn write(&self, out: &mut Writer) {
        match self {
            PairingMove::Nothing => out.u8(0),
            PairingMove::Reply { share, card } => {
                out.u8(1);
                share.write(out);
                card.write(out);
            }
            PairingMove::Settled(settlement) => {
                out.u8(2);
                settlement.write(out);
            }
        }
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match input.u8()? {
            0 => Ok(PairingMove::Nothing),
            1 => Ok(PairingMove::Reply { share: Wire::read(input)?, card: Wire::read(input)? }),
            2 => Settlement::read(input).map(PairingMove::Settled),
            value => Err(DecodeError::Tag { what: "pairing move", value }),
        }
    }
}

/// `BEGIN`: a number to meet under, and the first share.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Begin {
    /// Any free one when absent; else this one, of a relay that has forgotten it.
    pub number: Option<PairingNumber>,
    /// By what who began is known again.
    pub key: PairingKey,
    /// The first share.
    pub share: PairingShare,
}

/// `MEET`: the share that waits under a number.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Meet {
    /// Which.
    pub number: PairingNumber,
}

/// `REPLY`: taken once under each number.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reply {
    /// Which.
    pub number: PairingNumber,
    /// By what who replies is known again.
    pub key: PairingKey,
    /// The second share.
    pub share: PairingShare,
    /// Confirms the key, and says who this is.
    pub card: SealedCard,
}

/// `SETTLE`: the end, by who began.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settle {
    /// Which.
    pub number: PairingNumber,
    /// The key of `BEGIN`.
    pub key: PairingKey,
    /// How it ends.
    pub settlement: Settlement,
}

/// `AWAIT`: what the other one has done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Await {
    /// Which.
    pub number: PairingNumber,
    /// The key of `BEGIN` or of `REPLY`.
    pub key: PairingKey,
}

/// One request about a pairing, as a relay's keeper of pairings takes it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PairingStep {
    /// Meet me there.
    Begin(Begin),
    /// Who is there?
    Meet(Meet),
    /// Here I am.
    Reply(Box<Reply>),
    /// That was you, or not.
    Settle(Box<Settle>),
    /// Well?
    Await(Await),
}

wire_struct!(Begin { number, key, share });
wire_struct!(Meet { number });
wire_struct!(Reply { number, key, share, card });
wire_struct!(Settle { number, key, settlement });
wire_struct!(Await { number, key });
