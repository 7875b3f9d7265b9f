//! Cases that `vectors/e2ee/envelopes.py` and `hellos.py` sealed: envelopes, bundles and HELLOs made without our code.

use super::{Case, array, bytes, folder, number, read};
use crate::account::{Fallback, Prekey};
use crate::envelope::{Form, SeriesOf, open_from_doorstep, open_from_inbox, seal_to_offer, seal_to_prekey};
use crate::series::{OfferSecret, Series};
use crate::{Account, Conversation, DoorstepOpened, Offer, OpenError, open_doorstep, verify_bundle};
use core::convert::Infallible;
use crypto::{PublicIdentity, Secret, XWingSecret};
use rand_core::{TryCryptoRng, TryRng};
use wire::{
    BundleBody, Curve25519Key, Day, DepositId, Envelope, EnvelopeSize, IdentityFingerprint, PrekeyBundle,
    PrekeyId, Signature, UnixSeconds, Wire, XWingPublicKey,
};

/// What came out must be what the file says: `accepted`, or `refused` and the name of the reason.
fn expect<T>(case: &Case, came: Result<T, String>) -> Option<T> {
    let result = came.as_ref().map_or_else(|why| format!("refused {why}"), |_| "accepted".to_owned());
    assert_eq!(result, case["result"]);
    came.ok()
}

/// The names that `vectors/e2ee/README.md` gives to reasons.
fn name_of(error: OpenError) -> String {
    match error {
        OpenError::BadBundle(error) => format!("{error:?}"),
        OpenError::Content(_) => "Content".to_owned(),
        error => format!("{error:?}"),
    }
}

fn envelope_of(case: &Case) -> Envelope {
    Envelope::new(bytes(case, "envelope").into()).unwrap()
}

fn recipient(case: &Case) -> IdentityFingerprint {
    IdentityFingerprint(array(case, "recipient"))
}

pub(super) fn check_envelope(case: &Case) {
    let opened = if case["at"] == "inbox" { open_at_inbox(case) } else { open_at_doorstep(case) };
    let Some((form, body)) = expect(case, opened.map_err(name_of)) else { return };
    assert_eq!(form as u8, number::<u8>(case, "form"));
    assert_eq!(body, bytes(case, "body"));
    if case.contains_key("randomness") {
        let mut rng = Given(bytes(case, "randomness"));
        let again =
            if form == Form::Inbox { seal_again(case, &mut rng) } else { reseal(case, form, &mut rng) };
        assert!(again == envelope_of(case), "the same randomness seals to the same bytes");
        assert!(rng.0.is_empty(), "randomness was left");
    }
}

fn open_at_inbox(case: &Case) -> Result<(Form, Vec<u8>), OpenError> {
    let secret = OfferSecret {
        n: number(case, "n"),
        day: Day(20_000),
        seed: Secret::new(array(case, "seed")),
        psk: Secret::new(array(case, "psk")),
    };
    let series = Series { made: secret.n, secrets: vec![secret], ..Series::new() };
    let (owner, sender) = (recipient(case), IdentityFingerprint(array(case, "sender")));
    let of = SeriesOf { owner: &owner, sender: &sender };
    let (n, body) = open_from_inbox(&series, of, &DepositId(array(case, "mailbox")), &envelope_of(case))?;
    assert_eq!(n, number::<u32>(case, "n"));
    Ok((Form::Inbox, body.to_vec()))
}

fn open_at_doorstep(case: &Case) -> Result<(Form, Vec<u8>), OpenError> {
    let account = account_with([0; 32], [0; 32], array(case, "prekey_id"), array(case, "seed"));
    let mailbox = DepositId(array(case, "mailbox"));
    let found = open_from_doorstep(&account, &recipient(case), &mailbox, &envelope_of(case))?;
    assert_eq!(found.prekey_id.as_bytes(), &array(case, "prekey_id"));
    Ok((found.form, found.body.to_vec()))
}

fn seal_again(case: &Case, rng: &mut Given) -> Envelope {
    let offer = Offer {
        n: number(case, "n"),
        day: Day(20_000),
        key: XWingPublicKey(XWingSecret::from_seed(array(case, "seed")).public()),
        psk: array(case, "psk"),
    };
    let (owner, sender) = (recipient(case), IdentityFingerprint(array(case, "sender")));
    let of = SeriesOf { owner: &owner, sender: &sender };
    let envelope = envelope_of(case);
    let size = EnvelopeSize::ALL.into_iter().find(|size| size.bytes() == envelope.as_bytes().len());
    let inbox = DepositId(array(case, "mailbox"));
    seal_to_offer(&offer, of, &inbox, size.unwrap(), &bytes(case, "body"), rng).unwrap()
}

fn reseal(case: &Case, form: Form, rng: &mut Given) -> Envelope {
    let body = BundleBody {
        identity: recipient(case),
        counter: 1,
        day: Day(0),
        not_after: Day(0),
        olm_identity: Curve25519Key([0; 32]),
        olm_fallback: Curve25519Key([0; 32]),
        prekey_id: PrekeyId(array(case, "prekey_id")),
        prekey: XWingPublicKey(XWingSecret::from_seed(array(case, "seed")).public()),
        doorstep: DepositId(array(case, "mailbox")),
        suites: vec![1],
    };
    let bundle = PrekeyBundle { body, signature: Signature([0; 3373]) };
    seal_to_prekey(form, &bundle, &bytes(case, "body"), rng).unwrap()
}

pub(super) fn check_bundle(case: &Case) {
    let identity = PublicIdentity::from_bytes(&array(case, "identity")).unwrap();
    let verified = PrekeyBundle::from_bytes(&bytes(case, "bundle"))
        .map_err(|_| "Malformed".to_owned())
        .and_then(|bundle| {
            let today = Day(number(case, "today"));
            verify_bundle(&bundle, &identity, today).map_err(|error| format!("{error:?}"))
        });
    if let Some(verified) = expect(case, verified) {
        assert_eq!(verified.bundle().to_bytes(), bytes(case, "bundle"));
    }
}

pub(super) fn check_hello(case: &Case) {
    let Some(opened) = expect(case, open_at_door(case, &envelope_of(case), None)) else { return };
    let DoorstepOpened::Hello(hello) = opened else { panic!("no HELLO") };
    assert_eq!(hello.from.as_bytes(), &array(case, "sender"));
    assert_eq!(hello.opened.content.to_bytes(), bytes(case, "content"));
}

/// A session form, opened in the state that the HELLO of another case left.
pub(super) fn check_session(case: &Case) {
    let before = read(&folder().join(format!("{}.txt", case["after"])));
    let opened = open_at_door(&before, &envelope_of(&before), None);
    let Ok(DoorstepOpened::Hello(hello)) = opened else { panic!("no HELLO") };
    let known = hello.opened.conversation;
    let Some(opened) = expect(case, open_at_door(&before, &envelope_of(case), Some(&known))) else { return };
    let DoorstepOpened::Session { from, opened } = opened else { panic!("no session form") };
    assert_eq!(&from, known.theirs());
    assert_eq!(opened.content.to_bytes(), bytes(case, "content"));
}

/// Opens at the doorstep of the person whose secrets the case gives, who knows one correspondent at most.
fn open_at_door(
    case: &Case,
    envelope: &Envelope,
    known: Option<&Conversation>,
) -> Result<DoorstepOpened, String> {
    let (identity, fallback) = (array(case, "olm_identity"), array(case, "olm_fallback"));
    let account = account_with(identity, fallback, array(case, "prekey_id"), array(case, "prekey_seed"));
    let doorstep = DepositId(array(case, "doorstep"));
    let now = UnixSeconds(number(case, "now"));
    let known = |who: &IdentityFingerprint| known.filter(|known| known.theirs() == who).cloned();
    open_doorstep(&account, &recipient(case), envelope, doorstep, known, now).map_err(name_of)
}

/// An account of known secrets, through the form in which vodozemac keeps them.
fn account_with(identity: [u8; 32], fallback: [u8; 32], prekey_id: [u8; 8], seed: [u8; 32]) -> Account {
    let pickle = serde_json::json!({
        "signing_key": { "Normal": identity },
        "diffie_hellman_key": identity,
        "one_time_keys": { "next_key_id": 0, "public_keys": {}, "private_keys": {} },
        "fallback_keys": {
            "key_id": 1,
            "fallback_key": { "key_id": 0, "key": fallback, "published": true },
            "previous_fallback_key": null,
        },
    });
    let day = Day(20_000);
    Account {
        olm: vodozemac::olm::Account::from_pickle(serde_json::from_value(pickle).unwrap()),
        fallback: Fallback { key: Curve25519Key([0; 32]), made: day, superseded: None },
        superseded_fallback: None,
        prekeys: vec![Prekey {
            id: PrekeyId(prekey_id),
            seed: Secret::new(seed),
            made: day,
            superseded: None,
        }],
    }
}

/// Gives the bytes of the case and no others.
struct Given(Vec<u8>);

impl TryRng for Given {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        panic!("nobody draws numbers")
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        panic!("nobody draws numbers")
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        assert!(out.len() <= self.0.len(), "more randomness is drawn than the case gives");
        let rest = self.0.split_off(out.len());
        out.copy_from_slice(&self.0);
        self.0 = rest;
        Ok(())
    }
}

impl TryCryptoRng for Given {}
