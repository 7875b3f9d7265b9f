"""What one person tells another: spec/e2ee.md § Content and § Kinds."""
from reading import Reader, Refused


class Content:
    """A parsed Content. What it must not say is refused while it is read."""

    def __init__(self, data):
        reader = Reader(data, "Content")
        self.message_id, self.stream = reader.take(16), reader.take(8)
        self.number = number(reader, 1)
        flags = reader.u8()
        reader.require(flags & ~7 == 0)
        self.seen = (reader.take(8), number(reader, 0)) if flags & 1 else None
        self.sent_at = reader.u64()
        self.offer = offer(reader) if flags & 2 else None
        self.gossip = reader.take(44)
        self.reply = ReplyPath(reader) if flags & 4 else None
        self.stamps = stamps(reader)
        self.kind = reader.u8()
        self.body = reader.take(reader.u16())
        reader.end()
        check_body(self.kind, self.body)


class ReplyPath:
    def __init__(self, reader):
        self.server_id, self.host, self.port = reader.take(32), reader.host(), reader.port()
        self.inbox, self.stamps = reader.take(16), stamps(reader)


def number(reader, least):
    value = reader.u64()
    reader.require(least <= value < 2**48)
    return value


def offer(reader):
    n, day, key, psk = reader.u32(), reader.u16(), reader.take(1216), reader.take(32)
    reader.require(n >= 1)
    return n, day, key, psk


def stamps(reader):
    count = reader.u16()
    reader.require(count <= 256)
    return [(reader.u8(), reader.u16(), reader.take(16), reader.take(16)) for _ in range(count)]


def resend(reader):
    """spec/e2ee.md § Resend: rising gaps with at least one number between them."""
    stream, free = reader.take(8), 1
    count = reader.u8()
    reader.require(1 <= count <= 16)
    gaps = []
    for _ in range(count):
        first, last = number(reader, 1), number(reader, 1)
        reader.require(free <= first <= last)
        free = last + 2
        gaps.append((first, last))
    return stream, gaps


def check_body(kind, body):
    """Text is UTF-8, a refill is empty, an accept is a reply path, a resend request names gaps; kind 0 is none; others are kept."""
    if kind == 0 or (kind == 4 and body):
        raise Refused("Content")
    if kind == 1:
        try:
            body.decode("utf-8")
        except UnicodeDecodeError:
            raise Refused("Content") from None
    if kind == 5:
        reader = Reader(body, "Content")
        ReplyPath(reader)
        reader.end()
    if kind == 6:
        reader = Reader(body, "Content")
        resend(reader)
        reader.end()
