"""What one person tells another: spec/e2ee.md § Content and § Kinds."""
from directory import RecordBody
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
    """spec/e2ee.md § Kinds. Kind 0 is none; numbers without a meaning are kept."""
    if kind == 0:
        raise Refused("Content")
    if kind in BODIES:
        reader = Reader(body, "Content")
        BODIES[kind](reader)
        reader.end()


def words(reader, count=None):
    try:
        return reader.take(reader.left() if count is None else count).decode("utf-8")
    except UnicodeDecodeError:
        raise Refused("Content") from None


def file_part(reader):
    reader.take(16)
    start = reader.u16() * 60_000
    length = reader.left()
    reader.require(1 <= length <= 60_000 and start + length <= 2**24)
    reader.take(length)


def receipts(reader):
    count = reader.left() // 16
    reader.require(1 <= count <= 64)
    reader.take(16 * count)


def unopened(reader):
    """Envelope hashes, rising."""
    hashes = [reader.take(16) for _ in range(reader.left() // 16)]
    reader.require(1 <= len(hashes) <= 64 and all(one < other for one, other in zip(hashes, hashes[1:])))


def question(reader):
    reader.u64()
    count = reader.u8()
    reader.require(count <= 16)
    choices = [words(reader, reader.u8()) for _ in range(count)]
    reader.require(all(1 <= len(choice.encode()) <= 100 for choice in choices) and len(set(choices)) == count)
    words(reader)


def file_head(reader):
    reader.require(reader.u32() <= 2**24)
    reader.take(32)
    words(reader, reader.u8())
    words(reader)


def seconds(reader, least):
    reader.require(least <= reader.u32() <= 366 * 86_400)


def note(reader):
    flags = reader.u8()
    reader.require(flags in (1, 2, 3))
    if flags & 1:
        reader.take(16)
    if flags & 2:
        seconds(reader, 1)
    words(reader)


def record_update(reader):
    """A record that the key before signed, and its place in the log; signatures are judged elsewhere."""
    body = RecordBody(reader)
    reader.require(body.seq > 0 and reader.u8() == 1)
    reader.take(3373 + 3373 + 16 + 8)


def named_words(reader):
    reader.take(16)
    words(reader)


BODIES = {
    1: words, 2: file_part, 3: receipts, 4: lambda reader: None, 5: ReplyPath, 6: resend, 9: question,
    10: named_words, 11: file_head, 12: note, 13: lambda reader: seconds(reader, 0), 14: named_words,
    15: lambda reader: reader.take(16), 8: lambda reader: reader.take(276),
    16: unopened, 7: record_update,
}
