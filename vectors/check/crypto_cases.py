"""What each `function` of vectors/crypto asks for. Each gives the case's result, or is refused."""
import hashes
import hpke
import identity
import pairing
import words
import xwing
from hashes import sha256
from reading import Refused


def stamp_place(case): return hashes.place(case.bytes("sid"), case.number("generation"), case.number("index"))
def stamp_secret(case): return hashes.stamp_secret(case.bytes("owner_key"), stamp_place(case))
def stamp_commitment(case): return hashes.stamp_commitment(case.bytes("secret"))


def stamp_tag(case):
    return hashes.stamp_tag(case.bytes("stamp_key"), stamp_place(case), case.bytes("commitment"))


def deposit_mac(case): return hashes.deposit_mac(case.bytes("secret"), stamp_place(case), case.bytes("envelope"))
def record_hash(case): return hashes.record_hash(case.bytes("body"))
def voucher_hash(case): return hashes.voucher_hash(case.bytes("voucher"))
def envelope_hash(case): return hashes.envelope_hash(case.bytes("envelope"))
def keyed_name(case): return hashes.keyed_name(case.bytes("key"), case.bytes("name"))
def recovery_seeds(case): return identity.recovery_seeds(case.bytes("entropy"))
def secret(case): return identity.Secret(case.bytes("classical_seed"), case.bytes("post_quantum_seed"))
def public_key_sha256(case): return sha256(secret(case).public)
def identity_fingerprint(case): return identity.fingerprint(secret(case).public)
def recovery_commitment(case): return identity.commitment(secret(case).public)
def envelope_public_sha256(case): return sha256(xwing.Key(case.bytes("seed")).public)


def open_base(case, psk=b"", psk_id=b""):
    key, ciphertext = xwing.Key(case.bytes("seed")), case.bytes("ciphertext")
    return hpke.open_(key, case.bytes("enc"), case.bytes("info"), case.bytes("aad"), ciphertext, psk, psk_id)


def open_psk(case): return open_base(case, case.bytes("psk"), case.bytes("psk_id"))


def check_owner_key(case):
    identity.check_owner_key(case.bytes("public"))
    return case.bytes("public")


def owner_sign(case): return identity.owner_sign(case.bytes("seed"), case.bytes("purpose"), case.bytes("message"))


def sign(case):
    """The transcript and the Ed25519 half; the ML-DSA half that is made here must hold too."""
    signer, purpose, message = secret(case), case.bytes("purpose"), case.bytes("message")
    signature = signer.sign(purpose, message)
    identity.verify(signer.public, purpose, message, signature)
    fingerprint = identity.fingerprint(signer.public)
    transcript = identity.transcript(b"oubliette/sig/1", purpose, fingerprint, message)
    assert transcript == case.bytes("transcript"), "another transcript"
    assert signature[:64] == case.bytes("classical_half"), "another Ed25519 half"


def signature(case):
    """A whole signature, as deterministic signing makes it: OpenSSL finds both halves valid."""
    signer, purpose, message = secret(case), case.bytes("purpose"), case.bytes("message")
    identity.verify(signer.public, purpose, message, case.bytes("signature"))
    assert signer.sign(purpose, message)[:64] == case.bytes("signature")[:64], "another Ed25519 half"


def verify(case):
    signer, purpose, message = secret(case), case.bytes("purpose"), case.bytes("message")
    signature = bytearray(signer.sign(purpose, message))
    identity.verify(signer.public, purpose, message, bytes(signature))
    if "flip" in case:
        signature[case.number("flip")] ^= 1
    if "add_order_to_s" in case:
        case.number("add_order_to_s")
        order = 2**252 + 27742317777372353535851937790883648493
        signature[32:64] = (int.from_bytes(signature[32:64], "little") + order).to_bytes(32, "little")
    public, purpose = signer.public, case.bytes("shown_purpose") if "shown_purpose" in case else purpose
    if "shown_post_quantum_seed" in case:
        public = identity.Secret(case.bytes("classical_seed"), case.bytes("shown_post_quantum_seed")).public
    message = case.bytes("shown_message") if "shown_message" in case else message
    identity.verify(public, purpose, message, bytes(signature))


def safety_number(case):
    halves = [words.half(1, *(case.bytes(f"{who}_{what}") for what in ("fingerprint", "name", "server")))
              for who in ("one", "other")]
    digits, places = words.safety_number(*halves)
    assert digits == case.text("digits"), "other digits"
    assert " ".join(map(str, places)) == case.text("words"), "other words"


def puzzle(case):
    """The least nonce that has the bits."""
    inputs = case.bytes("seed"), case.bytes("sid"), case.bytes("envelope_hash")
    bits = case.number("bits")
    nonce = next(nonce for nonce in range(1 << 16) if hashes.puzzle_bits(*inputs, nonce) >= bits)
    assert nonce == case.number("result"), "another nonce"


def pairing_share(case): return pairing.share(case.text("side"), case.bytes("words"), case.bytes("seed"))


def pairing_open(case):
    side, context = case.text("side"), case.bytes("context")
    agreed = pairing.keys(side, case.bytes("words"), context, case.bytes("seed"), case.bytes("share"))
    return pairing.open_(side, agreed, case.bytes("sealed"))


FUNCTIONS = {name: function for name, function in globals().items() if callable(function)}


def check(case):
    """Runs the case; what it gives must be its result."""
    try:
        came = FUNCTIONS[case.function](case)
    except Refused:
        came = "refused"
    if isinstance(came, bytes):
        assert came == case.bytes("result"), "another result"
    elif "result" in case and case.function != "puzzle":
        assert case.text("result") == (came or "accepted"), f"came out as {came or 'accepted'}"
