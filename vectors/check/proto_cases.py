"""What the cases of vectors/proto that are about signatures ask for; `connection` needs a server."""
import identity
from directory import NONE, Record, challenge_message, connection_proof, follow, record_body
from hashes import record_hash
from reading import Refused

SERVER, OTHER_SERVER = bytes([5] * 32), bytes([1] * 32)


def proof(case):
    binding = case.text("binding")
    value = bytes.fromhex(binding.removeprefix("exporter:")) if binding != "none" else None
    return connection_proof(case.bytes("server_id"), case.bytes("welcome_nonce"), value)


def open_message(case):
    assert proof(case) + case.bytes("rid") == case.bytes("message"), "another message"


def challenge(case):
    name = case.text("name").encode()
    message = challenge_message(proof(case), name, case.bytes("old"), case.bytes("new"), case.bytes("nonce"))
    assert message == case.bytes("message"), "another message"
    assert case.text("label") == f"oubliette/challenge-{case.text('kind')}/1", "another label"


def person(number): return identity.Secret(bytes([number] * 32), bytes([number + 100] * 32))


PEOPLE = {"old": 1, "old-as-recovery": 1, "new": 2, "stranger": 3, "recovery": 4, "other": 5}


def who(word): return person(PEOPLE[word])


def chain(case):
    """A first record of `old` for `alice`, and the second one that the case describes."""
    commitment = identity.commitment(who("recovery").public)
    previous = record_body(b"alice", SERVER, 0, who("old").public, commitment, NONE)
    recovery = {"same": commitment, "zero": NONE, "other": identity.commitment(who("other").public)}
    server = {"right": SERVER, "other": OTHER_SERVER}
    before = {"right": record_hash(previous.body), "zero": NONE}
    body = record_body(case.text("name").encode(), server[case.text("server")], case.number("seq"),
                       who(case.text("key")).public, recovery[case.text("recovery")], before[case.text("prev")])
    authority = {"first": 0, "old": 1, "recovery": 2}[case.text("authority")]
    by_recovery = authority == 2 or case.text("signer") == "old-as-recovery"
    label = b"oubliette/record-recovery/1" if by_recovery else b"oubliette/record-old/1"
    signer = who(case.text("signer"))
    sig_new = who(case.text("new_signer")).sign(b"oubliette/record/1", body.body)
    record = Record(body, authority, sig_new, signer.sign(label, body.body), signer.public)
    try:
        came = follow(record, previous)
    except Refused as refusal:
        came = f"refused {refusal.why}"
    assert came == case.text("result"), f"came out as {came}"


FUNCTIONS = {"open-message": open_message, "challenge-message": challenge, "chain": chain}


def check(case): FUNCTIONS[case.function](case)
