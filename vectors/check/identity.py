"""Identities and signatures: spec/primitives.md § Ed25519, § Identity, § Composite signature, § Owner keys.

ML-DSA-65 and Ed25519 come from OpenSSL; what OpenSSL does not refuse and the spec does is refused here.
"""
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey, MLDSA65PublicKey

from hashes import hkdf_expand, hkdf_extract, sha256
from reading import Refused

P = 2**255 - 19
D = -121665 * pow(121666, P - 2, P) % P
CONTEXT = b"oubliette"


def point(encoded):
    """The point that 32 bytes encode canonically, or None."""
    y, sign = int.from_bytes(encoded, "little") % 2**255, encoded[31] >> 7
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * pow(2, (P - 1) // 4, P) % P
    if x * x % P != square or (x == 0 and sign):
        return None
    return (P - x if x % 2 != sign else x), y


def doubled(at):
    (x, y) = at
    product = D * x * x * y * y
    return (2 * x * y * pow(1 + product, P - 2, P) % P, (y * y + x * x) * pow(1 - product, P - 2, P) % P)


def is_good_point(encoded):
    """A canonical point that is not of small order: eight times it is not the neutral point."""
    at = point(encoded)
    return at is not None and doubled(doubled(doubled(at))) != (0, 1)


def check_owner_key(public):
    if not is_good_point(public):
        raise Refused()


def ed25519_verify(public, message, signature):
    """S below the order and R as computed are OpenSSL's checks; small orders are ours."""
    if not is_good_point(public) or not is_good_point(signature[:32]):
        raise Refused()
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except InvalidSignature:
        raise Refused() from None


def fingerprint(public): return sha256(b"oubliette/identity/1" + public)
def commitment(public): return sha256(b"oubliette/recovery-commitment/1" + public)


def transcript(leader, purpose, signer, message):
    return leader + bytes([len(purpose)]) + purpose + signer + len(message).to_bytes(4, "big") + message


def verify(public, purpose, message, signature):
    """Both halves over one transcript, else Refused."""
    signed = transcript(b"oubliette/sig/1", purpose, fingerprint(public), message)
    ed25519_verify(public[:32], signed, signature[:64])
    try:
        MLDSA65PublicKey.from_public_bytes(public[32:]).verify(signature[64:], signed, CONTEXT)
    except InvalidSignature:
        raise Refused() from None


class Secret:
    """Two seeds. Signs for the cases that name seeds; its ML-DSA half is the hedged variant."""

    def __init__(self, classical, post_quantum):
        self.classical = Ed25519PrivateKey.from_private_bytes(classical)
        self.post_quantum = MLDSA65PrivateKey.from_seed_bytes(post_quantum)
        self.public = self.classical.public_key().public_bytes_raw() + self.post_quantum.public_key().public_bytes_raw()

    def sign(self, purpose, message):
        signed = transcript(b"oubliette/sig/1", purpose, fingerprint(self.public), message)
        return self.classical.sign(signed) + self.post_quantum.sign(signed, CONTEXT)


def owner_transcript(public, purpose, message):
    return transcript(b"oubliette/owner-sig/1", purpose, public, message)


def owner_sign(seed, purpose, message):
    key = Ed25519PrivateKey.from_private_bytes(seed)
    return key.sign(owner_transcript(key.public_key().public_bytes_raw(), purpose, message))


def recovery_seeds(entropy):
    """spec/primitives.md § Recovery key."""
    prk = hkdf_extract(b"", entropy)
    return b"".join(hkdf_expand(prk, b"oubliette/recovery-%s/1" % which, 32) for which in (b"ed25519", b"ml-dsa-65"))
