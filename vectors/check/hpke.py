"""HPKE, single shot: RFC 9180 § 5.1 with the suite of spec/primitives.md § HPKE."""
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from hashes import hkdf_expand, hkdf_extract
from reading import Refused

SUITE = b"HPKE" + bytes.fromhex("647a 0001 0003")


def labeled_extract(salt, label, ikm): return hkdf_extract(salt, b"HPKE-v1" + SUITE + label + ikm)


def labeled_expand(prk, label, info, length):
    return hkdf_expand(prk, length.to_bytes(2, "big") + b"HPKE-v1" + SUITE + label + info, length)


def key_and_nonce(shared, info, psk=b"", psk_id=b""):
    """The key schedule; without a psk it is base mode. At sequence number 0 the nonce is base_nonce."""
    mode = bytes([1 if psk else 0])
    context = mode + labeled_extract(b"", b"psk_id_hash", psk_id) + labeled_extract(b"", b"info_hash", info)
    secret = labeled_extract(shared, b"secret", psk)
    return labeled_expand(secret, b"key", context, 32), labeled_expand(secret, b"base_nonce", context, 12)


def open_(key, enc, info, aad, ciphertext, psk=b"", psk_id=b""):
    once, nonce = key_and_nonce(key.decapsulate(enc), info, psk, psk_id)
    try:
        return ChaCha20Poly1305(once).decrypt(nonce, ciphertext, aad)
    except InvalidTag:
        raise Refused("DoesNotOpen") from None


def seal(shared, info, aad, plaintext, psk=b"", psk_id=b""):
    once, nonce = key_and_nonce(shared, info, psk, psk_id)
    return ChaCha20Poly1305(once).encrypt(nonce, plaintext, aad)
