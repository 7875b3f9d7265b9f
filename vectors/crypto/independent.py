#!/usr/bin/env python3
"""Writes the cases of this folder without our code: the standards again, in plain Python.

Nothing here comes from `crates/crypto`, so that a case says what the specification says. What Python
cannot make by itself comes from published vectors: X-Wing (draft-connolly-cfrg-xwing-kem, appendix C, as
shipped by the crate x-wing) and the ML-DSA-65 public key of RFC 9881, appendix C.

Usage: independent.py PATH-TO/x-wing/tests/test-vectors.json PATH-TO/ml-dsa/tests/examples/ML-DSA-65.pub
"""
import base64, hashlib, hmac, json, os, struct, sys

HERE = os.path.dirname(os.path.abspath(__file__))
XWING = json.load(open(sys.argv[1]))[0]
PEM = open(sys.argv[2]).read().split("-----")[2]
ML_DSA_PUBLIC = base64.b64decode(PEM)[-1952:]  # the key of the seed 00 01 … 1f
ML_DSA_SEED = bytes(range(32))

# --- BLAKE3 (its paper, § 2) ---------------------------------------------------------------------------
IV = [0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19]
PERMUTATION = [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8]
START, END, PARENT, ROOT, KEYED, CONTEXT, MATERIAL = (1 << bit for bit in range(7))
WORD = 0xFFFFFFFF

def compress(value, block, counter, length, flags):
    state = value + IV[:4] + [counter & WORD, counter >> 32, length, flags]
    message = list(struct.unpack("<16I", block.ljust(64, b"\0")))
    def turn(word, bits): return (word >> bits | word << (32 - bits)) & WORD
    def mix(a, b, c, d, x, y):
        state[a] = (state[a] + state[b] + x) & WORD; state[d] = turn(state[d] ^ state[a], 16)
        state[c] = (state[c] + state[d]) & WORD; state[b] = turn(state[b] ^ state[c], 12)
        state[a] = (state[a] + state[b] + y) & WORD; state[d] = turn(state[d] ^ state[a], 8)
        state[c] = (state[c] + state[d]) & WORD; state[b] = turn(state[b] ^ state[c], 7)
    for _ in range(7):
        for at in range(4): mix(at, 4 + at, 8 + at, 12 + at, message[2 * at], message[2 * at + 1])
        for at in range(4):
            mix(at, 4 + (at + 1) % 4, 8 + (at + 2) % 4, 12 + (at + 3) % 4, message[8 + 2 * at], message[9 + 2 * at])
        message = [message[at] for at in PERMUTATION]
    return [state[at] ^ state[at + 8] for at in range(8)]

def tree(data, key, mode, counter=0, root=ROOT):
    if len(data) <= 1024:
        blocks = [data[at:at + 64] for at in range(0, len(data), 64)] or [b""]
        value = key
        for at, block in enumerate(blocks):
            last = at == len(blocks) - 1
            flags = mode | (START if at == 0 else 0) | ((END | root) if last else 0)
            value = compress(value, block, counter, len(block), flags)
        return value
    left = 1 << ((len(data) - 1) // 1024).bit_length() - 1  # chunks in the left subtree
    words = tree(data[:left * 1024], key, mode, counter, 0) + tree(data[left * 1024:], key, mode, counter + left, 0)
    return compress(key, struct.pack("<16I", *words), 0, 64, mode | PARENT | root)

def pack(words): return struct.pack("<8I", *words)
def words(data): return list(struct.unpack("<8I", data))
def blake3(data): return pack(tree(data, IV, 0))
def blake3_keyed(key, data): return pack(tree(data, words(key), KEYED))
def blake3_derive(context, data): return pack(tree(data, tree(context, IV, CONTEXT), MATERIAL))
assert blake3(b"").hex().startswith("af1349b9f5f9a1a6a0404dea36dcc949")

# --- SHA-2, HKDF (RFC 5869), HPKE key schedule (RFC 9180) ----------------------------------------------
def sha256(data): return hashlib.sha256(data).digest()
def sha512(data): return hashlib.sha512(data).digest()
def extract(salt, ikm): return hmac.new(salt or bytes(32), ikm, hashlib.sha256).digest()
def expand(prk, info, length):
    out = previous = b""
    while len(out) < length:
        previous = hmac.new(prk, previous + info + bytes([len(out) // 32 + 1]), hashlib.sha256).digest()
        out += previous
    return out[:length]

SUITE = b"HPKE" + struct.pack(">HHH", 0x647A, 0x0001, 0x0003)
def hpke_seal(shared, info, aad, plaintext, psk=b"", psk_id=b""):
    def labelled(salt, label, ikm): return extract(salt, b"HPKE-v1" + SUITE + label + ikm)
    context = bytes([1 if psk else 0]) + labelled(b"", b"psk_id_hash", psk_id) + labelled(b"", b"info_hash", info)
    secret = labelled(shared, b"secret", psk)
    def out(label, length):
        return expand(secret, struct.pack(">H", length) + b"HPKE-v1" + SUITE + label + context, length)
    return chacha_seal(out(b"key", 32), out(b"base_nonce", 12), aad, plaintext)

# --- ChaCha20-Poly1305 (RFC 8439) ----------------------------------------------------------------------
def chacha(key, counter, nonce):
    start = list(struct.unpack("<16I", b"expand 32-byte k" + key + struct.pack("<I", counter) + nonce))
    state = list(start)
    def turn(word, bits): return (word << bits | word >> (32 - bits)) & WORD
    def quarter(a, b, c, d):
        for into, by, other, bits in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            state[into] = (state[into] + state[by]) & WORD
            state[other] = turn(state[other] ^ state[into], bits)
    for _ in range(10):
        for at in range(4): quarter(at, 4 + at, 8 + at, 12 + at)
        for at in range(4): quarter(at, 4 + (at + 1) % 4, 8 + (at + 2) % 4, 12 + (at + 3) % 4)
    return struct.pack("<16I", *((a + b) & WORD for a, b in zip(state, start)))

def chacha_seal(key, nonce, aad, plaintext):
    out = b""
    for at in range(0, len(plaintext), 64):
        stream = chacha(key, 1 + at // 64, nonce)
        out += bytes(a ^ b for a, b in zip(plaintext[at:at + 64], stream))
    once = chacha(key, 0, nonce)
    r = int.from_bytes(once[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    data = b"".join(part + bytes(-len(part) % 16) for part in (aad, out)) + struct.pack("<QQ", len(aad), len(out))
    total = 0
    for at in range(0, len(data), 16):
        total = (total + int.from_bytes(data[at:at + 16] + b"\1", "little")) * r % (2**130 - 5)
    return out + ((total + int.from_bytes(once[16:32], "little")) % 2**128).to_bytes(16, "little")

# --- Ed25519 (RFC 8032) --------------------------------------------------------------------------------
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
def add(a, b):
    (x1, y1), (x2, y2) = a, b
    t = D * x1 * x2 * y1 * y2 % P
    return (x1 * y2 + x2 * y1) * pow(1 + t, P - 2, P) % P, (y1 * y2 + x1 * x2) * pow(1 - t, P - 2, P) % P
def times(scalar, point):
    out = (0, 1)
    while scalar:
        if scalar & 1: out = add(out, point)
        point, scalar = add(point, point), scalar >> 1
    return out
BY = 4 * pow(5, P - 2, P) % P
XX = (BY * BY - 1) * pow(D * BY * BY + 1, P - 2, P) % P
BX = pow(XX, (P + 3) // 8, P)
BX = BX if BX * BX % P == XX else BX * pow(2, (P - 1) // 4, P) % P
BASE = (P - BX if BX & 1 else BX, BY)
def encode(point): return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")
def ed_scalar(seed): return int.from_bytes(sha512(seed)[:32], "little") & (2**254 - 8) | 2**254
def ed_public(seed): return encode(times(ed_scalar(seed), BASE))
def ed_sign(seed, message):
    public, prefix = ed_public(seed), sha512(seed)[32:]
    r = int.from_bytes(sha512(prefix + message), "little") % L
    point = encode(times(r, BASE))
    k = int.from_bytes(sha512(point + public + message), "little") % L
    return point + ((r + k * ed_scalar(seed)) % L).to_bytes(32, "little")

# --- What the specification composes of them -----------------------------------------------------------
def transcript(leader, purpose, signer, message):
    return leader + bytes([len(purpose)]) + purpose + signer + struct.pack(">I", len(message)) + message
def place(sid, generation, index): return sid + bytes([generation]) + struct.pack(">I", index)
def deposit_mac(x, sid, generation, index, envelope):
    return blake3_keyed(blake3_derive(b"oubliette/stamp/m", x), place(sid, generation, index) + envelope)[:16]
def safety(version, fingerprint, name, server):
    who = b"oubliette/safety-number/1" + struct.pack(">H", version) + fingerprint + bytes([len(name)]) + name + server
    value = sha512(who)
    for _ in range(5199): value = sha512(value + who)
    return value
def digits(half): return "".join("%05d" % (int.from_bytes(half[5 * at:5 * at + 5], "big") % 100000) for at in range(6))

def case(name, comment, function, /, **fields):
    lines = ["# " + line for line in comment.strip().split("\n")] + ["function = " + function]
    for field, value in fields.items():
        lines.append(f"{field} = " + (value.hex() if isinstance(value, bytes) else str(value)))
    with open(os.path.join(HERE, name + ".txt"), "w") as out: out.write("\n".join(lines) + "\n")

ED_SEED = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")  # RFC 8032, test 1
SID, KEY, OTHER = bytes(range(0x10, 0x20)), bytes(range(0x40, 0x60)), bytes(range(0x80, 0xA0))

# Stamps
x = blake3_keyed(KEY, b"oubliette/stamp/x" + place(SID, 3, 0x0102))[:16]
c = blake3(b"oubliette/stamp/c" + x)[:16]
at = dict(sid=SID, generation=3, index=0x0102)
case("stamp-secret-counts-its-index-in-four-bytes", """
x of stamp 258 in generation 3. A wrong implementation writes the index in two bytes, or little-endian, and
finds none of the stamps that it handed out.""", "stamp_secret", owner_key=KEY, **at, result=x)
case("stamp-secret-of-the-last-index", """
The highest index, 65535. A wrong implementation overflows, or counts from one.""",
     "stamp_secret", owner_key=KEY, sid=SID, generation=255, index=65535,
     result=blake3_keyed(KEY, b"oubliette/stamp/x" + place(SID, 255, 65535))[:16])
case("stamp-commitment-covers-the-secret-alone", """
c depends on x only. A wrong implementation mixes in sid or index; the relay could not tell, but another
client of the same person could.""", "stamp_commitment", secret=x, result=c)
case("stamp-tag-covers-the-commitment", """
t covers c. A wrong implementation leaves c out: then a relay could put another person's c beside a true t.""",
     "stamp_tag", stamp_key=OTHER, **at, commitment=c,
     result=blake3_keyed(OTHER, b"oubliette/stamp/t" + place(SID, 3, 0x0102) + c)[:16])
case("deposit-mac-key-is-derived-in-blake3-derive-mode", """
m under a key from x by derive_key with the label as context. A wrong implementation hashes label and x, or
pads x with zeros to a key; a contact's stamps are then refused.""", "deposit_mac", secret=x, **at,
     envelope="repeat:5a:4096", result=deposit_mac(x, SID, 3, 0x0102, b"\x5a" * 4096))
case("deposit-mac-covers-a-large-envelope-whole", """
m over all 65,536 bytes. A wrong implementation covers the first 16 KiB, and bytes behind them could be
changed on the way.""", "deposit_mac", secret=x, **at, envelope="repeat:a5:65536",
     result=deposit_mac(x, SID, 3, 0x0102, b"\xa5" * 65536))

# Identity
public = ed_public(ED_SEED) + ML_DSA_PUBLIC
fingerprint = sha256(b"oubliette/identity/1" + public)
seeds = dict(classical_seed=ED_SEED, post_quantum_seed=ML_DSA_SEED)
case("identity-public-key-is-ed25519-then-ml-dsa", """
SHA-256 of the 1,984 bytes of the public key whose halves are those of RFC 8032 (test 1) and RFC 9881
(appendix C). A wrong implementation puts ML-DSA first, or expands the seed in another way.""",
     "public_key_sha256", **seeds, result=sha256(public))
case("identity-fingerprint-covers-both-halves", """
A wrong implementation hashes the Ed25519 half alone: who breaks Ed25519 could then bring an ML-DSA key of
his own under the same fingerprint.""", "identity_fingerprint", **seeds, result=fingerprint)
case("recovery-commitment-is-not-the-fingerprint", """
The same key under the label of a recovery key. A wrong implementation commits to the fingerprint, so that
an identity key could pass for a recovery key.""", "recovery_commitment", **seeds,
     result=sha256(b"oubliette/recovery-commitment/1" + public))
prk = extract(b"", bytes(range(32)))
case("recovery-seeds-come-from-the-entropy", """
Both seeds by HKDF-SHA256, no salt, from the 32 bytes behind the words. A wrong implementation uses BIP39's
64-byte seed, which differs by language and passphrase.""", "recovery_seeds", entropy=bytes(range(32)),
     result=expand(prk, b"oubliette/recovery-ed25519/1", 32) + expand(prk, b"oubliette/recovery-ml-dsa-65/1", 32))

# Composite signature
message = b"a prekey bundle"
signed = transcript(b"oubliette/sig/1", b"oubliette/bundle/1", fingerprint, message)
what = dict(**seeds, purpose="text:oubliette/bundle/1", message="text:" + message.decode())
case("composite-signature-covers-purpose-signer-and-length", """
The transcript that both halves sign, and the Ed25519 half over it. A wrong implementation signs the bare
message, or leaves a length out: then two purposes could share one signed string.""", "sign", **what,
     transcript=signed, classical_half=ed_sign(ED_SEED, signed))
case("composite-signature-covers-an-empty-message", """
A wrong implementation leaves the length of nothing out.""", "sign", **seeds, purpose="text:oubliette/record/1",
     message="text:", transcript=transcript(b"oubliette/sig/1", b"oubliette/record/1", fingerprint, b""),
     classical_half=ed_sign(ED_SEED, transcript(b"oubliette/sig/1", b"oubliette/record/1", fingerprint, b"")))
for name, comment, fields in [
    ("composite-signature-needs-its-ed25519-half", """
The first byte of the Ed25519 half is flipped. A wrong implementation is content with ML-DSA.""", dict(flip=0)),
    ("composite-signature-needs-its-ml-dsa-half", """
The first byte of the ML-DSA half is flipped. A wrong implementation is content with Ed25519, and a quantum
computer forges identities.""", dict(flip=64)),
    ("composite-signature-needs-its-last-byte", """
The last byte, part of ML-DSA's hint, is flipped. A wrong implementation ignores padding in the hint, so that
one signature has several forms.""", dict(flip=3372)),
    ("composite-signature-for-another-purpose-is-refused", """
Signed as a bundle, shown as a record. A wrong implementation lets one signed thing pass for another.""",
     dict(shown_purpose="text:oubliette/record/1")),
    ("composite-signature-over-another-message-is-refused", """
A wrong implementation does not bind the message to both halves.""", dict(shown_message="text:a prekey bundlf")),
    ("composite-signature-with-a-second-form-of-s-is-refused", """
The group order is added to S: the same equation holds, RFC 8032 refuses it. A wrong implementation reduces S,
and one signature has two forms.""", dict(add_order_to_s=1)),
    ("composite-signature-by-another-key-is-refused", """
The ML-DSA half belongs to another key than the one shown. A wrong implementation checks each half against
a key found beside it.""", dict(shown_post_quantum_seed=bytes(32))),
]:
    case(name, comment, "verify", **what, **fields, result="refused")

# Owner keys
owner = transcript(b"oubliette/owner-sig/1", b"oubliette/open/1", ed_public(ED_SEED), b"proof")
case("owner-signature-names-its-own-key", """
Ed25519 over a transcript with the owner's public key as signer. A wrong implementation signs the message
alone, and a proof for one mailbox could be shown for another.""", "owner_sign", seed=ED_SEED,
     purpose="text:oubliette/open/1", message="text:proof", result=ed_sign(ED_SEED, owner))
for name, comment, key in [
    ("owner-key-of-order-one-is-refused", "The neutral point. Under it one signature fits every message.", (1).to_bytes(32, "little")),
    ("owner-key-of-order-two-is-refused", "y = -1. A wrong implementation checks for the neutral point only.", (P - 1).to_bytes(32, "little")),
    ("owner-key-of-order-four-is-refused", "y = 0. A wrong implementation checks for the neutral point only.", bytes(32)),
    ("owner-key-of-order-eight-is-refused", "A wrong implementation checks for orders up to four.",
     bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")),
    ("owner-key-in-a-second-form-is-refused", "y = p + 3, which stands for y = 3, a point of large order. A wrong implementation reduces y, and one\nkey has two fingerprints.", (P + 3).to_bytes(32, "little")),
    ("owner-key-off-the-curve-is-refused", "y = 2 belongs to no point. A wrong implementation finds out when it verifies, or never.", (2).to_bytes(32, "little")),
]:
    case(name, comment, "check_owner_key", public=key, result="refused")

# Envelope keys and HPKE
seed, enc, shared = (bytes.fromhex(XWING[field]) for field in ("seed", "ct", "ss"))
case("envelope-key-comes-from-its-seed", """
SHA-256 of the X-Wing public key of the draft's first vector. A wrong implementation expands the seed in
another way, or puts X25519 first.""", "envelope_public_sha256", seed=seed, result=sha256(bytes.fromhex(XWING["pk"])))
info, aad, plain, psk = b"oubliette/envelope/1 and more", b"\x01\x01", b"the letter", bytes(range(32))
base = dict(seed=seed, enc=enc, info=info, aad=aad)
case("hpke-base-mode-opens", """
RFC 9180 base mode with the X-Wing draft's shared secret. A wrong implementation passes the shared secret
through ExtractAndExpand, which X-Wing does not have, or uses another identifier than 0x647a.""",
     "open_base", **base, ciphertext=hpke_seal(shared, info, aad, plain), result=plain)
case("hpke-psk-mode-opens", """
PSK mode: psk 00 01 … 1f, psk_id = n as u32. A wrong implementation writes n in another width.""", "open_psk",
     **base, psk=psk, psk_id=struct.pack(">I", 7), ciphertext=hpke_seal(shared, info, aad, plain, psk, struct.pack(">I", 7)), result=plain)
case("hpke-base-envelope-does-not-open-in-psk-mode", """
A wrong implementation falls back to base mode, so that anybody who knows the key passes for the contact.""",
     "open_psk", **base, psk=psk, psk_id=struct.pack(">I", 7), ciphertext=hpke_seal(shared, info, aad, plain), result="refused")
for name, comment, sealed in [
    ("hpke-other-info-is-refused", "A wrong implementation leaves suite, form or fingerprints out of info.", (info + b"!", aad, psk, 7)),
    ("hpke-other-aad-is-refused", "A wrong implementation leaves sid or size out of aad, and an envelope moves between mailboxes.", (info, b"\x01\x02", psk, 7)),
    ("hpke-other-psk-is-refused", "A wrong implementation ignores the psk, and with it the contact's authentication.", (info, aad, psk[::-1], 7)),
    ("hpke-other-offer-number-is-refused", "A wrong implementation ignores psk_id.", (info, aad, psk, 8)),
]:
    info_, aad_, psk_, n = sealed
    case(name, comment, "open_psk", **base, psk=psk, psk_id=struct.pack(">I", 7),
         ciphertext=hpke_seal(shared, info_, aad_, plain, psk_, struct.pack(">I", n)), result="refused")
case("hpke-other-enc-is-refused", """
One bit of the ML-KEM part of enc is flipped: ML-KEM rejects implicitly, with another shared secret. A wrong
implementation takes the X25519 part alone.""", "open_base", seed=seed, enc=bytes([enc[0] ^ 1]) + enc[1:], info=info,
     aad=aad, ciphertext=hpke_seal(shared, info, aad, plain), result="refused")
case("hpke-truncated-tag-is-refused", "A wrong implementation compares as many bytes of the tag as came.", "open_base",
     **base, ciphertext=hpke_seal(shared, info, aad, plain)[:-1], result="refused")

# Hashes, names, puzzles, safety numbers
case("record-hash-is-over-the-body", "A wrong implementation hashes the signatures too, or forgets the label.",
     "record_hash", body="text:body", result=sha256(b"oubliette/record-hash/1" + b"body"))
case("voucher-is-kept-as-a-hash", "A wrong implementation keeps the first 16 bytes only.", "voucher_hash", voucher=SID,
     result=blake3(b"oubliette/voucher/1" + SID))
case("envelope-hash-is-sixteen-bytes", "A wrong implementation hashes without the label.", "envelope_hash",
     envelope="repeat:5a:16384", result=blake3(b"oubliette/envelope-hash/1" + b"\x5a" * 16384)[:16])
case("name-key-needs-the-server-s-key", "A wrong implementation hashes the name without a key; who reads the disk then tries names.",
     "keyed_name", key=KEY, name="text:alice", result=blake3_keyed(KEY, b"oubliette/name-key/1" + b"alice"))
def zeros(nonce):
    return 256 - int.from_bytes(blake3(b"oubliette/puzzle/1" + SID + SID + SID + struct.pack(">Q", nonce)), "big").bit_length()
nonce = next(n for n in range(1 << 20) if zeros(n) >= 8)
case("puzzle-is-solved-by-leading-zero-bits", "The least nonce for 8 bits. A wrong implementation counts from the last byte.",
     "puzzle", seed=SID, sid=SID, envelope_hash=SID, bits=8, result=nonce)
alice = safety(1, fingerprint, b"alice", OTHER)
bob = safety(1, sha256(b"bob"), b"bob", KEY)
low, high = sorted([alice, bob])
stream = int.from_bytes(sha512(b"oubliette/safety-words/1" + low + high), "big")
case("safety-number-sorts-its-halves", """
Sixty digits and ten positions of words, equal for both people. A wrong implementation puts its own side first.""",
     "safety_number", one_fingerprint=fingerprint, one_name="text:alice", one_server=OTHER,
     other_fingerprint=sha256(b"bob"), other_name="text:bob", other_server=KEY,
     digits=digits(low) + digits(high), words=" ".join(str(stream >> (512 - 11 * (n + 1)) & 2047) for n in range(10)))
