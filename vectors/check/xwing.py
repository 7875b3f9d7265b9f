"""X-Wing: ML-KEM-768 and X25519 behind one seed. spec/primitives.md § HPKE."""
import hashlib

from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

LABEL = b"\\.//^\\"


def x25519(secret, public):
    """RFC 7748. X-Wing goes on with the 32 zeros that a point of small order gives; OpenSSL refuses them."""
    try:
        return X25519PrivateKey.from_private_bytes(secret).exchange(X25519PublicKey.from_public_bytes(public))
    except ValueError:
        return bytes(32)


def x25519_public(secret): return X25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()


def combine(post_quantum, classical, enc, public):
    """The shared secret; `enc` and `public` are the X25519 parts."""
    return hashlib.sha3_256(post_quantum + classical + enc + public + LABEL).digest()


class Key:
    def __init__(self, seed):
        expanded = hashlib.shake_256(seed).digest(96)
        self.post_quantum = MLKEM768PrivateKey.from_seed_bytes(expanded[:64])
        self.classical = expanded[64:]
        self.public_x25519 = x25519_public(self.classical)
        self.public = self.post_quantum.public_key().public_bytes_raw() + self.public_x25519

    def decapsulate(self, enc):
        post_quantum, classical = enc[:1088], enc[1088:]
        shared = self.post_quantum.decapsulate(post_quantum)
        return combine(shared, x25519(self.classical, classical), classical, self.public_x25519)
