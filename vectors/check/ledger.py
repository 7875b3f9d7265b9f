"""The public log of keys: spec/ledger.md. Refused says which of its names a refusal has (vectors/ledger/README.md)."""
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

import identity
from hashes import record_hash, sha256
from reading import Reader, Refused

REGISTER, ROTATE, RECOVER, TOMBSTONE, HEARTBEAT, RESTORED = 1, 2, 3, 4, 5, 6
OF_A_NAME = (REGISTER, ROTATE, RECOVER, TOMBSTONE)
NONE = 2**64 - 1
ZERO = bytes(32)
LEAVES_MAX = 262144
RESTORED_LEAVES_MAX = 1024


def name_tag(server_id, name):
    argon = Argon2id(salt=server_id, length=32, iterations=3, lanes=1, memory_cost=64 * 1024)
    return argon.derive(b"oubliette/name-tag/1" + name)


def commitment(nonce, body): return sha256(b"oubliette/ledger-commitment/1" + nonce + record_hash(body))


class Leaf:
    def __init__(self, data):
        reader = Reader(data)
        self.data, self.kind, self.tag, self.prev_index = data, reader.u8(), reader.take(32), reader.u64()
        self.commitment, self.time = reader.take(32), reader.u32()
        reader.end()
        self.hash = sha256(b"\0" + data)


def leaf_bytes(kind, tag, prev_index, commits_to, time):
    return bytes([kind]) + tag + prev_index.to_bytes(8, "big") + commits_to + time.to_bytes(4, "big")


def node(left, right): return sha256(b"\1" + left + right)


def root(leaves):
    """Level by level: who has nobody beside him goes up as he is. That is the tree of RFC 6962 § 2.1, from below."""
    level = [leaf.hash for leaf in leaves] or [sha256(b"")]
    while len(level) > 1:
        pairs = [node(*level[at:at + 2]) for at in range(0, len(level) - 1, 2)]
        level = pairs + level[len(level) - len(level) % 2:]
    return level[0]


def roots_of(size, later, proof, earlier_root, is_whole=True):
    """What SUBPROOF of RFC 6962 § 2.1.2 took apart, put together again: the roots of the earlier leaves and of all."""
    if size == later:
        hashed = earlier_root if is_whole else proof.pop(0)
        return hashed, hashed
    left = 1 << (later - 1).bit_length() - 1
    if size <= left:
        earlier, all_ = roots_of(size, left, proof, earlier_root, is_whole)
        return earlier, node(all_, proof.pop(0))
    earlier, all_ = roots_of(size - left, later - left, proof, earlier_root, False)
    beside = proof.pop(0)
    return node(beside, earlier), node(beside, all_)


def is_consistent(size, earlier_root, later, later_root, proof):
    if not 0 < size < later:
        return False
    proof = list(proof)
    try:
        roots = roots_of(size, later, proof, earlier_root)
    except IndexError:
        return False
    return roots == (earlier_root, later_root) and not proof


class Head:
    def __init__(self, data):
        reader = Reader(data)
        self.data, self.log_id, self.number, self.size = data, reader.take(32), reader.u32(), reader.u64()
        self.root, self.time, self.signature = reader.take(32), reader.u64(), reader.take(64)
        self.ledger_key, self.not_before, self.not_after = reader.take(32), reader.u64(), reader.u64()
        self.spare, self.endorsement = reader.take(16), reader.take(64)
        reader.end()

    @property
    def is_empty(self): return not any(self.data)

    def verify(self, server_id):
        if sha256(bytes.fromhex("302a300506032b6570032100") + self.log_id) != server_id:
            raise Refused("OtherServer")
        endorsed = self.ledger_key + self.not_before.to_bytes(8, "big") + self.not_after.to_bytes(8, "big")
        signed(self.log_id, b"oubliette/endorsement/1\2" + endorsed, self.endorsement, "NotEndorsed")
        if any(self.spare) or not self.not_before <= self.time <= self.not_after:
            raise Refused("NotEndorsed")
        signed(self.ledger_key, b"oubliette/tree-head/1" + self.data[:84], self.signature, "NotSigned")


def signed(key, message, signature, why):
    try:
        identity.ed25519_verify(key, message, signature)
    except Refused:
        raise Refused(why) from None


def replay(server_id, known, before, head, first, fed):
    """spec/ledger.md § Replay, one rule after the other: the leaves that are kept, else Refused with the trouble."""
    if head.is_empty:
        raise Refused("WentBack")
    try:
        head.verify(server_id)
    except Refused:
        raise Refused("NotSigned") from None
    if before and went_back(before, head):
        raise Refused("WentBack")
    leaves = known[:first] + fed
    restored = [leaf for leaf in leaves if leaf.kind == RESTORED]
    beyond = [leaf.prev_index for leaf in restored if leaf.time > (before.number if before else 0)]
    for holds in [
        first == min([len(known)] + beyond) or (first == 0 and before and before.number < head.number),
        len(leaves) <= LEAVES_MAX,
        len(restored) <= RESTORED_LEAVES_MAX,
        number_of(leaves) == head.number,
        all(has_its_zeros(leaf) for leaf in leaves),
        all(is_true(leaves, index) for index, leaf in enumerate(leaves) if leaf.kind == RESTORED),
        all(one.time < other.time for one, other in zip(restored, restored[1:])),
        all(one.time <= other.time for one, other in zip(leaves, leaves[1:])),
        not leaves or leaves[-1].time <= head.time,
        all(has_its_place(leaves, index) for index, leaf in enumerate(leaves) if leaf.kind in OF_A_NAME),
        (head.size, head.root) == (len(leaves), root(leaves)),
    ]:
        if not holds:
            raise Refused("Forked")
    return leaves


def went_back(before, head):
    is_less = head.size < before.size or head.time < before.time
    return head.number < before.number or head.number == before.number and is_less


def number_of(leaves):
    """The time of the newest RESTORED leaf."""
    return ([0] + [leaf.time for leaf in leaves if leaf.kind == RESTORED])[-1]


def has_its_zeros(leaf):
    if leaf.kind == HEARTBEAT:
        return (leaf.tag, leaf.prev_index, leaf.commitment) == (ZERO, NONE, ZERO)
    return leaf.kind != RESTORED or leaf.commitment == ZERO


def is_true(leaves, index):
    """Whether a RESTORED leaf names the root of the leaves that stand, or a later one says that they do not."""
    restored, later = leaves[index], [leaf for leaf in leaves[index + 1:] if leaf.kind == RESTORED]
    is_free = any(leaf.prev_index <= index for leaf in later)
    front = leaves[:restored.prev_index]
    return 0 < restored.time and restored.prev_index <= index and (is_free or restored.tag == root(front))


def has_its_place(leaves, index):
    """Whether a leaf of a name follows the one before, or is free: the first of its tag behind a RESTORED leaf, or one
    that stands between such a leaf and what it names."""
    leaf = leaves[index]
    restored = [at for at in range(len(leaves)) if leaves[at].kind == RESTORED]
    since = max((at for at in restored if at < index), default=-1)
    before = [at for at in range(index) if leaves[at].kind in OF_A_NAME and leaves[at].tag == leaf.tag]
    if since >= 0 and not any(at > since for at in before):
        return True
    if any(leaves[at].prev_index <= index < at for at in restored):
        return True
    if not before:
        return leaf.kind == REGISTER and leaf.prev_index == NONE
    was_given_up = leaves[before[-1]].kind == TOMBSTONE
    return leaf.prev_index == before[-1] and (leaf.kind == REGISTER) == was_given_up


def gossip(head, now):
    if head.is_empty or head.size >= 1 << 48:
        return bytes(44)
    log = sha256(b"oubliette/gossip/1" + head.log_id + head.number.to_bytes(4, "big"))[:4]
    age = min(max(now - head.time, 0) // 3600, 65535)
    return log + head.size.to_bytes(6, "big") + head.root + age.to_bytes(2, "big")


def prove_fraud(server_id, one, other, shown_root, proof):
    one.verify(server_id)
    other.verify(server_id)
    if one.number != other.number:
        raise Refused("OtherNumber")
    if shown_root == one.root:
        raise Refused("Honest")
    is_same_size = one.size == other.size and shown_root == other.root and not proof
    if not is_same_size and not is_consistent(one.size, shown_root, other.size, other.root, proof):
        raise Refused("NotShown")
