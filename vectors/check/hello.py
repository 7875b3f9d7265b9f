"""First contact: spec/e2ee.md § HELLO."""
import identity
import olm
from bundle import Bundle
from content import Content
from directory import RecordBody
from reading import Reader, Refused

GRACE_DAYS = 14
STAMPS_MAX = 32


class Hello:
    """The body of form 1."""

    def __init__(self, body):
        reader = Reader(body)
        self.record = RecordBody(reader)
        self.sig_new, self.nonce, self.leaf_index = reader.take(3373), reader.take(16), reader.u64()
        self.bundle = Bundle(reader)
        self.message = reader.take(reader.u16())
        reader.end()
        self.sender = identity.fingerprint(self.record.identity_key)

    def check(self, today):
        """Everything that stands outside Olm."""
        try:
            identity.verify(self.record.identity_key, b"oubliette/record/1", self.record.body, self.sig_new)
        except Refused:
            raise Refused("BadRecord") from None
        self.bundle.check_signature(self.record.identity_key)
        if today > self.bundle.not_after + GRACE_DAYS:
            raise Refused("Expired")

    def open(self, mine, prekey_id, identity_secret, fallback_secrets):
        """The Content, once what is inside Olm agrees with what is outside."""
        message = olm.PreKeyMessage(self.message)
        if message.identity_key != self.bundle.olm_identity:
            raise Refused("OtherOlmIdentity")
        self.ratchet_key = message.message.ratchet_key
        self.chain = olm.begin(message, identity_secret, fallback_secrets)
        plaintext = message.message.open(self.chain)
        if len(plaintext) < 72:
            raise Refused("Body")
        if plaintext[:72] != self.sender + mine + prekey_id:
            raise Refused("Mismatch")
        content = Content(plaintext[72:])
        reply = content.reply
        if reply is None or content.offer is None or len(reply.stamps) > STAMPS_MAX:
            raise Refused("Mismatch")
        if reply.server_id != self.record.server_id:
            raise Refused("Mismatch")
        return plaintext[72:]
