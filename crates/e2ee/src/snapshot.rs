//! State as bytes for the vault: accounts, conversations and mints, with Olm pickles inside.
//!
//! Vodozemac's own encryption of pickles is not used: the vault encrypts all of it. The encoding is the
//! wire's, led by a version byte; a pickle is JSON, as its `serde` form.

use crate::account::Account;
use crate::conversation::{Conversation, Unanswered};
use crate::stamps::Mint;
use crate::{Offer, Seen, StreamId};
use crypto::Secret;
use vodozemac::olm::AccountPickle;
use wire::{DecodeError, DepositId, Generation, IdentityFingerprint, Reader, UnixSeconds, Wire, Writer};
use zeroize::Zeroizing;

mod pieces;

use pieces::*;

const VERSION: u8 = 1;
/// Of a conversation that began anew: version 1, and what it keeps of before.
const VERSION_ANEW: u8 = 2;

/// Why bytes are not a snapshot.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// Written by a later version.
    #[error("the snapshot has version {0}, which this program does not know")]
    Version(u8),
    /// Damaged.
    #[error("the snapshot is damaged")]
    Damaged,
}

impl From<DecodeError> for SnapshotError {
    fn from(_: DecodeError) -> Self {
        SnapshotError::Damaged
    }
}

impl From<crate::ContentError> for SnapshotError {
    fn from(_: crate::ContentError) -> Self {
        SnapshotError::Damaged
    }
}

type Bytes = Zeroizing<Vec<u8>>;
type Read<T> = Result<T, SnapshotError>;

impl Account {
    /// The account as bytes; secret.
    pub fn snapshot(&self) -> Bytes {
        written(|out| {
            let pickle = Zeroizing::new(
                serde_json::to_vec(&self.olm.pickle()).expect("a pickle is plain data and always serialises"),
            );
            write_pickle(&pickle, out);
            write_fallback(&self.fallback, out);
            write_option(self.superseded_fallback.as_ref(), write_fallback, out);
            write_all(&self.prekeys, write_prekey, out);
        })
    }

    /// The account that [`Account::snapshot`] wrote.
    pub fn restore(bytes: &[u8]) -> Result<Account, SnapshotError> {
        read_back(bytes, |input| {
            let pickle: AccountPickle =
                serde_json::from_slice(read_pickle(input)?).map_err(|_| SnapshotError::Damaged)?;
            let account = Account {
                olm: vodozemac::olm::Account::from_pickle(pickle),
                fallback: read_fallback(input)?,
                superseded_fallback: read_option(input, read_fallback)?,
                prekeys: read_all(input, read_prekey)?,
            };
            if account.prekeys.is_empty() { Err(SnapshotError::Damaged) } else { Ok(account) }
        })
    }
}

impl Conversation {
    /// The conversation as bytes; secret.
    pub fn snapshot(&self) -> Bytes {
        let anew = self.former.is_some() || self.sessions.kept.iter().any(|kept| kept.retired);
        written_as(if anew { VERSION_ANEW } else { VERSION }, |out| {
            self.mine.write(out);
            self.theirs.write(out);
            write_option(self.stream.as_ref(), StreamId::write, out);
            out.u64(self.next_number);
            write_option(self.answered.as_ref(), Seen::write, out);
            write_all(&self.incoming, write_received, out);
            write_series(&self.series, out);
            write_option(self.their_offer.as_ref(), Offer::write, out);
            write_sessions(&self.sessions, out);
            write_option(self.their_bundle.as_ref(), write_their_bundle, out);
            write_option(self.hello.as_ref(), write_hello, out);
            out.u32(self.unanswered.count);
            self.unanswered.since.write(out);
            if anew {
                write_option(self.former.as_ref(), write_former, out);
                write_retired(&self.sessions, out);
            }
        })
    }

    /// The conversation that [`Conversation::snapshot`] wrote.
    pub fn restore(bytes: &[u8]) -> Result<Conversation, SnapshotError> {
        let anew = bytes.first() == Some(&VERSION_ANEW);
        read_back_as(if anew { VERSION_ANEW } else { VERSION }, bytes, |input| {
            let mut conversation = Conversation {
                mine: IdentityFingerprint::read(input)?,
                theirs: IdentityFingerprint::read(input)?,
                stream: read_option(input, |input| Ok(StreamId::read(input)?))?,
                next_number: input.u64()?,
                answered: read_option(input, |input| Ok(Seen::read(input)?))?,
                incoming: read_all(input, read_received)?,
                series: read_series(input)?,
                former: None,
                their_offer: read_option(input, |input| Ok(Offer::read(input)?))?,
                sessions: read_sessions(input)?,
                their_bundle: read_option(input, read_their_bundle)?,
                hello: read_option(input, read_hello)?,
                unanswered: Unanswered { count: input.u32()?, since: UnixSeconds::read(input)? },
            };
            if anew {
                conversation.former = read_option(input, read_former)?;
                read_retired(&mut conversation.sessions, input)?;
            }
            Ok(conversation)
        })
    }
}

impl Mint {
    /// The mint as bytes; secret.
    pub fn snapshot(&self) -> Bytes {
        written(|out| {
            self.sid.write(out);
            self.generation.write(out);
            write_secret(&self.owner_key, out);
            write_secret(&self.stamp_key, out);
            write_secret(&self.order, out);
            out.u32(self.handed_out);
        })
    }

    /// The mint that [`Mint::snapshot`] wrote.
    pub fn restore(bytes: &[u8]) -> Result<Mint, SnapshotError> {
        read_back(bytes, |input| {
            Ok(Mint {
                sid: DepositId::read(input)?,
                generation: Generation::read(input)?,
                owner_key: read_secret(input)?,
                stamp_key: read_secret(input)?,
                order: read_secret(input)?,
                handed_out: input.u32()?,
            })
        })
    }
}

fn written(write: impl FnOnce(&mut Writer)) -> Bytes {
    written_as(VERSION, write)
}

fn written_as(version: u8, write: impl FnOnce(&mut Writer)) -> Bytes {
    let mut out = Writer::new();
    out.u8(version);
    write(&mut out);
    Zeroizing::new(out.into_bytes())
}

fn read_back<T>(bytes: &[u8], read: impl FnOnce(&mut Reader<'_>) -> Read<T>) -> Read<T> {
    read_back_as(VERSION, bytes, read)
}

fn read_back_as<T>(version: u8, bytes: &[u8], read: impl FnOnce(&mut Reader<'_>) -> Read<T>) -> Read<T> {
    let mut input = Reader::new(bytes);
    match input.u8()? {
        found if found == version => {}
        other => return Err(SnapshotError::Version(other)),
    }
    let value = read(&mut input)?;
    input.finish()?;
    Ok(value)
}

fn write_option<T>(value: Option<&T>, write: impl FnOnce(&T, &mut Writer), out: &mut Writer) {
    out.bool(value.is_some());
    if let Some(value) = value {
        write(value, out);
    }
}

fn read_option<T>(input: &mut Reader<'_>, read: impl FnOnce(&mut Reader<'_>) -> Read<T>) -> Read<Option<T>> {
    if input.bool()? { read(input).map(Some) } else { Ok(None) }
}

fn write_all<T>(values: &[T], write: impl Fn(&T, &mut Writer), out: &mut Writer) {
    out.u16(u16::try_from(values.len()).expect("every list of a snapshot is bounded far below 65,536"));
    values.iter().for_each(|value| write(value, out));
}

fn read_all<T>(input: &mut Reader<'_>, read: impl Fn(&mut Reader<'_>) -> Read<T>) -> Read<Vec<T>> {
    let count = input.u16()?;
    (0..count).map(|_| read(input)).collect()
}

fn write_secret(secret: &Secret<32>, out: &mut Writer) {
    out.bytes(secret.expose());
}

fn read_secret(input: &mut Reader<'_>) -> Read<Secret<32>> {
    Ok(Secret::new(input.array()?))
}

fn write_pickle(pickle: &[u8], out: &mut Writer) {
    out.u32(u32::try_from(pickle.len()).expect("a pickle has some kilobytes"));
    out.bytes(pickle);
}

fn read_pickle<'a>(input: &mut Reader<'a>) -> Read<&'a [u8]> {
    let len = usize::try_from(input.u32()?).map_err(|_| SnapshotError::Damaged)?;
    Ok(input.bytes(len)?)
}
