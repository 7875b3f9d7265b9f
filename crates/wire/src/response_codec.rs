//! How responses and notices stand on the wire (`spec/wire.md § Responses`, `§ Notices`).

use crate::kind::frame_table;
use crate::limits::GENERATIONS_MAX;
use crate::plain::{rises_strictly, wire_struct};
use crate::response::{
    Challenge, Created, Deliver, Drained, Notice, Opened, Record, Registered, Replaced, Response, Welcome,
};
use crate::{DecodeError, DepositAuth, Generation, Reader, Wire, Writer};

frame_table! {
    Response;
    units {
        Pong = PONG,
        Published = PUBLISHED,
        Stored = STORED,
        Replied = REPLIED,
        Settled = SETTLED,
        Collecting = COLLECTING,
        Acked = ACKED,
        Generated = GENERATED,
        Retired = RETIRED,
        CrossedOff = CROSSED_OFF,
    }
    bodies {
        Refused = REFUSED,
        Registered = REGISTERED,
        Challenge = CHALLENGE,
        Replaced = REPLACED,
        Record = RECORD,
        Bundle = BUNDLE,
        Begun = BEGUN,
        Met = MET,
        Awaited = AWAITED,
        Created = CREATED,
        Opened = OPENED,
        Leaves = LEAVES,
    }
}

frame_table! {
    Notice;
    units {}
    bodies {
        Welcome = WELCOME,
        Deliver = DELIVER,
        Drained = DRAINED,
        Superseded = SUPERSEDED,
    }
}

wire_struct!(Registered { leaf_index, tree_head, commitment_nonce });
wire_struct!(Challenge { nonce, seq, record_hash });
wire_struct!(Replaced { leaf_index, tree_head, commitment_nonce });
wire_struct!(Record { record, commitment_nonce, leaf_index, tree_head });
wire_struct!(Created { sid });
wire_struct!(Drained { slot, cursor });
wire_struct!(Welcome {
    versions,
    server_id,
    nonce,
    time,
    frame_bytes_max,
    outstanding_max,
    idle_ms_max,
    flags,
});

impl Welcome {
    /// Bit 0 of `flags`: anybody may register, without an invitation.
    pub const OPEN_REGISTRATION: u16 = 1;

    /// Whether anybody may register.
    pub fn open_registration(&self) -> bool {
        self.flags & Self::OPEN_REGISTRATION != 0
    }
}

impl Wire for Opened {
    fn write(&self, out: &mut Writer) {
        self.slot.write(out);
        self.sid.write(out);
        self.waiting.write(out);
        self.oldest.write(out);
        self.expired.write(out);
        out.u8(u8::try_from(self.generations.len()).expect("a mailbox has at most 4 live generations"));
        for generation in &self.generations {
            generation.write(out);
        }
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Opened {
            slot: Wire::read(input)?,
            sid: Wire::read(input)?,
            waiting: Wire::read(input)?,
            oldest: Wire::read(input)?,
            expired: Wire::read(input)?,
            generations: read_generations(input)?,
        })
    }
}

fn read_generations(input: &mut Reader<'_>) -> Result<Vec<Generation>, DecodeError> {
    let generations = input.short_bytes()?;
    if generations.len() > GENERATIONS_MAX {
        return Err(DecodeError::Length { what: "generations" });
    }
    if !rises_strictly(generations) {
        return Err(DecodeError::Order { what: "generations" });
    }
    Ok(generations.iter().map(|number| Generation(*number)).collect())
}

impl Wire for Deliver {
    fn write(&self, out: &mut Writer) {
        self.slot.write(out);
        self.cursor.write(out);
        self.auth.delivered().write(out);
        self.envelope.write(out);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (slot, cursor) = (Wire::read(input)?, Wire::read(input)?);
        let auth = DepositAuth::read(input)?;
        // A solution is the depositor's business with the relay; repeating it would only tell him apart.
        if auth != auth.delivered() {
            return Err(DecodeError::Range { what: "delivered auth" });
        }
        Ok(Deliver { slot, cursor, auth, envelope: Wire::read(input)? })
    }
}
