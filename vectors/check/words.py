"""What people compare and write down: spec/safety-number.md and spec/e2ee.md § Recovery words."""
import unicodedata

from mnemonic import Mnemonic

from hashes import sha256, sha512
from reading import Refused

LISTS = {"en": "english", "fr": "french"}


def half(version, fingerprint, name, server):
    who = b"oubliette/safety-number/1" + version.to_bytes(2, "big") + fingerprint
    who += bytes([len(name)]) + name + server
    value = sha512(who)
    for _ in range(5199):
        value = sha512(value + who)
    return value


def digits(half): return "".join("%05d" % (int.from_bytes(half[at:at + 5], "big") % 100000) for at in range(0, 30, 5))


def safety_number(one, other):
    """Sixty digits, and the places of ten words."""
    low, high = sorted([one, other])
    bits = int.from_bytes(sha512(b"oubliette/safety-words/1" + low + high), "big")
    return digits(low) + digits(high), [bits >> (512 - 11 * n) & 2047 for n in range(1, 11)]


def plain(word): return unicodedata.normalize("NFKD", word.lower())


def entropy(sentence):
    """The 32 bytes behind 24 words of one list, once their checksum holds."""
    words = [plain(word) for word in sentence.split()]
    if len(words) != 24:
        raise Refused()
    for name in LISTS.values():
        places = {plain(word): place for place, word in enumerate(Mnemonic(name).wordlist)}
        if all(word in places for word in words):
            bits = 0
            for word in words:
                bits = bits << 11 | places[word]
            found = (bits >> 8).to_bytes(32, "big")
            if sha256(found)[0] == bits & 255:
                return found
    raise Refused()
