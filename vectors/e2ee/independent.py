#!/usr/bin/env python3
"""Writes the cases of this folder from spec/e2ee.md, without the Rust code (transcripts excepted).

Run in this folder: python3 independent.py. The primitives are those of vectors/crypto/independent.py.
"""
import hashlib, os, struct

HERE = os.path.dirname(os.path.abspath(__file__))
source = open(os.path.join(HERE, "..", "crypto", "independent.py")).read()
exec("#" + source.split("# --- BLAKE3")[1].split("# --- ")[0])


def sha256(data): return hashlib.sha256(data).digest()
def place(sid, generation, index): return sid + bytes([generation]) + struct.pack(">I", index)


def deposit_mac(x, sid, generation, index, envelope):
    return blake3_keyed(blake3_derive(b"oubliette/stamp/m", x), place(sid, generation, index) + envelope)[:16]


def case(name, comment, function, **fields):
    lines = ["# " + line for line in comment.split("\n")] + ["function = " + function]
    lines += ["%s = %s" % (key, value if isinstance(value, str) else value.hex()) for key, value in fields.items()]
    with open(os.path.join(HERE, name + ".txt"), "w") as out:
        out.write("\n".join(lines) + "\n")


# Padding: len u16, bytes, zeros.
def padding(name, comment, padded, unpadded=None):
    fields = {"padded": padded}
    if unpadded is not None:
        fields["bytes"] = unpadded
    case("padding-" + name, comment, "padding", **fields, result="refused" if unpadded is None else "accepted")


padding("is-length-bytes-zeros", "A wrong implementation pads in front, or marks the end in another way.", "0003 616263 00*11", "616263")
padding("of-an-empty-body", "Nothing at all is a body.", "0000 00*14", "")
padding("of-a-full-body", "Without room for a zero there is none to check.", "0004 61626364", "61626364")
padding("with-a-bit-in-the-first-zero", "A wrong implementation ignores what follows the bytes: a hidden channel.", "0003 616263 01 00*10")
padding("with-a-bit-in-the-last-zero", "A wrong implementation looks at the first zeros only.", "0003 616263 00*10 80")
padding("longer-than-the-room", "A wrong implementation reads beyond, or panics.", "0005 61626364")
padding("length-of-65535", "A wrong implementation adds two to the length in 16 bits.", "ffff 61626364")
padding("of-one-byte", "Not even a length.", "00")
padding("of-nothing", "Not even a length.", "")

# Content.
MESSAGE, STREAM, GOSSIP = "a1*16", "b2*8", "00*44"
OFFER = "00000001 4e20 c3*1216 d4*32"
STAMP = "01 0007 e5*16 f6*16"
HOST = "relay.example".encode().hex()
REPLY = "09*32 0d %s 5ed0 0a*16 0001 %s" % (HOST, STAMP)


def content(name, comment, accepted, number=1, flags="00", seen="", offer="", reply="", stamps="0000",
            kind=1, body=b"hello", gossip=GOSSIP, tail="", length=None, number_hex=None):
    body_hex = body if isinstance(body, str) else body.hex()
    count = len(body) if length is None else length
    parts = [MESSAGE, STREAM, number_hex or "%016x" % number, flags, seen, "%016x" % 1728000000, offer, gossip,
             reply, stamps, "%02x" % kind, "%04x" % count, body_hex, tail]
    fields = dict(content=" ".join(part for part in parts if part))
    if accepted:
        fields.update(number=str(number), kind=str(kind))
    case("content-" + name, comment, "content", **fields, result="accepted" if accepted else "refused")


content("of-a-plain-text", "The smallest text: no flag set.", True)
content("with-everything", "Seen, offer, reply path and a stamp, in this order.", True, number=281474976710655,
        flags="07", seen="b3*8 0000000000000005", offer=OFFER, reply=REPLY, stamps="0001 " + STAMP)
content("of-an-empty-text", "Nothing said is still a message.", True, body=b"")
content("of-an-unknown-kind", "Kept with its bytes: a later version understands it.", True, kind=200, body=b"\xff\x00")


def record_update(seq="00000001", authority="01 5d*3373", tail=""):
    """An identity record, its nonce and its place; and how many bytes that is."""
    parts = ["03 616e6e 09*32", seq, "5c*1984 2a*32 3b*32", authority, "6e*3373 7f*16 0000000000000005", tail]
    text = " ".join(part for part in parts if part)
    sizes = [len(token.split("*")[0]) // 2 * int((token.split("*") + ["1"])[1]) for token in text.split()]
    return dict(kind=7, body=text, length=sum(sizes))


content("of-a-record-update", "A record that the key before signed; signatures are judged elsewhere.", True, **record_update())
content("of-a-record-update-cut-by-one-byte", "A wrong implementation reads what is not there.", False,
        **dict(record_update(), body=record_update()["body"][:-2], length=record_update()["length"] - 1))
content("of-a-record-update-with-a-trailing-byte", "A byte behind the place.", False, **record_update(tail="00"))
content("of-a-record-update-of-a-first-record", "Nothing came before it.", False, **record_update(seq="00000000"))
content("of-a-record-update-without-an-authority", "By what right it follows is not said.", False, **record_update(authority="00"))
content("of-a-record-update-by-the-recovery-key", "Such a change is not followed without a person's decision, whoever tells of it.",
        False, **record_update(authority="02 4c*1984 5d*3373"))
content("of-a-record-update-under-an-unknown-authority", "A wrong implementation guesses.", False, **record_update(authority="03 5d*3373"))
content("of-a-head", "276 bytes, whose signatures are judged elsewhere.", True, kind=8, body="5c*276", length=276)
content("of-a-head-cut-by-one-byte", "A wrong implementation reads what is not there.", False, kind=8, body="5c*275", length=275)
content("of-a-head-with-a-trailing-byte", "A byte behind the endorsement.", False, kind=8, body="5c*277", length=277)
HASHES = b"".join(bytes([n]) * 16 for n in range(65))
content("of-what-did-not-open", "The hash of one envelope.", True, kind=16, body=HASHES[:16])
content("of-64-that-did-not-open", "The most that one content names.", True, kind=16, body=HASHES[:1024])
content("of-65-that-did-not-open", "A wrong implementation looks up what it is given.", False, kind=16, body=HASHES)
content("of-nothing-that-did-not-open", "Nothing is asked for.", False, kind=16, body=b"")
content("of-an-unopened-one-twice", "One encoding for a set.", False, kind=16, body=HASHES[:16] * 2)
content("of-unopened-ones-that-fall", "A wrong implementation takes any order.", False, kind=16, body=HASHES[16:32] + HASHES[:16])
content("of-half-a-hash", "A wrong implementation ignores the rest.", False, kind=16, body=HASHES[:24])
content("of-a-refill", "Stamps and no body.", True, kind=4, body=b"", stamps="0002 " + STAMP + " " + STAMP)
reply_bytes = bytes([9] * 32) + b"\x0drelay.example" + struct.pack(">H", 24272) + bytes([10] * 16) + b"\x00\x00"
content("of-an-accept", "The body is a reply path.", True, kind=5, body=reply_bytes)
content("of-an-accept-without-body", "A wrong implementation accepts nothing as a reply path.", False, kind=5, body=b"")
content("of-an-accept-with-trailing-byte", "One encoding per value, inside bodies too.", False, kind=5, body=reply_bytes + b"\x00")
content("of-a-refill-with-body", "A refill says nothing.", False, kind=4, body=b"x")
content("of-kind-zero", "Zero is no kind, so that zeroed memory is no message.", False, kind=0)
content("numbered-zero", "Numbers run from 1: a wrong implementation counts gaps from 0.", False, number=0)
content("numbered-2-to-the-48", "Far beyond any life; sums of such numbers overflow.", False, number=2**48)
content("with-an-unknown-flag", "A wrong implementation ignores the flag and reads its field as the next.", False, flags="08")
content("with-flag-128", "As before, with the highest bit.", False, flags="80")
content("with-seen-of-2-to-the-48", "Seen is bounded like numbers.", False, flags="01", seen="b3*8 0001000000000000")
content("with-offer-zero", "Offers are numbered from 1; zero would never be the highest.", False, flags="02",
        offer="00000000 4e20 c3*1216 d4*32")
content("with-text-that-is-not-utf-8", "Shown to people: one encoding, checked once.", False, body=b"\xc3\x28")
content("with-text-of-a-surrogate", "UTF-8 has no surrogates.", False, body=b"\xed\xa0\x80")
content("with-257-stamps", "A wrong implementation allocates what the count says.", False,
        stamps="0101 " + " ".join([STAMP] * 257))
content("with-256-stamps", "The most that one content carries.", True, stamps="0100 " + " ".join([STAMP] * 256))
content("with-a-count-without-stamps", "A wrong implementation reads the kind as a stamp.", False, stamps="0100")
content("with-a-trailing-byte", "One encoding per value.", False, tail="00")
content("cut-by-one-byte", "The length says five.", False, body=b"hell", length=5)
content("with-a-host-in-capitals", "One spelling per host.", False, flags="04", reply=REPLY.replace(HOST, b"Relay.example".hex()))
content("with-port-zero", "Nobody listens there.", False, flags="04", reply=REPLY.replace("5ed0", "0000"))
content("without-its-offer", "The flag announces an offer that does not come.", False, flags="02")

# Resend requests: stream ‖ count u8 ‖ gaps (first u64 ‖ last u64), rising and apart.
def resend(name, comment, accepted, gaps, count=None, tail=""):
    ranges = "".join("%016x%016x" % gap for gap in gaps)
    body = "b7" * 8 + "%02x" % (len(gaps) if count is None else count) + ranges + tail
    content("of-a-resend-" + name, comment, accepted, kind=6, body=body, length=len(body) // 2)


NUMBER_LAST = (1 << 48) - 1
resend("of-one-number", "One number is a gap from itself to itself.", True, [(7, 7)])
resend("of-two-gaps", "What came between them is not asked for.", True, [(2, 3), (6, 8)])
resend("of-everything-after", "2^48 - 1 as the last number asks for all from the first on.", True, [(1, NUMBER_LAST)])
resend("of-sixteen-gaps", "The most.", True, [(3 * n, 3 * n) for n in range(1, 17)])
resend("of-seventeen-gaps", "A wrong implementation takes any number of gaps.", False, [(3 * n, 3 * n) for n in range(1, 18)])
resend("of-nothing", "A request that asks for nothing has no meaning.", False, [])
resend("from-zero", "Numbers begin at 1.", False, [(0, 3)])
resend("backwards", "A wrong implementation loops for ever, or asks for nothing.", False, [(5, 4)])
resend("of-gaps-that-touch", "Two gaps that touch are one: there is one encoding.", False, [(2, 3), (4, 5)])
resend("of-gaps-that-fall", "Gaps rise.", False, [(6, 8), (2, 3)])
resend("to-2-to-the-48", "Numbers are below 2^48.", False, [(1, NUMBER_LAST + 1)])
resend("with-a-count-too-high", "A wrong implementation reads beyond the body.", False, [(2, 3)], count=2)
resend("with-a-trailing-byte", "Nothing follows the gaps.", False, [(2, 3)], tail="00")
case("content-of-nothing", "Not even a message id.", "content", content="", result="refused")

# What an envelope binds.
KEY = "0b*1216"
for form, header, size in ((1, "0101 0c*8", 16384), (2, "0102", 4096), (3, "0103 0c*8", 16384)):
    sender = bytes([2] * 32) if form == 2 else bytes(32)
    info = b"oubliette/envelope/1" + bytes([1, form]) + bytes([1] * 32) + sender + sha256(bytes([11] * 1216))
    head = bytes([1, form]) + (b"" if form == 2 else bytes([12] * 8))
    case("envelope-form-%d-binds-who-and-where" % form,
         "A wrong implementation leaves out suite, form, a fingerprint, the key, the mailbox or the size.", "info",
         form=str(form), recipient="01*32", sender=sender, key=KEY, header=header, mailbox="0d*16", size=str(size),
         info=info, aad=head + bytes([13] * 16) + struct.pack(">I", size))

# Stamps.
KO, KM, SID = bytes(range(32)), bytes(range(32, 64)), bytes(range(16))


def deposit(name, comment, accepted, generation=1, index=7, fill=0x5a, forged=None, size=4096):
    x = blake3_keyed(KO, b"oubliette/stamp/x" + place(SID, generation, index))[:16] if forged is None else forged
    c = blake3(b"oubliette/stamp/c" + x)[:16]
    t = blake3_keyed(KM, b"oubliette/stamp/t" + place(SID, generation, index) + c)[:16]
    m = deposit_mac(x, SID, generation, index, bytes([fill] * size))
    case("deposit-" + name, comment, "deposit", owner_key=KO, stamp_key=KM, sid=SID, generation=str(generation),
         index=str(index), secret=x, tag=t, envelope="%02x*%d" % (fill, size), commitment=c, mac=m,
         result="accepted" if accepted else "refused")


deposit("of-an-honest-stamp", "x, c, t and m as the specification says.", True)
deposit("of-the-last-index", "i has four bytes under x, t and m although it fits two.", True, index=65535)
deposit("of-generation-255", "g is one byte.", True, generation=255)
deposit("of-a-large-envelope", "m covers all of it.", True, size=65536)
deposit("of-an-invented-secret", "The relay, which knows K_m, can make t for any c: the owner must recompute x.", False, forged=bytes([1] * 16))
deposit("of-a-zero-secret", "As before.", False, forged=bytes(16))

# Recovery words: the entropy is what counts (test vectors of BIP39 for 256 bits; French by the same list).
ENGLISH = [
    ("00*32", "abandon " * 23 + "art"),
    ("7f*32", "legal winner thank year wave sausage worth useful " * 2 + "legal winner thank year wave sausage worth title"),
    ("80*32", "letter advice cage absurd amount doctor acoustic avoid " * 2 + "letter advice cage absurd amount doctor acoustic bless"),
    ("ff*32", "zoo " * 23 + "vote"),
]
for at, (entropy, words_) in enumerate(ENGLISH, 1):
    case("words-english-%d" % at, "From the test vectors of BIP39.", "words", language="en", words=words_,
         entropy=entropy, result="accepted")
case("words-of-twelve", "Half as much entropy is not what a recovery key is made from.", "words", language="en",
     words="abandon " * 11 + "about", result="refused")
case("words-with-a-wrong-last-word", "A wrong implementation skips the checksum and finds another key.", "words",
     language="en", words="abandon " * 23 + "zoo", result="refused")
case("words-of-no-list", "Told by its place, not guessed.", "words", language="en",
     words="abandon " * 23 + "oubliette", result="refused")
case("words-french-of-zeros", "The first word of the French list, with the word that completes the checksum (index 102).",
     "words", language="fr", words="abaisser " * 23 + "anaphore", entropy="00*32", result="accepted")
