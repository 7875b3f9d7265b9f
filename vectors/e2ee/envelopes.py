#!/usr/bin/env python3
"""Writes envelope-*.txt (but those of independent.py): the outer layer with fixed randomness, and its refusals."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "check"))

from sealing import Person, case, encapsulate, hpke, seal, secret, xwing
from envelope import NOBODY, aad, info, pad

ALICE, BOB = Person("alice"), Person("bob")
RANDOM = secret("ml-kem") + secret("x25519")
N, SEED, PSK = 7, secret("offer"), secret("psk")
OFFER = xwing.Key(SEED).public
BODY = b"\x01" + b"what stands for an Olm message"


def write(name, comment, result, fields, how, recipient_key, body, size):
    """Seals as `how` says and writes the case."""
    header = how["header"]
    padded = how["padded"] or pad(body, size - len(header) - 1120 - 16)
    bound = info(how["form"], how["recipient"], how["sender"], how["key"], how["suite"])
    covered = aad(header, how["mailbox"], how["bound_size"])
    envelope = bytearray(seal(header, recipient_key, bound, covered, padded, RANDOM, how["psk"], how["psk_id"]))
    for at, bit in how["change"].items():
        envelope[at] ^= bit
    fields["envelope"] = bytes(envelope)
    if result == "accepted":
        fields.update(randomness=RANDOM, form=how["form"], body=body)
    case("e2ee/envelope-" + name, comment, "envelope", **fields, result=result)


def inbox(name, comment, result="accepted", body=BODY, size=4096, **other):
    """Form 2 from Alice to Bob; `other` is what the sender does otherwise."""
    how = dict(header=b"\x01\x02", suite=1, form=2, recipient=BOB.fingerprint, sender=ALICE.fingerprint, key=OFFER,
               mailbox=BOB.inbox, bound_size=size, psk=PSK, psk_id=N.to_bytes(4, "big"), padded=None, change={})
    fields = dict(at="inbox", seed=SEED, n=N, psk=PSK, recipient=BOB.fingerprint, sender=ALICE.fingerprint,
                  mailbox=BOB.inbox)
    write(name, comment, result, fields, how | other, OFFER, body, size)


def doorstep(name, comment, result="accepted", body=BODY, form=1, size=16384, held=BOB.prekey_id, **other):
    """Form 1 or 3 to Bob, who holds his prekey under the id `held`."""
    how = dict(header=bytes([1, form]) + BOB.prekey_id, suite=1, form=form, recipient=BOB.fingerprint, sender=NOBODY,
               key=BOB.prekey, mailbox=BOB.doorstep, bound_size=size, psk=b"", psk_id=b"", padded=None, change={})
    fields = dict(at="doorstep", seed=BOB.prekey_seed, prekey_id=held, recipient=BOB.fingerprint, mailbox=BOB.doorstep)
    write(name, comment, result, fields, how | other, BOB.prekey, body, size)


# With fixed randomness: what is sealed is these bytes and no others.
doorstep("of-form-1-is-these-bytes",
         "HELLO. A wrong implementation orders enc, info or aad in another way: nothing of its own fails, and"
         " nobody\nelse can read it.")
doorstep("of-form-3-is-these-bytes",
         "Session form. A wrong implementation seals it like form 2, or takes form 1 into info.",
         form=3)
inbox("of-form-2-in-4-kib-is-these-bytes",
      "A wrong implementation derives the key in base mode, writes n in another width, or pads in front.")
inbox("of-form-2-in-16-kib-is-these-bytes",
      "A wrong implementation binds the size of the plaintext, or none.",
      size=16384)
inbox("of-form-2-in-64-kib-is-these-bytes",
      "A wrong implementation writes the size in 16 bits, where 65,536 is 0.",
      size=65536)
inbox("with-an-empty-body",
      "The outer layer does not ask what is inside. A wrong implementation takes a length of 0 for padding.",
      body=b"")
inbox("filled-to-the-last-byte",
      "No zero follows the body. A wrong implementation wants one.",
      body=b"\x5a" * (4096 - 2 - 1120 - 16 - 2))

# Form 2 refused.
inbox("under-another-psk-is-refused",
      "A wrong implementation seals in base mode: whoever saw the offer's key passes for the contact.",
      "refused NoKey", psk=secret("another psk"))
inbox("under-no-psk-is-refused",
      "Sealed in base mode. A wrong implementation tries that too.",
      "refused NoKey", psk=b"", psk_id=b"")
inbox("under-another-offer-number-is-refused",
      "The same key and psk under n = 8. A wrong implementation leaves psk_id empty.",
      "refused NoKey", psk_id=(8).to_bytes(4, "big"))
inbox("with-the-offer-number-in-two-bytes-is-refused",
      "A wrong implementation writes n as u16.",
      "refused NoKey", psk_id=N.to_bytes(2, "big"))
inbox("for-another-inbox-is-refused",
      "A wrong implementation leaves the mailbox out of aad, and a relay moves envelopes between mailboxes.",
      "refused NoKey", mailbox=ALICE.inbox)
inbox("that-binds-another-size-is-refused",
      "4 KiB that say 16. A wrong implementation leaves the size out of aad.",
      "refused NoKey", bound_size=16384)
inbox("from-another-sender-is-refused",
      "A wrong implementation leaves the sender out of info.",
      "refused NoKey", sender=NOBODY)
inbox("with-who-and-whom-exchanged-is-refused",
      "A wrong implementation puts its own fingerprint first on both sides.",
      "refused NoKey", recipient=ALICE.fingerprint, sender=BOB.fingerprint)
inbox("that-binds-another-key-is-refused",
      "A wrong implementation leaves the recipient's key out of info.",
      "refused NoKey", key=BOB.prekey)
inbox("of-suite-2-is-refused",
      "Sealed rightly under a suite that nobody speaks. A wrong implementation ignores the first byte.",
      "refused Form", header=b"\x02\x02", suite=2)
inbox("of-form-0-is-refused",
      "A wrong implementation takes every form at an inbox for form 2.",
      "refused Form", header=b"\x01\x00", form=0)
inbox("of-form-4-is-refused", "As before, above the last form.", "refused Form", header=b"\x01\x04", form=4)
inbox("of-form-1-at-an-inbox-is-refused",
      "A wrong implementation opens a HELLO from an inbox, where stamps keep strangers out.",
      "refused Form", header=b"\x01\x01", form=1)
inbox("with-its-form-left-out-of-info-is-refused",
      "Sealed as form 3 behind the head of form 2.",
      "refused NoKey", form=3)
inbox("with-a-bit-of-enc-flipped-is-refused",
      "In the ML-KEM part, which rejects by giving another secret. A wrong implementation goes on with X25519 alone.",
      "refused NoKey", change={2: 1})
inbox("with-the-last-bit-of-enc-flipped-is-refused",
      "In the X25519 part, the bit that X25519 ignores. A wrong implementation leaves enc out of X-Wing's"
      " hash, and one\nenvelope has two forms.",
      "refused NoKey", change={1121: 128})
inbox("with-the-last-bit-of-its-tag-flipped-is-refused",
      "A wrong implementation compares a part of the tag.",
      "refused NoKey", change={4095: 1})
room = 4096 - 2 - 1120 - 16
inbox("with-a-bit-behind-its-body-is-refused",
      "In the first byte of the padding, sealed rightly. A wrong implementation ignores it: a hidden channel.",
      "refused Padding",
      padded=pad(BODY, room)[:2 + len(BODY)] + b"\x80" + bytes(room - 3 - len(BODY)))
inbox("with-a-bit-at-its-end-is-refused",
      "In the last byte of the padding. A wrong implementation looks at the first zeros only.",
      "refused Padding", padded=pad(BODY, room)[:-1] + b"\x01")
inbox("whose-body-is-longer-than-its-room-is-refused",
      "One byte too long. A wrong implementation reads beyond, or cuts.",
      "refused Padding", padded=(room - 1).to_bytes(2, "big") + bytes(room - 2))

# Forms 1 and 3 refused.
again = secret("another prekey id")[:8]
doorstep("of-suite-2-at-a-doorstep-is-refused",
         "Sealed rightly under a suite that nobody speaks. A wrong implementation ignores the first byte.",
         "refused Form", header=b"\x02\x01" + BOB.prekey_id, suite=2)
doorstep("for-another-doorstep-is-refused",
         "A wrong implementation leaves the mailbox out of aad.",
         "refused DoesNotOpen", mailbox=ALICE.doorstep)
doorstep("under-an-unknown-prekey-id-is-refused",
         "A wrong implementation tries every prekey that it holds.",
         "refused UnknownPrekey", held=again)
doorstep("with-its-prekey-id-changed-is-refused",
         "The recipient holds the same key under the id that is shown. A wrong implementation leaves the id"
         " out of aad.",
         "refused DoesNotOpen",
         held=bytes([BOB.prekey_id[0] ^ 1]) + BOB.prekey_id[1:], change={2: 1})
doorstep("of-form-1-shown-as-form-3-is-refused",
         "One bit of the head is changed. A wrong implementation leaves the form out of info and aad.",
         "refused DoesNotOpen", change={1: 2})
doorstep("of-form-1-that-names-its-sender-is-refused",
         "A wrong implementation puts the sender's fingerprint into info, which no recipient can know before opening.",
         "refused DoesNotOpen", sender=ALICE.fingerprint)
doorstep("for-another-recipient-is-refused",
         "A wrong implementation leaves the recipient out of info: who shares a prekey could pass envelopes on.",
         "refused DoesNotOpen", recipient=ALICE.fingerprint)
doorstep("of-form-2-at-a-doorstep-is-refused",
         "A wrong implementation looks for an offer.",
         "refused Form", header=b"\x01\x02" + BOB.prekey_id, form=2)
doorstep("of-4-kib-at-a-doorstep-is-refused",
         "Sealed rightly in a size that no doorstep takes. A wrong implementation opens what the relay should"
         " not have kept.",
         "refused Form", size=4096)


def to_the_zero_point():
    """enc whose X25519 part is the point zero: X-Wing goes on with a secret of zeros, as its draft says."""
    enc, _ = encapsulate(OFFER, RANDOM)
    post_quantum = xwing.Key(SEED).post_quantum.decapsulate(enc[:1088])
    shared = xwing.combine(post_quantum, bytes(32), bytes(32), OFFER[1184:])
    bound = info(2, BOB.fingerprint, ALICE.fingerprint, OFFER)
    sealed = hpke.seal(shared, bound, aad(b"\x01\x02", BOB.inbox, 4096), pad(BODY, room), PSK, N.to_bytes(4, "big"))
    case("e2ee/envelope-with-the-point-zero-in-enc-opens",
         "X-Wing does not look at the X25519 part: ML-KEM and the psk still hold. A wrong implementation refuses,\n"
         "and what one opens the other loses.",
         "envelope", at="inbox", form=2, seed=SEED, n=N, psk=PSK,
         recipient=BOB.fingerprint, sender=ALICE.fingerprint,
         mailbox=BOB.inbox, envelope=b"\x01\x02" + enc[:1088] + bytes(32) + sealed, body=BODY, result="accepted")


to_the_zero_point()
