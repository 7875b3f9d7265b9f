//! The right to deposit: stamps, and the open door of a doorstep (`spec/mailbox.md § Stamps`).

use crate::plain::wire_struct;
use crate::{
    DecodeError, DepositMac, Generation, Reader, StampCommitment, StampIndex, StampSecret, StampTag, Wire,
    Writer,
};

/// What a contact receives: one permission to deposit once.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Stamp {
    /// Of which generation.
    pub generation: Generation,
    /// Which of it.
    pub index: StampIndex,
    /// The secret from which the deposit's m is made.
    pub secret: StampSecret,
    /// What the relay recognises.
    pub tag: StampTag,
}

/// By what right an envelope is dropped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DepositAuth {
    /// At a doorstep; with a puzzle's solution when one was asked for.
    Open {
        /// The solution, if a puzzle was asked for.
        puzzle: Option<PuzzleSolution>,
    },
    /// At an inbox.
    Stamped {
        /// Of which generation.
        generation: Generation,
        /// Which of it.
        index: StampIndex,
        /// c: commitment to the stamp's secret.
        commitment: StampCommitment,
        /// t: the relay's own mark.
        tag: StampTag,
        /// m: binds the stamp to this envelope.
        mac: DepositMac,
    },
}

/// Answers `REFUSED(puzzle)`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PuzzleSolution {
    /// The seed that the refusal named.
    pub seed: [u8; 16],
    /// Chosen so that the hash has the leading zeros asked for.
    pub nonce: u64,
}

wire_struct!(Stamp { generation, index, secret, tag });
wire_struct!(PuzzleSolution { seed, nonce });

impl DepositAuth {
    /// What the owner is shown of it: everything but a puzzle's solution.
    #[must_use]
    pub fn delivered(self) -> DepositAuth {
        match self {
            DepositAuth::Open { .. } => DepositAuth::Open { puzzle: None },
            stamped => stamped,
        }
    }
}

impl Wire for DepositAuth {
    fn write(&self, out: &mut Writer) {
        match self {
            DepositAuth::Open { puzzle } => {
                out.u8(0);
                puzzle.write(out);
            }
            DepositAuth::Stamped { generation, index, commitment, tag, mac } => {
                out.u8(1);
                generation.write(out);
                index.write(out);
                commitment.write(out);
                tag.write(out);
                mac.write(out);
            }
        }
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match input.u8()? {
            0 => Ok(DepositAuth::Open { puzzle: Wire::read(input)? }),
            1 => Ok(DepositAuth::Stamped {
                generation: Wire::read(input)?,
                index: Wire::read(input)?,
                commitment: Wire::read(input)?,
                tag: Wire::read(input)?,
                mac: Wire::read(input)?,
            }),
            value => Err(DecodeError::Tag { what: "deposit auth", value }),
        }
    }
}
