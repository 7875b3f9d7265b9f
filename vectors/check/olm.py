"""The Olm layer as far as a recipient needs it: spec/e2ee.md § Olm, and the public specification of Olm."""
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from hashes import hkdf_expand, hkdf_extract, mac
from reading import Refused
from xwing import x25519_public

PRE_KEY_VERSION, VERSION, MAC_BYTES = 3, 4, 32
FORWARD_MAX = 2000


def shared(secret, public):
    """Unlike X-Wing, Olm here refuses a point of small order."""
    try:
        return X25519PrivateKey.from_private_bytes(secret).exchange(X25519PublicKey.from_public_bytes(public))
    except ValueError:
        raise Refused("Olm") from None


class PreKeyMessage:
    """`03`, then fields 1 one-time key, 2 base key, 3 identity key, 4 message."""

    def __init__(self, data):
        if data[:1] != bytes([PRE_KEY_VERSION]):
            raise Refused("Body")
        found = fields(data[1:])
        self.one_time_key, self.base_key, self.identity_key = (key_of(found, number) for number in (1, 2, 3))
        self.message = Message(found.get(4, b""))


class Message:
    """`04`, then fields 1 ratchet key, 2 chain index, 4 ciphertext, then a MAC of 32 bytes over all of it."""

    def __init__(self, data):
        self.version = data[0] if data else 0
        length = {VERSION: MAC_BYTES, 3: 8}.get(self.version)
        if length is None or len(data) < length + 2:
            raise Refused("Body")
        self.covered, self.mac = data[:-length], data[-length:]
        found = fields(self.covered[1:])
        self.ratchet_key, self.index, self.ciphertext = key_of(found, 1), found.get(2, 0), found.get(4, b"")
        if not isinstance(self.index, int) or not isinstance(self.ciphertext, bytes):
            raise Refused("Body")

    def open(self, chain_key):
        """Opens under the chain at index 0. A message of version 3 has a shorter MAC and is not taken."""
        if self.version != VERSION or self.index > FORWARD_MAX:
            raise Refused("Olm")
        for _ in range(self.index):
            chain_key = mac(chain_key, b"\x02")
        keys = hkdf_expand(hkdf_extract(b"", mac(chain_key, b"\x01")), b"OLM_KEYS", 80)
        if mac(keys[32:64], self.covered) != self.mac:
            raise Refused("Olm")
        return decrypted(keys[:32], keys[64:], self.ciphertext)


def decrypted(key, iv, ciphertext):
    """AES-256-CBC with PKCS #7."""
    try:
        decryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).decryptor()
        unpadder = PKCS7(128).unpadder()
        return unpadder.update(decryptor.update(ciphertext) + decryptor.finalize()) + unpadder.finalize()
    except ValueError:
        raise Refused("Olm") from None


def first_chain(s):
    """Root and chain key of 3DH."""
    keys = hkdf_expand(hkdf_extract(b"", s), b"OLM_ROOT", 64)
    return keys[:32], keys[32:]


def next_chain(root, secret, public):
    """Root and chain key of the next step of the ratchet."""
    keys = hkdf_expand(hkdf_extract(root, shared(secret, public)), b"OLM_RATCHET", 64)
    return keys[:32], keys[32:]


def begin(message, identity_secret, fallback_secrets):
    """The first chain of the session that a pre-key message begins."""
    ours = {x25519_public(secret): secret for secret in fallback_secrets}
    if message.one_time_key not in ours:
        raise Refused("Olm")
    one_time = ours[message.one_time_key]
    s = shared(one_time, message.identity_key)
    s += shared(identity_secret, message.base_key)
    s += shared(one_time, message.base_key)
    return first_chain(s)[1]


def fields(data):
    """Protocol Buffers, wire types 0 and 2: field number to value."""
    found, at = {}, 0
    while at < len(data):
        tag, at = varint(data, at)
        value, at = varint(data, at)
        if tag & 7 == 2:
            value, at = data[at:at + value], at + value
        elif tag & 7 != 0:
            raise Refused("Body")
        if at > len(data):
            raise Refused("Body")
        found[tag >> 3] = value
    return found


def varint(data, at):
    value = 0
    for shift in range(0, 64, 7):
        if at >= len(data):
            raise Refused("Body")
        value |= (data[at] & 127) << shift
        at += 1
        if data[at - 1] < 128:
            return value, at
    raise Refused("Body")


def key_of(found, number):
    key = found.get(number, b"")
    if not isinstance(key, bytes) or len(key) != 32:
        raise Refused("Body")
    return key
