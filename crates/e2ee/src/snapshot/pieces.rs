//! The parts of a snapshot, each as the sequence of its fields.

use super::{
    Read, read_all, read_option, read_pickle, read_secret, write_all, write_option, write_pickle,
    write_secret,
};
use crate::account::{Fallback, Prekey};
use crate::conversation::{Former, HelloState, TheirBundle};
use crate::numbering::Received;
use crate::olm::SessionId;
use crate::series::{OfferSecret, Series};
use crate::session::{Kept, SeenSession, Sessions};
use crate::{ReplyPath, StreamId};
use wire::{Curve25519Key, Day, IdentityFingerprint, PrekeyId, Reader, UnixSeconds, Wire, Writer};
use zeroize::Zeroizing;

pub(super) fn write_fallback(fallback: &Fallback, out: &mut Writer) {
    fallback.key.write(out);
    fallback.made.write(out);
    write_option(fallback.superseded.as_ref(), Day::write, out);
}

pub(super) fn read_fallback(input: &mut Reader<'_>) -> Read<Fallback> {
    Ok(Fallback {
        key: Curve25519Key::read(input)?,
        made: Day::read(input)?,
        superseded: read_option(input, read_day)?,
    })
}

pub(super) fn read_day(input: &mut Reader<'_>) -> Read<Day> {
    Ok(Day::read(input)?)
}

pub(super) fn write_prekey(prekey: &Prekey, out: &mut Writer) {
    prekey.id.write(out);
    write_secret(&prekey.seed, out);
    prekey.made.write(out);
    write_option(prekey.superseded.as_ref(), Day::write, out);
}

pub(super) fn read_prekey(input: &mut Reader<'_>) -> Read<Prekey> {
    Ok(Prekey {
        id: PrekeyId::read(input)?,
        seed: read_secret(input)?,
        made: Day::read(input)?,
        superseded: read_option(input, read_day)?,
    })
}

pub(super) fn write_received(received: &Received, out: &mut Writer) {
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

pub(super) fn read_received(input: &mut Reader<'_>) -> Read<Received> {
    Ok(Received {
        stream: StreamId::read(input)?,
        through: input.u64()?,
        highest: input.u64()?,
        islands: read_all(input, |input| Ok((input.u64()?, input.u64()?)))?,
    })
}

pub(super) fn write_series(series: &Series, out: &mut Writer) {
    write_all(&series.secrets, write_offer_secret, out);
    out.u32(series.made);
    out.u32(series.used);
    series.used_at.write(out);
}

pub(super) fn read_series(input: &mut Reader<'_>) -> Read<Series> {
    Ok(Series {
        secrets: read_all(input, read_offer_secret)?,
        made: input.u32()?,
        used: input.u32()?,
        used_at: UnixSeconds::read(input)?,
    })
}

pub(super) fn write_former(former: &Former, out: &mut Writer) {
    former.mine.write(out);
    former.theirs.write(out);
    write_series(&former.series, out);
    former.since.write(out);
}

pub(super) fn read_former(input: &mut Reader<'_>) -> Read<Former> {
    Ok(Former {
        mine: IdentityFingerprint::read(input)?,
        theirs: IdentityFingerprint::read(input)?,
        series: read_series(input)?,
        since: UnixSeconds::read(input)?,
    })
}

/// Which of the sessions only receive, in their order.
pub(super) fn write_retired(sessions: &Sessions, out: &mut Writer) {
    sessions.kept.iter().for_each(|kept| out.bool(kept.retired));
}

pub(super) fn read_retired(sessions: &mut Sessions, input: &mut Reader<'_>) -> Read<()> {
    for kept in &mut sessions.kept {
        kept.retired = input.bool()?;
    }
    Ok(())
}

pub(super) fn write_offer_secret(offer: &OfferSecret, out: &mut Writer) {
    out.u32(offer.n);
    offer.day.write(out);
    write_secret(&offer.seed, out);
    write_secret(&offer.psk, out);
}

pub(super) fn read_offer_secret(input: &mut Reader<'_>) -> Read<OfferSecret> {
    Ok(OfferSecret {
        n: input.u32()?,
        day: Day::read(input)?,
        seed: read_secret(input)?,
        psk: read_secret(input)?,
    })
}

pub(super) fn write_sessions(sessions: &Sessions, out: &mut Writer) {
    write_all(&sessions.kept, write_kept, out);
    write_all(&sessions.seen, write_seen_session, out);
    out.u64(sessions.ordinal);
}

pub(super) fn read_sessions(input: &mut Reader<'_>) -> Read<Sessions> {
    Ok(Sessions {
        kept: read_all(input, read_kept)?,
        seen: read_all(input, read_seen_session)?,
        ordinal: input.u64()?,
    })
}

pub(super) fn write_kept(kept: &Kept, out: &mut Writer) {
    out.bytes(&kept.id.0);
    write_pickle(&kept.pickle, out);
    out.bool(kept.confirmed);
    out.u64(kept.last_new);
    kept.active.write(out);
}

pub(super) fn read_kept(input: &mut Reader<'_>) -> Read<Kept> {
    Ok(Kept {
        id: SessionId(input.array()?),
        pickle: Zeroizing::new(read_pickle(input)?.to_vec()),
        confirmed: input.bool()?,
        last_new: input.u64()?,
        active: UnixSeconds::read(input)?,
        retired: false,
    })
}

pub(super) fn write_seen_session(seen: &SeenSession, out: &mut Writer) {
    out.bytes(&seen.id.0);
    seen.fallback.write(out);
    write_option(seen.gone.as_ref(), Day::write, out);
}

pub(super) fn read_seen_session(input: &mut Reader<'_>) -> Read<SeenSession> {
    Ok(SeenSession {
        id: SessionId(input.array()?),
        fallback: Curve25519Key::read(input)?,
        gone: read_option(input, read_day)?,
    })
}

pub(super) fn write_their_bundle(bundle: &TheirBundle, out: &mut Writer) {
    out.u64(bundle.counter);
    bundle.olm_identity.write(out);
}

pub(super) fn read_their_bundle(input: &mut Reader<'_>) -> Read<TheirBundle> {
    Ok(TheirBundle { counter: input.u64()?, olm_identity: Curve25519Key::read(input)? })
}

pub(super) fn write_hello(hello: &HelloState, out: &mut Writer) {
    out.bytes(&hello.session.0);
    hello.began.write(out);
    out.u32(hello.sealed);
    hello.reply.write(out);
}

pub(super) fn read_hello(input: &mut Reader<'_>) -> Read<HelloState> {
    Ok(HelloState {
        session: SessionId(input.array()?),
        began: UnixSeconds::read(input)?,
        sealed: input.u32()?,
        reply: ReplyPath::read(input)?,
    })
}
