//! How requests stand on the wire (`spec/wire.md § Requests`).

use crate::kind::frame_table;
use crate::limits::{CREDIT_MAX, CROSS_OFF_INDICES_MAX};
use crate::plain::{rises_strictly, wire_struct};
use crate::request::{
    Ack, Answer, AnswerKind, Await, Begin, Binding, Claim, Collect, ConnectionProof, Create, CrossOff,
    Deposit, Feed, Fetch, Generate, Lookup, MailboxPolicy, Meet, Open, Publish, Reply, Request, Retire,
    Settle, VOUCHERS,
};
use crate::{ConnectionKind, DecodeError, Reader, StampIndex, VoucherHash, Wire, Writer};

frame_table! {
    Request;
    units { Ping = PING }
    bodies {
        Claim = CLAIM,
        Answer = ANSWER,
        Publish = PUBLISH,
        Lookup = LOOKUP,
        Fetch = FETCH,
        Deposit = DEPOSIT,
        Feed = FEED,
        Begin = BEGIN,
        Meet = MEET,
        Reply = REPLY,
        Settle = SETTLE,
        Await = AWAIT,
        Create = CREATE,
        Open = OPEN,
        Collect = COLLECT,
        Ack = ACK,
        Generate = GENERATE,
        Retire = RETIRE,
        CrossOff = CROSS_OFF,
    }
}

impl Request {
    /// Which connection it belongs to; `None` for `Ping`, which belongs to all.
    pub fn connection_kind(&self) -> Option<ConnectionKind> {
        match self {
            Request::Ping => None,
            Request::Claim(_) | Request::Answer(_) | Request::Publish(_) => Some(ConnectionKind::Registry),
            Request::Lookup(_) | Request::Fetch(_) | Request::Deposit(_) | Request::Feed(_) => {
                Some(ConnectionKind::Anonymous)
            }
            Request::Begin(_)
            | Request::Meet(_)
            | Request::Reply(_)
            | Request::Settle(_)
            | Request::Await(_) => Some(ConnectionKind::Pairing),
            Request::Create(_)
            | Request::Open(_)
            | Request::Collect(_)
            | Request::Ack(_)
            | Request::Generate(_)
            | Request::Retire(_)
            | Request::CrossOff(_) => Some(ConnectionKind::Owner),
        }
    }
}

macro_rules! into_request {
    ($($variant:ident),+) => {
        $(impl From<$variant> for Request {
            fn from(body: $variant) -> Request {
                Request::$variant(body.into())
            }
        })+
    };
}
into_request!(
    Claim, Answer, Publish, Lookup, Fetch, Deposit, Feed, Begin, Meet, Reply, Settle, Await, Create, Open,
    Collect, Ack, Generate, Retire, CrossOff
);

wire_struct!(Claim { record, vouchers, invite });
wire_struct!(Answer { kind, record, vouchers, proof });
wire_struct!(Publish { name, bundle });
wire_struct!(Lookup { name, seq });
wire_struct!(Fetch { name });
wire_struct!(Deposit { sid, auth, envelope });
wire_struct!(Create { rid, owner_key, policy, voucher });
wire_struct!(Open { rid, proof });
wire_struct!(Ack { slot, through });
wire_struct!(Generate { slot, generation, key });
wire_struct!(Retire { slot, generation });
wire_struct!(ConnectionProof { version, server_id, welcome_nonce, binding });

impl Wire for [VoucherHash; VOUCHERS] {
    fn write(&self, out: &mut Writer) {
        for hash in self {
            hash.write(out);
        }
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok([Wire::read(input)?, Wire::read(input)?, Wire::read(input)?, Wire::read(input)?])
    }
}

impl Wire for AnswerKind {
    fn write(&self, out: &mut Writer) {
        out.u8(match self {
            AnswerKind::Rotate => 1,
            AnswerKind::Recover => 2,
            AnswerKind::Tombstone => 3,
        });
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match input.u8()? {
            1 => Ok(AnswerKind::Rotate),
            2 => Ok(AnswerKind::Recover),
            3 => Ok(AnswerKind::Tombstone),
            value => Err(DecodeError::Tag { what: "answer kind", value }),
        }
    }
}

impl Wire for MailboxPolicy {
    fn write(&self, out: &mut Writer) {
        out.u8(match self {
            MailboxPolicy::Doorstep => 1,
            MailboxPolicy::Inbox => 2,
        });
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match input.u8()? {
            1 => Ok(MailboxPolicy::Doorstep),
            2 => Ok(MailboxPolicy::Inbox),
            value => Err(DecodeError::Tag { what: "mailbox policy", value }),
        }
    }
}

impl Wire for Collect {
    fn write(&self, out: &mut Writer) {
        self.slot.write(out);
        self.after.write(out);
        self.credit.write(out);
        self.follow.write(out);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (slot, after) = (Wire::read(input)?, Wire::read(input)?);
        let credit = input.u16()?;
        if !(1..=CREDIT_MAX).contains(&credit) {
            return Err(DecodeError::Range { what: "credit" });
        }
        Ok(Collect { slot, after, credit, follow: input.bool()? })
    }
}

impl Wire for CrossOff {
    fn write(&self, out: &mut Writer) {
        self.slot.write(out);
        self.generation.write(out);
        out.u16(u16::try_from(self.indices.len()).expect("the owner crosses off at most 4,096 at once"));
        for index in &self.indices {
            index.write(out);
        }
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(CrossOff {
            slot: Wire::read(input)?,
            generation: Wire::read(input)?,
            indices: read_indices(input)?,
        })
    }
}

fn read_indices(input: &mut Reader<'_>) -> Result<Vec<StampIndex>, DecodeError> {
    let count = usize::from(input.u16()?);
    if count > CROSS_OFF_INDICES_MAX {
        return Err(DecodeError::Length { what: "indices" });
    }
    // The bytes are there before anything is allocated for them.
    let bytes = input.bytes(count * 2)?;
    let mut each = Reader::new(bytes);
    let indices = (0..count).map(|_| StampIndex::read(&mut each)).collect::<Result<Vec<_>, _>>()?;
    if !rises_strictly(&indices) {
        return Err(DecodeError::Order { what: "indices" });
    }
    Ok(indices)
}

impl Wire for Binding {
    fn write(&self, out: &mut Writer) {
        match self {
            Binding::None => {
                out.u8(0);
                out.bytes(&[0; 32]);
            }
            Binding::TlsExporter(value) => {
                out.u8(1);
                out.bytes(value);
            }
        }
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match (input.u8()?, input.array::<32>()?) {
            (0, value) if value == [0; 32] => Ok(Binding::None),
            (0, _) => Err(DecodeError::Range { what: "absent binding" }),
            (1, value) => Ok(Binding::TlsExporter(value)),
            (value, _) => Err(DecodeError::Tag { what: "binding", value }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ServerId, WelcomeNonce};

    #[test]
    fn a_connection_proof_has_98_bytes_and_one_encoding_without_a_binding() {
        let bound = ConnectionProof {
            version: 1,
            server_id: ServerId([2; 32]),
            welcome_nonce: WelcomeNonce([3; 32]),
            binding: Binding::TlsExporter([0; 32]),
        };
        let unbound = ConnectionProof { binding: Binding::None, ..bound };
        for proof in [bound, unbound] {
            assert_eq!(proof.to_bytes().len(), 98);
            assert_eq!(ConnectionProof::from_bytes(&proof.to_bytes()), Ok(proof));
        }
        let mut forged = unbound.to_bytes();
        if let Some(last) = forged.last_mut() {
            *last = 1;
        }
        assert_eq!(ConnectionProof::from_bytes(&forged), Err(DecodeError::Range { what: "absent binding" }));
    }

    #[test]
    fn a_value_alone_refuses_what_follows_it() {
        assert_eq!(AnswerKind::from_bytes(&[1, 0]), Err(DecodeError::Trailing));
        assert_eq!(AnswerKind::from_bytes(&[]), Err(DecodeError::Truncated));
    }
}
