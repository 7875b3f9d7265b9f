//! A numbered no (`spec/wire.md § Refusals`).

use crate::plain::wire_struct;
use crate::{DecodeError, Reader, UnixSeconds, Wire, Writer};

/// Why a request was refused, and when to try again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// The number with its fixed meaning.
    pub kind: RefusalKind,
    /// Not before this many seconds, where waiting helps.
    pub retry_after_s: Option<u32>,
}

/// The numbers. A client that meets an unknown number treats it as a malformed frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum RefusalKind {
    /// 1: the kind of frame is not known.
    Unknown,
    /// 2: the frame cannot be decoded.
    Malformed,
    /// 3: a frame of another kind of connection, or out of turn.
    OutOfPlace,
    /// 4: too many requests for now.
    Busy,
    /// 5: the server is stopping or its disk is full; nothing was done.
    Unavailable,
    /// 6: it is not known whether it was done; repeat the same bytes.
    Uncertain,
    /// 16: no valid invitation for this name.
    Invite,
    /// 17: the answer to the challenge is wrong.
    ChallengeFailed,
    /// 18: a signed object does not verify.
    Signature,
    /// 19: no such name (or no bundle).
    NoSuchName,
    /// 20: the counter or sequence number is not the next.
    Stale,
    /// 21: nothing waits under this number, or not for this key.
    NoSuchPairing,
    /// 22: somebody else has replied under this number, or has it.
    PairingTaken,
    /// 32: no such mailbox, or not its owner, or a stamp that is not one: told apart to nobody.
    NoSuchMailbox,
    /// 33: the voucher is unknown or used otherwise.
    Voucher,
    /// 34: the stamp's generation is not live (any longer) or its mark is wrong.
    Stamp,
    /// 35: the stamp was spent on another envelope.
    Spent,
    /// 36: the mailbox is full (told only to holders of a valid stamp).
    Full,
    /// 37: the mailbox was closed after 90 unopened days.
    Gone,
    /// 38: an envelope of a size this mailbox does not take.
    EnvelopeSize,
    /// 39: the cursor was not delivered on this connection.
    Cursor,
    /// 40: the generation cannot be made: number used, or four are live.
    Generation,
    /// 48: solve this first.
    Puzzle(Puzzle),
}

/// Work asked of a stranger.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Puzzle {
    /// Names this puzzle.
    pub seed: [u8; 16],
    /// Leading zero bits asked for, 1..=32.
    pub bits: u8,
    /// Until when a solution is taken.
    pub until: UnixSeconds,
}

impl Refusal {
    /// A no without advice on when to come back.
    pub fn new(kind: RefusalKind) -> Self {
        Self { kind, retry_after_s: None }
    }

    /// A no for now.
    pub fn retry_after(kind: RefusalKind, seconds: u32) -> Self {
        Self { kind, retry_after_s: Some(seconds) }
    }
}

impl From<RefusalKind> for Refusal {
    fn from(kind: RefusalKind) -> Self {
        Self::new(kind)
    }
}

/// The kinds that are a number and nothing else; `Puzzle`, the only one with fields, stands apart.
macro_rules! numbers {
    ($($kind:ident = $number:literal),+ $(,)?) => {
        impl RefusalKind {
            /// Every kind but `Puzzle`, rising by number.
            pub const PLAIN: &[RefusalKind] = &[$(RefusalKind::$kind),+];

            /// Its number on the wire.
            pub fn number(&self) -> u8 {
                match self {
                    $(RefusalKind::$kind => $number,)+
                    RefusalKind::Puzzle(_) => PUZZLE,
                }
            }

            fn plain(number: u8) -> Option<RefusalKind> {
                match number {
                    $($number => Some(RefusalKind::$kind),)+
                    _ => None,
                }
            }
        }
    };
}

const PUZZLE: u8 = 48;

/// Leading zero bits that a puzzle may ask for.
pub const PUZZLE_BITS_MAX: u8 = 32;

numbers! {
    Unknown = 1,
    Malformed = 2,
    OutOfPlace = 3,
    Busy = 4,
    Unavailable = 5,
    Uncertain = 6,
    Invite = 16,
    ChallengeFailed = 17,
    Signature = 18,
    NoSuchName = 19,
    Stale = 20,
    NoSuchPairing = 21,
    PairingTaken = 22,
    NoSuchMailbox = 32,
    Voucher = 33,
    Stamp = 34,
    Spent = 35,
    Full = 36,
    Gone = 37,
    EnvelopeSize = 38,
    Cursor = 39,
    Generation = 40,
}

wire_struct!(Refusal { kind, retry_after_s });

impl Wire for RefusalKind {
    fn write(&self, out: &mut Writer) {
        out.u8(self.number());
        if let RefusalKind::Puzzle(puzzle) = self {
            puzzle.write(out);
        }
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match input.u8()? {
            PUZZLE => Puzzle::read(input).map(RefusalKind::Puzzle),
            value => RefusalKind::plain(value).ok_or(DecodeError::Tag { what: "refusal", value }),
        }
    }
}

impl Wire for Puzzle {
    fn write(&self, out: &mut Writer) {
        self.seed.write(out);
        self.bits.write(out);
        self.until.write(out);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let seed = Wire::read(input)?;
        let bits = input.u8()?;
        if !(1..=PUZZLE_BITS_MAX).contains(&bits) {
            return Err(DecodeError::Range { what: "puzzle bits" });
        }
        Ok(Puzzle { seed, bits, until: Wire::read(input)? })
    }
}
