"""Hashes, stamps and puzzles: spec/primitives.md § Hashes, § Stamps, § Puzzle."""
import hashlib
import hmac

from blake3 import blake3


def sha256(data): return hashlib.sha256(data).digest()
def sha512(data): return hashlib.sha512(data).digest()
def blake(data): return blake3(data).digest()
def blake_keyed(key, data): return blake3(data, key=key).digest()
def mac(key, data): return hmac.new(key, data, hashlib.sha256).digest()


def hkdf_extract(salt, ikm): return mac(salt or bytes(32), ikm)


def hkdf_expand(prk, info, length):
    out, block = b"", b""
    for count in range(1, -(-length // 32) + 1):
        block = mac(prk, block + info + bytes([count]))
        out += block
    return out[:length]


def record_hash(body): return sha256(b"oubliette/record-hash/1" + body)
def voucher_hash(voucher): return blake(b"oubliette/voucher/1" + voucher)
def envelope_hash(envelope): return blake(b"oubliette/envelope-hash/1" + envelope)[:16]
def keyed_name(key, name): return blake_keyed(key, b"oubliette/name-key/1" + name)


def place(sid, generation, index): return sid + bytes([generation]) + index.to_bytes(4, "big")
def stamp_secret(owner_key, at): return blake_keyed(owner_key, b"oubliette/stamp/x" + at)[:16]
def stamp_commitment(secret): return blake(b"oubliette/stamp/c" + secret)[:16]
def stamp_tag(stamp_key, at, commitment): return blake_keyed(stamp_key, b"oubliette/stamp/t" + at + commitment)[:16]


def deposit_mac(secret, at, envelope):
    key = blake3(secret, derive_key_context="oubliette/stamp/m").digest()
    return blake_keyed(key, at + envelope)[:16]


def owner_accepts(owner_key, at, commitment, tag_mac, envelope):
    """spec/e2ee.md § Stamps: the owner recomputes x from the index, compares c, and checks m."""
    secret = stamp_secret(owner_key, at)
    return stamp_commitment(secret) == commitment and deposit_mac(secret, at, envelope) == tag_mac


def puzzle_bits(seed, sid, hashed, nonce):
    """How many zero bits lead the puzzle's hash."""
    digest = blake(b"oubliette/puzzle/1" + seed + sid + hashed + nonce.to_bytes(8, "big"))
    return 256 - int.from_bytes(digest, "big").bit_length()
