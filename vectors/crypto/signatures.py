#!/usr/bin/env python3
"""Writes composite-signature-is-these-bytes*.txt: whole signatures, whose ML-DSA half is dilithium-py's."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "check"))

from sealing import Signer, case

ALICE = Signer("alice")
SEEDS = dict(classical_seed=ALICE.seeds[0], post_quantum_seed=ALICE.seeds[1])


def signature(name, comment, purpose, message):
    case("crypto/composite-signature-" + name, comment, "signature", **SEEDS, purpose="text:" + purpose,
         message=message, signature=ALICE.sign(purpose.encode(), message))


signature("is-these-bytes",
          "Both halves are deterministic, so there is one signature. A wrong implementation signs a hash of the\n"
          "message, leaves out ML-DSA's context, or expands the seed in another way.",
          "oubliette/record/1", b"a record")
signature("over-a-long-message-is-these-bytes",
          "4,096 bytes. A wrong implementation writes the length in 16 bits, or little-endian.",
          "oubliette/bundle/1", b"\x5a" * 4096)
