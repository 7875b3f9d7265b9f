//! Kept envelopes that an earlier build sealed, with the state that opened them.

use super::{Case, array, bytes, folder, number};
use crate::common::{Person, acquainted};
use crate::{Account, Conversation, DoorstepOpened, open_doorstep};
use wire::{DepositId, Envelope, IdentityFingerprint, UnixSeconds};

pub(super) fn check_hello(case: &Case) {
    let account = Account::restore(&bytes(case, "account")).unwrap();
    assert_eq!(
        secrets_of(&account),
        ["prekey_id", "prekey_seed", "olm_identity", "olm_fallback"].map(|key| bytes(case, key))
    );
    let mine = IdentityFingerprint(array(case, "recipient"));
    let envelope = Envelope::new(bytes(case, "envelope").into()).unwrap();
    let doorstep = DepositId(array(case, "doorstep"));
    let now = UnixSeconds(number(case, "now"));
    let opened = open_doorstep(&account, &mine, &envelope, doorstep, |_| None, now);
    let DoorstepOpened::Hello(hello) = opened.unwrap() else { panic!("no HELLO") };
    assert_eq!(hello.from.as_bytes(), &array(case, "sender"));
    assert_eq!(hello.opened.content.to_bytes(), bytes(case, "content"));
}

pub(super) fn check_inbox(case: &Case) {
    let account = Account::restore(&bytes(case, "account")).unwrap();
    let conversation = Conversation::restore(&bytes(case, "conversation")).unwrap();
    assert_eq!(*conversation.snapshot(), bytes(case, "conversation"));
    let keys = ["recipient", "sender", "n", "offer_seed", "offer_psk", "olm_root_key", "olm_ratchet_secret"];
    let beside =
        keys.map(
            |key| if key == "n" { number::<u32>(case, key).to_be_bytes().to_vec() } else { bytes(case, key) },
        );
    assert_eq!(conversation_secrets(&conversation), beside);
    let envelope = Envelope::new(bytes(case, "envelope").into()).unwrap();
    let inbox = DepositId(array(case, "inbox"));
    let opened = conversation.open(&account, &envelope, inbox, UnixSeconds(number(case, "now"))).unwrap();
    assert_eq!(opened.content.to_bytes(), bytes(case, "content"));
}

/// What opens a HELLO, without the snapshot around it: prekey id and seed, Olm identity and fallback secret.
fn secrets_of(account: &Account) -> [Vec<u8>; 4] {
    let pickle = serde_json::to_value(account.olm.pickle()).unwrap();
    let prekey = account.prekeys.last().unwrap();
    [
        prekey.id.as_bytes().to_vec(),
        prekey.seed.expose().to_vec(),
        listed(&pickle["diffie_hellman_key"]),
        listed(&pickle["fallback_keys"]["fallback_key"]["key"]),
    ]
}

/// What opens the next letter: whom, from whom, the offer, and the ratchet where it stands.
fn conversation_secrets(conversation: &Conversation) -> [Vec<u8>; 7] {
    let offer = conversation.series.to_try().next().unwrap();
    let pickle: serde_json::Value =
        serde_json::from_slice(&conversation.sessions.best().unwrap().pickle).unwrap();
    let ratchet = &pickle["sending_ratchet"]["active_ratchet"];
    [
        conversation.mine.as_bytes().to_vec(),
        conversation.theirs.as_bytes().to_vec(),
        offer.n.to_be_bytes().to_vec(),
        offer.seed.expose().to_vec(),
        offer.psk.expose().to_vec(),
        listed(&ratchet["root_key"]),
        listed(&ratchet["ratchet_key"]),
    ]
}

fn listed(value: &serde_json::Value) -> Vec<u8> {
    serde_json::from_value(value.clone()).unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Vodozemac and HPKE draw their own randomness, so what they sealed is kept as transcripts: run with
/// `cargo test -p e2ee write_transcripts -- --ignored` when the format changes, never to make a test pass.
#[test]
#[ignore = "overwrites the kept transcripts"]
fn write_transcripts() {
    write_hello();
    write_inbox();
}

fn write_hello() {
    let (mut alice, bob) = Person::pair();
    let envelope = alice.hello(&bob, "a first word");
    let DoorstepOpened::Hello(hello) = bob.try_doorstep(&envelope).unwrap() else { panic!("no HELLO") };
    let [prekey_id, prekey_seed, olm_identity, olm_fallback] =
        secrets_of(&bob.account).map(|bytes| hex(&bytes));
    let text = format!(
        "# A HELLO that an earlier build sealed. A build that does not open it has changed the format.\nfunction \
         = open_hello\naccount = {}\nprekey_id = {prekey_id}\nprekey_seed = {prekey_seed}\nolm_identity = \
         {olm_identity}\nolm_fallback = {olm_fallback}\nrecipient = {}\ndoorstep = {}\nnow = {}\nenvelope = \
         {}\nsender = {}\ncontent = {}\n",
        hex(&bob.account.snapshot()),
        hex(bob.me.as_bytes()),
        hex(bob.doorstep.as_bytes()),
        bob.now.0,
        hex(envelope.as_bytes()),
        hex(alice.me.as_bytes()),
        hex(&hello.opened.content.to_bytes()),
    );
    std::fs::write(folder().join("transcript-hello-opens.txt"), text).unwrap();
}

fn write_inbox() {
    let (mut alice, bob) = acquainted();
    let envelope = alice.say(&bob, "a later word");
    let content = bob.try_read(&alice, &envelope).unwrap().content;
    let conversation = bob.conversation(&alice);
    let secrets = conversation_secrets(&conversation).map(|bytes| hex(&bytes));
    let [recipient, sender, n, offer_seed, offer_psk, root_key, ratchet_secret] = secrets;
    let text = format!(
        "# A letter that an earlier build sealed, and the recipient's state before it.\nfunction = \
         open_inbox\naccount = {}\nconversation = {}\nrecipient = {recipient}\nsender = {sender}\nn = \
         {}\noffer_seed = {offer_seed}\noffer_psk = {offer_psk}\nolm_root_key = {root_key}\nolm_ratchet_secret \
         = {ratchet_secret}\ninbox = {}\nnow = {}\nenvelope = {}\ncontent = {}\n",
        hex(&bob.account.snapshot()),
        hex(&conversation.snapshot()),
        u32::from_str_radix(&n, 16).unwrap(),
        hex(bob.inbox.as_bytes()),
        bob.now.0,
        hex(envelope.as_bytes()),
        hex(&content.to_bytes()),
    );
    std::fs::write(folder().join("transcript-inbox-opens.txt"), text).unwrap();
}
