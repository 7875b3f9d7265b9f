//! State as bytes for the vault: accounts, conversations and mints, with Olm pickles inside.
//!
//! Vodozemac's own encryption of pickles is not used: the vault encrypts all of it. The encoding is the
//! wire's, led by a version byte; a pickle is JSON, as its `serde` form.

use crate::account::{Account, Fallback, Prekey};
use crate::conversation::{Conversation, HelloState, TheirBundle, Unanswered};
use crate::numbering::Received;
use crate::olm::SessionId;
use crate::series::{OfferSecret, Series};
use crate::session::{Kept, SeenSession, Sessions};
use crate::stamps::Mint;
use crate::{Offer, ReplyPath, Seen, StreamId};
use crypto::Secret;
use vodozemac::olm::AccountPickle;
use wire::{
    Curve25519Key, Day, DecodeError, DepositId, Generation, IdentityFingerprint, PrekeyId, Reader,
    UnixSeconds, Wire, Writer,
};
use zeroize::Zeroizing;

const VERSION: u8 = 1;

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
        written(|out| {
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
        })
    }

    /// The conversation that [`Conversation::snapshot`] wrote.
    pub fn restore(bytes: &[u8]) -> Result<Conversation, SnapshotError> {
        read_back(bytes, |input| {
            Ok(Conversation {
                mine: IdentityFingerprint::read(input)?,
                theirs: IdentityFingerprint::read(input)?,
                stream: read_option(input, |input| Ok(StreamId::read(input)?))?,
                next_number: input.u64()?,
                answered: read_option(input, |input| Ok(Seen::read(input)?))?,
                incoming: read_all(input, read_received)?,
                series: read_series(input)?,
                their_offer: read_option(input, |input| Ok(Offer::read(input)?))?,
                sessions: read_sessions(input)?,
                their_bundle: read_option(input, read_their_bundle)?,
                hello: read_option(input, read_hello)?,
                unanswered: Unanswered { count: input.u32()?, since: UnixSeconds::read(input)? },
            })
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
    let mut out = Writer::new();
    out.u8(VERSION);
    write(&mut out);
    Zeroizing::new(out.into_bytes())
}

fn read_back<T>(bytes: &[u8], read: impl FnOnce(&mut Reader<'_>) -> Read<T>) -> Read<T> {
    let mut input = Reader::new(bytes);
    match input.u8()? {
        VERSION => {}
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

fn write_fallback(fallback: &Fallback, out: &mut Writer) {
    fallback.key.write(out);
    fallback.made.write(out);
    write_option(fallback.superseded.as_ref(), Day::write, out);
}

fn read_fallback(input: &mut Reader<'_>) -> Read<Fallback> {
    Ok(Fallback {
        key: Curve25519Key::read(input)?,
        made: Day::read(input)?,
        superseded: read_option(input, read_day)?,
    })
}

fn read_day(input: &mut Reader<'_>) -> Read<Day> {
    Ok(Day::read(input)?)
}

fn write_prekey(prekey: &Prekey, out: &mut Writer) {
    prekey.id.write(out);
    write_secret(&prekey.seed, out);
    prekey.made.write(out);
    write_option(prekey.superseded.as_ref(), Day::write, out);
}

fn read_prekey(input: &mut Reader<'_>) -> Read<Prekey> {
    Ok(Prekey {
        id: PrekeyId::read(input)?,
        seed: read_secret(input)?,
        made: Day::read(input)?,
        superseded: read_option(input, read_day)?,
    })
}

fn write_received(received: &Received, out: &mut Writer) {
    received.stream.write(out);
    out.u64(received.through);
    out.u64(received.highest);
    write_all(
        &received.islands,
        |(first, last), out| {
            out.u64(*first);
            out.u64(*last);
        },
        out,
    );
}

fn read_received(input: &mut Reader<'_>) -> Read<Received> {
    Ok(Received {
        stream: StreamId::read(input)?,
        through: input.u64()?,
        highest: input.u64()?,
        islands: read_all(input, |input| Ok((input.u64()?, input.u64()?)))?,
    })
}

fn write_series(series: &Series, out: &mut Writer) {
    write_all(&series.secrets, write_offer_secret, out);
    out.u32(series.made);
    out.u32(series.used);
    series.used_at.write(out);
}

fn read_series(input: &mut Reader<'_>) -> Read<Series> {
    Ok(Series {
        secrets: read_all(input, read_offer_secret)?,
        made: input.u32()?,
        used: input.u32()?,
        used_at: UnixSeconds::read(input)?,
    })
}

fn write_offer_secret(offer: &OfferSecret, out: &mut Writer) {
    out.u32(offer.n);
    offer.day.write(out);
    write_secret(&offer.seed, out);
    write_secret(&offer.psk, out);
}

fn read_offer_secret(input: &mut Reader<'_>) -> Read<OfferSecret> {
    Ok(OfferSecret {
        n: input.u32()?,
        day: Day::read(input)?,
        seed: read_secret(input)?,
        psk: read_secret(input)?,
    })
}

fn write_sessions(sessions: &Sessions, out: &mut Writer) {
    write_all(&sessions.kept, write_kept, out);
    write_all(&sessions.seen, write_seen_session, out);
    out.u64(sessions.ordinal);
}

fn read_sessions(input: &mut Reader<'_>) -> Read<Sessions> {
    Ok(Sessions {
        kept: read_all(input, read_kept)?,
        seen: read_all(input, read_seen_session)?,
        ordinal: input.u64()?,
    })
}

fn write_kept(kept: &Kept, out: &mut Writer) {
    out.bytes(&kept.id.0);
    write_pickle(&kept.pickle, out);
    out.bool(kept.confirmed);
    out.u64(kept.last_new);
    kept.active.write(out);
}

fn read_kept(input: &mut Reader<'_>) -> Read<Kept> {
    Ok(Kept {
        id: SessionId(input.array()?),
        pickle: Zeroizing::new(read_pickle(input)?.to_vec()),
        confirmed: input.bool()?,
        last_new: input.u64()?,
        active: UnixSeconds::read(input)?,
    })
}

fn write_seen_session(seen: &SeenSession, out: &mut Writer) {
    out.bytes(&seen.id.0);
    seen.fallback.write(out);
    write_option(seen.gone.as_ref(), Day::write, out);
}

fn read_seen_session(input: &mut Reader<'_>) -> Read<SeenSession> {
    Ok(SeenSession {
        id: SessionId(input.array()?),
        fallback: Curve25519Key::read(input)?,
        gone: read_option(input, read_day)?,
    })
}

fn write_their_bundle(bundle: &TheirBundle, out: &mut Writer) {
    out.u64(bundle.counter);
    bundle.olm_identity.write(out);
}

fn read_their_bundle(input: &mut Reader<'_>) -> Read<TheirBundle> {
    Ok(TheirBundle { counter: input.u64()?, olm_identity: Curve25519Key::read(input)? })
}

fn write_hello(hello: &HelloState, out: &mut Writer) {
    out.bytes(&hello.session.0);
    hello.began.write(out);
    out.u32(hello.sealed);
    hello.reply.write(out);
}

fn read_hello(input: &mut Reader<'_>) -> Read<HelloState> {
    Ok(HelloState {
        session: SessionId(input.array()?),
        began: UnixSeconds::read(input)?,
        sealed: input.u32()?,
        reply: ReplyPath::read(input)?,
    })
}
