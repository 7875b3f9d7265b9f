#!/usr/bin/env python3
"""Writes bundle-*, hello-* and session-form-*: what comes to a doorstep, and why it is refused."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "check"))

from sealing import NOW, SERVER, TODAY, Person, case, encapsulate, hpke, identity
from sealing import olm_message, olm_pre_key, secret, xwing
from directory import record_body
from envelope import NOBODY, aad, info, pad
from hashes import sha512

ALICE, BOB, CAROL = Person("alice"), Person("bob"), Person("carol")
RANDOM = secret("ml-kem") + secret("x25519")
ORDER = 2**252 + 27742317777372353535851937790883648493


def flipped(data, at): return data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]


def scalar(seed):
    """The secret scalar of an Ed25519 seed (RFC 8032, § 5.1.5)."""
    low = bytearray(sha512(seed)[:32])
    low[0], low[31] = low[0] & 248, low[31] & 63 | 64
    return int.from_bytes(low, "little")


def with_neutral_r(signer, label, body):
    """Ed25519 with R the neutral point, which satisfies the equation: S = k·a."""
    signed = identity.transcript(b"oubliette/sig/1", label, signer.fingerprint, body)
    r = b"\x01" + bytes(31)
    k = int.from_bytes(sha512(r + signer.public[:32] + signed), "little")
    return r + (k * scalar(signer.seeds[0]) % ORDER).to_bytes(32, "little") + signer.sign(label, body)[64:]


def weakly_signed(public, label, body):
    """Under the neutral point as key, R = S·B satisfies the equation whatever is signed. ML-DSA's half is Alice's."""
    signed = identity.transcript(b"oubliette/sig/1", label, identity.fingerprint(public), body)
    r, s = ALICE.public[:32], scalar(ALICE.seeds[0]) % ORDER
    return r + s.to_bytes(32, "little") + ALICE.sign_second(signed)


# Bundles, as a sender checks them.
def bundle(name, comment, encoded, result="accepted", today=TODAY, of=BOB):
    case("e2ee/bundle-" + name, comment, "bundle", bundle=encoded, identity=of.public, today=today, result=result)


GOOD = BOB.bundle()
SIGNATURE = len(GOOD) - 3373
BY_CAROL = CAROL.sign(b"oubliette/bundle/1", BOB.bundle_body())
bundle("signed-by-its-identity",
       "Both halves hold, by dilithium-py and OpenSSL. A wrong implementation signs another transcript.",
       GOOD)
bundle("with-a-broken-ed25519-half-is-refused",
       "A wrong implementation is content with ML-DSA.",
       flipped(GOOD, SIGNATURE), "refused BadSignature")
bundle("with-a-broken-ml-dsa-half-is-refused",
       "A wrong implementation is content with Ed25519.",
       flipped(GOOD, SIGNATURE + 64), "refused BadSignature")
bundle("with-its-last-byte-changed-is-refused",
       "The end of ML-DSA's hint. A wrong implementation ignores what the hint does not use.",
       flipped(GOOD, len(GOOD) - 1), "refused BadSignature")
bundle("with-another-s-ed25519-half-is-refused",
       "Carol signed the same bytes in her own name. A wrong implementation takes any valid half.",
       GOOD[:SIGNATURE] + BY_CAROL[:64] + GOOD[SIGNATURE + 64:], "refused BadSignature")
bundle("with-another-s-ml-dsa-half-is-refused",
       "As before, the other half.",
       GOOD[:SIGNATURE + 64] + BY_CAROL[64:], "refused BadSignature")
bundle("whose-r-is-the-neutral-point-is-refused",
       "The equation holds and S is small. A wrong implementation leaves R's order unchecked, and one message has\n"
       "another signature than the one that signing gives.",
       GOOD[:SIGNATURE] + with_neutral_r(BOB, b"oubliette/bundle/1", BOB.bundle_body()), "refused BadSignature")
bundle("signed-as-a-record-is-refused",
       "A wrong implementation leaves the purpose out of the transcript.",
       BOB.bundle(label=b"oubliette/record/1"), "refused BadSignature")
bundle("with-its-prekey-changed-is-refused",
       "One bit of the X-Wing key. A wrong implementation signs the Olm keys only.",
       flipped(GOOD, 32 + 8 + 2 + 2 + 64 + 8), "refused BadSignature")
bundle("of-another-identity-is-refused",
       "Carol's, signed by Carol. A wrong implementation checks a bundle against the identity in it.",
       CAROL.bundle(), "refused OtherIdentity")
bundle("signed-by-another-is-refused", "It names Bob, and Carol signed it.", BOB.bundle(CAROL), "refused BadSignature")
bundle("of-a-suite-nobody-speaks-is-refused",
       "A wrong implementation seals in suite 1 all the same.",
       BOB.bundle(suites=b"\x01\x02"), "refused NoSuite")
bundle("of-two-suites",
       "One of them is known. A wrong implementation looks at the first, or wants one only.",
       BOB.bundle(suites=b"\x02\x01\x07"))
bundle("with-suites-out-of-order-is-refused",
       "A wrong implementation lets one set have several encodings.",
       BOB.bundle(suites=b"\x02\x07\x01"), "refused Malformed")
bundle("with-a-byte-behind-it-is-refused", "One encoding per value.", GOOD + b"\x00", "refused Malformed")
bundle("on-its-last-day", "A wrong implementation counts one day less.", GOOD, today=TODAY + 90)
bundle("past-its-last-day-is-refused",
       "A wrong implementation seals to keys that were erased.",
       GOOD, "refused Expired", today=TODAY + 91)
bundle("of-tomorrow", "Clocks run apart by a day.", GOOD, today=TODAY - 1)
bundle("of-the-day-after-tomorrow-is-refused",
       "A wrong implementation lets a bundle be made in advance.",
       GOOD, "refused BadDates", today=TODAY - 2)
bundle("that-claims-91-days-is-refused",
       "A wrong implementation lets a stolen key rule for as long as it says.",
       BOB.bundle(not_after=TODAY + 91), "refused BadDates")
bundle("that-ends-before-it-begins-is-refused",
       "A wrong implementation subtracts without a sign.",
       BOB.bundle(not_after=TODAY - 1), "refused BadDates")

# HELLO, from Alice to Bob, as Bob opens it.
STAMP = bytes.fromhex("010007") + secret("stamp")
OFFER = (1).to_bytes(4, "big") + TODAY.to_bytes(2, "big") + xwing.Key(secret("alice's offer")).public + secret("psk")


def reply_path(server=SERVER, stamps=32):
    host = b"relay.example"
    where = server + bytes([len(host)]) + host + (24268).to_bytes(2, "big") + ALICE.inbox
    return where + stamps.to_bytes(2, "big") + STAMP * stamps


def content(flags=6, offer=OFFER, reply=reply_path(), number=1, body=b"it is me"):
    head = secret(f"message id {number}")[:16] + secret("stream")[:8] + number.to_bytes(8, "big") + bytes([flags])
    tail = bytes(44) + reply + b"\x00\x00" + b"\x01" + len(body).to_bytes(2, "big") + body
    return head + NOW.to_bytes(8, "big") + offer + tail


CONTENT = content()
RECORD = record_body(b"alice", SERVER, 0, ALICE.public, secret("commitment"), bytes(32)).body


def to_doorstep(form, body):
    header = bytes([1, form]) + BOB.prekey_id
    enc, shared = encapsulate(BOB.prekey, RANDOM)
    bound, covered = info(form, BOB.fingerprint, NOBODY, BOB.prekey), aad(header, BOB.doorstep, 16384)
    return header + enc + hpke.seal(shared, bound, covered, pad(body, 16384 - 10 - 1120 - 16))


def hello(name, comment, result="accepted", record=RECORD, sig_new=None, bundle=None, plain=CONTENT,
          sender=ALICE.fingerprint, recipient=BOB.fingerprint, prekey_id=BOB.prekey_id, message=None, tail=b"",
          now=NOW):
    """The HELLO of Alice, of which a case changes one thing."""
    inside = sender + recipient + prekey_id + plain
    message = olm_pre_key(ALICE, BOB, inside) if message is None else message
    body = record + (sig_new or ALICE.sign(b"oubliette/record/1", record))
    body += secret("nonce")[:16] + (5).to_bytes(8, "big")
    body += (bundle or ALICE.bundle()) + len(message).to_bytes(2, "big") + message + tail
    envelope = to_doorstep(1, body)
    fields = dict(recipient=BOB.fingerprint, doorstep=BOB.doorstep,
                  prekey_id=BOB.prekey_id, prekey_seed=BOB.prekey_seed,
                  olm_identity=BOB.olm_identity, olm_fallback=BOB.olm_fallback, now=now, envelope=envelope)
    if result == "accepted":
        fields.update(sender=ALICE.fingerprint, content=plain)
    case("e2ee/hello-" + name, comment, "hello", **fields, result=result)


hello("sealed-without-our-code-opens",
      "Record, bundle, Olm and HPKE, made in Python. A wrong implementation talks to itself only.")
sig = ALICE.sign(b"oubliette/record/1", RECORD)
hello("whose-record-another-signed-is-refused",
      "A wrong implementation believes whoever brings a record.",
      "refused BadRecord", sig_new=CAROL.sign(b"oubliette/record/1", RECORD))
hello("whose-record-lacks-its-ed25519-half-is-refused",
      "A wrong implementation is content with ML-DSA.",
      "refused BadRecord", sig_new=flipped(sig, 0))
hello("whose-record-lacks-its-ml-dsa-half-is-refused",
      "A wrong implementation is content with Ed25519.",
      "refused BadRecord", sig_new=flipped(sig, 64))
hello("whose-record-is-signed-as-a-successor-is-refused",
      "Signed under `oubliette/record-old/1`. A wrong implementation takes sig_old for sig_new.",
      "refused BadRecord", sig_new=ALICE.sign(b"oubliette/record-old/1", RECORD))
weak_key = b"\x01" + bytes(31) + ALICE.public[32:]
weak = record_body(b"alice", SERVER, 0, weak_key, secret("commitment"), bytes(32)).body
hello("whose-record-has-a-weak-key-is-refused",
      "The Ed25519 half is the neutral point, and a signature by it that fits every message. A wrong implementation\n"
      "finds it valid.",
      "refused BadRecord", record=weak, sig_new=weakly_signed(weak_key, b"oubliette/record/1", weak))
hello("with-the-bundle-of-another-is-refused",
      "Carol's, signed by her. A wrong implementation answers Carol in the name of Alice.",
      "refused OtherIdentity", bundle=CAROL.bundle())
hello("with-a-bundle-that-another-signed-is-refused",
      "A wrong implementation checks the name in it only.",
      "refused BadSignature", bundle=ALICE.bundle(CAROL))
hello("with-a-bundle-of-suite-2-is-refused",
      "A wrong implementation answers in a suite that the sender does not speak.",
      "refused NoSuite", bundle=ALICE.bundle(suites=b"\x01\x02"))
hello("14-days-after-its-bundle-s-end-opens",
      "It lay at the doorstep for as long as one may. A wrong implementation checks the bundle as senders do.",
      now=(TODAY + 104) * 86_400 + 86_399)
hello("15-days-after-its-bundle-s-end-is-refused",
      "A wrong implementation answers keys that are gone.",
      "refused Expired", now=(TODAY + 105) * 86_400)
stolen = xwing.x25519_public(CAROL.olm_identity)
hello("begun-under-another-olm-key-is-refused",
      "The bundle names Carol's Olm key. A wrong implementation takes the key that the Olm message brings,"
      " and with it\nwhoever copied that message.",
      "refused OtherOlmIdentity", bundle=ALICE.bundle(olm_identity=stolen))
hello("that-names-another-sender-inside-is-refused",
      "A wrong implementation believes the outside: Carol could introduce herself with Alice's words.",
      "refused Mismatch", sender=CAROL.fingerprint)
hello("that-names-another-recipient-inside-is-refused",
      "Written to Carol, sealed to Bob. A wrong implementation lets a recipient pass a greeting on as if"
      " it were for another.",
      "refused Mismatch", recipient=CAROL.fingerprint)
hello("that-names-another-prekey-inside-is-refused",
      "A wrong implementation lets a greeting be sealed again, under a later prekey.",
      "refused Mismatch", prekey_id=CAROL.prekey_id)
hello("whose-reply-path-leads-to-another-server-is-refused",
      "The record is of one server, the reply path of another. A wrong implementation calls a server that"
      " the sender chose.",
      "refused Mismatch", plain=content(reply=reply_path(server=secret("another server"))))
hello("with-33-stamps-is-refused",
      "A wrong implementation keeps what a stranger sends, however much.",
      "refused Mismatch", plain=content(reply=reply_path(stamps=33)))
hello("without-a-reply-path-is-refused",
      "There is no way to answer.",
      "refused Mismatch", plain=content(flags=2, reply=b""))
hello("without-an-offer-is-refused",
      "There is nothing to seal an answer to.",
      "refused Mismatch", plain=content(flags=4, offer=b""))
hello("with-an-unknown-flag-is-refused", "A wrong implementation reads on.", "refused Content", plain=content(flags=14))
hello("shorter-than-its-names-is-refused",
      "Inside Olm are 71 bytes. A wrong implementation reads beyond.",
      "refused Body", message=olm_pre_key(ALICE, BOB, bytes(71)))
hello("with-a-byte-behind-it-is-refused",
      "In the body, not in the padding. A wrong implementation stops reading at what it needs.",
      "refused Body", tail=b"\x00")
ordinary = olm_pre_key(ALICE, BOB, ALICE.fingerprint + BOB.fingerprint + BOB.prekey_id + CONTENT)
hello("with-an-ordinary-olm-message-is-refused",
      "A wrong implementation looks for a session of a stranger.",
      "refused Body", message=b"\x04" + ordinary[1:])
inside = ALICE.fingerprint + BOB.fingerprint + BOB.prekey_id + CONTENT
hello("with-olm-s-short-mac-is-refused",
      "Inner version 3, whose MAC has 8 bytes. A wrong implementation lets the sender choose the version.",
      "refused Olm", message=olm_pre_key(ALICE, BOB, inside, version=3))
hello("with-a-broken-olm-mac-is-refused",
      "A wrong implementation compares less than all 32 bytes, or none since HPKE held.",
      "refused Olm", message=olm_pre_key(ALICE, BOB, inside, spoil=True))
hello("to-another-fallback-key-is-refused",
      "Olm's one-time key is Carol's. A wrong implementation begins with the key it has.",
      "refused Olm",
      message=ordinary.replace(xwing.x25519_public(BOB.olm_fallback), xwing.x25519_public(CAROL.olm_fallback)))

# Session form: a second message of Alice's, at the doorstep.
SECOND = content(flags=0, offer=b"", reply=b"", number=2, body=b"out of stamps")


def session(name, comment, result="accepted", body=None, form=3, **other):
    body = ALICE.fingerprint + olm_message(ALICE, BOB, SECOND, index=1, **other) if body is None else body
    fields = dict(after="hello-sealed-without-our-code-opens", envelope=to_doorstep(form, body))
    if result == "accepted":
        fields.update(content=SECOND)
    case("e2ee/session-form-" + name, comment, "session", **fields, result=result)


session("after-a-hello-opens",
        "The second message of the session, without names inside. A wrong implementation wants them, or a reply path.")
session("with-a-type-byte-is-refused",
        "A wrong implementation writes Olm messages alike in forms 2 and 3.", "refused Body",
        body=ALICE.fingerprint + b"\x01" + olm_message(ALICE, BOB, SECOND, index=1))
session("with-a-pre-key-message-is-refused",
        "A wrong implementation begins a session that no signed bundle stands for.", "refused Body",
        body=ALICE.fingerprint + olm_pre_key(ALICE, BOB, SECOND))
session("of-an-unknown-sender-is-refused",
        "Carol has no conversation with Bob. A wrong implementation tries every session it has.",
        "refused UnknownSender",
        body=CAROL.fingerprint + olm_message(ALICE, BOB, SECOND, index=1))
session("shorter-than-a-fingerprint-is-refused",
        "A wrong implementation reads beyond.", "refused Body", body=ALICE.fingerprint[:31])
session("with-olm-s-short-mac-is-refused",
        "Version 3 inside a session of version 2. A wrong implementation compares the bytes that came.",
        "refused Olm", version=3)
session("with-a-broken-olm-mac-is-refused",
        "A wrong implementation leaves authenticity to HPKE, which in this form anybody can seal.",
        "refused Olm", spoil=True)
