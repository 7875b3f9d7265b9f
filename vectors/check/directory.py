"""Records and what is signed on a connection: spec/directory.md § Records, § Challenge; spec/connection.md."""
import identity
from hashes import record_hash
from reading import Reader, Refused

NONE = bytes(32)


class RecordBody:
    def __init__(self, reader):
        begin = reader.at
        self.name, self.server_id, self.seq = reader.name(), reader.take(32), reader.u32()
        self.identity_key, self.recovery, self.prev_hash = reader.take(1984), reader.take(32), reader.take(32)
        self.body = reader.data[begin:reader.at]


def record_body(name, server_id, seq, identity_key, recovery, prev_hash):
    encoded = bytes([len(name)]) + name + server_id + seq.to_bytes(4, "big") + identity_key + recovery + prev_hash
    return RecordBody(Reader(encoded))


class Record:
    """`authority` is 0, 1 or 2; `signature` and `key` are those that go with it."""

    def __init__(self, body, authority, sig_new, signature=b"", key=b""):
        self.body, self.authority, self.sig_new = body, authority, sig_new
        self.signature, self.key = signature, key


def follow(record, previous):
    """How a record follows its predecessor, else Refused with what does not hold."""
    body = record.body
    for holds, why in [
        (previous.recovery != NONE, "Released"),
        (body.server_id == previous.server_id, "Server"),
        (body.name == previous.name, "Name"),
        (body.seq == previous.seq + 1, "Sequence"),
        (body.prev_hash == record_hash(previous.body), "Previous"),
        (record.authority in (1, 2), "Authority"),
    ]:
        if not holds:
            raise Refused(why)
    change = change_of(record, previous)
    if record.authority == 1:
        signed(previous.identity_key, b"oubliette/record-old/1", body.body, record.signature)
    else:
        signed(record.key, b"oubliette/record-recovery/1", body.body, record.signature)
    signed(body.identity_key, b"oubliette/record/1", body.body, record.sig_new)
    return change


def change_of(record, previous):
    """The table of spec/directory.md § Records."""
    same_key = record.body.identity_key == previous.identity_key
    if record.authority == 2:
        if identity.commitment(record.key) == previous.recovery and record.body.recovery != NONE:
            return "recovered"
    elif record.body.recovery == previous.recovery and not same_key:
        return "rotated"
    elif record.body.recovery == NONE and same_key:
        return "released"
    raise Refused("Recovery")


def signed(public, label, body, signature):
    try:
        identity.verify(public, label, body, signature)
    except Refused:
        raise Refused("Signature") from None


def connection_proof(server_id, welcome_nonce, binding):
    """`version ‖ server id ‖ welcome nonce ‖ binding ‖ value`; without a channel the value is zero."""
    return b"\x01" + server_id + welcome_nonce + (b"\x01" + binding if binding else bytes(33))


def challenge_message(proof, name, old, new, nonce): return proof + bytes([len(name)]) + name + old + new + nonce
