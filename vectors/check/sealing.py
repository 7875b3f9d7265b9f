"""What the programs that write sealed and signed cases share: people, and sealing with fixed randomness.

Not used by check.py. It needs two more packages, since OpenSSL draws its own randomness: kyber-py 1.2.0 and
dilithium-py 1.5.1. Nothing here comes from our code.
"""
import os

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from dilithium_py.ml_dsa import ML_DSA_65
from kyber_py.ml_kem import ML_KEM_768

import envelope
import hpke
import identity
import olm
import xwing
from cases import VECTORS
from hashes import hkdf_expand, hkdf_extract, mac, sha256

TODAY = 20_000
NOW = TODAY * 86_400 + 3_600
SERVER = bytes([9] * 32)


def secret(words): return sha256(b"oubliette vectors: " + words.encode())


def case(name, comment, function, **fields):
    """Writes a case; `name` is its folder and its property."""
    lines = ["# " + line for line in comment.split("\n")] + ["function = " + function]
    lines += [f"{key} = {value.hex() if isinstance(value, bytes) else value}" for key, value in fields.items()]
    with open(os.path.join(VECTORS, name + ".txt"), "w", encoding="utf-8") as out:
        out.write("\n".join(lines) + "\n")


def encapsulate(public, randomness):
    """X-Wing with fixed randomness: 32 bytes for ML-KEM, then the X25519 secret."""
    post_quantum, enc = ML_KEM_768._encaps_internal(public[:1184], randomness[:32])
    classical = xwing.x25519_public(randomness[32:])
    shared = xwing.x25519(randomness[32:], public[1184:])
    return enc + classical, xwing.combine(post_quantum, shared, classical, public[1184:])


def seal(header, public, info, aad, padded, randomness, psk=b"", psk_id=b""):
    enc, shared = encapsulate(public, randomness)
    return header + enc + hpke.seal(shared, info, aad, padded, psk, psk_id)


class Signer:
    """An identity whose ML-DSA half is the deterministic variant, by dilithium-py."""

    def __init__(self, name):
        self.seeds = secret(name + " ed25519"), secret(name + " ml-dsa-65")
        self.both = identity.Secret(*self.seeds)
        self.public = self.both.public
        self.fingerprint = identity.fingerprint(self.public)
        key, self.post_quantum = ML_DSA_65.key_derive(self.seeds[1])
        assert key == self.public[32:], "dilithium-py and OpenSSL make other keys of one seed"

    def sign(self, purpose, message):
        signed = identity.transcript(b"oubliette/sig/1", purpose, self.fingerprint, message)
        return self.both.classical.sign(signed) + self.sign_second(signed)

    def sign_second(self, signed):
        """The ML-DSA half alone, over a whole transcript."""
        return ML_DSA_65.sign(self.post_quantum, signed, identity.CONTEXT, deterministic=True)


class Person(Signer):
    """An identity with an account: Olm keys, a prekey and a doorstep."""

    def __init__(self, name):
        super().__init__(name)
        self.name = name.encode()
        self.olm_identity, self.olm_fallback = secret(name + " olm identity"), secret(name + " olm fallback")
        self.prekey_id, self.prekey_seed = secret(name + " prekey id")[:8], secret(name + " prekey")
        self.doorstep, self.inbox = secret(name + " doorstep")[:16], secret(name + " inbox")[:16]
        self.prekey = xwing.Key(self.prekey_seed).public

    def bundle_body(self, **other):
        """BundleBody, with other fields where a case wants them."""
        fields = dict(
            identity=self.fingerprint, counter=(1).to_bytes(8, "big"), day=TODAY, not_after=TODAY + 90,
            olm_identity=xwing.x25519_public(self.olm_identity), olm_fallback=xwing.x25519_public(self.olm_fallback),
            prekey_id=self.prekey_id, prekey=self.prekey, doorstep=self.doorstep, suites=b"\x01\x01")
        fields.update(other)
        return b"".join(value.to_bytes(2, "big") if isinstance(value, int) else value for value in fields.values())

    def bundle(self, signer=None, label=b"oubliette/bundle/1", **other):
        body = self.bundle_body(**other)
        return body + (signer or self).sign(label, body)


def field(number, value):
    """Protocol Buffers, wire type 2."""
    length, out = len(value), b""
    while length > 127:
        out, length = out + bytes([length & 127 | 128]), length >> 7
    return bytes([number << 3 | 2]) + out + bytes([length]) + value


def public_keys(person): return xwing.x25519_public(person.olm_identity), xwing.x25519_public(person.olm_fallback)


def olm_message(sender, recipient, plaintext, index=0, version=olm.VERSION, spoil=False):
    """A message of the first chain of the session that `sender` begins with `recipient`'s fallback key."""
    base, ratchet, theirs = secret("base key"), secret("ratchet key"), public_keys(recipient)
    s = olm.shared(sender.olm_identity, theirs[1]) + olm.shared(base, theirs[0]) + olm.shared(base, theirs[1])
    chain = olm.first_chain(s)[1]
    for _ in range(index):
        chain = mac(chain, b"\x02")
    keys = hkdf_expand(hkdf_extract(b"", mac(chain, b"\x01")), b"OLM_KEYS", 80)
    padder, encryptor = PKCS7(128).padder(), Cipher(algorithms.AES(keys[:32]), modes.CBC(keys[64:])).encryptor()
    ciphertext = encryptor.update(padder.update(plaintext) + padder.finalize()) + encryptor.finalize()
    head = bytes([version]) + field(1, xwing.x25519_public(ratchet)) + bytes([0x10, index])
    covered = head + field(4, ciphertext)
    tag = mac(keys[32:64], covered)[:32 if version == olm.VERSION else 8]
    return covered + (bytes([tag[0] ^ 1]) + tag[1:] if spoil else tag)


def olm_pre_key(sender, recipient, plaintext, **other):
    """The first message of that session, with the keys that begin it."""
    inner = olm_message(sender, recipient, plaintext, **other)
    keys = public_keys(recipient)[1], xwing.x25519_public(secret("base key")), public_keys(sender)[0]
    return bytes([olm.PRE_KEY_VERSION]) + b"".join(field(n + 1, key) for n, key in enumerate(keys)) + field(4, inner)
