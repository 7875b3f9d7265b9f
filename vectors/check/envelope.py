"""The outer layer: spec/e2ee.md § Envelopes."""
import hpke
import xwing
from hashes import sha256
from reading import Reader, Refused

SIZES = (4096, 16384, 65536)
NOBODY = bytes(32)


def info(form, recipient, sender, key, suite=1):
    return b"oubliette/envelope/1" + bytes([suite, form]) + recipient + sender + sha256(key)


def aad(header, mailbox, size): return header + mailbox + size.to_bytes(4, "big")


def pad(body, room): return len(body).to_bytes(2, "big") + body + bytes(room - 2 - len(body))


def unpad(padded):
    reader = Reader(padded, "Padding")
    body = reader.take(reader.u16())
    reader.require(not any(padded[reader.at:]))
    return body


def open_doorstep(envelope, mine, doorstep, prekeys):
    """Forms 1 and 3; `prekeys` maps ids to seeds. Gives form, prekey id and body."""
    header, prekey_id = envelope[:10], envelope[2:10]
    if len(envelope) != 16384 or header[0] != 1 or header[1] not in (1, 3):
        raise Refused("Form")
    if prekey_id not in prekeys:
        raise Refused("UnknownPrekey")
    key = xwing.Key(prekeys[prekey_id])
    bound = info(header[1], mine, NOBODY, key.public)
    padded = hpke.open_(key, envelope[10:1130], bound, aad(header, doorstep, len(envelope)), envelope[1130:])
    return header[1], prekey_id, unpad(padded)


def open_inbox(envelope, owner, sender, inbox, offers):
    """Form 2; `offers` are (n, seed, psk), tried in turn. Gives n and the body."""
    header = envelope[:2]
    if len(envelope) not in SIZES or header != b"\x01\x02":
        raise Refused("Form")
    bound = aad(header, inbox, len(envelope))
    for n, seed, psk in offers:
        key = xwing.Key(seed)
        try:
            padded = hpke.open_(key, envelope[2:1122], info(2, owner, sender, key.public), bound,
                                envelope[1122:], psk, n.to_bytes(4, "big"))
        except Refused:
            continue
        return n, unpad(padded)
    raise Refused("NoKey")
