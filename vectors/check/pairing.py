"""Pairings: spec/pairing.md. SPAKE2 over Edwards25519 by the formulas of RFC 8032, slow and plain."""
import hmac

from blake3 import blake3
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from hashes import hkdf_expand, hkdf_extract, sha256
from identity import D, P, point
from reading import Refused

ORDER = 2**252 + 27742317777372353535851937790883648493
M = bytes.fromhex("15cfd18e385952982b6a8f8c7854963b58e34388c8e6dae891db756481a02312")
N = bytes.fromhex("f04f2e7eb734b2a8f8b472eaf9c3c632576ac64aea650b496a8a20ff00e583c3")
BASE = (4 * pow(5, P - 2, P) % P).to_bytes(32, "little")
LABELS = {"begins": b"oubliette/pairing-begins/1", "replies": b"oubliette/pairing-replies/1"}
LABEL = b"oubliette/pairing/1"


def decode(data):
    found = point(data)
    if found is None:
        raise Refused()
    return found


def encode(at): return (at[1] | (at[0] & 1) << 255).to_bytes(32, "little")


def add(one, other):
    (a, b), (c, d) = one, other
    product = D * a * b * c * d % P
    x = (a * d + b * c) * pow(1 + product, P - 2, P) % P
    return x, (b * d + a * c) * pow(1 - product, P - 2, P) % P


def times(scalar, at):
    sum_ = (0, 1)
    for bit in bin(scalar)[2:]:
        sum_ = add(sum_, sum_)
        if bit == "1":
            sum_ = add(sum_, at)
    return sum_


def password(words):
    wide = hkdf_expand(hkdf_extract(b"", words), b"SPAKE2 pw", 48)
    return int.from_bytes(wide, "big") % ORDER


def scalar(side, seed): return int.from_bytes(blake3(LABELS[side], key=seed).digest(64), "little") % ORDER


def share(side, words, seed):
    blind = times(password(words), decode(M if side == "begins" else N))
    return encode(add(times(scalar(side, seed), decode(BASE)), blind))


def keys(side, words, context, seed, theirs):
    """p → key, of both sides."""
    blind = times(ORDER - password(words), decode(N if side == "begins" else M))
    shared = encode(times(scalar(side, seed), add(decode(theirs), blind)))
    mine = share(side, words, seed)
    first, second = (mine, theirs) if side == "begins" else (theirs, mine)
    names = [sha256(LABELS[who] + context) for who in ("begins", "replies")]
    key = sha256(sha256(words) + names[0] + names[1] + first + second + shared)
    purposes = [f"{who}, {what}" for who in LABELS for what in ("confirms", "seals")]
    return {p: hkdf_expand(hkdf_extract(b"", key), LABEL + p.encode() + context, 32) for p in purposes}


def seal(side, agreed, card):
    """confirmation ‖ sealed card."""
    return agreed[f"{side}, confirms"] + ChaCha20Poly1305(agreed[f"{side}, seals"]).encrypt(bytes(12), card, LABEL)


def open_(side, agreed, sealed):
    other = "replies" if side == "begins" else "begins"
    if not hmac.compare_digest(sealed[:32], agreed[f"{other}, confirms"]):
        raise Refused()
    try:
        return ChaCha20Poly1305(agreed[f"{other}, seals"]).decrypt(bytes(12), sealed[32:], LABEL)
    except InvalidTag:
        raise Refused() from None
