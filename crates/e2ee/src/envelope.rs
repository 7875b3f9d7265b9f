//! The outer layer: three forms of envelope, sealed by HPKE, padded to one of three sizes.
//!
//! Form 1 (HELLO) and 3 (session form) go to a doorstep under the bundle's prekey, form 2 to an inbox under
//! an offer. What is authenticated without being sealed — suite, form, prekey id, mailbox, size — stands in
//! `aad`; who seals to whom stands in `info` (`spec/e2ee.md § Envelopes`).

use crate::Offer;
use crate::account::Account;
use crate::open::OpenError;
use crate::outgoing::SealError;
use crate::series::Series;
use crate::sizes::{DOORSTEP_ENVELOPE_BYTES, ENC_BYTES, LENGTH_BYTES, TAG_BYTES};
use crypto::{Label, XWingSecret, sha256};
use rand_core::CryptoRng;
use wire::{DepositId, Envelope, EnvelopeSize, IdentityFingerprint, PrekeyBundle, PrekeyId};
use zeroize::Zeroizing;

/// The one suite there is.
pub(crate) const SUITE: u8 = 1;

const NOBODY: IdentityFingerprint = IdentityFingerprint([0; 32]);

/// What an envelope is sealed to, and therefore what it looks like.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Form {
    /// First contact, at the doorstep.
    Hello = 1,
    /// Under an offer, at the inbox.
    Inbox = 2,
    /// An existing session at the doorstep, when stamps are out.
    Session = 3,
}

/// Seals `body` to a bundle's prekey.
pub(crate) fn seal_to_prekey(
    form: Form,
    bundle: &PrekeyBundle,
    body: &[u8],
    rng: &mut impl CryptoRng,
) -> Result<Envelope, SealError> {
    let to = &bundle.body;
    let header = [&[SUITE, form as u8], to.prekey_id.as_bytes().as_slice()].concat();
    let info = info(form, &to.identity, &NOBODY, to.prekey.as_bytes());
    let aad = aad(&header, &to.doorstep, DOORSTEP_ENVELOPE_BYTES);
    let padded = pad(body, DOORSTEP_ENVELOPE_BYTES - header.len() - ENC_BYTES - TAG_BYTES)?;
    let sealed = crypto::seal_base(to.prekey.as_bytes(), &info, &aad, &padded, rng)?;
    Ok(assemble(&header, &sealed))
}

/// Seals `body` to an offer.
pub(crate) fn seal_to_offer(
    offer: &Offer,
    series: SeriesOf<'_>,
    inbox: &DepositId,
    size: EnvelopeSize,
    body: &[u8],
    rng: &mut impl CryptoRng,
) -> Result<Envelope, SealError> {
    let header = [SUITE, Form::Inbox as u8];
    let info = info(Form::Inbox, series.owner, series.sender, offer.key.as_bytes());
    let aad = aad(&header, inbox, size.bytes());
    let padded = pad(body, size.bytes() - header.len() - ENC_BYTES - TAG_BYTES)?;
    let psk_id = offer.n.to_be_bytes();
    let sealed = crypto::seal_psk(offer.key.as_bytes(), &offer.psk, &psk_id, &info, &aad, &padded, rng)?;
    Ok(assemble(&header, &sealed))
}

/// Between whom a series of offers began: a rotation does not change it.
#[derive(Clone, Copy)]
pub(crate) struct SeriesOf<'a> {
    /// Who made the offers and opens.
    pub(crate) owner: &'a IdentityFingerprint,
    /// Who seals to them.
    pub(crate) sender: &'a IdentityFingerprint,
}

/// What came out of a doorstep's envelope.
pub(crate) struct FromDoorstep {
    pub(crate) form: Form,
    pub(crate) prekey_id: PrekeyId,
    pub(crate) body: Zeroizing<Vec<u8>>,
}

/// Opens an envelope of form 1 or 3 with the prekey that it names.
pub(crate) fn open_from_doorstep(
    account: &Account,
    mine: &IdentityFingerprint,
    doorstep: &DepositId,
    envelope: &Envelope,
) -> Result<FromDoorstep, OpenError> {
    let bytes = envelope.as_bytes();
    if bytes.len() != DOORSTEP_ENVELOPE_BYTES {
        return Err(OpenError::Form);
    }
    let (header, rest) = bytes.split_first_chunk::<10>().ok_or(OpenError::Form)?;
    let [suite, form, prekey_id @ ..] = *header;
    let form = match (suite, form) {
        (SUITE, 1) => Form::Hello,
        (SUITE, 3) => Form::Session,
        _ => return Err(OpenError::Form),
    };
    let prekey_id = PrekeyId(prekey_id);
    let secret = account.prekey_by_id(&prekey_id).ok_or(OpenError::UnknownPrekey)?.secret();
    let info = info(form, mine, &NOBODY, &secret.public());
    let aad = aad(header, doorstep, bytes.len());
    let (enc, ciphertext) = rest.split_first_chunk::<ENC_BYTES>().ok_or(OpenError::Form)?;
    let padded = crypto::open_base(&secret, enc, &info, &aad, ciphertext)?;
    Ok(FromDoorstep { form, prekey_id, body: unpad(&padded)? })
}

/// Opens an envelope of form 2 with one of at most three offers; says with which.
pub(crate) fn open_from_inbox(
    series: &Series,
    of: SeriesOf<'_>,
    inbox: &DepositId,
    envelope: &Envelope,
) -> Result<(u32, Zeroizing<Vec<u8>>), OpenError> {
    let bytes = envelope.as_bytes();
    let (header, rest) = bytes.split_first_chunk::<2>().ok_or(OpenError::Form)?;
    if *header != [SUITE, Form::Inbox as u8] {
        return Err(OpenError::Form);
    }
    let (enc, ciphertext) = rest.split_first_chunk::<ENC_BYTES>().ok_or(OpenError::Form)?;
    let aad = aad(header, inbox, bytes.len());
    for offer in series.to_try() {
        let secret: XWingSecret = offer.secret();
        let info = info(Form::Inbox, of.owner, of.sender, &secret.public());
        let psk_id = offer.n.to_be_bytes();
        if let Ok(padded) =
            crypto::open_psk(&secret, enc, offer.psk.expose(), &psk_id, &info, &aad, ciphertext)
        {
            return Ok((offer.n, unpad(&padded)?));
        }
    }
    Err(OpenError::NoKey)
}

pub(crate) fn info(form: Form, to: &IdentityFingerprint, from: &IdentityFingerprint, key: &[u8]) -> Vec<u8> {
    [
        Label::ENVELOPE.as_bytes(),
        &[SUITE, form as u8],
        to.as_bytes().as_slice(),
        from.as_bytes().as_slice(),
        &sha256(&[key]),
    ]
    .concat()
}

pub(crate) fn aad(header: &[u8], mailbox: &DepositId, size: usize) -> Vec<u8> {
    let size = u32::try_from(size).expect("an envelope has at most 64 KiB");
    [header, mailbox.as_bytes(), &size.to_be_bytes()].concat()
}

/// `len u16 ‖ bytes ‖ zeros`, `room` bytes in all.
pub(crate) fn pad(bytes: &[u8], room: usize) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let most = room.saturating_sub(LENGTH_BYTES).min(usize::from(u16::MAX));
    let len = u16::try_from(bytes.len()).ok().filter(|_| bytes.len() <= most);
    let len = len.ok_or(SealError::TooLong { bytes: bytes.len(), most })?;
    let mut padded = Zeroizing::new(Vec::with_capacity(room));
    padded.extend_from_slice(&len.to_be_bytes());
    padded.extend_from_slice(bytes);
    padded.resize(room, 0);
    Ok(padded)
}

/// Takes the padding off; a bit hidden in it is refused.
pub(crate) fn unpad(padded: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let (len, rest) = padded.split_first_chunk::<2>().ok_or(OpenError::Padding)?;
    let len = usize::from(u16::from_be_bytes(*len));
    let (bytes, zeros) = rest.split_at_checked(len).ok_or(OpenError::Padding)?;
    if zeros.iter().any(|byte| *byte != 0) {
        return Err(OpenError::Padding);
    }
    Ok(Zeroizing::new(bytes.to_vec()))
}

fn assemble(header: &[u8], sealed: &crypto::Sealed) -> Envelope {
    let bytes = [header, &sealed.enc, &sealed.ciphertext].concat();
    Envelope::new(bytes.into()).expect("the padding fills the envelope exactly")
}
