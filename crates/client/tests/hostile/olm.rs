//! Olm messages with any key and any counter in them, rightly authenticated: the ratchet's first step written
//! once more, since no library would write them.

use aes::Aes256;
use cbc::cipher::{BlockModeEncrypt, KeyIvInit, block_padding::Pkcs7};
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use wire::PrekeyBundle;
use x25519_dalek::{PublicKey, StaticSecret};

use crate::peer::random;

/// Session configuration 2: a whole MAC of 32 bytes.
const VERSION: u8 = 4;
/// Of the pre-key message around it.
const PRE_KEY_VERSION: u8 = 3;

/// The keys of a first message, and what they are said to be.
pub struct First {
    pub identity: StaticSecret,
    pub base: StaticSecret,
    /// What the message says; the secrets above are what the shared secret is made of.
    pub said: Said,
}

/// The five public keys that a first message names, in the order of its fields.
#[derive(Clone, Copy)]
pub struct Said {
    pub one_time: [u8; 32],
    pub base: [u8; 32],
    pub identity: [u8; 32],
    pub ratchet: [u8; 32],
}

impl First {
    /// An honest one.
    pub fn towards(theirs: &PrekeyBundle) -> First {
        let [identity, base, ratchet] = [(); 3].map(|()| StaticSecret::from(random::<32>()));
        let said = Said {
            one_time: theirs.body.olm_fallback.0,
            base: PublicKey::from(&base).to_bytes(),
            identity: PublicKey::from(&identity).to_bytes(),
            ratchet: PublicKey::from(&ratchet).to_bytes(),
        };
        First { identity, base, said }
    }

    /// A pre-key message of this plaintext. Where the named key is of low order, what the recipient would
    /// compute with it is zero, and so it is here.
    pub fn message(&self, theirs: &PrekeyBundle, plaintext: &[u8]) -> Vec<u8> {
        let agree = |secret: &StaticSecret, said: [u8; 32], public: [u8; 32]| {
            let honest = PublicKey::from(secret).to_bytes() == said;
            if honest { secret.diffie_hellman(&PublicKey::from(public)).to_bytes() } else { [0; 32] }
        };
        let Said { base, identity, .. } = self.said;
        let (theirs, fallback) = (theirs.body.olm_identity.0, theirs.body.olm_fallback.0);
        let shared = [
            agree(&self.identity, identity, fallback),
            agree(&self.base, base, theirs),
            agree(&self.base, base, fallback),
        ]
        .concat();
        pre_key_message(&self.said, &shared, plaintext)
    }
}

/// The first message of a session whose three agreements gave `shared`.
pub fn pre_key_message(said: &Said, shared: &[u8], plaintext: &[u8]) -> Vec<u8> {
    let Said { one_time, base, identity, ratchet } = *said;
    let mut keys = [0; 64];
    Hkdf::<Sha256>::new(Some(&[0]), shared).expand(b"OLM_ROOT", &mut keys).unwrap();
    let inner = normal(&ratchet, 0, plaintext, &message_key(&keys[32..]));
    let mut out = vec![PRE_KEY_VERSION];
    for (tag, bytes) in [(0x0a, &one_time[..]), (0x12, &base), (0x1a, &identity), (0x22, &inner)] {
        field(&mut out, tag, bytes);
    }
    out
}

/// The same ordinary message under another counter or another ratchet key; its MAC no longer holds.
pub fn altered(message: &[u8], ratchet: Option<&[u8; 32]>, index: u64) -> Vec<u8> {
    let key: [u8; 32] = message[3..35].try_into().unwrap();
    let rest = &message[36 + varint(index_of(message)).len()..];
    [&[VERSION, 0x0a, 32][..], ratchet.unwrap_or(&key), &[0x10], &varint(index), rest].concat()
}

/// The counter of an ordinary message.
pub fn index_of(message: &[u8]) -> u64 {
    let bytes = message[36..].iter().take_while(|byte| **byte >= 0x80).count() + 1;
    message[36..36 + bytes].iter().rev().fold(0, |sum, byte| (sum << 7) | u64::from(byte & 0x7f))
}

fn message_key(chain: &[u8]) -> Vec<u8> {
    Hmac::<Sha256>::new_from_slice(chain).unwrap().chain_update([1]).finalize().into_bytes().to_vec()
}

fn normal(ratchet: &[u8; 32], index: u64, plaintext: &[u8], key: &[u8]) -> Vec<u8> {
    let mut keys = [0; 80];
    Hkdf::<Sha256>::new(Some(&[0]), key).expand(b"OLM_KEYS", &mut keys).unwrap();
    let (key, iv) = (keys[..32].try_into().unwrap(), keys[64..].try_into().unwrap());
    let cipher = cbc::Encryptor::<Aes256>::new(key, iv);
    let ciphertext = cipher.encrypt_padded_vec::<Pkcs7>(plaintext);
    let mut out = vec![VERSION];
    field(&mut out, 0x0a, ratchet);
    out.push(0x10);
    out.extend(varint(index));
    field(&mut out, 0x22, &ciphertext);
    let mac = Hmac::<Sha256>::new_from_slice(&keys[32..64]).unwrap().chain_update(&out).finalize();
    out.extend(mac.into_bytes());
    out
}

fn field(out: &mut Vec<u8>, tag: u8, bytes: &[u8]) {
    out.push(tag);
    out.extend(varint(bytes.len() as u64));
    out.extend(bytes);
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
    out
}
