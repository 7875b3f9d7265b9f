"""Prekey bundles: spec/e2ee.md § Account and bundle."""
import identity
from reading import Reader, Refused

LIFE_DAYS_MAX = 90
SUITE = 1


class Bundle:
    """BundleBody and its signature."""

    def __init__(self, reader):
        begin = reader.at
        self.identity, self.counter = reader.take(32), reader.u64()
        self.day, self.not_after = reader.u16(), reader.u16()
        self.olm_identity, self.olm_fallback = reader.take(32), reader.take(32)
        self.prekey_id, self.prekey, self.doorstep = reader.take(8), reader.take(1216), reader.take(16)
        self.suites = reader.rising_u8()
        self.body = reader.data[begin:reader.at]
        self.signature = reader.take(3373)

    def check_signature(self, public):
        """What everybody checks, whenever it is."""
        if self.identity != identity.fingerprint(public):
            raise Refused("OtherIdentity")
        try:
            identity.verify(public, b"oubliette/bundle/1", self.body, self.signature)
        except Refused:
            raise Refused("BadSignature") from None
        if SUITE not in self.suites:
            raise Refused("NoSuite")

    def check_dates(self, today):
        """What a sender checks besides."""
        life = self.not_after - self.day
        if self.day > today + 1 or not 0 <= life <= LIFE_DAYS_MAX:
            raise Refused("BadDates")
        if today > self.not_after:
            raise Refused("Expired")


def parse(data):
    reader = Reader(data, "Malformed")
    bundle = Bundle(reader)
    reader.end()
    return bundle
