"""What each `function` of vectors/e2ee asks for (vectors/e2ee/README.md)."""
import bundle
import envelope
import hashes
import olm
import words
from cases import named
from content import Content
from hello import Hello
from reading import Refused

DAY = 86_400


def padding(case):
    body = envelope.unpad(case.bytes("padded"))
    assert body == case.bytes("bytes"), "another body"
    assert envelope.pad(body, len(case.bytes("padded"))) == case.bytes("padded"), "padded otherwise"


def content(case):
    parsed = Content(case.bytes("content"))
    assert parsed.number == case.number("number"), "another number"
    assert parsed.kind == case.number("kind"), "another kind"


def info(case):
    came = envelope.info(case.number("form"), case.bytes("recipient"), case.bytes("sender"), case.bytes("key"))
    assert came == case.bytes("info"), "another info"
    came = envelope.aad(case.bytes("header"), case.bytes("mailbox"), case.number("size"))
    assert came == case.bytes("aad"), "another aad"


def deposit(case):
    at = hashes.place(case.bytes("sid"), case.number("generation"), case.number("index"))
    secret, commitment = case.bytes("secret"), case.bytes("commitment")
    assert hashes.stamp_commitment(secret) == commitment, "another c"
    assert hashes.deposit_mac(secret, at, case.bytes("envelope")) == case.bytes("mac"), "another m"
    assert hashes.stamp_tag(case.bytes("stamp_key"), at, commitment) == case.bytes("tag"), "another t"
    if not hashes.owner_accepts(case.bytes("owner_key"), at, commitment, case.bytes("mac"), case.bytes("envelope")):
        raise Refused()


def recovery_words(case):
    case.text("language")
    assert words.entropy(case.text("words")) == case.bytes("entropy"), "another entropy"


def seal_and_open(case):
    """The outer layer alone. `randomness` fixes `enc`; the Rust side seals with it to the same bytes."""
    case.used.add("randomness")
    if case.text("at") == "inbox":
        offers = [(case.number("n"), case.bytes("seed"), case.bytes("psk"))]
        args = case.bytes("envelope"), case.bytes("recipient"), case.bytes("sender"), case.bytes("mailbox"), offers
        form, (_, body) = 2, envelope.open_inbox(*args)
    else:
        prekeys = {case.bytes("prekey_id"): case.bytes("seed")}
        args = case.bytes("envelope"), case.bytes("recipient"), case.bytes("mailbox"), prekeys
        form, _, body = envelope.open_doorstep(*args)
    assert form == case.number("form"), "another form"
    assert body == case.bytes("body"), "another body"


def sender_checks_bundle(case):
    parsed = bundle.parse(case.bytes("bundle"))
    parsed.check_signature(case.bytes("identity"))
    parsed.check_dates(case.number("today"))


def open_door(case):
    """A HELLO that opens; gives it and its Content."""
    mine, prekeys = case.bytes("recipient"), {case.bytes("prekey_id"): case.bytes("prekey_seed")}
    form, prekey_id, body = envelope.open_doorstep(case.bytes("envelope"), mine, case.bytes("doorstep"), prekeys)
    assert form == 1, "no HELLO"
    opened = Hello(body)
    opened.check(case.number("now") // DAY)
    return opened, opened.open(mine, prekey_id, case.bytes("olm_identity"), [case.bytes("olm_fallback")])


def hello(case):
    opened, plain = open_door(case)
    assert opened.sender == case.bytes("sender"), "another sender"
    assert plain == case.bytes("content"), "another content"


def session(case):
    """Form 3, under the session that the HELLO of the case `after` began."""
    before = named("e2ee", case.text("after"))
    opened, _ = open_door(before)
    prekeys = {before.bytes("prekey_id"): before.bytes("prekey_seed")}
    where = before.bytes("recipient"), before.bytes("doorstep")
    form, _, body = envelope.open_doorstep(case.bytes("envelope"), *where, prekeys)
    assert form == 3, "no session form"
    if len(body) < 32:
        raise Refused("Body")
    if body[:32] != opened.sender:
        raise Refused("UnknownSender")
    message = olm.Message(body[32:])
    if message.ratchet_key != opened.ratchet_key:
        raise Refused("Olm")
    plain = message.open(opened.chain)
    Content(plain)
    assert plain == case.bytes("content"), "another content"


def open_hello(case):
    """A transcript: the snapshot is for the Rust side, the secrets in it stand beside it."""
    case.used.add("account")
    hello(case)


def open_inbox(case):
    """A transcript, opened through both layers: the message begins the next step of the ratchet."""
    case.used |= {"account", "conversation", "now"}
    offers = [(case.number("n"), case.bytes("offer_seed"), case.bytes("offer_psk"))]
    who = case.bytes("recipient"), case.bytes("sender")
    _, body = envelope.open_inbox(case.bytes("envelope"), *who, case.bytes("inbox"), offers)
    assert body[0] == 1, "a pre-key message"
    message = olm.Message(body[1:])
    chain = olm.next_chain(case.bytes("olm_root_key"), case.bytes("olm_ratchet_secret"), message.ratchet_key)[1]
    plain = message.open(chain)
    Content(plain)
    assert plain == case.bytes("content"), "another content"


FUNCTIONS = {
    "padding": padding, "content": content, "info": info, "deposit": deposit, "words": recovery_words,
    "envelope": seal_and_open, "bundle": sender_checks_bundle, "hello": hello,
    "session": session, "open_hello": open_hello, "open_inbox": open_inbox,
}


def check(case):
    """Runs the case. `refused` alone is a refusal for whatever reason; with a name, for this one."""
    expected = case.text("result") if "result" in case else "accepted"
    try:
        FUNCTIONS[case.function](case)
        came = "accepted"
    except Refused as refusal:
        came = "refused" if expected == "refused" else f"refused {refusal.why}"
    assert came == expected, f"came out as {came}"
