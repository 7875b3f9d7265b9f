#!/usr/bin/env python3
"""Writes the cases of this folder without our code: spec/ledger.md again, in plain Python.

Ed25519 and Argon2id come from the package `cryptography` (vectors/check/requirements.txt), the tree of RFC 6962 from
its § 2.1, word for word.

Usage: independent.py, in the environment that vectors/check/run makes
"""
import hashlib, os, struct, textwrap
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

HERE = os.path.dirname(os.path.abspath(__file__))
for old in os.listdir(HERE):
    if old.endswith(".txt"): os.remove(os.path.join(HERE, old))

def u32(number): return struct.pack(">I", number)
def u64(number): return struct.pack(">Q", number)
def sha256(data): return hashlib.sha256(data).digest()
def repeated(byte, count=32): return bytes([byte]) * count

# --- Leaves and their tree (RFC 6962 § 2.1) ------------------------------------------------------------
T = 1790000000  # 2026-09-21
NONE = 2**64 - 1
REGISTER, ROTATE, RECOVER, TOMBSTONE, HEARTBEAT, RESTORED, LATER = 1, 2, 3, 4, 5, 6, 200
EMPTY = bytes(32)
A, B, C = repeated(0xA1), repeated(0xB2), repeated(0xC3)

def leaf(kind, tag, prev_index, commitment, time): return bytes([kind]) + tag + u64(prev_index) + commitment + u32(time)
def change(kind, tag, prev_index, minute):
    """A leaf of a name; another commitment in every minute."""
    return leaf(kind, tag, prev_index, repeated(0xC0 + minute), T + 60 * minute)
def heartbeat(minute): return leaf(HEARTBEAT, EMPTY, NONE, EMPTY, T + 60 * minute)
def restored(stand, minute): return leaf(RESTORED, root(stand), len(stand), EMPTY, T + 60 * minute)

def leaf_hash(data): return sha256(b"\0" + data)
def node_hash(left, right): return sha256(b"\1" + left + right)
def split(count): return 1 << (count - 1).bit_length() - 1  # the largest power of two below

def root(leaves):
    if not leaves: return sha256(b"")
    if len(leaves) == 1: return leaf_hash(leaves[0])
    k = split(len(leaves))
    return node_hash(root(leaves[:k]), root(leaves[k:]))

def proof(m, leaves, whole=True):
    """PROOF and SUBPROOF of § 2.1.2."""
    if m == len(leaves): return [] if whole else [root(leaves)]
    k = split(len(leaves))
    if m <= k: return proof(m, leaves[:k], whole) + [root(leaves[k:])]
    return proof(m - k, leaves[k:], False) + [root(leaves[:k])]

# --- Heads ---------------------------------------------------------------------------------------------
ROOT_SEED, LEDGER_SEED, OTHER_SEED = repeated(0x5E), repeated(0x1E), repeated(0x0E)
ORDER = 2**252 + 27742317777372353535851937790883648493
NEUTRAL = bytes([1]) + bytes(31)  # the neutral point, under which NEUTRAL ‖ 0 fits every message of whoever does not look
FITS_ALL = NEUTRAL + bytes(32)

def key(seed): return Ed25519PrivateKey.from_private_bytes(seed)
def public(seed): return key(seed).public_key().public_bytes_raw()
def sign(seed, message): return key(seed).sign(message)
def server_id(log_id): return sha256(bytes.fromhex("302a300506032b6570032100") + log_id)
LOG_ID = public(ROOT_SEED)
SERVER = server_id(LOG_ID)

def endorsement(ledger_key=public(LEDGER_SEED), seed=ROOT_SEED, not_before=T - 86400, not_after=T + 90 * 86400, purpose=2,
                spare=bytes(16), signature=None):
    signed = b"oubliette/endorsement/1" + bytes([purpose]) + ledger_key + u64(not_before) + u64(not_after)
    return [ledger_key, u64(not_before), u64(not_after), spare, signature or sign(seed, signed)]

def number_of(leaves): return max([int.from_bytes(one[73:], "big") for one in leaves if one[0] == RESTORED], default=0)

def head(leaves, number=None, minute=60, size=None, log_id=LOG_ID, seed=LEDGER_SEED, endorsed=None, signature=None):
    """The fields of a head one after the other; joined they are its 276 bytes."""
    number = number_of(leaves) if number is None else number
    fields = [log_id, u32(number), u64(size or len(leaves)), root(leaves), u64(T + 60 * minute)]
    signature = signature or sign(seed, b"oubliette/tree-head/1" + b"".join(fields))
    return fields + [signature] + (endorsed or endorsement())

def changed(fields, at, value): return fields[:at] + [value] + fields[at + 1:]
NO_HEAD = [bytes(276)]

# --- Files ---------------------------------------------------------------------------------------------
def token(data):
    alike = len(data) >= 8 and len(set(data)) == 1
    return f"{data[0]:02x}*{len(data)}" if alike else data.hex()
def said(data):
    """Fields as tokens; those of a leaf, too, which alone has 77 bytes."""
    if isinstance(data, bytes) and len(data) == 77: data = [data[at:to] for at, to in ((0, 1), (1, 33), (33, 41), (41, 73), (73, 77))]
    return " ".join(map(token, data)) if isinstance(data, list) else token(data) if isinstance(data, bytes) else str(data)

def case(name, comment, function, /, **fields):
    """Leaves and the hashes of a proof have a line each; a field that is None is left out."""
    lines = ["# " + line for line in textwrap.wrap(" ".join(comment.split()), 112)] + ["function = " + function]
    for field, value in fields.items():
        many = value if field in ("leaf", "known", "fed", "proof") else [] if value is None else [value]
        lines += [f"{field} = {said(one)}" for one in many]
    with open(os.path.join(HERE, name + ".txt"), "w") as out: out.write("\n".join(lines) + "\n")

# Name tags, commitments
def name_tag(server, name):
    return Argon2id(salt=server, length=32, iterations=3, lanes=1, memory_cost=65536).derive(b"oubliette/name-tag/1" + name)
case("name-tag-is-these-bytes", """
Argon2id of label and name, salt the server id. A wrong implementation takes the bare name, or the name as salt, and finds
no leaf of anybody.""", "name-tag", server_id=SERVER, name="alice", result=name_tag(SERVER, b"alice"))
case("name-tag-at-another-server-is-another", """
The same name elsewhere. A wrong implementation leaves the server id out: names that were guessed once are then known
at every server.""", "name-tag", server_id=repeated(0x5F), name="alice", result=name_tag(repeated(0x5F), b"alice"))

NONCE, BODY = bytes(range(16)), b"the body of a record"
def commitment(nonce, body):
    return sha256(b"oubliette/ledger-commitment/1" + nonce + sha256(b"oubliette/record-hash/1" + body))
case("commitment-covers-nonce-and-record-hash", """
Over the labelled hash of the record's body. A wrong implementation commits to the body itself, or leaves the nonce
out, and whoever has the record finds its leaf.""", "commitment", nonce=NONCE, body="text:" + BODY.decode(), result=commitment(NONCE, BODY))
own = leaf(ROTATE, A, 3, commitment(NONCE, BODY), T)
committed = dict(leaf=[own], tag=A, nonce=NONCE, body="text:" + BODY.decode())
case("a-leaf-commits-to-its-record", """
A wrong implementation looks for the record of the leaf before, which prev_index names.""", "commits", **committed, result="accepted")
for name, comment, other in [
    ("a-leaf-of-another-name-commits-to-nothing", """The record is the right one, the tag is another's. A wrong
     implementation compares commitments only, and takes a record at whichever leaf the relay points to.""", dict(tag=B)),
    ("a-leaf-commits-under-one-nonce", """The nonce that came with the record is another. A wrong implementation does not
     compare, since nothing was signed wrongly.""", dict(nonce=NONCE[::-1])),
    ("a-leaf-of-a-kind-that-came-later-commits-to-nothing", """Kind 200, with tag and commitment in order. A wrong implementation
     does not look at the kind, and takes a record from a leaf that it does not understand.""",
     dict(leaf=[leaf(LATER, A, 3, commitment(NONCE, BODY), T)])),
    ("a-leaf-commits-to-one-record", """The relay shows another record than the log. A wrong implementation is content with a
     leaf of the name.""", dict(body="text:the body of a recorD")),
]: case(name, comment, "commits", **{**committed, **other}, result="refused")

# Leaves, roots
for name, comment, fields in [
    ("leaf-of-a-first-record", """77 bytes, and their hash behind a zero byte. A wrong implementation has prev_index 0 where there is
     none, or hashes without the zero: a leaf could then pass for a node.""", (REGISTER, A, NONE, repeated(0xC0), T)),
    ("leaf-of-a-heartbeat", """Tag and commitment zero, prev_index 2^64 - 1. A wrong implementation leaves the fields out.""",
     (HEARTBEAT, EMPTY, NONE, EMPTY, T)),
    ("leaf-of-a-relay-that-went-back", """The root of the seven leaves that stand is where others have a tag. A wrong implementation
     has a tag of zero, and the leaf does not say what stands.""", (RESTORED, root([heartbeat(n) for n in range(7)]), 7, EMPTY, T)),
    ("leaf-of-a-kind-that-came-later", """Kind 200. A wrong implementation refuses to hash it, and loses the log on the day on which the
     relay is newer.""", (LATER, A, 5, repeated(0xC1), 2**32 - 1)),
]:
    kind, tag, prev_index, commits_to, time = fields
    case(name, comment, "leaf", kind=kind, tag=tag, prev_index=prev_index, commitment=commits_to, time=time,
         hash=leaf_hash(leaf(*fields)), result=leaf(*fields))
SEVEN = [heartbeat(minute) for minute in range(7)]
for name, comment, leaves in [
    ("root-of-no-leaf", """SHA-256 of nothing. A wrong implementation has zero.""", []),
    ("root-of-one-leaf", """It is the leaf's hash. A wrong implementation puts a node above it.""", SEVEN[:1]),
    ("root-of-three-leaves", """The third leaf stands beside the node of the first two. A wrong implementation doubles the
     last leaf, so that two logs have one root.""", SEVEN[:3]),
    ("root-of-seven-leaves", """Four, two and one. A wrong implementation fills up to eight, or splits in the middle.""", SEVEN),
]: case(name, comment, "root", leaf=leaves, result=root(leaves))

# Consistency
def consistency(name, comment, n, m, result="refused", leaves=None, **changes):
    fields = dict(size=n, root=root(SEVEN[:n]), later_size=m, later_root=root(SEVEN[:m]), proof=proof(n, SEVEN[:m]) if 0 < n < m else [])
    case(name, comment, "consistency", **{**fields, **changes}, leaf=leaves or [], result=result)
consistency("consistency-from-a-power-of-two", """Of 4 leaves with 7: the root of the 4 is a node of the later tree, and is not in the
 proof. A wrong implementation expects it there.""", 4, 7, "accepted", SEVEN)
consistency("consistency-from-no-power-of-two", """Of 3 leaves with 7: the proof begins with the third leaf. A wrong implementation begins with the
 root of the 3.""", 3, 7, "accepted", SEVEN)
consistency("consistency-across-a-ragged-edge", """Of 6 leaves with 7: both trees end in the middle. A wrong implementation climbs as many levels
 as a full tree has.""", 6, 7, "accepted", SEVEN)
consistency("consistency-with-a-hash-too-many-is-refused", """A hash behind a proof that holds. A wrong implementation ignores what it does not need,
 or hashes it in above the root.""", 3, 7, proof=proof(3, SEVEN) + [repeated(0x77)])
consistency("consistency-from-a-power-of-two-with-its-root-in-front-is-refused", """The root of the 4 stands in the proof too. A wrong
 implementation takes it for granted in every proof.""", 4, 7, proof=[root(SEVEN[:4])] + proof(4, SEVEN))
consistency("consistency-without-its-last-hash-is-refused", """A wrong implementation stops where the proof stops, below the
 root.""", 3, 7, proof=proof(3, SEVEN)[:-1])
consistency("consistency-from-another-root-is-refused", """The first 3 leaves were others. A wrong implementation computes the later root
 only, which is the right one.""", 3, 7, root=root(SEVEN[:2] + [heartbeat(9)]))
consistency("consistency-to-another-root-is-refused", """The 7 leaves begin with others. A wrong implementation computes the earlier root
 only.""", 3, 7, later_root=root([heartbeat(9)] + SEVEN[1:]))
consistency("consistency-from-no-leaf-is-refused", """RFC 6962 knows no proof from an empty tree. A wrong implementation lets any root
 follow from nothing.""", 0, 7, root=repeated(0x77))
consistency("consistency-of-a-smaller-tree-is-refused", """From 7 leaves to 4. A wrong implementation reads the sizes in the other order, and a
 log that shrank has grown.""", 7, 4, root=root(SEVEN), later_root=root(SEVEN[:4]), proof=proof(4, SEVEN))

# Heads
LOG = [change(REGISTER, A, NONE, 0), change(REGISTER, B, NONE, 1), change(ROTATE, A, 0, 2)]
good = head(LOG)
def judged(name, comment, fields, result="accepted", server=SERVER):
    case(name, comment, "head", server_id=server, head=fields, result=result)
judged("head-signed-by-an-endorsed-key", """A wrong implementation signs another order of fields, or forgets a label.""", good)
judged("head-in-the-only-second-of-its-endorsement", """Both ends are part of the time. A wrong implementation leaves one
 out.""", head(LOG, endorsed=endorsement(not_before=T + 3600, not_after=T + 3600)))
judged("head-of-another-server-s-log-is-refused", """The log id is not the root key of this server. A wrong implementation lets any relay
 speak for any other.""", good, "refused OtherServer", server_id(public(OTHER_SEED)))
for name, comment, endorsed in [
    ("head-endorsed-by-another-key-is-refused", "A wrong implementation verifies the endorsement under a key found beside it, or not at all.",
     endorsement(seed=OTHER_SEED)),
    ("head-before-its-endorsement-is-refused", "One second before. A wrong implementation looks at the end of the time only.", endorsement(not_before=T + 3601)),
    ("head-past-its-endorsement-is-refused", "One second past it. A wrong implementation lets a stolen ledger key sign for ever.", endorsement(not_after=T + 3599)),
    ("head-whose-spare-bytes-are-not-zero-is-refused", """No signature covers them. A wrong implementation ignores them, and one head has
     many forms.""", endorsement(spare=bytes(15) + b"\1")),
    ("head-endorsed-for-tls-is-refused", """The root key endorsed this key for purpose 1. A wrong implementation leaves the purpose out, and a key
     of one purpose serves every other.""", endorsement(purpose=1)),
]: judged(name, comment, head(LOG, endorsed=endorsed), "refused NotEndorsed")
judged("head-of-a-root-key-of-order-one-is-refused", """Under the neutral point this one signature fits every message. A wrong
 implementation does not look at the key.""", head(LOG, log_id=NEUTRAL, endorsed=endorsement(signature=FITS_ALL)), "refused NotEndorsed", server_id(NEUTRAL))
s = int.from_bytes(good[5][32:], "little") + ORDER
for name, comment, fields in [
    ("head-with-another-root-is-refused", "A wrong implementation leaves the root out of what is signed.", changed(good, 3, root(LOG[:2]))),
    ("head-with-another-size-is-refused", "A wrong implementation thinks that the root says how many leaves there are.", changed(good, 2, u64(4))),
    ("head-with-another-number-is-refused", "A wrong implementation leaves the number out of what is signed, and anybody can say that a relay went back.",
     changed(good, 1, u32(T))),
    ("head-signed-by-the-root-key-is-refused", """It signs endorsements, no heads. A wrong implementation accepts either key, and one that was to
     stay offline is needed every day.""", head(LOG, seed=ROOT_SEED)),
    ("head-with-a-second-form-of-s-is-refused", """The group order is added to S: the same equation holds, RFC 8032 refuses it. A wrong implementation
     reduces S, and one head has two forms.""", changed(good, 5, good[5][:32] + s.to_bytes(32, "little"))),
    ("head-of-a-ledger-key-of-order-one-is-refused", """The root key endorsed the neutral point, under which this one signature fits every message. A
     wrong implementation checks the root key only.""", head(LOG, endorsed=endorsement(ledger_key=NEUTRAL), signature=FITS_ALL)),
]: judged(name, comment, fields, "refused NotSigned")

# Replay
def replay(name, comment, known, before, shown, first, fed, result="accepted"):
    leaves = known[:first] + fed
    after = dict(number=number_of(leaves), root=root(leaves)) if result == "accepted" else {}
    case(name, comment, "replay", server_id=SERVER, known=known, before=before, head=shown, first=first, fed=fed,
         **after, result=result)
def grown(name, comment, fed, result="refused Forked", number=None, known=LOG[:2]):
    """New leaves behind known ones, under an honest head of all of them."""
    replay(name, comment, known, head(known, minute=30), head(known + fed, number), len(known), fed, result)
TWO, BEFORE = LOG[:2], head(LOG[:2], minute=30)

whole = [change(REGISTER, A, NONE, 0), change(ROTATE, A, 0, 1), change(RECOVER, A, 1, 2), change(TOMBSTONE, A, 2, 3),
         change(REGISTER, A, 3, 4), heartbeat(5)]
replay("replay-of-a-whole-log", """One name from its first record to its second life, and a day without any. A wrong implementation begins a
 name anew with prev_index 2^64 - 1, or has a first head follow something.""", [], None, head(whole), 0, whole)
grown("replay-of-leaves-behind-the-known-ones", """Two of one second. A wrong implementation judges the new leaves without the known ones, to which prev_index
 points, or wants times to rise.""", [change(ROTATE, B, 1, 2), change(ROTATE, B, 2, 2)], "accepted")
replay("replay-of-a-newer-head-of-the-same-leaves", """A wrong implementation wants the log to grow.""", TWO, BEFORE, head(TWO), 2, [])

# Replay: the head, and the one before
replay("replay-under-a-lower-number-went-back", """The relay went back and unsays it. A wrong implementation compares sizes only.""",
       TWO + [restored(TWO, 2)], head(TWO + [restored(TWO, 2)], minute=30), head(LOG + [heartbeat(3)]), 2, [LOG[2], heartbeat(3)], "refused WentBack")
replay("replay-of-fewer-leaves-went-back", """A head from before, with its true signature. A wrong implementation takes whatever is signed, and a key that
 was replaced is back.""", LOG, head(LOG, minute=30), head(TWO), 2, [], "refused WentBack")
replay("replay-of-no-log-where-there-was-one-went-back", """All zero. A wrong implementation takes the relay for one that keeps no log, and stops to
 look.""", TWO, BEFORE, NO_HEAD, 0, [], "refused WentBack")
replay("replay-of-an-earlier-time-went-back", """The same leaves under a head that is older than the one before. A wrong implementation lets an old head stand for
 a new one, and whoever holds heads back is never silent.""", TWO, BEFORE, head(TWO, minute=29), 2, [], "refused WentBack")
replay("replay-of-more-leaves-at-an-earlier-time-went-back", """A leaf more, under a head that is older than the one before. A wrong implementation compares times only
 where the sizes are equal.""", TWO, BEFORE, head(LOG, minute=29), 2, LOG[2:], "refused WentBack")
replay("replay-of-a-head-that-another-key-signed-is-not-signed", """Leaves and root are in order. A wrong implementation believes the leaves since they
 give the root.""", TWO, BEFORE, head(LOG, seed=OTHER_SEED), 2, LOG[2:], "refused NotSigned")

# Replay: the known leaves
other = [change(REGISTER, A, NONE, 0), change(REGISTER, C, NONE, 1), change(ROTATE, A, 0, 2)]
replay("replay-over-other-known-leaves-is-forked", """The signed root is that of a history in which the second leaf was another. A wrong implementation hashes the
 new leaves only, or asks for all of them again.""", TWO, BEFORE, head(other), 2, other[2:], "refused Forked")
replay("replay-that-tells-known-leaves-anew-is-forked", """First is below what is known under the same number, and the second leaf is another. A wrong implementation
 takes first at its word, and forgets what it was shown.""", TWO, BEFORE, head(other), 1, other[1:], "refused Forked")
replay("replay-that-tells-known-leaves-again-is-forked", """First is below what is known under the same number, though the second leaf is the one that is known. A
 wrong implementation compares what it is told again, and takes what nobody asked for.""", TWO, BEFORE, head(LOG), 1, LOG[1:], "refused Forked")
replay("replay-that-leaves-a-gap-is-forked", """One leaf is known, and first is 2. A wrong implementation appends what came, which even gives the
 root.""", LOG[:1], head(LOG[:1], minute=30), head(TWO), 2, TWO[1:], "refused Forked")
replay("replay-of-fewer-leaves-than-the-head-has-is-forked", """The last leaf is held back. A wrong implementation takes what it has for the whole.""",
       TWO, BEFORE, head(LOG + [heartbeat(3)]), 2, LOG[2:], "refused Forked")
replay("replay-of-more-leaves-than-the-head-has-is-forked", """One leaf more than the head has. A wrong implementation keeps it, though nobody signed
 it.""", TWO, BEFORE, head(LOG), 2, LOG[2:] + [heartbeat(3)], "refused Forked")
replay("replay-of-a-head-whose-size-is-not-its-root-s-is-forked", """The root is that of the three leaves, the size is 4, and both are signed. A wrong
 implementation compares roots only, and is told later that it had four.""", TWO, BEFORE, head(LOG, size=4), 2, LOG[2:], "refused Forked")

# Replay: a relay that went back
lost = [LOG[0], restored(LOG[:1], 1)]
replay("replay-of-a-relay-that-went-back-and-says-so", """A backup had one leaf of three: the number rises; size and time may fall. A wrong implementation refuses, and a
 relay that was restored is lost.""", LOG, head(LOG, minute=30), head(lost, minute=29), 1, lost[1:])
nothing = [restored([], 1), change(REGISTER, A, NONE, 2)]
replay("replay-of-a-relay-that-lost-everything", """No leaf stands: the tag is the root of an empty tree. A wrong implementation expects zero there.""",
       TWO, BEFORE, head(nothing), 0, nothing)
twice = LOG[:1] + [restored(LOG[:1], 3)]
twice += [heartbeat(4), restored(twice, 5)]
replay("replay-of-a-relay-that-went-back-twice", """Two RESTORED leaves since: the number is the time of the later one. A wrong implementation takes the first one's,
 or counts them.""", TWO, BEFORE, head(twice), 1, twice[1:])
mended = [LOG[0], heartbeat(1), change(ROTATE, A, 0, 2)]
mended += [restored(mended[:1], 3)]
replay("replay-of-a-relay-that-was-repaired", """The second leaf was lost; a HEARTBEAT is in its place, and RESTORED, two leaves behind it, names that place. A wrong
 implementation wants prev_index to be the leaf's own index.""", LOG, head(LOG, minute=30), head(mended), 1, mended[1:])
ahead = LOG + [restored(LOG, 3)]
replay("replay-of-a-relay-that-went-back-to-more-than-is-known", """Two leaves are known, and the backup had three. A wrong implementation wants first to be what RESTORED
 names.""", TWO, BEFORE, head(ahead), 2, ahead[2:])
backed = TWO + [restored(TWO, 2), change(ROTATE, B, 1, 3)]
anew = TWO + [restored(TWO, 4), change(ROTATE, A, 0, 5)]
replay("replay-of-a-relay-that-was-restored-twice-from-one-backup", """Either time two leaves stood. The RESTORED leaf that is known is gone with what came behind it, another one is in its
 place, and its time is the number. A wrong implementation counts, finds as many as before, and the relay is lost.""",
       backed, head(backed, minute=30), head(anew), 2, anew[2:])
replay("replay-of-a-relay-that-was-restored-twice-in-one-second-is-forked", """From one backup, both times under the same number: the last leaf is another. A wrong implementation takes every RESTORED
 leaf that comes for news.""", backed, head(backed, minute=30), head(backed[:3] + [change(ROTATE, A, 0, 5)]), 2,
       [backed[2], change(ROTATE, A, 0, 5)], "refused Forked")
replay("replay-of-an-earlier-restored-went-back", """The relay shows again what it was between two times at which it was restored. A wrong implementation finds one RESTORED
 leaf in either log, and the later one is unsaid.""", anew, head(anew, minute=30), head(backed), 2, backed[2:], "refused WentBack")
swapped = [LOG[0], change(REGISTER, C, NONE, 1)]
swapped += [restored(swapped, 3)]
replay("replay-that-tells-anew-what-restored-says-to-stand-is-forked", """RESTORED says that two leaves stand, and first is 1: the second, which is said to stand, is another now. A
 wrong implementation lets a higher number excuse everything, and a key is replaced without a word.""",
       LOG, head(LOG, minute=30), head(swapped), 1, swapped[1:], "refused Forked")
retold = [LOG[0], restored(LOG[:1], 1), LOG[1][:-4] + u32(T + 120)]
swapped = [LOG[0], change(REGISTER, C, NONE, 1), restored(LOG[:1], 1)]
swapped += [restored(swapped, 3)]
replay("replay-that-tells-anew-what-stands-behind-a-known-restored-is-forked", """Of two RESTORED leaves the first, which names 1, is that of the number known; the one of a later time names 3. A wrong
 implementation takes the lowest prev_index of all, and what a relay once forgot it may replace for ever.""",
       retold, head(retold, minute=30), head(swapped), 1, swapped[1:], "refused Forked")
kept = LOG + [restored(LOG[:1], 3)]
replay("replay-that-goes-on-behind-what-restored-says-to-stand-is-forked", """RESTORED says that one leaf of three stands, and first is 3. A wrong implementation is content since the
 root is right, and keeps what the relay says is gone without being told it again.""", LOG, head(LOG, minute=30), head(kept), 3, kept[3:], "refused Forked")
followed = [LOG[0], heartbeat(1), change(ROTATE, B, 1, 2)]
followed += [restored(followed[:1], 3)]
replay("replay-of-a-change-of-a-name-whose-leaf-was-lost", """The REGISTER of a name was lost, a HEARTBEAT is in its place, and the ROTATE behind it names that place. It stands
 between RESTORED and its prev_index. A wrong implementation frees only what comes behind RESTORED, and a relay
 that was repaired is lost.""", LOG[:2], BEFORE, head(followed), 1, followed[1:])
one = [LOG[0], change(ROTATE, B, 7, 1), heartbeat(2)]
one += [restored(one[:2], 3)]
replay("replay-of-a-change-below-what-restored-names-is-not-free", """The broken leaf is the second of two that are said to stand. A wrong implementation frees all that
 comes before a RESTORED leaf.""", LOG[:1], head(LOG[:1], minute=30), head(one), 1, one[1:], "refused Forked")
placed = [LOG[0], change(ROTATE, B, 7, 1)]
placed += [restored(placed[:1], 2)]
replay("replay-of-a-change-at-the-place-that-restored-names", """One leaf stands, and the broken leaf is the one behind it, which prev_index names. A wrong implementation frees only what
 comes behind that place.""", LOG[:1], head(LOG[:1], minute=30), head(placed), 1, placed[1:])
once = [LOG[0], heartbeat(1), change(ROTATE, B, 1, 2), change(ROTATE, A, 0, 3)]
once += [restored(once[:1], 4)]
again = once[:3] + [heartbeat(3), once[4]]
again += [restored(again[:3], 5)]
replay("replay-of-a-relay-that-was-repaired-twice", """The second repair lost the leaf behind the ROTATE, which the first RESTORED leaf still frees; that leaf is told
 again with the rest. A wrong implementation judges the leaves that stand before it has the others.""",
       once, head(once, minute=30), head(again), 3, again[3:])
mended = [LOG[0], heartbeat(1)]
mended += [restored(mended[:1], 2)]
intact = [*LOG[:2], restored(LOG[:2], 3)]
replay("replay-of-a-relay-that-was-repaired-and-then-restored-from-before", """The backup has the leaf that the repair had replaced, and its RESTORED leaf says that both stand. Asked for
 all leaves the relay gives them. A wrong implementation calls it a liar for ever.""",
       mended, head(mended, minute=30), head(intact), 0, intact)
replay("replay-of-a-relay-that-was-repaired-twice-at-an-earlier-place", """The second repair lost the first leaf, to whose root the first RESTORED leaf speaks. A wrong
 implementation has that leaf speak true of leaves that are gone.""",
       mended, head(mended, minute=30), head([heartbeat(0), *mended[1:], restored([], 4)]), 0, [heartbeat(0), *mended[1:], restored([], 4)])
replay("replay-of-all-leaves-again-under-the-same-number-is-forked", """Nothing went back, and all of it is told again. A wrong implementation lets whoever
 gives everything replace everything.""", TWO, BEFORE, head(LOG), 0, LOG, "refused Forked")
grown("replay-of-a-number-that-no-leaf-explains-is-forked", """The head says that the relay went back, no leaf does. A wrong implementation believes the
 head.""", LOG[2:], number=T + 120)
grown("replay-of-a-restored-under-no-number-is-forked", """A leaf says that the relay went back, the head does not. A wrong implementation lets the number fall
 behind.""", [restored(TWO, 2)], number=0)
grown("replay-of-a-number-that-counts-is-forked", """One RESTORED leaf, and the number is 1. A wrong implementation has the number say how often the relay went back, and
 what was restored twice to the same place is one log to it.""", [restored(TWO, 2)], number=1)
went = TWO + [restored(TWO, 2)]
went += [restored(went, 3), heartbeat(4)]
grown("replay-of-the-number-of-an-earlier-restored-is-forked", """Of two RESTORED leaves it is the time of the first. A wrong implementation is content with the time of
 any.""", went[2:], number=T + 120)
grown("replay-of-the-number-of-the-newest-leaf-is-forked", """It is the time of the HEARTBEAT behind the RESTORED leaves. A wrong implementation looks for the time
 only.""", went[2:], number=T + 240)
grown("replay-of-two-restored-of-one-time-is-forked", """Times need not rise, but those of RESTORED leaves do: two histories would have one number. A wrong implementation treats these
 leaves like all others.""", [restored(TWO, 2), restored(TWO + [restored(TWO, 2)], 2)])
grown("replay-of-a-restored-with-the-root-of-other-leaves-is-forked", """It says that two leaves stand, and has the root of one. A wrong implementation does not compute
 it.""", [leaf(RESTORED, root(TWO[:1]), 2, EMPTY, T + 120)])
grown("replay-of-a-restored-above-its-own-index-is-forked", """It stands at 2 and says that three leaves stand. A wrong implementation takes the root of as many as there are.""",
      [leaf(RESTORED, root(TWO), 3, EMPTY, T + 120)])

# Replay: the zeros of a kind
for name, comment, fields in [
    ("replay-of-a-heartbeat-with-a-tag-is-forked", """It has the tag of a name. A wrong implementation does not look, and the newest leaf of the name is
     nobody's.""", (A, NONE, EMPTY)),
    ("replay-of-a-heartbeat-that-names-a-leaf-is-forked", """prev_index is 0. A wrong implementation takes 0 for none.""", (EMPTY, 0, EMPTY)),
    ("replay-of-a-heartbeat-that-commits-is-forked", """A wrong implementation does not look, and there is room in the log for whatever a relay
     wants to say.""", (EMPTY, NONE, repeated(0xC2))),
]: grown(name, comment, [leaf(HEARTBEAT, *fields, T + 120)])
grown("replay-of-a-restored-that-commits-is-forked", """Root and prev_index are in order. A wrong implementation looks at these only.""",
      [leaf(RESTORED, root(TWO), 2, repeated(0xC2), T + 120)])

# Replay: times
grown("replay-of-times-that-fall-is-forked", """A leaf is a minute older than the one before. A wrong implementation compares with the head only, and a change of yesterday
 can be made up today.""", [change(ROTATE, A, 0, 3), change(ROTATE, B, 1, 2)])
replay("replay-of-a-leaf-later-than-the-head-is-forked", """By a minute. A wrong implementation compares leaves with each other only.""",
       TWO, BEFORE, head(TWO + [heartbeat(61)]), 2, [heartbeat(61)], "refused Forked")

# Replay: the leaves of one name
grown("replay-of-a-change-that-passes-over-one-is-forked", """The second ROTATE names the REGISTER. A wrong implementation is content with any leaf of the name, and what
 happened between is hidden from whoever follows prev_index.""", [change(ROTATE, A, 0, 2), change(ROTATE, A, 0, 3)])
grown("replay-of-a-change-that-names-another-s-leaf-is-forked", """prev_index is the leaf before, which is another name's. A wrong implementation does not look at the tag
 there.""", [change(ROTATE, A, 1, 2)])
grown("replay-of-a-first-record-that-names-a-leaf-is-forked", """prev_index 0 where there is none. A wrong implementation takes 0 for none.""", [change(REGISTER, C, 0, 2)])
grown("replay-of-a-change-of-no-name-is-forked", """ROTATE is the first leaf of its tag. A wrong implementation takes 2^64 - 1 from every kind.""", [change(ROTATE, C, NONE, 2)])
grown("replay-of-a-register-over-a-living-name-is-forked", """A wrong implementation looks at prev_index only, and a relay registers a name over its
 owner.""", [change(REGISTER, A, 0, 2)])
grown("replay-of-a-change-behind-a-tombstone-is-forked", """A name that was given up is rotated. A wrong implementation looks at prev_index
 only.""", [change(TOMBSTONE, A, 0, 2), change(ROTATE, A, 2, 3)])
grown("replay-of-a-register-that-passes-over-its-tombstone-is-forked", """2^64 - 1 behind a TOMBSTONE. A wrong implementation forgets a name that was given up, and its
 second owner seems to be the first.""", [change(TOMBSTONE, A, 0, 2), change(REGISTER, A, NONE, 3)])
free = TWO + [restored(TWO, 2)]
grown("replay-of-changes-whose-leaf-before-was-lost", """Behind RESTORED one name names a leaf that is gone, and another was never registered here. A wrong implementation
 refuses, and whoever changed his key before the relay went back has none.""", free[2:] + [change(ROTATE, A, 7, 3), change(RECOVER, C, 8, 4)], "accepted")
again = free + [change(ROTATE, A, 7, 3)]
again += [restored(again, 4)]
grown("replay-of-a-change-behind-each-restored", """The relay went back twice, and the first leaf of a name behind either time is free. A wrong implementation
 frees it once.""", again[2:] + [change(ROTATE, A, 7, 5)], "accepted")
grown("replay-of-a-second-change-behind-a-restored-is-not-free", """The first leaf of a name behind RESTORED is free of the rules; this is the second. A wrong implementation gives
 up on prev_index for ever.""", free[2:] + [change(ROTATE, A, 7, 3), change(ROTATE, A, 7, 4)])
grown("replay-of-a-change-in-front-of-a-restored-is-not-free", """The broken leaf stands in front of RESTORED. A wrong implementation forgives the whole log of a relay that
 went back.""", [change(ROTATE, A, 7, 2), restored(TWO + [change(ROTATE, A, 7, 2)], 3)])

# Replay: kinds that came later
grown("replay-of-a-kind-that-came-later", """Kinds 0 and 200, one with the tag of a name. A wrong implementation refuses, and loses the log on the day on which the relay is
 newer.""", [change(LATER, A, 0, 2), change(0, EMPTY, NONE, 3)], "accepted")
grown("replay-of-a-change-behind-a-kind-that-came-later", """Of the leaves of kinds 1 to 4 the one before is the REGISTER. A wrong implementation has the rule cover kinds that it does not
 understand.""", [change(LATER, A, 0, 2), change(ROTATE, A, 0, 3)], "accepted")
grown("replay-of-a-register-behind-a-kind-that-came-later-is-forked", """A REGISTER is the first, or follows a TOMBSTONE. A wrong implementation lets an unknown kind stand for
 one, and a relay registers a name over its owner behind it.""", [change(LATER, A, 0, 2), change(REGISTER, A, 2, 3)])

grown("replay-of-a-change-that-names-a-kind-that-came-later-is-forked", """prev_index is the leaf of kind 200, the newest with this tag. A wrong implementation has it be part of
 the chain.""", [change(LATER, A, 0, 2), change(ROTATE, A, 2, 3)])
grown("replay-of-a-register-behind-a-tombstone-and-a-kind-that-came-later", """Of kinds 1 to 4 the one before is the TOMBSTONE. A wrong implementation expects it directly in
 front.""", [change(TOMBSTONE, A, 0, 2), change(LATER, A, 2, 3), change(REGISTER, A, 2, 4)], "accepted")
grown("replay-of-a-first-record-behind-a-kind-that-came-later", """The tag stood there, but in no leaf of kinds 1 to 4. A wrong implementation holds the name for
 taken.""", [change(LATER, C, NONE, 2), change(REGISTER, C, NONE, 3)], "accepted")
grown("replay-of-a-change-of-no-name-behind-a-kind-that-came-later-is-forked", """A wrong implementation lets an unknown kind stand for a REGISTER, and gives up on a name of which it does
 not understand the beginning.""", [change(LATER, C, NONE, 2), change(ROTATE, C, 2, 3)])
grown("replay-of-a-change-behind-restored-and-a-kind-that-came-later", """The first leaf of kinds 1 to 4 behind RESTORED is free. A wrong implementation has the unknown kind
 use that up.""", free[2:] + [change(LATER, A, 0, 3), change(ROTATE, A, 7, 4)], "accepted")

# Gossip
def gossip(name, comment, fields, hours, seconds=0):
    now = T + 3600 + 3600 * hours + seconds
    is_said = len(fields) > 1 and fields[2] < u64(2**48)
    log = sha256(b"oubliette/gossip/1" + fields[0] + fields[1])[:4] if is_said else b""
    said_ = log + fields[2][2:] + fields[3] + struct.pack(">H", max(0, min(hours, 65535))) if log else bytes(44)
    case(name, comment, "gossip", head=fields, now=now, result=said_)
gossip("gossip-of-a-head", """One second less than two hours old: one hour. A wrong implementation writes the size in 64 bits, or rounds up.""", good, 1, 3599)
gossip("gossip-of-another-number-is-of-another-log", """A wrong implementation hashes the log id alone, and a relay that said that it went back seems to have
 forked.""", head(LOG, T + 120), 0)
gossip("gossip-of-an-old-head-says-the-most", """65,536 hours. A wrong implementation says zero, which is new.""", good, 65536)
gossip("gossip-of-a-head-yet-to-come-says-zero", """Its time is two hours ahead of this clock. A wrong implementation subtracts without a sign, and says that the head
 is older than seven years.""", good, -2)
gossip("gossip-of-the-largest-size", """2^48 - 1, which fits. A wrong implementation keeps 32 bits of it.""", head(LOG, size=2**48 - 1), 0)
gossip("gossip-of-a-size-that-does-not-fit-is-zero", """2^48. A wrong implementation cuts it off, and says that a log of no leaf has a root.""", head(LOG, size=2**48), 0)
gossip("gossip-of-no-head-is-zero", """A wrong implementation writes the hash of a log id of zero.""", NO_HEAD, 0)

# Fraud
FOUR, LIE = LOG + [heartbeat(3)], TWO + [change(ROTATE, B, 1, 2), heartbeat(3)]
def fraud(name, comment, one, other, shown_root, shown_proof, result, server=SERVER):
    case(name, comment, "fraud", server_id=server, one=one, other=other, root=shown_root, proof=shown_proof, result=result)
fraud("fraud-by-two-roots-of-one-size", """A wrong implementation wants a proof of consistency, which there is none of.""", head(FOUR), head(LIE), root(LIE), [], "accepted")
fraud("fraud-by-two-roots-of-one-size-with-a-spare-hash-is-not-shown", """Of equal sizes nothing stands beside the roots. A wrong implementation ignores what it does not need, and one
 proof has many forms.""", head(FOUR), head(LIE), root(LIE), [repeated(0x77)], "refused NotShown")
between = (head(LOG), head(LIE), root(LIE[:3]), proof(3, LIE))
fraud("fraud-by-a-log-that-begins-otherwise", """The second head has four leaves, whose first three have another root than the first head. A wrong implementation compares heads of one
 size only.""", *between, "accepted")
fraud("fraud-by-two-heads-of-one-root-is-honest", """The same leaves, signed twice. A wrong implementation takes two signatures for two
 histories.""", head(FOUR), head(FOUR, minute=70), root(FOUR), [], "refused Honest")
fraud("fraud-by-a-log-that-grew-is-honest", """The proof shows that the later log begins with the earlier. A wrong implementation looks whether the proof holds, not what it
 shows.""", head(LOG), head(FOUR), root(LOG), proof(3, FOUR), "refused Honest")
fraud("fraud-across-two-numbers-is-none", """In between the relay said that it went back. A wrong implementation accuses whoever was
 honest.""", head(FOUR), head(LIE, T + 120), root(LIE), [], "refused OtherNumber")
fraud("fraud-without-its-proof-is-not-shown", """A hash of the proof is another. A wrong implementation believes the root that came with
 it.""", *between[:3], between[3][:-1] + [repeated(0x77)], "refused NotShown")
fraud("fraud-by-a-made-up-root-is-not-shown", """Twice the same head, and a root that is that of neither. A wrong implementation sees that it differs, and
 anybody can accuse anybody.""", head(FOUR), head(FOUR), root(LIE), [], "refused NotShown")
fraud("fraud-by-the-larger-head-first-is-not-shown", """The heads are in the wrong order. A wrong implementation takes the smaller for one that leads to the
 larger.""", head(FOUR), head(LIE[:3]), root(LIE[:3]), proof(3, LIE), "refused NotShown")
fraud("fraud-by-the-root-of-the-larger-head-is-not-shown", """The root that is shown is that of the second head's four leaves, not of its first three. A wrong
 implementation forgets that the sizes differ, and needs no proof.""", head(LOG), head(FOUR), root(FOUR), [], "refused NotShown")
fraud("fraud-by-a-first-head-that-is-not-signed-is-none", """A wrong implementation verifies the head that was shown last
 only.""", changed(head(FOUR), 3, root(LIE)), head(FOUR), root(FOUR), [], "refused NotSigned")
fraud("fraud-by-a-second-head-that-is-not-signed-is-none", """Whoever shows it changed the root. A wrong implementation verifies the first head
 only.""", head(FOUR), changed(head(FOUR), 3, root(LIE)), root(LIE), [], "refused NotSigned")
fraud("fraud-by-heads-of-another-server-is-none", """Both are true, and another relay's. A wrong implementation accuses the one that was
 named.""", head(FOUR), head(LIE), root(LIE), [], "refused OtherServer", server_id(public(OTHER_SEED)))
