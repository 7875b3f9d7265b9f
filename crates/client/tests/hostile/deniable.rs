//! What a transcript proves, and to whom: a recipient, or a thief of his Olm secrets, writes a first message in
//! anybody's name. It convinces the recipient's client and nobody else.

use serde_json::Value;
use wire::{CommitmentNonce, Curve25519Key, Wire, Writer};
use x25519_dalek::{PublicKey, StaticSecret};

use crate::{
    disk::account,
    evil::{Evil, Victim},
    olm::{Said, pre_key_message},
    peer::{HELLO, Peer, at_doorstep, bundle_of, prefix, random, to_doorstep},
};

/// The secret halves of a person's bundle.
struct Stolen {
    olm_identity: StaticSecret,
    fallback: StaticSecret,
}

impl Stolen {
    fn from(victim: &Victim) -> Stolen {
        let snapshot = account(&victim.profile());
        let len = u32::from_be_bytes(snapshot[1..5].try_into().unwrap()) as usize;
        let pickle: Value = serde_json::from_slice(&snapshot[5..5 + len]).unwrap();
        let secret = |value: &Value| {
            let bytes: Vec<u8> =
                value.as_array().unwrap().iter().map(|n| n.as_u64().unwrap() as u8).collect();
            StaticSecret::from(<[u8; 32]>::try_from(bytes).unwrap())
        };
        Stolen {
            olm_identity: secret(&pickle["diffie_hellman_key"]),
            fallback: secret(&pickle["fallback_keys"]["fallback_key"]["key"]),
        }
    }

    fn wrong() -> Stolen {
        let [olm_identity, fallback] = [(); 2].map(|()| StaticSecret::from(random::<32>()));
        Stolen { olm_identity, fallback }
    }
}

/// A HELLO from `author` to `reader`, made of what anybody may fetch of the author, and of the reader's secrets.
fn forge(evil: &Evil, author: &Victim, reader: &Victim, secrets: &Stolen, text: &str) {
    let (theirs, from) = (bundle_of(evil, reader), bundle_of(evil, author));
    let record = evil.shell().records[&author.client().name().unwrap()].last().unwrap().clone();
    // A reply path and an offer of the forger's choosing: nothing in them is signed.
    let mut forger = Peer::new(evil, "forger", reader);
    let mut content = forger.text(text);
    content.reply = Some(forger.reply_path(4));
    let plaintext = [prefix(&from.body.identity, &theirs), content.to_bytes()].concat();
    let [base, ratchet] = [(); 2].map(|()| PublicKey::from(&StaticSecret::from(random::<32>())));
    let identity: Curve25519Key = from.body.olm_identity;
    let shared = [
        secrets.fallback.diffie_hellman(&PublicKey::from(identity.0)).to_bytes(),
        secrets.olm_identity.diffie_hellman(&base).to_bytes(),
        secrets.fallback.diffie_hellman(&base).to_bytes(),
    ];
    let said = Said {
        one_time: theirs.body.olm_fallback.0,
        base: base.to_bytes(),
        identity: identity.0,
        ratchet: ratchet.to_bytes(),
    };
    let olm = pre_key_message(&said, &shared.concat(), &plaintext);
    let mut body = Writer::new();
    record.body.write(&mut body);
    record.sig_new.write(&mut body);
    CommitmentNonce([2; 16]).write(&mut body);
    body.u64(1);
    from.write(&mut body);
    body.long_bytes(&olm);
    at_doorstep(evil, reader, to_doorstep(HELLO, &theirs, &body.into_bytes()));
}

/// P08: with nothing of alice's but what is public, bob makes what his own client takes for a first message of
/// hers. Whoever shows such a message to a judge shows what he could have made himself.
#[test]
fn a_recipient_alone_can_make_a_senders_first_message() {
    let evil = Evil::start();
    let (alice, bob) = (evil.join("alice"), evil.join("bob"));
    forge(&evil, &alice, &bob, &Stolen::from(&bob), "I owe you everything");
    bob.client().collect().unwrap();
    let requests = bob.client().requests().unwrap();
    assert_eq!(requests[0].texts, ["I owe you everything"]);
    assert_eq!(requests[0].address, alice.client().address().unwrap(), "to the last fingerprint");
    assert!(evil.shell().deposits.is_empty(), "alice never sent anything");
}

/// P07: the same is what a thief of bob's Olm secrets can do to bob, and the reason why they are replaced. Without
/// them nobody can, whoever else's secrets he holds.
#[test]
fn without_the_recipients_secrets_nobody_speaks_for_another() {
    let evil = Evil::start();
    let (alice, bob, carol) = (evil.join("alice"), evil.join("bob"), evil.join("carol"));
    for secrets in [Stolen::wrong(), Stolen::from(&carol)] {
        forge(&evil, &alice, &bob, &secrets, "forged");
    }
    let half = Stolen { fallback: Stolen::wrong().fallback, ..Stolen::from(&bob) };
    forge(&evil, &alice, &bob, &half, "forged");
    let half = Stolen { olm_identity: Stolen::wrong().olm_identity, ..Stolen::from(&bob) };
    forge(&evil, &alice, &bob, &half, "forged");
    bob.client().collect().unwrap();
    assert!(bob.client().requests().unwrap().is_empty());
}

/// P07: and a thief of them can begin a running conversation anew in the contact's name, as somebody does who lost
/// a vault: his message is shown as the contact's, and the answer goes where he says. It ends when the secrets are
/// replaced and erased; what was said before stays closed to him.
#[test]
fn who_stole_my_olm_secrets_can_begin_anew_in_a_contacts_name() {
    let evil = Evil::start();
    let (alice, bob) = evil.friends();
    let stolen = Stolen::from(&bob);
    forge(&evil, &alice, &bob, &stolen, "write here from now on");
    assert_eq!(bob.texts(), ["write here from now on"]);
    bob.stored(&alice, "to whom?");
    assert!(alice.texts().is_empty(), "alice's inbox is not where bob writes");
    // Alice is still heard.
    alice.stored(&bob, "it is me");
    assert_eq!(bob.texts(), ["it is me"]);
}
