//! The leaves of the ledger and how they are fed (`spec/ledger.md`).

use crate::id::opaque;
use crate::limits::LEAVES_MAX;
use crate::plain::wire_struct;
use crate::{DecodeError, Reader, TreeHead, Wire, Writer};

opaque!(
    /// Whose leaf it is: Argon2id of a name under the server id. Zero where a leaf is nobody's.
    NameTag, 32
);
opaque!(
    /// Hides the record of a leaf from whoever does not have the record and its nonce. Zero where there is none.
    Commitment, 32
);

/// What happened.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum LeafKind {
    /// A name was registered.
    Register,
    /// Its key was replaced by the holder of the key before.
    Rotate,
    /// Its key was replaced by the holder of the recovery key.
    Recover,
    /// The name was given up.
    Tombstone,
    /// Nothing: the relay is there.
    Heartbeat,
    /// The relay went back to an earlier state.
    Restored,
    /// A kind that came later than this code.
    Other(u8),
}

impl LeafKind {
    /// Its number.
    pub fn number(self) -> u8 {
        match self {
            LeafKind::Register => 1,
            LeafKind::Rotate => 2,
            LeafKind::Recover => 3,
            LeafKind::Tombstone => 4,
            LeafKind::Heartbeat => 5,
            LeafKind::Restored => 6,
            LeafKind::Other(number) => number,
        }
    }

    /// The kind with this number.
    pub fn of(number: u8) -> Self {
        match number {
            1 => LeafKind::Register,
            2 => LeafKind::Rotate,
            3 => LeafKind::Recover,
            4 => LeafKind::Tombstone,
            5 => LeafKind::Heartbeat,
            6 => LeafKind::Restored,
            number => LeafKind::Other(number),
        }
    }
}

/// One leaf of the ledger: [`Leaf::BYTES`] bytes, which are what is hashed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Leaf {
    /// What happened.
    pub kind: LeafKind,
    /// To whose name; of [`LeafKind::Restored`] a root.
    pub tag: NameTag,
    /// Where the leaf with this tag before it stands; [`Leaf::NONE`] where there is none. Of [`LeafKind::Restored`] how
    /// many leaves stand as they were.
    pub prev_index: u64,
    /// To the record.
    pub commitment: Commitment,
    /// When, in seconds since 1970.
    pub time: u32,
}

impl Leaf {
    /// Length on the wire.
    pub const BYTES: usize = 77;
    /// No leaf before.
    pub const NONE: u64 = u64::MAX;
}

/// `FEED`: the leaves from a place on (anonymous).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Feed {
    /// Of which number of the log the asker has leaves.
    pub log_number: u32,
    /// How many.
    pub from: u64,
}

/// `LEAVES`: answers `FEED`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Leaves {
    /// The newest head; [`TreeHead::EMPTY`] where no log is kept.
    pub tree_head: TreeHead,
    /// Where the first of them stands.
    pub first: u64,
    /// At most `LEAVES_MAX`.
    pub leaves: Vec<Leaf>,
}

wire_struct!(Leaf { kind, tag, prev_index, commitment, time });
wire_struct!(Feed { log_number, from });

impl Wire for LeafKind {
    fn write(&self, out: &mut Writer) {
        out.u8(self.number());
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        input.u8().map(LeafKind::of)
    }
}

impl Wire for Leaves {
    fn write(&self, out: &mut Writer) {
        self.tree_head.write(out);
        out.u64(self.first);
        out.u16(
            u16::try_from(self.leaves.len()).expect("at most LEAVES_MAX leaves, whoever made them checked"),
        );
        for leaf in &self.leaves {
            leaf.write(out);
        }
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (tree_head, first) = (Wire::read(input)?, input.u64()?);
        let count = usize::from(input.u16()?);
        if count > LEAVES_MAX {
            return Err(DecodeError::Length { what: "leaves" });
        }
        // No more is taken than is there: the first leaf that is cut ends it.
        let leaves = (0..count).map(|_| Leaf::read(input)).collect::<Result<_, _>>()?;
        Ok(Leaves { tree_head, first, leaves })
    }
}
